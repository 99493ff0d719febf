//! Numbers for one viewer: each is the number of rows that he can list, and of those that their owners show him as a summary, under their names.

use super::{
    EventFilter, IncidentFilter, IndicatorFilter, Reads, Where, bind_all, counted, reach,
    visible::{self, Visible},
};
use crate::{
    Store, StoreError,
    db::{Scope, read},
};
use domain::{
    DAY, OrgId, Severity, Timestamp, Tlp, Viewer,
    view::{CountsWindow, OrgRef, TlpCount, TypeCount},
};
use sqlx::AssertSqlSafe;
use std::collections::BTreeMap;

/// A handle for one viewer that makes numbers, and nothing but numbers, of what he may count.
#[derive(Clone, Copy)]
pub struct Counts<'s> {
    /// The same viewer's rows, whose conditions are these numbers', too.
    pub(super) reads: Reads<'s>,
    pub(crate) store: &'s Store,
    pub(crate) viewer: Viewer,
}

/// Incidents opened and closed in one bucket of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    pub opened: u64,
    pub closed: u64,
}

type OrgCount = (String, String, i64);

fn by_name(rows: Vec<OrgCount>) -> Vec<(OrgRef, u64)> {
    rows.into_iter().map(|(slug, name, n)| (OrgRef { slug, name }, n as u64)).collect()
}

