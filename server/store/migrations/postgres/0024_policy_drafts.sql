-- A scoring policy that somebody prepares: the next one, whole, as JSON. It is proposed or discarded, and gone then.
CREATE TABLE policy_drafts (
    user_id    BIGINT PRIMARY KEY REFERENCES users (id),
    org_id     BIGINT NOT NULL REFERENCES organisations (id),
    body       TEXT   NOT NULL,
    changed_at BIGINT NOT NULL
);

-- What adopted it; nothing where the hub began with it.
ALTER TABLE policies ADD COLUMN decision_id BIGINT REFERENCES decisions (id);

-- The votes that ended a decision: those who have a vote, and for whom they speak, are others later.
ALTER TABLE decisions ADD COLUMN votes_for BIGINT;
ALTER TABLE decisions ADD COLUMN votes_against BIGINT;
ALTER TABLE decisions ADD COLUMN votes_of BIGINT;

GRANT SELECT, INSERT, UPDATE, DELETE ON policy_drafts TO shieldwall_app;
ALTER TABLE policy_drafts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON policy_drafts USING ((SELECT scope_kind()) = 'hub');
