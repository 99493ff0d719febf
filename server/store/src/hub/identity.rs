//! People, their sessions, and the keys of machines.

use super::{
    Hub,
    authority::{Act, Doers, drop_links, record, tell},
    bounds,
};
use crate::{
    StoreError,
    audit::{self, Action, Actor, Entry, org_of, person},
    db::{Conn, Scope, execute, on_conn, random_number, read},
    writer::Keep,
};
use domain::{OrgId, Role, Timestamp, Viewer};
use serde_json::json;
use sqlx::AssertSqlSafe;

/// Sessions that one person has at once.
const MAX_SESSIONS: i64 = 20;

/// One person.
#[derive(Clone, Debug, PartialEq)]
pub struct UserRecord {
    pub id: i64,
    pub org: OrgId,
    pub email: String,
    pub name: String,
    pub role: Role,
    pub password_hash: Option<String>,
    pub disabled: bool,
    /// When somebody else last changed the account, where its owner has not said yet to have seen it.
    pub changed_at: Option<Timestamp>,
}

/// One API key, without its secret.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRecord {
    pub id: i64,
    pub org: OrgId,
    pub name: String,
    pub hint: String,
    /// Space-separated.
    pub scopes: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// Networks in CIDR, separated by blanks, from which it may be used; empty: from anywhere.
    pub addresses: String,
}

impl KeyRecord {
    /// Whether it can be used at a moment.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|at| at > now)
    }
}

/// One session as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionRecord {
    pub user: Option<i64>,
    /// The session layer's own JSON.
    pub data: String,
    /// Idle expiry.
    pub expires_at: Timestamp,
    /// Absolute expiry; set at creation and never moved.
    pub absolute_at: Timestamp,
}

type UserRow = (i64, i64, String, String, String, Option<String>, Option<i64>, Option<i64>);
type KeyRow = (i64, i64, String, String, String, i64, Option<i64>, Option<i64>, Option<i64>, String);

fn user((id, org, email, name, role, password_hash, disabled, changed): UserRow) -> Result<UserRecord, StoreError> {
    let role = role.parse().map_err(StoreError::Internal)?;
    Ok(UserRecord { id, org: OrgId(org), email, name, role, password_hash, disabled: disabled.is_some(), changed_at: changed.map(Timestamp) })
}

fn key((id, org, name, hint, scopes, created, expires, revoked, used, addresses): KeyRow) -> KeyRecord {
    KeyRecord {
        id,
        org: OrgId(org),
        name,
        hint,
        scopes,
        created_at: Timestamp(created),
        expires_at: expires.map(Timestamp),
        revoked_at: revoked.map(Timestamp),
        last_used_at: used.map(Timestamp),
        addresses,
    }
}

