-- Decisions: what the alliance decides together, and the scoring policies that it adopts so.

-- Who may propose and vote on a kind of decision, and how many votes it takes, where that is other than a new hub has it.
CREATE TABLE decision_rights (
    kind      TEXT    PRIMARY KEY,
    -- Roles, separated by blanks.
    proposers TEXT    NOT NULL,
    voters    TEXT    NOT NULL,
    -- Per cent of the organisations.
    quorum    INTEGER NOT NULL,
    days      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A decision, from its proposal on.
CREATE TABLE decisions (
    id            INTEGER PRIMARY KEY,
    -- JSON: the kind, and what it does when it is adopted.
    effect        TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    -- Who proposed it.
    org_id        INTEGER NOT NULL REFERENCES organisations (id),
    proposed_by   INTEGER NOT NULL,
    proposed_at   INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    -- adopted, rejected or lapsed.
    outcome       TEXT,
    decided_at    INTEGER,
    -- The votes that ended it: those who have a vote, and for whom they speak, are others later.
    votes_for     INTEGER,
    votes_against INTEGER,
    votes_of      INTEGER,
    FOREIGN KEY (org_id, proposed_by) REFERENCES users (org_id, id)
) STRICT;

-- An organisation's vote.
CREATE TABLE decision_votes (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    decision_id INTEGER NOT NULL REFERENCES decisions (id),
    user_id     INTEGER NOT NULL,
    -- 1 for it, 0 against.
    choice      INTEGER NOT NULL,
    reason      TEXT    NOT NULL,
    voted_at    INTEGER NOT NULL,
    PRIMARY KEY (org_id, decision_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
) STRICT, WITHOUT ROWID;

-- Whose vote counts for an organisation that does not vote itself on a kind of decision.
CREATE TABLE decision_delegates (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    kind        TEXT    NOT NULL,
    delegate_id INTEGER NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (org_id, kind)
) STRICT, WITHOUT ROWID;

-- A scoring policy with its catalogue, as JSON; the highest version is in force.
CREATE TABLE policies (
    version     INTEGER PRIMARY KEY,
    body        TEXT    NOT NULL,
    adopted_at  INTEGER NOT NULL,
    -- What adopted it; nothing where the hub began with it.
    decision_id INTEGER REFERENCES decisions (id)
) STRICT;

-- A scoring policy that somebody prepares: the next one, whole, as JSON. It is proposed or discarded, and gone then.
CREATE TABLE policy_drafts (
    org_id     INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX policy_drafts_user ON policy_drafts (user_id);
