-- Posture: samples of metrics, what is current of them, and what is made of them.
--
-- Samples lie packed in `body` columns (`samples/body.rs` has the forms), because rows are what they cost: a push is one row of `pushed_samples`, whatever the number of its
-- samples. Every hour, or where many came, an organisation's pushes are folded into `samples`, sorted by series and time, and into its hours and days. So what there is of a time
-- is in the folded rows and, as far as it came lately, in `pushed_samples`; who reads reads the latter first, and finds what is folded meanwhile twice, which is the same.
-- Series are numbered within their organisation, and a `part` is 128 of them: what is written and read at once. Packed rows refer to nothing: looking for what they
-- refer to would take longer than writing them; a push has its organisation's row in `push_states`, without which it cannot be written.

-- A series of an organisation: a metric with its labels.
CREATE TABLE series (
    org_id BIGINT NOT NULL REFERENCES organisations (id),
    number BIGINT NOT NULL,
    metric TEXT   NOT NULL,
    labels TEXT   NOT NULL,
    PRIMARY KEY (org_id, number),
    UNIQUE (org_id, metric, labels)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON series TO shieldwall_app;
ALTER TABLE series ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON series USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON series USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
-- Posture down to the single value is for those who are shown it in detail: of samples and what is made of them, since then.
CREATE POLICY viewer ON series FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org())
    OR org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture' AND w.detail_since IS NULL)));

-- The samples of a push, until they are folded.
CREATE TABLE pushed_samples (
    org_id     BIGINT NOT NULL,
    receipt_no BIGINT NOT NULL,
    -- The newest moment among them.
    newest_at  BIGINT NOT NULL,
    body       BYTEA  NOT NULL,
    PRIMARY KEY (org_id, receipt_no)
) WITH (toast_tuple_target = 8160);
ALTER TABLE pushed_samples ALTER COLUMN body SET STORAGE EXTERNAL;
GRANT SELECT, INSERT, UPDATE, DELETE ON pushed_samples TO shieldwall_app;
ALTER TABLE pushed_samples ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON pushed_samples USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON pushed_samples USING ((SELECT scope_kind()) = 'partner' AND org_id = ANY ((SELECT scope_orgs())::bigint[]));
-- Posture down to the single value is for those who are shown it in detail, since then: of what is packed they get rows in which there is anything of that time, and the program
-- leaves out what is older.
CREATE POLICY viewer ON pushed_samples FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org())
    OR org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture')
    OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture' AND w.owner_id = pushed_samples.org_id AND w.detail_since <= pushed_samples.newest_at)));

-- Samples of an hour, in rows as they were folded. A moment of a series has one value, in one row: the same again changes nothing, another corrects it there.
CREATE TABLE samples (
    org_id     BIGINT NOT NULL,
    part       BIGINT NOT NULL,
    -- The newest moment among them.
    newest_at  BIGINT NOT NULL,
    -- The newest receipt among those that were folded into it; a correction leaves it as it is.
    receipt_no BIGINT NOT NULL,
    body       BYTEA  NOT NULL,
    PRIMARY KEY (org_id, part, newest_at, receipt_no)
) WITH (toast_tuple_target = 8160);
ALTER TABLE samples ALTER COLUMN body SET STORAGE EXTERNAL;
GRANT SELECT, INSERT, UPDATE, DELETE ON samples TO shieldwall_app;
ALTER TABLE samples ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON samples USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON samples USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
CREATE POLICY viewer ON samples FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org())
    OR org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture')
    OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture' AND w.owner_id = samples.org_id AND w.detail_since <= samples.newest_at)));

-- Whether an owner shows the viewer single values of a moment, as the policies of samples say it. For the table that each push updates: conditions of readers are prepared for
-- each statement that does, and a function's only when it is called.
CREATE FUNCTION shows_values(owner BIGINT, moment BIGINT) RETURNS BOOLEAN LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN owner = scope_org() OR NOT EXISTS (SELECT FROM withheld w WHERE w.viewer_id = scope_org() AND w.class = 'posture' AND w.owner_id = owner
        AND (w.detail_since IS NULL OR w.detail_since > moment));
END $$;

