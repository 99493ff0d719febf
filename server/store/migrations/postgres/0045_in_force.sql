SET LOCAL shieldwall.scope = 'hub';

-- A snapshot is the whole truth of its class at the moment it was taken. Kept of applied snapshots, and of those that came too late.
ALTER TABLE receipts ADD COLUMN as_of BIGINT;
-- The moment of the newer snapshot that was applied before: this one changed nothing.
ALTER TABLE receipts ADD COLUMN outdated_by BIGINT;
CREATE INDEX receipts_as_of ON receipts (org_id, what, as_of) WHERE as_of IS NOT NULL;

-- `heard_at`: the moment of the last push that named the record, or of the snapshot that left it out.
ALTER TABLE current_values ADD COLUMN heard_at BIGINT NOT NULL DEFAULT 0;
UPDATE current_values v SET heard_at = coalesce((SELECT c.received_at FROM receipts c WHERE c.no = v.receipt_no), v.observed_at);

-- What its organisation said last of an incident that a snapshot left out, which closed it; empty while it was not left out.
ALTER TABLE incidents ADD COLUMN heard_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incidents ADD COLUMN stated_status BIGINT;
ALTER TABLE incidents ADD COLUMN stated_updated_at BIGINT;
UPDATE incidents t SET heard_at = coalesce((SELECT max(v.received_at) FROM incident_revisions v WHERE v.incident_id = t.id), t.received_at);
UPDATE incidents SET stated_updated_at = opened_at,
    stated_status = CASE lower(raw::json ->> 'status') WHEN 'in_progress' THEN 1 WHEN 'on_hold' THEN 2 ELSE 0 END
WHERE status = 4 AND lower(coalesce(raw::json ->> 'status', 'new')) IN ('new', 'in_progress', 'on_hold');

ALTER TABLE events ADD COLUMN heard_at BIGINT NOT NULL DEFAULT 0;
UPDATE events t SET heard_at = coalesce(t.withdrawn_at, (SELECT c.received_at FROM receipts c WHERE c.no = t.receipt_no), t.received_at);

-- When a snapshot left an indicator out; its end as its organisation said it stays beside.
ALTER TABLE indicators ADD COLUMN heard_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE indicators ADD COLUMN left_out_at BIGINT;
UPDATE indicators t SET heard_at = coalesce((SELECT c.received_at FROM receipts c WHERE c.no = t.receipt_no), t.received_at);
UPDATE indicators SET left_out_at = valid_until, heard_at = valid_until, valid_until = NULL
WHERE NOT active AND valid_until IS NOT NULL AND raw::json ->> 'valid_until' IS NULL;
