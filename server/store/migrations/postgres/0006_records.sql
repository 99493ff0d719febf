-- Records: incidents, events and indicators, whom they reach, what is counted of them, and which of them are the same.

-- An organisation named on a record: AMBER, AMBER+STRICT and RED reach no others.
CREATE TABLE recipients (
    -- Whose record it is: only the owner names others on it.
    org_id       BIGINT NOT NULL REFERENCES organisations (id),
    record_id    UUID   NOT NULL,
    recipient_id BIGINT NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (org_id, record_id, recipient_id)
);
-- What names an organisation, whosever it is.
CREATE INDEX recipients_named ON recipients (recipient_id, org_id, record_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON recipients TO shieldwall_app;
ALTER TABLE recipients ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON recipients USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON recipients USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
CREATE POLICY viewer ON recipients FOR SELECT USING ((SELECT scope_kind()) = 'viewer');
CREATE POLICY counter ON recipients FOR SELECT USING ((SELECT scope_kind()) = 'counter');

-- An incident, as its newest revision has it.
CREATE TABLE incidents (
    org_id            BIGINT NOT NULL REFERENCES organisations (id),
    id                UUID   NOT NULL,
    external_id       TEXT   NOT NULL,
    revision          BIGINT NOT NULL,
    title             TEXT   NOT NULL,
    severity          BIGINT NOT NULL,
    status            BIGINT NOT NULL,
    tlp               BIGINT NOT NULL,
    class             TEXT   NOT NULL,
    opened_at         BIGINT NOT NULL,
    closed_at         BIGINT,
    updated_at        BIGINT NOT NULL,
    -- When it first came: a group may keep what was there before from its new members.
    received_at       BIGINT NOT NULL,
    -- The moment of the last push that named it, or of the snapshot that left it out.
    heard_at          BIGINT NOT NULL,
    -- What its organisation said last of an incident that a snapshot left out, which closed it; empty while it was not left out.
    stated_status     BIGINT,
    stated_updated_at BIGINT,
    raw               TEXT   NOT NULL,
    -- What it is found by: folded by the program, which knows every script (`words.rs`). Where there is none yet, the program makes it when it starts.
    words             TEXT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, external_id)
);
-- An address has the id alone.
CREATE INDEX incidents_id ON incidents (id);
CREATE INDEX incidents_queue ON incidents (severity, opened_at DESC, id DESC);
CREATE INDEX incidents_opened ON incidents (opened_at);
CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX incidents_open ON incidents (org_id, severity) WHERE status < 3;
-- What decides whether it may reach somebody, so that a file of those that do is found without passing those that do not.
CREATE INDEX incidents_reach ON incidents (org_id, tlp, received_at, id);
CREATE INDEX incidents_wordless ON incidents (org_id) WHERE words IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON incidents TO shieldwall_app;
ALTER TABLE incidents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON incidents USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON incidents USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
-- A viewer reads records that are their organisation's, and those that are shown to it in detail and that their marking lets reach it: open to all, to those who
-- share a group with their owner, or naming it. A counter also those that are shown as a summary.
CREATE POLICY viewer ON incidents FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR (
    (incidents.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'incidents')
        OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'incidents' AND w.owner_id = incidents.org_id AND w.detail_since <= incidents.received_at))
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = incidents.org_id AND p.since <= incidents.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = incidents.org_id AND r.record_id = incidents.id AND r.recipient_id = (SELECT scope_org()))))));
CREATE POLICY counter ON incidents FOR SELECT USING ((SELECT scope_kind()) = 'counter' AND (org_id = (SELECT scope_org()) OR (
    (incidents.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'incidents')
        OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'incidents' AND w.owner_id = incidents.org_id AND w.summary_since <= incidents.received_at))
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = incidents.org_id AND p.since <= incidents.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = incidents.org_id AND r.record_id = incidents.id AND r.recipient_id = (SELECT scope_org()))))));

