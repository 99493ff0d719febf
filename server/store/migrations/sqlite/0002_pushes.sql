-- Receipts are numbered in commit order inside (`no`) and named by UUID outside (`id`).
CREATE TABLE receipts (
    no              INTEGER PRIMARY KEY,
    id              BLOB    NOT NULL UNIQUE,
    org_id          INTEGER NOT NULL REFERENCES organisations (id),
    key_name        TEXT    NOT NULL,
    what            TEXT    NOT NULL,
    mode            TEXT    NOT NULL,
    received_at     INTEGER NOT NULL,
    total           INTEGER NOT NULL,
    kept            INTEGER NOT NULL,
    failures        TEXT    NOT NULL,
    bytes           INTEGER NOT NULL,
    sha256          BLOB    NOT NULL,
    user_agent      TEXT    NOT NULL,
    idempotency_key TEXT    NOT NULL
) STRICT;
CREATE INDEX receipts_org ON receipts (org_id, no);

-- Raw payloads, zstd; they go earlier than their receipts.
CREATE TABLE payloads (
    receipt_no INTEGER PRIMARY KEY,
    body       BLOB NOT NULL
) STRICT;

-- The answer is made again from the receipt, so it need not be kept.
CREATE TABLE idempotency (
    org_id      INTEGER NOT NULL,
    route       TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    fingerprint BLOB    NOT NULL,
    receipt_no  INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, route, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

-- What changed, in commit order. `everyone` = 0 reaches the organisation itself and those in `recipients` (JSON ids).
CREATE TABLE outbox (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    org_id     INTEGER NOT NULL,
    what       TEXT    NOT NULL,
    everyone   INTEGER NOT NULL,
    recipients TEXT    NOT NULL,
    -- The oldest moment it speaks of: from that day on the score's history is made again.
    since      INTEGER NOT NULL
) STRICT;

CREATE TABLE series (
    id     INTEGER PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    metric TEXT    NOT NULL,
    labels TEXT    NOT NULL,
    UNIQUE (org_id, metric, labels)
) STRICT;

-- The key layout decides the speed of a push: a push is one organisation's rows of about one hour, so they lie side by
-- side, near the end of the tree. With the metric before the time each row would dirty a page of its own.
CREATE TABLE samples (
    hour        INTEGER NOT NULL,
    org_id      INTEGER NOT NULL,
    observed_at INTEGER NOT NULL,
    series_id   INTEGER NOT NULL,
    value       REAL    NOT NULL,
    receipt_no  INTEGER NOT NULL,
    PRIMARY KEY (hour, org_id, observed_at, series_id)
) STRICT, WITHOUT ROWID;

-- `expired` = 1: left out of a snapshot; remembered, but not current.
CREATE TABLE current_values (
    org_id      INTEGER NOT NULL,
    series_id   INTEGER NOT NULL,
    value       REAL    NOT NULL,
    observed_at INTEGER NOT NULL,
    receipt_no  INTEGER NOT NULL,
    expired     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (org_id, series_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_hours (
    bucket    INTEGER NOT NULL,
    org_id    INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    sum       REAL    NOT NULL,
    min       REAL    NOT NULL,
    max       REAL    NOT NULL,
    last      REAL    NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (bucket, org_id, series_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rollup_days (
    bucket    INTEGER NOT NULL,
    org_id    INTEGER NOT NULL,
    series_id INTEGER NOT NULL,
    n         INTEGER NOT NULL,
    sum       REAL    NOT NULL,
    min       REAL    NOT NULL,
    max       REAL    NOT NULL,
    last      REAL    NOT NULL,
    last_at   INTEGER NOT NULL,
    PRIMARY KEY (bucket, org_id, series_id)
) STRICT, WITHOUT ROWID;

-- Scores at the end of each day, without the cap of critical incidents (who sees a cap depends on who sees the incident).
-- Derived: can be made again from rollup_days and incidents.
CREATE TABLE org_days (
    org_id          INTEGER NOT NULL,
    day             INTEGER NOT NULL,
    policy_version  INTEGER NOT NULL,
    score           REAL,
    last            REAL,
    low             REAL    NOT NULL,
    high            REAL    NOT NULL,
    coverage        REAL    NOT NULL,
    domains         TEXT    NOT NULL,
    critical_public INTEGER NOT NULL,
    critical_any    INTEGER NOT NULL,
    PRIMARY KEY (org_id, day)
) STRICT, WITHOUT ROWID;