impl Hub<'_> {
    /// Adds a person. No second person is asked, whatever the role: it is the way of the hub's own command line; people's is [`Hub::change_account`].
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the mail address is taken.
    pub async fn add_user(&self, org: OrgId, email: String, name: String, role: Role, password_hash: Option<String>, at: Timestamp) -> Result<i64, StoreError> {
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let id = insert_user(conn, actor, actor.into(), (org, email, name, role), password_hash, at).await?;
                id.ok_or(StoreError::Exists("mail address"))
            })
        })
        .await
    }

    /// The first person with a mail address, in any case.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<UserRecord>, StoreError> {
        Ok(self.users_by_email(email).await?.into_iter().next())
    }

    /// The people with a mail address, in any case: at most one of each organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn users_by_email(&self, email: &str) -> Result<Vec<UserRecord>, StoreError> {
        const FIND: &str = "SELECT id, org_id, email, name, role, password_hash, disabled_at, changed_at FROM users WHERE email = $1 ORDER BY created_at, id";
        let email = email.trim().to_lowercase();
        let rows: Vec<UserRow> = read!(self, c => sqlx::query_as(FIND).bind(email).fetch_all(c).await)?;
        rows.into_iter().map(user).collect()
    }

    /// The person with a number.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn user(&self, id: i64) -> Result<Option<UserRecord>, StoreError> {
        const FIND: &str = "SELECT id, org_id, email, name, role, password_hash, disabled_at, changed_at FROM users WHERE id = $1";
        let row: Option<UserRow> = read!(self, c => sqlx::query_as(FIND).bind(id).fetch_optional(c).await)?;
        row.map(user).transpose()
    }

    /// Stores a one-time link, by the SHA-256 of its token, in place of the one there was: of each person at most the newest works. False where there is
    /// no such person, or they may not sign in. No second person is asked, as with [`Hub::add_user`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_signin_link(&self, user: i64, token_hash: [u8; 32], expires_at: Timestamp, at: Timestamp) -> Result<bool, StoreError> {
        let actor = self.actor;
        self.write(move |conn| Box::pin(async move { insert_link(conn, actor, actor.into(), user, (token_hash, expires_at), at).await })).await
    }

    /// Whether a one-time link still works, without using it up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn signin_link(&self, token_hash: [u8; 32], now: Timestamp) -> Result<bool, StoreError> {
        const FIND: &str = "SELECT count(*) FROM signin_links WHERE token_hash = $1 AND expires_at > $2";
        let n: i64 = read!(self, c => sqlx::query_scalar(FIND).bind(&token_hash[..]).bind(now.0).fetch_one(c).await)?;
        Ok(n > 0)
    }

    /// Uses a one-time link up: sets the password, ends the person's sessions. `None` when the link does not work (any more).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_signin_link(&self, token_hash: [u8; 32], password_hash: String, now: Timestamp) -> Result<Option<i64>, StoreError> {
        const SET: &str = "UPDATE users SET password_hash = $2 WHERE id = $1 AND disabled_at IS NULL";
        const END: &str = "DELETE FROM sessions WHERE user_id = $1";
        // Whoever linked it may not be the one who has the link.
        const UNLINK: &str = "DELETE FROM oidc_identities WHERE user_id = $1";
        self.write(move |conn| {
            Box::pin(async move {
                let user = take_link(conn, token_hash, now).await?;
                if let Some(id) = user {
                    execute!(conn, c => sqlx::query(SET).bind(id).bind(password_hash).execute(&mut *c).await)?;
                    let sessions = execute!(conn, c => sqlx::query(END).bind(id).execute(&mut *c).await)?;
                    execute!(conn, c => sqlx::query(UNLINK).bind(id).execute(&mut *c).await)?;
                    // Whoever has the link is the person.
                    let org = org_of(conn, id).await?;
                    let detail = json!({ "sessions_ended": sessions });
                    let entry = Entry { at: now, actor: Actor { org, user: Some(id) }, action: Action::PasswordSet, org, object: person(id), detail };
                    audit::append(conn, entry).await?;
                }
                Ok(user)
            })
        })
        .await
    }

    /// Adds an API key, by the SHA-256 of its text.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the organisation has a key of this name.
    pub async fn add_key(&self, record: KeyRecord, hash: [u8; 32]) -> Result<(), StoreError> {
        let actor = self.actor;
        self.write(move |conn| Box::pin(async move { insert_key(conn, actor, record, hash).await })).await
    }

    /// As [`Hub::add_key`], where the organisation has fewer than `most` live keys.
    ///
    /// # Errors
    /// As there, and [`StoreError::TooMany`] where it has as many as it may.
    pub async fn add_key_within(&self, most: u32, record: KeyRecord, hash: [u8; 32]) -> Result<(), StoreError> {
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                fewer_keys(conn, &record, most).await?;
                insert_key(conn, actor, record, hash).await
            })
        })
        .await
    }

    /// Replaces a live key by a new one; the old one goes on until `until`, or its own earlier end, so that its machine can be given the new one
    /// meanwhile. False when there is no such live key.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the organisation has a key of the new one's name, [`StoreError::TooMany`] when it has `most` live keys.
    pub async fn rotate_key(&self, name: String, most: u32, record: KeyRecord, hash: [u8; 32], until: Timestamp) -> Result<bool, StoreError> {
        const END: &str = "UPDATE api_keys SET expires_at = CASE WHEN expires_at < $3 THEN expires_at ELSE $3 END \
                           WHERE org_id = $1 AND name = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $4)";
        let (actor, org, at) = (self.actor, record.org, record.created_at);
        let detail = json!({ "by": record.name, "until": until.rfc3339() });
        let entry = Entry { at, actor, action: Action::KeyRotated, org: Some(org), object: format!("key {name}"), detail };
        self.write(move |conn| {
            Box::pin(async move {
                if execute!(conn, c => sqlx::query(END).bind(org.0).bind(name).bind(until.0).bind(at.0).execute(&mut *c).await)? == 0 {
                    return Ok(false);
                }
                audit::append(conn, entry).await?;
                fewer_keys(conn, &record, most).await?;
                insert_key(conn, actor, record, hash).await?;
                Ok(true)
            })
        })
        .await
    }

    /// The key with this hash, revoked and expired ones included.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn key_by_hash(&self, hash: [u8; 32]) -> Result<Option<KeyRecord>, StoreError> {
        const FIND: &str = "SELECT id, org_id, name, hint, scopes, created_at, expires_at, revoked_at, last_used_at, addresses FROM api_keys WHERE hash = $1";
        let row: Option<KeyRow> = read!(self, c => sqlx::query_as(FIND).bind(&hash[..]).fetch_optional(c).await)?;
        Ok(row.map(key))
    }

    /// An organisation's keys, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys(&self, org: OrgId) -> Result<Vec<KeyRecord>, StoreError> {
        const LIST: &str = "SELECT id, org_id, name, hint, scopes, created_at, expires_at, revoked_at, last_used_at, addresses FROM api_keys WHERE org_id = $1 ORDER BY created_at DESC, id DESC";
        let rows: Vec<KeyRow> = read!(self, c => sqlx::query_as(LIST).bind(org.0).fetch_all(c).await)?;
        Ok(rows.into_iter().map(key).collect())
    }

    /// Revokes a key; false when there is no such live key. Pushes that had found it good a moment before are decided on when this returns, unless the writer has
    /// too much to do: then they are within seconds.
    ///
    /// # Errors
    /// When the database fails; then the key is as it was.
    pub async fn revoke_key(&self, org: OrgId, name: String, at: Timestamp) -> Result<bool, StoreError> {
        const REVOKE: &str = "UPDATE api_keys SET revoked_at = $3 WHERE org_id = $1 AND name = $2 AND revoked_at IS NULL";
        let entry = Entry { at, actor: self.actor, action: Action::KeyRevoked, org: Some(org), object: format!("key {name}"), detail: json!({}) };
        let revoked = self
            .write(move |conn| {
                Box::pin(async move {
                    let revoked = execute!(conn, c => sqlx::query(REVOKE).bind(org.0).bind(name).bind(at.0).execute(&mut *c).await)? > 0;
                    if revoked {
                        audit::append(conn, entry).await?;
                    }
                    Ok(revoked)
                })
            })
            .await?;
        if revoked {
            // In the organisation's turn, so after whatever is under way for it on any node. It is revoked, whether this can be waited for or not.
            let waited = self.store.inner.writer.run(Scope::Partner(org), |_| Box::pin(async { Ok(Keep::Yes(())) })).await;
            waited.unwrap_or_else(|error| tracing::warn!(%error, org = org.0, "not waited for pushes with a revoked key"));
        }
        Ok(revoked)
    }

    /// Notes when keys were last used; called now and then with what was gathered, not for each request.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keys_used(&self, used: Vec<(i64, Timestamp)>) -> Result<(), StoreError> {
        const USED: &str = "UPDATE api_keys SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
        self.write(move |conn| {
            Box::pin(async move {
                for (id, at) in used {
                    execute!(conn, c => sqlx::query(USED).bind(id).bind(at.0).execute(&mut *c).await)?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Stores a new session; one of a person is a sign-in, and ends the person's oldest where there are too many then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_session(&self, id_hash: [u8; 32], record: SessionRecord, at: Timestamp) -> Result<(), StoreError> {
        const CREATE: &str = "INSERT INTO sessions (id_hash, user_id, data, expires_at, absolute_at) VALUES ($1, $2, $3, $4, $5)";
        const OLDER: &str = "DELETE FROM sessions WHERE user_id = $1 AND id_hash <> $3 AND id_hash NOT IN \
            (SELECT id_hash FROM sessions WHERE user_id = $1 ORDER BY absolute_at DESC, id_hash LIMIT $2) RETURNING user_id";
        const SIGNED_IN: &str = "UPDATE users SET last_signed_in_at = $2 WHERE id = $1";
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => {
                    sqlx::query(CREATE).bind(&id_hash[..]).bind(record.user).bind(record.data).bind(record.expires_at.0).bind(record.absolute_at.0).execute(&mut *c).await
                })?;
                let Some(user) = record.user else { return Ok(()) };
                let older: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(OLDER).bind(user).bind(MAX_SESSIONS).bind(&id_hash[..]).fetch_all(&mut *c).await)?;
                for _ in older {
                    session_row(conn, Action::SessionEnded, user, at).await?;
                }
                execute!(conn, c => sqlx::query(SIGNED_IN).bind(user).bind(at.0).execute(&mut *c).await)?;
                session_row(conn, Action::SessionStarted, user, at).await
            })
        })
        .await
    }

    /// Saves a session that still exists. It never makes one: a slow request must not revive a session that was signed out.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn save_session(&self, id_hash: [u8; 32], user: Option<i64>, data: String, expires_at: Timestamp) -> Result<(), StoreError> {
        const SAVE: &str =
            "UPDATE sessions SET user_id = $2, data = $3, expires_at = CASE WHEN $4 < absolute_at THEN $4 ELSE absolute_at END WHERE id_hash = $1";
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(SAVE).bind(&id_hash[..]).bind(user).bind(data).bind(expires_at.0).execute(&mut *c).await)?;
                Ok(())
            })
        })
        .await
    }

    /// A session that has not expired.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(&self, id_hash: [u8; 32], now: Timestamp) -> Result<Option<SessionRecord>, StoreError> {
        const LOAD: &str = "SELECT user_id, data, expires_at, absolute_at FROM sessions WHERE id_hash = $1 AND expires_at > $2 AND absolute_at > $2";
        let row: Option<(Option<i64>, String, i64, i64)> = read!(self, c => sqlx::query_as(LOAD).bind(&id_hash[..]).bind(now.0).fetch_optional(c).await)?;
        Ok(row.map(|(user, data, expires, absolute)| SessionRecord { user, data, expires_at: Timestamp(expires), absolute_at: Timestamp(absolute) }))
    }

    /// Who is behind those of `sessions` (hashes of their ids) that still last and whose person is not disabled.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn viewers_of(&self, sessions: &[[u8; 32]], now: Timestamp) -> Result<Vec<([u8; 32], Viewer)>, StoreError> {
        const STILL: &str = " JOIN users u ON u.id = s.user_id WHERE u.disabled_at IS NULL AND s.expires_at > $2 AND s.absolute_at > $2";
        const SQLITE: &str = "SELECT s.id_hash, u.org_id, u.role FROM json_each($1) e CROSS JOIN sessions s ON s.id_hash = unhex(e.value)";
        const POSTGRES: &str =
            "SELECT s.id_hash, u.org_id, u.role FROM json_array_elements_text($1::json) AS e (value) JOIN sessions s ON s.id_hash = decode(e.value, 'hex')";
        let hex: Vec<String> = sessions.iter().map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect()).collect();
        let list = serde_json::to_string(&hex).map_err(|e| StoreError::Internal(e.to_string()))?;
        let behind = format!("{}{STILL}", self.store.inner.db.pick(SQLITE, POSTGRES));
        let rows: Vec<(Vec<u8>, i64, String)> = read!(self, c => sqlx::query_as(AssertSqlSafe(behind)).bind(&list).bind(now.0).fetch_all(c).await)?;
        rows.into_iter()
            .map(|(hash, org, role)| {
                let hash = hash.try_into().map_err(|_| StoreError::Internal("a session's hash has another length".into()))?;
                Ok((hash, Viewer { org: OrgId(org), role: role.parse().map_err(StoreError::Internal)? }))
            })
            .collect()
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delete_session(&self, id_hash: [u8; 32], at: Timestamp) -> Result<(), StoreError> {
        const DELETE: &str = "DELETE FROM sessions WHERE id_hash = $1 RETURNING user_id";
        self.write(move |conn| {
            Box::pin(async move {
                let user: Option<Option<i64>> = on_conn!(conn, c => sqlx::query_scalar(DELETE).bind(&id_hash[..]).fetch_optional(&mut *c).await)?;
                match user.flatten() {
                    Some(user) => session_row(conn, Action::SessionEnded, user, at).await,
                    None => Ok(()),
                }
            })
        })
        .await
    }
}

