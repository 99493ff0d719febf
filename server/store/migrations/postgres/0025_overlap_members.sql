-- For whom it is settled in a week who counts where three or more unnamed organisations reported a thing. It stands until the week ends.
CREATE TABLE overlap_weeks (
    viewer_id  BIGINT NOT NULL REFERENCES organisations (id),
    week_start BIGINT NOT NULL,
    PRIMARY KEY (week_start, viewer_id)
);
-- Those who do.
CREATE TABLE overlap_members (
    viewer_id  BIGINT NOT NULL,
    week_start BIGINT NOT NULL,
    owner_id   BIGINT NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (viewer_id, week_start, owner_id),
    FOREIGN KEY (week_start, viewer_id) REFERENCES overlap_weeks (week_start, viewer_id) ON DELETE CASCADE
);
GRANT SELECT, INSERT, DELETE ON overlap_weeks, overlap_members TO shieldwall_app;
ALTER TABLE overlap_weeks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE overlap_members ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON overlap_weeks USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY hub ON overlap_members USING ((SELECT scope_kind()) = 'hub');
-- What a viewer's statements count by. Who is in it is shown to nobody.
CREATE POLICY viewer ON overlap_members FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND viewer_id = (SELECT scope_org()));

-- A report of a member is counted until the week ends, whatever its organisation's rules have become.
DROP POLICY viewer ON indicator_digests;
CREATE POLICY viewer ON indicator_digests FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR (
    org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 3 AND w.level < 1)
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = indicator_digests.org_id AND p.since <= indicator_digests.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = (SELECT scope_org()) AND r.record_id = indicator_digests.id)))
    OR (tlp <= 1 AND org_id IN (SELECT m.owner_id FROM overlap_members m WHERE m.viewer_id = (SELECT scope_org())
        AND m.week_start = (SELECT max(l.week_start) FROM overlap_members l WHERE l.viewer_id = (SELECT scope_org()))))));
