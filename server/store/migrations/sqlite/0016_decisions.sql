-- What the alliance decides together. Who may propose and vote, and how many votes it takes, where that is other than a new hub has it.
CREATE TABLE decision_rights (
    kind      TEXT   PRIMARY KEY,
    -- Roles, separated by blanks.
    proposers TEXT   NOT NULL,
    voters    TEXT   NOT NULL,
    -- Per cent of the organisations.
    quorum    INTEGER NOT NULL,
    days      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
    id          INTEGER PRIMARY KEY,
    -- JSON: the kind, and what it does when it is adopted.
    effect      TEXT   NOT NULL,
    reason      TEXT   NOT NULL,
    proposed_by INTEGER NOT NULL REFERENCES users (id),
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    proposed_at INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    -- adopted, rejected or lapsed.
    outcome     TEXT,
    decided_at  INTEGER
) STRICT;

CREATE TABLE decision_votes (
    decision_id INTEGER NOT NULL REFERENCES decisions (id),
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    user_id     INTEGER NOT NULL REFERENCES users (id),
    -- 1 for it, 0 against.
    choice      INTEGER NOT NULL,
    reason      TEXT   NOT NULL,
    voted_at    INTEGER NOT NULL,
    PRIMARY KEY (decision_id, org_id)
) STRICT, WITHOUT ROWID;

-- Whose vote counts for an organisation that does not vote itself.
CREATE TABLE decision_delegates (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    kind        TEXT   NOT NULL,
    delegate_id INTEGER NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (org_id, kind)
) STRICT, WITHOUT ROWID;

-- A suspended organisation shares nothing and is shown nothing.
ALTER TABLE organisations ADD COLUMN suspended_at INTEGER;
