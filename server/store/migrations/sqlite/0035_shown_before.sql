-- What organisations were shown of each other and are no longer, so that no number of an earlier day changes when somebody shares less.
-- A class (0 posture, 1 incidents) of an owner was shown to a viewer until `at`, on `day`; viewer 0 is every organisation that was there then.
CREATE TABLE shown_before (
    viewer_id INTEGER NOT NULL,
    owner_id  INTEGER NOT NULL REFERENCES organisations (id),
    class     INTEGER NOT NULL,
    day       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    -- What came earlier was not shown.
    since     INTEGER NOT NULL,
    -- Of posture: the last score that was shown, without the cap of critical incidents, and those of the domains as JSON.
    score     REAL,
    domains   TEXT,
    PRIMARY KEY (viewer_id, owner_id, class, day)
) STRICT, WITHOUT ROWID;

-- Critical incidents that were open when a viewer was last shown them: re-marked, or no longer shared. They count until the viewer is shown them again.
CREATE TABLE withdrawn_criticals (
    viewer_id    INTEGER NOT NULL REFERENCES organisations (id),
    incident_id  BLOB    NOT NULL,
    owner_id     INTEGER NOT NULL REFERENCES organisations (id),
    opened_at    INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    returned_day INTEGER,
    PRIMARY KEY (viewer_id, incident_id, day)
) STRICT, WITHOUT ROWID;
CREATE INDEX withdrawn_criticals_owner ON withdrawn_criticals (owner_id);
CREATE INDEX withdrawn_criticals_incident ON withdrawn_criticals (incident_id);

-- Incidents that were marked for fewer than before.
CREATE TABLE remarked_incidents (
    incident_id    BLOB    PRIMARY KEY,
    org_id         INTEGER NOT NULL REFERENCES organisations (id),
    -- When that was last, of one that was open then.
    narrowed_at    INTEGER,
    -- Until when everyone could see it, and how it stood then: the numbers of the days before go by it.
    everyone_until INTEGER,
    severity       INTEGER NOT NULL,
    opened_at      INTEGER NOT NULL,
    closed_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX remarked_incidents_org ON remarked_incidents (org_id);
