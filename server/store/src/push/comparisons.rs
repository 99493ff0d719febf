//! How many new indicators of an organisation are compared with those of unnamed ones on a day. Whoever hands in candidates to learn whether others hold them
//! gets no more answers than this; what goes beyond is kept like everything else, and compared on a later day.

use crate::{
    StoreError,
    db::{Conn, Rows, on_conn},
};
use domain::{OrgId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// New indicators of an organisation that are compared on one day.
pub const COMPARISONS_PER_DAY: i64 = 1_000;

/// What an organisation's days have room for.
pub(crate) struct Comparisons {
    today: i64,
    day: i64,
    taken: BTreeMap<i64, i64>,
    changed: BTreeSet<i64>,
}

impl Comparisons {
    pub(crate) async fn of(conn: &mut Conn, org: OrgId, now: Timestamp) -> Result<Self, StoreError> {
        const TAKEN: &str = "SELECT day, n FROM overlap_comparisons WHERE org_id = $1 AND day >= $2";
        let today = now.day();
        let taken: Vec<(i64, i64)> = on_conn!(conn, c => sqlx::query_as(TAKEN).bind(org.0).bind(today).fetch_all(&mut *c).await)?;
        Ok(Self { today, day: today, taken: taken.into_iter().collect(), changed: BTreeSet::new() })
    }

    /// One more: the begin of the day on which it is compared, 0 for at once.
    pub(crate) fn take(&mut self) -> i64 {
        while self.taken.get(&self.day).is_some_and(|n| *n >= COMPARISONS_PER_DAY) {
            self.day += 1;
        }
        *self.taken.entry(self.day).or_default() += 1;
        self.changed.insert(self.day);
        if self.day == self.today { 0 } else { Timestamp::of_day(self.day).0 }
    }

    pub(crate) async fn keep(self, conn: &mut Conn, org: OrgId) -> Result<(), StoreError> {
        const KEEP: &str = "INSERT INTO overlap_comparisons (org_id, day, n) SELECT v.org, v.day, v.n FROM v WHERE TRUE \
                            ON CONFLICT (org_id, day) DO UPDATE SET n = excluded.n";
        let days: Vec<(i64, i64)> = self.changed.into_iter().map(|day| (day, self.taken.get(&day).copied().unwrap_or(0))).collect();
        Rows::of(&days).with("org", |_| org.0).with("day", |(day, _)| *day).with("n", |(_, n)| *n).execute(conn, KEEP).await
    }
}
