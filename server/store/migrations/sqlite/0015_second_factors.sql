-- Secrets of authenticator apps (RFC 6238). They must be read to compare codes, so they are kept as they are; without the password they open nothing.
CREATE TABLE second_factors (
    user_id      INTEGER PRIMARY KEY REFERENCES users (id),
    secret       BLOB    NOT NULL,
    -- NULL until the first code was right; only then it is asked for.
    confirmed_at INTEGER,
    -- The time step of the newest code that was used: each works once, on all nodes.
    last_step    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- SHA-256 of codes that stand in for a lost app, each once.
CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL REFERENCES users (id),
    hash    BLOB    NOT NULL,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;
