-- The organisations named on a record: the only others that AMBER, AMBER+STRICT and RED reach.
CREATE TABLE recipients (
    org_id    INTEGER NOT NULL,
    record_id BLOB    NOT NULL,
    PRIMARY KEY (org_id, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX recipients_record ON recipients (record_id);

CREATE TABLE incidents (
    id          BLOB    PRIMARY KEY,
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    external_id TEXT    NOT NULL,
    revision    INTEGER NOT NULL,
    title       TEXT    NOT NULL,
    severity    INTEGER NOT NULL,
    status      INTEGER NOT NULL,
    tlp         INTEGER NOT NULL,
    class       TEXT    NOT NULL,
    opened_at   INTEGER NOT NULL,
    closed_at   INTEGER,
    updated_at  INTEGER NOT NULL,
    raw         TEXT    NOT NULL,
    UNIQUE (org_id, external_id)
) STRICT;
CREATE INDEX incidents_queue ON incidents (severity, opened_at DESC, id DESC);
CREATE INDEX incidents_opened ON incidents (opened_at);
CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX incidents_open ON incidents (org_id, severity) WHERE status < 3;

CREATE TABLE incident_revisions (
    incident_id BLOB    NOT NULL,
    revision    INTEGER NOT NULL,
    org_id      INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    receipt_no  INTEGER NOT NULL,
    tlp         INTEGER NOT NULL,
    summary     TEXT    NOT NULL,
    PRIMARY KEY (incident_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE events (
    id           BLOB    PRIMARY KEY,
    org_id       INTEGER NOT NULL REFERENCES organisations (id),
    external_id  TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    severity     INTEGER NOT NULL,
    tlp          INTEGER NOT NULL,
    observed_at  INTEGER NOT NULL,
    -- The incident as its organisation names it; it may arrive after its events.
    incident     TEXT,
    receipt_no   INTEGER NOT NULL,
    withdrawn_at INTEGER,
    raw          TEXT    NOT NULL,
    UNIQUE (org_id, external_id)
) STRICT;
CREATE INDEX events_incident ON events (org_id, incident) WHERE incident IS NOT NULL;

CREATE TABLE indicators (
    id          BLOB    PRIMARY KEY,
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    kind        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    tlp         INTEGER NOT NULL,
    severity    INTEGER,
    confidence  INTEGER,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    valid_until INTEGER,
    active      INTEGER NOT NULL,
    receipt_no  INTEGER NOT NULL,
    raw         TEXT    NOT NULL,
    UNIQUE (org_id, kind, value)
) STRICT;
CREATE INDEX indicators_value ON indicators (kind, value, org_id);
CREATE INDEX indicators_recent ON indicators (last_seen, id);
CREATE INDEX indicators_expiry ON indicators (valid_until) WHERE active = 1 AND valid_until IS NOT NULL;

-- Active indicators, counted as they come and go, so that no page counts them again.
CREATE TABLE indicator_totals (
    org_id INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    tlp    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (org_id, kind, tlp)
) STRICT, WITHOUT ROWID;

CREATE TABLE indicator_counts (
    org_id       INTEGER NOT NULL,
    window_start INTEGER NOT NULL,
    window_end   INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    tlp          INTEGER NOT NULL,
    severity     INTEGER NOT NULL,
    n            INTEGER NOT NULL,
    receipt_no   INTEGER NOT NULL,
    PRIMARY KEY (org_id, window_start, window_end, kind, tlp, severity)
) STRICT, WITHOUT ROWID;
