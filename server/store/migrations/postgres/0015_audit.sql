-- The audit trail: `hash` is the SHA-256 over the hash of the row before and this row. Rows are added and never changed: the program may not,
-- and the hashes show whoever does.
CREATE TABLE audit (
    no         BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor_org  BIGINT,
    actor_user BIGINT,
    action     TEXT   NOT NULL,
    -- The organisation it concerns. No reference: the trail outlives what it speaks of.
    org_id     BIGINT,
    object     TEXT   NOT NULL,
    -- JSON, as hashed.
    detail     TEXT   NOT NULL,
    hash       BYTEA  NOT NULL
);
CREATE INDEX audit_org ON audit (org_id, no);

-- The newest row of a moment, signed with a key that is not in the database.
CREATE TABLE audit_checkpoints (
    no         BIGINT PRIMARY KEY,
    row_no     BIGINT NOT NULL,
    hash       BYTEA  NOT NULL,
    at         BIGINT NOT NULL,
    public_key BYTEA  NOT NULL,
    signature  BYTEA  NOT NULL
);

GRANT SELECT, INSERT ON audit, audit_checkpoints TO shieldwall_app;
ALTER TABLE audit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_checkpoints ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Neither UPDATE nor DELETE, for nobody: FORCE binds the owner, too.
CREATE POLICY hub ON audit FOR SELECT USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY append ON audit FOR INSERT WITH CHECK ((SELECT scope_kind()) = 'hub');
CREATE POLICY viewer ON audit FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND org_id = (SELECT scope_org()));
CREATE POLICY hub ON audit_checkpoints FOR SELECT USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY append ON audit_checkpoints FOR INSERT WITH CHECK ((SELECT scope_kind()) = 'hub');
