-- Forms that met an ended session, an old proof of identity or a refusal, for half an hour: what somebody typed is not lost. Passwords, codes and tokens are
-- not among the fields. Of the number in the address and of the browser's cookie only the SHA-256 is kept.
CREATE TABLE kept_forms (
    hash         BYTEA  PRIMARY KEY,
    browser_hash BYTEA  NOT NULL,
    -- Whose session it was, where it had not ended.
    user_id      BIGINT,
    -- Where it was sent, and the page that it stood on.
    action       TEXT   NOT NULL,
    page         TEXT   NOT NULL,
    -- As they were sent: application/x-www-form-urlencoded.
    fields       TEXT   NOT NULL,
    -- 0: a field was left out that is not kept.
    whole        BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON kept_forms TO shieldwall_app;
ALTER TABLE kept_forms ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON kept_forms USING ((SELECT scope_kind()) = 'hub');
