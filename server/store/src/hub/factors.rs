//! The second factor of people, codes that stand in for it, and the list of their sessions.

use super::{
    Hub,
    authority::{record_reset, tell},
    sealing::Sealed,
    throttle::forget_browsers,
};
use crate::{
    SessionRecord, StoreError,
    audit::{self, Action, Actor, Entry, org_of, person},
    db::{Conn, execute, on_conn, read},
    writer::Keep,
};
use domain::Timestamp;
use serde_json::{Value, json};

/// The secret that a person's authenticator app shares with the hub.
#[derive(Clone, PartialEq, Eq)]
pub struct Factor {
    /// Sealed by the program; the store does not know the key.
    pub secret: Vec<u8>,
    /// Whether a first code was right, so that codes are asked for.
    pub confirmed: bool,
}

impl std::fmt::Debug for Factor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Factor(confirmed: {})", self.confirmed)
    }
}

/// The second factors of a person, by kind, and the codes that stand in for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Factors {
    /// Whether an authenticator app was confirmed.
    pub app: bool,
    pub passkeys: u32,
    /// Recovery codes that are left.
    pub codes: u32,
}

impl Factors {
    /// Whether a second factor is asked for.
    #[must_use]
    pub const fn any(self) -> bool {
        self.app || self.passkeys > 0
    }
}

/// What became of a new second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is the person's first one; its recovery codes are kept.
    First,
    /// There was one before, and its recovery codes stay.
    Another,
    Refused,
}

/// What became of a second factor that was to be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removed {
    Done,
    /// There was none.
    Gone,
    /// It is the last one of somebody who must keep one.
    Last,
}

type Counts = (i64, i64, i64);

const COUNT: &str = "SELECT (SELECT count(*) FROM second_factors WHERE user_id = $1 AND confirmed_at IS NOT NULL), \
                     (SELECT count(*) FROM passkeys WHERE user_id = $1), (SELECT count(*) FROM recovery_codes WHERE user_id = $1)";

fn counted((app, passkeys, codes): Counts) -> Factors {
    Factors { app: app > 0, passkeys: passkeys as u32, codes: codes as u32 }
}

pub(super) async fn factors_of(conn: &mut Conn, user: i64) -> Result<Factors, StoreError> {
    let row: Counts = on_conn!(conn, c => sqlx::query_as(COUNT).bind(user).fetch_one(&mut *c).await)?;
    Ok(counted(row))
}

/// Ends the removal of a second factor, with its row in the audit trail: undone where it was the last one of somebody who must keep one; with the
/// last one the recovery codes go.
pub(super) async fn removed(
    conn: &mut Conn,
    actor: Actor,
    user: i64,
    entry: Option<(Action, Value)>,
    keep_one: bool,
    at: Timestamp,
) -> Result<Keep<Removed>, StoreError> {
    let Some((action, detail)) = entry else { return Ok(Keep::No(Removed::Gone)) };
    if !factors_of(conn, user).await?.any() {
        if keep_one {
            return Ok(Keep::No(Removed::Last));
        }
        replace_codes(conn, user, &[]).await?;
    }
    let org = org_of(conn, user).await?;
    audit::append(conn, Entry { at, actor, action, org, object: person(user), detail }).await?;
    Ok(Keep::Yes(Removed::Done))
}

/// What a person did with his own second factor.
pub(super) async fn own(conn: &mut Conn, action: Action, user: i64, detail: Value, at: Timestamp) -> Result<(), StoreError> {
    let org = org_of(conn, user).await?;
    audit::append(conn, Entry { at, actor: Actor { org, user: Some(user) }, action, org, object: person(user), detail }).await
}

