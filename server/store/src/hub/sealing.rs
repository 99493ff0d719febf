//! The key that seals secrets in the database: its name is kept here, the key itself never.

use super::Hub;
use crate::{
    StoreError,
    audit::{self, Action, Entry},
    db::{Conn, execute, on_conn},
};
use domain::Timestamp;
use serde_json::json;

/// The setting with the name of the key.
const META: &str = "sealing_key";
const GET: &str = "SELECT value FROM meta WHERE key = $1";

/// A secret as the database keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The name of the key that it is sealed under.
    pub key: String,
    pub secret: Vec<u8>,
}

impl Sealed {
    /// Refuses what was sealed under a key that was replaced meanwhile: nobody could open it again.
    pub(super) async fn check(&self, conn: &mut Conn) -> Result<(), StoreError> {
        let key: Option<String> = on_conn!(conn, c => sqlx::query_scalar(GET).bind(META).fetch_optional(&mut *c).await)?;
        if key.is_some_and(|key| key != self.key) { Err(StoreError::Outdated("sealing key")) } else { Ok(()) }
    }
}

impl Hub<'_> {
    /// The name of the key that secrets are sealed under; none before the first hub started.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sealing_key(&self) -> Result<Option<String>, StoreError> {
        self.meta(META).await
    }

    /// Names the key where none is named yet; says which one is, on all nodes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn first_sealing_key(&self, name: String) -> Result<String, StoreError> {
        self.first_meta(META, name).await
    }

    /// Seals every secret anew and names the new key, all at once or not at all. `again` takes a person and the secret as it is sealed now. Says how many
    /// there were; `None` where the old key is not the one that is named.
    ///
    /// # Errors
    /// When the database fails, or a secret cannot be opened.
    pub async fn reseal<F>(&self, old: String, new: String, again: F, at: Timestamp) -> Result<Option<usize>, StoreError>
    where
        F: Fn(i64, &[u8]) -> Result<Vec<u8>, StoreError> + Send + 'static,
    {
        const ALL: &str = "SELECT user_id, secret FROM second_factors ORDER BY user_id";
        const SEAL: &str = "UPDATE second_factors SET secret = $2 WHERE user_id = $1";
        const SET: &str = "UPDATE meta SET value = $2 WHERE key = $1";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let key: Option<String> = on_conn!(conn, c => sqlx::query_scalar(GET).bind(META).fetch_optional(&mut *c).await)?;
                if key.as_ref() != Some(&old) {
                    return Ok(None);
                }
                let all: Vec<(i64, Vec<u8>)> = on_conn!(conn, c => sqlx::query_as(ALL).fetch_all(&mut *c).await)?;
                for (user, secret) in &all {
                    let sealed = again(*user, secret)?;
                    execute!(conn, c => sqlx::query(SEAL).bind(user).bind(sealed).execute(&mut *c).await)?;
                }
                execute!(conn, c => sqlx::query(SET).bind(META).bind(new).execute(&mut *c).await)?;
                let detail = json!({ "apps": all.len() });
                let entry = Entry { at, actor, action: Action::SealingKeyRotated, org: None, object: "sealing key".into(), detail };
                audit::append(conn, entry).await?;
                Ok(Some(all.len()))
            })
        })
        .await
    }
}