-- A revision of an incident: what a push changed of it.
CREATE TABLE incident_revisions (
    org_id      BIGINT NOT NULL,
    incident_id UUID   NOT NULL,
    revision    BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    receipt_no  BIGINT NOT NULL,
    tlp         BIGINT NOT NULL,
    summary     TEXT   NOT NULL,
    PRIMARY KEY (org_id, incident_id, revision),
    FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON incident_revisions TO shieldwall_app;
ALTER TABLE incident_revisions ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON incident_revisions USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON incident_revisions USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
-- It is shown with its incident, to those who may know both of the markings it speaks of.
CREATE POLICY viewer ON incident_revisions FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR (
    EXISTS (SELECT FROM incidents i WHERE i.org_id = incident_revisions.org_id AND i.id = incident_id)
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = incident_revisions.org_id
            AND p.since <= incident_revisions.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = incident_revisions.org_id AND r.record_id = incident_id AND r.recipient_id = (SELECT scope_org()))))));

-- An incident that was marked for fewer than before.
CREATE TABLE remarked_incidents (
    org_id         BIGINT NOT NULL,
    incident_id    UUID   NOT NULL,
    -- Until when everyone could see it, and how it stood then: the numbers of the days before go by it.
    everyone_until BIGINT,
    severity       BIGINT NOT NULL,
    opened_at      BIGINT NOT NULL,
    closed_at      BIGINT,
    PRIMARY KEY (org_id, incident_id),
    FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON remarked_incidents TO shieldwall_app;
ALTER TABLE remarked_incidents ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON remarked_incidents USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON remarked_incidents USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));

-- A critical incident that was open when a viewer was last shown it: re-marked, or no longer shared. It counts until the viewer is shown it again.
CREATE TABLE withdrawn_criticals (
    org_id       BIGINT NOT NULL REFERENCES organisations (id),
    -- The id that is made of the owner's number and the class stands for all beyond those that are remembered.
    incident_id  UUID   NOT NULL,
    viewer_id    BIGINT NOT NULL REFERENCES organisations (id),
    opened_at    BIGINT NOT NULL,
    day          BIGINT NOT NULL,
    returned_day BIGINT,
    -- The moment at which the viewer was shown it again. Should it be hidden once more within a few minutes, it counts as if it had not been.
    returned_at  BIGINT,
    PRIMARY KEY (org_id, incident_id, viewer_id, day)
);
CREATE INDEX withdrawn_criticals_viewer ON withdrawn_criticals (org_id, viewer_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON withdrawn_criticals TO shieldwall_app;
ALTER TABLE withdrawn_criticals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON withdrawn_criticals USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON withdrawn_criticals USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));

-- An event.
CREATE TABLE events (
    org_id       BIGINT NOT NULL REFERENCES organisations (id),
    id           UUID   NOT NULL,
    external_id  TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    title        TEXT   NOT NULL,
    severity     BIGINT NOT NULL,
    tlp          BIGINT NOT NULL,
    observed_at  BIGINT NOT NULL,
    -- The incident as its organisation names it; it may arrive after its events.
    incident     TEXT,
    receipt_no   BIGINT NOT NULL,
    -- When it first came.
    received_at  BIGINT NOT NULL,
    -- The moment of the last push that named it, or of the snapshot that left it out.
    heard_at     BIGINT NOT NULL,
    withdrawn_at BIGINT,
    raw          TEXT   NOT NULL,
    -- What it is found by, as with incidents.
    words        TEXT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, external_id)
);
CREATE INDEX events_id ON events (id);
CREATE INDEX events_incident ON events (org_id, incident) WHERE incident IS NOT NULL;
CREATE INDEX events_recent ON events (observed_at, id);
CREATE INDEX events_reach ON events (org_id, tlp, received_at, id);
CREATE INDEX events_wordless ON events (org_id) WHERE words IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON events TO shieldwall_app;
ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON events USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON events USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
CREATE POLICY viewer ON events FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR (
    (events.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'events')
        OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'events' AND w.owner_id = events.org_id AND w.detail_since <= events.received_at))
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = events.org_id AND p.since <= events.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = events.org_id AND r.record_id = events.id AND r.recipient_id = (SELECT scope_org()))))));
CREATE POLICY counter ON events FOR SELECT USING ((SELECT scope_kind()) = 'counter' AND (org_id = (SELECT scope_org()) OR (
    (events.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'events')
        OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'events' AND w.owner_id = events.org_id AND w.summary_since <= events.received_at))
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = events.org_id AND p.since <= events.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = events.org_id AND r.record_id = events.id AND r.recipient_id = (SELECT scope_org()))))));

