-- Passkeys (WebAuthn): the public half of key pairs whose other half never leaves its authenticator, so there is no secret in here.
CREATE TABLE passkeys (
    id            INTEGER PRIMARY KEY,
    user_id       INTEGER NOT NULL REFERENCES users (id),
    -- The authenticator's own number for it.
    credential_id BLOB    NOT NULL UNIQUE,
    -- Its person's name for it.
    name          TEXT    NOT NULL,
    -- JSON: the public key, and what the authenticator said about itself.
    credential    TEXT    NOT NULL,
    -- The authenticator's count of uses when it was last used: one that does not grow tells of a copy. Some do not count and stay at 0.
    counter       INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    last_used_at  INTEGER
) STRICT;
CREATE INDEX passkeys_user ON passkeys (user_id);

-- A challenge that waits for its answer: one for each session, used up by the first answer, on all nodes.
CREATE TABLE passkey_challenges (
    session_hash BLOB    PRIMARY KEY REFERENCES sessions (id_hash) ON DELETE CASCADE,
    user_id      INTEGER NOT NULL REFERENCES users (id),
    -- What its answer is for: register, signin or stepup.
    purpose      TEXT    NOT NULL,
    -- JSON of the WebAuthn library: what it needs to check the answer.
    state        TEXT    NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
