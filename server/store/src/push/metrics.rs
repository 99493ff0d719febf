//! Samples, with the rollups and current values that every page reads instead of them.

pub(crate) mod at_once;
mod columns;
pub(crate) mod together;

use super::{Mode, Push, Sample, record::Reach};
use crate::{
    StoreError,
    db::{Conn, execute, on_conn, pieces, values_sql},
};
use domain::{OrgId, Timestamp};
use sqlx::AssertSqlSafe;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// One row of `samples`, in key order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SampleRow {
    pub observed_at: Timestamp,
    pub series: i64,
    pub value: f64,
}

/// One row of a rollup.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rollup {
    pub n: i64,
    pub sum: f64,
    pub min: f64,
    pub max: f64,
    pub last: f64,
    pub last_at: i64,
}

impl Rollup {
    pub(crate) fn of(row: &SampleRow) -> Self {
        Self { n: 1, sum: row.value, min: row.value, max: row.value, last: row.value, last_at: row.observed_at.0 }
    }

    pub(crate) fn add(&mut self, row: &SampleRow) {
        self.n += 1;
        self.sum += row.value;
        self.min = self.min.min(row.value);
        self.max = self.max.max(row.value);
        if row.observed_at.0 >= self.last_at {
            (self.last, self.last_at) = (row.value, row.observed_at.0);
        }
    }
}

/// Rollups of a batch of rows, by `(bucket, series)`.
pub(crate) type Rollups = BTreeMap<(i64, i64), Rollup>;

pub(crate) fn roll<'a>(rows: impl Iterator<Item = &'a SampleRow>, bucket: fn(Timestamp) -> i64) -> Rollups {
    let mut rollups = Rollups::new();
    for row in rows {
        rollups.entry((bucket(row.observed_at), row.series)).and_modify(|r| r.add(row)).or_insert_with(|| Rollup::of(row));
    }
    rollups
}

/// The numbers of series, by metric and labels.
pub(crate) type SeriesNumbers = HashMap<(String, String), i64>;

/// The rows of samples, sorted as the tree is; the last of several values for one moment wins. `Err` names the first series that has no
/// number yet.
pub(crate) fn rows(samples: &[Sample], numbers: &SeriesNumbers) -> Result<Vec<SampleRow>, (String, String)> {
    let mut rows: BTreeMap<(Timestamp, i64), f64> = BTreeMap::new();
    let mut key = (String::new(), String::new());
    for sample in samples {
        key.0.clone_from(&sample.metric);
        key.1.clone_from(&sample.labels);
        let Some(id) = numbers.get(&key) else { return Err(key) };
        rows.insert((sample.observed_at, *id), sample.value);
    }
    Ok(rows.into_iter().map(|((observed_at, series), value)| SampleRow { observed_at, series, value }).collect())
}

pub(crate) async fn apply(
    conn: &mut Conn,
    push: &Push,
    receipt: i64,
    rows: &[SampleRow],
    reach: &mut Reach,
    left_out: &mut Vec<String>,
) -> Result<(), StoreError> {
    reach.everyone();
    let late = heard_since(conn, push).await?;
    let (fresh, corrected) = insert(conn, push.org, receipt, rows, &late).await?;
    add_rollups(conn, push.org, HOURS, &roll(fresh.iter(), Timestamp::hour)).await?;
    add_rollups(conn, push.org, DAYS, &roll(fresh.iter(), Timestamp::day)).await?;
    recompute(conn, push.org, &corrected).await?;
    let said: Vec<SampleRow> = rows.iter().filter(|row| !late.contains(&row.series) || fresh.contains(row)).copied().collect();
    set_current(conn, push.org, (receipt, push.moment()), &said).await?;
    if push.mode == Mode::Snapshot {
        // Only what the snapshot could know of: a late one does not touch what came after it was taken.
        const EXPIRE: &str = "UPDATE current_values SET expired = TRUE, heard_at = $2 WHERE org_id = $1 AND NOT expired AND heard_at <= $2 \
            AND series_id NOT IN (SELECT value FROM json_each($3)) RETURNING \
            (SELECT s.metric FROM series s WHERE s.id = current_values.series_id), (SELECT s.labels FROM series s WHERE s.id = current_values.series_id)";
        let named: BTreeSet<i64> = rows.iter().map(|r| r.series).collect();
        let named = serde_json::to_string(&named).map_err(|e| StoreError::Internal(e.to_string()))?;
        let expired: Vec<(String, String)> =
            on_conn!(conn, c => sqlx::query_as(EXPIRE).bind(push.org.0).bind(push.moment().0).bind(named).fetch_all(&mut *c).await)?;
        left_out.extend(expired.into_iter().map(|(metric, labels)| if labels.is_empty() { metric } else { format!("{metric} ({labels})") }));
    }
    Ok(())
}