impl Hub<'_> {
    /// The secret of a person's authenticator app.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn factor(&self, user: i64) -> Result<Option<Factor>, StoreError> {
        const FIND: &str = "SELECT secret, confirmed_at FROM second_factors WHERE user_id = $1";
        let row: Option<(Vec<u8>, Option<i64>)> = read!(self, c => sqlx::query_as(FIND).bind(user).fetch_optional(c).await)?;
        Ok(row.map(|(secret, confirmed)| Factor { secret, confirmed: confirmed.is_some() }))
    }

    /// Which second factors a person has.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn factors(&self, user: i64) -> Result<Factors, StoreError> {
        let row: Counts = read!(self, c => sqlx::query_as(COUNT).bind(user).fetch_one(c).await)?;
        Ok(counted(row))
    }

    /// Keeps a new secret that waits for its first code, in place of one that waits. False where one is confirmed already.
    ///
    /// # Errors
    /// When the database fails, or the secret is sealed under a key that was replaced.
    pub async fn offer_factor(&self, user: i64, sealed: Sealed, at: Timestamp) -> Result<bool, StoreError> {
        const OFFER: &str = "INSERT INTO second_factors AS f (user_id, secret) VALUES ($1, $2) \
                             ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0 WHERE f.confirmed_at IS NULL";
        self.write(move |conn| {
            Box::pin(async move {
                sealed.check(conn).await?;
                let offered = execute!(conn, c => sqlx::query(OFFER).bind(user).bind(sealed.secret).execute(&mut *c).await)? > 0;
                if offered {
                    own(conn, Action::FactorOffered, user, json!({}), at).await?;
                }
                Ok(offered)
            })
        })
        .await
    }

    /// Secrets that lie open from before they were sealed: those of bare length.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_secrets(&self) -> Result<Vec<(i64, Vec<u8>)>, StoreError> {
        const OPEN: &str = "SELECT user_id, secret FROM second_factors WHERE length(secret) = 20";
        Ok(read!(self, c => sqlx::query_as(OPEN).fetch_all(c).await)?)
    }

    /// Puts a sealed secret in the place of the open one, unless that was replaced meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn seal_secret(&self, user: i64, open: Vec<u8>, sealed: Sealed) -> Result<(), StoreError> {
        const SEAL: &str = "UPDATE second_factors SET secret = $3 WHERE user_id = $1 AND secret = $2";
        self.write(move |conn| {
            Box::pin(async move {
                sealed.check(conn).await?;
                execute!(conn, c => sqlx::query(SEAL).bind(user).bind(open).bind(sealed.secret).execute(&mut *c).await)?;
                Ok(())
            })
        })
        .await
    }

    /// Takes the first code of a new secret, by its time step, and where it is the person's first second factor keeps the recovery codes that go with
    /// it. Refused where nothing waited.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirm_factor(&self, user: i64, step: i64, codes: Vec<[u8; 32]>, at: Timestamp) -> Result<Added, StoreError> {
        const CONFIRM: &str = "UPDATE second_factors SET confirmed_at = $2, last_step = $3 WHERE user_id = $1 AND confirmed_at IS NULL";
        self.write(move |conn| {
            Box::pin(async move {
                let before = factors_of(conn, user).await?;
                if execute!(conn, c => sqlx::query(CONFIRM).bind(user).bind(at.0).bind(step).execute(&mut *c).await)? == 0 {
                    return Ok(Added::Refused);
                }
                own(conn, Action::FactorSet, user, json!({}), at).await?;
                if before.any() {
                    return Ok(Added::Another);
                }
                replace_codes(conn, user, &codes).await?;
                Ok(Added::First)
            })
        })
        .await
    }

    /// Uses a code up, by its time step: true once for each step, on all nodes together.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_step(&self, user: i64, step: i64) -> Result<bool, StoreError> {
        const USE: &str = "UPDATE second_factors SET last_step = $2 WHERE user_id = $1 AND last_step < $2 AND confirmed_at IS NOT NULL";
        self.write(move |conn| Box::pin(async move { Ok(execute!(conn, c => sqlx::query(USE).bind(user).bind(step).execute(&mut *c).await)? > 0) })).await
    }

    /// Uses a recovery code up.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_recovery_code(&self, user: i64, hash: [u8; 32], at: Timestamp) -> Result<bool, StoreError> {
        const USE: &str = "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2";
        self.write(move |conn| {
            Box::pin(async move {
                let used = execute!(conn, c => sqlx::query(USE).bind(user).bind(&hash[..]).execute(&mut *c).await)? > 0;
                if used {
                    own(conn, Action::RecoveryCodeUsed, user, json!({}), at).await?;
                }
                Ok(used)
            })
        })
        .await
    }

    /// Replaces a person's recovery codes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_recovery_codes(&self, user: i64, codes: Vec<[u8; 32]>, at: Timestamp) -> Result<(), StoreError> {
        self.write(move |conn| {
            Box::pin(async move {
                replace_codes(conn, user, &codes).await?;
                own(conn, Action::RecoveryCodesMade, user, json!({}), at).await
            })
        })
        .await
    }

    /// Takes a person's authenticator app away; not the last second factor of somebody who must keep one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_factor(&self, user: i64, keep_one: bool, at: Timestamp) -> Result<Removed, StoreError> {
        const REMOVE: &str = "DELETE FROM second_factors WHERE user_id = $1";
        let actor = self.actor;
        let work = self.store.inner.writer.run(self.scope(), move |conn| {
            Box::pin(async move {
                let gone = execute!(conn, c => sqlx::query(REMOVE).bind(user).execute(&mut *c).await)? > 0;
                removed(conn, actor, user, gone.then(|| (Action::FactorRemoved, json!({}))), keep_one, at).await
            })
        });
        work.await
    }

    /// Takes all second factors of a person away, of each kind, with the recovery codes. False where there was none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reset_factors(&self, user: i64, at: Timestamp) -> Result<bool, StoreError> {
        const APP: &str = "DELETE FROM second_factors WHERE user_id = $1";
        const PASSKEYS: &str = "DELETE FROM passkeys WHERE user_id = $1";
        let actor = self.actor;
        let work = self.store.inner.writer.run(self.scope(), move |conn| {
            Box::pin(async move {
                let app = execute!(conn, c => sqlx::query(APP).bind(user).execute(&mut *c).await)?;
                let passkeys = execute!(conn, c => sqlx::query(PASSKEYS).bind(user).execute(&mut *c).await)?;
                let entry = (app + passkeys > 0).then(|| (Action::FactorRemoved, json!({ "passkeys": passkeys })));
                if entry.is_some() {
                    record_reset(conn, user, actor.into(), at).await?;
                    tell(conn, user, actor.into(), at).await?;
                }
                removed(conn, actor, user, entry, false, at).await
            })
        });
        Ok(work.await? == Removed::Done)
    }

    /// Takes the authenticator apps of all people away, and the hash of the key that sealed their secrets, which is lost. Says how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_apps(&self, at: Timestamp) -> Result<usize, StoreError> {
        const APPS: &str = "DELETE FROM second_factors RETURNING user_id";
        const KEY: &str = "DELETE FROM meta WHERE key = 'sealing_key'";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let users: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(APPS).fetch_all(&mut *c).await)?;
                execute!(conn, c => sqlx::query(KEY).execute(&mut *c).await)?;
                for user in &users {
                    record_reset(conn, *user, actor.into(), at).await?;
                    tell(conn, *user, actor.into(), at).await?;
                    removed(conn, actor, *user, Some((Action::FactorRemoved, json!({ "sealing_key": "lost" }))), false, at).await?;
                }
                Ok(users.len())
            })
        })
        .await
    }

    /// A person's sessions that last, the newest first, by the hashes of their ids.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sessions_of(&self, user: i64, now: Timestamp) -> Result<Vec<([u8; 32], SessionRecord)>, StoreError> {
        const LIST: &str = "SELECT id_hash, user_id, data, expires_at, absolute_at FROM sessions \
                            WHERE user_id = $1 AND expires_at > $2 AND absolute_at > $2 ORDER BY absolute_at DESC";
        type Row = (Vec<u8>, Option<i64>, String, i64, i64);
        let rows: Vec<Row> = read!(self, c => sqlx::query_as(LIST).bind(user).bind(now.0).fetch_all(c).await)?;
        let session = |(hash, user, data, expires, absolute): Row| {
            let hash = hash.try_into().map_err(|_| StoreError::Internal("a session's hash has another length".into()))?;
            Ok((hash, SessionRecord { user, data, expires_at: Timestamp(expires), absolute_at: Timestamp(absolute) }))
        };
        rows.into_iter().map(session).collect()
    }

    /// Ends sessions of a person: those of `which`, or with `None` all but `except`, and all browsers of
    /// the person are unknown again. Says how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_sessions(&self, user: i64, which: Option<[u8; 32]>, except: [u8; 32], at: Timestamp) -> Result<u64, StoreError> {
        const ONE: &str = "DELETE FROM sessions WHERE user_id = $1 AND id_hash = $2";
        const OTHERS: &str = "DELETE FROM sessions WHERE user_id = $1 AND id_hash <> $2";
        let (sql, hash) = which.map_or((OTHERS, except), |hash| (ONE, hash));
        self.write(move |conn| {
            Box::pin(async move {
                if which.is_none() {
                    forget_browsers(conn, user, at).await?;
                }
                let ended = execute!(conn, c => sqlx::query(sql).bind(user).bind(&hash[..]).execute(&mut *c).await)?;
                if ended > 0 {
                    own(conn, Action::SessionEnded, user, json!({ "sessions": ended }), at).await?;
                }
                Ok(ended)
            })
        })
        .await
    }
}

pub(super) async fn replace_codes(conn: &mut Conn, user: i64, codes: &[[u8; 32]]) -> Result<(), StoreError> {
    const NONE: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
    const ADD: &str = "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)";
    execute!(conn, c => sqlx::query(NONE).bind(user).execute(&mut *c).await)?;
    for hash in codes {
        execute!(conn, c => sqlx::query(ADD).bind(user).bind(&hash[..]).execute(&mut *c).await)?;
    }
    Ok(())
}
