//! Single records: events, receipts, payloads.

use super::{Arg, PAGE, Page, Reads, bind_all, reach, shown};
use crate::{
    Failure, LeftOut, StoreError, What,
    db::read,
    push::{record::read_left_out, refused},
};
use domain::{
    DataClass, OrgId, Severity, Timestamp, Tlp,
    view::{OrgRef, PushRow},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// One event with its provenance.
#[derive(Clone, Debug)]
pub struct EventDetail {
    pub id: Uuid,
    pub owner: OrgId,
    pub org: OrgRef,
    pub external_id: String,
    pub kind: String,
    pub title: String,
    pub severity: Severity,
    pub tlp: Tlp,
    pub observed_at: Timestamp,
    pub received_at: Timestamp,
    /// When it first came, which a receipt that replaced it does not change.
    pub first_received_at: Timestamp,
    pub incident: Option<(Uuid, String, Tlp)>,
    pub recipients: Vec<OrgRef>,
    pub receipt: Option<Uuid>,
    pub key: String,
    pub raw: String,
    /// When the snapshot was taken that left it out; only its own organisation still sees it then.
    pub left_out_at: Option<Timestamp>,
}

/// One receipt with its provenance.
#[derive(Clone, Debug)]
pub struct ReceiptDetail {
    pub row: PushRow,
    pub owner: OrgId,
    pub what: What,
    /// Of a snapshot that was not refused the moment it was taken.
    pub as_of: Option<Timestamp>,
    /// Of one that changed nothing: when the newer one was taken that had been applied.
    pub outdated_by: Option<Timestamp>,
    /// Of one that was applied, for its own organisation.
    pub left_out: Option<LeftOut>,
    pub failures: Vec<Failure>,
    pub bytes: u64,
    pub sha256: Vec<u8>,
    pub user_agent: String,
    pub idempotency_key: String,
    /// zstd; `None` when its retention is over or the viewer may not read it, as another's push that was refused in part.
    pub payload: Option<Vec<u8>>,
}

/// Whose receipts a viewer may see: his own organisation's, and the pushes of posture metrics of those who show him posture in detail. The number of items in
/// another's push of incidents would count records that may not be shared.
macro_rules! receipt_reach {
    () => {
        concat!("(c.org_id = $1 OR (c.what = 'metrics' AND ", shown!(posture, "c", "received_at", detail), "))")
    };
}

#[derive(sqlx::FromRow)]
struct PushSql {
    org_id: i64,
    no: i64,
    id: Uuid,
    slug: String,
    name: String,
    received_at: i64,
    what: String,
    total: i64,
    kept: i64,
    outdated: bool,
    mode: String,
    key_name: String,
}

const PUSH_COLUMNS: &str =
    "c.org_id, c.no, c.id, o.slug, o.name, c.received_at, c.what, c.total, c.kept, c.outdated_by IS NOT NULL AS outdated, c.mode, c.key_name";

impl From<PushSql> for PushRow {
    fn from(r: PushSql) -> Self {
        Self {
            receipt: r.id.to_string(),
            org: OrgRef { slug: r.slug, name: r.name },
            received_at: Timestamp(r.received_at),
            what: r.what,
            total: r.total as u32,
            kept: r.kept as u32,
            failed: refused(r.total as u32, r.kept as u32, r.outdated),
            outdated: r.outdated,
            mode: r.mode,
            key: r.key_name,
        }
    }
}

impl Reads<'_> {
    /// The organisation and number of a receipt that the viewer may see, by its id; `None` for all else. Numbers count an organisation's receipts, so they stay inside, and
    /// a page of the log ends with an id.
    async fn number(&self, id: &str) -> Result<Option<(i64, i64)>, StoreError> {
        let sql = format!("SELECT c.org_id, c.no FROM receipts c WHERE {} AND c.id = $2", receipt_reach!());
        let Ok(id) = id.parse::<Uuid>() else { return Ok(None) };
        Ok(read!(self, c => sqlx::query_as(AssertSqlSafe(sql)).bind(self.viewer.org.0).bind(id).fetch_optional(c).await)?)
    }

    /// The push log, newest first, of one organisation or of all, of one class of data or of all; `cursor` is the id of the last receipt shown.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn pushes(&self, org: Option<OrgId>, class: Option<DataClass>, cursor: &str, limit: usize) -> Result<Page<PushRow>, StoreError> {
        let mut args = vec![Arg::Int(self.viewer.org.0)];
        let mut sql = format!("SELECT {PUSH_COLUMNS} FROM receipts c JOIN organisations o ON o.id = c.org_id WHERE {}", receipt_reach!());
        if let Some(class) = class {
            let names: Vec<_> = What::ALL.into_iter().filter(|what| what.class() == class).map(|what| format!("'{}'", what.name())).collect();
            sql.push_str(&format!(" AND c.what IN ({})", names.join(", ")));
        }
        let mut and = |condition: &str, arg: Arg| {
            args.push(arg);
            sql.push_str(&format!(" AND {condition} ${}", args.len()));
        };
        if let Some(org) = org {
            and("c.org_id =", Arg::Int(org.0));
        }
        if let Some((of, before)) = self.number(cursor).await? {
            match org {
                Some(org) if org.0 == of => and("c.no <", Arg::Int(before)),
                // Ids are of the order of arrival, to the millisecond.
                _ => and("c.id <", Arg::Id(cursor.parse().unwrap_or_default())),
            }
        }
        let limit = limit.min(PAGE);
        let newest = if org.is_some() { "c.no" } else { "c.id" };
        sql.push_str(&format!(" ORDER BY {newest} DESC LIMIT {}", limit + 1));
        let mut rows: Vec<PushSql> = read!(self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), &args).fetch_all(c).await)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|r| r.id.to_string());
        // What came within one millisecond is in no order by its ids.
        rows.sort_by_key(|row| std::cmp::Reverse(row.received_at));
        Ok(Page { total: rows.len() as u64, rows: rows.into_iter().map(Into::into).collect(), next })
    }

    /// One receipt; `None` for absent ones and those the viewer may not see alike.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn receipt(&self, id: Uuid) -> Result<Option<ReceiptDetail>, StoreError> {
        const MORE: &str = "SELECT c.failures, c.bytes, c.sha256, c.user_agent, c.idempotency_key, p.body, c.as_of, c.outdated_by, c.left_out FROM receipts c LEFT JOIN payloads p ON p.org_id = c.org_id AND p.receipt_no = c.no WHERE c.org_id = $1 AND c.no = $2";
        let sql = format!("SELECT {PUSH_COLUMNS} FROM receipts c JOIN organisations o ON o.id = c.org_id WHERE {} AND c.id = $2", receipt_reach!());
        let row: Option<PushSql> = read!(self, c => sqlx::query_as(AssertSqlSafe(sql)).bind(self.viewer.org.0).bind(id).fetch_optional(c).await)?;
        let Some(row) = row else { return Ok(None) };
        type More = (String, i64, Vec<u8>, String, String, Option<Vec<u8>>, Option<i64>, Option<i64>, Option<String>);
        let (failures, bytes, sha256, user_agent, idempotency_key, payload, as_of, outdated_by, left_out): More =
            read!(self, c => sqlx::query_as(MORE).bind(row.org_id).bind(row.no).fetch_one(c).await)?;
        let what = What::from_name(&row.what).ok_or_else(|| StoreError::Internal(format!("receipt {}", row.no)))?;
        let failures: Vec<Failure> = serde_json::from_str(&failures).map_err(|e| StoreError::Internal(e.to_string()))?;
        let owner = OrgId(row.org_id);
        // What was refused may be anything, another class's records included: only its owner reads it.
        let whole = row.kept == row.total;
        let own = owner == self.viewer.org;
        let payload = payload.filter(|_| self.viewer.sees_payload(owner, what.class()) && (own || whole));
        let failures = if own { failures } else { vec![] };
        let left_out = read_left_out(left_out.filter(|_| own))?;
        let (row, as_of, outdated_by) = (row.into(), as_of.map(Timestamp), outdated_by.map(Timestamp));
        Ok(Some(ReceiptDetail { row, owner, what, as_of, outdated_by, left_out, failures, bytes: bytes as u64, sha256, user_agent, idempotency_key, payload }))
    }

    /// One event; `None` for absent ones and those the viewer may not see alike. Its incident is named only where the viewer
    /// may see that too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn event(&self, id: Uuid) -> Result<Option<EventDetail>, StoreError> {
        const EVENT: &str = concat!(
            "SELECT t.org_id, o.slug, o.name, t.external_id, t.kind, t.title, t.severity, t.tlp, t.observed_at, t.received_at, t.raw, t.incident, t.receipt_no, t.withdrawn_at \
             FROM events t JOIN organisations o ON o.id = t.org_id WHERE ",
            reach!(events),
            " AND t.id = $2 AND (t.withdrawn_at IS NULL OR t.org_id = $1)"
        );
        const INCIDENT: &str = concat!("SELECT t.id, t.title, t.tlp FROM incidents t WHERE ", reach!(incidents), " AND t.org_id = $2 AND t.external_id = $3");
        const RECEIPT: &str = "SELECT id, received_at, key_name FROM receipts WHERE org_id = $2 AND no = $1";
        let me = self.viewer.org.0;
        type Row = (i64, String, String, String, String, String, i64, i64, i64, i64, String, Option<String>, i64, Option<i64>);
        let row: Option<Row> = read!(self, c => sqlx::query_as(EVENT).bind(me).bind(id).fetch_optional(c).await)?;
        let Some((owner, slug, name, external_id, kind, title, severity, tlp, at, first, raw, incident, receipt, left_out_at)) = row else { return Ok(None) };
        let incident: Option<(Uuid, String, i64)> = match incident {
            Some(name) => read!(self, c => sqlx::query_as(INCIDENT).bind(me).bind(owner).bind(name).fetch_optional(c).await)?,
            None => None,
        };
        let receipt: Option<(Uuid, i64, String)> = read!(self, c => sqlx::query_as(RECEIPT).bind(receipt).bind(owner).fetch_optional(c).await)?;
        // By which key and when last is its owner's alone.
        let own = receipt.filter(|_| owner == me);
        let (receipt, received_at, key) = own.map_or((None, first, String::new()), |(id, at, key)| (Some(id), at, key));
        Ok(Some(EventDetail {
            id,
            owner: OrgId(owner),
            org: OrgRef { slug, name },
            external_id,
            kind,
            title,
            severity: Severity::from_code(severity),
            tlp: Tlp::from_code(tlp),
            observed_at: Timestamp(at),
            received_at: Timestamp(received_at),
            first_received_at: Timestamp(first),
            incident: incident.map(|(id, title, tlp)| (id, title, Tlp::from_code(tlp))),
            recipients: self.recipients(OrgId(owner), id).await?,
            receipt,
            key,
            raw,
            left_out_at: left_out_at.map(Timestamp),
        }))
    }
}
