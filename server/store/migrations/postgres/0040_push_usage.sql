SET LOCAL shieldwall.scope = 'hub';

-- What each organisation's pushes take, for its quotas: bytes as they came in on the newest day (UTC), and bytes of payloads as they are kept.
CREATE TABLE push_usage (
    org_id     BIGINT PRIMARY KEY REFERENCES organisations (id),
    day        BIGINT NOT NULL,
    day_bytes  BIGINT NOT NULL,
    kept_bytes BIGINT NOT NULL
);
INSERT INTO push_usage (org_id, day, day_bytes, kept_bytes)
    SELECT o.id, 0, 0, coalesce((SELECT sum(length(p.body)) FROM payloads p WHERE p.org_id = o.id), 0) FROM organisations o;

GRANT SELECT, INSERT, UPDATE, DELETE ON push_usage TO shieldwall_app;
ALTER TABLE push_usage ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON push_usage USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON push_usage USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
