-- People and machines: accounts, how they sign in, and the keys of machines.

-- A person's account.
CREATE TABLE users (
    -- Made by the program, at random, as are those of keys, groups, proposals and passkeys: none is given twice, so that whoever agrees to one means what they saw.
    id                INTEGER PRIMARY KEY,
    org_id            INTEGER NOT NULL REFERENCES organisations (id),
    email             TEXT    NOT NULL,
    name              TEXT    NOT NULL,
    role              TEXT    NOT NULL,
    password_hash     TEXT,
    created_at        INTEGER NOT NULL,
    disabled_at       INTEGER,
    -- When somebody else last changed the account, until its owner has said to have seen it.
    changed_at        INTEGER,
    last_signed_in_at INTEGER,
    -- Browsers that the person signed in with before this moment are unknown again.
    browsers_since    INTEGER NOT NULL DEFAULT 0,
    -- Within an organisation only, so that inviting somebody tells nothing about other organisations' people.
    UNIQUE (org_id, email),
    -- What rows of an organisation refer to.
    UNIQUE (org_id, id)
) STRICT;
CREATE INDEX users_email ON users (email);

-- What one person, or the operator on the command line, did to somebody's account: from it follows who may be the second person of a change.
CREATE TABLE account_acts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    act     TEXT    NOT NULL,
    -- One row for each of two people who did it together; NULL: the operator.
    by_user INTEGER REFERENCES users (id),
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX account_acts_user ON account_acts (user_id, at);
CREATE INDEX account_acts_act ON account_acts (act, at);

-- A change of an account that may agree to changes, until a second administrator of the organisation agrees.
CREATE TABLE account_proposals (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    id          INTEGER NOT NULL,
    -- invite, link, role, enable, disable
    change      TEXT    NOT NULL,
    -- Whose account; NULL for an invitation.
    user_id     INTEGER,
    -- Who is to be invited; empty else.
    email       TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    -- Which role is to be given; NULL where none is.
    role        TEXT,
    proposed_by INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id),
    FOREIGN KEY (org_id, proposed_by) REFERENCES users (org_id, id)
) STRICT, WITHOUT ROWID;

-- A one-time link to set a password; only the SHA-256 of the token is kept. One link of a person works at most: the newest.
CREATE TABLE signin_links (
    token_hash  BLOB    PRIMARY KEY,
    user_id     INTEGER NOT NULL REFERENCES users (id),
    expires_at  INTEGER NOT NULL,
    -- Who made it, and who agreed.
    by_user     INTEGER REFERENCES users (id),
    second_user INTEGER REFERENCES users (id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX signin_links_user ON signin_links (user_id);

-- A browser's session. Only the SHA-256 of the cookie's value is kept. `absolute_at` is never moved.
CREATE TABLE sessions (
    id_hash     BLOB    PRIMARY KEY,
    user_id     INTEGER REFERENCES users (id),
    data        TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    absolute_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- A budget of attempts to sign in, by account or by address, so that a restart and other processes go on counting. It refills.
CREATE TABLE signin_tries (
    -- A SHA-256: neither the account nor the address is kept.
    who      BLOB    PRIMARY KEY,
    -- The moment at which the budget is whole again.
    whole_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX signin_tries_age ON signin_tries (whole_at);

-- A form that met an ended session, an old proof of identity or a refusal, for half an hour: what somebody typed is not lost. Passwords, codes and tokens are
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

-- The secret of a person's authenticator app (RFC 6238). It must be read to compare codes, so it is sealed, not hashed, under a key that is not in the database.
CREATE TABLE second_factors (
    user_id      INTEGER PRIMARY KEY REFERENCES users (id),
    secret       BLOB    NOT NULL,
    -- NULL until the first code was right; only then it is asked for.
    confirmed_at INTEGER,
    -- The time step of the newest code that was used: each works once, on all nodes.
    last_step    INTEGER NOT NULL DEFAULT 0
) STRICT;

-- The SHA-256 of a code that stands in for a lost app, once.
CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL REFERENCES users (id),
    hash    BLOB    NOT NULL,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

-- A passkey (WebAuthn): the public half of a key pair whose other half never leaves its authenticator, so there is no secret in here.
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

-- How an organisation's people sign in at its own identity provider (OpenID Connect). The client's secret is in a file; here stands only where.
CREATE TABLE oidc_providers (
    org_id      INTEGER PRIMARY KEY REFERENCES organisations (id),
    issuer      TEXT    NOT NULL,
    client_id   TEXT    NOT NULL,
    secret_file TEXT    NOT NULL
) STRICT;

-- Who a person is at the organisation's provider: issuer and subject, never a mail address. A provider speaks for the people of one organisation
-- only, so each organisation has identities of its own.
CREATE TABLE oidc_identities (
    org_id    INTEGER NOT NULL,
    user_id   INTEGER NOT NULL,
    issuer    TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    linked_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, user_id),
    UNIQUE (org_id, issuer, subject),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX oidc_identities_user ON oidc_identities (user_id);

-- A browser that is on its way to a provider and back, for ten minutes at most. Of the cookie's value and of `state` only the SHA-256 is kept.
CREATE TABLE oidc_flows (
    hash        BLOB    PRIMARY KEY,
    state_hash  BLOB    NOT NULL,
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    -- The hub's own JSON: what it is for, nonce, PKCE verifier.
    data        TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    -- When the provider's answer came: it is taken once.
    answered_at INTEGER,
    -- Whom the provider has vouched for.
    issuer      TEXT,
    subject     TEXT
) STRICT, WITHOUT ROWID;

-- A key that one of an organisation's machines pushes with; only its SHA-256 is kept.
CREATE TABLE api_keys (
    id           INTEGER PRIMARY KEY,
    org_id       INTEGER NOT NULL REFERENCES organisations (id),
    name         TEXT    NOT NULL,
    hint         TEXT    NOT NULL,
    hash         BLOB    NOT NULL UNIQUE,
    scopes       TEXT    NOT NULL,
    -- Networks in CIDR, separated by blanks, from which it may be used; empty: from anywhere.
    addresses    TEXT    NOT NULL DEFAULT '',
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    revoked_at   INTEGER,
    last_used_at INTEGER,
    UNIQUE (org_id, name)
) STRICT;
