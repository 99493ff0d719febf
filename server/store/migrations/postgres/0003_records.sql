-- The organisations named on a record: the only others that AMBER, AMBER+STRICT and RED reach.
CREATE TABLE recipients (
    org_id    BIGINT NOT NULL REFERENCES organisations (id),
    record_id UUID   NOT NULL,
    -- Whose record it is: only the owner names others on it.
    owner_id  BIGINT NOT NULL DEFAULT scope_org() REFERENCES organisations (id),
    PRIMARY KEY (org_id, record_id)
);
CREATE INDEX recipients_record ON recipients (record_id);

CREATE TABLE incidents (
    id          UUID   PRIMARY KEY,
    org_id      BIGINT NOT NULL REFERENCES organisations (id),
    external_id TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    title       TEXT   NOT NULL,
    severity    BIGINT NOT NULL,
    status      BIGINT NOT NULL,
    tlp         BIGINT NOT NULL,
    class       TEXT   NOT NULL,
    opened_at   BIGINT NOT NULL,
    closed_at   BIGINT,
    updated_at  BIGINT NOT NULL,
    raw         TEXT   NOT NULL,
    UNIQUE (org_id, external_id),
    UNIQUE (org_id, id)
);
CREATE INDEX incidents_queue ON incidents (severity, opened_at DESC, id DESC);
CREATE INDEX incidents_opened ON incidents (opened_at);
CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX incidents_open ON incidents (org_id, severity) WHERE status < 3;

CREATE TABLE incident_revisions (
    incident_id UUID   NOT NULL,
    revision    BIGINT NOT NULL,
    org_id      BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    receipt_no  BIGINT NOT NULL,
    tlp         BIGINT NOT NULL,
    summary     TEXT   NOT NULL,
    PRIMARY KEY (incident_id, revision),
    FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id)
);

CREATE TABLE events (
    id           UUID   PRIMARY KEY,
    org_id       BIGINT NOT NULL REFERENCES organisations (id),
    external_id  TEXT   NOT NULL,
    kind         TEXT   NOT NULL,
    title        TEXT   NOT NULL,
    severity     BIGINT NOT NULL,
    tlp          BIGINT NOT NULL,
    observed_at  BIGINT NOT NULL,
    -- The incident as its organisation names it; it may arrive after its events.
    incident     TEXT,
    receipt_no   BIGINT NOT NULL,
    withdrawn_at BIGINT,
    raw          TEXT   NOT NULL,
    UNIQUE (org_id, external_id)
);
CREATE INDEX events_incident ON events (org_id, incident) WHERE incident IS NOT NULL;

CREATE TABLE indicators (
    id          UUID    PRIMARY KEY,
    org_id      BIGINT  NOT NULL REFERENCES organisations (id),
    kind        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    tlp         BIGINT  NOT NULL,
    severity    BIGINT,
    confidence  BIGINT,
    first_seen  BIGINT  NOT NULL,
    last_seen   BIGINT  NOT NULL,
    valid_until BIGINT,
    active      BOOLEAN NOT NULL,
    receipt_no  BIGINT  NOT NULL,
    raw         TEXT    NOT NULL,
    UNIQUE (org_id, kind, value)
);
CREATE INDEX indicators_value ON indicators (kind, value, org_id);
CREATE INDEX indicators_recent ON indicators (last_seen, id);
CREATE INDEX indicators_expiry ON indicators (valid_until) WHERE active AND valid_until IS NOT NULL;

-- Active indicators, counted as they come and go, so that no page counts them again.
CREATE TABLE indicator_totals (
    org_id BIGINT NOT NULL,
    kind   TEXT   NOT NULL,
    tlp    BIGINT NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (org_id, kind, tlp)
);

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
