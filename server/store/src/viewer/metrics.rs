//! One organisation's metrics: raw values and rollups. Posture carries no marking; the viewer's level decides, and below `detail`
//! everything here answers with nothing.

use super::Reads;
use crate::{
    CurrentValues, StoreError,
    db::read,
    samples::{
        body::{Received, unpack_chunk},
        current::{NameSql, OF_ONE, PartSql, assemble, part_of},
        past::{Bodies, DAYS, HOURS, Lasts, UNFOLDED, fresh_points, settle},
    },
};
use domain::{HOUR, OrgId, Timestamp, query::Window, scoring::series::SoFar, sharing::ALWAYS, view::SampleRow};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

/// One point of a series: the last value of its bucket.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeriesPoint {
    pub at: Timestamp,
    pub value: f64,
}

/// Series of one metric whose single values are shown, the first by their labels.
pub const SERIES: usize = 100;

/// Rows of samples that are read at once.
const ROWS_AT_ONCE: i64 = 32;

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
        const SINCE: &str = "SELECT detail_since FROM withheld WHERE viewer_id = $1 AND owner_id = $2 AND class = 'posture'";
        let row: Option<Option<i64>> = read!(self, c => sqlx::query_scalar(SINCE).bind(self.viewer.org.0).bind(org.0).fetch_optional(c).await)?;
        Ok(row.map_or(Some(ALWAYS), |since| since.map(Timestamp)))
    }

    /// The current values of an organisation, as far as their rows are shown to the viewer.
    async fn current_values(&self, org: OrgId) -> Result<Option<CurrentValues>, StoreError> {
        let [_, parts, names] = OF_ONE;
        let parts: Vec<PartSql> = read!(self, c => sqlx::query_as(parts).bind(org.0).fetch_all(c).await)?;
        let names: Vec<NameSql> = read!(self, c => sqlx::query_as(names).bind(org.0).fetch_all(c).await)?;
        // The state of its pushes is its own affair, and not needed.
        assemble(vec![(org.0, 0, None, "{}".into())], parts, names).pop().transpose()
    }

    /// Number, labels and newest moment of the series of which the viewer is shown values, by their labels.
    fn series_of(values: &CurrentValues, metric: &str, since: Timestamp) -> Vec<(u32, String, Timestamp)> {
        let shown = |(series, labels): (u32, &str)| {
            let newest = values.of_series(series).map(|one| one.point.at).filter(|at| *at >= since)?;
            Some((series, labels.to_owned(), newest))
        };
        values.names.of_metric(metric).into_iter().filter_map(shown).collect()
    }

    /// The metric's value at the end of each hour (up to 14 days) or day of a window in which it was reported, out of its
    /// [series](domain::scoring::series), as it counts in the score.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn metric_series(&self, org: OrgId, metric: &str, window: Window) -> Result<Vec<SeriesPoint>, StoreError> {
        let Some(since) = self.values_since(org).await? else { return Ok(vec![]) };
        let fresh: Bodies = read!(self, c => sqlx::query_as(UNFOLDED).bind(org.0).fetch_all(c).await)?;
        let Some(values) = self.current_values(org).await? else { return Ok(vec![]) };
        let labels: BTreeMap<u32, &str> = values.names.of_metric(metric).into_iter().collect();
        let wanted = |series: u32| labels.contains_key(&series);
        let hourly = window.days() <= 14;
        let bucket = if hourly { Timestamp::hour } else { Timestamp::day };
        let (sql, from, to) = (if hourly { HOURS } else { DAYS }, bucket(window.from), bucket(window.to));
        let mut lasts = Lasts::default();
        for part in labels.keys().map(|series| part_of(*series)).collect::<BTreeSet<_>>() {
            let folded: Bodies = read!(self, c => sqlx::query_as(sql).bind(org.0).bind(part as i64).bind(from).bind(to + 1).fetch_all(c).await)?;
            lasts.take_folded(&folded, wanted)?;
        }
        for one in fresh_points(&fresh, wanted)? {
            let of = bucket(one.point.at);
            if (from..=to).contains(&of) {
                lasts.take(of, one.point);
            }
        }
        lasts.0.retain(|_, point| point.at >= since);
        let rows: Vec<(i64, &str, f64, i64)> = lasts.0.iter().map(|((bucket, series), point)| (*bucket, labels[series], point.value, point.at.0)).collect();
        // Whether parts are all there is does not depend on where the window begins.
        let whole = labels.iter().find(|(_, labels)| labels.is_empty()).and_then(|(series, _)| values.of_series(*series));
        let whole = whole.filter(|one| !one.expired && one.point.at < window.from && one.point.at >= since).map(|one| (one.point.value, one.point.at.0));
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
        const ROWS: usize = 30;
        let Some(since) = self.values_since(org).await? else { return Ok(Samples { rows: vec![], next: None, series: 0 }) };
        let before = cursor.parse::<i64>().map_or(Timestamp(i64::MAX), Timestamp);
        let fresh: Bodies = read!(self, c => sqlx::query_as(UNFOLDED).bind(org.0).fetch_all(c).await)?;
        let all_series = self.current_values(org).await?.map(|values| Self::series_of(&values, metric, since)).unwrap_or_default();
        let number = all_series.len() as u64;
        let labels: BTreeMap<u32, String> = all_series.into_iter().take(SERIES).map(|(series, labels, _)| (series, labels)).collect();
        let shown = |one: &Received| one.point.at < before && one.point.at >= since;
        let mut points = fresh_points(&fresh, |series| labels.contains_key(&series))?;
        points.retain(shown);
        for part in labels.keys().map(|series| part_of(*series)).collect::<BTreeSet<_>>() {
            let series: BTreeSet<u32> = labels.keys().copied().filter(|series| part_of(*series) == part).collect();
            points.extend(self.folded_points(org, part, &series, before, since, ROWS).await?);
        }
        settle(&mut points);
        points.sort_by(|a, b| b.point.at.cmp(&a.point.at).then_with(|| labels[&a.point.series].cmp(&labels[&b.point.series])));
        let last = points.get(ROWS - 1).map_or(Timestamp(i64::MIN), |one| one.point.at);
        let all = points.len();
        points.retain(|one| one.point.at >= last);
        let next = points.last().filter(|_| points.len() < all).map(|one| one.point.at.0.to_string());
        let receipts = self.receipts_of(org, points.iter().map(|one| one.receipt)).await?;
        let row = |one: &Received| {
            let receipt = receipts.get(&one.receipt);
            SampleRow {
                observed_at: one.point.at,
                received_at: receipt.map_or(one.point.at, |(_, at, _)| *at),
                value: one.point.value,
                labels: labels[&one.point.series].clone(),
                receipt: receipt.map(|(id, ..)| id.to_string()).unwrap_or_default(),
                key: receipt.map(|(.., key)| key.clone()).unwrap_or_default(),
            }
        };
        Ok(Samples { rows: points.iter().map(row).collect(), next, series: number })
    }

    /// The newest of the folded points of some series of a part, before a moment: at least so many moments and one more, where there are as many, and all there are from the
    /// oldest of these on.
    async fn folded_points(
        &self,
        org: OrgId,
        part: usize,
        series: &BTreeSet<u32>,
        before: Timestamp,
        since: Timestamp,
        moments: usize,
    ) -> Result<Vec<Received>, StoreError> {
        // A row is of one hour, so what is before a moment is in rows whose newest is no more than an hour after it.
        const NEWEST: &str = "SELECT newest_at, receipt_no, body FROM samples WHERE org_id = $1 AND part = $2 AND newest_at >= $3 \
                              AND (newest_at, receipt_no) < ($4, $5) ORDER BY newest_at DESC, receipt_no DESC LIMIT $6";
        let (mut points, mut seen): (Vec<Received>, BTreeSet<Timestamp>) = (vec![], BTreeSet::new());
        let mut place = (before.0.saturating_add(HOUR), 0);
        loop {
            type Row = (i64, i64, Vec<u8>);
            let rows: Vec<Row> = read!(self, c => sqlx::query_as(NEWEST).bind(org.0).bind(part as i64).bind(since.0).bind(place.0).bind(place.1).bind(ROWS_AT_ONCE).fetch_all(c).await)?;
            for (newest, receipt, body) in &rows {
                while seen.len() > moments + 1 {
                    seen.pop_first();
                }
                let oldest = seen.first().filter(|_| seen.len() > moments).copied().unwrap_or(since).max(since);
                if *newest < oldest.0 {
                    return Ok(points);
                }
                points.retain(|one| one.point.at >= oldest);
                let known = points.len();
                unpack_chunk(body, |number| series.contains(&number), &mut points)?;
                let mut new = points.split_off(known);
                new.retain(|one| one.point.at < before && one.point.at >= oldest);
                seen.extend(new.iter().map(|one| one.point.at));
                points.extend(new);
                place = (*newest, *receipt);
            }
            if (rows.len() as i64) < ROWS_AT_ONCE {
                return Ok(points);
            }
        }
    }

    /// Id, arrival and key of an organisation's receipts, by their numbers.
    async fn receipts_of(&self, org: OrgId, numbers: impl Iterator<Item = i64>) -> Result<HashMap<i64, (Uuid, Timestamp, String)>, StoreError> {
        const RECEIPTS: &str = "SELECT c.no, c.id, c.received_at, c.key_name FROM receipts c WHERE c.org_id = $1 AND c.no IN (SELECT value FROM json_each($2))";
        let numbers = serde_json::to_string(&numbers.collect::<BTreeSet<_>>()).map_err(|e| StoreError::Internal(e.to_string()))?;
        let rows: Vec<(i64, Uuid, i64, String)> = read!(self, c => sqlx::query_as(RECEIPTS).bind(org.0).bind(numbers).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(no, id, at, key)| (no, (id, Timestamp(at), key))).collect())
    }
}
