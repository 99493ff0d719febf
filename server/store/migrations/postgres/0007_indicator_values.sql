-- All that decides who reported a value and who may know it, so that counting the shared ones reads this index alone.
DROP INDEX indicators_value;
CREATE INDEX indicators_value ON indicators (kind, value, org_id, tlp, active, id);
