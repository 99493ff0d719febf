-- The alliance: what the whole hub keeps, and its organisations.
--
-- In all of these files moments are UTC microseconds in INTEGER, days and hours are counted from 1970, ids of records are UUIDv7 in BLOB (16 bytes). The files of
-- the same name in `postgres` make the same tables and columns.

-- One value that the whole alliance has once, by its name: its keys, its defaults, what it was set up with.
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- An organisation: a member of the alliance, and the tenant that data is of.
CREATE TABLE organisations (
    id                   INTEGER PRIMARY KEY,
    slug                 TEXT    NOT NULL UNIQUE,
    name                 TEXT    NOT NULL,
    sector               TEXT    NOT NULL,
    country              TEXT    NOT NULL,
    assets               INTEGER,
    -- How often it says that it pushes.
    interval_us          INTEGER NOT NULL CHECK (interval_us > 0),
    -- Its part in the alliance's score.
    weight               REAL    NOT NULL CHECK (weight > 0),
    created_at           INTEGER NOT NULL,
    -- A suspended organisation shares nothing and is shown nothing.
    suspended_at         INTEGER,
    -- When an administrator of it confirmed what it shares; until then it shares nothing.
    sharing_confirmed_at INTEGER,
    -- Since when it takes part in comparing keyed hashes, and so is given the alliance's key; NULL where it does not.
    hashes_since         INTEGER
) STRICT;

-- A slug that an organisation had before it was renamed: addresses with it lead to the same organisation for good, and nobody else gets it.
CREATE TABLE former_slugs (
    slug   TEXT    PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES organisations (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX former_slugs_org ON former_slugs (org_id);
