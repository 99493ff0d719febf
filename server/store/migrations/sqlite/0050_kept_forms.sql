-- Forms that met an ended session, an old proof of identity or a refusal, for half an hour: what somebody typed is not lost. Passwords, codes and tokens are
-- not among the fields. Of the number in the address and of the browser's cookie only the SHA-256 is kept.
CREATE TABLE kept_forms (
    hash         BLOB    PRIMARY KEY,
    browser_hash BLOB    NOT NULL,
    -- Whose session it was, where it had not ended.
    user_id      INTEGER,
    -- Where it was sent, and the page that it stood on.
    action       TEXT    NOT NULL,
    page         TEXT    NOT NULL,
    -- As they were sent: application/x-www-form-urlencoded.
    fields       TEXT    NOT NULL,
    -- 0: a field was left out that is not kept.
    whole        INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
