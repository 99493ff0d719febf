//! The rows of `withdrawn_records` that a push changes: read at once, and written at once.

use super::more;
use crate::{
    StoreError,
    db::{Conn, Rows, on_conn},
    shown_lately::STANDS,
};
use domain::{DataClass, OrgId, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// Records of one owner and class that are remembered for one viewer.
pub(super) const MAX: i64 = 50;

/// A record that a viewer was shown and is no longer.
pub(super) struct Row {
    pub record: Uuid,
    pub viewer: i64,
    /// When the viewer was shown it again.
    pub returned_at: Option<i64>,
}

/// What viewers were shown of some records of one owner and class.
pub(super) struct Withdrawn {
    owner: OrgId,
    class: DataClass,
    /// By record and viewer, since when the viewer is shown it again.
    rows: BTreeMap<(Uuid, i64), Option<i64>>,
    /// By viewer, how many records of the owner and class are withdrawn from it: those of others than `rows`, too.
    withdrawn: BTreeMap<i64, i64>,
    changed: BTreeSet<(Uuid, i64)>,
}

impl Withdrawn {
    /// Reads what there is of some records, and where more of them are lost how many each viewer has lost already.
    pub(super) async fn of(conn: &mut Conn, owner: OrgId, class: DataClass, mut records: Vec<Uuid>, any_lost: bool) -> Result<Self, StoreError> {
        const ROWS: &str = "SELECT w.record_id, w.viewer_id, w.returned_at FROM v CROSS JOIN withdrawn_records w WHERE w.org_id = v.org AND w.record_id = v.id";
        const WITHDRAWN: &str = "SELECT viewer_id, count(*) FROM withdrawn_records WHERE org_id = $1 AND class = $2 AND returned_at IS NULL GROUP BY viewer_id";
        let withdrawn: Vec<(i64, i64)> = if any_lost {
            records.push(more(owner, class));
            on_conn!(conn, c => sqlx::query_as(WITHDRAWN).bind(owner.0).bind(class.name()).fetch_all(&mut *c).await)?
        } else {
            vec![]
        };
        let rows: Vec<(Uuid, i64, Option<i64>)> = Rows::of(&records).with("org", |_| owner.0).with("id", |id| *id).fetch(conn, ROWS).await?;
        let rows = rows.into_iter().map(|(record, viewer, returned_at)| ((record, viewer), returned_at)).collect();
        Ok(Self { owner, class, rows, withdrawn: withdrawn.into_iter().collect(), changed: BTreeSet::new() })
    }

    /// Counts a record no longer as withdrawn from those that are shown it.
    pub(super) fn returned(&mut self, record: Uuid, is_shown: impl Fn(i64) -> bool, at: Timestamp) {
        self.set_each(record, |viewer, returned_at| returned_at.is_none() && is_shown(viewer), Some(at.0));
    }

    /// Counts a record as withdrawn again from those that were shown it for a moment only.
    pub(super) fn hidden_again(&mut self, record: Uuid, is_hidden: impl Fn(i64) -> bool, at: Timestamp) {
        self.set_each(record, |viewer, returned_at| returned_at.is_some_and(|returned| returned > at.0 - STANDS) && is_hidden(viewer), None);
    }

    /// Counts a record as withdrawn from a viewer. One that has lost as many as are remembered one by one has a mark that there are more.
    pub(super) fn withdraw(&mut self, record: Uuid, viewer: i64) {
        let this = i64::from(self.rows.get(&(record, viewer)) == Some(&None));
        let others = self.withdrawn.get(&viewer).copied().unwrap_or(0) - this;
        self.set(if others >= MAX { more(self.owner, self.class) } else { record }, viewer, None);
    }

    fn set_each(&mut self, record: Uuid, applies: impl Fn(i64, Option<i64>) -> bool, returned_at: Option<i64>) {
        let rows = self.rows.range((record, i64::MIN)..=(record, i64::MAX));
        let viewers: Vec<i64> = rows.filter(|((_, viewer), at)| applies(*viewer, **at)).map(|((_, viewer), _)| *viewer).collect();
        viewers.into_iter().for_each(|viewer| self.set(record, viewer, returned_at));
    }

    fn set(&mut self, record: Uuid, viewer: i64, returned_at: Option<i64>) {
        let before = self.rows.insert((record, viewer), returned_at);
        *self.withdrawn.entry(viewer).or_default() += i64::from(returned_at.is_none()) - i64::from(before == Some(None));
        if before != Some(returned_at) {
            self.changed.insert((record, viewer));
        }
    }

    /// Writes down what changed.
    pub(super) async fn keep(self, conn: &mut Conn) -> Result<(), StoreError> {
        let row = |(record, viewer): (Uuid, i64)| Row { record, viewer, returned_at: self.rows.get(&(record, viewer)).copied().flatten() };
        keep(conn, self.owner, self.class, &self.changed.iter().copied().map(row).collect::<Vec<_>>()).await
    }
}

/// Writes rows of one owner and class.
pub(super) async fn keep(conn: &mut Conn, owner: OrgId, class: DataClass, rows: &[Row]) -> Result<(), StoreError> {
    const KEEP: &str = "INSERT INTO withdrawn_records (org_id, record_id, viewer_id, class, returned_at) SELECT v.org, v.record, v.viewer, v.class, v.returned_at \
                        FROM v WHERE TRUE ON CONFLICT (org_id, record_id, viewer_id) DO UPDATE SET returned_at = excluded.returned_at";
    Rows::of(rows)
        .with("org", |_| owner.0)
        .with("record", |row| row.record)
        .with("viewer", |row| row.viewer)
        .with("class", |_| class.name())
        .with("returned_at", |row| row.returned_at)
        .execute(conn, KEEP)
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::MINUTE;

    fn none() -> Withdrawn {
        Withdrawn { owner: OrgId(1), class: DataClass::Events, rows: BTreeMap::new(), withdrawn: BTreeMap::new(), changed: BTreeSet::new() }
    }

    #[test]
    fn the_first_are_remembered_and_the_rest_are_one_mark() {
        let mut all = none();
        for n in 0..MAX as u128 + 2 {
            all.withdraw(Uuid::from_u128(n + (1 << 100)), 7);
            all.withdraw(Uuid::from_u128(n + (1 << 100)), 7);
        }
        let mark = more(OrgId(1), DataClass::Events);
        assert_eq!((all.rows.len() as i64, all.rows.contains_key(&(mark, 7))), (MAX + 1, true));
        assert_eq!(all.withdrawn[&7], MAX + 1);
    }

    #[test]
    fn what_was_shown_for_a_moment_only_was_not_shown() {
        let (record, at) = (Uuid::from_u128(1 << 100), Timestamp(100 * MINUTE));
        let mut one = none();
        one.rows.insert((record, 7), None);
        one.withdrawn.insert(7, 1);
        one.returned(record, |viewer| viewer != 7, at);
        assert!(one.changed.is_empty(), "it is not shown");
        one.returned(record, |_| true, at);
        assert_eq!((one.rows[&(record, 7)], one.withdrawn[&7]), (Some(at.0), 0));
        one.hidden_again(record, |_| true, at.plus(STANDS));
        assert_eq!(one.rows[&(record, 7)], Some(at.0), "it was shown long enough");
        one.hidden_again(record, |_| true, at.plus(MINUTE));
        assert_eq!((one.rows[&(record, 7)], one.withdrawn[&7]), (None, 1));
    }
}
