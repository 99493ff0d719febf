-- References that carry the organisation, so that no organisation's row can hang on another's.
--
-- Left without: `samples`, rollups and current values would look their series up for every row of every push, on the way that has to be quick;
-- the program numbers series by organisation, and PostgreSQL has these references. And the `receipt_no` of samples, current values,
-- events, indicators and revisions: they outlive their receipts, so it is a name that may have lost its bearer, and looking for all
-- that name a receipt before it goes would take an index on each of these tables. Statements that follow such a name ask for the organisation too.

DROP INDEX receipts_org;
CREATE UNIQUE INDEX receipts_org ON receipts (org_id, no);

CREATE TABLE payloads_new (
    receipt_no INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL,
    body       BLOB    NOT NULL,
    FOREIGN KEY (org_id, receipt_no) REFERENCES receipts (org_id, no)
) STRICT;
INSERT INTO payloads_new (receipt_no, org_id, body) SELECT p.receipt_no, r.org_id, p.body FROM payloads p JOIN receipts r ON r.no = p.receipt_no;
DROP TABLE payloads;
ALTER TABLE payloads_new RENAME TO payloads;

-- Without its receipt a key can answer nothing, so it goes with it.
CREATE TABLE idempotency_new (
    org_id      INTEGER NOT NULL,
    route       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    receipt_no  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, route, key),
    FOREIGN KEY (org_id, receipt_no) REFERENCES receipts (org_id, no) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_new SELECT i.* FROM idempotency i JOIN receipts r ON r.no = i.receipt_no AND r.org_id = i.org_id;
DROP TABLE idempotency;
ALTER TABLE idempotency_new RENAME TO idempotency;
CREATE INDEX idempotency_age ON idempotency (created_at);
CREATE INDEX idempotency_receipt ON idempotency (org_id, receipt_no);

CREATE UNIQUE INDEX incidents_org ON incidents (org_id, id);
CREATE TABLE incident_revisions_new (
    incident_id BLOB    NOT NULL,
    revision    INTEGER NOT NULL,
    org_id      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    receipt_no  INTEGER NOT NULL,
    tlp         INTEGER NOT NULL,
    summary     TEXT    NOT NULL,
    PRIMARY KEY (incident_id, revision),
    FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id)
) STRICT, WITHOUT ROWID;
INSERT INTO incident_revisions_new SELECT * FROM incident_revisions;
DROP TABLE incident_revisions;
ALTER TABLE incident_revisions_new RENAME TO incident_revisions;
