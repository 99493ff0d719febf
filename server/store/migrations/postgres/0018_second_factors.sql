-- Secrets of authenticator apps (RFC 6238). They must be read to compare codes, so they are kept as they are; without the password they open nothing.
CREATE TABLE second_factors (
    user_id      BIGINT PRIMARY KEY REFERENCES users (id),
    secret       BYTEA  NOT NULL,
    -- NULL until the first code was right; only then it is asked for.
    confirmed_at BIGINT,
    -- The time step of the newest code that was used: each works once, on all nodes.
    last_step    BIGINT NOT NULL DEFAULT 0
);

-- SHA-256 of codes that stand in for a lost app, each once.
CREATE TABLE recovery_codes (
    user_id BIGINT NOT NULL REFERENCES users (id),
    hash    BYTEA  NOT NULL,
    PRIMARY KEY (user_id, hash)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON second_factors, recovery_codes TO shieldwall_app;
ALTER TABLE second_factors ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE recovery_codes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON second_factors USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY hub ON recovery_codes USING ((SELECT scope_kind()) = 'hub');
