//! The second factor of people, codes that stand in for it, and the list of their sessions.

use super::Hub;
use crate::{
    SessionRecord, StoreError,
    audit::{self, Action, Actor, Entry, org_of, person},
    db::{Conn, execute, read},
};
use domain::Timestamp;
use serde_json::{Value, json};

/// The secret that a person's authenticator app shares with the hub.
#[derive(Clone, PartialEq, Eq)]
pub struct Factor {
    pub secret: Vec<u8>,
    /// Whether a first code was right, so that codes are asked for.
    pub confirmed: bool,
}

impl std::fmt::Debug for Factor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Factor(confirmed: {})", self.confirmed)
    }
}

/// What a person did with his own second factor.
async fn own(conn: &mut Conn, action: Action, user: i64, detail: Value, at: Timestamp) -> Result<(), StoreError> {
    let org = org_of(conn, user).await?;
    audit::append(conn, Entry { at, actor: Actor { org, user: Some(user) }, action, org, object: person(user), detail }).await
}

impl Hub<'_> {
    /// A person's second factor.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn factor(&self, user: i64) -> Result<Option<Factor>, StoreError> {
        const FIND: &str = "SELECT secret, confirmed_at FROM second_factors WHERE user_id = $1";
        let row: Option<(Vec<u8>, Option<i64>)> = read!(self, c => sqlx::query_as(FIND).bind(user).fetch_optional(c).await)?;
        Ok(row.map(|(secret, confirmed)| Factor { secret, confirmed: confirmed.is_some() }))
    }

    /// How many recovery codes a person has left.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recovery_codes(&self, user: i64) -> Result<u32, StoreError> {
        const COUNT: &str = "SELECT count(*) FROM recovery_codes WHERE user_id = $1";
        let n: i64 = read!(self, c => sqlx::query_scalar(COUNT).bind(user).fetch_one(c).await)?;
        Ok(n as u32)
    }

    /// Keeps a new secret that waits for its first code, in place of one that waits. False where one is confirmed already.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn offer_factor(&self, user: i64, secret: Vec<u8>, at: Timestamp) -> Result<bool, StoreError> {
        const OFFER: &str = "INSERT INTO second_factors AS f (user_id, secret) VALUES ($1, $2) \
                             ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, last_step = 0 WHERE f.confirmed_at IS NULL";
        self.write(move |conn| {
            Box::pin(async move {
                let offered = execute!(conn, c => sqlx::query(OFFER).bind(user).bind(secret).execute(&mut *c).await)? > 0;
                if offered {
                    own(conn, Action::FactorOffered, user, json!({}), at).await?;
                }
                Ok(offered)
            })
        })
        .await
    }

    /// Takes the first code of a new secret, by its time step, and keeps the recovery codes that go with it. False where nothing waited.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn confirm_factor(&self, user: i64, step: i64, codes: Vec<[u8; 32]>, at: Timestamp) -> Result<bool, StoreError> {
        const CONFIRM: &str = "UPDATE second_factors SET confirmed_at = $2, last_step = $3 WHERE user_id = $1 AND confirmed_at IS NULL";
        self.write(move |conn| {
            Box::pin(async move {
                if execute!(conn, c => sqlx::query(CONFIRM).bind(user).bind(at.0).bind(step).execute(&mut *c).await)? == 0 {
                    return Ok(false);
                }
                replace_codes(conn, user, &codes).await?;
                own(conn, Action::FactorSet, user, json!({}), at).await?;
                Ok(true)
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

    /// Takes a person's second factor away, with its recovery codes; on behalf of whoever the handle names.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_factor(&self, user: i64, at: Timestamp) -> Result<bool, StoreError> {
        const REMOVE: &str = "DELETE FROM second_factors WHERE user_id = $1";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let removed = execute!(conn, c => sqlx::query(REMOVE).bind(user).execute(&mut *c).await)? > 0;
                replace_codes(conn, user, &[]).await?;
                if removed {
                    let org = org_of(conn, user).await?;
                    audit::append(conn, Entry { at, actor, action: Action::FactorRemoved, org, object: person(user), detail: json!({}) }).await?;
                }
                Ok(removed)
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

    /// Ends sessions of a person: those of `which`, or with `None` all but `except`. Says how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_sessions(&self, user: i64, which: Option<[u8; 32]>, except: [u8; 32], at: Timestamp) -> Result<u64, StoreError> {
        const ONE: &str = "DELETE FROM sessions WHERE user_id = $1 AND id_hash = $2";
        const OTHERS: &str = "DELETE FROM sessions WHERE user_id = $1 AND id_hash <> $2";
        let (sql, hash) = which.map_or((OTHERS, except), |hash| (ONE, hash));
        self.write(move |conn| {
            Box::pin(async move {
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

async fn replace_codes(conn: &mut Conn, user: i64, codes: &[[u8; 32]]) -> Result<(), StoreError> {
    const NONE: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
    const ADD: &str = "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)";
    execute!(conn, c => sqlx::query(NONE).bind(user).execute(&mut *c).await)?;
    for hash in codes {
        execute!(conn, c => sqlx::query(ADD).bind(user).bind(&hash[..]).execute(&mut *c).await)?;
    }
    Ok(())
}
