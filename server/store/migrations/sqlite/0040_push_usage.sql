-- What each organisation's pushes take, for its quotas: bytes as they came in on the newest day (UTC), and bytes of payloads as they are kept.
CREATE TABLE push_usage (
    org_id     INTEGER PRIMARY KEY REFERENCES organisations (id),
    day        INTEGER NOT NULL,
    day_bytes  INTEGER NOT NULL,
    kept_bytes INTEGER NOT NULL
) STRICT;
INSERT INTO push_usage (org_id, day, day_bytes, kept_bytes)
    SELECT o.id, 0, 0, coalesce((SELECT sum(length(p.body)) FROM payloads p WHERE p.org_id = o.id), 0) FROM organisations o;
