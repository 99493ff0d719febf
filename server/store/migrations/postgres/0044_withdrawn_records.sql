-- Open incidents, events and active indicators that a viewer was shown and that are marked for fewer now: what the viewer counts is "at least". The id that
-- is made of the owner's number and the class stands for all beyond those that are remembered.
CREATE TABLE withdrawn_records (
    viewer_id BIGINT NOT NULL REFERENCES organisations (id),
    record_id UUID NOT NULL,
    owner_id  BIGINT NOT NULL REFERENCES organisations (id),
    class     BIGINT NOT NULL,
    PRIMARY KEY (viewer_id, record_id)
);
CREATE INDEX withdrawn_records_owner ON withdrawn_records (owner_id, viewer_id, class);
CREATE INDEX withdrawn_records_record ON withdrawn_records (record_id);
-- Kept of each viewer from now on.
ALTER TABLE remarked_incidents DROP COLUMN narrowed_at;

GRANT SELECT, INSERT, UPDATE, DELETE ON withdrawn_records TO shieldwall_app;
ALTER TABLE withdrawn_records ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON withdrawn_records USING ((SELECT scope_kind()) = 'hub');
CREATE POLICY partner ON withdrawn_records USING ((SELECT scope_kind()) = 'partner' AND owner_id = (SELECT scope_org()));
