PRAGMA foreign_keys = OFF;
BEGIN;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
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
CREATE TABLE former_slugs (
    slug   TEXT    PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES organisations (id)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE account_acts (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id),
    act     TEXT    NOT NULL,
    -- One row for each of two people who did it together; NULL: the operator.
    by_user INTEGER REFERENCES users (id),
    at      INTEGER NOT NULL
) STRICT;
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
CREATE TABLE signin_links (
    token_hash  BLOB    PRIMARY KEY,
    user_id     INTEGER NOT NULL REFERENCES users (id),
    expires_at  INTEGER NOT NULL,
    -- Who made it, and who agreed.
    by_user     INTEGER REFERENCES users (id),
    second_user INTEGER REFERENCES users (id)
) STRICT, WITHOUT ROWID;
CREATE TABLE sessions (
    id_hash     BLOB    PRIMARY KEY,
    user_id     INTEGER REFERENCES users (id),
    data        TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    absolute_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE signin_tries (
    -- A SHA-256: neither the account nor the address is kept.
    who      BLOB    PRIMARY KEY,
    -- The moment at which the budget is whole again.
    whole_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
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
CREATE TABLE second_factors (
    user_id      INTEGER PRIMARY KEY REFERENCES users (id),
    secret       BLOB    NOT NULL,
    -- NULL until the first code was right; only then it is asked for.
    confirmed_at INTEGER,
    -- The time step of the newest code that was used: each works once, on all nodes.
    last_step    INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL REFERENCES users (id),
    hash    BLOB    NOT NULL,
    PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE passkey_challenges (
    session_hash BLOB    PRIMARY KEY REFERENCES sessions (id_hash) ON DELETE CASCADE,
    user_id      INTEGER NOT NULL REFERENCES users (id),
    -- What its answer is for: register, signin or stepup.
    purpose      TEXT    NOT NULL,
    -- JSON of the WebAuthn library: what it needs to check the answer.
    state        TEXT    NOT NULL,
    expires_at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE oidc_providers (
    org_id      INTEGER PRIMARY KEY REFERENCES organisations (id),
    issuer      TEXT    NOT NULL,
    client_id   TEXT    NOT NULL,
    secret_file TEXT    NOT NULL
) STRICT;
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
CREATE TABLE sharing_rules (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    class       TEXT    NOT NULL,
    audience    TEXT    NOT NULL CHECK (audience IN ('everyone', 'group', 'organisation')),
    -- The group's or the organisation's number; 0 for everyone.
    audience_id INTEGER NOT NULL,
    level       TEXT    NOT NULL CHECK (level IN ('none', 'aggregate', 'summary', 'detail')),
    set_at      INTEGER NOT NULL,
    PRIMARY KEY (org_id, class, audience, audience_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE sharing_proposals (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    id          INTEGER NOT NULL,
    class       TEXT    NOT NULL,
    audience    TEXT    NOT NULL,
    audience_id INTEGER NOT NULL,
    -- NULL takes the rule away.
    level       TEXT,
    proposed_by INTEGER NOT NULL,
    proposed_at INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, id),
    FOREIGN KEY (org_id, proposed_by) REFERENCES users (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE sharing_pins (
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    class  TEXT    NOT NULL,
    -- 0 none to 3 detail.
    level  INTEGER NOT NULL,
    PRIMARY KEY (org_id, class)
) STRICT, WITHOUT ROWID;
CREATE TABLE sharing_confirmations (
    org_id       INTEGER PRIMARY KEY REFERENCES organisations (id),
    -- JSON: the levels that the first administrator saw, by the classes' names.
    levels       TEXT    NOT NULL,
    confirmed_by INTEGER NOT NULL,
    confirmed_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    FOREIGN KEY (org_id, confirmed_by) REFERENCES users (org_id, id)
) STRICT;
CREATE TABLE sharing_groups (
    id         INTEGER PRIMARY KEY,
    org_id     INTEGER NOT NULL REFERENCES organisations (id),
    name       TEXT    NOT NULL,
    -- Whether those who join later are shown what was handed in before they did.
    earlier    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    -- A name is its maker's: that somebody else has a group of the same name is nobody's business.
    UNIQUE (org_id, name)
) STRICT;
CREATE TABLE sharing_group_members (
    org_id     INTEGER NOT NULL REFERENCES organisations (id),
    group_id   INTEGER NOT NULL REFERENCES sharing_groups (id),
    invited_at INTEGER NOT NULL,
    joined_at  INTEGER,
    PRIMARY KEY (org_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE group_proposals (
    -- Whose second person agrees.
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    id          INTEGER NOT NULL,
    group_id    INTEGER NOT NULL REFERENCES sharing_groups (id),
    -- Who is invited; the organisation itself where it joins.
    member_id   INTEGER NOT NULL REFERENCES organisations (id),
    proposed_by INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, group_id, member_id),
    FOREIGN KEY (org_id, proposed_by) REFERENCES users (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE withheld (
    viewer_id     INTEGER NOT NULL REFERENCES organisations (id),
    class         TEXT    NOT NULL,
    owner_id      INTEGER NOT NULL REFERENCES organisations (id),
    -- As it is now: 0 none, 1 aggregate, 2 summary, 3 detail.
    level         INTEGER NOT NULL,
    -- Since when what comes in is shown in detail, and counted under its owner's name; NULL where it is not.
    detail_since  INTEGER,
    summary_since INTEGER,
    -- Until when the owner was shown by name to one that it is shown to in totals only, or not at all, now: what it brings into a total would be known.
    named_until   INTEGER,
    -- Until when the owner was shown single records, where that is over: what it reported of indicators is known. A summary named it, too, at one time.
    detail_until  INTEGER,
    PRIMARY KEY (viewer_id, class, owner_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE peers (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    owner_id  INTEGER NOT NULL REFERENCES organisations (id),
    -- Since when what comes in reaches the viewer by TLP:AMBER.
    since     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (viewer_id, owner_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE shown_before (
    org_id    INTEGER NOT NULL REFERENCES organisations (id),
    viewer_id INTEGER NOT NULL,
    class     TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    -- What came earlier was not shown.
    since     INTEGER NOT NULL,
    -- Of posture: the last score that was shown, without the cap of critical incidents, and those of the domains as JSON.
    score     REAL,
    domains   TEXT,
    PRIMARY KEY (org_id, viewer_id, class, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE shown_lately (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    record_id   BLOB    NOT NULL,
    -- 1: as an open critical incident.
    critical    INTEGER NOT NULL,
    class       TEXT    NOT NULL,
    until       INTEGER NOT NULL,
    tlp         INTEGER NOT NULL,
    -- Numbers of organisations, as JSON.
    recipients  TEXT    NOT NULL,
    received_at INTEGER NOT NULL,
    opened_at   INTEGER NOT NULL,
    PRIMARY KEY (org_id, record_id, critical)
) STRICT, WITHOUT ROWID;
CREATE TABLE receipts (
    org_id          INTEGER NOT NULL REFERENCES organisations (id),
    -- Counted within its organisation, in the order of commits; outside a receipt is named by its `id`.
    no              INTEGER NOT NULL,
    id              BLOB   NOT NULL,
    key_name        TEXT   NOT NULL,
    what            TEXT   NOT NULL,
    mode            TEXT   NOT NULL,
    received_at     INTEGER NOT NULL,
    -- A snapshot is the whole truth of its class at the moment it was taken. Kept of applied snapshots, and of those that came too late.
    as_of           INTEGER,
    -- The moment of the newer snapshot that was applied before: this one changed nothing.
    outdated_by     INTEGER,
    -- Of a snapshot that was applied: what it left out, and so ended, as JSON: how many, and the first by their names.
    left_out        TEXT,
    total           INTEGER NOT NULL,
    kept            INTEGER NOT NULL,
    failures        TEXT   NOT NULL,
    bytes           INTEGER NOT NULL,
    sha256          BLOB  NOT NULL,
    user_agent      TEXT   NOT NULL,
    -- The key that makes its repetition harmless, with the route it is a key of; both empty without one.
    idempotency_key TEXT   NOT NULL,
    route           TEXT   NOT NULL,
    -- What the key is of: SHA-256 over route, query and body. NULL where there is no key, where the push was refused and may come again, and once the key's time is over.
    -- The answer to a repetition is made again from the receipt.
    fingerprint     BLOB,
    PRIMARY KEY (org_id, no)
) STRICT, WITHOUT ROWID;
CREATE TABLE payloads (
    org_id     INTEGER NOT NULL,
    receipt_no INTEGER NOT NULL,
    body       BLOB  NOT NULL,
    PRIMARY KEY (org_id, receipt_no),
    FOREIGN KEY (org_id, receipt_no) REFERENCES receipts (org_id, no)
) STRICT;
CREATE TABLE push_states (
    org_id        INTEGER PRIMARY KEY REFERENCES organisations (id),
    -- The number of its newest receipt. Whoever changes its current values moves it on, so that what a hub has of them in memory is known to be old.
    last_no       INTEGER NOT NULL DEFAULT 0,
    -- What its pushes take of its quotas: bytes as they came in on the newest day (UTC), and of all that is kept what counts against the total: bodies as they came in, payloads, failures.
    day           INTEGER NOT NULL DEFAULT 0,
    day_bytes     INTEGER NOT NULL DEFAULT 0,
    kept_bytes    INTEGER NOT NULL DEFAULT 0,
    -- The newest moment its pushes speak of; what its freshness is measured by for its own people.
    last_data_at  INTEGER,
    -- The newest moment that pushes of each class speak of in records open to everyone (all metrics are), as JSON by the classes' names. Others than the
    -- organisation itself measure its freshness by these, so that what they may not see tells them nothing, not even that it came.
    signs         TEXT   NOT NULL DEFAULT '{}',
    -- Pushes in `pushed_samples`, points that came since the last fold, and when the first of them came: what says that they are to be folded.
    fresh_pushes  INTEGER NOT NULL DEFAULT 0,
    fresh_points  INTEGER NOT NULL DEFAULT 0,
    fresh_since   INTEGER
) STRICT;
CREATE TABLE outbox (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    org_id     INTEGER NOT NULL,
    -- The number of the receipt.
    no         INTEGER NOT NULL,
    what       TEXT    NOT NULL,
    -- What is not for everyone reaches the organisation itself and those in `recipients` (JSON ids).
    everyone   INTEGER NOT NULL,
    recipients TEXT    NOT NULL,
    -- The oldest moment it speaks of: from that day on the score's history is made again.
    since      INTEGER NOT NULL,
    -- The youngest arrival among the records that a change is about: whoever is shown only younger ones is not told of it.
    newest     INTEGER NOT NULL DEFAULT 9223372036854775807
) STRICT;
CREATE TABLE series (
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    number INTEGER NOT NULL,
    metric TEXT   NOT NULL,
    labels TEXT   NOT NULL,
    PRIMARY KEY (org_id, number),
    UNIQUE (org_id, metric, labels)
) STRICT, WITHOUT ROWID;
CREATE TABLE pushed_samples (
    org_id     INTEGER NOT NULL,
    receipt_no INTEGER NOT NULL,
    -- The newest moment among them.
    newest_at  INTEGER NOT NULL,
    body       BLOB  NOT NULL,
    PRIMARY KEY (org_id, receipt_no)
) STRICT, WITHOUT ROWID;
CREATE TABLE samples (
    org_id     INTEGER NOT NULL,
    part       INTEGER NOT NULL,
    -- The newest moment among them.
    newest_at  INTEGER NOT NULL,
    -- The newest receipt among those that were folded into it; a correction leaves it as it is.
    receipt_no INTEGER NOT NULL,
    body       BLOB  NOT NULL,
    PRIMARY KEY (org_id, part, newest_at, receipt_no)
) STRICT;
CREATE TABLE current_values (
    org_id    INTEGER NOT NULL,
    part      INTEGER NOT NULL,
    -- The newest moment among them.
    newest_at INTEGER NOT NULL,
    body      BLOB  NOT NULL,
    PRIMARY KEY (org_id, part)
) STRICT;
CREATE TABLE rollup_hours (
    org_id INTEGER NOT NULL,
    part   INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    body   BLOB  NOT NULL,
    PRIMARY KEY (org_id, part, bucket)
) STRICT;
CREATE TABLE rollup_days (
    org_id INTEGER NOT NULL,
    part   INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    body   BLOB  NOT NULL,
    PRIMARY KEY (org_id, part, bucket)
) STRICT;
CREATE TABLE org_days (
    org_id          INTEGER NOT NULL,
    day             INTEGER NOT NULL,
    policy_version  INTEGER NOT NULL,
    score           REAL,
    last            REAL,
    low             REAL    NOT NULL,
    high            REAL    NOT NULL,
    coverage        REAL    NOT NULL,
    domains         TEXT    NOT NULL,
    critical_public INTEGER NOT NULL,
    critical_any    INTEGER NOT NULL,
    PRIMARY KEY (org_id, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE aggregates (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    -- Counted from 1970; weeks begin on Mondays.
    week      INTEGER NOT NULL,
    -- JSON, with its members: compared with, never shown.
    body      TEXT    NOT NULL,
    PRIMARY KEY (viewer_id, week)
) STRICT, WITHOUT ROWID;
CREATE TABLE recipients (
    -- Whose record it is: only the owner names others on it.
    org_id       INTEGER NOT NULL REFERENCES organisations (id),
    record_id    BLOB    NOT NULL,
    recipient_id INTEGER NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (org_id, record_id, recipient_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE incidents (
    org_id            INTEGER NOT NULL REFERENCES organisations (id),
    id                BLOB    NOT NULL,
    external_id       TEXT    NOT NULL,
    revision          INTEGER NOT NULL,
    title             TEXT    NOT NULL,
    severity          INTEGER NOT NULL,
    status            INTEGER NOT NULL,
    tlp               INTEGER NOT NULL,
    class             TEXT    NOT NULL,
    opened_at         INTEGER NOT NULL,
    closed_at         INTEGER,
    updated_at        INTEGER NOT NULL,
    -- When it first came: a group may keep what was there before from its new members.
    received_at       INTEGER NOT NULL,
    -- The moment of the last push that named it, or of the snapshot that left it out.
    heard_at          INTEGER NOT NULL,
    -- What its organisation said last of an incident that a snapshot left out, which closed it; empty while it was not left out.
    stated_status     INTEGER,
    stated_updated_at INTEGER,
    raw               TEXT    NOT NULL,
    -- What it is found by: folded by the program, which knows every script (`words.rs`). Where there is none yet, the program makes it when it starts.
    words             TEXT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, external_id)
) STRICT;
CREATE TABLE incident_revisions (
    org_id      INTEGER NOT NULL,
    incident_id BLOB    NOT NULL,
    revision    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    receipt_no  INTEGER NOT NULL,
    tlp         INTEGER NOT NULL,
    summary     TEXT    NOT NULL,
    PRIMARY KEY (org_id, incident_id, revision),
    FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE remarked_incidents (
    org_id         INTEGER NOT NULL,
    incident_id    BLOB    NOT NULL,
    -- Until when everyone could see it, and how it stood then: the numbers of the days before go by it.
    everyone_until INTEGER,
    severity       INTEGER NOT NULL,
    opened_at      INTEGER NOT NULL,
    closed_at      INTEGER,
    PRIMARY KEY (org_id, incident_id),
    FOREIGN KEY (org_id, incident_id) REFERENCES incidents (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE withdrawn_criticals (
    org_id       INTEGER NOT NULL REFERENCES organisations (id),
    -- The id that is made of the owner's number and the class stands for all beyond those that are remembered.
    incident_id  BLOB    NOT NULL,
    viewer_id    INTEGER NOT NULL REFERENCES organisations (id),
    opened_at    INTEGER NOT NULL,
    day          INTEGER NOT NULL,
    returned_day INTEGER,
    -- The moment at which the viewer was shown it again. Should it be hidden once more within a few minutes, it counts as if it had not been.
    returned_at  INTEGER,
    PRIMARY KEY (org_id, incident_id, viewer_id, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE events (
    org_id       INTEGER NOT NULL REFERENCES organisations (id),
    id           BLOB    NOT NULL,
    external_id  TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    title        TEXT    NOT NULL,
    severity     INTEGER NOT NULL,
    tlp          INTEGER NOT NULL,
    observed_at  INTEGER NOT NULL,
    -- The incident as its organisation names it; it may arrive after its events.
    incident     TEXT,
    receipt_no   INTEGER NOT NULL,
    -- When it first came.
    received_at  INTEGER NOT NULL,
    -- The moment of the last push that named it, or of the snapshot that left it out.
    heard_at     INTEGER NOT NULL,
    withdrawn_at INTEGER,
    raw          TEXT    NOT NULL,
    -- What it is found by, as with incidents.
    words        TEXT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, external_id)
) STRICT;
CREATE TABLE indicators (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    id          BLOB    NOT NULL,
    kind        TEXT    NOT NULL,
    value       TEXT    NOT NULL,
    -- Whether `value` is no value but the keyed hash of one that its organisation did not tell.
    hashed      INTEGER NOT NULL DEFAULT 0,
    tlp         INTEGER NOT NULL,
    severity    INTEGER,
    confidence  INTEGER,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    -- Its end as its organisation said it.
    valid_until INTEGER,
    active      INTEGER NOT NULL,
    receipt_no  INTEGER NOT NULL,
    -- When it first came.
    received_at INTEGER NOT NULL,
    -- The moment of the last push that named it, or of the snapshot that left it out.
    heard_at    INTEGER NOT NULL,
    -- When a snapshot left it out.
    left_out_at INTEGER,
    raw         TEXT    NOT NULL,
    -- The first address of an address or a network, in hexadecimal digits that sort as addresses do, so that a network finds what is in it; empty for all else.
    -- Where there is none yet, the indicator came before each had one spelling: the program respells those when it starts.
    address     TEXT,
    -- What it is found by, as with incidents.
    words       TEXT,
    PRIMARY KEY (org_id, id),
    UNIQUE (org_id, kind, value)
) STRICT;
CREATE TABLE indicator_totals (
    org_id INTEGER NOT NULL,
    kind   TEXT    NOT NULL,
    tlp    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (org_id, kind, tlp)
) STRICT, WITHOUT ROWID;
CREATE TABLE indicator_counts (
    org_id       INTEGER NOT NULL,
    window_start INTEGER NOT NULL,
    window_end   INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    tlp          INTEGER NOT NULL,
    severity     INTEGER NOT NULL,
    n            INTEGER NOT NULL,
    receipt_no   INTEGER NOT NULL,
    PRIMARY KEY (org_id, window_start, window_end, kind, tlp, severity)
) STRICT, WITHOUT ROWID;
CREATE TABLE count_totals (
    viewer_id INTEGER NOT NULL REFERENCES organisations (id),
    class     TEXT    NOT NULL,
    -- Counted from 1970; weeks begin on Mondays.
    week      INTEGER NOT NULL,
    -- JSON, with its members: compared with, never shown.
    body      TEXT    NOT NULL,
    PRIMARY KEY (viewer_id, class, week)
) STRICT, WITHOUT ROWID;
CREATE TABLE withdrawn_records (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    record_id   BLOB    NOT NULL,
    viewer_id   INTEGER NOT NULL REFERENCES organisations (id),
    class       TEXT    NOT NULL,
    -- The moment at which the viewer was shown it again. Should it be hidden once more within a few minutes, it counts as if it had not been.
    returned_at INTEGER,
    PRIMARY KEY (org_id, record_id, viewer_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE overlap_weeks (
    viewer_id  INTEGER NOT NULL REFERENCES organisations (id),
    week_start INTEGER NOT NULL,
    PRIMARY KEY (viewer_id, week_start)
) STRICT, WITHOUT ROWID;
CREATE TABLE overlap_members (
    viewer_id  INTEGER NOT NULL,
    week_start INTEGER NOT NULL,
    owner_id   INTEGER NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (viewer_id, week_start, owner_id),
    FOREIGN KEY (viewer_id, week_start) REFERENCES overlap_weeks (viewer_id, week_start) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE overlap_kinds (
    viewer_id  INTEGER NOT NULL,
    week_start INTEGER NOT NULL,
    kind       TEXT    NOT NULL,
    PRIMARY KEY (viewer_id, week_start, kind),
    FOREIGN KEY (viewer_id, week_start) REFERENCES overlap_weeks (viewer_id, week_start) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE overlap_comparisons (
    org_id INTEGER NOT NULL REFERENCES organisations (id),
    day    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (org_id, day)
) STRICT, WITHOUT ROWID;
CREATE TABLE indicator_digests (
    org_id        INTEGER NOT NULL,
    -- The indicator's.
    id            BLOB    NOT NULL,
    -- The number of the alliance's key.
    key_no        INTEGER NOT NULL,
    -- The type of the indicator: who shares numbers by type lets others know whether it holds any of one.
    kind          TEXT    NOT NULL,
    digest        BLOB    NOT NULL,
    tlp           INTEGER NOT NULL,
    active        INTEGER NOT NULL,
    -- When it first came.
    received_at   INTEGER NOT NULL,
    -- When it was received, marked otherwise, or other organisations were named on it.
    since         INTEGER NOT NULL,
    -- From which day on its organisation is told whether unnamed ones reported the same; 0 from the beginning.
    compared_from INTEGER NOT NULL,
    PRIMARY KEY (org_id, id, key_no),
    FOREIGN KEY (org_id, id) REFERENCES indicators (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE decision_rights (
    kind      TEXT    PRIMARY KEY,
    -- Roles, separated by blanks.
    proposers TEXT    NOT NULL,
    voters    TEXT    NOT NULL,
    -- Per cent of the organisations.
    quorum    INTEGER NOT NULL,
    days      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
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
CREATE TABLE decision_delegates (
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    kind        TEXT    NOT NULL,
    delegate_id INTEGER NOT NULL REFERENCES organisations (id),
    PRIMARY KEY (org_id, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE policies (
    version     INTEGER PRIMARY KEY,
    body        TEXT    NOT NULL,
    adopted_at  INTEGER NOT NULL,
    -- What adopted it; nothing where the hub began with it.
    decision_id INTEGER REFERENCES decisions (id)
) STRICT;
CREATE TABLE policy_drafts (
    org_id     INTEGER NOT NULL,
    user_id    INTEGER NOT NULL,
    body       TEXT    NOT NULL,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (org_id, user_id),
    FOREIGN KEY (org_id, user_id) REFERENCES users (org_id, id)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
    no         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    actor_org  INTEGER,
    actor_user INTEGER,
    action     TEXT    NOT NULL,
    -- The organisation it concerns. No reference: the trail outlives what it speaks of.
    org_id     INTEGER,
    object     TEXT    NOT NULL,
    -- JSON, as it is in the digest.
    detail     TEXT    NOT NULL,
    -- 16 random bytes, without which nobody who guesses the contents finds them in the digest.
    salt       BLOB,
    digest     BLOB    NOT NULL,
    erased     INTEGER NOT NULL,
    hash       BLOB    NOT NULL
) STRICT;
CREATE TABLE audit_checkpoints (
    no         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    -- The newest row then, 0 and zeros where there was none.
    row_no     INTEGER NOT NULL,
    row_hash   BLOB    NOT NULL,
    -- The hash of the checkpoint before, zeros where this is the first.
    previous   BLOB    NOT NULL,
    -- So that nobody finds out by trying which row it was.
    salt       BLOB    NOT NULL,
    -- Over all of the above but `no`.
    hash       BLOB    NOT NULL UNIQUE,
    public_key BLOB    NOT NULL,
    signature  BLOB    NOT NULL
) STRICT;
CREATE TABLE audit_witnesses (
    org_id   INTEGER PRIMARY KEY REFERENCES organisations (id),
    taken_at INTEGER NOT NULL
) STRICT;
INSERT INTO _sqlx_migrations ("version", "description", "installed_on", "success", "checksum", "execution_time") VALUES (1, 'alliance', '2026-12-01 02:59:12', 1, X'CE4061E33D6D627037DEDACF00752F9104C32BAC6B33BED42AAA7BC660D1F868571AD7063763116E75FA206435875FA0', 396444);
INSERT INTO _sqlx_migrations ("version", "description", "installed_on", "success", "checksum", "execution_time") VALUES (2, 'people', '2026-12-01 02:59:12', 1, X'1EE51B95D2C88350A3A15FD90FFE91C61F9BD5EDA3672F5D4865068F2000B2F99A46B60A9B0F5CA1996FBD0F921976DA', 2417905);
INSERT INTO _sqlx_migrations ("version", "description", "installed_on", "success", "checksum", "execution_time") VALUES (3, 'sharing', '2026-12-01 02:59:12', 1, X'91980DC5800BF1A24BBCB9F33FDC0A6C4965B2FECB2947BBEBB7278292CA26DCA56CEEC648468C81D5AE209B3DD68C77', 1450150);
INSERT INTO _sqlx_migrations ("version", "description", "installed_on", "success", "checksum", "execution_time") VALUES (4, 'pushes', '2026-12-01 02:59:12', 1, X'338EA134CF20590967B37A89393CEB5BEC1926FDCE2E6EFEB473FE8AEAC5B85785C7B3EC634E427AEE7C81A0F562C67A', 685586);
INSERT INTO _sqlx_migrations ("version", "description", "installed_on", "success", "checksum", "execution_time") VALUES (5, 'posture', '2026-12-01 02:59:12', 1, X'0ED9F2BC5C1AD34B23468D78CE513F1BAB2DC0A1E6FACEEC04DB0D35D335DD8A9DD6A488883BA8D606AFDF7FCCCCEE23', 1134909);
INSERT INTO _sqlx_migrations ("version", "description", "installed_on", "success", "checksum", "execution_time") VALUES (6, 'records', '2026-12-01 02:59:12', 1, X'603CFBAD7CD5507BE4E448A3814E4AA1A00E9974879F10D84ED47D8EB74C16275F88A5F3EA6A4439E5F26011E3C4BD85', 4067459);
INSERT INTO _sqlx_migrations ("version", "description", "installed_on", "success", "checksum", "execution_time") VALUES (7, 'decisions', '2026-12-01 02:59:12', 1, X'1D7A8890C350C02D817950CF337C9DB350BDD7B474F314AA595D1E2FB2F2B969A9B74CD99CB5AF06F53CA849E6F77C56', 1363057);
INSERT INTO _sqlx_migrations ("version", "description", "installed_on", "success", "checksum", "execution_time") VALUES (8, 'audit', '2026-12-01 02:59:12', 1, X'FB6FD15FF0BC7FED6383BB26FDDB48799642C45EEEDB3E02897E43BBB32409B3AACF6372EB1F9DDA685FCC45A265A34A', 1136080);
INSERT INTO meta ("key", "value") VALUES ('alliance_keys', '{"current":{"no":1,"key":"f05fcfdbf05c844b9ecc3acf315162db9d34232113f4dffb57252c173d2d16be"},"undigested":false}');
INSERT INTO meta ("key", "value") VALUES ('sharing_version', '4');
INSERT INTO organisations ("id", "slug", "name", "sector", "country", "assets", "interval_us", "weight", "created_at", "suspended_at", "sharing_confirmed_at", "hashes_since") VALUES (1, 'alpha', 'ALPHA', 'test', 'XX', 10, 3600000000, 1.0, 1728003600000000, NULL, 1728003600000000, NULL);
INSERT INTO organisations ("id", "slug", "name", "sector", "country", "assets", "interval_us", "weight", "created_at", "suspended_at", "sharing_confirmed_at", "hashes_since") VALUES (2, 'beta', 'BETA', 'test', 'XX', 10, 3600000000, 1.0, 1728003600000000, NULL, 1728003600000000, NULL);
INSERT INTO organisations ("id", "slug", "name", "sector", "country", "assets", "interval_us", "weight", "created_at", "suspended_at", "sharing_confirmed_at", "hashes_since") VALUES (3, 'gamma', 'GAMMA', 'test', 'XX', 10, 3600000000, 1.0, 1728003600000000, NULL, 1728003600000000, NULL);
INSERT INTO users ("id", "org_id", "email", "name", "role", "password_hash", "created_at", "disabled_at", "changed_at", "last_signed_in_at", "browsers_since") VALUES (2074342837629703, 1, 'ana@alpha.example', 'Ana „Öl“ Ågren', 'org_admin', 'hash', 1728003600000000, NULL, NULL, NULL, 0);
INSERT INTO account_acts ("id", "user_id", "act", "by_user", "at") VALUES (1, 2074342837629703, 'made', NULL, 1728003600000000);
INSERT INTO sharing_rules ("org_id", "class", "audience", "audience_id", "level", "set_at") VALUES (1, 'events', 'organisation', 3, 'summary', 1728003600000000);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (1, 'events', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (1, 'incidents', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (1, 'indicators', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (1, 'posture', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (2, 'events', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (2, 'incidents', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (2, 'indicators', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (2, 'posture', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (3, 'events', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (3, 'incidents', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (3, 'indicators', 3);
INSERT INTO sharing_pins ("org_id", "class", "level") VALUES (3, 'posture', 3);
INSERT INTO withheld ("viewer_id", "class", "owner_id", "level", "detail_since", "summary_since", "named_until", "detail_until") VALUES (3, 'events', 1, 2, NULL, 0, NULL, NULL);
INSERT INTO receipts ("org_id", "no", "id", "key_name", "what", "mode", "received_at", "as_of", "outdated_by", "left_out", "total", "kept", "failures", "bytes", "sha256", "user_agent", "idempotency_key", "route", "fingerprint") VALUES (1, 1, X'0192550A6E807D4DB63313AD443D07AE', 'test', 'metrics', 'delta', 1728003600000000, NULL, NULL, NULL, 2, 2, '[]', 2, X'0000000000000000000000000000000000000000000000000000000000000000', 'test', '', '', NULL);
INSERT INTO receipts ("org_id", "no", "id", "key_name", "what", "mode", "received_at", "as_of", "outdated_by", "left_out", "total", "kept", "failures", "bytes", "sha256", "user_agent", "idempotency_key", "route", "fingerprint") VALUES (1, 2, X'0192550A6E807ACEAA498179B80B3DBE', 'test', 'incidents', 'delta', 1728003600000000, NULL, NULL, NULL, 1, 1, '[]', 2, X'0000000000000000000000000000000000000000000000000000000000000000', 'test', '', '', NULL);
INSERT INTO receipts ("org_id", "no", "id", "key_name", "what", "mode", "received_at", "as_of", "outdated_by", "left_out", "total", "kept", "failures", "bytes", "sha256", "user_agent", "idempotency_key", "route", "fingerprint") VALUES (1, 3, X'0192550A6E807522ABA63352CFF67B8A', 'test', 'events', 'delta', 1728003600000000, NULL, NULL, NULL, 1, 1, '[]', 2, X'0000000000000000000000000000000000000000000000000000000000000000', 'test', '', '', NULL);
INSERT INTO receipts ("org_id", "no", "id", "key_name", "what", "mode", "received_at", "as_of", "outdated_by", "left_out", "total", "kept", "failures", "bytes", "sha256", "user_agent", "idempotency_key", "route", "fingerprint") VALUES (1, 4, X'0192550A6E807332821937C3078D97DD', 'test', 'indicators', 'delta', 1728003600000000, NULL, NULL, NULL, 1, 1, '[]', 2, X'0000000000000000000000000000000000000000000000000000000000000000', 'test', '', '', NULL);
INSERT INTO payloads ("org_id", "receipt_no", "body") VALUES (1, 1, X'');
INSERT INTO payloads ("org_id", "receipt_no", "body") VALUES (1, 2, X'');
INSERT INTO payloads ("org_id", "receipt_no", "body") VALUES (1, 3, X'');
INSERT INTO payloads ("org_id", "receipt_no", "body") VALUES (1, 4, X'');
INSERT INTO push_states ("org_id", "last_no", "day", "day_bytes", "kept_bytes", "last_data_at", "signs", "fresh_pushes", "fresh_points", "fresh_since") VALUES (1, 4, 20000, 8, 16, 1728003600000000, '{"posture":1728003600000000,"incidents":null,"events":1728003600000000,"indicators":1728003600000000}', 1, 2, 1728003600000000);
INSERT INTO push_states ("org_id", "last_no", "day", "day_bytes", "kept_bytes", "last_data_at", "signs", "fresh_pushes", "fresh_points", "fresh_since") VALUES (2, 0, 0, 0, 0, NULL, '{}', 0, 0, NULL);
INSERT INTO push_states ("org_id", "last_no", "day", "day_bytes", "kept_bytes", "last_data_at", "signs", "fresh_pushes", "fresh_points", "fresh_since") VALUES (3, 0, 0, 0, 0, NULL, '{}', 0, 0, NULL);
INSERT INTO outbox ("seq", "at", "org_id", "no", "what", "everyone", "recipients", "since", "newest") VALUES (1, 1728003600000000, 1, 1, 'metrics', 1, '[]', 1727917200000000, 9223372036854775807);
INSERT INTO outbox ("seq", "at", "org_id", "no", "what", "everyone", "recipients", "since", "newest") VALUES (2, 1728003600000000, 1, 2, 'incidents', 0, '[2]', 1727917200000000, 1728003600000000);
INSERT INTO outbox ("seq", "at", "org_id", "no", "what", "everyone", "recipients", "since", "newest") VALUES (3, 1728003600000000, 1, 3, 'events', 1, '[]', 1728003600000000, 1728003600000000);
INSERT INTO outbox ("seq", "at", "org_id", "no", "what", "everyone", "recipients", "since", "newest") VALUES (4, 1728003600000000, 1, 4, 'indicators', 1, '[]', 1728003600000000, 1728003600000000);
INSERT INTO series ("org_id", "number", "metric", "labels") VALUES (1, 0, 'm', '');
INSERT INTO pushed_samples ("org_id", "receipt_no", "newest_at", "body") VALUES (1, 1, 1728003600000000, X'0100A0B2EFEF0C010000343333333333D33F80C60A0100F24C');
INSERT INTO current_values ("org_id", "part", "newest_at", "body") VALUES (1, 0, 1728003600000000, X'01000000A0F8F9EF0CA0F8F9EF0CF24C');
INSERT INTO recipients ("org_id", "record_id", "recipient_id") VALUES (1, X'0192550A6E80758E95F74A91AEF57EDB', 2);
INSERT INTO incidents ("org_id", "id", "external_id", "revision", "title", "severity", "status", "tlp", "class", "opened_at", "closed_at", "updated_at", "received_at", "heard_at", "stated_status", "stated_updated_at", "raw", "words") VALUES (1, X'0192550A6E80758E95F74A91AEF57EDB', 'i', 1, 'Incident i', 1, 0, 3, 'fraud/phishing', 1727917200000000, NULL, 1728003600000000, 1728003600000000, 1728003600000000, NULL, NULL, '{"external_id":"i","severity":"high","status":"new","tlp":"AMBER+STRICT"}', 'incident i
i');
INSERT INTO incident_revisions ("org_id", "incident_id", "revision", "at", "received_at", "receipt_no", "tlp", "summary") VALUES (1, X'0192550A6E80758E95F74A91AEF57EDB', 1, 1728003600000000, 1728003600000000, 2, 3, 'Reported as high, new');
INSERT INTO events ("org_id", "id", "external_id", "kind", "title", "severity", "tlp", "observed_at", "incident", "receipt_no", "received_at", "heard_at", "withdrawn_at", "raw", "words") VALUES (1, X'0192550A6E8075F1B3C72D06198D20EE', 'e', 'alert', 'Event e', 2, 1, 1728003600000000, 'i', 3, 1728003600000000, 1728003600000000, NULL, '{}', 'event e
e');
INSERT INTO indicators ("org_id", "id", "kind", "value", "hashed", "tlp", "severity", "confidence", "first_seen", "last_seen", "valid_until", "active", "receipt_no", "received_at", "heard_at", "left_out_at", "raw", "address", "words") VALUES (1, X'0192550A6E80739FBC0F8B29A80E8205', 'domain-name', 'a.example', 0, 1, NULL, 50, 1728003600000000, 1728003600000000, NULL, 1, 4, 1728003600000000, 1728003600000000, NULL, '{}', '', 'a.example');
INSERT INTO indicator_totals ("org_id", "kind", "tlp", "n") VALUES (1, 'domain-name', 1, 1);
INSERT INTO overlap_comparisons ("org_id", "day", "n") VALUES (1, 20000, 1);
INSERT INTO indicator_digests ("org_id", "id", "key_no", "kind", "digest", "tlp", "active", "received_at", "since", "compared_from") VALUES (1, X'0192550A6E80739FBC0F8B29A80E8205', 1, 'domain-name', X'918C9350F8FFD96C2A123B83B204A51882653021CA627B49605868280F8DC80D', 1, 1, 1728003600000000, 1728003600000000, 0);
INSERT INTO audit ("no", "at", "actor_org", "actor_user", "action", "org_id", "object", "detail", "salt", "digest", "erased", "hash") VALUES (1, 1728003600000000, NULL, NULL, 'organisation.added', 1, 'organisation alpha', '{"admitted":true,"assets":10,"country":"XX","interval_us":3600000000,"name":"ALPHA","sector":"test","weight":1.0}', X'251F2AF86A1DEB330CFD9A26705C29B1', X'5391915DA74AF04F9C7975DDE08BEDCB06569BE4BE30D9677FEB967F14B50070', 0, X'CF34D7FD9D1FCD64C74413FB2F30334C76C2065CDAE33E94CE2D86C4536B5412');
INSERT INTO audit ("no", "at", "actor_org", "actor_user", "action", "org_id", "object", "detail", "salt", "digest", "erased", "hash") VALUES (2, 1728003600000000, NULL, NULL, 'organisation.added', 2, 'organisation beta', '{"admitted":true,"assets":10,"country":"XX","interval_us":3600000000,"name":"BETA","sector":"test","weight":1.0}', X'FA0107ED66677EE8F85131EB78944D54', X'456B7194B3673D45DEE2583390C559E88BDC3F158676B95AF3DCB65FA8D810C6', 0, X'9B5F9F50F7A97043A050A1FE4BE2D3F4DE2E4807DFE64694B8BF0FC21B1E7773');
INSERT INTO audit ("no", "at", "actor_org", "actor_user", "action", "org_id", "object", "detail", "salt", "digest", "erased", "hash") VALUES (3, 1728003600000000, NULL, NULL, 'organisation.added', 3, 'organisation gamma', '{"admitted":true,"assets":10,"country":"XX","interval_us":3600000000,"name":"GAMMA","sector":"test","weight":1.0}', X'3979AE74D7FB6C8357503AAFB5F4C50A', X'FBE686BB7333EAD4172303A9A3DB9FD46381506D55221A32A161DE9C91F2D600', 0, X'10A5197E51204001BA53BDBFBB7435B1D5FA9FC5BBB502361EB917AF67935C5D');
INSERT INTO audit ("no", "at", "actor_org", "actor_user", "action", "org_id", "object", "detail", "salt", "digest", "erased", "hash") VALUES (4, 1728003600000000, NULL, NULL, 'user.added', 1, 'user 2074342837629703', '{"password":true,"role":"org_admin"}', X'87722D72AC3A6BCA3E70C0241FBF76C6', X'7DB9B1BBEBB9EE524E6E793ADF91EC0E9757DFF25F7D5EB8327CA9CC01C360EE', 0, X'9FFFB8AD633CC37686016A3AE25D5BB47BAFC8624783CC7E09BE49AC969FA6D6');
INSERT INTO audit ("no", "at", "actor_org", "actor_user", "action", "org_id", "object", "detail", "salt", "digest", "erased", "hash") VALUES (5, 1728003600000000, NULL, NULL, 'sharing.rule_set', 1, 'events for organisation 3', '{"level":"summary"}', X'6DC2E5CE2208E7CA37E5260BD48F0ED7', X'4ED6BF41321A7FC916824D68C5384AA81376A8ABB92577FC31BBC9EF6D7BD9F6', 0, X'66FBE5E5B43A7C551497599ED81CC737BB0BA9F94CC5BDB13FE8ABBFFC20AEE6');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence ("name", "seq") VALUES ('account_acts', 1);
INSERT INTO sqlite_sequence ("name", "seq") VALUES ('outbox', 4);
CREATE INDEX former_slugs_org ON former_slugs (org_id);
CREATE INDEX users_email ON users (email);
CREATE INDEX account_acts_user ON account_acts (user_id, at);
CREATE INDEX account_acts_act ON account_acts (act, at);
CREATE UNIQUE INDEX signin_links_user ON signin_links (user_id);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX signin_tries_age ON signin_tries (whole_at);
CREATE INDEX passkeys_user ON passkeys (user_id);
CREATE INDEX oidc_identities_user ON oidc_identities (user_id);
CREATE INDEX sharing_group_members_group ON sharing_group_members (group_id);
CREATE INDEX withheld_owner ON withheld (owner_id);
CREATE INDEX peers_owner ON peers (owner_id);
CREATE INDEX shown_lately_until ON shown_lately (until);
CREATE UNIQUE INDEX receipts_idempotency ON receipts (org_id, route, idempotency_key) WHERE fingerprint IS NOT NULL;
CREATE INDEX receipts_as_of ON receipts (org_id, what, as_of) WHERE as_of IS NOT NULL;
CREATE INDEX receipts_id ON receipts (id);
CREATE INDEX recipients_named ON recipients (recipient_id, org_id, record_id);
CREATE INDEX incidents_id ON incidents (id);
CREATE INDEX incidents_queue ON incidents (severity, opened_at DESC, id DESC);
CREATE INDEX incidents_opened ON incidents (opened_at);
CREATE INDEX incidents_closed ON incidents (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX incidents_open ON incidents (org_id, severity) WHERE status < 3;
CREATE INDEX incidents_reach ON incidents (org_id, tlp, received_at, id);
CREATE INDEX incidents_wordless ON incidents (org_id) WHERE words IS NULL;
CREATE INDEX withdrawn_criticals_viewer ON withdrawn_criticals (org_id, viewer_id);
CREATE INDEX events_id ON events (id);
CREATE INDEX events_incident ON events (org_id, incident) WHERE incident IS NOT NULL;
CREATE INDEX events_recent ON events (observed_at, id);
CREATE INDEX events_reach ON events (org_id, tlp, received_at, id);
CREATE INDEX events_wordless ON events (org_id) WHERE words IS NULL;
CREATE INDEX indicators_id ON indicators (id);
CREATE INDEX indicators_recent ON indicators (last_seen, id);
CREATE INDEX indicators_expiry ON indicators (valid_until) WHERE active = 1 AND valid_until IS NOT NULL;
CREATE INDEX indicators_reach ON indicators (org_id, tlp, received_at, id);
CREATE INDEX indicators_address ON indicators (kind, address) WHERE address > '';
CREATE INDEX indicators_unspelled ON indicators (org_id) WHERE address IS NULL;
CREATE INDEX indicators_wordless ON indicators (org_id) WHERE words IS NULL;
CREATE INDEX withdrawn_records_viewer ON withdrawn_records (org_id, viewer_id, class);
CREATE INDEX overlap_weeks_week ON overlap_weeks (week_start);
CREATE INDEX indicator_digests_digest ON indicator_digests (digest, org_id, tlp, active, received_at, since, compared_from, kind, id);
CREATE INDEX policy_drafts_user ON policy_drafts (user_id);
CREATE INDEX audit_org ON audit (org_id, no);
CREATE INDEX audit_object ON audit (object, no);
CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'rows of the audit trail do not change'); END;
CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'rows of the audit trail stay'); END;
CREATE TRIGGER audit_checkpoints_update BEFORE UPDATE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints do not change'); END;
CREATE TRIGGER audit_checkpoints_delete BEFORE DELETE ON audit_checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints stay'); END;
COMMIT;
