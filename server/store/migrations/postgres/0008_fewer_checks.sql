-- Each push of a hundred samples looked a hundred times whether its series is there, and locked that row each time. A sample is written in one
-- statement with its rollups and its current value, and those still refer to the series by organisation and number: no sample can come without.
ALTER TABLE samples DROP CONSTRAINT samples_org_id_series_id_fkey;

-- Rows that every push moves on stay on their page, so that no index has to learn of it.
ALTER TABLE current_values SET (fillfactor = 50);
ALTER TABLE rollup_hours SET (fillfactor = 50);
ALTER TABLE rollup_days SET (fillfactor = 50);
