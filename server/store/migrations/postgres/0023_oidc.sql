-- How an organisation's people sign in at its own identity provider (OpenID Connect). The client's secret is in a file; here stands only where.
CREATE TABLE oidc_providers (
    org_id      BIGINT PRIMARY KEY REFERENCES organisations (id),
    issuer      TEXT   NOT NULL,
    client_id   TEXT   NOT NULL,
    secret_file TEXT   NOT NULL
);

-- Who a person is at the organisation's provider: issuer and subject, never a mail address. A provider speaks for the people of one organisation
-- only, so each organisation has identities of its own.
CREATE TABLE oidc_identities (
    user_id   BIGINT PRIMARY KEY REFERENCES users (id),
    org_id    BIGINT NOT NULL REFERENCES organisations (id),
    issuer    TEXT   NOT NULL,
    subject   TEXT   NOT NULL,
    linked_at BIGINT NOT NULL,
    UNIQUE (org_id, issuer, subject)
);

-- Browsers that are on their way to a provider and back, for ten minutes at most. Of the cookie's value and of `state` only the SHA-256 is kept.
CREATE TABLE oidc_flows (
    hash        BYTEA  PRIMARY KEY,
    state_hash  BYTEA  NOT NULL,
    org_id      BIGINT NOT NULL REFERENCES organisations (id),
    -- The hub's own JSON: what it is for, nonce, PKCE verifier.
    data        TEXT   NOT NULL,
    expires_at  BIGINT NOT NULL,
    -- When the provider's answer came: it is taken once.
    answered_at BIGINT,
    -- Whom the provider has vouched for.
    issuer      TEXT,
    subject     TEXT
);

GRANT SELECT, INSERT, UPDATE, DELETE ON oidc_providers, oidc_identities, oidc_flows TO shieldwall_app;
ALTER TABLE oidc_providers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE oidc_identities ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE oidc_flows ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON oidc_providers USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY hub ON oidc_identities USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY hub ON oidc_flows USING ((SELECT scope_kind()) = 'hub');