/// Series of one organisation at most. Its current values are read at once after each of its pushes.
pub const MAX_SERIES: usize = 5_000;

/// The numbers of all series of an organisation, after those of `keys` that are new were made; `None` where they would be too many.
pub(crate) async fn number_series<'k>(
    conn: &mut Conn,
    org: OrgId,
    keys: impl Iterator<Item = (&'k str, &'k str)>,
) -> Result<Option<SeriesNumbers>, StoreError> {
    const PREFIX: &str = "INSERT INTO series (org_id, metric, labels) VALUES";
    const ALL: &str = "SELECT metric, labels, id FROM series WHERE org_id = $1";
    let keys: Vec<_> = keys.collect::<BTreeSet<_>>().into_iter().collect();
    for piece in pieces(&keys) {
        let sql = conn.placeholders(values_sql(PREFIX, 3, piece.len(), "ON CONFLICT DO NOTHING"));
        execute!(conn, c => {
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for (metric, labels) in piece {
                query = query.bind(org.0).bind((*metric).to_owned()).bind((*labels).to_owned());
            }
            query.execute(&mut *c).await
        })?;
    }
    let all: Vec<(String, String, i64)> = on_conn!(conn, c => sqlx::query_as(ALL).bind(org.0).fetch_all(&mut *c).await)?;
    Ok((all.len() <= MAX_SERIES).then(|| all.into_iter().map(|(metric, labels, id)| ((metric, labels), id)).collect()))
}

/// The series of which later pushes than a snapshot have spoken: what it says of a moment that they spoke of is older.
async fn heard_since(conn: &mut Conn, push: &Push) -> Result<BTreeSet<i64>, StoreError> {
    const SINCE: &str = "SELECT series_id FROM current_values WHERE org_id = $1 AND heard_at > $2";
    if push.mode != Mode::Snapshot {
        return Ok(BTreeSet::new());
    }
    let late: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(SINCE).bind(push.org.0).bind(push.moment().0).fetch_all(&mut *c).await)?;
    Ok(late.into_iter().collect())
}

/// Inserts samples; returns those that are new, and those that replaced another value of the same moment, which a snapshot does not where later pushes
/// spoke of the series.
async fn insert(conn: &mut Conn, org: OrgId, receipt: i64, rows: &[SampleRow], late: &BTreeSet<i64>) -> Result<(Vec<SampleRow>, Vec<SampleRow>), StoreError> {
    let (mut fresh, mut corrected) = (Vec::with_capacity(rows.len()), vec![]);
    for piece in pieces(rows) {
        let inserted = insert_new(conn, org, receipt, piece).await?;
        if inserted == piece.len() as u64 {
            fresh.extend_from_slice(piece);
            continue;
        }
        // Some were there already: a repeated push, or a correction. Rare, so one by one.
        for row in piece {
            const FIND: &str = "SELECT value, receipt_no FROM samples WHERE hour = $1 AND org_id = $2 AND observed_at = $3 AND series_id = $4";
            const CORRECT: &str = "UPDATE samples SET value = $5, receipt_no = $6 WHERE hour = $1 AND org_id = $2 AND observed_at = $3 AND series_id = $4";
            let hour = row.observed_at.hour();
            let (value, by): (f64, i64) =
                on_conn!(conn, c => sqlx::query_as(FIND).bind(hour).bind(org.0).bind(row.observed_at.0).bind(row.series).fetch_one(&mut *c).await)?;
            if by == receipt {
                fresh.push(*row);
            } else if value != row.value && !late.contains(&row.series) {
                execute!(conn, c => {
                    sqlx::query(CORRECT).bind(hour).bind(org.0).bind(row.observed_at.0).bind(row.series).bind(row.value).bind(receipt).execute(&mut *c).await
                })?;
                corrected.push(*row);
            }
        }
    }
    Ok((fresh, corrected))
}

