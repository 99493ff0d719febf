-- Checkpoints are found by a hash that tells nothing, made every five minutes whatever happens: neither a row's number nor the time between two rows
-- leaves the hub. Those made before said both; the rows that they signed are signed anew by the first of the new ones.
DROP TABLE audit_checkpoints;
CREATE TABLE audit_checkpoints (
    no         BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL,
    -- The newest row then, 0 and zeros where there was none.
    row_no     BIGINT NOT NULL,
    row_hash   BYTEA  NOT NULL,
    -- The hash of the checkpoint before, zeros where this is the first.
    previous   BYTEA  NOT NULL,
    -- So that nobody finds out by trying which row it was.
    salt       BYTEA  NOT NULL,
    -- Over all of the above but `no`.
    hash       BYTEA  NOT NULL UNIQUE,
    public_key BYTEA  NOT NULL,
    signature  BYTEA  NOT NULL
);
GRANT SELECT, INSERT ON audit_checkpoints TO shieldwall_app;
ALTER TABLE audit_checkpoints ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON audit_checkpoints FOR SELECT USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY append ON audit_checkpoints FOR INSERT WITH CHECK ((SELECT scope_kind()) = 'hub');
