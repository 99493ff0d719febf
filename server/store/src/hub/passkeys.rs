//! Passkeys (WebAuthn), the other kind of second factor, and the challenges that wait for an answer of one.

use super::{
    Hub,
    factors::{Added, Removed, factors_of, own, removed, replace_codes},
};
use crate::{
    StoreError,
    audit::{self, Action, Actor, Entry, org_of, person},
    db::{Conn, execute, on_conn, random_number, read},
};
use domain::Timestamp;
use serde_json::json;

/// One passkey of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasskeyRecord {
    pub id: i64,
    pub name: String,
    /// JSON of the WebAuthn library: the public key, and what the authenticator said about itself.
    pub credential: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// A passkey to be kept.
#[derive(Clone, Debug)]
pub struct NewPasskey {
    /// The authenticator's own number for it.
    pub credential_id: Vec<u8>,
    pub name: String,
    pub credential: String,
}

/// What the answer to a challenge is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    Register,
    SignIn,
    StepUp,
}

impl Purpose {
    /// The word of the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::SignIn => "signin",
            Self::StepUp => "stepup",
        }
    }
}

/// What became of the use of a passkey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Used {
    Yes,
    /// The person has no such passkey, or none any more.
    Gone,
    /// Its count of uses did not grow, so that there must be a copy of it.
    Cloned,
}

type Row = (i64, String, String, i64, Option<i64>);