/// Adds a person, `who` did it; `None` where the mail address is taken.
pub(super) async fn insert_user(
    conn: &mut Conn,
    actor: Actor,
    who: Doers,
    (org, email, name, role): (OrgId, String, String, Role),
    password_hash: Option<String>,
    at: Timestamp,
) -> Result<Option<i64>, StoreError> {
    const ADD: &str = "INSERT INTO users (id, org_id, email, name, role, password_hash, created_at) VALUES ($7, $1, $2, $3, $4, $5, $6) \
                       ON CONFLICT DO NOTHING RETURNING id";
    let email = email.trim().to_lowercase();
    // Unique within the organisation only: inviting tells nothing about other organisations' people.
    bounds::room(conn, org, &bounds::PEOPLE).await?;
    let detail = json!({ "role": role.name(), "password": password_hash.is_some() });
    let id: Option<i64> = on_conn!(conn, c => {
        let add = sqlx::query_scalar(ADD).bind(org.0).bind(email).bind(name).bind(role.name()).bind(password_hash);
        add.bind(at.0).bind(random_number()).fetch_optional(&mut *c).await
    })?;
    let Some(id) = id else { return Ok(None) };
    record(conn, Act::Made, id, who, at).await?;
    audit::append(conn, Entry { at, actor, action: Action::UserAdded, org: Some(org), object: person(id), detail: who.named_in(detail) }).await?;
    Ok(Some(id))
}

