//! What reports of the same thing have in common, whether they tell it or not.

use crate::{
    AllianceKeys, StoreError, alliance,
    db::{Conn, Rows},
    push::IndicatorItem,
};
use domain::{OrgId, Timestamp, indicator::IndicatorType};
use std::collections::{BTreeMap, HashMap};
use uuid::Uuid;

/// One row of `indicator_digests`.
pub(crate) struct Digested {
    pub id: Uuid,
    /// The number of the alliance's key.
    pub key_no: i64,
    pub kind: IndicatorType,
    pub digest: [u8; 32],
    pub tlp: i64,
    pub active: bool,
    /// When the indicator first came.
    pub received_at: Timestamp,
    /// Since when it counts for those who are shown totals only.
    pub since: Timestamp,
    /// From which day on its organisation is told whether unnamed ones reported the same; of a digest that is there already it stays.
    pub compared_from: i64,
}

pub(crate) async fn write_digests(conn: &mut Conn, org: OrgId, rows: &[Digested]) -> Result<(), StoreError> {
    const WRITE: &str = "INSERT INTO indicator_digests (id, key_no, org_id, digest, tlp, active, received_at, since, compared_from, kind) \
                         SELECT v.id, v.key_no, v.org, v.digest, v.tlp, v.active, v.received_at, v.since, v.compared_from, v.kind FROM v WHERE TRUE \
                         ON CONFLICT (org_id, id, key_no) DO UPDATE SET digest = excluded.digest, tlp = excluded.tlp, active = excluded.active, since = excluded.since";
    Rows::of(rows)
        .with("id", |row| row.id)
        .with("key_no", |row| row.key_no)
        .with("org", |_| org.0)
        .with("digest", |row| &row.digest[..])
        .with("tlp", |row| row.tlp)
        .with("active", |row| row.active)
        .with("received_at", |row| row.received_at.0)
        .with("since", |row| row.since.0)
        .with("compared_from", |row| row.compared_from)
        .with("kind", |row| row.kind.name())
        .execute(conn, WRITE)
        .await
}

/// A digest as it is in the database, or will be.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Digest {
    digest: [u8; 32],
    tlp: i64,
    active: bool,
    since: i64,
    compared_from: i64,
}

/// The digests of one indicator, by the number of the key.
#[derive(Default)]
pub(super) struct Digests {
    before: BTreeMap<i64, Digest>,
    now: BTreeMap<i64, Digest>,
}

/// What an item says of its indicator, for the digests.
pub(super) struct Report {
    pub tlp: i64,
    pub active: bool,
    /// When it came.
    pub at: Timestamp,
    /// From which day on a new indicator is compared.
    pub compared_from: i64,
    /// Whether it reaches everyone since now, or no longer does, so that it counts from now on for those who are shown totals only.
    pub moved: bool,
}

impl Digests {
    /// Those of some indicators of an organisation.
    pub(super) async fn of(conn: &mut Conn, org: OrgId, indicators: &[Uuid]) -> Result<HashMap<Uuid, Self>, StoreError> {
        const OF: &str = "SELECT d.id, d.key_no, d.digest, d.tlp, d.active, d.since, d.compared_from FROM v CROSS JOIN indicator_digests d \
                          WHERE d.org_id = v.org AND d.id = v.id";
        type Row = (Uuid, i64, Vec<u8>, i64, bool, i64, i64);
        let rows: Vec<Row> = Rows::of(indicators).with("org", |_| org.0).with("id", |id| *id).fetch(conn, OF).await?;
        let mut found: HashMap<Uuid, Self> = HashMap::new();
        for (id, key_no, digest, tlp, active, since, compared_from) in rows {
            let digest = digest.try_into().map_err(|_| StoreError::Internal(format!("the digest of indicator {id}")))?;
            found.entry(id).or_default().before.insert(key_no, Digest { digest, tlp, active, since, compared_from });
        }
        found.values_mut().for_each(|digests| digests.now.clone_from(&digests.before));
        Ok(found)
    }

    /// Takes what an item says. A digest under a further key counts, and is compared, since the others do.
    pub(super) fn take(&mut self, said: impl Iterator<Item = (i64, [u8; 32])>, report: &Report) {
        for (key_no, digest) in said {
            let others = self.now.values();
            let since = others.clone().map(|other| other.since).min().filter(|_| !report.moved).unwrap_or(report.at.0);
            let compared_from = others.map(|other| other.compared_from).min().unwrap_or(report.compared_from);
            let compared_from = self.now.get(&key_no).map_or(compared_from, |there| there.compared_from);
            self.now.insert(key_no, Digest { digest, tlp: report.tlp, active: report.active, since, compared_from });
        }
    }

    /// Counts the indicator, or does so no longer.
    pub(super) fn set_active(&mut self, active: bool) {
        self.now.values_mut().for_each(|digest| digest.active = active);
    }

    /// Those that are not in the database like this.
    pub(super) fn changed(&self, id: Uuid, kind: IndicatorType, received_at: Timestamp) -> impl Iterator<Item = Digested> {
        self.now.iter().filter(|(key_no, digest)| self.before.get(key_no) != Some(digest)).map(move |(key_no, one)| {
            let Digest { digest, tlp, active, since, compared_from } = *one;
            Digested { id, key_no: *key_no, kind, digest, tlp, active, received_at, since: Timestamp(since), compared_from }
        })
    }
}

/// By the number of the key: a value has a digest under each key that is accepted; a hash is one under the key that it says, and where it says none, under the
/// key that goes out first.
pub(super) fn digests(keys: &AllianceKeys, item: &IndicatorItem, now: Timestamp) -> Vec<(i64, [u8; 32])> {
    if item.hashed {
        let no = item.key_no.or(keys.former(now).map(|(key, _)| key.no)).unwrap_or(keys.current.no);
        return alliance::from_hex(&item.value).map(|digest| (no, digest)).into_iter().collect();
    }
    keys.accepted(now).map(|key| (key.no, key.key.digest(item.kind, &item.value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(tlp: i64, moved: bool) -> Report {
        Report { tlp, active: true, at: Timestamp(20), compared_from: 7, moved }
    }

    #[test]
    fn only_what_changes_is_written() {
        let there = Digest { digest: [1; 32], tlp: 1, active: true, since: 10, compared_from: 5 };
        let stored = || Digests { before: BTreeMap::from([(1, there)]), now: BTreeMap::from([(1, there)]) };
        let changed = |digests: &Digests| {
            digests.changed(Uuid::nil(), IndicatorType::Url, Timestamp(10)).map(|d| (d.key_no, d.since.0, d.compared_from)).collect::<Vec<_>>()
        };

        let mut again = stored();
        again.take([(1, [1; 32])].into_iter(), &report(1, false));
        assert!(changed(&again).is_empty());

        let mut narrowed = stored();
        narrowed.take([(1, [1; 32])].into_iter(), &report(4, true));
        assert_eq!(changed(&narrowed), [(1, 20, 5)], "it counts anew, and is compared since it first was");

        let mut rotated = stored();
        rotated.take([(1, [1; 32]), (2, [2; 32])].into_iter(), &report(1, false));
        assert_eq!(changed(&rotated), [(2, 10, 5)], "another key makes it no younger");

        let mut new = Digests::default();
        new.take([(1, [1; 32])].into_iter(), &report(1, false));
        assert_eq!(changed(&new), [(1, 20, 7)]);
        let mut over = stored();
        over.set_active(false);
        assert_eq!(changed(&over), [(1, 10, 5)]);
    }
}
