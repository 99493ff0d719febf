SET LOCAL shieldwall.scope = 'hub';

-- What each organisation confirmed that everyone sees of it, where it has no rule for everyone: by class (0 posture, 1 incidents, 2 events, 3 indicators)
-- the level (0 none to 3 detail). Of a class without a row nobody sees anything. A wider default of the alliance changes none of it.
CREATE TABLE sharing_pins (
    org_id BIGINT NOT NULL REFERENCES organisations (id),
    class  BIGINT NOT NULL,
    level  BIGINT NOT NULL,
    PRIMARY KEY (org_id, class)
);
-- Those that share already confirmed what is in force now.
INSERT INTO sharing_pins (org_id, class, level)
SELECT o.id, c.class, CASE coalesce((SELECT m.value::json ->> c.class FROM meta m WHERE m.key = 'sharing_defaults'), 'detail')
    WHEN 'detail' THEN 3 WHEN 'summary' THEN 2 WHEN 'aggregate' THEN 1 ELSE 0 END
FROM organisations o CROSS JOIN (VALUES (0), (1), (2), (3)) c (class)
WHERE o.sharing_confirmed_at IS NOT NULL;

-- A first confirmation that waits for the organisation's second administrator.
CREATE TABLE sharing_confirmations (
    org_id       BIGINT PRIMARY KEY REFERENCES organisations (id),
    -- JSON: the levels that the first administrator saw, by class.
    levels       TEXT   NOT NULL,
    confirmed_by BIGINT NOT NULL REFERENCES users (id),
    confirmed_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);

GRANT SELECT, INSERT, UPDATE, DELETE ON sharing_pins, sharing_confirmations TO shieldwall_app;
ALTER TABLE sharing_pins ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE sharing_confirmations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON sharing_pins USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY hub ON sharing_confirmations USING ((SELECT scope_kind()) = 'hub');
