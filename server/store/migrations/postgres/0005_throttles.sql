-- Failed sign-ins by account and by address, so that all nodes count together. Of both only a SHA-256 is kept.
CREATE TABLE signin_tries (
    who   BYTEA  PRIMARY KEY,
    -- Begin of the window that `tries` counts in.
    since BIGINT NOT NULL,
    tries BIGINT NOT NULL
);
CREATE INDEX signin_tries_age ON signin_tries (since);

GRANT SELECT, INSERT, UPDATE, DELETE ON signin_tries TO shieldwall_app;
ALTER TABLE signin_tries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON signin_tries USING ((SELECT scope_kind()) = 'hub');

-- A push looks its key up once more, in its own transaction.
CREATE POLICY partner ON api_keys FOR SELECT USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
