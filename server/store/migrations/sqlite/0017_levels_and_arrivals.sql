-- When each record first came: a group may keep what was there before from its new members.
ALTER TABLE incidents ADD COLUMN received_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN received_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE indicators ADD COLUMN received_at INTEGER NOT NULL DEFAULT 0;
UPDATE incidents SET received_at = coalesce((SELECT min(v.received_at) FROM incident_revisions v WHERE v.incident_id = incidents.id), opened_at);
-- Their first receipt is not known, only their last.
UPDATE events SET received_at = min(observed_at, coalesce((SELECT c.received_at FROM receipts c WHERE c.no = events.receipt_no), observed_at));
UPDATE indicators SET received_at = min(first_seen, coalesce((SELECT c.received_at FROM receipts c WHERE c.no = indicators.receipt_no), first_seen));
CREATE INDEX events_recent ON events (observed_at, id);

-- Whether those who join later are shown what was handed in before they did.
ALTER TABLE sharing_groups ADD COLUMN earlier INTEGER NOT NULL DEFAULT 1;

-- A name is its maker's: that somebody else has a group of the same name is nobody's business.
ALTER TABLE sharing_groups RENAME COLUMN name TO unique_name;
ALTER TABLE sharing_groups ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE sharing_groups SET name = unique_name, unique_name = org_id || ':' || unique_name;

-- `withheld` has a row where not all of a class is shown in detail from the beginning: the level as it is now (0 none, 1 aggregate, 2 summary, 3 detail),
-- and since when what comes in is shown in detail, and counted under its owner's name; NULL where it is not.
ALTER TABLE withheld ADD COLUMN detail_since INTEGER;
ALTER TABLE withheld ADD COLUMN summary_since INTEGER;
UPDATE withheld SET summary_since = 0 WHERE level = 2;
-- Since when what comes in reaches the other by TLP:AMBER.
ALTER TABLE peers ADD COLUMN since INTEGER NOT NULL DEFAULT 0;

-- The youngest arrival among the records that a change is about: whoever is shown only younger ones is not told of it.
ALTER TABLE outbox ADD COLUMN newest INTEGER NOT NULL DEFAULT 9223372036854775807;

-- What each organisation is shown of those that share a class of records only in totals: one count a week, which stands until the week ends.
CREATE TABLE count_totals (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    -- 1 incidents, 2 events, 3 indicators.
    class     INTEGER NOT NULL,
    -- Counted from 1970; weeks begin on Mondays.
    week      INTEGER NOT NULL,
    -- JSON, with its members: compared with, never shown.
    body      TEXT    NOT NULL,
    PRIMARY KEY (viewer_id, class, week)
) STRICT, WITHOUT ROWID;
