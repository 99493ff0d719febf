-- Sharing: what organisations let each other see, what follows from it for each pair of them, and what was shown before.

-- What an organisation lets an audience see of one class of its data.
CREATE TABLE sharing_rules (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    class       TEXT    NOT NULL,
    audience    TEXT    NOT NULL CHECK (audience IN ('everyone', 'group', 'organisation')),
    -- The group's or the organisation's number; 0 for everyone.
    audience_id INTEGER NOT NULL,
    level       TEXT    NOT NULL CHECK (level IN ('none', 'aggregate', 'summary', 'detail')),
    set_at      INTEGER NOT NULL,
    PRIMARY KEY (org_id, class, audience, audience_id)
) STRICT, WITHOUT ROWID;

-- A change of a sharing rule that shows somebody more, until a second person of the organisation agrees.
CREATE TABLE sharing_proposals (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    id          INTEGER NOT NULL,
    class       TEXT    NOT NULL,
    audience    TEXT    NOT NULL,
    audience_id INTEGER NOT NULL,
    -- NULL takes the rule away.
    level       TEXT,
    proposed_by INTEGER NOT NULL,
    proposed_at INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, proposed_by) REFERENCES users (org_id, id)
) STRICT, WITHOUT ROWID;

-- What an organisation confirmed that everyone sees of a class of its data, where it has no rule for everyone. Of a class without a row nobody sees anything.
-- A wider default of the alliance changes none of it.
CREATE TABLE sharing_pins (
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    class  TEXT    NOT NULL,
    -- 0 none to 3 detail.
    level  INTEGER NOT NULL,
    PRIMARY KEY (org_id, class)
) STRICT, WITHOUT ROWID;

-- A first confirmation that waits for the organisation's second administrator.
CREATE TABLE sharing_confirmations (
    org_id       INTEGER PRIMARY KEY REFERENCES organisations (id),
    -- JSON: the levels that the first administrator saw, by the classes' names.
    levels       TEXT    NOT NULL,
    confirmed_by INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    FOREIGN KEY (org_id, confirmed_by) REFERENCES users (org_id, id)
) STRICT;

-- A group of organisations that rules can be made for. `org_id` made it; it has no more say in it than any other member.
CREATE TABLE sharing_groups (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES organisations (id),
    name       TEXT    NOT NULL,
    -- Whether those who join later are shown what was handed in before they did.
    earlier    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- A name is its maker's: that somebody else has a group of the same name is nobody's business.
    UNIQUE (org_id, name)
) STRICT;

-- A member of a group: invited until `joined_at` is set, which only the organisation itself does.
CREATE TABLE sharing_group_members (
    org_id     INTEGER NOT NULL REFERENCES organisations (id),
    group_id   INTEGER NOT NULL REFERENCES sharing_groups (id),
    invited_at INTEGER NOT NULL,
    joined_at  INTEGER,
    PRIMARY KEY (org_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sharing_group_members_group ON sharing_group_members (group_id);

-- An invitation into a group or a consent to one, until a second person of the organisation agrees: both show somebody more of it.
CREATE TABLE group_proposals (
    -- Whose second person agrees.
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    id          INTEGER NOT NULL,
    group_id    INTEGER NOT NULL REFERENCES sharing_groups (id),
    -- Who is invited; the organisation itself where it joins.
    member_id   INTEGER NOT NULL REFERENCES organisations (id),
    proposed_by INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, group_id, member_id),
    FOREIGN KEY (org_id, proposed_by) REFERENCES users (org_id, id)
) STRICT, WITHOUT ROWID;

-- What follows from rules and groups for a pair of organisations and a class of data, written with every change of them. There is a row where not all of the class is shown in detail from the beginning.
CREATE TABLE withheld (
    viewer_id     INTEGER NOT NULL REFERENCES organisations (id),
    class         TEXT    NOT NULL,
    owner_id      INTEGER NOT NULL REFERENCES organisations (id),
    -- As it is now: 0 none, 1 aggregate, 2 summary, 3 detail.
    level         INTEGER NOT NULL,
    -- Since when what comes in is shown in detail, and counted under its owner's name; NULL where it is not.
    detail_since  INTEGER,
    summary_since INTEGER,
    -- Until when the owner was shown by name to one that it is shown to in totals only, or not at all, now: what it brings into a total would be known.
    named_until   INTEGER,
    -- Until when the owner was shown single records, where that is over: what it reported of indicators is known. A summary named it, too, at one time.
    detail_until  INTEGER,
    PRIMARY KEY (viewer_id, class, owner_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX withheld_owner ON withheld (owner_id);

-- A pair of organisations that share a group, written with every change of groups.
CREATE TABLE peers (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    owner_id  INTEGER NOT NULL REFERENCES organisations (id),
    -- Since when what comes in reaches the viewer by TLP:AMBER.
    since     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (viewer_id, owner_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX peers_owner ON peers (owner_id);

-- What a viewer was shown of an organisation and is no longer, so that no number of an earlier day changes when somebody shares less: a class (posture or
-- incidents) was shown until `at`, on `day`. Viewer 0 is every organisation that was there then.
CREATE TABLE shown_before (
    org_id    INTEGER NOT NULL REFERENCES organisations (id),
    viewer_id INTEGER NOT NULL,
    class     TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    -- What came earlier was not shown.
    since     INTEGER NOT NULL,
    -- Of posture: the last score that was shown, without the cap of critical incidents, and those of the domains as JSON.
    score     REAL,
    domains   TEXT,
    PRIMARY KEY (org_id, viewer_id, class, day)
) STRICT, WITHOUT ROWID;

-- A record that counted (an open incident, an event, an active indicator), or that was an open critical incident, until a moment, and to whom it was shown so
-- then. A state that stood for a few minutes only is not taken as the last one that was shown.
CREATE TABLE shown_lately (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    record_id   BLOB    NOT NULL,
    -- 1: as an open critical incident.
    critical    INTEGER NOT NULL,
    class       TEXT    NOT NULL,
    until       INTEGER NOT NULL,
    tlp         INTEGER NOT NULL,
    -- Numbers of organisations, as JSON.
    recipients  TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    PRIMARY KEY (org_id, record_id, critical)
) STRICT, WITHOUT ROWID;
CREATE INDEX shown_lately_until ON shown_lately (until);
