//! Sessions on the hub's own store: 30 minutes idle, 12 hours at most, and a sign-out that is final.
//!
//! Differences from the stores that come with tower-sessions, each on purpose: the database holds only a hash of the cookie's
//! value; saving updates a row and never makes one, so that a slow request cannot revive a session that was signed out
//! meanwhile; the absolute end is set at creation and never moves; the time is the hub's [`Clock`].

use crate::{App, clock::Clock};
use async_trait::async_trait;
use axum::http::{HeaderMap, header};
use domain::{HOUR, MINUTE, Timestamp};
use sha2::{Digest, Sha256};
use std::fmt;
use store::{SessionRecord, Store, StoreError};
use time::OffsetDateTime;
use tower_sessions::{
    Expiry, SessionManagerLayer, SessionStore,
    cookie::{Cookie, SameSite},
    session::{Id, Record},
    session_store::{Error, Result},
};

/// The key of the person's number in the session's data.
pub const USER: &str = "user";
/// A session ends this long after its last use, in microseconds.
pub const IDLE: i64 = 30 * MINUTE;
/// A session ends this long after it began, in microseconds.
pub const ABSOLUTE: i64 = 12 * HOUR;
/// The idle end is moved at most this often, so that reading a page does not write to the database.
const TOUCH: i64 = MINUTE;

/// What the database knows instead of a session's id.
#[must_use]
pub fn hash(id: &Id) -> [u8; 32] {
    Sha256::digest(id.0.to_le_bytes()).into()
}

/// The layer that gives handlers their [`Session`](tower_sessions::Session). It reads the database only for handlers that ask.
#[must_use]
pub fn session_layer(app: &App) -> SessionManagerLayer<HubSessions> {
    let insecure = app.config.insecure_cookies;
    SessionManagerLayer::new(HubSessions { store: app.store.clone(), clock: app.clock.clone() })
        .with_name(name(app))
        .with_secure(!insecure)
        .with_http_only(true)
        .with_same_site(SameSite::Strict)
        .with_path("/")
        // The cookie goes with the browser; how long a session lasts is the store's business.
        .with_expiry(Expiry::OnSessionEnd)
}

fn name(app: &App) -> &'static str {
    if app.config.insecure_cookies { "shieldwall" } else { "__Host-shieldwall" }
}

/// Whether a browser brought a session's cookie, good or not.
#[must_use]
pub fn is_shown(app: &App, headers: &HeaderMap) -> bool {
    cookies(headers).any(|cookie| cookie.name() == name(app))
}

/// All that a browser brought along.
pub fn cookies(headers: &HeaderMap) -> impl Iterator<Item = Cookie<'_>> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(Cookie::split_parse).filter_map(std::result::Result::ok)
}

/// Sessions in the hub's store.
#[derive(Clone)]
pub struct HubSessions {
    store: Store,
    clock: Clock,
}

impl fmt::Debug for HubSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubSessions")
    }
}

impl HubSessions {
    /// Moves the idle end of a session that is in use. In the background: no page waits for a write, and a full disk does
    /// not stop people from reading.
    fn touch(&self, id: [u8; 32], record: &SessionRecord, until: Timestamp) {
        let (store, user, data) = (self.store.clone(), record.user, record.data.clone());
        tokio::spawn(async move {
            // The data is what was read: it is written once, at sign-in, under a fresh id.
            if let Err(error) = store.hub().save_session(id, user, data, until).await {
                tracing::debug!(%error, "idle time of a session not moved");
            }
        });
    }
}

#[async_trait]
impl SessionStore for HubSessions {
    async fn create(&self, record: &mut Record) -> Result<()> {
        let now = self.clock.now();
        let (user, data) = encode(record)?;
        let row = SessionRecord { user, data, expires_at: now.plus(IDLE), absolute_at: now.plus(ABSOLUTE) };
        self.store.hub().create_session(hash(&record.id), row, now).await.map_err(backend)
    }

    async fn save(&self, record: &Record) -> Result<()> {
        let (user, data) = encode(record)?;
        self.store.hub().save_session(hash(&record.id), user, data, self.clock.now().plus(IDLE)).await.map_err(backend)
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        let (now, hashed) = (self.clock.now(), hash(id));
        let Some(row) = self.store.hub().session(hashed, now).await.map_err(backend)? else { return Ok(None) };
        let until = now.plus(IDLE).min(row.absolute_at);
        if until.since(row.expires_at) >= TOUCH {
            self.touch(hashed, &row, until);
        }
        let data = serde_json::from_str(&row.data).map_err(|e| Error::Decode(e.to_string()))?;
        let expiry_date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(until.0) * 1_000).map_err(|e| Error::Decode(e.to_string()))?;
        Ok(Some(Record { id: *id, data, expiry_date }))
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.store.hub().delete_session(hash(id), self.clock.now()).await.map_err(backend)
    }
}

/// The person's number, for the index by person, and the data as JSON.
fn encode(record: &Record) -> Result<(Option<i64>, String)> {
    let user = record.data.get(USER).and_then(serde_json::Value::as_i64);
    let data = serde_json::to_string(&record.data).map_err(|e| Error::Encode(e.to_string()))?;
    Ok((user, data))
}

#[allow(clippy::needless_pass_by_value, reason = "handed to map_err")]
fn backend(error: StoreError) -> Error {
    Error::Backend(error.to_string())
}

#[cfg(test)]
#[path = "sessions_tests.rs"]
mod tests;
