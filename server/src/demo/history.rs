//! Two years of each partner's metrics: walks in points around its level, with its story, turned into the metrics' own units.

use super::{
    cast::{Partner, Story},
    chance::{normal, rng},
};
use domain::{
    DAY, HOUR, MINUTE, SECOND, Timestamp,
    catalogue::{Domain, MetricDefinition, ScoringPolicy},
};
use rand::{RngExt, rngs::StdRng};
use store::bulk::SeriesHistory;

/// How far back history goes.
pub const DAYS: i64 = 730;
/// How old the late partner's data is when it comes: past one interval, short of two.
pub const LATE_BY: i64 = 6 * MINUTE + 20 * SECOND;
/// How long the silent partner has been silent.
const SILENT_FOR: i64 = 26 * HOUR + 10 * MINUTE;

/// When a partner last spoke.
pub fn end(no: usize, story: Story, now: Timestamp) -> Timestamp {
    let ago = match story {
        Story::Late => LATE_BY,
        Story::Silent => SILENT_FOR,
        _ => (5 + (no as i64 * 17) % 90) * SECOND,
    };
    let at = now.plus(-ago);
    Timestamp(at.0 - at.0 % SECOND)
}

/// All metrics of a partner, of one moment each time: a report covers the whole catalogue.
pub fn series(no: usize, partner: &Partner, policy: &ScoringPolicy, now: Timestamp) -> Vec<SeriesHistory> {
    let moments = moments(end(no, partner.story, now));
    let mut lean = rng("domain", no);
    let leans = Domain::ALL.map(|_| normal(&mut lean) * 4.0);
    policy
        .metrics
        .iter()
        .map(|metric| {
            let mut rng = rng(&metric.key, no);
            let values = if is_age(metric) {
                let clock = AgeClock::draw(&mut rng, metric, partner, now);
                moments.iter().map(|t| (*t, clock.at(*t))).collect()
            } else {
                walk(&mut rng, metric, partner, leans[metric.domain.index()], &moments, now)
            };
            SeriesHistory { metric: metric.key.clone(), values }
        })
        .collect()
}

/// Oldest first: a value a day, an hour in the last two weeks, five minutes in the last six hours.
fn moments(end: Timestamp) -> Vec<Timestamp> {
    let mut out = Vec::new();
    let mut ago = 0;
    while ago <= DAYS * DAY {
        out.push(end.plus(-ago));
        ago += match ago {
            a if a < 6 * HOUR => 5 * MINUTE,
            a if a < 14 * DAY => HOUR,
            _ => DAY,
        };
    }
    out.reverse();
    out
}

/// A walk that is drawn back to its trend (Ornstein-Uhlenbeck), as measured percentages are.
fn walk(rng: &mut StdRng, metric: &MetricDefinition, partner: &Partner, lean: f64, moments: &[Timestamp], now: Timestamp) -> Vec<(Timestamp, f64)> {
    const MEMORY_DAYS: f64 = 20.0;
    const SPREAD: f64 = 3.0;
    let own = lean + normal(rng) * 5.0;
    let mut noise = normal(rng) * SPREAD;
    let mut before = moments.first().copied().unwrap_or(now);
    moments
        .iter()
        .map(|t| {
            let days = t.since(before) as f64 / DAY as f64;
            before = *t;
            let keep = (-days / MEMORY_DAYS).exp();
            noise = noise * keep + normal(rng) * SPREAD * (1.0 - keep * keep).sqrt();
            let ago = now.since(*t) as f64 / DAY as f64;
            let points = partner.level + own - partner.slope * ago / 365.0 + noise + story(partner.story, metric, ago);
            (*t, value_of(metric, points))
        })
        .collect()
}

/// Points that a story adds to a metric, some days ago.
fn story(story: Story, metric: &MetricDefinition, days_ago: f64) -> f64 {
    // From 1 today to 0 at `days`.
    let since = |days: f64| (1.0 - days_ago / days).max(0.0);
    match (story, metric.key.as_str()) {
        (Story::PatchingSlips, "patch_sla_met_pct") => -48.0 * since(31.0),
        (Story::PatchingSlips, "critical_vulns_overdue_per_1000_assets") => -44.0 * since(28.0),
        (Story::PatchingSlips, "kev_overdue") => -40.0 * since(25.0),
        (Story::WeakResponse, _) if metric.domain == Domain::Rs => -38.0,
        (Story::WeakResponse, "mean_time_to_recover_hours") => -25.0,
        (Story::WeakResponse, _) if metric.domain == Domain::De => 10.0,
        _ => 0.0,
    }
}

