SET LOCAL shieldwall.scope = 'hub';

-- When each record first came: a group may keep what was there before from its new members.
ALTER TABLE incidents ADD COLUMN received_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN received_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE indicators ADD COLUMN received_at BIGINT NOT NULL DEFAULT 0;
UPDATE incidents i SET received_at = coalesce((SELECT min(v.received_at) FROM incident_revisions v WHERE v.incident_id = i.id), opened_at);
-- Their first receipt is not known, only their last.
UPDATE events e SET received_at = least(observed_at, (SELECT c.received_at FROM receipts c WHERE c.no = e.receipt_no));
UPDATE indicators t SET received_at = least(first_seen, (SELECT c.received_at FROM receipts c WHERE c.no = t.receipt_no));
CREATE INDEX events_recent ON events (observed_at, id);

-- Whether those who join later are shown what was handed in before they did.
ALTER TABLE sharing_groups ADD COLUMN earlier BOOLEAN NOT NULL DEFAULT TRUE;

-- A name is its maker's: that somebody else has a group of the same name is nobody's business.
ALTER TABLE sharing_groups RENAME COLUMN name TO unique_name;
ALTER TABLE sharing_groups ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE sharing_groups SET name = unique_name, unique_name = org_id || ':' || unique_name;

-- `withheld` has a row where not all of a class is shown in detail from the beginning: the level as it is now (0 none, 1 aggregate, 2 summary, 3 detail),
-- and since when what comes in is shown in detail, and counted under its owner's name; NULL where it is not.
ALTER TABLE withheld ADD COLUMN detail_since BIGINT, ADD COLUMN summary_since BIGINT;
UPDATE withheld SET summary_since = 0 WHERE level = 2;
-- Since when what comes in reaches the other by TLP:AMBER.
ALTER TABLE peers ADD COLUMN since BIGINT NOT NULL DEFAULT 0;

-- The youngest arrival among the records that a change is about: whoever is shown only younger ones is not told of it.
ALTER TABLE outbox ADD COLUMN newest BIGINT NOT NULL DEFAULT 9223372036854775807;

-- What each organisation is shown of those that share a class of records only in totals: one count a week, which stands until the week ends.
CREATE TABLE count_totals (
    viewer_id BIGINT NOT NULL REFERENCES organisations (id),
    -- 1 incidents, 2 events, 3 indicators.
    class     BIGINT NOT NULL,
    -- Counted from 1970; weeks begin on Mondays.
    week      BIGINT NOT NULL,
    -- JSON, with its members: compared with, never shown.
    body      TEXT   NOT NULL,
    PRIMARY KEY (viewer_id, class, week)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON count_totals TO shieldwall_app;
ALTER TABLE count_totals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Its members are nobody's business.
CREATE POLICY hub ON count_totals USING ((SELECT scope_kind()) = 'hub');

-- A counter makes numbers for a viewer, and reads for that what is shown to him as a summary, too. What it reads is never shown.
DO $$
DECLARE
    name TEXT;
    class TEXT;
    shown TEXT := '(%1$s.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = %2$s) '
        'OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = %2$s AND w.owner_id = %1$s.org_id AND w.%3$s <= %1$s.received_at))';
    reached TEXT := '(tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = %1$s.org_id AND p.since <= %1$s.received_at)) '
        'OR EXISTS (SELECT FROM recipients r WHERE r.org_id = (SELECT scope_org()) AND r.record_id = %1$s.id))';
BEGIN
    FOREACH name IN ARRAY ARRAY['incidents', 'events', 'indicators'] LOOP
        class := CASE name WHEN 'incidents' THEN '1' WHEN 'events' THEN '2' ELSE '3' END;
        EXECUTE format('DROP POLICY viewer ON %I', name);
        EXECUTE format('CREATE POLICY viewer ON %I FOR SELECT USING ((SELECT scope_kind()) = ''viewer'' AND (org_id = (SELECT scope_org()) OR (', name)
            || format(shown, name, class, 'detail_since') || ' AND ' || format(reached, name) || ')))';
        EXECUTE format('CREATE POLICY counter ON %I FOR SELECT USING ((SELECT scope_kind()) = ''counter'' AND (org_id = (SELECT scope_org()) OR (', name)
            || format(shown, name, class, 'summary_since') || ' AND ' || format(reached, name) || ')))';
    END LOOP;
    FOREACH name IN ARRAY ARRAY['withheld', 'peers'] LOOP
        EXECUTE format('CREATE POLICY counter ON %I FOR SELECT USING ((SELECT scope_kind()) = ''counter'' AND viewer_id = (SELECT scope_org()))', name);
    END LOOP;
    -- Posture down to the single value is for those who are shown it in detail, since then.
    FOREACH name IN ARRAY ARRAY['samples.observed_at', 'current_values.observed_at', 'rollup_hours.last_at', 'rollup_days.last_at'] LOOP
        EXECUTE format('DROP POLICY viewer ON %I', split_part(name, '.', 1));
        EXECUTE format('CREATE POLICY viewer ON %1$I FOR SELECT USING ((SELECT scope_kind()) = ''viewer'' AND (org_id = (SELECT scope_org()) '
            'OR org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 0) '
            'OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 0 AND w.owner_id = %1$I.org_id AND w.detail_since <= %1$I.%2$I)))',
            split_part(name, '.', 1), split_part(name, '.', 2));
    END LOOP;
END $$;
DROP POLICY viewer ON series;
CREATE POLICY viewer ON series FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR
    org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 0 AND w.detail_since IS NULL)));