/// Inserts samples that are not there; returns how many.
pub(crate) async fn insert_new(conn: &mut Conn, org: OrgId, receipt: i64, piece: &[SampleRow]) -> Result<u64, StoreError> {
    const PREFIX: &str = "INSERT INTO samples (hour, org_id, observed_at, series_id, value, receipt_no) VALUES";
    match conn {
        Conn::Sqlite(c) => {
            let sql = values_sql(PREFIX, 6, piece.len(), "ON CONFLICT DO NOTHING");
            let mut query = sqlx::query(AssertSqlSafe(sql));
            for row in piece {
                query = query.bind(row.observed_at.hour()).bind(org.0).bind(row.observed_at.0).bind(row.series).bind(row.value).bind(receipt);
            }
            Ok(query.execute(c).await?.rows_affected())
        }
        Conn::Postgres(lane) => Ok(columns::insert(lane, org, receipt, piece).await?),
    }
}

/// A rollup table: how new rows join what is there, and how a bucket is replaced.
#[derive(Clone, Copy)]
pub(crate) struct Table {
    head: &'static str,
}

pub(crate) const HOURS: Table = Table { head: "INSERT INTO rollup_hours AS t (bucket, org_id, series_id, n, sum, min, max, last, last_at)" };
pub(crate) const DAYS: Table = Table { head: "INSERT INTO rollup_days AS t (bucket, org_id, series_id, n, sum, min, max, last, last_at)" };

const JOIN: &str = "ON CONFLICT (bucket, org_id, series_id) DO UPDATE SET n = t.n + excluded.n, sum = t.sum + excluded.sum, \
    min = CASE WHEN excluded.min < t.min THEN excluded.min ELSE t.min END, max = CASE WHEN excluded.max > t.max THEN excluded.max ELSE t.max END, \
    last = CASE WHEN excluded.last_at >= t.last_at THEN excluded.last ELSE t.last END, \
    last_at = CASE WHEN excluded.last_at >= t.last_at THEN excluded.last_at ELSE t.last_at END";
const REPLACE: &str = "ON CONFLICT (bucket, org_id, series_id) DO UPDATE SET n = excluded.n, sum = excluded.sum, min = excluded.min, \
    max = excluded.max, last = excluded.last, last_at = excluded.last_at";

pub(crate) async fn add_rollups(conn: &mut Conn, org: OrgId, table: Table, rollups: &Rollups) -> Result<(), StoreError> {
    write_rollups(conn, org, table, rollups, JOIN).await
}

async fn write_rollups(conn: &mut Conn, org: OrgId, table: Table, rollups: &Rollups, suffix: &str) -> Result<(), StoreError> {
    let rows: Vec<_> = rollups.iter().collect();
    for piece in pieces(&rows) {
        match conn {
            Conn::Sqlite(c) => {
                let sql = values_sql(&format!("{} VALUES", table.head), 9, piece.len(), suffix);
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for ((bucket, series), r) in piece {
                    query = query.bind(*bucket).bind(org.0).bind(*series).bind(r.n).bind(r.sum).bind(r.min).bind(r.max).bind(r.last).bind(r.last_at);
                }
                query.execute(&mut *c).await?;
            }
            Conn::Postgres(lane) => columns::rollups(lane, org, table, piece, suffix).await?,
        }
    }
    Ok(())
}

