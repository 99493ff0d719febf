-- What each organisation confirmed that everyone sees of it, where it has no rule for everyone: by class (0 posture, 1 incidents, 2 events, 3 indicators)
-- the level (0 none to 3 detail). Of a class without a row nobody sees anything. A wider default of the alliance changes none of it.
CREATE TABLE sharing_pins (
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    class  INTEGER NOT NULL,
    level  INTEGER NOT NULL,
    PRIMARY KEY (org_id, class)
) STRICT, WITHOUT ROWID;
-- Those that share already confirmed what is in force now.
INSERT INTO sharing_pins (org_id, class, level)
SELECT o.id, c.class, CASE coalesce((SELECT json_extract(m.value, '$[' || c.class || ']') FROM meta m WHERE m.key = 'sharing_defaults'), 'detail')
    WHEN 'detail' THEN 3 WHEN 'summary' THEN 2 WHEN 'aggregate' THEN 1 ELSE 0 END
FROM organisations o CROSS JOIN (SELECT 0 AS class UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3) c
WHERE o.sharing_confirmed_at IS NOT NULL;

-- A first confirmation that waits for the organisation's second administrator.
CREATE TABLE sharing_confirmations (
    org_id       INTEGER PRIMARY KEY REFERENCES organisations (id),
    -- JSON: the levels that the first administrator saw, by class.
    levels       TEXT    NOT NULL,
    confirmed_by INTEGER NOT NULL REFERENCES users (id),
    confirmed_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT;
