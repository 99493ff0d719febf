-- How an organisation's people sign in at its own identity provider (OpenID Connect). The client's secret is in a file; here stands only where.
CREATE TABLE oidc_providers (
    org_id      INTEGER PRIMARY KEY REFERENCES organisations (id),
    issuer      TEXT    NOT NULL,
    client_id   TEXT    NOT NULL,
    secret_file TEXT    NOT NULL
) STRICT;

-- Who a person is at the organisation's provider: issuer and subject, never a mail address. A provider speaks for the people of one organisation
-- only, so each organisation has identities of its own.
CREATE TABLE oidc_identities (
    user_id   INTEGER PRIMARY KEY REFERENCES users (id),
    org_id    INTEGER NOT NULL REFERENCES organisations (id),
    issuer    TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    linked_at INTEGER NOT NULL,
    UNIQUE (org_id, issuer, subject)
) STRICT;

-- Browsers that are on their way to a provider and back, for ten minutes at most. Of the cookie's value and of `state` only the SHA-256 is kept.
CREATE TABLE oidc_flows (
    hash       BLOB    PRIMARY KEY,
    state_hash BLOB    NOT NULL,
    org_id     INTEGER NOT NULL REFERENCES organisations (id),
    -- The hub's own JSON: what it is for, nonce, PKCE verifier.
    data       TEXT    NOT NULL,
    expires_at INTEGER NOT NULL,
    -- When the provider's answer came: it is taken once.
    answered_at INTEGER,
    -- Whom the provider has vouched for.
    issuer     TEXT,
    subject    TEXT
) STRICT, WITHOUT ROWID;
