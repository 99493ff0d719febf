//! `/orgs/:org/metrics/:metric`

use super::{Looking, from_store, organisation::metric_row, own_versions, words};
use crate::{charts, live::board::OrgState};
use app::api::Answer;
use domain::{
    DAY, DataClass, Freshness, HOUR, Level, Timestamp,
    query::{PageQuery, Window},
    scoring::series::{Last, value_of},
    view::*,
};
use std::sync::Arc;
use store::{CurrentRow, CurrentValues, SERIES, SeriesPoint};

/// One metric of one organisation over time, beside the others' as they are now.
///
/// # Errors
/// [`Refusal::NotFound`] for organisations and metrics that are absent or not shared.
pub async fn metric(l: &Looking, slug: &str, key: &str, query: &PageQuery) -> Answer<MetricPage> {
    let versions = own_versions!(l, posture);
    let page = l.once("metric", &format!("{slug}/{key}"), query, versions, async { itself(l, slug, key, query).await.map(Arc::new) }).await?;
    Ok(MetricPage { peers: peers(l, slug, key), ..MetricPage::clone(&page) })
}

/// What the others report that show the viewer single values of it.
fn peers(l: &Looking, slug: &str, key: &str) -> Option<Peers> {
    let (org, position) = (l.board.by_slug(slug)?.info.id, l.board.policy.position(key)?);
    let current =
        |o: &Arc<OrgState>| o.reading_for(l.sight(), position).filter(|r| Freshness::at(Some(r.at), o.info.interval, l.now).counts()).map(|r| r.value);
    words::peers(l.board.orgs().filter(|o| o.info.id != org).filter_map(current).collect())
}

async fn itself(l: &Looking, slug: &str, key: &str, query: &PageQuery) -> Answer<MetricPage> {
    let org = l.board.by_slug(slug).ok_or(Refusal::NotFound)?;
    if !l.sight().sees_detail(org.info.id, DataClass::Posture) {
        return Err(Refusal::NotFound);
    }
    let position = l.board.policy.position(key).ok_or(Refusal::NotFound)?;
    let definition = &l.board.policy.metrics[position];
    let row = metric_row(l, org, definition, org.reading_for(l.sight(), position));
    let (basis, mut parts) = parts(l, org, key).await?;
    let parts_total = parts.len() as u64;
    parts.truncate(SERIES);
    let window = query.window(l.now);
    let points = l.reads().metric_series(org.info.id, key, window).await.map_err(from_store(l.now))?;
    let samples = l.reads().samples(org.info.id, key, &query.cursor).await.map_err(from_store(l.now))?;
    let takeaway = match (points.first(), points.last()) {
        (Some(a), Some(b)) => format!("From {} to {} between {} and {}.", definition.format(a.value), definition.format(b.value), a.at.date(), b.at.date()),
        _ => "Nothing was reported in this time.".into(),
    };
    let csv = query.href(&format!("/csv/orgs/{}/metrics/{key}", org.info.slug));
    Ok(MetricPage {
        as_of: l.now,
        policy_version: l.board.policy.version,
        org: words::org_ref(org),
        interval: org.info.interval,
        freshness: row.freshness,
        value: row.value,
        score: row.score,
        at: row.at,
        series: charts::metric_series("series", definition, &gaps(&points, org.info.interval, window, l.now), window, &takeaway, &csv),
        metric: row.metric,
        basis,
        parts,
        parts_total,
        peers: None,
        samples_of: (samples.series.min(SERIES as u64), samples.series),
        samples: samples.rows,
        next: samples.next,
    })
}

/// What the value is made of, in words where it is no value of the whole, and the parts that are reported.
async fn parts(l: &Looking, org: &OrgState, key: &str) -> Answer<(String, Vec<PartRow>)> {
    let Some(since) = l.board.sharing.since(l.viewer.org, org.info.id, DataClass::Posture, Level::Detail) else { return Ok((String::new(), vec![])) };
    let current = l.app.store.hub().current(&[org.info.id]).await.map_err(from_store(l.now))?;
    let mut rows: Vec<CurrentRow<'_>> = current.iter().flat_map(CurrentValues::rows).filter(|row| row.metric == key && row.observed_at >= since).collect();
    rows.sort_by_key(|row| row.labels);
    let live = rows.iter().filter(|row| row.left_out_at.is_none());
    let all = live.map(|row| Last { labels: row.labels, value: row.value, at: row.observed_at });
    let basis = value_of(all).map_or_else(String::new, |(_, basis)| basis.words());
    let parts = rows.iter().filter(|row| !row.labels.is_empty());
    let parts = parts
        .map(|row| PartRow { labels: row.labels.replace(',', ", "), value: row.value, at: row.observed_at, left_out: row.left_out_at.is_some() })
        .collect();
    Ok((basis, parts))
}

/// Puts an unknown wherever a report was due and did not come, so that the line breaks there and at its end.
fn gaps(points: &[SeriesPoint], interval: i64, window: Window, now: Timestamp) -> Vec<(Timestamp, Option<f64>)> {
    let bucket = if window.days() <= 14 { HOUR } else { DAY };
    let patience = interval.saturating_mul(2).max(bucket * 2);
    let mut series = Vec::with_capacity(points.len() + 2);
    let mut last: Option<Timestamp> = None;
    for point in points {
        if let Some(last) = last.filter(|l| point.at.since(*l) > patience) {
            series.push((last.plus(patience), None));
        }
        series.push((point.at, Some(point.value)));
        last = Some(point.at);
    }
    let end = window.to.min(now);
    if let Some(last) = last.filter(|l| end.since(*l) > patience) {
        series.push((last.plus(patience), None));
        series.push((end, None));
    }
    series
}
