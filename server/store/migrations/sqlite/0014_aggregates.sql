-- What each organisation is shown of those that share their posture only in totals: one total a week, which stands until the week ends.
CREATE TABLE aggregates (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    -- Counted from 1970; weeks begin on Mondays.
    week      INTEGER NOT NULL,
    -- JSON, with its members: compared with, never shown.
    body      TEXT    NOT NULL,
    PRIMARY KEY (viewer_id, week)
) STRICT, WITHOUT ROWID;
