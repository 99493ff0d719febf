-- Until when an organisation was shown by name to one that it is shown to in totals only, or not at all, now: what it brings into a total would be known.
ALTER TABLE withheld ADD COLUMN named_until INTEGER;

-- Their numbers are not given twice, so that whoever agrees to one means what he saw.
CREATE TABLE sharing_proposals_numbered (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    class       TEXT    NOT NULL,
    audience    TEXT    NOT NULL,
    audience_id INTEGER NOT NULL,
    -- NULL takes the rule away.
    level       TEXT,
    proposed_by INTEGER NOT NULL REFERENCES users (id),
    proposed_at INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT;
INSERT INTO sharing_proposals_numbered SELECT id, org_id, class, audience, audience_id, level, proposed_by, proposed_at, expires_at FROM sharing_proposals;
DROP TABLE sharing_proposals;
ALTER TABLE sharing_proposals_numbered RENAME TO sharing_proposals;
CREATE INDEX sharing_proposals_org ON sharing_proposals (org_id);
