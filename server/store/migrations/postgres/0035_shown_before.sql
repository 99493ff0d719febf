-- What organisations were shown of each other and are no longer, so that no number of an earlier day changes when somebody shares less.
-- A class (0 posture, 1 incidents) of an owner was shown to a viewer until `at`, on `day`; viewer 0 is every organisation that was there then.
CREATE TABLE shown_before (
    viewer_id BIGINT NOT NULL,
    owner_id  BIGINT NOT NULL REFERENCES organisations (id),
    class     BIGINT NOT NULL,
    day       BIGINT NOT NULL,
    at        BIGINT NOT NULL,
    -- What came earlier was not shown.
    since     BIGINT NOT NULL,
    -- Of posture: the last score that was shown, without the cap of critical incidents, and those of the domains as JSON.
    score     DOUBLE PRECISION,
    domains   TEXT,
    PRIMARY KEY (viewer_id, owner_id, class, day)
);

-- Critical incidents that were open when a viewer was last shown them: re-marked, or no longer shared. They count until the viewer is shown them again.
CREATE TABLE withdrawn_criticals (
    viewer_id    BIGINT NOT NULL REFERENCES organisations (id),
    incident_id  UUID   NOT NULL,
    owner_id     BIGINT NOT NULL REFERENCES organisations (id),
    opened_at    BIGINT NOT NULL,
    day          BIGINT NOT NULL,
    returned_day BIGINT,
    PRIMARY KEY (viewer_id, incident_id, day)
);
CREATE INDEX withdrawn_criticals_owner ON withdrawn_criticals (owner_id);
CREATE INDEX withdrawn_criticals_incident ON withdrawn_criticals (incident_id);

-- Incidents that were marked for fewer than before.
CREATE TABLE remarked_incidents (
    incident_id    UUID   PRIMARY KEY,
    org_id         BIGINT NOT NULL REFERENCES organisations (id),
    -- When that was last, of one that was open then.
    narrowed_at    BIGINT,
    -- Until when everyone could see it, and how it stood then: the numbers of the days before go by it.
    everyone_until BIGINT,
    severity       BIGINT NOT NULL,
    opened_at      BIGINT NOT NULL,
    closed_at      BIGINT
);
CREATE INDEX remarked_incidents_org ON remarked_incidents (org_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON shown_before, withdrawn_criticals, remarked_incidents TO shieldwall_app;
DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['shown_before', 'withdrawn_criticals', 'remarked_incidents'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY hub ON %I USING ((SELECT scope_kind()) = ''hub'')', name);
    END LOOP;
    -- A push that re-marks an incident finds out who was shown it.
    FOREACH name IN ARRAY ARRAY['withheld', 'peers'] LOOP
        EXECUTE format('CREATE POLICY partner ON %I FOR SELECT USING ((SELECT scope_kind()) = ''partner'' AND owner_id = (SELECT scope_org()))', name);
    END LOOP;
END $$;
CREATE POLICY partner ON withdrawn_criticals USING ((SELECT scope_kind()) = 'partner' AND owner_id = (SELECT scope_org()));
CREATE POLICY partner ON remarked_incidents USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
