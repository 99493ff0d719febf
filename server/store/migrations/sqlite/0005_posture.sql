-- Posture: samples of metrics, what is current of them, and what is made of them.
--
-- Samples lie packed in `body` columns (`samples/body.rs` has the forms), because rows are what they cost: a push is one row of `pushed_samples`, whatever the number of its
-- samples. Every hour, or where many came, an organisation's pushes are folded into `samples`, sorted by series and time, and into its hours and days. So what there is of a time
-- is in the folded rows and, as far as it came lately, in `pushed_samples`; who reads reads the latter first, and finds what is folded meanwhile twice, which is the same.
-- Series are numbered within their organisation, and a `part` is 128 of them: what is written and read at once. Packed rows refer to nothing: looking for what they
-- refer to would take longer than writing them; a push has its organisation's row in `push_states`, without which it cannot be written.

-- A series of an organisation: a metric with its labels.
CREATE TABLE series (
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    number INTEGER NOT NULL,
    metric TEXT   NOT NULL,
    labels TEXT   NOT NULL,
    PRIMARY KEY (org_id, number),
    UNIQUE (org_id, metric, labels)
) STRICT, WITHOUT ROWID;

-- The samples of a push, until they are folded.
CREATE TABLE pushed_samples (
    org_id     INTEGER NOT NULL,
    receipt_no INTEGER NOT NULL,
    -- The newest moment among them.
    newest_at  INTEGER NOT NULL,
    body       BLOB  NOT NULL,
    PRIMARY KEY (org_id, receipt_no)
) STRICT, WITHOUT ROWID;

-- Samples of an hour, in rows as they were folded. A moment of a series has one value, in one row: the same again changes nothing, another corrects it there.
CREATE TABLE samples (
    org_id     INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    -- The newest moment among them.
    newest_at  INTEGER NOT NULL,
    -- The newest receipt among those that were folded into it; a correction leaves it as it is.
    receipt_no INTEGER NOT NULL,
    body       BLOB  NOT NULL,
    PRIMARY KEY (org_id, part, newest_at, receipt_no)
) STRICT;

-- The newest value of each series of a part. Every push rewrites it, on its page, so that no index has to learn of it.
CREATE TABLE current_values (
    org_id    INTEGER NOT NULL,
    part      INTEGER NOT NULL,
    -- The newest moment among them.
    newest_at INTEGER NOT NULL,
    body      BLOB  NOT NULL,
    PRIMARY KEY (org_id, part)
) STRICT;

-- The last value of each series of a part in an hour. Derived: can be made again from the samples, as long as these are kept.
CREATE TABLE rollup_hours (
    org_id INTEGER NOT NULL,
    part   INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    body   BLOB  NOT NULL,
    PRIMARY KEY (org_id, part, bucket)
) STRICT;

-- The last value of each series of a part in a day. Derived: can be made again from the samples, as long as these are kept.
CREATE TABLE rollup_days (
    org_id INTEGER NOT NULL,
    part   INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    body   BLOB  NOT NULL,
    PRIMARY KEY (org_id, part, bucket)
) STRICT;

-- An organisation's scores at the end of a day, without the cap of critical incidents (who sees a cap depends on who sees the incident).
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

-- What an organisation is shown of those that share their posture only in totals: one total a week, which stands until the week ends.
CREATE TABLE aggregates (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    -- Counted from 1970; weeks begin on Mondays.
    week      INTEGER NOT NULL,
    -- JSON, with its members: compared with, never shown.
    body      TEXT    NOT NULL,
    PRIMARY KEY (viewer_id, week)
) STRICT, WITHOUT ROWID;
