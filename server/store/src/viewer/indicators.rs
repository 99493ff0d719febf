//! Indicators, and who else reported the same value.

use super::{
    Arg, PAGE, Page, Reads, Where, bind_all, containing, cursor,
    overlaps::{named, readable, several, unnamed},
    reach, reachable, read_cursor,
};
use crate::{StoreError, db::read};
use domain::{
    OrgId, Severity, Timestamp, Tlp,
    indicator::IndicatorType,
    view::{IndicatorReport, IndicatorRow, Observed, OrgRef},
};
use sqlx::AssertSqlSafe;
use uuid::Uuid;

/// What a list of indicators is narrowed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct IndicatorFilter {
    pub org: Option<OrgId>,
    pub kind: Option<IndicatorType>,
    pub tlp: Option<Tlp>,
    pub severity: Option<Severity>,
    /// Only what several organisations reported: two or more whose names the viewer may know, or [some](domain::aggregate::LEAST) that he may not.
    pub shared: bool,
    /// Begin of the current week. Organisations without a name count with what they reported before it.
    pub week: Timestamp,
    /// Begin of the current day. What the viewer's organisation reported beyond its comparisons of a day is compared with unnamed ones on a later one.
    pub day: Timestamp,
    pub words: String,
    pub cursor: String,
}

/// A facet of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndicatorFacet {
    Kind,
    Tlp,
    Org,
}

#[derive(sqlx::FromRow)]
struct IndicatorSql {
    id: Uuid,
    slug: String,
    name: String,
    kind: String,
    value: String,
    hashed: bool,
    tlp: i64,
    severity: Option<i64>,
    first_seen: i64,
    last_seen: i64,
    active: bool,
    reporters: i64,
    unnamed: bool,
    compared_from: Option<i64>,
}

impl From<IndicatorSql> for IndicatorRow {
    fn from(r: IndicatorSql) -> Self {
        Self {
            id: r.id.to_string(),
            org: OrgRef { slug: r.slug, name: r.name },
            kind: r.kind,
            observed: if r.hashed { Observed::Hash(r.value) } else { Observed::Value(r.value) },
            tlp: Tlp::from_code(r.tlp),
            severity: r.severity.map(Severity::from_code),
            first_seen: Timestamp(r.first_seen),
            last_seen: Timestamp(r.last_seen),
            active: r.active,
            reporters: r.reporters as u32,
            unnamed: r.unnamed,
            compared_from: r.compared_from.map(Timestamp),
        }
    }
}

/// `$2` is the begin of the week, `$3` that of the day.
const COLUMNS: &str = concat!(
    "t.id, o.slug, o.name, t.kind, t.value, t.hashed, t.tlp, t.severity, t.first_seen, t.last_seen, t.active, ",
    named!(),
    " AS reporters, ",
    unnamed!(),
    " AS unnamed, (SELECT max(m.compared_from) FROM indicator_digests m WHERE m.id = t.id AND m.org_id = $1 AND m.compared_from > $3) AS compared_from"
);

/// One indicator with what its page needs beside the row.
#[derive(Clone, Debug)]
pub struct IndicatorDetail {
    pub row: IndicatorRow,
    pub owner: OrgId,
    pub received_at: Timestamp,
    pub confidence: Option<u32>,
    pub valid_until: Option<Timestamp>,
    /// When the snapshot was taken that left it out; `None` where it was not.
    pub left_out_at: Option<Timestamp>,
    pub recipients: Vec<OrgRef>,
    pub raw: String,
    pub reports: Vec<IndicatorReport>,
}

