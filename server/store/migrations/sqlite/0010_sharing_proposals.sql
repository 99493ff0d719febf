-- Changes of sharing rules that show somebody more, until a second person of the organisation agrees.
CREATE TABLE sharing_proposals (
    id          INTEGER PRIMARY KEY,
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
CREATE INDEX sharing_proposals_org ON sharing_proposals (org_id);
