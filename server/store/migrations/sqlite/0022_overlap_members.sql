-- For whom it is settled in a week who counts where three or more unnamed organisations reported a thing. It stands until the week ends.
CREATE TABLE overlap_weeks (
    viewer_id  INTEGER NOT NULL REFERENCES organisations (id),
    week_start INTEGER NOT NULL,
    PRIMARY KEY (week_start, viewer_id)
) STRICT, WITHOUT ROWID;
-- Those who do.
CREATE TABLE overlap_members (
    viewer_id  INTEGER NOT NULL,
    week_start INTEGER NOT NULL,
    owner_id   INTEGER NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (viewer_id, week_start, owner_id),
    FOREIGN KEY (week_start, viewer_id) REFERENCES overlap_weeks (week_start, viewer_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