-- The newest value of each series of a part. Every push rewrites it, on its page, so that no index has to learn of it.
CREATE TABLE current_values (
    org_id    BIGINT NOT NULL,
    part      BIGINT NOT NULL,
    -- The newest moment among them.
    newest_at BIGINT NOT NULL,
    body      BYTEA  NOT NULL,
    PRIMARY KEY (org_id, part)
) WITH (fillfactor = 50, toast_tuple_target = 8160);
ALTER TABLE current_values ALTER COLUMN body SET STORAGE EXTERNAL;
GRANT SELECT, INSERT, UPDATE, DELETE ON current_values TO shieldwall_app;
ALTER TABLE current_values ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON current_values USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON current_values USING ((SELECT scope_kind()) = 'partner' AND org_id = ANY ((SELECT scope_orgs())::bigint[]));
CREATE POLICY viewer ON current_values FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND shows_values(org_id, newest_at));

-- The last value of each series of a part in an hour. Derived: can be made again from the samples, as long as these are kept.
CREATE TABLE rollup_hours (
    org_id BIGINT NOT NULL,
    part   BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    body   BYTEA  NOT NULL,
    PRIMARY KEY (org_id, part, bucket)
);
ALTER TABLE rollup_hours ALTER COLUMN body SET STORAGE EXTERNAL;
GRANT SELECT, INSERT, UPDATE, DELETE ON rollup_hours TO shieldwall_app;
ALTER TABLE rollup_hours ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON rollup_hours USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON rollup_hours USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
CREATE POLICY viewer ON rollup_hours FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org())
    OR org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture')
    OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture' AND w.owner_id = rollup_hours.org_id AND w.detail_since <= (rollup_hours.bucket + 1) * 3600000000 - 1)));

-- The last value of each series of a part in a day. Derived: can be made again from the samples, as long as these are kept.
CREATE TABLE rollup_days (
    org_id BIGINT NOT NULL,
    part   BIGINT NOT NULL,
    bucket BIGINT NOT NULL,
    body   BYTEA  NOT NULL,
    PRIMARY KEY (org_id, part, bucket)
);
ALTER TABLE rollup_days ALTER COLUMN body SET STORAGE EXTERNAL;
GRANT SELECT, INSERT, UPDATE, DELETE ON rollup_days TO shieldwall_app;
ALTER TABLE rollup_days ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON rollup_days USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON rollup_days USING ((SELECT scope_kind()) = 'partner' AND org_id = (SELECT scope_org()));
CREATE POLICY viewer ON rollup_days FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org())
    OR org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture')
    OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture' AND w.owner_id = rollup_days.org_id AND w.detail_since <= (rollup_days.bucket + 1) * 86400000000 - 1)));

-- An organisation's scores at the end of a day, without the cap of critical incidents (who sees a cap depends on who sees the incident).
-- Derived: can be made again from rollup_days and incidents.
CREATE TABLE org_days (
    org_id          BIGINT           NOT NULL,
    day             BIGINT           NOT NULL,
    policy_version  BIGINT           NOT NULL,
    score           DOUBLE PRECISION,
    last            DOUBLE PRECISION,
    low             DOUBLE PRECISION NOT NULL,
    high            DOUBLE PRECISION NOT NULL,
    coverage        DOUBLE PRECISION NOT NULL,
    domains         TEXT             NOT NULL,
    critical_public BOOLEAN          NOT NULL,
    critical_any    BOOLEAN          NOT NULL,
    PRIMARY KEY (org_id, day)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON org_days TO shieldwall_app;
ALTER TABLE org_days ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON org_days USING ((SELECT scope_kind()) = 'hub');
-- Daily scores are part of a summary.
CREATE POLICY viewer ON org_days FOR SELECT USING ((SELECT scope_kind()) = 'viewer' AND (org_id = (SELECT scope_org())
    OR org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture')
    OR EXISTS (SELECT FROM withheld w WHERE w.viewer_id = (SELECT scope_org()) AND w.class = 'posture' AND w.owner_id = org_days.org_id
        AND w.summary_since <= (org_days.day + 1) * 86400000000 - 1)));

-- What an organisation is shown of those that share their posture only in totals: one total a week, which stands until the week ends.
CREATE TABLE aggregates (
    viewer_id BIGINT NOT NULL REFERENCES organisations (id),
    -- Counted from 1970; weeks begin on Mondays.
    week      BIGINT NOT NULL,
    -- JSON, with its members: compared with, never shown.
    body      TEXT   NOT NULL,
    PRIMARY KEY (viewer_id, week)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON aggregates TO shieldwall_app;
ALTER TABLE aggregates ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- Its members are nobody's business.
CREATE POLICY hub ON aggregates USING ((SELECT scope_kind()) = 'hub');
