-- Records that counted (an open incident, an event, an active indicator), or that were open critical incidents, until a moment, and to whom they were shown so then.
-- A state that stood for a few minutes only is not taken as the last one that was shown.
CREATE TABLE shown_lately (
    record_id   UUID   NOT NULL,
    -- 1: as an open critical incident.
    critical    BIGINT NOT NULL,
    org_id      BIGINT NOT NULL REFERENCES organisations (id),
    class       BIGINT NOT NULL,
    until       BIGINT NOT NULL,
    tlp         BIGINT NOT NULL,
    -- Numbers of organisations, as JSON.
    recipients  TEXT   NOT NULL,
    received_at BIGINT NOT NULL,
    opened_at   BIGINT NOT NULL,
    PRIMARY KEY (record_id, critical)
);
CREATE INDEX shown_lately_org ON shown_lately (org_id);
CREATE INDEX shown_lately_until ON shown_lately (until);

GRANT SELECT, INSERT, UPDATE, DELETE ON shown_lately TO shieldwall_app;
ALTER TABLE shown_lately ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON shown_lately USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON shown_lately USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));

-- The moment at which a viewer was shown it again. Should it be hidden once more within a few minutes, it counts as if it had not been.
ALTER TABLE withdrawn_criticals ADD COLUMN returned_at BIGINT;
ALTER TABLE withdrawn_records ADD COLUMN returned_at BIGINT;
