//! The incident queue and single incidents.

use super::{
    Arg, Ids, PAGE, Page, Reads, Search, Where, bind_all, cursor,
    ids::{TIMEOUT, in_order},
    reach, read_cursor, visible,
};
use crate::{
    StoreError,
    db::{read, read_from},
};
use domain::{
    IncidentStatus, OrgId, Severity, Timestamp, Tlp, rsit,
    view::{IncidentRow, OrgRef},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// What a list of incidents is narrowed to. `None` does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IncidentFilter {
    pub org: Option<OrgId>,
    pub severity: Option<Severity>,
    pub status: Option<IncidentStatus>,
    /// Only open ones.
    pub open: bool,
    pub tlp: Option<Tlp>,
    /// A class of RSIT, or one of its entries, by its key.
    pub class: Option<String>,
    pub words: Search,
    /// `severity` (default: worst, then newest), `-opened`, `opened`, `-updated`.
    pub sort: String,
    pub cursor: String,
}

/// A facet of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentFacet {
    Severity,
    Status,
    Tlp,
    Class,
    Org,
}

pub(crate) const COLUMNS: &str = "t.id, o.slug, o.name, t.external_id, t.title, t.severity, t.status, t.tlp, t.class, t.opened_at, t.closed_at, t.updated_at";

#[derive(sqlx::FromRow)]
pub(crate) struct IncidentSql {
    id: Uuid,
    slug: String,
    name: String,
    external_id: String,
    title: String,
    severity: i64,
    status: i64,
    tlp: i64,
    class: String,
    opened_at: i64,
    closed_at: Option<i64>,
    updated_at: i64,
}

impl From<IncidentSql> for IncidentRow {
    fn from(r: IncidentSql) -> Self {
        Self {
            id: r.id.to_string(),
            org: OrgRef { slug: r.slug, name: r.name },
            external_id: r.external_id,
            title: r.title,
            severity: Severity::from_code(r.severity),
            status: IncidentStatus::from_code(r.status),
            tlp: Tlp::from_code(r.tlp),
            class: rsit::title(&r.class),
            opened_at: Timestamp(r.opened_at),
            closed_at: r.closed_at.map(Timestamp),
            updated_at: Timestamp(r.updated_at),
        }
    }
}

/// One incident with what its page needs beside the row.
#[derive(Clone, Debug)]
pub struct IncidentDetail {
    pub row: IncidentRow,
    pub owner: OrgId,
    pub received_at: Timestamp,
    /// When the snapshot was taken that left it out, which closed it; `None` where its organisation says how it stands.
    pub left_out_at: Option<Timestamp>,
    pub recipients: Vec<OrgRef>,
    pub raw: String,
    /// The newest, the oldest of them first, and how many earlier ones there are.
    pub revisions: Vec<RevisionRow>,
    pub earlier_revisions: u64,
    /// The same of its events.
    pub events: Vec<EventBrief>,
    pub earlier_events: u64,
}

/// One revision.
#[derive(Clone, Debug)]
pub struct RevisionRow {
    pub at: Timestamp,
    pub summary: String,
    /// `None` once the receipt's retention is over.
    pub receipt: Option<Uuid>,
}

/// One event of an incident.
#[derive(Clone, Debug)]
pub struct EventBrief {
    pub id: Uuid,
    pub title: String,
    pub severity: Severity,
    pub tlp: Tlp,
    pub observed_at: Timestamp,
}

