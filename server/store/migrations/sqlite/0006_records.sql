-- Records: incidents, events and indicators, whom they reach, what is counted of them, and which of them are the same.

-- An organisation named on a record: AMBER, AMBER+STRICT and RED reach no others.
CREATE TABLE recipients (
    -- Whose record it is: only the owner names others on it.
    org_id       INTEGER NOT NULL REFERENCES organisations (id),
    record_id    BLOB    NOT NULL,
    recipient_id INTEGER NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (org_id, record_id, recipient_id)
) STRICT, WITHOUT ROWID;
-- What names an organisation, whosever it is.
CREATE INDEX recipients_named ON recipients (recipient_id, org_id, record_id);

-- An incident, as its newest revision has it.
CREATE TABLE incidents (
    org_id            INTEGER NOT NULL REFERENCES organisations (id),
    id                BLOB    NOT NULL,
    external_id       TEXT    NOT NULL,
    revision          INTEGER NOT NULL,
    title             TEXT    NOT NULL,
    severity          INTEGER NOT NULL,
    status            INTEGER NOT NULL,
    tlp               INTEGER NOT NULL,
    class             TEXT    NOT NULL,
    opened_at         INTEGER NOT NULL,
    closed_at         INTEGER,
    updated_at        INTEGER NOT NULL,
    -- When it first came: a group may keep what was there before from its new members.
    received_at       INTEGER NOT NULL,
    -- The moment of the last push that named it, or of the snapshot that left it out.
    heard_at          INTEGER NOT NULL,
    -- What its organisation said last of an incident that a snapshot left out, which closed it; empty while it was not left out.
    stated_status     INTEGER,
    stated_updated_at INTEGER,
    raw               TEXT    NOT NULL,
    -- What it is found by: folded by the program, which knows every script (`words.rs`). Where there is none yet, the program makes it when it starts.
    words             TEXT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, external_id)
) STRICT;
-- An address has the id alone.
CREATE INDEX incidents_id ON incidents (id);
CREATE INDEX incidents_queue ON incidents (severity, opened_at DESC, id DESC);
CREATE INDEX incidents_opened ON incidents (opened_at);
CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX incidents_open ON incidents (org_id, severity) WHERE status < 3;
-- What decides whether it may reach somebody, so that a file of those that do is found without passing those that do not.
CREATE INDEX incidents_reach ON incidents (org_id, tlp, received_at, id);
CREATE INDEX incidents_wordless ON incidents (org_id) WHERE words IS NULL;

-- A revision of an incident: what a push changed of it.
CREATE TABLE incident_revisions (
    org_id      INTEGER NOT NULL,
    incident_id BLOB    NOT NULL,
    revision    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    receipt_no  INTEGER NOT NULL,
    tlp         INTEGER NOT NULL,
    summary     TEXT    NOT NULL,
    PRIMARY KEY (org_id, incident_id, revision),
    FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id)
) STRICT, WITHOUT ROWID;

-- An incident that was marked for fewer than before.
CREATE TABLE remarked_incidents (
    org_id         INTEGER NOT NULL,
    incident_id    BLOB    NOT NULL,
    -- Until when everyone could see it, and how it stood then: the numbers of the days before go by it.
    everyone_until INTEGER,
    severity       INTEGER NOT NULL,
    opened_at      INTEGER NOT NULL,
    closed_at      INTEGER,
    PRIMARY KEY (org_id, incident_id),
    FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id)
) STRICT, WITHOUT ROWID;

-- A critical incident that was open when a viewer was last shown it: re-marked, or no longer shared. It counts until the viewer is shown it again.
CREATE TABLE withdrawn_criticals (
    org_id       INTEGER NOT NULL REFERENCES organisations (id),
    -- The id that is made of the owner's number and the class stands for all beyond those that are remembered.
    incident_id  BLOB    NOT NULL,
    viewer_id    INTEGER NOT NULL REFERENCES organisations (id),
    opened_at    INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    returned_day INTEGER,
    -- The moment at which the viewer was shown it again. Should it be hidden once more within a few minutes, it counts as if it had not been.
    returned_at  INTEGER,
    PRIMARY KEY (org_id, incident_id, viewer_id, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX withdrawn_criticals_viewer ON withdrawn_criticals (org_id, viewer_id);

-- An event.
CREATE TABLE events (
    org_id       INTEGER NOT NULL REFERENCES organisations (id),
    id           BLOB    NOT NULL,
    external_id  TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    severity     INTEGER NOT NULL,
    tlp          INTEGER NOT NULL,
    observed_at  INTEGER NOT NULL,
    -- The incident as its organisation names it; it may arrive after its events.
    incident     TEXT,
    receipt_no   INTEGER NOT NULL,
    -- When it first came.
    received_at  INTEGER NOT NULL,
    -- The moment of the last push that named it, or of the snapshot that left it out.
    heard_at     INTEGER NOT NULL,
    withdrawn_at INTEGER,
    raw          TEXT    NOT NULL,
    -- What it is found by, as with incidents.
    words        TEXT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, external_id)
) STRICT;
CREATE INDEX events_id ON events (id);
CREATE INDEX events_incident ON events (org_id, incident) WHERE incident IS NOT NULL;
CREATE INDEX events_recent ON events (observed_at, id);
CREATE INDEX events_reach ON events (org_id, tlp, received_at, id);
CREATE INDEX events_wordless ON events (org_id) WHERE words IS NULL;

-- An indicator: a value of a type, which an organisation reports once.
CREATE TABLE indicators (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    id          BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    -- Whether `value` is no value but the keyed hash of one that its organisation did not tell.
    hashed      INTEGER NOT NULL DEFAULT 0,
    tlp         INTEGER NOT NULL,
    severity    INTEGER,
    confidence  INTEGER,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    -- Its end as its organisation said it.
    valid_until INTEGER,
    active      INTEGER NOT NULL,
    receipt_no  INTEGER NOT NULL,
    -- When it first came.
    received_at INTEGER NOT NULL,
    -- The moment of the last push that named it, or of the snapshot that left it out.
    heard_at    INTEGER NOT NULL,
    -- When a snapshot left it out.
    left_out_at INTEGER,
    raw         TEXT    NOT NULL,
    -- The first address of an address or a network, in hexadecimal digits that sort as addresses do, so that a network finds what is in it; empty for all else.
    -- Where there is none yet, the indicator came before each had one spelling: the program respells those when it starts.
    address     TEXT,
    -- What it is found by, as with incidents.
    words       TEXT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, kind, value)
) STRICT;
CREATE INDEX indicators_id ON indicators (id);
CREATE INDEX indicators_recent ON indicators (last_seen, id);
CREATE INDEX indicators_expiry ON indicators (valid_until) WHERE active = 1 AND valid_until IS NOT NULL;
CREATE INDEX indicators_reach ON indicators (org_id, tlp, received_at, id);
CREATE INDEX indicators_address ON indicators (kind, address) WHERE address > '';
CREATE INDEX indicators_unspelled ON indicators (org_id) WHERE address IS NULL;
CREATE INDEX indicators_wordless ON indicators (org_id) WHERE words IS NULL;

