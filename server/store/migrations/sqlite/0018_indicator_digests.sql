-- Whether `value` is no value but the keyed hash of one that its organisation did not tell.
ALTER TABLE indicators ADD COLUMN hashed INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX indicators_org ON indicators (org_id, id);

-- The keyed hash of every indicator's type and value, by which reports of the same thing find each other. The program makes those of
-- indicators that are there already, for the key is not known here.
CREATE TABLE indicator_digests (
    -- The indicator's.
    id     BLOB    PRIMARY KEY,
    org_id INTEGER NOT NULL,
    digest BLOB    NOT NULL,
    tlp    INTEGER NOT NULL,
    active INTEGER NOT NULL,
    -- When it first came.
    received_at INTEGER NOT NULL,
    -- When it was received, marked otherwise, or other organisations were named on it.
    since  INTEGER NOT NULL,
    FOREIGN KEY (org_id, id) REFERENCES indicators (org_id, id)
) STRICT, WITHOUT ROWID;
-- All that decides who reported a thing and who may know it, so that counting what several reported reads this index alone.
CREATE INDEX indicator_digests_digest ON indicator_digests (digest, org_id, tlp, active, received_at, since, id);
DROP INDEX indicators_value;
