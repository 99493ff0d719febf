//! The list of events.

use super::{
    Arg, Ids, PAGE, Page, Reads, Search, Where, bind_all, cursor,
    ids::{TIMEOUT, in_order},
    read_cursor, visible,
};
use crate::{
    StoreError,
    db::{read, read_from},
};
use domain::{
    OrgId, Severity, Timestamp, Tlp,
    view::{EventRow, OrgRef},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// What a list of events is narrowed to. `None` does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventFilter {
    pub org: Option<OrgId>,
    pub severity: Option<Severity>,
    pub tlp: Option<Tlp>,
    /// Observed in `[from, to)`.
    pub from: Timestamp,
    pub to: Timestamp,
    pub words: Search,
    pub cursor: String,
}

/// A facet of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventFacet {
    Severity,
    Tlp,
    Org,
}

#[derive(sqlx::FromRow)]
struct EventSql {
    id: Uuid,
    slug: String,
    name: String,
    external_id: String,
    kind: String,
    title: String,
    severity: i64,
    tlp: i64,
    observed_at: i64,
}

impl From<EventSql> for EventRow {
    fn from(r: EventSql) -> Self {
        Self {
            id: r.id.to_string(),
            org: OrgRef { slug: r.slug, name: r.name },
            external_id: r.external_id,
            kind: r.kind,
            title: r.title,
            severity: Severity::from_code(r.severity),
            tlp: Tlp::from_code(r.tlp),
            observed_at: Timestamp(r.observed_at),
        }
    }
}

const COLUMNS: &str = "t.id, o.slug, o.name, t.external_id, t.kind, t.title, t.severity, t.tlp, t.observed_at";

impl Reads<'_> {
    /// `reach` is the text of [`reach!`] or of `counted!`.
    pub(super) fn event_where(&self, f: &EventFilter, without: Option<EventFacet>, reach: &str) -> Where {
        let mut w = Where::reach(reach, self.viewer);
        w.and("t.withdrawn_at IS NULL AND +t.observed_at >= ? AND +t.observed_at < ?", [Arg::Int(f.from.0), Arg::Int(f.to.0)]);
        if let Some(org) = f.org.filter(|_| without != Some(EventFacet::Org)) {
            w.and("t.org_id = ?", [Arg::Int(org.0)]);
        }
        if let Some(severity) = f.severity.filter(|_| without != Some(EventFacet::Severity)) {
            w.and("t.severity = ?", [Arg::Int(severity.code())]);
        }
        if let Some(tlp) = f.tlp.filter(|_| without != Some(EventFacet::Tlp)) {
            w.and("t.tlp = ?", [Arg::Int(tlp.code())]);
        }
        f.words.narrow(&mut w);
        w
    }

    /// A page of events, last observed first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events(&self, f: &EventFilter) -> Result<Page<EventRow>, StoreError> {
        let mut w = self.event_where(f, None, visible::EVENTS.condition);
        let count = format!("SELECT count(*) FROM {}", visible::EVENTS.rows("t.id", &w));
        let total: i64 = read!(self, c => bind_all!(sqlx::query_scalar(AssertSqlSafe(count)), w.args()).fetch_one(c).await)?;
        if let Some(([at], id)) = read_cursor::<1>(&f.cursor) {
            w.and("(+t.observed_at, t.id) < (?, ?)", [Arg::Int(at), Arg::Id(id)]);
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM (SELECT x.org_id, x.id FROM {} ORDER BY x.observed_at DESC, x.id DESC LIMIT {}) p CROSS JOIN events t \
             JOIN organisations o ON o.id = t.org_id {} AND t.org_id = p.org_id AND t.id = p.id ORDER BY t.observed_at DESC, t.id DESC",
            visible::EVENTS.rows("t.org_id, t.id, t.observed_at", &w),
            PAGE + 1,
            w.sql()
        );
        let mut rows: Vec<EventSql> = read!(self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next = rows.last().filter(|_| more).map(|r| cursor(&[&r.observed_at, &r.id]));
        Ok(Page { total: total as u64, rows: rows.into_iter().map(Into::into).collect(), next })
    }

    /// All events that match, by id, in the list's order; the cursor does not count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event_ids(&self, f: &EventFilter) -> Result<Ids, StoreError> {
        self.ids(&visible::EVENTS, "-t.observed_at", false, &self.event_where(f, None, visible::EVENTS.condition), "").await
    }

    /// The events of a piece of [`Reads::event_ids`], in its order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_by(&self, ids: &[Uuid]) -> Result<Vec<EventRow>, StoreError> {
        let mut w = Where::reach(visible::EVENTS.condition, self.viewer);
        w.and("t.withdrawn_at IS NULL", []);
        Self::among(&mut w, ids);
        let sql = format!("SELECT {COLUMNS} FROM events t JOIN organisations o ON o.id = t.org_id {}", w.sql());
        let rows: Vec<EventSql> =
            read_from!(self.store.inner.files, TIMEOUT, self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        Ok(in_order(ids, rows, |row| row.id).into_iter().map(Into::into).collect())
    }

    /// The narrowest marking among the events that match.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn events_highest_tlp(&self, f: &EventFilter) -> Result<Tlp, StoreError> {
        let w = self.event_where(f, None, visible::EVENTS.condition);
        let sql = format!("SELECT coalesce(max(x.tlp), 0) FROM {}", visible::EVENTS.rows("t.tlp", &w));
        let code: i64 = read!(self, c => bind_all!(sqlx::query_scalar(AssertSqlSafe(sql)), w.args()).fetch_one(c).await)?;
        Ok(Tlp::from_code(code))
    }
}
