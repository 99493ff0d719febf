//! Numbers of the collective page: each is the count of rows that the same viewer can list.

use super::{Reads, peers, reach, withheld};
use crate::{StoreError, db::read};
use domain::{DAY, OrgId, Timestamp, Tlp, view::TlpCount, view::TypeCount};
use std::collections::BTreeMap;

/// Incidents opened and closed in one bucket of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    pub opened: u64,
    pub closed: u64,
}

impl Reads<'_> {
    /// Incidents opened and closed in `[from, to)`, in buckets of `step` microseconds from `from` on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_flow(&self, from: Timestamp, to: Timestamp, step: i64) -> Result<Vec<Flow>, StoreError> {
        const OPENED: &str = concat!(
            "SELECT (t.opened_at - $2) / $4, count(*) FROM incidents t WHERE ",
            reach!(incidents),
            " AND t.opened_at >= $2 AND t.opened_at < $3 GROUP BY 1"
        );
        const CLOSED: &str = concat!(
            "SELECT (t.closed_at - $2) / $4, count(*) FROM incidents t WHERE ",
            reach!(incidents),
            " AND t.closed_at >= $2 AND t.closed_at < $3 GROUP BY 1"
        );
        let step = step.max(DAY);
        let buckets = (to.since(from) + step - 1) / step;
        let mut flow = vec![Flow::default(); usize::try_from(buckets).unwrap_or(0)];
        for (sql, opened) in [(OPENED, true), (CLOSED, false)] {
            let rows: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(sql).bind(self.viewer.org.0).bind(from.0).bind(to.0).bind(step).fetch_all(c).await)?;
            for (bucket, n) in rows {
                if let Some(slot) = usize::try_from(bucket).ok().and_then(|b| flow.get_mut(b)) {
                    *(if opened { &mut slot.opened } else { &mut slot.closed }) = n as u64;
                }
            }
        }
        Ok(flow)
    }

    /// Critical incidents that were open at `at`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn critical_at(&self, at: Timestamp) -> Result<u32, StoreError> {
        const OPEN: &str = concat!(
            "SELECT count(*) FROM incidents t WHERE ",
            reach!(incidents),
            " AND t.severity = 0 AND t.opened_at <= $2 AND (t.closed_at IS NULL OR t.closed_at > $2)"
        );
        let n: i64 = read!(self, c => sqlx::query_scalar(OPEN).bind(self.viewer.org.0).bind(at.0).fetch_one(c).await)?;
        Ok(n as u32)
    }

    /// Open incidents by organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_by_org(&self) -> Result<BTreeMap<OrgId, u32>, StoreError> {
        const OPEN: &str = concat!("SELECT t.org_id, count(*) FROM incidents t WHERE ", reach!(incidents), " AND t.status < 3 GROUP BY 1");
        let rows: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(OPEN).bind(self.viewer.org.0).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(org, n)| (OrgId(org), n as u32)).collect())
    }

    /// Active indicators by TLP and by type, of all organisations or of one. From the kept totals; only the records that
    /// name the viewer's organisation are counted one by one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicator_totals(&self, org: Option<OrgId>) -> Result<(Vec<TlpCount>, Vec<TypeCount>), StoreError> {
        const KEPT: &str = concat!(
            "SELECT kind, tlp, CAST(sum(n) AS BIGINT) FROM indicator_totals WHERE (org_id = $1 OR (org_id NOT IN ",
            withheld!(3),
            " AND (tlp <= 1 OR (tlp = 2 AND org_id IN ",
            peers!(),
            ")))) AND ($2 IS NULL OR org_id = $2) GROUP BY kind, tlp"
        );
        const NAMED: &str = concat!(
            "SELECT t.kind, t.tlp, count(*) FROM recipients r JOIN indicators t ON t.id = r.record_id \
             WHERE r.org_id = $1 AND t.org_id <> $1 AND t.tlp > 1 AND t.org_id NOT IN ",
            withheld!(3),
            " AND NOT (t.tlp = 2 AND t.org_id IN ",
            peers!(),
            ") AND t.active AND ($2 IS NULL OR t.org_id = $2) GROUP BY t.kind, t.tlp"
        );
        let (mut by_tlp, mut by_kind) = (BTreeMap::<Tlp, u64>::new(), BTreeMap::<String, u64>::new());
        for sql in [KEPT, NAMED] {
            let rows: Vec<(String, i64, i64)> = read!(self, c => sqlx::query_as(sql).bind(self.viewer.org.0).bind(org.map(|o| o.0)).fetch_all(c).await)?;
            for (kind, tlp, n) in rows.into_iter().filter(|r| r.2 > 0) {
                *by_tlp.entry(Tlp::from_code(tlp)).or_default() += n as u64;
                *by_kind.entry(kind).or_default() += n as u64;
            }
        }
        let mut kinds: Vec<_> = by_kind.into_iter().map(|(kind, count)| TypeCount { kind, count }).collect();
        kinds.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.kind.cmp(&b.kind)));
        Ok((by_tlp.into_iter().map(|(tlp, count)| TlpCount { tlp, count }).collect(), kinds))
    }
}
