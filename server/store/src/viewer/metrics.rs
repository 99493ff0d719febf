//! One organisation's metrics: raw values and rollups. Posture carries no marking; the viewer's level decides, and below `detail`
//! everything here answers with nothing.

use super::Reads;
use crate::{StoreError, db::read};
use domain::{OrgId, Timestamp, query::Window, scoring::series::SoFar, sharing::ALWAYS, view::SampleRow};
use uuid::Uuid;

/// One point of a series: the last value of its bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesPoint {
    pub at: Timestamp,
    pub value: f64,
}

/// Series of one metric whose single values are shown, the first by their labels.
pub const SERIES: usize = 100;

/// A page of raw values.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    pub rows: Vec<SampleRow>,
    /// Opaque; `None` on the last page.
    pub next: Option<String>,
    /// Series of which the viewer is shown values; the rows are of the first [`SERIES`] of them.
    pub series: u64,
}

impl Reads<'_> {
    /// Since when single values of an organisation are shown to the viewer; `None` where none is.
    async fn values_since(&self, org: OrgId) -> Result<Option<Timestamp>, StoreError> {
        const SINCE: &str = "SELECT detail_since FROM withheld WHERE viewer_id = $1 AND owner_id = $2 AND class = 0";
        let row: Option<Option<i64>> = read!(self, c => sqlx::query_scalar(SINCE).bind(self.viewer.org.0).bind(org.0).fetch_optional(c).await)?;
        Ok(row.map_or(Some(ALWAYS), |since| since.map(Timestamp)))
    }

    /// Number, labels and newest moment of the series of which the viewer is shown values, by their labels.
    async fn series_of(&self, org: OrgId, metric: &str, since: Timestamp) -> Result<Vec<(i64, String, i64)>, StoreError> {
        const FIND: &str = "SELECT s.id, s.labels, v.observed_at FROM series s JOIN current_values v ON v.org_id = s.org_id AND v.series_id = s.id \
                              WHERE s.org_id = $1 AND s.metric = $2 AND v.observed_at >= $3";
        let mut all: Vec<(i64, String, i64)> = read!(self, c => sqlx::query_as(FIND).bind(org.0).bind(metric).bind(since.0).fetch_all(c).await)?;
        // Here, because databases sort texts each in their own way.
        all.sort_by(|a, b| a.1.cmp(&b.1));
        Ok(all)
    }

    /// The metric's value at the end of each hour (up to 14 days) or day of a window in which it was reported, out of its
    /// [series](domain::scoring::series), as it counts in the score.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn metric_series(&self, org: OrgId, metric: &str, window: Window) -> Result<Vec<SeriesPoint>, StoreError> {
        const HOURS: &str = "WITH RECURSIVE b (bucket) AS (SELECT $3 UNION ALL SELECT bucket + 1 FROM b WHERE bucket < $4) \
                             SELECT r.bucket, s.labels, r.last, r.last_at FROM b JOIN rollup_hours r ON r.bucket = b.bucket AND r.org_id = $1 JOIN series s ON s.id = r.series_id AND s.metric = $2 WHERE r.last_at >= $5 ORDER BY r.bucket";
        const DAYS: &str = "WITH RECURSIVE b (bucket) AS (SELECT $3 UNION ALL SELECT bucket + 1 FROM b WHERE bucket < $4) \
                            SELECT r.bucket, s.labels, r.last, r.last_at FROM b JOIN rollup_days r ON r.bucket = b.bucket AND r.org_id = $1 JOIN series s ON s.id = r.series_id AND s.metric = $2 WHERE r.last_at >= $5 ORDER BY r.bucket";
        // Whether parts are all there is does not depend on where the window begins.
        const WHOLE: &str = "SELECT v.value, v.observed_at FROM series s JOIN current_values v ON v.org_id = s.org_id AND v.series_id = s.id \
                             WHERE s.org_id = $1 AND s.metric = $2 AND s.labels = '' AND NOT v.expired AND v.observed_at < $3 AND v.observed_at >= $4";
        let Some(since) = self.values_since(org).await? else { return Ok(vec![]) };
        let (sql, from, to) = if window.days() <= 14 { (HOURS, window.from.hour(), window.to.hour()) } else { (DAYS, window.from.day(), window.to.day()) };
        let rows: Vec<(i64, String, f64, i64)> =
            read!(self, c => sqlx::query_as(sql).bind(org.0).bind(metric).bind(from).bind(to).bind(since.0).fetch_all(c).await)?;
        let whole: Option<(f64, i64)> =
            read!(self, c => sqlx::query_as(WHOLE).bind(org.0).bind(metric).bind(window.from.0).bind(since.0).fetch_optional(c).await)?;
        let mut so_far = SoFar::default();
        if let Some((value, at)) = whole {
            so_far.take(0, "", value, Timestamp(at));
        }
        let mut points: Vec<SeriesPoint> = vec![];
        for bucket in rows.chunk_by(|a, b| a.0 == b.0) {
            for (_, labels, value, at) in bucket {
                so_far.take(0, labels, *value, Timestamp(*at));
            }
            // A bucket that brought nothing which counts has no point.
            let point = so_far.reading(0).filter(|reading| bucket.iter().any(|(.., at)| *at == reading.at.0));
            points.extend(point.map(|reading| SeriesPoint { at: reading.at, value: reading.value }));
        }
        Ok(points)
    }

    /// Raw values of a metric, newest first, of its first [`SERIES`] series; `cursor` is the moment of the last one shown. All values of one moment
    /// stand on the same page, so that none is on neither.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn samples(&self, org: OrgId, metric: &str, cursor: &str) -> Result<Samples, StoreError> {
        // The rollup says in which hours there is anything, so only those parts of the tree are opened.
        const HOURS: &str = "WITH RECURSIVE b (bucket) AS (SELECT $3 UNION ALL SELECT bucket - 1 FROM b WHERE bucket > $4) \
                             SELECT r.bucket FROM b JOIN rollup_hours r ON r.bucket = b.bucket AND r.org_id = $1 AND r.series_id = $2 ORDER BY r.bucket DESC LIMIT $5";
        const RAW: &str = "SELECT m.observed_at, c.received_at, m.value, c.id, c.key_name FROM samples m LEFT JOIN receipts c ON c.no = m.receipt_no AND c.org_id = m.org_id \
                           WHERE m.hour = $1 AND m.org_id = $2 AND m.series_id = $3 AND m.observed_at < $4 AND m.observed_at >= $5 ORDER BY m.observed_at DESC";
        const ROWS: usize = 30;
        let Some(since) = self.values_since(org).await? else { return Ok(Samples { rows: vec![], next: None, series: 0 }) };
        let mut rows: Vec<SampleRow> = vec![];
        let all_series = self.series_of(org, metric, since).await?;
        let number = all_series.len() as u64;
        for (series, labels, last) in all_series.into_iter().take(SERIES) {
            let before = cursor.parse::<i64>().unwrap_or(i64::MAX);
            let newest = Timestamp(last.min(before)).hour();
            let oldest = newest - 24 * 100;
            let hours: Vec<i64> =
                read!(self, c => sqlx::query_scalar(HOURS).bind(org.0).bind(series).bind(newest).bind(oldest).bind(ROWS as i64 + 1).fetch_all(c).await)?;
            let mut found = 0;
            for hour in hours {
                type Raw = (i64, Option<i64>, f64, Option<Uuid>, Option<String>);
                let raw: Vec<Raw> = read!(self, c => sqlx::query_as(RAW).bind(hour).bind(org.0).bind(series).bind(before).bind(since.0).fetch_all(c).await)?;
                found += raw.len();
                rows.extend(raw.into_iter().map(|(at, received, value, receipt, key)| SampleRow {
                    observed_at: Timestamp(at),
                    received_at: Timestamp(received.unwrap_or(at)),
                    value,
                    labels: labels.clone(),
                    receipt: receipt.map(|r| r.to_string()).unwrap_or_default(),
                    key: key.unwrap_or_default(),
                }));
                if found > ROWS {
                    break;
                }
            }
        }
        rows.sort_by(|a, b| b.observed_at.cmp(&a.observed_at).then_with(|| a.labels.cmp(&b.labels)));
        let last = rows.get(ROWS - 1).map_or(Timestamp(i64::MIN), |r| r.observed_at);
        let all = rows.len();
        rows.retain(|r| r.observed_at >= last);
        let more = rows.len() < all;
        let next = rows.last().filter(|_| more).map(|r| r.observed_at.0.to_string());
        Ok(Samples { rows, next, series: number })
    }
}
