-- What a record is found by: folded by the program, which knows every script (`words.rs`). Where there is none yet, the program makes it when it starts.
ALTER TABLE incidents ADD COLUMN words TEXT;
ALTER TABLE events ADD COLUMN words TEXT;
ALTER TABLE indicators ADD COLUMN words TEXT;
CREATE INDEX incidents_wordless ON incidents (org_id) WHERE words IS NULL;
CREATE INDEX events_wordless ON events (org_id) WHERE words IS NULL;
CREATE INDEX indicators_wordless ON indicators (org_id) WHERE words IS NULL;
