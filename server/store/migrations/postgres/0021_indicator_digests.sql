-- Whether `value` is no value but the keyed hash of one that its organisation did not tell.
ALTER TABLE indicators ADD COLUMN hashed BOOLEAN NOT NULL DEFAULT FALSE;
CREATE UNIQUE INDEX indicators_org ON indicators (org_id, id);

-- The keyed hash of every indicator's type and value, by which reports of the same thing find each other. The program makes those of
-- indicators that are there already, for the key is not known here.
CREATE TABLE indicator_digests (
    -- The indicator's.
    id     UUID    PRIMARY KEY,
    org_id BIGINT  NOT NULL,
    digest BYTEA   NOT NULL,
    tlp    BIGINT  NOT NULL,
    active BOOLEAN NOT NULL,
    -- When it first came.
    received_at BIGINT NOT NULL,
    -- When it was received, marked otherwise, or other organisations were named on it.
    since  BIGINT  NOT NULL,
    FOREIGN KEY (org_id, id) REFERENCES indicators (org_id, id)
);
-- All that decides who reported a thing and who may know it, so that counting what several reported reads this index alone.
CREATE INDEX indicator_digests_digest ON indicator_digests (digest, org_id, tlp, active, received_at, since, id);
DROP INDEX indicators_value;

GRANT SELECT, INSERT, UPDATE, DELETE ON indicator_digests TO shieldwall_app;
ALTER TABLE indicator_digests ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON indicator_digests USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON indicator_digests USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
-- Further down than the indicators themselves: who is shown counts only, or totals only, learns that there is a report and not what it says.
CREATE POLICY viewer ON indicator_digests FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR (
    org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 3 AND w.level < 1)
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = indicator_digests.org_id AND p.since <= indicator_digests.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = (SELECT scope_org()) AND r.record_id = indicator_digests.id)))));