/// Makes the buckets around corrected samples again, each once: hours from their samples, days from their hours.
async fn recompute(conn: &mut Conn, org: OrgId, corrected: &[SampleRow]) -> Result<(), StoreError> {
    const RAW: &str = "SELECT observed_at, value FROM samples WHERE hour = $1 AND org_id = $2 AND series_id = $3 ORDER BY observed_at";
    const HOURLY: &str =
        "SELECT n, sum, min, max, last, last_at FROM rollup_hours WHERE bucket >= $1 AND bucket < $2 AND org_id = $3 AND series_id = $4 ORDER BY bucket";
    let hours: BTreeSet<(i64, i64)> = corrected.iter().map(|r| (r.observed_at.hour(), r.series)).collect();
    for (hour, series) in &hours {
        let raw: Vec<(i64, f64)> = on_conn!(conn, c => sqlx::query_as(RAW).bind(*hour).bind(org.0).bind(*series).fetch_all(&mut *c).await)?;
        let rows: Vec<_> = raw.into_iter().map(|(at, value)| SampleRow { observed_at: Timestamp(at), series: *series, value }).collect();
        write_rollups(conn, org, HOURS, &roll(rows.iter(), Timestamp::hour), REPLACE).await?;
    }
    let days: BTreeSet<(i64, i64)> = hours.iter().map(|(hour, series)| (hour.div_euclid(24), *series)).collect();
    for (day, series) in days {
        type Hour = (i64, f64, f64, f64, f64, i64);
        let hours: Vec<Hour> =
            on_conn!(conn, c => sqlx::query_as(HOURLY).bind(day * 24).bind(day * 24 + 24).bind(org.0).bind(series).fetch_all(&mut *c).await)?;
        let whole = hours.into_iter().fold(None::<Rollup>, |sum, (n, s, min, max, last, last_at)| {
            Some(sum.map_or(Rollup { n, sum: s, min, max, last, last_at }, |r| Rollup {
                n: r.n + n,
                sum: r.sum + s,
                min: r.min.min(min),
                max: r.max.max(max),
                last,
                last_at,
            }))
        });
        if let Some(whole) = whole {
            write_rollups(conn, org, DAYS, &Rollups::from([((day, series), whole)]), REPLACE).await?;
        }
    }
    Ok(())
}

/// A series that is named counts again, whatever snapshot left it out.
const MOVE_ON: &str = "ON CONFLICT (org_id, series_id) DO UPDATE SET value = CASE WHEN excluded.observed_at >= t.observed_at THEN excluded.value ELSE t.value END, \
    receipt_no = CASE WHEN excluded.observed_at >= t.observed_at THEN excluded.receipt_no ELSE t.receipt_no END, \
    observed_at = CASE WHEN excluded.observed_at >= t.observed_at THEN excluded.observed_at ELSE t.observed_at END, \
    heard_at = CASE WHEN excluded.heard_at >= t.heard_at THEN excluded.heard_at ELSE t.heard_at END, expired = FALSE";

/// Moves the current values on; an older value never overwrites a newer one. Takes the number of the receipt, and the moment it speaks of.
pub(crate) async fn set_current(conn: &mut Conn, org: OrgId, (receipt, heard_at): (i64, Timestamp), rows: &[SampleRow]) -> Result<(), StoreError> {
    const PREFIX: &str = "INSERT INTO current_values AS t (org_id, series_id, value, observed_at, receipt_no, heard_at) VALUES";
    let newest: BTreeMap<i64, &SampleRow> = rows.iter().map(|r| (r.series, r)).collect();
    let newest: Vec<_> = newest.into_values().collect();
    for piece in pieces(&newest) {
        match conn {
            Conn::Sqlite(c) => {
                let sql = values_sql(PREFIX, 6, piece.len(), MOVE_ON);
                let mut query = sqlx::query(AssertSqlSafe(sql));
                for row in piece {
                    query = query.bind(org.0).bind(row.series).bind(row.value).bind(row.observed_at.0).bind(receipt).bind(heard_at.0);
                }
                query.execute(&mut *c).await?;
            }
            Conn::Postgres(lane) => columns::current(lane, org, (receipt, heard_at), piece, MOVE_ON).await?,
        }
    }
    Ok(())
}
