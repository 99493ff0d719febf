//! The key of a push, looked at once more in the transaction that keeps it: it was good when the push came, and the push may have waited since.

use super::Push;
use crate::{
    StoreError,
    db::{Conn, on_conn},
};
use domain::Timestamp;
use rusqlite::OptionalExtension;
use std::time::Instant;

/// Why a key no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEnd {
    /// Somebody revoked it, or it is gone.
    Revoked,
    /// Its time is over.
    Expired,
}

/// Takes the key and the organisation.
const KEY: &str = "SELECT revoked_at IS NOT NULL, expires_at FROM api_keys WHERE id = $1 AND org_id = $2";

/// Why the key of a push no longer holds, if so. `since`: when the push was handed to the store.
pub(super) async fn ended(conn: &mut Conn, push: &Push, since: Instant) -> Result<Option<KeyEnd>, StoreError> {
    let Some(id) = push.key_id else { return Ok(None) };
    let row: Option<(bool, Option<i64>)> = on_conn!(conn, c => sqlx::query_as(KEY).bind(id).bind(push.org.0).fetch_optional(&mut *c).await)?;
    Ok(end(row, push.now(since)))
}

/// The same on the express way.
pub(super) fn ended_at_once(conn: &rusqlite::Connection, push: &Push, since: Instant) -> rusqlite::Result<Option<KeyEnd>> {
    let Some(id) = push.key_id else { return Ok(None) };
    let row = conn.prepare_cached(KEY)?.query_row((id, push.org.0), |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(end(row, push.now(since)))
}

fn end(row: Option<(bool, Option<i64>)>, now: Timestamp) -> Option<KeyEnd> {
    match row {
        None | Some((true, _)) => Some(KeyEnd::Revoked),
        Some((false, Some(at))) if at <= now.0 => Some(KeyEnd::Expired),
        Some((false, _)) => None,
    }
}
