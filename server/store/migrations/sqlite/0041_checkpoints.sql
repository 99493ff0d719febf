-- Checkpoints are found by a hash that tells nothing, made every five minutes whatever happens: neither a row's number nor the time between two rows
-- leaves the hub. Those made before said both; the rows that they signed are signed anew by the first of the new ones.
DROP TABLE audit_checkpoints;
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