impl Counts<'_> {
    pub(crate) fn scope(&self) -> Scope {
        Scope::Counter(self.viewer.org)
    }

    /// Incidents opened and closed in `[from, to)`, in buckets of `step` microseconds from `from` on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_flow(&self, from: Timestamp, to: Timestamp, step: i64) -> Result<Vec<Flow>, StoreError> {
        const OPENED: &str = concat!(
            "SELECT (t.opened_at - $2) / $4, count(*) FROM incidents t WHERE ",
            counted!(incidents),
            " AND t.opened_at >= $2 AND t.opened_at < $3 GROUP BY 1"
        );
        const CLOSED: &str = concat!(
            "SELECT (t.closed_at - $2) / $4, count(*) FROM incidents t WHERE ",
            counted!(incidents),
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
            counted!(incidents),
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
        const OPEN: &str = concat!("SELECT t.org_id, count(*) FROM incidents t WHERE ", counted!(incidents), " AND t.status < 3 GROUP BY 1");
        let rows: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(OPEN).bind(self.viewer.org.0).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(org, n)| (OrgId(org), n as u32)).collect())
    }

    /// Open incidents of one organisation by severity, the worst first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_by_severity(&self, org: OrgId) -> Result<Vec<(Severity, u64)>, StoreError> {
        const OPEN: &str =
            concat!("SELECT t.severity, count(*) FROM incidents t WHERE ", counted!(incidents), " AND t.status < 3 AND t.org_id = $2 GROUP BY 1 ORDER BY 1");
        let rows: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(OPEN).bind(self.viewer.org.0).bind(org.0).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(severity, n)| (Severity::from_code(severity), n as u64)).collect())
    }

    /// Of the incidents that match, those that are in the viewer's numbers but not in his lists, by organisation. What is looked for in words is looked
    /// for in rows that he may read, so there are none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incidents_unlisted(&self, f: &IncidentFilter) -> Result<Vec<(OrgRef, u64)>, StoreError> {
        if !f.words.is_empty() {
            return Ok(vec![]);
        }
        let w = self.reads.incident_where(f, None, visible::COUNTED_INCIDENTS.condition);
        self.unlisted(visible::COUNTED_INCIDENTS, reach!(incidents), w).await
    }

    /// The same of active indicators.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicators_unlisted(&self, f: &IndicatorFilter) -> Result<Vec<(OrgRef, u64)>, StoreError> {
        if !f.words.is_empty() || f.shared {
            return Ok(vec![]);
        }
        let w = self.reads.indicator_where(f, None, visible::COUNTED_INDICATORS.condition);
        self.unlisted(visible::COUNTED_INDICATORS, reach!(indicators), w).await
    }

    /// The same of events.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_unlisted(&self, f: &EventFilter) -> Result<Vec<(OrgRef, u64)>, StoreError> {
        if !f.words.is_empty() {
            return Ok(vec![]);
        }
        let w = self.reads.event_where(f, None, visible::COUNTED_EVENTS.condition);
        self.unlisted(visible::COUNTED_EVENTS, reach!(events), w).await
    }

    async fn unlisted(&self, counted: Visible, reach: &str, mut w: Where) -> Result<Vec<(OrgRef, u64)>, StoreError> {
        w.and(&format!("NOT {reach}"), []);
        let sql = format!(
            "SELECT o.slug, o.name, count(*) FROM {} JOIN organisations o ON o.id = x.org_id GROUP BY o.slug, o.name ORDER BY 3 DESC, 2",
            counted.rows("t.id, t.org_id", &w)
        );
        Ok(by_name(read!(self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?))
    }

    /// Indicators that first came at `since` or later, by organisation.
    pub async fn indicators_received(&self, since: Timestamp) -> Result<BTreeMap<OrgId, u64>, StoreError> {
        const RECEIVED: &str = concat!("SELECT t.org_id, count(*) FROM indicators t WHERE ", counted!(indicators), " AND t.received_at >= $2 GROUP BY 1");
        let rows: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(RECEIVED).bind(self.viewer.org.0).bind(since.0).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(org, n)| (OrgId(org), n as u64)).collect())
    }

    /// Active indicators by TLP and by type, of all organisations or of one. From the kept totals; only the records that name the viewer's
    /// organisation, and those of owners from whom he is shown only what came since he joined a group, are counted one by one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicator_totals(&self, org: Option<OrgId>) -> Result<(Vec<TlpCount>, Vec<TypeCount>), StoreError> {
        const KEPT: &str = "SELECT kind, tlp, CAST(sum(n) AS BIGINT) FROM indicator_totals WHERE (org_id = $1 OR (org_id NOT IN \
             (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = $1 AND w.class = 'indicators' AND (w.summary_since IS NULL OR w.summary_since > 0)) \
             AND org_id NOT IN (SELECT p.owner_id FROM peers p WHERE p.viewer_id = $1 AND p.since > 0) \
             AND (tlp <= 1 OR (tlp = 2 AND org_id IN (SELECT p.owner_id FROM peers p WHERE p.viewer_id = $1))))) AND ($2 IS NULL OR org_id = $2) GROUP BY kind, tlp";
        const NAMED: &str = "SELECT t.kind, t.tlp, count(*) FROM recipients r JOIN indicators t ON t.org_id = r.org_id AND t.id = r.record_id \
             WHERE r.recipient_id = $1 AND r.org_id <> $1 AND t.tlp > 1 AND t.org_id NOT IN \
             (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = $1 AND w.class = 'indicators' AND (w.summary_since IS NULL OR w.summary_since > 0)) \
             AND t.org_id NOT IN (SELECT p.owner_id FROM peers p WHERE p.viewer_id = $1 AND p.since > 0) \
             AND NOT (t.tlp = 2 AND t.org_id IN (SELECT p.owner_id FROM peers p WHERE p.viewer_id = $1)) AND t.active AND ($2 IS NULL OR t.org_id = $2) \
             GROUP BY t.kind, t.tlp";
        const LATER: &str = concat!(
            "SELECT t.kind, t.tlp, count(*) FROM indicators t WHERE t.org_id IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = $1 AND w.class = 'indicators' \
             AND w.summary_since > 0 UNION SELECT p.owner_id FROM peers p WHERE p.viewer_id = $1 AND p.since > 0) AND t.org_id <> $1 AND ",
            counted!(indicators),
            " AND t.active AND ($2 IS NULL OR t.org_id = $2) GROUP BY t.kind, t.tlp"
        );
        let (mut by_tlp, mut by_kind) = (BTreeMap::<Tlp, u64>::new(), BTreeMap::<String, u64>::new());
        for sql in [KEPT, NAMED, LATER] {
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

    /// The newest window of pushed indicator counts of an organisation, as far as their marking lets the viewer see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn counts_window(&self, org: OrgId) -> Result<Option<CountsWindow>, StoreError> {
        const ROWS: &str = "SELECT t.window_start, t.window_end, t.kind, t.tlp, t.severity, t.n FROM indicator_counts t WHERE t.org_id = $2 AND (t.org_id = $1 OR \
             ((t.org_id NOT IN (SELECT w.owner_id FROM withheld w WHERE w.viewer_id = $1 AND w.class = 'indicators') \
             OR EXISTS (SELECT 1 FROM withheld w WHERE w.viewer_id = $1 AND w.class = 'indicators' AND w.owner_id = t.org_id AND w.summary_since <= t.window_start)) \
             AND (t.tlp <= 1 OR (t.tlp = 2 AND EXISTS (SELECT 1 FROM peers p WHERE p.viewer_id = $1 AND p.owner_id = t.org_id AND p.since <= t.window_start))))) \
             ORDER BY t.window_end DESC, t.window_start DESC, t.n DESC LIMIT 100";
        type Row = (i64, i64, String, i64, i64, i64);
        let rows: Vec<Row> = read!(self, c => sqlx::query_as(ROWS).bind(self.viewer.org.0).bind(org.0).fetch_all(c).await)?;
        let Some(first) = rows.first() else { return Ok(None) };
        let (from, to) = (Timestamp(first.0), Timestamp(first.1));
        let rows = rows.iter().filter(|r| (r.0, r.1) == (from.0, to.0));
        Ok(Some(CountsWindow { from, to, rows: rows.map(|r| (r.2.clone(), Tlp::from_code(r.3), Severity::from_code(r.4).to_string(), r.5 as u64)).collect() }))
    }
}
