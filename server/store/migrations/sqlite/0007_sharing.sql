-- What each organisation lets an audience see of one class of its data.
CREATE TABLE sharing_rules (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    class       TEXT    NOT NULL CHECK (class IN ('posture', 'incidents', 'events', 'indicators')),
    audience    TEXT    NOT NULL CHECK (audience IN ('everyone', 'group', 'organisation')),
    -- The group's or the organisation's number; 0 for everyone.
    audience_id INTEGER NOT NULL,
    level       TEXT    NOT NULL CHECK (level IN ('none', 'aggregate', 'summary', 'detail')),
    set_at      INTEGER NOT NULL,
    PRIMARY KEY (org_id, class, audience, audience_id)
) STRICT, WITHOUT ROWID;

-- `org_id` made it; it has no more say in it than any other member.
CREATE TABLE sharing_groups (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES organisations (id),
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

-- Invited until `joined_at` is set, which only the organisation itself does.
CREATE TABLE sharing_group_members (
    group_id   INTEGER NOT NULL REFERENCES sharing_groups (id),
    org_id     INTEGER NOT NULL REFERENCES organisations (id),
    invited_at INTEGER NOT NULL,
    joined_at  INTEGER,
    PRIMARY KEY (group_id, org_id)
) STRICT, WITHOUT ROWID;

-- What follows from rules and groups for each pair of organisations, written with every change of them: levels below detail (0 none,
-- 1 aggregate, 2 summary), by class (0 posture, 1 incidents, 2 events, 3 indicators), and who shares a group with whom.
CREATE TABLE withheld (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    class     INTEGER NOT NULL,
    owner_id  INTEGER NOT NULL REFERENCES organisations (id),
    level     INTEGER NOT NULL,
    PRIMARY KEY (viewer_id, class, owner_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX withheld_owner ON withheld (owner_id);

CREATE TABLE peers (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    owner_id  INTEGER NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (viewer_id, owner_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX peers_owner ON peers (owner_id);
