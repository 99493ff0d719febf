-- What each organisation is shown of those that share their posture only in totals: one total a week, which stands until the week ends.
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
