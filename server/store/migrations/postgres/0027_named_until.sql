-- Until when an organisation was shown by name to one that it is shown to in totals only, or not at all, now: what it brings into a total would be known.
ALTER TABLE withheld ADD COLUMN named_until BIGINT;
