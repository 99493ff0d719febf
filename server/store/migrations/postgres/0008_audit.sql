-- The audit trail. Rows are added and never changed: the program may not, and the hashes show whoever does.

-- Who did what. `hash` is over the hash of the row before, number, moment and `digest`, which is over the contents of the row (from actor_org to detail) with its
-- salt. Contents can be erased with their salt: texts empty, all else NULL, and `erased` set; number, moment, digest and hash stay, and with them the chain.
CREATE TABLE audit (
    no         BIGINT PRIMARY KEY,
    at         BIGINT NOT NULL,
    actor_org  BIGINT,
    actor_user BIGINT,
    action     TEXT   NOT NULL,
    -- The organisation it concerns. No reference: the trail outlives what it speaks of.
    org_id     BIGINT,
    object     TEXT   NOT NULL,
    -- JSON, as it is in the digest.
    detail     TEXT   NOT NULL,
    -- 16 random bytes, without which nobody who guesses the contents finds them in the digest.
    salt       BYTEA,
    digest     BYTEA  NOT NULL,
    erased     BOOLEAN NOT NULL,
    hash       BYTEA  NOT NULL
);
CREATE INDEX audit_org ON audit (org_id, no);
-- What was done to an account is told to its owner.
CREATE INDEX audit_object ON audit (object, no);
GRANT SELECT, INSERT ON audit TO shieldwall_app;
ALTER TABLE audit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Neither UPDATE nor DELETE, for nobody: FORCE binds the owner, too.
CREATE POLICY hub ON audit FOR SELECT USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY append ON audit FOR INSERT WITH CHECK ((SELECT scope_kind()) = 'hub');
CREATE POLICY viewer ON audit FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND org_id = (SELECT scope_org()));

-- A signed moment of the trail, with a key that is not in the database. Checkpoints are found by a hash that tells nothing, made every five minutes whatever
-- happens: neither a row's number nor the time between two rows leaves the hub.
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

-- When an organisation's machine last took a signed checkpoint of the trail: who could show that the trail was cut since.
CREATE TABLE audit_witnesses (
    org_id   BIGINT PRIMARY KEY REFERENCES organisations (id),
    taken_at BIGINT NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_witnesses TO shieldwall_app;
ALTER TABLE audit_witnesses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON audit_witnesses USING ((SELECT scope_kind()) = 'hub');
