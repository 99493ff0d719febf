//! Indicators, and who else reported the same value.

use super::{
    Arg, Ids, PAGE, Page, Reads, Search, Where, bind_all, cursor,
    ids::{TIMEOUT, in_order},
    overlaps::{named, readable, several, unnamed},
    reach, read_cursor,
    visible::{self, Visible},
};
use crate::{
    StoreError,
    db::{read, read_from},
};
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
    pub words: Search,
    pub cursor: String,
}

/// A facet of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndicatorFacet {
    Kind,
    Tlp,
    Severity,
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

const LISTED: Visible = visible::INDICATORS;

/// The condition on the rows `x` that several reported the same, where the filter asks for it: once for all of them, for it is a pass over all reports.
pub(super) const fn outside(f: &IndicatorFilter) -> &'static str {
    const SEVERAL: &str =
        concat!(" WHERE (x.org_id, x.id) IN (SELECT m.org_id, m.id FROM indicator_digests m WHERE m.digest IN (SELECT s.digest", several!(), "))");
    if f.shared { SEVERAL } else { "" }
}

/// `$2` is the begin of the week, `$3` that of the day.
const COLUMNS: &str = concat!(
    "t.id, o.slug, o.name, t.kind, t.value, t.hashed, t.tlp, t.severity, t.first_seen, t.last_seen, t.active, ",
    named!(),
    " AS reporters, ",
    unnamed!(),
    " AS unnamed, (SELECT max(m.compared_from) FROM indicator_digests m WHERE m.org_id = t.org_id AND m.id = t.id AND m.org_id = $1 AND m.compared_from > $3) AS compared_from"
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
    /// `reach` is the text of [`reach!`] or of `counted!`. What several reported is no condition on a row: see [`outside`].
    pub(super) fn indicator_where(&self, f: &IndicatorFilter, without: Option<IndicatorFacet>, reach: &str) -> Where {
        let mut w = Where::reach(reach, self.viewer);
        w.also(Arg::Int(f.week.0));
        w.also(Arg::Int(f.day.0));
        w.and("t.active", []);
        if let Some(org) = f.org.filter(|_| without != Some(IndicatorFacet::Org)) {
            w.and("t.org_id = ?", [Arg::Int(org.0)]);
        }
        if let Some(kind) = f.kind.filter(|_| without != Some(IndicatorFacet::Kind)) {
            w.and("t.kind || '' = ?", [Arg::Text(kind.name().to_owned())]);
        }
        if let Some(tlp) = f.tlp.filter(|_| without != Some(IndicatorFacet::Tlp)) {
            w.and("t.tlp = ?", [Arg::Int(tlp.code())]);
        }
        if let Some(severity) = f.severity.filter(|_| without != Some(IndicatorFacet::Severity)) {
            w.and("t.severity = ?", [Arg::Int(severity.code())]);
        }
        f.words.narrow(&mut w);
        w
    }

    /// A page of active indicators, last seen first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicators(&self, f: &IndicatorFilter) -> Result<Page<IndicatorRow>, StoreError> {
        let mut w = self.indicator_where(f, None, LISTED.condition);
        let count = format!("SELECT count(*) FROM {} {}", LISTED.rows("t.org_id, t.id", &w), outside(f));
        let total: i64 = read!(self, c => bind_all!(sqlx::query_scalar(AssertSqlSafe(count)), w.args()).fetch_one(c).await)?;
        if let Some(([at], id)) = read_cursor::<1>(&f.cursor) {
            w.and("(+t.last_seen, t.id) < (?, ?)", [Arg::Int(at), Arg::Id(id)]);
        }
        let sql = format!(
            "SELECT {COLUMNS} FROM (SELECT x.org_id, x.id FROM {} {} ORDER BY x.last_seen DESC, x.id DESC LIMIT {}) p CROSS JOIN indicators t \
             JOIN organisations o ON o.id = t.org_id {} AND t.org_id = p.org_id AND t.id = p.id ORDER BY t.last_seen DESC, t.id DESC",
            LISTED.rows("t.org_id, t.id, t.last_seen", &w),
            outside(f),
            PAGE + 1,
            w.sql()
        );
        let mut rows: Vec<IndicatorSql> = read!(self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        let more = rows.len() > PAGE;
        rows.truncate(PAGE);
        let next = rows.last().filter(|_| more).map(|r| cursor(&[&r.last_seen, &r.id]));
        Ok(Page { total: total as u64, rows: rows.into_iter().map(Into::into).collect(), next })
    }

    /// All indicators that match, by id, in the list's order; the cursor does not count.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicator_ids(&self, f: &IndicatorFilter) -> Result<Ids, StoreError> {
        self.ids(&LISTED, "-t.last_seen", false, &self.indicator_where(f, None, LISTED.condition), outside(f)).await
    }

    /// The indicators of a piece of [`Reads::indicator_ids`], in its order. `week` and `day` as in the filter.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicators_by(&self, ids: &[Uuid], week: Timestamp, day: Timestamp) -> Result<Vec<IndicatorRow>, StoreError> {
        let mut w = self.indicator_where(&IndicatorFilter { week, day, ..IndicatorFilter::default() }, None, LISTED.condition);
        Self::among(&mut w, ids);
        let sql = format!("SELECT {COLUMNS} FROM indicators t JOIN organisations o ON o.id = t.org_id {}", w.sql());
        let rows: Vec<IndicatorSql> =
            read_from!(self.store.inner.files, TIMEOUT, self, c => bind_all!(sqlx::query_as(AssertSqlSafe(sql)), w.args()).fetch_all(c).await)?;
        Ok(in_order(ids, rows, |row| row.id).into_iter().map(Into::into).collect())
    }

    /// How many different things the indicators that match are: reports of the same value, or of a value and its hash, are one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicator_values(&self, f: &IndicatorFilter) -> Result<u64, StoreError> {
        let w = self.indicator_where(f, None, LISTED.condition);
        let sql = format!(
            "SELECT count(DISTINCT m.digest) FROM {} JOIN indicator_digests m ON m.org_id = x.org_id AND m.id = x.id \
             AND NOT EXISTS (SELECT 1 FROM indicator_digests e WHERE e.org_id = m.org_id AND e.id = m.id AND e.key_no < m.key_no) {}",
            LISTED.rows("t.org_id, t.id", &w),
            outside(f)
        );
        let n: i64 = read!(self, c => bind_all!(sqlx::query_scalar(AssertSqlSafe(sql)), w.args()).fetch_one(c).await)?;
        Ok(n as u64)
    }

    /// The narrowest marking among the indicators that match.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicators_highest_tlp(&self, f: &IndicatorFilter) -> Result<Tlp, StoreError> {
        let w = self.indicator_where(f, None, LISTED.condition);
        let sql = format!("SELECT coalesce(max(x.tlp), 0) FROM {} {}", LISTED.rows("t.org_id, t.id, t.tlp", &w), outside(f));
        let code: i64 = read!(self, c => bind_all!(sqlx::query_scalar(AssertSqlSafe(sql)), w.args()).fetch_one(c).await)?;
        Ok(Tlp::from_code(code))
    }

    /// What several organisations reported: the active indicators, which are the rows that the `shared` filter lists, and how many different things they are,
    /// as in [`Reads::indicator_values`]. `week` and `day` as in the filter.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn indicators_shared(&self, week: Timestamp, day: Timestamp) -> Result<(u64, u64), StoreError> {
        const SHARED: &str = concat!(
            "SELECT count(DISTINCT m.id), count(DISTINCT CASE WHEN NOT EXISTS (SELECT 1 FROM indicator_digests e WHERE e.org_id = m.org_id AND e.id = m.id AND e.key_no < m.key_no) \
             THEN m.digest END) FROM indicator_digests m WHERE m.active AND ",
            readable!(),
            " AND m.digest IN (SELECT s.digest",
            several!(),
            ")"
        );
        let (reports, things): (i64, i64) = read!(self, c => sqlx::query_as(SHARED).bind(self.viewer.org.0).bind(week.0).bind(day.0).fetch_one(c).await)?;
        Ok((reports as u64, things as u64))
    }

    /// One indicator with all reports of the same thing; `None` for absent ones and those the viewer may not see alike. `week` and `day` as in the filter.
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
             JOIN indicators t ON t.org_id = u.org_id AND t.id = u.id JOIN organisations o ON o.id = t.org_id LEFT JOIN receipts c ON c.no = t.receipt_no AND c.org_id = t.org_id WHERE ",
            reach!(indicators),
            " AND m.id = $2 ORDER BY t.first_seen, o.name, t.hashed"
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
            recipients: self.recipients(OrgId(owner), id).await?,
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