-- An indicator: a value of a type, which an organisation reports once.
CREATE TABLE indicators (
    org_id      BIGINT  NOT NULL REFERENCES organisations (id),
    id          UUID    NOT NULL,
    kind        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    -- Whether `value` is no value but the keyed hash of one that its organisation did not tell.
    hashed      BOOLEAN NOT NULL DEFAULT FALSE,
    tlp         BIGINT  NOT NULL,
    severity    BIGINT,
    confidence  BIGINT,
    first_seen  BIGINT  NOT NULL,
    last_seen   BIGINT  NOT NULL,
    -- Its end as its organisation said it.
    valid_until BIGINT,
    active      BOOLEAN NOT NULL,
    receipt_no  BIGINT  NOT NULL,
    -- When it first came.
    received_at BIGINT  NOT NULL,
    -- The moment of the last push that named it, or of the snapshot that left it out.
    heard_at    BIGINT  NOT NULL,
    -- When a snapshot left it out.
    left_out_at BIGINT,
    raw         TEXT    NOT NULL,
    -- The first address of an address or a network, in hexadecimal digits that sort as addresses do, so that a network finds what is in it; empty for all else.
    -- Where there is none yet, the indicator came before each had one spelling: the program respells those when it starts.
    address     TEXT COLLATE "C",
    -- What it is found by, as with incidents.
    words       TEXT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, kind, value)
);
CREATE INDEX indicators_id ON indicators (id);
CREATE INDEX indicators_recent ON indicators (last_seen, id);
CREATE INDEX indicators_expiry ON indicators (valid_until) WHERE active AND valid_until IS NOT NULL;
CREATE INDEX indicators_reach ON indicators (org_id, tlp, received_at, id);
CREATE INDEX indicators_address ON indicators (kind, address) WHERE address > '';
CREATE INDEX indicators_unspelled ON indicators (org_id) WHERE address IS NULL;
CREATE INDEX indicators_wordless ON indicators (org_id) WHERE words IS NULL;
GRANT SELECT, INSERT, UPDATE, DELETE ON indicators TO shieldwall_app;
ALTER TABLE indicators ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON indicators USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON indicators USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
CREATE POLICY viewer ON indicators FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR (
    (indicators.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'indicators')
        OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'indicators' AND w.owner_id = indicators.org_id AND w.detail_since <= indicators.received_at))
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = indicators.org_id AND p.since <= indicators.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = indicators.org_id AND r.record_id = indicators.id AND r.recipient_id = (SELECT scope_org()))))));
CREATE POLICY counter ON indicators FOR SELECT USING ((SELECT scope_kind()) = 'counter' AND (org_id = (SELECT scope_org()) OR (
    (indicators.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'indicators')
        OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'indicators' AND w.owner_id = indicators.org_id AND w.summary_since <= indicators.received_at))
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = indicators.org_id AND p.since <= indicators.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = indicators.org_id AND r.record_id = indicators.id AND r.recipient_id = (SELECT scope_org()))))));

-- The active indicators of a type and a marking, counted as they come and go, so that no page counts them again.
CREATE TABLE indicator_totals (
    org_id BIGINT NOT NULL,
    kind   TEXT   NOT NULL,
    tlp    BIGINT NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (org_id, kind, tlp)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON indicator_totals TO shieldwall_app;
ALTER TABLE indicator_totals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON indicator_totals USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON indicator_totals USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
-- Numbers about marked records carry a marking and no recipients. Kept totals know no times: they serve whom nothing earlier is kept from. For the others the
-- rows are counted.
CREATE POLICY counter ON indicator_totals FOR SELECT USING ((SELECT scope_kind()) = 'counter' AND (org_id = (SELECT scope_org()) OR (
    org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'indicators' AND (w.summary_since IS NULL OR w.summary_since > 0))
    AND (tlp <= 1 OR (tlp = 2 AND org_id IN (SELECT p.owner_id FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.since = 0))))));

