//! What pushes have to know before they are applied: read in their transaction under the organisations' turns, so that all nodes count together.

use super::{ByteQuota, KeyEnd, OverQuota, Push};
use crate::{
    Signs, StoreError,
    db::{Conn, Rows, fetch_at_once, on_conn},
};
use domain::{OrgId, Timestamp};
use std::time::Instant;

/// Of each push the state of its organisation, its key, and the receipt of the same request.
const FIND: &str = "SELECT v.n, s.last_no, s.day, s.day_bytes, s.kept_bytes, s.last_data_at, s.signs, s.fresh_pushes, s.fresh_points, s.fresh_since, \
    k.id IS NOT NULL, k.revoked_at IS NOT NULL, k.expires_at, r.no, r.fingerprint \
    FROM v CROSS JOIN push_states s LEFT JOIN api_keys k ON k.org_id = v.org AND k.id = v.api_key \
    LEFT JOIN receipts r ON r.org_id = v.org AND r.route = v.route AND r.idempotency_key = v.idempotency_key AND r.fingerprint IS NOT NULL WHERE s.org_id = v.org";

type Row = (i64, i64, i64, i64, i64, Option<i64>, String, i64, i64, Option<i64>, bool, bool, Option<i64>, Option<i64>, Option<Vec<u8>>);

/// The state of an organisation's pushes, as its next one finds it, and as that moves it on.
#[derive(Clone, Debug)]
pub(super) struct State {
    /// The number of its newest receipt.
    pub last_no: i64,
    /// The day of its newest push, and the bytes that came on it.
    pub day: i64,
    pub day_bytes: i64,
    /// Bytes of all that is kept.
    pub kept_bytes: i64,
    pub signs: Signs,
    /// What is not folded yet: pushes, points, and when the first of them came.
    pub fresh_pushes: i64,
    pub fresh_points: i64,
    pub fresh_since: Option<i64>,
}

/// What a push finds.
#[derive(Debug)]
pub(super) struct Found {
    pub state: State,
    /// Of its key: whether it was revoked, and when it ends. `None` where it is gone.
    key: Option<(bool, Option<i64>)>,
    /// The same request where it was applied before: its receipt, and its fingerprint.
    pub earlier: Option<(i64, Vec<u8>)>,
}

/// What pushes find, in their order.
pub(super) async fn find(conn: &mut Conn, pushes: &[&Push]) -> Result<Vec<Found>, StoreError> {
    let numbered: Vec<(i64, &Push)> = (0..).zip(pushes.iter().copied()).collect();
    let rows = Rows::of(&numbered).with("n", |(n, _)| *n).with("org", |(_, push)| push.org.0).with("api_key", |(_, push)| push.key_id);
    let rows = rows.with("route", |(_, push)| push.idempotency.as_ref().map(|i| i.route.as_str()));
    let rows = rows.with("idempotency_key", |(_, push)| push.idempotency.as_ref().map(|i| i.key.as_str()));
    let mut found: Vec<Row> = fetch_at_once(conn, &rows.table(), FIND).await?;
    found.sort_unstable_by_key(|row| row.0);
    if let Some(push) = (0..).zip(pushes).find_map(|(n, push)| (found.get(n).map(|row| row.0) != Some(n as i64)).then_some(push)) {
        return Err(StoreError::Internal(format!("organisation {} has no state of its pushes", push.org.0)));
    }
    found.into_iter().map(Found::of).collect()
}

impl Found {
    fn of(row: Row) -> Result<Self, StoreError> {
        let (_, last_no, day, day_bytes, kept_bytes, any, signs, fresh_pushes, fresh_points, fresh_since, known, revoked, expires_at, earlier, fingerprint) =
            row;
        let state = State { last_no, day, day_bytes, kept_bytes, signs: Signs::of(any, &signs)?, fresh_pushes, fresh_points, fresh_since };
        Ok(Self { state, key: known.then_some((revoked, expires_at)), earlier: earlier.zip(fingerprint) })
    }

    /// Why the key of the push no longer holds, if so: it was good when the push came, and the push may have waited since.
    pub fn key_end(&self, push: &Push, since: Instant) -> Option<KeyEnd> {
        push.key_id?;
        match self.key {
            None | Some((true, _)) => Some(KeyEnd::Revoked),
            Some((false, Some(at))) if at <= push.now(since).0 => Some(KeyEnd::Expired),
            Some((false, _)) => None,
        }
    }
}

impl State {
    /// Counts a push; says which quota it exceeds, if one. Then nothing of it may be kept. The day's bytes of a dry run, and of what was charged before, are
    /// counted already. What retention gives back ([`Hub::retain`](crate::Hub::retain)) is the same sum.
    pub fn count(&mut self, push: &Push) -> Option<OverQuota> {
        let kept = push.bytes as usize + push.payload.len() + super::render_failures(&push.failures).len();
        let bytes = if push.dry_run || push.charged { 0 } else { push.bytes };
        let day = push.received_at.day();
        self.day_bytes = if self.day == day { self.day_bytes } else { 0 } + bytes as i64;
        self.day = day;
        self.kept_bytes += kept as i64;
        push.quota?.over((self.day_bytes, self.kept_bytes))
    }
}

/// Counts bytes of a day, whatever becomes of them.
pub(super) async fn charge(conn: &mut Conn, org: OrgId, bytes: u64, quota: ByteQuota, at: Timestamp) -> Result<Option<OverQuota>, StoreError> {
    const USE: &str = "UPDATE push_states SET day_bytes = CASE WHEN day = $2 THEN day_bytes ELSE 0 END + $3, day = $2 WHERE org_id = $1 RETURNING day_bytes";
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let used: i64 = on_conn!(conn, c => sqlx::query_scalar(USE).bind(org.0).bind(at.day()).bind(bytes).fetch_one(&mut *c).await)?;
    Ok(quota.over((used, 0)))
}