-- The active indicators of a type and a marking, counted as they come and go, so that no page counts them again.
CREATE TABLE indicator_totals (
    org_id INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    tlp    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (org_id, kind, tlp)
) STRICT, WITHOUT ROWID;

-- A count of indicators that an organisation pushed instead of the indicators themselves: of a type, a marking and a severity, in a window of time.
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

-- What an organisation is shown of those that share a class of records only in totals: one count a week, which stands until the week ends.
CREATE TABLE count_totals (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    class     TEXT    NOT NULL,
    -- Counted from 1970; weeks begin on Mondays.
    week      INTEGER NOT NULL,
    -- JSON, with its members: compared with, never shown.
    body      TEXT    NOT NULL,
    PRIMARY KEY (viewer_id, class, week)
) STRICT, WITHOUT ROWID;

-- An open incident, an event or an active indicator that a viewer was shown and that is marked for fewer now: what the viewer counts is "at least". The id that
-- is made of the owner's number and the class stands for all beyond those that are remembered.
CREATE TABLE withdrawn_records (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    record_id   BLOB    NOT NULL,
    viewer_id   INTEGER NOT NULL REFERENCES organisations (id),
    class       TEXT    NOT NULL,
    -- The moment at which the viewer was shown it again. Should it be hidden once more within a few minutes, it counts as if it had not been.
    returned_at INTEGER,
    PRIMARY KEY (org_id, record_id, viewer_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX withdrawn_records_viewer ON withdrawn_records (org_id, viewer_id, class);

-- For whom it is settled in a week who counts where three or more unnamed organisations reported a thing. It stands until the week ends.
CREATE TABLE overlap_weeks (
    viewer_id  INTEGER NOT NULL REFERENCES organisations (id),
    week_start INTEGER NOT NULL,
    PRIMARY KEY (viewer_id, week_start)
) STRICT, WITHOUT ROWID;
CREATE INDEX overlap_weeks_week ON overlap_weeks (week_start);

-- One of those who count in a viewer's week.
CREATE TABLE overlap_members (
    viewer_id  INTEGER NOT NULL,
    week_start INTEGER NOT NULL,
    owner_id   INTEGER NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (viewer_id, week_start, owner_id),
    FOREIGN KEY (viewer_id, week_start) REFERENCES overlap_weeks (viewer_id, week_start) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- A type of which enough of the week's members hold some, so that three or more of them may be any.
CREATE TABLE overlap_kinds (
    viewer_id  INTEGER NOT NULL,
    week_start INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    PRIMARY KEY (viewer_id, week_start, kind),
    FOREIGN KEY (viewer_id, week_start) REFERENCES overlap_weeks (viewer_id, week_start) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- How many new indicators of an organisation are compared with those of unnamed ones on a day.
CREATE TABLE overlap_comparisons (
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    day    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (org_id, day)
) STRICT, WITHOUT ROWID;

-- The keyed hash of an indicator's type and value, by which reports of the same thing find each other. An indicator has one under each of the alliance's keys
-- that are accepted: the current one, and for a while the one before it.
CREATE TABLE indicator_digests (
    org_id        INTEGER NOT NULL,
    -- The indicator's.
    id            BLOB    NOT NULL,
    -- The number of the alliance's key.
    key_no        INTEGER NOT NULL,
    -- The type of the indicator: who shares numbers by type lets others know whether it holds any of one.
    kind          TEXT    NOT NULL,
    digest        BLOB    NOT NULL,
    tlp           INTEGER NOT NULL,
    active        INTEGER NOT NULL,
    -- When it first came.
    received_at   INTEGER NOT NULL,
    -- When it was received, marked otherwise, or other organisations were named on it.
    since         INTEGER NOT NULL,
    -- From which day on its organisation is told whether unnamed ones reported the same; 0 from the beginning.
    compared_from INTEGER NOT NULL,
    PRIMARY KEY (org_id, id, key_no),
    FOREIGN KEY (org_id, id) REFERENCES indicators (org_id, id)
) STRICT, WITHOUT ROWID;
-- All that decides who reported a thing and who may know it, so that counting what several reported reads this index alone.
CREATE INDEX indicator_digests_digest ON indicator_digests (digest, org_id, tlp, active, received_at, since, compared_from, kind, id);
