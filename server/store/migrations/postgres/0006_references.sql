-- References that carry the organisation, so that no organisation's row can hang on another's.
--
-- Left without: the `receipt_no` of samples, current values, events, indicators and revisions. They outlive their receipts, so it is a
-- name that may have lost its bearer, and looking for all that name a receipt before it goes would take an index on each of these
-- tables. Statements that follow such a name ask for the organisation too.

SET LOCAL shieldwall.scope = 'hub';

DROP INDEX receipts_org;
ALTER TABLE receipts ADD CONSTRAINT receipts_org UNIQUE (org_id, no);

ALTER TABLE payloads ADD COLUMN org_id BIGINT;
UPDATE payloads p SET org_id = r.org_id FROM receipts r WHERE r.no = p.receipt_no;
ALTER TABLE payloads ALTER COLUMN org_id SET NOT NULL, DROP CONSTRAINT payloads_receipt_no_fkey,
    ADD FOREIGN KEY (org_id, receipt_no) REFERENCES receipts (org_id, no);

-- Without its receipt a key can answer nothing, so it goes with it.
DELETE FROM idempotency i WHERE NOT EXISTS (SELECT FROM receipts r WHERE r.no = i.receipt_no AND r.org_id = i.org_id);
CREATE INDEX idempotency_receipt ON idempotency (org_id, receipt_no);
ALTER TABLE idempotency ADD FOREIGN KEY (org_id, receipt_no) REFERENCES receipts (org_id, no) ON DELETE CASCADE;

-- A payload now says itself whose it is.
DROP POLICY partner ON payloads;
CREATE POLICY partner ON payloads USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
