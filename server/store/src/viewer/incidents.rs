//! The incident queue and single incidents.

use super::{Arg, PAGE, Page, Reads, Where, bind_all, containing, cursor, reach, reachable, read_cursor};
use crate::{StoreError, db::read};
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
    pub words: String,
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
    pub revisions: Vec<RevisionRow>,
    pub events: Vec<EventBrief>,
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
            w.and("t.severity = ?", [Arg::Int(severity.code())]);
        }
        if without != Some(IncidentFacet::Status) {
            if let Some(status) = f.status {
                w.and("t.status = ?", [Arg::Int(status.code())]);
            } else if f.open {
                w.and("t.status < 3", []);
            }
        }
        if let Some(tlp) = f.tlp.filter(|_| without != Some(IncidentFacet::Tlp)) {
            w.and("t.tlp = ?", [Arg::Int(tlp.code())]);
        }
        if !f.words.is_empty() {
            let like = containing(&f.words);
            w.and("(lower(t.title) LIKE ? ESCAPE '\\' OR lower(t.external_id) LIKE ? ESCAPE '\\')", [like.clone(), like]);
        }
        w
    }

    /// A page of incidents.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incidents(&self, f: &IncidentFilter) -> Result<Page<IncidentRow>, StoreError> {
        self.incident_rows(f, PAGE).await
    }

    /// As [`Reads::incidents`], with as many rows as are asked for: what a file is made of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_rows(&self, f: &IncidentFilter, limit: usize) -> Result<Page<IncidentRow>, StoreError> {
        let mut w = self.incident_where(f, None, reach!(incidents));
        let total: Option<i64> = if limit > PAGE {
            w.and(reachable!(incidents), []);
            None
        } else {
            let count = format!("SELECT count(*) FROM incidents t {}", w.sql());
            Some(read!(self, c => bind_all!(sqlx::query_scalar(AssertSqlSafe(count)), w.args()).fetch_one(c).await)?)
        };
        let order = match f.sort.as_str() {
            "-opened" => "t.opened_at DESC, t.id DESC",
            "opened" => "t.opened_at, t.id",
            "-updated" => "t.updated_at DESC, t.id DESC",
            _ => "t.severity, t.opened_at DESC, t.id DESC",
        };
        if let Some(([severity, at], id)) = read_cursor::<2>(&f.cursor) {
            let (s, at, id) = (Arg::Int(severity), Arg::Int(at), Arg::Id(id));
            match f.sort.as_str() {
                "-opened" => w.and("(t.opened_at, t.id) < (?, ?)", [at, id]),
                "opened" => w.and("(t.opened_at, t.id) > (?, ?)", [at, id]),
                "-updated" => w.and("(t.updated_at, t.id) < (?, ?)", [at, id]),
                _ => w.and("t.severity >= ? AND (t.severity > ? OR (t.opened_at, t.id) < (?, ?))", [s.clone(), s, at, id]),
            }
        }
        let sql = format!("SELECT {COLUMNS} FROM incidents t JOIN organisations o ON o.id = t.org_id {} ORDER BY {order} LIMIT {}", w.sql(), limit + 1);
        let mut rows: Vec<IncidentSql> = read!(self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|r| {
            let at = if f.sort == "-updated" { r.updated_at } else { r.opened_at };
            cursor(&[&r.severity, &at, &r.id])
        });
        Ok(Page { total: total.map_or(rows.len() as u64, |n| n as u64), rows: rows.into_iter().map(Into::into).collect(), next })
    }

    /// The narrowest marking among the incidents that match.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incidents_highest_tlp(&self, f: &IncidentFilter) -> Result<Tlp, StoreError> {
        let w = self.incident_where(f, None, reach!(incidents));
        let sql = format!("SELECT coalesce(max(t.tlp), 0) FROM incidents t {}", w.sql());
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
            "SELECT v.at, v.summary, c.id FROM incident_revisions v LEFT JOIN receipts c ON c.no = v.receipt_no AND c.org_id = v.org_id JOIN incidents t ON t.id = v.incident_id WHERE ",
            reach!(incidents),
            " AND t.id = $2 AND (t.org_id = $1 OR v.tlp <= 1 OR (v.tlp = 2 AND EXISTS (SELECT 1 FROM peers p WHERE p.viewer_id = $1 AND p.owner_id = v.org_id AND p.since <= v.received_at)) OR EXISTS (SELECT 1 FROM recipients r WHERE r.org_id = $1 AND r.record_id = t.id)) ORDER BY v.revision"
        );
        const EVENTS: &str = concat!(
            "SELECT t.id, t.title, t.severity, t.tlp, t.observed_at FROM events t JOIN incidents i ON i.org_id = t.org_id AND i.external_id = t.incident WHERE ",
            reach!(events),
            " AND i.id = $2 AND t.withdrawn_at IS NULL ORDER BY t.observed_at LIMIT 500"
        );
        let row = concat_incident();
        let row: Option<IncidentSql> = read!(self, c => sqlx::query_as(AssertSqlSafe(row)).bind(self.viewer.org.0).bind(id).fetch_optional(c).await)?;
        let Some(row) = row else { return Ok(None) };
        let Some((owner, received_at, left_out_at, raw)): Option<(i64, i64, Option<i64>, String)> =
            read!(self, c => sqlx::query_as(MORE).bind(self.viewer.org.0).bind(id).fetch_optional(c).await)?
        else {
            return Ok(None);
        };
        let revisions: Vec<(i64, String, Option<Uuid>)> = read!(self, c => sqlx::query_as(REVISIONS).bind(self.viewer.org.0).bind(id).fetch_all(c).await)?;
        let events: Vec<(Uuid, String, i64, i64, i64)> = read!(self, c => sqlx::query_as(EVENTS).bind(self.viewer.org.0).bind(id).fetch_all(c).await)?;
        Ok(Some(IncidentDetail {
            row: row.into(),
            owner: OrgId(owner),
            received_at: Timestamp(received_at),
            left_out_at: left_out_at.map(Timestamp),
            recipients: self.recipients(id).await?,
            raw,
            revisions: revisions.into_iter().map(|(at, summary, receipt)| RevisionRow { at: Timestamp(at), summary, receipt }).collect(),
            events: events
                .into_iter()
                .map(|(id, title, severity, tlp, at)| EventBrief {
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
    pub(crate) async fn recipients(&self, record: Uuid) -> Result<Vec<OrgRef>, StoreError> {
        const NAMED: &str = "SELECT o.slug, o.name FROM recipients r JOIN organisations o ON o.id = r.org_id WHERE r.record_id = $1 ORDER BY o.name";
        let rows: Vec<(String, String)> = read!(self, c => sqlx::query_as(NAMED).bind(record).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(slug, name)| OrgRef { slug, name }).collect())
    }
}

fn concat_incident() -> String {
    format!("SELECT {COLUMNS} FROM incidents t JOIN organisations o ON o.id = t.org_id WHERE {} AND t.id = $2", reach!(incidents))
}
