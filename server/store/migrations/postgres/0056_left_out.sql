-- Of a snapshot that was applied: what it left out, and so ended, as JSON: how many, and the first by their names.
ALTER TABLE receipts ADD COLUMN left_out TEXT;
