//! Daily scores, made again from the daily rollups: after a bulk load or a backfill.

use super::board::end_of;
use crate::App;
use domain::{
    DAY, OrgId, Timestamp,
    scoring::{Critical, Inputs, Reading, org_score, series::SoFar},
};
use std::collections::BTreeMap;
use store::{CurrentValues, DayRow, DayValue, StoreError};

/// Days before the first to be made whose values may still count in it or hold it down.
const LOOK_BACK: i64 = 35;

/// Makes the daily scores of an organisation again, from the day of `from` on up to today.
///
/// # Errors
/// When the database fails.
pub async fn rebuild(app: &App, org: OrgId, from: Timestamp) -> Result<(), StoreError> {
    let now = app.clock.now();
    let board = app.live.board();
    let Some(state) = board.org(org) else { return Ok(()) };
    let first = from.day().max(now.day() - 3_660);
    let hub = app.store.hub();
    let values = hub.day_values(org, first - LOOK_BACK).await?;
    let spans = hub.critical_spans(org, Timestamp::of_day(first)).await?;
    let Some((begin, end)) = values.first().zip(values.last()).map(|(a, b)| (a.day, b.day)) else { return Ok(()) };
    // After the last value the scores live on only while something is current.
    let tail = (2 * state.info.interval) / DAY + 1;
    let mut by_day: BTreeMap<i64, Vec<(usize, DayValue)>> = BTreeMap::new();
    for value in values {
        if let Some(i) = board.policy.position(&value.metric) {
            by_day.entry(value.day).or_default().push((i, value));
        }
    }
    let mut inputs = Inputs { readings: vec![None; board.policy.metrics.len()], interval: state.info.interval, critical: Critical::None };
    let current = hub.current(&[org]).await?;
    let mut left_out: BTreeMap<i64, Vec<(usize, String)>> = BTreeMap::new();
    for row in current.iter().flat_map(CurrentValues::rows) {
        if let (Some(at), Some(i)) = (row.left_out_at, board.policy.position(row.metric)) {
            left_out.entry(at.day()).or_default().push((i, row.labels.to_owned()));
        }
    }
    let (mut so_far, mut rows) = (SoFar::default(), Vec::new());
    for day in begin..=(end + tail).min(now.day()) {
        if day % 64 == 0 {
            // Ten years are much to count in one go, and others wait for this thread.
            tokio::task::yield_now().await;
        }
        if let Some(values) = by_day.get(&day) {
            for (i, one) in values {
                so_far.take(*i, &one.labels, one.value, one.at);
            }
            for (i, _) in values {
                inputs.readings[*i] = so_far.reading(*i);
            }
        }
        for (i, labels) in left_out.get(&day).into_iter().flatten() {
            so_far.leave_out(*i, labels);
            // As on the board: remembered, and silent.
            inputs.readings[*i] = so_far.reading(*i).or(inputs.readings[*i].map(|last| Reading { at: Timestamp(0), ..last }));
        }
        // A day is scored as its last report saw it; a report that did not come that day leaves a gap.
        let reported = inputs.readings.iter().flatten().map(|r| r.at).filter(|at| at.day() == day).max();
        let moment = match reported {
            Some(at) => at,
            None if state.info.interval * 2 >= DAY => end_of(day, now),
            None => continue,
        };
        if day < first {
            continue;
        }
        let score = org_score(&board.policy, &inputs, moment);
        if score.total.value.is_none() {
            continue;
        }
        let open = |public: bool| {
            spans.iter().any(|(opened, closed, everyone)| *opened <= end_of(day, now) && closed.is_none_or(|c| c > end_of(day, now)) && (*everyone || !public))
        };
        rows.push(DayRow {
            org,
            day,
            policy_version: board.policy.version,
            score: score.total.value,
            last: score.total.last,
            low: score.total.low,
            high: score.total.high,
            coverage: score.total.coverage,
            domains: score.domains.map(|d| d.value),
            critical_public: open(true),
            critical_any: open(false),
        });
    }
    hub.set_days(rows).await
}