CREATE POLICY counter ON recipients FOR SELECT USING ((SELECT scope_kind()) = 'counter');
DROP POLICY members ON organisations;
CREATE POLICY members ON organisations FOR SELECT USING ((SELECT scope_kind()) IN ('partner', 'viewer', 'counter'));

-- Daily scores are part of a summary.
DROP POLICY viewer ON org_days;
CREATE POLICY viewer ON org_days FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org())
    OR org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 0)
    OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 0 AND w.owner_id = org_days.org_id
        AND w.summary_since <= (org_days.day + 1) * 86400000000 - 1)));

-- A revision is shown with its incident, to those who may know both of the markings it speaks of.
DROP POLICY viewer ON incident_revisions;
CREATE POLICY viewer ON incident_revisions FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR (
    EXISTS (SELECT FROM incidents i WHERE i.id = incident_id)
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = incident_revisions.org_id
            AND p.since <= incident_revisions.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = (SELECT scope_org()) AND r.record_id = incident_id)))));

-- Kept totals know no times: they serve whom nothing earlier is kept from. For the others the rows are counted.
DROP POLICY viewer ON indicator_totals;
CREATE POLICY counter ON indicator_totals FOR SELECT USING ((SELECT scope_kind()) = 'counter' AND (org_id = (SELECT scope_org()) OR (
    org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 3 AND (w.summary_since IS NULL OR w.summary_since > 0))
    AND (tlp <= 1 OR (tlp = 2 AND org_id IN (SELECT p.owner_id FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.since = 0))))));
DROP POLICY viewer ON indicator_counts;
CREATE POLICY counter ON indicator_counts FOR SELECT USING ((SELECT scope_kind()) = 'counter' AND (org_id = (SELECT scope_org()) OR (
    (org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 3)
        OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 3 AND w.owner_id = indicator_counts.org_id
            AND w.summary_since <= window_start))
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = indicator_counts.org_id AND p.since <= window_start))))));

DROP POLICY viewer ON payloads;
CREATE POLICY viewer ON payloads FOR SELECT USING ((SELECT scope_kind()) = 'viewer'
    AND EXISTS (SELECT FROM receipts r WHERE r.no = receipt_no AND (r.org_id = (SELECT scope_org()) OR (r.what = 'metrics'
        AND (r.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 0)
            OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 0 AND w.owner_id = r.org_id AND w.detail_since <= r.received_at))))));