/// Keeps a one-time link (its token's hash, and its end), which `who` made, in place of the one there was.
pub(super) async fn insert_link(
    conn: &mut Conn,
    actor: Actor,
    who: Doers,
    user: i64,
    (token_hash, expires_at): ([u8; 32], Timestamp),
    at: Timestamp,
) -> Result<bool, StoreError> {
    const MAY: &str = "SELECT role FROM users WHERE id = $1 AND disabled_at IS NULL";
    const ADD: &str = "INSERT INTO signin_links (token_hash, user_id, expires_at, by_user, second_user) VALUES ($1, $2, $3, $4, $5)";
    const JOINED: &str =
        "SELECT count(*) FROM users WHERE id = $1 AND (password_hash IS NOT NULL OR (org_id, id) IN (SELECT org_id, user_id FROM oidc_identities))";
    let role: Option<String> = on_conn!(conn, c => sqlx::query_scalar(MAY).bind(user).fetch_optional(&mut *c).await)?;
    let Some(role) = role else { return Ok(false) };
    drop_links(conn, user, role.parse().map_err(StoreError::Internal)?, at).await?;
    execute!(conn, c => {
        let add = sqlx::query(ADD).bind(&token_hash[..]).bind(user).bind(expires_at.0);
        add.bind(who.by).bind(who.second).execute(&mut *c).await
    })?;
    record(conn, Act::Linked, user, who, at).await?;
    let joined: i64 = on_conn!(conn, c => sqlx::query_scalar(JOINED).bind(user).fetch_one(&mut *c).await)?;
    if joined > 0 {
        tell(conn, user, who, at).await?;
    }
    let (org, detail) = (org_of(conn, user).await?, who.named_in(json!({ "expires_at": expires_at.rfc3339() })));
    audit::append(conn, Entry { at, actor, action: Action::LinkMade, org, object: person(user), detail }).await?;
    Ok(true)
}

