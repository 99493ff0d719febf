SET LOCAL shieldwall.scope = 'hub';

-- An indicator has a digest under each of the alliance's keys that are accepted: the current one, and for a while the one before it. Until now there was one key.
ALTER TABLE indicator_digests ADD COLUMN key_no BIGINT NOT NULL DEFAULT 1,
    -- From which day on its organisation is told whether unnamed ones reported the same; 0 from the beginning.
    ADD COLUMN compared_from BIGINT NOT NULL DEFAULT 0;
ALTER TABLE indicator_digests DROP CONSTRAINT indicator_digests_pkey, ADD PRIMARY KEY (id, key_no);
-- All that decides who reported a thing and who may know it, so that counting what several reported reads this index alone.
DROP INDEX indicator_digests_digest;
CREATE INDEX indicator_digests_digest ON indicator_digests (digest, org_id, tlp, active, received_at, since, compared_from, id);

-- A summary names nobody: who is shown less than single records is told of reports of the week's members alone, and not whose they are.
DROP POLICY viewer ON indicator_digests;
CREATE POLICY viewer ON indicator_digests FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR (
    (org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 3)
        OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 3 AND w.owner_id = indicator_digests.org_id
            AND w.detail_since <= indicator_digests.received_at))
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = indicator_digests.org_id AND p.since <= indicator_digests.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = (SELECT scope_org()) AND r.record_id = indicator_digests.id)))
    OR (tlp <= 1 AND org_id IN (SELECT m.owner_id FROM overlap_members m WHERE m.viewer_id = (SELECT scope_org())
        AND m.week_start = (SELECT max(l.week_start) FROM overlap_members l WHERE l.viewer_id = (SELECT scope_org()))))));

INSERT INTO meta (key, value) SELECT 'alliance_keys', '{"current":{"no":1,"key":"' || value || '"}}' FROM meta WHERE key = 'alliance_key';
DELETE FROM meta WHERE key = 'alliance_key';

-- How many new indicators of an organisation are compared with those of unnamed ones on a day, which is counted from 1970.
CREATE TABLE overlap_comparisons (
    org_id BIGINT NOT NULL REFERENCES organisations (id),
    day    BIGINT NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (org_id, day)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON overlap_comparisons TO shieldwall_app;
ALTER TABLE overlap_comparisons ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON overlap_comparisons USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON overlap_comparisons USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));

-- Until when an organisation was shown single records, where that is over: what it reported of indicators is known. A summary named it, too, until now.
ALTER TABLE withheld ADD COLUMN detail_until BIGINT;
UPDATE withheld SET detail_until = named_until;
UPDATE withheld SET detail_until = 0 WHERE level = 2 AND class = 3;

-- Since when an organisation takes part in comparing keyed hashes, and so is given the alliance's key; NULL where it does not.
ALTER TABLE organisations ADD COLUMN hashes_since BIGINT;
UPDATE organisations SET hashes_since = created_at WHERE id IN (SELECT org_id FROM indicators WHERE hashed);
