//! Metrics: the points of a push, and the current values that it moves on.

use super::{Mode, Push, Sample};
use crate::{
    StoreError,
    db::{Conn, Scope, on_conn},
    samples::{
        body::{Point, Received, pack_push},
        current::{CurrentValues, part_of},
        hours::Pages,
        past::{UNFOLDED, fresh_points},
        series::SeriesNames,
    },
};
use domain::Timestamp;
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
    let is_snapshot = push.mode == Mode::Snapshot;
    let named: BTreeSet<u32> = if is_snapshot { points.iter().map(|point| point.series).collect() } else { BTreeSet::new() };
    let late = if is_snapshot { values.heard_since(push.moment()) } else { BTreeSet::new() };
    if !late.is_empty() {
        // What it says of a moment that later pushes spoke of is older.
        let known = moments(conn, push, &points, &late).await?;
        points.retain(|point| !known.contains(&(point.series, point.at)));
    }
    let before = values.clone();
    let mut touched = values.take(&points, push.moment());
    let mut written = Written::default();
    if is_snapshot {
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
    let mut points = Vec::with_capacity(samples.len());
    if !take_numbers(&values.names, samples, &mut points) {
        let names = Arc::make_mut(&mut values.names);
        // In an order of their own, so that the same series get the same numbers however a push lists them.
        let keys: BTreeSet<(&str, &str)> = samples.iter().map(|sample| (sample.metric.as_str(), sample.labels.as_str())).collect();
        let Some(first) = names.add(keys.into_iter()) else { return Ok(None) };
        if !push.dry_run {
            names.write(conn, push.org, first).await?;
        }
        if !take_numbers(names, samples, &mut points) {
            return Err(StoreError::Internal("a series that was added has no number".into()));
        }
    }
    points.sort_by_key(|point| (point.at, point.series));
    points.dedup_by(|later, kept| {
        let same = (later.at, later.series) == (kept.at, kept.series);
        if same {
            *kept = *later;
        }
        same
    });
    Ok(Some(points))
}

/// The points of samples in their order; whether all series have a number.
fn take_numbers(names: &SeriesNames, samples: &[Sample], points: &mut Vec<Point>) -> bool {
    let mut name = String::new();
    let numbered =
        |sample: &Sample| names.number(&sample.metric, &sample.labels, &mut name).map(|series| Point { series, at: sample.observed_at, value: sample.value });
    points.clear();
    points.extend(samples.iter().map_while(numbered));
    points.len() == samples.len()
}

/// Those of the moments that points of some series speak of at which there is a value.
async fn moments(conn: &mut Conn, push: &Push, points: &[Point], series: &BTreeSet<u32>) -> Result<HashSet<(u32, Timestamp)>, StoreError> {
    let asked: HashSet<(u32, Timestamp)> = points.iter().filter(|point| series.contains(&point.series)).map(|point| (point.series, point.at)).collect();
    let mut known = HashSet::new();
    if asked.is_empty() {
        return Ok(known);
    }
    let mut take = |found: Vec<Received>| known.extend(found.iter().map(|one| (one.point.series, one.point.at)).filter(|one| asked.contains(one)));
    conn.enter(Scope::Partner(push.org)).await?;
    let wanted = |number: u32| series.contains(&number);
    let unfolded = on_conn!(conn, c => sqlx::query_as(UNFOLDED).bind(push.org.0).fetch_all(&mut *c).await)?;
    take(fresh_points(&unfolded, wanted)?);
    let mut hours: BTreeMap<(usize, i64), i64> = BTreeMap::new();
    for (series, at) in &asked {
        hours.entry((part_of(*series), at.hour())).and_modify(|first| *first = at.0.min(*first)).or_insert(at.0);
    }
    for ((part, hour), first) in hours {
        let mut pages = Pages::of(push.org, part as i64, first, hour);
        while let Some(page) = pages.next(conn, wanted).await? {
            page.into_iter().for_each(|row| take(row.points));
        }
    }
    Ok(known)
}
