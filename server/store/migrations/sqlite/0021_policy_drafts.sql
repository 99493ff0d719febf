-- A scoring policy that somebody prepares: the next one, whole, as JSON. It is proposed or discarded, and gone then.
CREATE TABLE policy_drafts (
    user_id    INTEGER PRIMARY KEY REFERENCES users (id),
    org_id     INTEGER NOT NULL REFERENCES organisations (id),
    body       TEXT    NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

-- What adopted it; nothing where the hub began with it.
ALTER TABLE policies ADD COLUMN decision_id INTEGER REFERENCES decisions (id);

-- The votes that ended a decision: those who have a vote, and for whom they speak, are others later.
ALTER TABLE decisions ADD COLUMN votes_for INTEGER;
ALTER TABLE decisions ADD COLUMN votes_against INTEGER;
ALTER TABLE decisions ADD COLUMN votes_of INTEGER;
