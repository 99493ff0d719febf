-- Attempts to sign in are counted as budgets that refill: of each one, the moment at which it is whole again. What was counted until now is forgotten.
DELETE FROM signin_tries;
DROP INDEX signin_tries_age;
ALTER TABLE signin_tries DROP COLUMN tries;
ALTER TABLE signin_tries RENAME COLUMN since TO whole_at;
CREATE INDEX signin_tries_age ON signin_tries (whole_at);

-- Browsers that the person signed in with before this moment are unknown again.
ALTER TABLE users ADD COLUMN browsers_since INTEGER NOT NULL DEFAULT 0;