impl Hub<'_> {
    /// A person's passkeys, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn passkeys(&self, user: i64) -> Result<Vec<PasskeyRecord>, StoreError> {
        const LIST: &str = "SELECT id, name, credential, created_at, last_used_at FROM passkeys WHERE user_id = $1 ORDER BY created_at, id";
        let rows: Vec<Row> = read!(self, c => sqlx::query_as(LIST).bind(user).fetch_all(c).await)?;
        let record = |(id, name, credential, created, used): Row| PasskeyRecord {
            id,
            name,
            credential,
            created_at: Timestamp(created),
            last_used_at: used.map(Timestamp),
        };
        Ok(rows.into_iter().map(record).collect())
    }

    /// Keeps a passkey, and where it is the person's first second factor the recovery codes that go with it. Refused where somebody has it already,
    /// or the person has `most` of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_passkey(&self, user: i64, new: NewPasskey, most: u32, codes: Vec<[u8; 32]>, at: Timestamp) -> Result<Added, StoreError> {
        const ADD: &str =
            "INSERT INTO passkeys (id, user_id, credential_id, name, credential, created_at) VALUES ($6, $1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        self.write(move |conn| {
            Box::pin(async move {
                let before = factors_of(conn, user).await?;
                if before.passkeys >= most {
                    return Ok(Added::Refused);
                }
                let NewPasskey { credential_id, name, credential } = new;
                let kept = execute!(conn, c => {
                    sqlx::query(ADD).bind(user).bind(credential_id).bind(&name).bind(credential).bind(at.0).bind(random_number()).execute(&mut *c).await
                })?;
                if kept == 0 {
                    return Ok(Added::Refused);
                }
                own(conn, Action::PasskeyAdded, user, json!({ "passkey": name }), at).await?;
                if before.any() {
                    return Ok(Added::Another);
                }
                replace_codes(conn, user, &codes).await?;
                Ok(Added::First)
            })
        })
        .await
    }

    /// Notes a use of a passkey, whose signature was right: with what the authenticator said about itself this time, and its count of uses. A count
    /// that did not grow (or stay at 0, for those that do not count) is refused, and a row of the audit trail.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn use_passkey(&self, user: i64, credential_id: Vec<u8>, credential: String, counter: u32, at: Timestamp) -> Result<Used, StoreError> {
        const USE: &str = "UPDATE passkeys SET credential = $3, counter = $4, last_used_at = $5 \
                           WHERE user_id = $1 AND credential_id = $2 AND (counter < $4 OR (counter = 0 AND $4 = 0))";
        self.write(move |conn| {
            Box::pin(async move {
                let used = execute!(conn, c => {
                    let query = sqlx::query(USE).bind(user).bind(&credential_id[..]).bind(credential);
                    query.bind(i64::from(counter)).bind(at.0).execute(&mut *c).await
                })?;
                if used > 0 { Ok(Used::Yes) } else { cloned(conn, user, &credential_id, at).await }
            })
        })
        .await
    }

    /// Says in the audit trail that there is a copy of a passkey. [`Used::Gone`] where the person has no such passkey.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn passkey_cloned(&self, user: i64, credential_id: Vec<u8>, at: Timestamp) -> Result<Used, StoreError> {
        self.write(move |conn| Box::pin(async move { cloned(conn, user, &credential_id, at).await })).await
    }

    /// Takes a passkey of a person away; not the last second factor of somebody who must keep one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn remove_passkey(&self, user: i64, id: i64, keep_one: bool, at: Timestamp) -> Result<Removed, StoreError> {
        const REMOVE: &str = "DELETE FROM passkeys WHERE user_id = $1 AND id = $2 RETURNING name";
        let actor = self.actor;
        let work = self.store.inner.writer.run(self.scope(), move |conn| {
            Box::pin(async move {
                let name: Option<String> = on_conn!(conn, c => sqlx::query_scalar(REMOVE).bind(user).bind(id).fetch_optional(&mut *c).await)?;
                let entry = name.map(|name| (Action::PasskeyRemoved, json!({ "passkey": name })));
                removed(conn, actor, user, entry, keep_one, at).await
            })
        });
        work.await
    }

    /// Keeps what is needed to check the answer to a challenge, in place of one that waits in the same session.
    ///
    /// # Errors
    /// When the database fails, or there is no such session.
    pub async fn keep_challenge(&self, session: [u8; 32], user: i64, purpose: Purpose, state: String, expires_at: Timestamp) -> Result<(), StoreError> {
        const KEEP: &str = "INSERT INTO passkey_challenges (session_hash, user_id, purpose, state, expires_at) VALUES ($1, $2, $3, $4, $5) \
                            ON CONFLICT (session_hash) DO UPDATE SET user_id = excluded.user_id, purpose = excluded.purpose, state = excluded.state, \
                            expires_at = excluded.expires_at";
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => {
                    let query = sqlx::query(KEEP).bind(&session[..]).bind(user).bind(purpose.name());
                    query.bind(state).bind(expires_at.0).execute(&mut *c).await
                })?;
                Ok(())
            })
        })
        .await
    }

    /// Uses a session's challenge up, whatever it was for: what was kept, where it was this person's for this purpose and is not too old.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_challenge(&self, session: [u8; 32], user: i64, purpose: Purpose, now: Timestamp) -> Result<Option<String>, StoreError> {
        const TAKE: &str = "DELETE FROM passkey_challenges WHERE session_hash = $1 RETURNING user_id, purpose, state, expires_at";
        self.write(move |conn| {
            Box::pin(async move {
                let row: Option<(i64, String, String, i64)> = on_conn!(conn, c => sqlx::query_as(TAKE).bind(&session[..]).fetch_optional(&mut *c).await)?;
                let fits = |(whose, what, _, until): &(i64, String, String, i64)| *whose == user && what == purpose.name() && *until > now.0;
                Ok(row.filter(fits).map(|(_, _, state, _)| state))
            })
        })
        .await
    }
}

/// The row about a copy of a passkey. Who used it is not known to be the person.
async fn cloned(conn: &mut Conn, user: i64, credential_id: &[u8], at: Timestamp) -> Result<Used, StoreError> {
    const NAME: &str = "SELECT name FROM passkeys WHERE user_id = $1 AND credential_id = $2";
    let name: Option<String> = on_conn!(conn, c => sqlx::query_scalar(NAME).bind(user).bind(credential_id).fetch_optional(&mut *c).await)?;
    let Some(name) = name else { return Ok(Used::Gone) };
    let (actor, org, detail) = (Actor::default(), org_of(conn, user).await?, json!({ "passkey": name }));
    audit::append(conn, Entry { at, actor, action: Action::PasskeyCloned, org, object: person(user), detail }).await?;
    Ok(Used::Cloned)
}
