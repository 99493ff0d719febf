-- Failed sign-ins by account and by address, so that a restart and another process go on counting. Of both only a SHA-256 is kept.
CREATE TABLE signin_tries (
    who   BLOB    PRIMARY KEY,
    -- Begin of the window that `tries` counts in.
    since INTEGER NOT NULL,
    tries INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX signin_tries_age ON signin_tries (since);
