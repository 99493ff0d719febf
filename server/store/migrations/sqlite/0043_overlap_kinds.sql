-- The type of the indicator: who shares numbers by type lets others know whether it holds any of one.
ALTER TABLE indicator_digests ADD COLUMN kind TEXT NOT NULL DEFAULT '';
UPDATE indicator_digests SET kind = (SELECT t.kind FROM indicators t WHERE t.id = indicator_digests.id);
DROP INDEX indicator_digests_digest;
CREATE INDEX indicator_digests_digest ON indicator_digests (digest, org_id, tlp, active, received_at, since, compared_from, kind, id);

-- The types of which enough of the week's members hold some, so that three or more of them may be any.
CREATE TABLE overlap_kinds (
    viewer_id  INTEGER NOT NULL,
    week_start INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    PRIMARY KEY (viewer_id, week_start, kind),
    FOREIGN KEY (week_start, viewer_id) REFERENCES overlap_weeks (week_start, viewer_id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