-- A count of indicators that an organisation pushed instead of the indicators themselves: of a type, a marking and a severity, in a window of time.
CREATE TABLE indicator_counts (
    org_id       BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    window_end   BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    tlp          BIGINT NOT NULL,
    severity     BIGINT NOT NULL,
    n            BIGINT NOT NULL,
    receipt_no   BIGINT NOT NULL,
    PRIMARY KEY (org_id, window_start, window_end, kind, tlp, severity)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON indicator_counts TO shieldwall_app;
ALTER TABLE indicator_counts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON indicator_counts USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON indicator_counts USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
CREATE POLICY counter ON indicator_counts FOR SELECT USING ((SELECT scope_kind()) = 'counter' AND (org_id = (SELECT scope_org()) OR (
    (org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'indicators')
        OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'indicators' AND w.owner_id = indicator_counts.org_id
            AND w.summary_since <= window_start))
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = indicator_counts.org_id AND p.since <= window_start))))));

-- What an organisation is shown of those that share a class of records only in totals: one count a week, which stands until the week ends.
CREATE TABLE count_totals (
    viewer_id BIGINT NOT NULL REFERENCES organisations (id),
    class     TEXT   NOT NULL,
    -- Counted from 1970; weeks begin on Mondays.
    week      BIGINT NOT NULL,
    -- JSON, with its members: compared with, never shown.
    body      TEXT   NOT NULL,
    PRIMARY KEY (viewer_id, class, week)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON count_totals TO shieldwall_app;
ALTER TABLE count_totals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Its members are nobody's business.
CREATE POLICY hub ON count_totals USING ((SELECT scope_kind()) = 'hub');

-- An open incident, an event or an active indicator that a viewer was shown and that is marked for fewer now: what the viewer counts is "at least". The id that
-- is made of the owner's number and the class stands for all beyond those that are remembered.
CREATE TABLE withdrawn_records (
    org_id      BIGINT NOT NULL REFERENCES organisations (id),
    record_id   UUID   NOT NULL,
    viewer_id   BIGINT NOT NULL REFERENCES organisations (id),
    class       TEXT   NOT NULL,
    -- The moment at which the viewer was shown it again. Should it be hidden once more within a few minutes, it counts as if it had not been.
    returned_at BIGINT,
    PRIMARY KEY (org_id, record_id, viewer_id)
);
CREATE INDEX withdrawn_records_viewer ON withdrawn_records (org_id, viewer_id, class);
GRANT SELECT, INSERT, UPDATE, DELETE ON withdrawn_records TO shieldwall_app;
ALTER TABLE withdrawn_records ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON withdrawn_records USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON withdrawn_records USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));

-- For whom it is settled in a week who counts where three or more unnamed organisations reported a thing. It stands until the week ends.
CREATE TABLE overlap_weeks (
    viewer_id  BIGINT NOT NULL REFERENCES organisations (id),
    week_start BIGINT NOT NULL,
    PRIMARY KEY (viewer_id, week_start)
);
CREATE INDEX overlap_weeks_week ON overlap_weeks (week_start);
GRANT SELECT, INSERT, DELETE ON overlap_weeks TO shieldwall_app;
ALTER TABLE overlap_weeks ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON overlap_weeks USING ((SELECT scope_kind()) = 'hub');

-- One of those who count in a viewer's week.
CREATE TABLE overlap_members (
    viewer_id  BIGINT NOT NULL,
    week_start BIGINT NOT NULL,
    owner_id   BIGINT NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (viewer_id, week_start, owner_id),
    FOREIGN KEY (viewer_id, week_start) REFERENCES overlap_weeks (viewer_id, week_start) ON DELETE CASCADE
);
GRANT SELECT, INSERT, DELETE ON overlap_members TO shieldwall_app;
ALTER TABLE overlap_members ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON overlap_members USING ((SELECT scope_kind()) = 'hub');
-- What a viewer's statements count by. Who is in it is shown to nobody.
CREATE POLICY viewer ON overlap_members FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND viewer_id = (SELECT scope_org()));