impl Reads<'_> {
    /// `reach` is the text of [`reach!`] or of `counted!`.
    pub(super) fn incident_where(&self, f: &IncidentFilter, without: Option<IncidentFacet>, reach: &str) -> Where {
        let mut w = Where::reach(reach, self.viewer);
        if let Some(org) = f.org.filter(|_| without != Some(IncidentFacet::Org)) {
            w.and("t.org_id = ?", [Arg::Int(org.0)]);
        }
        if let Some(severity) = f.severity.filter(|_| without != Some(IncidentFacet::Severity)) {
            w.and("+t.severity = ?", [Arg::Int(severity.code())]);
        }
        if without != Some(IncidentFacet::Status) {
            if let Some(status) = f.status {
                w.and("+t.status = ?", [Arg::Int(status.code())]);
            } else if f.open {
                w.and("+t.status < 3", []);
            }
        }
        if let Some(tlp) = f.tlp.filter(|_| without != Some(IncidentFacet::Tlp)) {
            w.and("t.tlp = ?", [Arg::Int(tlp.code())]);
        }
        if let Some(class) = f.class.as_ref().filter(|_| without != Some(IncidentFacet::Class)) {
            w.and("t.class || '' = ?", [Arg::Text(class.clone())]);
        }
        f.words.narrow(&mut w);
        w
    }

    /// A page of incidents.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incidents(&self, f: &IncidentFilter) -> Result<Page<IncidentRow>, StoreError> {
        let mut w = self.incident_where(f, None, visible::INCIDENTS.condition);
        let count = format!("SELECT count(*) FROM {}", visible::INCIDENTS.rows("t.id", &w));
        let total: i64 = read!(self, c => bind_all!(sqlx::query_scalar(AssertSqlSafe(count)), w.args()).fetch_one(c).await)?;
        if let Some(([severity, at], id)) = read_cursor::<2>(&f.cursor) {
            let (s, at, id) = (Arg::Int(severity), Arg::Int(at), Arg::Id(id));
            match f.sort.as_str() {
                "-opened" => w.and("(+t.opened_at, t.id) < (?, ?)", [at, id]),
                "opened" => w.and("(+t.opened_at, t.id) > (?, ?)", [at, id]),
                "-updated" => w.and("(+t.updated_at, t.id) < (?, ?)", [at, id]),
                _ => w.and("+t.severity >= ? AND (+t.severity > ? OR (+t.opened_at, t.id) < (?, ?))", [s.clone(), s, at, id]),
            }
        }
        let order = |t: &str| match f.sort.as_str() {
            "-opened" => format!("{t}.opened_at DESC, {t}.id DESC"),
            "opened" => format!("{t}.opened_at, {t}.id"),
            "-updated" => format!("{t}.updated_at DESC, {t}.id DESC"),
            _ => format!("{t}.severity, {t}.opened_at DESC, {t}.id DESC"),
        };
        let page = visible::INCIDENTS.rows("t.org_id, t.id, t.severity, t.opened_at, t.updated_at", &w);
        let sql = format!(
            "SELECT {COLUMNS} FROM (SELECT x.org_id, x.id FROM {page} ORDER BY {} LIMIT {}) p CROSS JOIN incidents t JOIN organisations o ON o.id = t.org_id {} \
             AND t.org_id = p.org_id AND t.id = p.id ORDER BY {}",
            order("x"),
            PAGE + 1,
            w.sql(),
            order("t")
        );
        let mut rows: Vec<IncidentSql> = read!(self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next = rows.last().filter(|_| more).map(|r| {
            let at = if f.sort == "-updated" { r.updated_at } else { r.opened_at };
            cursor(&[&r.severity, &at, &r.id])
        });
        Ok(Page { total: total as u64, rows: rows.into_iter().map(Into::into).collect(), next })
    }

    /// All incidents that match, by id, in the list's order; the cursor does not count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_ids(&self, f: &IncidentFilter) -> Result<Ids, StoreError> {
        let key = match f.sort.as_str() {
            "-opened" => "-t.opened_at",
            "opened" => "t.opened_at",
            "-updated" => "-t.updated_at",
            // A severity is worth more than any moment from the year 1 to 9999.
            _ => "t.severity * 288230376151711744 - t.opened_at",
        };
        self.ids(&visible::INCIDENTS, key, f.sort == "opened", &self.incident_where(f, None, visible::INCIDENTS.condition), "").await
    }

    /// The incidents of a piece of [`Reads::incident_ids`], in its order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incidents_by(&self, ids: &[Uuid]) -> Result<Vec<IncidentRow>, StoreError> {
        let mut w = Where::reach(visible::INCIDENTS.condition, self.viewer);
        Self::among(&mut w, ids);
        let sql = format!("SELECT {COLUMNS} FROM incidents t JOIN organisations o ON o.id = t.org_id {}", w.sql());
        let rows: Vec<IncidentSql> =
            read_from!(self.store.inner.files, TIMEOUT, self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        Ok(in_order(ids, rows, |row| row.id).into_iter().map(Into::into).collect())
    }

    /// The narrowest marking among the incidents that match.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incidents_highest_tlp(&self, f: &IncidentFilter) -> Result<Tlp, StoreError> {
        let w = self.incident_where(f, None, visible::INCIDENTS.condition);
        let sql = format!("SELECT coalesce(max(x.tlp), 0) FROM {}", visible::INCIDENTS.rows("t.tlp", &w));
        let code: i64 = read!(self, c => bind_all!(sqlx::query_scalar(AssertSqlSafe(sql)), w.args()).fetch_one(c).await)?;
        Ok(Tlp::from_code(code))
    }

    /// One incident with its timeline; `None` for absent ones and those the viewer may not see alike.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident(&self, id: Uuid) -> Result<Option<IncidentDetail>, StoreError> {
        const MORE: &str = concat!(
            "SELECT t.org_id, t.received_at, CASE WHEN t.stated_status IS NULL THEN NULL ELSE t.heard_at END, t.raw FROM incidents t WHERE ",
            reach!(incidents),
            " AND t.id = $2"
        );
        const REVISIONS: &str = concat!(
            "SELECT v.at, v.summary, c.id, count(*) OVER () FROM incident_revisions v LEFT JOIN receipts c ON c.no = v.receipt_no AND c.org_id = v.org_id JOIN incidents t ON t.org_id = v.org_id AND t.id = v.incident_id WHERE ",
            reach!(incidents),
            " AND t.id = $2 AND (t.org_id = $1 OR v.tlp <= 1 OR (v.tlp = 2 AND EXISTS (SELECT 1 FROM peers p WHERE p.viewer_id = $1 AND p.owner_id = v.org_id AND p.since <= v.received_at)) OR EXISTS (SELECT 1 FROM recipients r WHERE r.org_id = t.org_id AND r.record_id = t.id AND r.recipient_id = $1)) ORDER BY v.revision DESC LIMIT 200"
        );
        const EVENTS: &str = concat!(
            "SELECT t.id, t.title, t.severity, t.tlp, t.observed_at, count(*) OVER () FROM events t JOIN incidents i ON i.org_id = t.org_id AND i.external_id = t.incident WHERE ",
            reach!(events),
            " AND i.id = $2 AND t.withdrawn_at IS NULL ORDER BY t.observed_at DESC, t.id DESC LIMIT 200"
        );
        let row = concat_incident();
        let row: Option<IncidentSql> = read!(self, c => sqlx::query_as(AssertSqlSafe(row)).bind(self.viewer.org.0).bind(id).fetch_optional(c).await)?;
        let Some(row) = row else { return Ok(None) };
        let Some((owner, received_at, left_out_at, raw)): Option<(i64, i64, Option<i64>, String)> =
            read!(self, c => sqlx::query_as(MORE).bind(self.viewer.org.0).bind(id).fetch_optional(c).await)?
        else {
            return Ok(None);
        };
        type Revision = (i64, String, Option<Uuid>, i64);
        type Event = (Uuid, String, i64, i64, i64, i64);
        let revisions: Vec<Revision> = read!(self, c => sqlx::query_as(REVISIONS).bind(self.viewer.org.0).bind(id).fetch_all(c).await)?;
        let events: Vec<Event> = read!(self, c => sqlx::query_as(EVENTS).bind(self.viewer.org.0).bind(id).fetch_all(c).await)?;
        let earlier = |all: Option<i64>, shown: usize| all.map_or(0, |all| all as u64 - shown as u64);
        Ok(Some(IncidentDetail {
            row: row.into(),
            owner: OrgId(owner),
            received_at: Timestamp(received_at),
            left_out_at: left_out_at.map(Timestamp),
            recipients: self.recipients(OrgId(owner), id).await?,
            raw,
            earlier_revisions: earlier(revisions.first().map(|r| r.3), revisions.len()),
            earlier_events: earlier(events.first().map(|e| e.5), events.len()),
            revisions: revisions.into_iter().rev().map(|(at, summary, receipt, _)| RevisionRow { at: Timestamp(at), summary, receipt }).collect(),
            events: events
                .into_iter()
                .rev()
                .map(|(id, title, severity, tlp, at, _)| EventBrief {
                    id,
                    title,
                    severity: Severity::from_code(severity),
                    tlp: Tlp::from_code(tlp),
                    observed_at: Timestamp(at),
                })
                .collect(),
        }))
    }

    /// The organisations named on a record. Call it only for a record the viewer was found to see.
    pub(crate) async fn recipients(&self, owner: OrgId, record: Uuid) -> Result<Vec<OrgRef>, StoreError> {
        const NAMED: &str =
            "SELECT o.slug, o.name FROM recipients r JOIN organisations o ON o.id = r.recipient_id WHERE r.org_id = $1 AND r.record_id = $2 ORDER BY o.name";
        let rows: Vec<(String, String)> = read!(self, c => sqlx::query_as(NAMED).bind(owner.0).bind(record).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(slug, name)| OrgRef { slug, name }).collect())
    }
}

fn concat_incident() -> String {
    format!("SELECT {COLUMNS} FROM incidents t JOIN organisations o ON o.id = t.org_id WHERE {} AND t.id = $2", reach!(incidents))
}
