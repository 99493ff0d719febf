-- What one person, or the operator on the command line, did to somebody's account: from it follows who may be the second person of a change.
CREATE TABLE account_acts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    act     TEXT    NOT NULL,
    -- One row for each of two people who did it together; NULL: the operator.
    by_user INTEGER REFERENCES users (id),
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX account_acts_user ON account_acts (user_id, at);
CREATE INDEX account_acts_act ON account_acts (act, at);

-- What the trail knows of the time before.
INSERT INTO account_acts (user_id, act, by_user, at)
SELECT u.id, CASE a.action WHEN 'user.added' THEN 'made' WHEN 'user.role_set' THEN 'promoted' WHEN 'user.enabled' THEN 'enabled' ELSE 'linked' END,
       (SELECT d.id FROM users d WHERE d.id = a.actor_user), a.at
FROM audit a JOIN users u ON u.id = CAST(substr(a.object, 6) AS INTEGER)
WHERE a.action IN ('user.added', 'user.enabled', 'link.made') OR (a.action = 'user.role_set' AND a.detail LIKE '%"org_admin"%')
ORDER BY a.no;

-- What was done to an account is told to its owner.
CREATE INDEX audit_object ON audit (object, no);
-- When somebody else last changed the account, until its owner has said to have seen it.
ALTER TABLE users ADD COLUMN changed_at INTEGER;

-- One link of a person works at most: the newest.
DELETE FROM signin_links WHERE EXISTS (SELECT 1 FROM signin_links newer WHERE newer.user_id = signin_links.user_id
    AND (newer.expires_at > signin_links.expires_at OR (newer.expires_at = signin_links.expires_at AND newer.token_hash > signin_links.token_hash)));
CREATE UNIQUE INDEX signin_links_user ON signin_links (user_id);
-- Who made it, and who agreed.
ALTER TABLE signin_links ADD COLUMN by_user INTEGER REFERENCES users (id);
ALTER TABLE signin_links ADD COLUMN second_user INTEGER REFERENCES users (id);
