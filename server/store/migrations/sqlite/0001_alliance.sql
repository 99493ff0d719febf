-- Moments are UTC microseconds in INTEGER; ids of records are UUIDv7 in BLOB (16 bytes).

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE organisations (
    id           INTEGER PRIMARY KEY,
    slug         TEXT    NOT NULL UNIQUE,
    name         TEXT    NOT NULL,
    sector       TEXT    NOT NULL,
    country      TEXT    NOT NULL,
    assets       INTEGER,
    interval_us  INTEGER NOT NULL CHECK (interval_us > 0),
    weight       REAL    NOT NULL CHECK (weight > 0),
    created_at   INTEGER NOT NULL,
    -- The newest moment its pushes speak of; what its freshness is measured by.
    last_data_at INTEGER
) STRICT;

CREATE TABLE users (
    id            INTEGER PRIMARY KEY,
    org_id        INTEGER NOT NULL REFERENCES organisations (id),
    email         TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    password_hash TEXT,
    disabled_at   INTEGER,
    created_at    INTEGER NOT NULL
) STRICT;

-- One-time links to set the first password; only the SHA-256 of the token is kept.
CREATE TABLE signin_links (
    token_hash BLOB    PRIMARY KEY,
    user_id    INTEGER NOT NULL REFERENCES users (id),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Only the SHA-256 of the cookie's value is kept. `absolute_at` is never moved.
CREATE TABLE sessions (
    id_hash     BLOB    PRIMARY KEY,
    user_id     INTEGER REFERENCES users (id),
    data        TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    absolute_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

CREATE TABLE api_keys (
    id           INTEGER PRIMARY KEY,
    org_id       INTEGER NOT NULL REFERENCES organisations (id),
    name         TEXT    NOT NULL,
    hint         TEXT    NOT NULL,
    hash         BLOB    NOT NULL UNIQUE,
    scopes       TEXT    NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    UNIQUE (org_id, name)
) STRICT;

-- Scoring policies with their catalogue, as JSON; the highest version is in force.
CREATE TABLE policies (
    version    INTEGER PRIMARY KEY,
    body       TEXT    NOT NULL,
    adopted_at INTEGER NOT NULL
) STRICT;
