-- Pushes: what came in, as it came in, and who is told of it.

-- A push that was taken.
CREATE TABLE receipts (
    org_id          INTEGER NOT NULL REFERENCES organisations (id),
    -- Counted within its organisation, in the order of commits; outside a receipt is named by its `id`.
    no              INTEGER NOT NULL,
    id              BLOB   NOT NULL,
    key_name        TEXT   NOT NULL,
    what            TEXT   NOT NULL,
    mode            TEXT   NOT NULL,
    received_at     INTEGER NOT NULL,
    -- A snapshot is the whole truth of its class at the moment it was taken. Kept of applied snapshots, and of those that came too late.
    as_of           INTEGER,
    -- The moment of the newer snapshot that was applied before: this one changed nothing.
    outdated_by     INTEGER,
    -- Of a snapshot that was applied: what it left out, and so ended, as JSON: how many, and the first by their names.
    left_out        TEXT,
    total           INTEGER NOT NULL,
    kept            INTEGER NOT NULL,
    failures        TEXT   NOT NULL,
    bytes           INTEGER NOT NULL,
    sha256          BLOB  NOT NULL,
    user_agent      TEXT   NOT NULL,
    -- The key that makes its repetition harmless, with the route it is a key of; both empty without one.
    idempotency_key TEXT   NOT NULL,
    route           TEXT   NOT NULL,
    -- What the key is of: SHA-256 over route, query and body. NULL where there is no key, where the push was refused and may come again, and once the key's time is over.
    -- The answer to a repetition is made again from the receipt.
    fingerprint     BLOB,
    PRIMARY KEY (org_id, no)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX receipts_idempotency ON receipts (org_id, route, idempotency_key) WHERE fingerprint IS NOT NULL;
CREATE INDEX receipts_as_of ON receipts (org_id, what, as_of) WHERE as_of IS NOT NULL;
-- Ids are of the order of arrival, so this is the push log of all organisations, too.
CREATE INDEX receipts_id ON receipts (id);

-- References carry the organisation, so that no organisation's row can hang on another's. Left without: the `receipt_no` of samples, events,
-- indicators and revisions. They outlive their receipts, so it is a name that may have lost its bearer, and looking for all that name a receipt before it goes
-- would take an index on each of these tables. Statements that follow such a name ask for the organisation too.

-- The raw body of a push, zstd; it goes earlier than its receipt.
CREATE TABLE payloads (
    org_id     INTEGER NOT NULL,
    receipt_no INTEGER NOT NULL,
    body       BLOB  NOT NULL,
    PRIMARY KEY (org_id, receipt_no),
    FOREIGN KEY (org_id, receipt_no) REFERENCES receipts (org_id, no)
) STRICT;

-- What the next push of an organisation has to know of those before, one row an organisation: each push reads it and moves it on, under the organisation's turn.
CREATE TABLE push_states (
    org_id        INTEGER PRIMARY KEY REFERENCES organisations (id),
    -- The number of its newest receipt. Whoever changes its current values moves it on, so that what a hub has of them in memory is known to be old.
    last_no       INTEGER NOT NULL DEFAULT 0,
    -- What its pushes take of its quotas: bytes as they came in on the newest day (UTC), and of all that is kept what counts against the total: bodies as they came in, payloads, failures.
    day           INTEGER NOT NULL DEFAULT 0,
    day_bytes     INTEGER NOT NULL DEFAULT 0,
    kept_bytes    INTEGER NOT NULL DEFAULT 0,
    -- The newest moment its pushes speak of; what its freshness is measured by for its own people.
    last_data_at  INTEGER,
    -- The newest moment that pushes of each class speak of in records open to everyone (all metrics are), as JSON by the classes' names. Others than the
    -- organisation itself measure its freshness by these, so that what they may not see tells them nothing, not even that it came.
    signs         TEXT   NOT NULL DEFAULT '{}',
    -- Pushes in `pushed_samples`, points that came since the last fold, and when the first of them came: what says that they are to be folded.
    fresh_pushes  INTEGER NOT NULL DEFAULT 0,
    fresh_points  INTEGER NOT NULL DEFAULT 0,
    fresh_since   INTEGER
) STRICT;

-- A change, in commit order.
CREATE TABLE outbox (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    org_id     INTEGER NOT NULL,
    -- The number of the receipt.
    no         INTEGER NOT NULL,
    what       TEXT    NOT NULL,
    -- What is not for everyone reaches the organisation itself and those in `recipients` (JSON ids).
    everyone   INTEGER NOT NULL,
    recipients TEXT    NOT NULL,
    -- The oldest moment it speaks of: from that day on the score's history is made again.
    since      INTEGER NOT NULL,
    -- The youngest arrival among the records that a change is about: whoever is shown only younger ones is not told of it.
    newest     INTEGER NOT NULL DEFAULT 9223372036854775807
) STRICT;
