-- Tenancy in the database itself, beside the program's own: who may see and write a row is decided by the scope of the
-- transaction. Without one there is nothing to see. A migration that touches rows of these tables must set the scope first:
-- FORCE binds their owner, too.

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO shieldwall_app;
REVOKE ALL ON _sqlx_migrations FROM shieldwall_app;
REVOKE ALL ON FUNCTION add_samples_month(BIGINT), drop_samples_months(BIGINT) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION add_samples_month(BIGINT), drop_samples_months(BIGINT) TO shieldwall_app;

-- Subselects, so that the scope is read once a statement and not once a row.
DO $$
DECLARE
    name TEXT;
BEGIN
    -- The hub does everything.
    FOREACH name IN ARRAY ARRAY['organisations', 'users', 'signin_links', 'sessions', 'api_keys', 'receipts', 'payloads', 'idempotency', 'outbox',
        'series', 'samples', 'current_values', 'rollup_hours', 'rollup_days', 'org_days', 'recipients', 'incidents', 'incident_revisions', 'events',
        'indicators', 'indicator_totals', 'indicator_counts'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY hub ON %I USING ((SELECT scope_kind()) = ''hub'')', name);
    END LOOP;
    -- A partner sees and writes what is its own.
    FOREACH name IN ARRAY ARRAY['receipts', 'idempotency', 'series', 'samples', 'current_values', 'rollup_hours', 'rollup_days', 'incidents',
        'incident_revisions', 'events', 'indicators', 'indicator_totals', 'indicator_counts'] LOOP
        EXECUTE format('CREATE POLICY partner ON %I USING ((SELECT scope_kind()) = ''partner'' AND org_id = (SELECT scope_org()))', name);
    END LOOP;
    -- A viewer reads everybody's posture, and the receipts that records name.
    FOREACH name IN ARRAY ARRAY['receipts', 'series', 'samples', 'current_values', 'rollup_hours', 'rollup_days', 'org_days', 'recipients'] LOOP
        EXECUTE format('CREATE POLICY viewer ON %I FOR SELECT USING ((SELECT scope_kind()) = ''viewer'')', name);
    END LOOP;
    -- A viewer reads marked records that are his organisation's, open to all, or name it.
    FOREACH name IN ARRAY ARRAY['incidents', 'events', 'indicators'] LOOP
        EXECUTE format('CREATE POLICY viewer ON %1$I FOR SELECT USING ((SELECT scope_kind()) = ''viewer'' AND (org_id = (SELECT scope_org()) OR tlp <= 1 '
            'OR EXISTS (SELECT FROM recipients r WHERE r.org_id = (SELECT scope_org()) AND r.record_id = %1$I.id)))', name);
    END LOOP;
    -- Numbers about marked records carry a marking and no recipients.
    FOREACH name IN ARRAY ARRAY['indicator_totals', 'indicator_counts'] LOOP
        EXECUTE format('CREATE POLICY viewer ON %I FOR SELECT USING ((SELECT scope_kind()) = ''viewer'' AND (org_id = (SELECT scope_org()) OR tlp <= 1))', name);
    END LOOP;
END $$;

CREATE POLICY viewer ON incident_revisions FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR tlp <= 1
    OR EXISTS (SELECT FROM recipients r WHERE r.org_id = (SELECT scope_org()) AND r.record_id = incident_id)));

-- Who is in the alliance is no secret; a partner moves only its own sign of life.
CREATE POLICY members ON organisations FOR SELECT USING ((SELECT scope_kind()) IN ('partner', 'viewer'));
CREATE POLICY partner ON organisations FOR UPDATE USING ((SELECT scope_kind()) = 'partner' AND id = (SELECT scope_org()));

CREATE POLICY partner ON recipients USING ((SELECT scope_kind()) = 'partner' AND owner_id = (SELECT scope_org()));

-- What was sent is its sender's; everybody may read pushes of posture.
CREATE POLICY partner ON payloads USING ((SELECT scope_kind()) = 'partner'
    AND EXISTS (SELECT FROM receipts r WHERE r.no = receipt_no AND r.org_id = (SELECT scope_org())));
CREATE POLICY viewer ON payloads FOR SELECT USING ((SELECT scope_kind()) = 'viewer'
    AND EXISTS (SELECT FROM receipts r WHERE r.no = receipt_no AND (r.org_id = (SELECT scope_org()) OR r.what = 'metrics')));