impl Reads<'_> {
    /// `reach` is the text of [`reach!`] or of `counted!`.
    pub(super) fn indicator_where(&self, f: &IndicatorFilter, without: Option<IndicatorFacet>, reach: &str) -> Where {
        let mut w = Where::reach(reach, self.viewer);
        w.also(Arg::Int(f.week.0));
        w.also(Arg::Int(f.day.0));
        w.and("t.active", []);
        if let Some(org) = f.org.filter(|_| without != Some(IndicatorFacet::Org)) {
            w.and("t.org_id = ?", [Arg::Int(org.0)]);
        }
        if let Some(kind) = f.kind.filter(|_| without != Some(IndicatorFacet::Kind)) {
            w.and("t.kind = ?", [Arg::Text(kind.name().to_owned())]);
        }
        if let Some(tlp) = f.tlp.filter(|_| without != Some(IndicatorFacet::Tlp)) {
            w.and("t.tlp = ?", [Arg::Int(tlp.code())]);
        }
        if let Some(severity) = f.severity {
            w.and("t.severity = ?", [Arg::Int(severity.code())]);
        }
        if f.shared {
            w.and(concat!("t.id IN (SELECT m.id FROM indicator_digests m WHERE m.digest IN (SELECT s.digest", several!(), "))"), []);
        }
        if !f.words.is_empty() {
            w.and("lower(t.value) LIKE ? ESCAPE '\\'", [containing(&f.words)]);
        }
        w
    }

    /// A page of active indicators, last seen first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicators(&self, f: &IndicatorFilter) -> Result<Page<IndicatorRow>, StoreError> {
        self.indicator_rows(f, PAGE).await
    }

    /// As [`Reads::indicators`], with as many rows as are asked for: what a file is made of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicator_rows(&self, f: &IndicatorFilter, limit: usize) -> Result<Page<IndicatorRow>, StoreError> {
        let mut w = self.indicator_where(f, None, reach!(indicators));
        let total: Option<i64> = if limit > PAGE {
            w.and(reachable!(indicators), []);
            None
        } else {
            let count = format!("SELECT count(*) FROM indicators t {}", w.sql());
            Some(read!(self, c => bind_all!(sqlx::query_scalar(AssertSqlSafe(count)), w.args()).fetch_one(c).await)?)
        };
        if let Some(([at], id)) = read_cursor::<1>(&f.cursor) {
            w.and("(t.last_seen, t.id) < (?, ?)", [Arg::Int(at), Arg::Id(id)]);
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM indicators t JOIN organisations o ON o.id = t.org_id {} ORDER BY t.last_seen DESC, t.id DESC LIMIT {}",
            w.sql(),
            limit + 1
        );
        let mut rows: Vec<IndicatorSql> = read!(self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|r| cursor(&[&r.last_seen, &r.id]));
        Ok(Page { total: total.map_or(rows.len() as u64, |n| n as u64), rows: rows.into_iter().map(Into::into).collect(), next })
    }

    /// The narrowest marking among the indicators that match.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicators_highest_tlp(&self, f: &IndicatorFilter) -> Result<Tlp, StoreError> {
        let w = self.indicator_where(f, None, reach!(indicators));
        let sql = format!("SELECT coalesce(max(t.tlp), 0) FROM indicators t {}", w.sql());
        let code: i64 = read!(self, c => bind_all!(sqlx::query_scalar(AssertSqlSafe(sql)), w.args()).fetch_one(c).await)?;
        Ok(Tlp::from_code(code))
    }

    /// Active indicators of what several organisations reported: the rows that the `shared` filter lists. `week` and `day` as in the filter.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicators_shared(&self, week: Timestamp, day: Timestamp) -> Result<u64, StoreError> {
        const SHARED: &str = concat!(
            "SELECT count(DISTINCT m.id) FROM indicator_digests m WHERE m.active AND ",
            readable!(),
            " AND m.digest IN (SELECT s.digest",
            several!(),
            ")"
        );
        let n: i64 = read!(self, c => sqlx::query_scalar(SHARED).bind(self.viewer.org.0).bind(week.0).bind(day.0).fetch_one(c).await)?;
        Ok(n as u64)
    }

    /// One indicator with all reports of the same thing that are in force; `None` for absent ones and those the viewer may not see alike. `week` and `day` as in the filter.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicator(&self, id: Uuid, week: Timestamp, day: Timestamp) -> Result<Option<IndicatorDetail>, StoreError> {
        const MORE: &str = concat!(
            "SELECT t.org_id, t.received_at, t.confidence, t.valid_until, t.left_out_at, t.raw FROM indicators t WHERE ",
            reach!(indicators),
            " AND t.id = $2"
        );
        const REPORTS: &str = concat!(
            "SELECT DISTINCT t.id, o.slug, o.name, t.hashed, t.tlp, t.first_seen, t.last_seen, c.id FROM indicator_digests m JOIN indicator_digests u ON u.digest = m.digest \
             JOIN indicators t ON t.id = u.id JOIN organisations o ON o.id = t.org_id LEFT JOIN receipts c ON c.no = t.receipt_no AND c.org_id = t.org_id WHERE ",
            reach!(indicators),
            " AND m.id = $2 AND (t.active OR t.id = $2) ORDER BY t.first_seen, o.name, t.hashed"
        );
        let sql = format!("SELECT {COLUMNS} FROM indicators t JOIN organisations o ON o.id = t.org_id WHERE {} AND t.id = $4", reach!(indicators));
        let row: Option<IndicatorSql> =
            read!(self, c => sqlx::query_as(AssertSqlSafe(sql)).bind(self.viewer.org.0).bind(week.0).bind(day.0).bind(id).fetch_optional(c).await)?;
        let Some(row) = row else { return Ok(None) };
        type More = (i64, i64, Option<i64>, Option<i64>, Option<i64>, String);
        let more: Option<More> = read!(self, c => sqlx::query_as(MORE).bind(self.viewer.org.0).bind(id).fetch_optional(c).await)?;
        let Some((owner, received_at, confidence, valid_until, left_out_at, raw)) = more else { return Ok(None) };
        type Report = (Uuid, String, String, bool, i64, i64, i64, Option<Uuid>);
        let reports: Vec<Report> = read!(self, c => sqlx::query_as(REPORTS).bind(self.viewer.org.0).bind(id).fetch_all(c).await)?;
        Ok(Some(IndicatorDetail {
            row: row.into(),
            owner: OrgId(owner),
            received_at: Timestamp(received_at),
            confidence: confidence.map(|c| c as u32),
            valid_until: valid_until.map(Timestamp),
            left_out_at: left_out_at.map(Timestamp),
            recipients: self.recipients(id).await?,
            raw,
            reports: reports
                .into_iter()
                .map(|(id, slug, name, hashed, tlp, first, last, receipt)| IndicatorReport {
                    id: id.to_string(),
                    org: OrgRef { slug, name },
                    hashed,
                    tlp: Tlp::from_code(tlp),
                    first_seen: Timestamp(first),
                    last_seen: Timestamp(last),
                    receipt: receipt.map(|r| r.to_string()).unwrap_or_default(),
                })
                .collect(),
        }))
    }
}