-- A type of which enough of the week's members hold some, so that three or more of them may be any.
CREATE TABLE overlap_kinds (
    viewer_id  BIGINT NOT NULL,
    week_start BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    PRIMARY KEY (viewer_id, week_start, kind),
    FOREIGN KEY (viewer_id, week_start) REFERENCES overlap_weeks (viewer_id, week_start) ON DELETE CASCADE
);
GRANT SELECT, INSERT, DELETE ON overlap_kinds TO shieldwall_app;
ALTER TABLE overlap_kinds ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON overlap_kinds USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY viewer ON overlap_kinds FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND viewer_id = (SELECT scope_org()));

-- How many new indicators of an organisation are compared with those of unnamed ones on a day.
CREATE TABLE overlap_comparisons (
    org_id BIGINT NOT NULL REFERENCES organisations (id),
    day    BIGINT NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (org_id, day)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON overlap_comparisons TO shieldwall_app;
ALTER TABLE overlap_comparisons ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON overlap_comparisons USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON overlap_comparisons USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));

-- The keyed hash of an indicator's type and value, by which reports of the same thing find each other. An indicator has one under each of the alliance's keys
-- that are accepted: the current one, and for a while the one before it.
CREATE TABLE indicator_digests (
    org_id        BIGINT  NOT NULL,
    -- The indicator's.
    id            UUID    NOT NULL,
    -- The number of the alliance's key.
    key_no        BIGINT  NOT NULL,
    -- The type of the indicator: who shares numbers by type lets others know whether it holds any of one.
    kind          TEXT    NOT NULL,
    digest        BYTEA   NOT NULL,
    tlp           BIGINT  NOT NULL,
    active        BOOLEAN NOT NULL,
    -- When it first came.
    received_at   BIGINT  NOT NULL,
    -- When it was received, marked otherwise, or other organisations were named on it.
    since         BIGINT  NOT NULL,
    -- From which day on its organisation is told whether unnamed ones reported the same; 0 from the beginning.
    compared_from BIGINT  NOT NULL,
    PRIMARY KEY (org_id, id, key_no),
    FOREIGN KEY (org_id, id) REFERENCES indicators (org_id, id)
);
-- All that decides who reported a thing and who may know it, so that counting what several reported reads this index alone.
CREATE INDEX indicator_digests_digest ON indicator_digests (digest, org_id, tlp, active, received_at, since, compared_from, kind, id);
GRANT SELECT, INSERT, UPDATE, DELETE ON indicator_digests TO shieldwall_app;
ALTER TABLE indicator_digests ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON indicator_digests USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON indicator_digests USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
-- A summary names nobody: who is shown less than single records is told of reports of the week's members alone, and not whose they are. A report of a member is
-- counted until the week ends, whatever its organisation's rules have become.
CREATE POLICY viewer ON indicator_digests FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org()) OR (
    (org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'indicators')
        OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'indicators' AND w.owner_id = indicator_digests.org_id
            AND w.detail_since <= indicator_digests.received_at))
    AND (tlp <= 1 OR (tlp = 2 AND EXISTS (SELECT FROM peers p WHERE p.viewer_id = (SELECT scope_org()) AND p.owner_id = indicator_digests.org_id AND p.since <= indicator_digests.received_at))
        OR EXISTS (SELECT FROM recipients r WHERE r.org_id = indicator_digests.org_id AND r.record_id = indicator_digests.id AND r.recipient_id = (SELECT scope_org()))))
    OR (tlp <= 1 AND org_id IN (SELECT m.owner_id FROM overlap_members m WHERE m.viewer_id = (SELECT scope_org())
        AND m.week_start = (SELECT max(l.week_start) FROM overlap_members l WHERE l.viewer_id = (SELECT scope_org()))))));