/// Uses a one-time link up: whose it was. Those who made it may be the ones who used it.
pub(super) async fn take_link(conn: &mut Conn, token_hash: [u8; 32], now: Timestamp) -> Result<Option<i64>, StoreError> {
    const USE: &str = "DELETE FROM signin_links WHERE token_hash = $1 AND expires_at > $2 RETURNING user_id, by_user, second_user";
    type Used = (i64, Option<i64>, Option<i64>);
    let row: Option<Used> = on_conn!(conn, c => sqlx::query_as(USE).bind(&token_hash[..]).bind(now.0).fetch_optional(&mut *c).await)?;
    let Some((user, by, second)) = row else { return Ok(None) };
    record(conn, Act::LetIn, user, Doers { by, second }, now).await?;
    Ok(Some(user))
}

/// Refuses a key where its organisation has `most` live ones, in the transaction that makes it, so that many at once come no further.
async fn fewer_keys(conn: &mut Conn, record: &KeyRecord, most: u32) -> Result<(), StoreError> {
    const LIVE: &str = "SELECT count(*) FROM api_keys WHERE org_id = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)";
    let live: i64 = on_conn!(conn, c => sqlx::query_scalar(LIVE).bind(record.org.0).bind(record.created_at.0).fetch_one(&mut *c).await)?;
    let most = i64::from(most);
    if live < most { Ok(()) } else { Err(StoreError::TooMany { what: "live keys", most }) }
}

