-- The first address of an address or a network, in hexadecimal digits that sort as addresses do, so that a network finds what is in it; empty for all else. Where
-- there is none yet, the indicator came before each had one spelling: the program respells those when it starts.
ALTER TABLE indicators ADD COLUMN address TEXT COLLATE "C";
CREATE INDEX indicators_address ON indicators (kind, address) WHERE address > '';
CREATE INDEX indicators_unspelled ON indicators (org_id) WHERE address IS NULL;
