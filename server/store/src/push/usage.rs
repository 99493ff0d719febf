//! What pushes take of their organisation's quota, counted in the transaction that keeps them, so that all nodes count together.

use super::Push;
use crate::{
    StoreError,
    db::{Conn, on_conn},
};
use domain::{OrgId, Timestamp};

/// How many bytes an organisation may push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteQuota {
    /// In a day (UTC), as they come in, inflated.
    pub per_day: u64,
    /// Of all pushes whose payloads are kept: the payloads as they are kept, what was in them, and why items were refused. Retention frees it with the
    /// payloads.
    pub total: u64,
}

/// The quota that a push would exceed; nothing of it was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverQuota {
    Day,
    Total,
}

/// Takes organisation, day, and the bytes of the push as it came and as it is kept; returns both sums.
pub(crate) const USE: &str = "INSERT INTO push_usage AS u (org_id, day, day_bytes, kept_bytes) VALUES ($1, $2, $3, $4) \
    ON CONFLICT (org_id) DO UPDATE SET day = excluded.day, kept_bytes = u.kept_bytes + excluded.kept_bytes, \
    day_bytes = CASE WHEN u.day = excluded.day THEN u.day_bytes ELSE 0 END + excluded.day_bytes RETURNING day_bytes, kept_bytes";

/// Counts bytes of a day, whatever becomes of them.
pub(super) async fn charge(conn: &mut Conn, org: OrgId, bytes: u64, quota: ByteQuota, at: Timestamp) -> Result<Option<OverQuota>, StoreError> {
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    let used: (i64, i64) = on_conn!(conn, c => sqlx::query_as(USE).bind(org.0).bind(at.day()).bind(bytes).bind(0_i64).fetch_one(&mut *c).await)?;
    Ok(quota.over((used.0, 0)))
}

/// Counts a push; says which quota it exceeds, if one. Then its transaction must be undone.
pub(super) async fn count(conn: &mut Conn, push: &Push) -> Result<Option<OverQuota>, StoreError> {
    let [org, day, bytes, kept] = push.usage();
    let used: (i64, i64) = on_conn!(conn, c => sqlx::query_as(USE).bind(org).bind(day).bind(bytes).bind(kept).fetch_one(&mut *c).await)?;
    Ok(push.over(used))
}

impl Push {
    /// The arguments of [`USE`]. The day's bytes of a dry run were [charged](charge) before. What retention gives back
    /// ([`Hub::retain`](crate::Hub::retain)) is the same sum.
    pub(super) fn usage(&self) -> [i64; 4] {
        let kept = self.bytes as usize + self.payload.len() + super::render_failures(&self.failures).len();
        let bytes = if self.dry_run || self.charged { 0 } else { self.bytes };
        [self.org.0, self.received_at.day(), bytes as i64, kept as i64]
    }

    /// Which quota is exceeded by so many bytes of a day, and in all.
    pub(super) fn over(&self, used: (i64, i64)) -> Option<OverQuota> {
        self.quota?.over(used)
    }
}

impl ByteQuota {
    fn over(self, (day, kept): (i64, i64)) -> Option<OverQuota> {
        let exceeds = |used: i64, most: u64| u64::try_from(used).is_ok_and(|used| used > most);
        if exceeds(kept, self.total) {
            return Some(OverQuota::Total);
        }
        exceeds(day, self.per_day).then_some(OverQuota::Day)
    }
}
