-- The newest moment that pushes of each class speak of in records open to everyone (all metrics are). Others than the organisation itself
-- measure its freshness by these, so that what they may not see tells them nothing, not even that it came.
ALTER TABLE organisations ADD COLUMN posture_sign_at BIGINT;
ALTER TABLE organisations ADD COLUMN incidents_sign_at BIGINT;
ALTER TABLE organisations ADD COLUMN events_sign_at BIGINT;
ALTER TABLE organisations ADD COLUMN indicators_sign_at BIGINT;
UPDATE organisations SET
    posture_sign_at = (SELECT max(v.observed_at) FROM current_values v WHERE v.org_id = organisations.id),
    incidents_sign_at = (SELECT max(t.updated_at) FROM incidents t WHERE t.org_id = organisations.id AND t.tlp <= 1),
    events_sign_at = (SELECT max(t.observed_at) FROM events t WHERE t.org_id = organisations.id AND t.tlp <= 1),
    indicators_sign_at = (SELECT max(t.last_seen) FROM indicators t WHERE t.org_id = organisations.id AND t.tlp <= 1);
