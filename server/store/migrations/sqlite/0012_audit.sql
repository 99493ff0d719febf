-- The audit trail: `hash` is the SHA-256 over the hash of the row before and this row. Rows are added and never changed; triggers say so to
-- whoever tries by mistake, and the hashes show it where somebody means it.
CREATE TABLE audit (
    no         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    actor_org  INTEGER,
    actor_user INTEGER,
    action     TEXT    NOT NULL,
    -- The organisation it concerns. No reference: the trail outlives what it speaks of.
    org_id     INTEGER,
    object     TEXT    NOT NULL,
    -- JSON, as hashed.
    detail     TEXT    NOT NULL,
    hash       BLOB    NOT NULL
) STRICT;
CREATE INDEX audit_org ON audit (org_id, no);

-- The newest row of a moment, signed with a key that is not in the database.
CREATE TABLE audit_checkpoints (
    no         INTEGER PRIMARY KEY,
    row_no     INTEGER NOT NULL,
    hash       BLOB    NOT NULL,
    at         INTEGER NOT NULL,
    public_key BLOB    NOT NULL,
    signature  BLOB    NOT NULL
) STRICT;

CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'rows of the audit trail do not change'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'rows of the audit trail stay'); END;
CREATE TRIGGER audit_checkpoints_update BEFORE UPDATE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints do not change'); END;
CREATE TRIGGER audit_checkpoints_delete BEFORE DELETE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints stay'); END;
