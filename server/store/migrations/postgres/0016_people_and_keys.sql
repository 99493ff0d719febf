ALTER TABLE users ADD COLUMN last_signed_in_at BIGINT;
-- Networks in CIDR, separated by blanks, from which a key may be used; empty: from anywhere.
ALTER TABLE api_keys ADD COLUMN addresses TEXT NOT NULL DEFAULT '';
