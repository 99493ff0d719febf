-- When an administrator of the organisation confirmed what it shares; until then it shares nothing. Those that share already go on.
ALTER TABLE organisations ADD COLUMN sharing_confirmed_at INTEGER;
UPDATE organisations SET sharing_confirmed_at = created_at;
