SET LOCAL shieldwall.scope = 'hub';

-- The type of the indicator: who shares numbers by type lets others know whether it holds any of one.
ALTER TABLE indicator_digests ADD COLUMN kind TEXT NOT NULL DEFAULT '';
UPDATE indicator_digests SET kind = (SELECT t.kind FROM indicators t WHERE t.id = indicator_digests.id);
DROP INDEX indicator_digests_digest;
CREATE INDEX indicator_digests_digest ON indicator_digests (digest, org_id, tlp, active, received_at, since, compared_from, kind, id);

-- The types of which enough of the week's members hold some, so that three or more of them may be any.
CREATE TABLE overlap_kinds (
    viewer_id  BIGINT NOT NULL,
    week_start BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    PRIMARY KEY (viewer_id, week_start, kind),
    FOREIGN KEY (week_start, viewer_id) REFERENCES overlap_weeks (week_start, viewer_id) ON DELETE CASCADE
);
GRANT SELECT, INSERT, DELETE ON overlap_kinds TO shieldwall_app;
ALTER TABLE overlap_kinds ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON overlap_kinds USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY viewer ON overlap_kinds FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND viewer_id = (SELECT scope_org()));
