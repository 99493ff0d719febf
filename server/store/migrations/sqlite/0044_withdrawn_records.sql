-- Open incidents, events and active indicators that a viewer was shown and that are marked for fewer now: what the viewer counts is "at least". The id that
-- is made of the owner's number and the class stands for all beyond those that are remembered.
CREATE TABLE withdrawn_records (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    record_id BLOB NOT NULL,
    owner_id  INTEGER NOT NULL REFERENCES organisations (id),
    class     INTEGER NOT NULL,
    PRIMARY KEY (viewer_id, record_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX withdrawn_records_owner ON withdrawn_records (owner_id, viewer_id, class);
CREATE INDEX withdrawn_records_record ON withdrawn_records (record_id);
-- Kept of each viewer from now on.
ALTER TABLE remarked_incidents DROP COLUMN narrowed_at;
