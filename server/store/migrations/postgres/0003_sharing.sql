-- Sharing: what organisations let each other see, what follows from it for each pair of them, and what was shown before.

-- What an organisation lets an audience see of one class of its data.
CREATE TABLE sharing_rules (
    org_id      BIGINT NOT NULL REFERENCES organisations (id),
    class       TEXT   NOT NULL,
    audience    TEXT   NOT NULL CHECK (audience IN ('everyone', 'group', 'organisation')),
    -- The group's or the organisation's number; 0 for everyone.
    audience_id BIGINT NOT NULL,
    level       TEXT   NOT NULL CHECK (level IN ('none', 'aggregate', 'summary', 'detail')),
    set_at      BIGINT NOT NULL,
    PRIMARY KEY (org_id, class, audience, audience_id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON sharing_rules TO shieldwall_app;
ALTER TABLE sharing_rules ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON sharing_rules USING ((SELECT scope_kind()) = 'hub');

-- A change of a sharing rule that shows somebody more, until a second person of the organisation agrees.
CREATE TABLE sharing_proposals (
    org_id      BIGINT NOT NULL REFERENCES organisations (id),
    id          BIGINT NOT NULL,
    class       TEXT   NOT NULL,
    audience    TEXT   NOT NULL,
    audience_id BIGINT NOT NULL,
    -- NULL takes the rule away.
    level       TEXT,
    proposed_by BIGINT NOT NULL,
    proposed_at BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, proposed_by) REFERENCES users (org_id, id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON sharing_proposals TO shieldwall_app;
ALTER TABLE sharing_proposals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON sharing_proposals USING ((SELECT scope_kind()) = 'hub');

-- What an organisation confirmed that everyone sees of a class of its data, where it has no rule for everyone. Of a class without a row nobody sees anything.
-- A wider default of the alliance changes none of it.
CREATE TABLE sharing_pins (
    org_id BIGINT NOT NULL REFERENCES organisations (id),
    class  TEXT   NOT NULL,
    -- 0 none to 3 detail.
    level  BIGINT NOT NULL,
    PRIMARY KEY (org_id, class)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON sharing_pins TO shieldwall_app;
ALTER TABLE sharing_pins ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON sharing_pins USING ((SELECT scope_kind()) = 'hub');

-- A first confirmation that waits for the organisation's second administrator.
CREATE TABLE sharing_confirmations (
    org_id       BIGINT PRIMARY KEY REFERENCES organisations (id),
    -- JSON: the levels that the first administrator saw, by the classes' names.
    levels       TEXT   NOT NULL,
    confirmed_by BIGINT NOT NULL,
    confirmed_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    FOREIGN KEY (org_id, confirmed_by) REFERENCES users (org_id, id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON sharing_confirmations TO shieldwall_app;
ALTER TABLE sharing_confirmations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON sharing_confirmations USING ((SELECT scope_kind()) = 'hub');

-- A group of organisations that rules can be made for. `org_id` made it; it has no more say in it than any other member.
CREATE TABLE sharing_groups (
    id         BIGINT  PRIMARY KEY,
    org_id     BIGINT  NOT NULL REFERENCES organisations (id),
    name       TEXT    NOT NULL,
    -- Whether those who join later are shown what was handed in before they did.
    earlier    BOOLEAN NOT NULL,
    created_at BIGINT  NOT NULL,
    -- A name is its maker's: that somebody else has a group of the same name is nobody's business.
    UNIQUE (org_id, name)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON sharing_groups TO shieldwall_app;
ALTER TABLE sharing_groups ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON sharing_groups USING ((SELECT scope_kind()) = 'hub');

-- A member of a group: invited until `joined_at` is set, which only the organisation itself does.
CREATE TABLE sharing_group_members (
    org_id     BIGINT NOT NULL REFERENCES organisations (id),
    group_id   BIGINT NOT NULL REFERENCES sharing_groups (id),
    invited_at BIGINT NOT NULL,
    joined_at  BIGINT,
    PRIMARY KEY (org_id, group_id)
);
CREATE INDEX sharing_group_members_group ON sharing_group_members (group_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON sharing_group_members TO shieldwall_app;
ALTER TABLE sharing_group_members ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON sharing_group_members USING ((SELECT scope_kind()) = 'hub');

-- An invitation into a group or a consent to one, until a second person of the organisation agrees: both show somebody more of it.
CREATE TABLE group_proposals (
    -- Whose second person agrees.
    org_id      BIGINT NOT NULL REFERENCES organisations (id),
    id          BIGINT NOT NULL,
    group_id    BIGINT NOT NULL REFERENCES sharing_groups (id),
    -- Who is invited; the organisation itself where it joins.
    member_id   BIGINT NOT NULL REFERENCES organisations (id),
    proposed_by BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, group_id, member_id),
    FOREIGN KEY (org_id, proposed_by) REFERENCES users (org_id, id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON group_proposals TO shieldwall_app;
ALTER TABLE group_proposals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON group_proposals USING ((SELECT scope_kind()) = 'hub');

-- What follows from rules and groups for a pair of organisations and a class of data, written with every change of them. There is a row where not all of the class is shown in detail from the beginning.
CREATE TABLE withheld (
    viewer_id     BIGINT NOT NULL REFERENCES organisations (id),
    class         TEXT   NOT NULL,
    owner_id      BIGINT NOT NULL REFERENCES organisations (id),
    -- As it is now: 0 none, 1 aggregate, 2 summary, 3 detail.
    level         BIGINT NOT NULL,
    -- Since when what comes in is shown in detail, and counted under its owner's name; NULL where it is not.
    detail_since  BIGINT,
    summary_since BIGINT,
    -- Until when the owner was shown by name to one that it is shown to in totals only, or not at all, now: what it brings into a total would be known.
    named_until   BIGINT,
    -- Until when the owner was shown single records, where that is over: what it reported of indicators is known. A summary named it, too, at one time.
    detail_until  BIGINT,
    PRIMARY KEY (viewer_id, class, owner_id)
);
CREATE INDEX withheld_owner ON withheld (owner_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON withheld TO shieldwall_app;
ALTER TABLE withheld ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON withheld USING ((SELECT scope_kind()) = 'hub');
-- A viewer reads what was decided about their own organisation.
CREATE POLICY viewer ON withheld FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND viewer_id = (SELECT scope_org()));
CREATE POLICY counter ON withheld FOR SELECT USING ((SELECT scope_kind()) = 'counter' AND viewer_id = (SELECT scope_org()));
-- A push that re-marks an incident finds out who was shown it.
CREATE POLICY partner ON withheld FOR SELECT USING ((SELECT scope_kind()) = 'partner' AND owner_id = (SELECT scope_org()));

-- A pair of organisations that share a group, written with every change of groups.
CREATE TABLE peers (
    viewer_id BIGINT NOT NULL REFERENCES organisations (id),
    owner_id  BIGINT NOT NULL REFERENCES organisations (id),
    -- Since when what comes in reaches the viewer by TLP:AMBER.
    since     BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (viewer_id, owner_id)
);
CREATE INDEX peers_owner ON peers (owner_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON peers TO shieldwall_app;
ALTER TABLE peers ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON peers USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY viewer ON peers FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND viewer_id = (SELECT scope_org()));
CREATE POLICY counter ON peers FOR SELECT USING ((SELECT scope_kind()) = 'counter' AND viewer_id = (SELECT scope_org()));
CREATE POLICY partner ON peers FOR SELECT USING ((SELECT scope_kind()) = 'partner' AND owner_id = (SELECT scope_org()));

-- What a viewer was shown of an organisation and is no longer, so that no number of an earlier day changes when somebody shares less: a class (posture or
-- incidents) was shown until `at`, on `day`. Viewer 0 is every organisation that was there then.
CREATE TABLE shown_before (
    org_id    BIGINT NOT NULL REFERENCES organisations (id),
    viewer_id BIGINT NOT NULL,
    class     TEXT   NOT NULL,
    day       BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    -- What came earlier was not shown.
    since     BIGINT NOT NULL,
    -- Of posture: the last score that was shown, without the cap of critical incidents, and those of the domains as JSON.
    score     DOUBLE PRECISION,
    domains   TEXT,
    PRIMARY KEY (org_id, viewer_id, class, day)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON shown_before TO shieldwall_app;
ALTER TABLE shown_before ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON shown_before USING ((SELECT scope_kind()) = 'hub');

-- A record that counted (an open incident, an event, an active indicator), or that was an open critical incident, until a moment, and to whom it was shown so
-- then. A state that stood for a few minutes only is not taken as the last one that was shown.
CREATE TABLE shown_lately (
    org_id      BIGINT NOT NULL REFERENCES organisations (id),
    record_id   UUID   NOT NULL,
    -- 1: as an open critical incident.
    critical    BIGINT NOT NULL,
    class       TEXT   NOT NULL,
    until       BIGINT NOT NULL,
    tlp         BIGINT NOT NULL,
    -- Numbers of organisations, as JSON.
    recipients  TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    opened_at   BIGINT NOT NULL,
    PRIMARY KEY (org_id, record_id, critical)
);
CREATE INDEX shown_lately_until ON shown_lately (until);
GRANT SELECT, INSERT, UPDATE, DELETE ON shown_lately TO shieldwall_app;
ALTER TABLE shown_lately ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON shown_lately USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON shown_lately USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
