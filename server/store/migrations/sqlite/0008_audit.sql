-- The audit trail. Rows are added and never changed; triggers say so to whoever tries by mistake, and the hashes show it where somebody means it.

-- Who did what. `hash` is over the hash of the row before, number, moment and `digest`, which is over the contents of the row (from actor_org to detail) with its
-- salt. Contents can be erased with their salt: texts empty, all else NULL, and `erased` set; number, moment, digest and hash stay, and with them the chain.
CREATE TABLE audit (
    no         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    actor_org  INTEGER,
    actor_user INTEGER,
    action     TEXT    NOT NULL,
    -- The organisation it concerns. No reference: the trail outlives what it speaks of.
    org_id     INTEGER,
    object     TEXT    NOT NULL,
    -- JSON, as it is in the digest.
    detail     TEXT    NOT NULL,
    -- 16 random bytes, without which nobody who guesses the contents finds them in the digest.
    salt       BLOB,
    digest     BLOB    NOT NULL,
    erased     INTEGER NOT NULL,
    hash       BLOB    NOT NULL
) STRICT;
CREATE INDEX audit_org ON audit (org_id, no);
-- What was done to an account is told to its owner.
CREATE INDEX audit_object ON audit (object, no);
CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'rows of the audit trail do not change'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'rows of the audit trail stay'); END;

-- A signed moment of the trail, with a key that is not in the database. Checkpoints are found by a hash that tells nothing, made every five minutes whatever
-- happens: neither a row's number nor the time between two rows leaves the hub.
CREATE TABLE audit_checkpoints (
    no         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    -- The newest row then, 0 and zeros where there was none.
    row_no     INTEGER NOT NULL,
    row_hash   BLOB    NOT NULL,
    -- The hash of the checkpoint before, zeros where this is the first.
    previous   BLOB    NOT NULL,
    -- So that nobody finds out by trying which row it was.
    salt       BLOB    NOT NULL,
    -- Over all of the above but `no`.
    hash       BLOB    NOT NULL UNIQUE,
    public_key BLOB    NOT NULL,
    signature  BLOB    NOT NULL
) STRICT;
CREATE TRIGGER audit_checkpoints_update BEFORE UPDATE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints do not change'); END;
CREATE TRIGGER audit_checkpoints_delete BEFORE DELETE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints stay'); END;

-- When an organisation's machine last took a signed checkpoint of the trail: who could show that the trail was cut since.
CREATE TABLE audit_witnesses (
    org_id   INTEGER PRIMARY KEY REFERENCES organisations (id),
    taken_at INTEGER NOT NULL
) STRICT;
