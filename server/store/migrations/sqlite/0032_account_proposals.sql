-- Changes of accounts that may agree to changes, until a second administrator of the organisation agrees.
CREATE TABLE account_proposals (
    -- Not given twice, so that whoever agrees to one means what they saw.
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    -- invite, link, role, enable, disable
    change      TEXT    NOT NULL,
    -- Whose account; NULL for an invitation.
    user_id     INTEGER REFERENCES users (id),
    -- Who is to be invited; empty else.
    email       TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    -- Which role is to be given; NULL where none is.
    role        TEXT,
    proposed_by INTEGER NOT NULL REFERENCES users (id),
    expires_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX account_proposals_org ON account_proposals (org_id);

-- A mail address is unique within an organisation only, so that inviting somebody tells nothing about other organisations' people.
ALTER TABLE users RENAME COLUMN email TO account;
ALTER TABLE users ADD COLUMN email TEXT NOT NULL DEFAULT '';
-- The unique one: the organisation's number, a blank and the mail address.
UPDATE users SET email = account, account = org_id || ' ' || account;
CREATE INDEX users_email ON users (email);
