-- Records that counted (an open incident, an event, an active indicator), or that were open critical incidents, until a moment, and to whom they were shown so then.
-- A state that stood for a few minutes only is not taken as the last one that was shown.
CREATE TABLE shown_lately (
    record_id   BLOB    NOT NULL,
    -- 1: as an open critical incident.
    critical    INTEGER NOT NULL,
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    class       INTEGER NOT NULL,
    until       INTEGER NOT NULL,
    tlp         INTEGER NOT NULL,
    -- Numbers of organisations, as JSON.
    recipients  TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    PRIMARY KEY (record_id, critical)
) STRICT, WITHOUT ROWID;
CREATE INDEX shown_lately_org ON shown_lately (org_id);
CREATE INDEX shown_lately_until ON shown_lately (until);

-- The moment at which a viewer was shown it again. Should it be hidden once more within a few minutes, it counts as if it had not been.
ALTER TABLE withdrawn_criticals ADD COLUMN returned_at INTEGER;
ALTER TABLE withdrawn_records ADD COLUMN returned_at INTEGER;
