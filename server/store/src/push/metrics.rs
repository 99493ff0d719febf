//! Metrics: the points of a push, and the current values that it moves on.

use super::{Mode, Push, Sample};
use crate::{
    StoreError,
    db::{Conn, Rows, Scope, fetch_at_once, on_conn},
    samples::{
        body::{Point, pack_push, unpack_chunk},
        current::{CurrentValues, part_of},
        past::{UNFOLDED, fresh_points},
    },
};
use domain::{HOUR, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

/// What a push of metrics writes, beside its receipt.
#[derive(Default)]
pub(super) struct Written {
    /// Its points, packed, with the newest moment among them; `None` where they say nothing new.
    pub pushed: Option<(i64, Vec<u8>)>,
    pub points: usize,
    /// The parts of the current values that are others now.
    pub parts: BTreeSet<usize>,
    /// The series that a snapshot left out, as their organisation calls them.
    pub left_out: Vec<String>,
}

/// Moves current values on by a push, and says what is to be written. Series that are new are numbered and written; `None` where they would be too many.
pub(super) async fn apply(conn: &mut Conn, push: &Push, samples: &[Sample], values: &mut CurrentValues) -> Result<Option<Written>, StoreError> {
    let Some(mut points) = number(conn, push, samples, values).await? else { return Ok(None) };
    let named: BTreeSet<u32> = points.iter().map(|point| point.series).collect();
    let late = if push.mode == Mode::Snapshot { values.heard_since(push.moment()) } else { BTreeSet::new() };
    if !late.is_empty() {
        // What it says of a moment that later pushes spoke of is older.
        let known = moments(conn, push, &points, &late).await?;
        points.retain(|point| !known.contains(&(point.series, point.at)));
    }
    let before = values.clone();
    let mut touched = values.take(&points, push.moment());
    let mut written = Written::default();
    if push.mode == Mode::Snapshot {
        // Only what the snapshot could know of: a late one does not touch what came after it was taken.
        for series in values.leave_out(&named, push.moment()) {
            touched.insert(part_of(series));
            let (metric, labels) = values.names.of(series).unwrap_or_default();
            written.left_out.push(if labels.is_empty() { metric.to_owned() } else { format!("{metric} ({labels})") });
        }
    }
    written.parts = touched;
    // What is current already was kept when it came.
    points.retain(|point| before.of_series(point.series).is_none_or(|one| one.point != *point));
    written.points = points.len();
    if let Some(newest) = points.iter().map(|point| point.at.0).max() {
        written.pushed = Some((newest, pack_push(&mut points)));
    }
    Ok(Some(written))
}

/// The points of samples in the order of time; the last of several values for one moment wins.
async fn number(conn: &mut Conn, push: &Push, samples: &[Sample], values: &mut CurrentValues) -> Result<Option<Vec<Point>>, StoreError> {
    let mut name = String::new();
    let is_new = |sample: &Sample, name: &mut String| values.names.number(&sample.metric, &sample.labels, name).is_none();
    if samples.iter().any(|sample| is_new(sample, &mut name)) {
        let names = Arc::make_mut(&mut values.names);
        // In an order of their own, so that the same series get the same numbers however a push lists them.
        let keys: BTreeSet<(&str, &str)> = samples.iter().map(|sample| (sample.metric.as_str(), sample.labels.as_str())).collect();
        let Some(first) = names.add(keys.into_iter()) else { return Ok(None) };
        if !push.dry_run {
            names.write(conn, push.org, first).await?;
        }
    }
    let mut points: BTreeMap<(Timestamp, u32), f64> = BTreeMap::new();
    for sample in samples {
        let series = values.names.number(&sample.metric, &sample.labels, &mut name);
        let series = series.ok_or_else(|| StoreError::Internal(format!("a series of {} has no number", sample.metric)))?;
        points.insert((sample.observed_at, series), sample.value);
    }
    Ok(Some(points.into_iter().map(|((at, series), value)| Point { series, at, value }).collect()))
}

/// Those of the moments that points of some series speak of at which there is a value.
async fn moments(conn: &mut Conn, push: &Push, points: &[Point], series: &BTreeSet<u32>) -> Result<HashSet<(u32, Timestamp)>, StoreError> {
    // A row of samples is of one hour.
    const FOLDED: &str =
        "SELECT t.body FROM v CROSS JOIN samples t WHERE t.org_id = v.org AND t.part = v.part AND t.newest_at >= v.first AND t.newest_at < v.next";
    let org = push.org.0;
    conn.enter(Scope::Partner(push.org)).await?;
    let wanted = |number: u32| series.contains(&number);
    let unfolded = on_conn!(conn, c => sqlx::query_as(UNFOLDED).bind(org).fetch_all(&mut *c).await)?;
    let mut known = fresh_points(&unfolded, wanted)?;
    let hours: BTreeSet<(usize, i64)> = points.iter().filter(|point| wanted(point.series)).map(|point| (part_of(point.series), point.at.hour())).collect();
    let hours: Vec<(usize, i64)> = hours.into_iter().collect();
    let rows = Rows::of(&hours).with("org", |_| org).with("part", |(part, _)| *part as i64);
    let rows = rows.with("first", |(_, hour)| hour * HOUR).with("next", |(_, hour)| (hour + 1) * HOUR);
    let bodies: Vec<(Vec<u8>,)> = if hours.is_empty() { vec![] } else { fetch_at_once(conn, &rows.table(), FOLDED).await? };
    for (body,) in bodies {
        unpack_chunk(&body, wanted, &mut known)?;
    }
    Ok(known.into_iter().map(|one| (one.point.series, one.point.at)).collect())
}