/// The value that earns so many points, as a partner would report it.
pub fn value_of(metric: &MetricDefinition, points: f64) -> f64 {
    let value = metric.floor + (metric.target - metric.floor) * points.clamp(0.0, 108.0) / 100.0;
    round(metric, value)
}

/// A value as precise as its unit is measured, within what the unit allows.
pub fn round(metric: &MetricDefinition, value: f64) -> f64 {
    let (low, high) = metric.bounds();
    let step = if matches!(metric.unit.as_str(), "days" | "count") { 1.0 } else { 10.0 };
    ((value * step).round() / step).clamp(low, high)
}

/// Whether a metric counts the days since something was last done.
pub fn is_age(metric: &MetricDefinition) -> bool {
    metric.key.ends_with("_age_days")
}

/// Something done every so many days; its age grows by one a day in between.
struct AgeClock {
    period: i64,
    /// The day it was last done, today.
    last: i64,
}

impl AgeClock {
    fn draw(rng: &mut StdRng, metric: &MetricDefinition, partner: &Partner, now: Timestamp) -> Self {
        let lazy = (100.0 - partner.level) / 100.0 - story(partner.story, metric, 0.0) / 100.0;
        let period = (metric.target * (0.8 + lazy) + (metric.floor - metric.target) * lazy * rng.random_range(0.3..0.9)).max(30.0) as i64;
        let share = if partner.story == Story::WeakResponse && metric.domain == Domain::Rs { 0.95 } else { rng.random_range(0.1..0.9) };
        Self { period, last: now.day() - (period as f64 * share) as i64 }
    }

    fn at(&self, t: Timestamp) -> f64 {
        (t.day() - self.last).rem_euclid(self.period) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::super::cast::PARTNERS;
    use super::*;
    use crate::policy::default_policy;
    use domain::scoring::{Critical, Inputs, Reading, org_score};

    fn score(no: usize, days_ago: i64, now: Timestamp) -> f64 {
        let policy = default_policy();
        let at = end(no, PARTNERS[no].story, now).plus(-days_ago * DAY);
        let last = |s: SeriesHistory| s.values.into_iter().rfind(|(t, _)| *t <= at).map(|(at, value)| Reading { value, at });
        let readings: Vec<_> = series(no, &PARTNERS[no], &policy, now).into_iter().map(last).collect();
        let at = readings.iter().flatten().map(|r| r.at).max().unwrap();
        org_score(&policy, &Inputs { readings, interval: super::super::cast::INTERVAL, critical: Critical::None }, at).total.value.unwrap()
    }

    #[test]
    fn values_are_possible_and_in_order() {
        let (policy, now) = (default_policy(), Timestamp::parse("2026-05-01T12:00:00Z").unwrap());
        for (no, partner) in PARTNERS.iter().enumerate() {
            for (metric, series) in policy.metrics.iter().zip(series(no, partner, &policy, now)) {
                let (low, high) = metric.bounds();
                assert!(series.values.iter().all(|(t, v)| (low..=high).contains(v) && *t <= now), "{} {}", partner.slug, metric.key);
                assert!(!metric.is_whole() || series.values.iter().all(|(_, v)| v.fract() == 0.0), "{} {}", partner.slug, metric.key);
                assert!(series.values.is_sorted_by_key(|(t, _)| *t));
                assert!(series.values.len() > 1_000);
            }
        }
    }

    #[test]
    fn the_stories_are_told() {
        let now = Timestamp::parse("2026-05-01T12:00:00Z").unwrap();
        let of = |story: Story, days| score(PARTNERS.iter().position(|p| p.story == story).unwrap(), days, now);
        assert!(of(Story::PatchingSlips, 0) < of(Story::PatchingSlips, 35) - 4.0, "{} {}", of(Story::PatchingSlips, 0), of(Story::PatchingSlips, 35));
        assert!(of(Story::Strong, 0) > 85.0, "{}", of(Story::Strong, 0));
        assert!(of(Story::WeakResponse, 0) < 75.0, "{}", of(Story::WeakResponse, 0));
        let mean = |days| (0..PARTNERS.len()).map(|no| score(no, days, now)).sum::<f64>() / PARTNERS.len() as f64;
        assert!(mean(0) > mean(700) + 3.0, "{} {}", mean(0), mean(700));
        assert!((70.0..88.0).contains(&mean(0)), "{}", mean(0));
    }
}
