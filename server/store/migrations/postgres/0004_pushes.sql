-- Pushes: what came in, as it came in, and who is told of it.

-- A push that was taken.
CREATE TABLE receipts (
    org_id          BIGINT NOT NULL REFERENCES organisations (id),
    -- Counted within its organisation, in the order of commits; outside a receipt is named by its `id`.
    no              BIGINT NOT NULL,
    id              UUID   NOT NULL,
    key_name        TEXT   NOT NULL,
    what            TEXT   NOT NULL,
    mode            TEXT   NOT NULL,
    received_at     BIGINT NOT NULL,
    -- A snapshot is the whole truth of its class at the moment it was taken. Kept of applied snapshots, and of those that came too late.
    as_of           BIGINT,
    -- The moment of the newer snapshot that was applied before: this one changed nothing.
    outdated_by     BIGINT,
    -- Of a snapshot that was applied: what it left out, and so ended, as JSON: how many, and the first by their names.
    left_out        TEXT,
    total           BIGINT NOT NULL,
    kept            BIGINT NOT NULL,
    failures        TEXT   NOT NULL,
    bytes           BIGINT NOT NULL,
    sha256          BYTEA  NOT NULL,
    user_agent      TEXT   NOT NULL,
    -- The key that makes its repetition harmless, with the route it is a key of; both empty without one.
    idempotency_key TEXT   NOT NULL,
    route           TEXT   NOT NULL,
    -- What the key is of: SHA-256 over route, query and body. NULL where there is no key, where the push was refused and may come again, and once the key's time is over.
    -- The answer to a repetition is made again from the receipt.
    fingerprint     BYTEA,
    PRIMARY KEY (org_id, no)
);
CREATE UNIQUE INDEX receipts_idempotency ON receipts (org_id, route, idempotency_key) WHERE fingerprint IS NOT NULL;
CREATE INDEX receipts_as_of ON receipts (org_id, what, as_of) WHERE as_of IS NOT NULL;
-- Ids are of the order of arrival, so this is the push log of all organisations, too.
CREATE INDEX receipts_id ON receipts (id);
GRANT SELECT, INSERT, UPDATE, DELETE ON receipts TO shieldwall_app;
ALTER TABLE receipts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON receipts USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON receipts USING ((SELECT scope_kind()) = 'partner' AND org_id = ANY ((SELECT scope_orgs())::bigint[]));
-- Records name the receipts that they came by.
CREATE POLICY viewer ON receipts FOR SELECT USING ((SELECT scope_kind()) = 'viewer');

-- References carry the organisation, so that no organisation's row can hang on another's. Left without: the `receipt_no` of samples, events,
-- indicators and revisions. They outlive their receipts, so it is a name that may have lost its bearer, and looking for all that name a receipt before it goes
-- would take an index on each of these tables. Statements that follow such a name ask for the organisation too.

-- The raw body of a push, zstd; it goes earlier than its receipt.
CREATE TABLE payloads (
    org_id     BIGINT NOT NULL,
    receipt_no BIGINT NOT NULL,
    body       BYTEA  NOT NULL,
    PRIMARY KEY (org_id, receipt_no),
    FOREIGN KEY (org_id, receipt_no) REFERENCES receipts (org_id, no)
) WITH (toast_tuple_target = 8160);
-- It is compressed.
ALTER TABLE payloads ALTER COLUMN body SET STORAGE EXTERNAL;
GRANT SELECT, INSERT, UPDATE, DELETE ON payloads TO shieldwall_app;
ALTER TABLE payloads ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON payloads USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON payloads USING ((SELECT scope_kind()) = 'partner' AND org_id = ANY ((SELECT scope_orgs())::bigint[]));
-- What was sent is its sender's; pushes of posture are for those who are shown it in detail, since then.
CREATE POLICY viewer ON payloads FOR SELECT USING ((SELECT scope_kind()) = 'viewer'
    AND EXISTS (SELECT FROM receipts r WHERE r.org_id = payloads.org_id AND r.no = receipt_no AND (r.org_id = (SELECT scope_org()) OR (r.what = 'metrics'
        AND (r.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture')
            OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture' AND w.owner_id = r.org_id AND w.detail_since <= r.received_at))))));

-- What the next push of an organisation has to know of those before, one row an organisation: each push reads it and moves it on, under the organisation's turn.
CREATE TABLE push_states (
    org_id        BIGINT PRIMARY KEY REFERENCES organisations (id),
    -- The number of its newest receipt. Whoever changes its current values moves it on, so that what a hub has of them in memory is known to be old.
    last_no       BIGINT NOT NULL DEFAULT 0,
    -- What its pushes take of its quotas: bytes as they came in on the newest day (UTC), and of all that is kept what counts against the total: bodies as they came in, payloads, failures.
    day           BIGINT NOT NULL DEFAULT 0,
    day_bytes     BIGINT NOT NULL DEFAULT 0,
    kept_bytes    BIGINT NOT NULL DEFAULT 0,
    -- The newest moment its pushes speak of; what its freshness is measured by for its own people.
    last_data_at  BIGINT,
    -- The newest moment that pushes of each class speak of in records open to everyone (all metrics are), as JSON by the classes' names. Others than the
    -- organisation itself measure its freshness by these, so that what they may not see tells them nothing, not even that it came.
    signs         TEXT   NOT NULL DEFAULT '{}',
    -- Pushes in `pushed_samples`, points that came since the last fold, and when the first of them came: what says that they are to be folded.
    fresh_pushes  BIGINT NOT NULL DEFAULT 0,
    fresh_points  BIGINT NOT NULL DEFAULT 0,
    fresh_since   BIGINT
) WITH (fillfactor = 50);
GRANT SELECT, INSERT, UPDATE, DELETE ON push_states TO shieldwall_app;
ALTER TABLE push_states ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON push_states USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON push_states USING ((SELECT scope_kind()) = 'partner' AND org_id = ANY ((SELECT scope_orgs())::bigint[]));

-- A change, in commit order: whoever inserts holds an advisory lock until their commit.
CREATE TABLE outbox (
    seq        BIGINT  GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at         BIGINT  NOT NULL,
    org_id     BIGINT  NOT NULL,
    -- The number of the receipt.
    no         BIGINT  NOT NULL,
    what       TEXT    NOT NULL,
    -- What is not for everyone reaches the organisation itself and those in `recipients` (JSON ids).
    everyone   BOOLEAN NOT NULL,
    recipients TEXT    NOT NULL,
    -- The oldest moment it speaks of: from that day on the score's history is made again.
    since      BIGINT  NOT NULL,
    -- The youngest arrival among the records that a change is about: whoever is shown only younger ones is not told of it.
    newest     BIGINT  NOT NULL DEFAULT 9223372036854775807
);
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO shieldwall_app;
ALTER TABLE outbox ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON outbox USING ((SELECT scope_kind()) = 'hub');