async fn insert_key(conn: &mut Conn, actor: Actor, record: KeyRecord, hash: [u8; 32]) -> Result<(), StoreError> {
    const ADD: &str = "INSERT INTO api_keys (id, org_id, name, hint, hash, scopes, created_at, expires_at, addresses) VALUES ($9, $1, $2, $3, $4, $5, $6, $7, $8) \
                       ON CONFLICT DO NOTHING";
    let expires_at = record.expires_at.map(Timestamp::rfc3339);
    let detail = json!({ "hint": record.hint, "scopes": record.scopes, "expires_at": expires_at, "addresses": record.addresses });
    let (at, object) = (record.created_at, format!("key {}", record.name));
    let written = execute!(conn, c => {
        sqlx::query(ADD)
            .bind(record.org.0)
            .bind(record.name)
            .bind(record.hint)
            .bind(&hash[..])
            .bind(record.scopes)
            .bind(record.created_at.0)
            .bind(record.expires_at.map(|t| t.0))
            .bind(record.addresses)
            .bind(random_number())
            .execute(&mut *c)
            .await
    })?;
    if written == 0 {
        return Err(StoreError::Exists("key"));
    }
    audit::append(conn, Entry { at, actor, action: Action::KeyCreated, org: Some(record.org), object, detail }).await
}

/// A row about a session, which is its person's own doing.
async fn session_row(conn: &mut Conn, action: Action, user: i64, at: Timestamp) -> Result<(), StoreError> {
    let org = org_of(conn, user).await?;
    audit::append(conn, Entry { at, actor: Actor { org, user: Some(user) }, action, org, object: person(user), detail: json!({}) }).await
}
