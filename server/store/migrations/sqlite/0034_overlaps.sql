-- An indicator has a digest under each of the alliance's keys that are accepted: the current one, and for a while the one before it. Until now there was one key.
CREATE TABLE indicator_digests_keyed (
    -- The indicator's.
    id     BLOB    NOT NULL,
    -- The number of the alliance's key.
    key_no INTEGER NOT NULL,
    org_id INTEGER NOT NULL,
    digest BLOB    NOT NULL,
    tlp    INTEGER NOT NULL,
    active INTEGER NOT NULL,
    -- When it first came.
    received_at INTEGER NOT NULL,
    -- When it was received, marked otherwise, or other organisations were named on it.
    since  INTEGER NOT NULL,
    -- From which day on its organisation is told whether unnamed ones reported the same; 0 from the beginning.
    compared_from INTEGER NOT NULL,
    PRIMARY KEY (id, key_no),
    FOREIGN KEY (org_id, id) REFERENCES indicators (org_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO indicator_digests_keyed (id, key_no, org_id, digest, tlp, active, received_at, since, compared_from)
SELECT id, 1, org_id, digest, tlp, active, received_at, since, 0 FROM indicator_digests;
DROP TABLE indicator_digests;
ALTER TABLE indicator_digests_keyed RENAME TO indicator_digests;
-- All that decides who reported a thing and who may know it, so that counting what several reported reads this index alone.
CREATE INDEX indicator_digests_digest ON indicator_digests (digest, org_id, tlp, active, received_at, since, compared_from, id);

INSERT INTO meta (key, value) SELECT 'alliance_keys', '{"current":{"no":1,"key":"' || value || '"}}' FROM meta WHERE key = 'alliance_key';
DELETE FROM meta WHERE key = 'alliance_key';

-- How many new indicators of an organisation are compared with those of unnamed ones on a day, which is counted from 1970.
CREATE TABLE overlap_comparisons (
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    day    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (org_id, day)
) STRICT, WITHOUT ROWID;

-- Until when an organisation was shown single records, where that is over: what it reported of indicators is known. A summary named it, too, until now.
ALTER TABLE withheld ADD COLUMN detail_until INTEGER;
UPDATE withheld SET detail_until = named_until;
UPDATE withheld SET detail_until = 0 WHERE level = 2 AND class = 3;

-- Since when an organisation takes part in comparing keyed hashes, and so is given the alliance's key; NULL where it does not.
ALTER TABLE organisations ADD COLUMN hashes_since INTEGER;
UPDATE organisations SET hashes_since = created_at WHERE id IN (SELECT org_id FROM indicators WHERE hashed);
