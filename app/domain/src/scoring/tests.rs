//! The rules of the score as properties.

use super::{explain::*, *};
use crate::{
    catalogue::{DomainPolicy, MetricDefinition},
    timestamp::{DAY, HOUR},
};
use proptest::prelude::*;

pub(super) const NOW: Timestamp = Timestamp(20_000 * DAY);

pub(super) fn policy() -> ScoringPolicy {
    let metric = |i: usize| MetricDefinition {
        key: format!("m{i}"),
        title: format!("Metric {i}"),
        unit: "percent".into(),
        domain: Domain::ALL[i % 3],
        target: if i.is_multiple_of(2) { 95.0 } else { 0.0 },
        floor: if i.is_multiple_of(2) { 60.0 } else { 20.0 },
        weight: 1.0 + i as f64 / 4.0,
    };
    ScoringPolicy {
        version: 1,
        critical_cap: 60.0,
        on_target: 80.0,
        watch: 70.0,
        domains: Domain::ALL.map(|domain| DomainPolicy { domain, weight: 1.0 + domain.index() as f64, target: 90.0 }).to_vec(),
        metrics: (0..9).map(metric).collect(),
    }
}

pub(super) fn inputs() -> impl Strategy<Value = Inputs> {
    // Ages in whole half-hours, so that several values often share a moment, as pushes make them.
    let reading = prop::option::weighted(0.8, (0.0..100.0, 0..12_i64).prop_map(|(value, half)| Reading { value, at: NOW.plus(-half * HOUR / 2) }));
    (prop::collection::vec(reading, 9), any::<bool>()).prop_map(|(readings, open)| Inputs { readings, interval: HOUR, critical: Critical::open(open) })
}

fn scored(list: &[Inputs], now: Timestamp) -> Vec<OrgScore> {
    list.iter().map(|i| org_score(&policy(), i, now)).collect()
}

fn whole(scores: &[OrgScore]) -> Score {
    collective(scores.iter().enumerate().map(|(i, s)| (1.0 + i as f64, &s.total)))
}

proptest! {
    #[test]
    fn bounded(list in prop::collection::vec(inputs(), 1..6)) {
        let scores = scored(&list, NOW);
        for s in scores.iter().flat_map(|s| s.domains.iter().chain([&s.total])).chain([&whole(&scores)]) {
            prop_assert!(-1e-9 <= s.low && s.low <= s.high + 1e-9 && s.high <= 100.0 + 1e-9, "{s:?}");
            prop_assert!((-1e-9..=1.0 + 1e-9).contains(&s.coverage));
            if let Some(v) = s.value {
                prop_assert!(s.low - 1e-6 <= v && v <= s.high + 1e-6, "{s:?}");
            }
        }
    }

    #[test]
    fn monotone(list in prop::collection::vec(inputs(), 1..5), org in 0..5_usize, metric in 0..9_usize, better in 0.0..100.0) {
        let org = org % list.len();
        let Some(reading) = list[org].readings[metric] else { return Ok(()) };
        let p = policy();
        let mut improved = list.clone();
        let wanted = if p.metrics[metric].lower_is_better() { reading.value.min(better) } else { reading.value.max(better) };
        improved[org].readings[metric] = Some(Reading { value: wanted, ..reading });
        let (a, b) = (scored(&list, NOW), scored(&improved, NOW));
        prop_assert!(a[org].total.value.unwrap_or(0.0) <= b[org].total.value.unwrap_or(0.0) + 1e-9);
        prop_assert!(whole(&a).value.unwrap_or(0.0) <= whole(&b).value.unwrap_or(0.0) + 1e-9);
        prop_assert!(whole(&a).low <= whole(&b).low + 1e-9);
    }

    #[test]
    fn silence_never_improves(list in prop::collection::vec(inputs(), 1..6), first in 0..8_i64, more in 1..80_i64) {
        let (t, u) = (NOW.plus(first * HOUR / 3), NOW.plus((first + more) * HOUR / 3));
        let (a, b) = (scored(&list, t), scored(&list, u));
        let pairs = a.iter().zip(&b).flat_map(|(a, b)| a.domains.into_iter().zip(b.domains).chain([(a.total, b.total)]));
        for (before, after) in pairs.chain([(whole(&a), whole(&b))]) {
            prop_assert!(after.coverage <= before.coverage + 1e-9);
            prop_assert!(after.low <= before.low + 1e-9 && after.high >= before.high - 1e-9, "band narrowed: {before:?} {after:?}");
            match (before.value, after.value) {
                (Some(x), Some(y)) => prop_assert!(y <= x + 1e-6, "{before:?} {after:?}"),
                (None, Some(_)) => prop_assert!(false, "a score out of silence"),
                _ => {}
            }
        }
    }

    #[test]
    fn a_value_is_credited_with_its_own_change(list in prop::collection::vec((inputs(), inputs()), 1..4), later in 0..50_i64) {
        let (p, now) = (policy(), NOW.plus(later * HOUR));
        let changes: Vec<_> = list.into_iter().map(|(before, after)| Change { weight: 1.0, before, after }).collect();
        for part in explain(&changes, (&p, &p), (NOW, now)) {
            let Cause::Metric(m) = part.cause else { continue };
            let change = &changes[part.org];
            let (Some(a), Some(b)) = (change.before.readings[m], change.after.readings[m]) else { continue };
            let (a, b) = (metric_score(&p.metrics[m], a.value), metric_score(&p.metrics[m], b.value));
            prop_assert!(a != b || part.points.abs() < 1e-9, "{a} stays, and {} is said to have moved", part.points);
            prop_assert!(part.points * (b - a) >= -1e-9, "from {a} to {b}, and {} points", part.points);
        }
    }

    #[test]
    fn parts_sum_to_the_whole(pairs in prop::collection::vec((inputs(), inputs()), 1..5), later in 0..50_i64) {
        let (old, mut new) = (policy(), policy());
        new.version = 2;
        new.metrics.remove(3);
        new.metrics[0].target = 80.0;
        let now = NOW.plus(later * HOUR);
        let changes: Vec<_> = pairs.into_iter().enumerate().map(|(i, (before, mut after))| {
            after.readings.remove(3);
            Change { weight: 1.0 + i as f64, before, after }
        }).collect();
        let total = |p: &ScoringPolicy, at, side: fn(&Change) -> &Inputs| {
            let scores: Vec<_> = changes.iter().map(|c| org_score(p, side(c), at)).collect();
            headline(&whole(&scores))
        };
        let (before, after) = (total(&old, NOW, |c| &c.before), total(&new, now, |c| &c.after));
        let parts = explain(&changes, (&old, &new), (NOW, now));
        prop_assert!((parts.iter().map(|p| p.points).sum::<f64>() - (after - before)).abs() < 1e-6);
    }
}

#[test]
fn metric_scores_run_from_floor_to_target_both_ways() {
    let mut m = policy().metrics.remove(0);
    (m.floor, m.target) = (60.0, 98.0);
    assert_eq!(metric_score(&m, 98.0), 100.0);
    assert_eq!(metric_score(&m, 79.0), 50.0);
    assert_eq!(metric_score(&m, 10.0), 0.0);
    (m.floor, m.target) = (72.0, 4.0);
    assert_eq!(metric_score(&m, 4.0), 100.0);
    assert_eq!(metric_score(&m, 38.0), 50.0);
    assert_eq!(metric_score(&m, 500.0), 0.0);
}

#[test]
fn an_open_critical_incident_caps_and_unknown_is_not_zero() {
    let p = policy();
    let all = |value: fn(&MetricDefinition) -> f64| p.metrics.iter().map(|m| Some(Reading { value: value(m), at: NOW })).collect::<Vec<_>>();
    let good = Inputs { readings: all(|m| m.target), interval: HOUR, critical: Critical::None };
    assert_eq!(org_score(&p, &good, NOW).total.value, Some(100.0));
    let hit = org_score(&p, &Inputs { critical: Critical::Open, ..good.clone() }, NOW);
    assert_eq!((hit.total.value, hit.uncapped), (Some(60.0), Some(100.0)));
    let nothing = org_score(&p, &Inputs { readings: vec![None; 9], interval: HOUR, critical: Critical::None }, NOW);
    assert_eq!(nothing.total, Score::UNKNOWN);
    // A silent partner below the mean holds the index at its last score; one above it just leaves.
    let bad = Inputs { readings: all(|m| m.floor), ..good.clone() };
    let gone = NOW.plus(-3 * HOUR);
    let silent = |i: &Inputs| Inputs { readings: i.readings.iter().map(|r| r.map(|r| Reading { at: gone, ..r })).collect(), ..i.clone() };
    let index = |list: &[Inputs]| collective(scored(list, NOW).iter().map(|s| (1.0, &s.total)));
    assert_eq!(index(&[good.clone(), silent(&bad)]).value, Some(50.0));
    assert!(index(&[good.clone(), silent(&bad)]).held);
    assert_eq!(index(&[bad, silent(&good)]).value, Some(0.0));
}

/// A value that stays within its target moves nothing, one that gets worse is no gain, and what silence does is time's part.
#[test]
fn silence_is_nobodys_value() {
    let p = policy();
    let at = |readings: Vec<f64>, at: Timestamp| Inputs {
        readings: readings.into_iter().map(|value| Some(Reading { value, at })).chain(std::iter::repeat(None)).take(p.metrics.len()).collect(),
        interval: HOUR,
        critical: Critical::None,
    };
    let value = |m: usize, score: f64| p.metrics[m].floor + (p.metrics[m].target - p.metrics[m].floor) * score / 100.0;
    let then = NOW.plus(-30 * 24 * HOUR);
    let before = at(vec![value(0, 110.0), value(1, 40.0), value(2, 80.0)], then);
    // Then each fell silent, one after the other.
    let mut after = at(vec![value(0, 130.0), value(1, 30.0), value(2, 80.0)], then.plus(HOUR));
    for (i, reading) in after.readings.iter_mut().flatten().enumerate() {
        reading.at = then.plus(i as i64 * HOUR);
    }
    let parts = explain(&[Change { weight: 1.0, before, after }], (&p, &p), (then, NOW));
    let of = |cause: Cause| parts.iter().filter(|part| part.cause == cause).map(|part| part.points).sum::<f64>();
    assert_eq!(of(Cause::Metric(0)), 0.0, "{parts:?}");
    assert!(of(Cause::Metric(1)) < 0.0 && of(Cause::Metric(2)) == 0.0, "{parts:?}");
    assert!(parts.iter().filter(|part| part.cause == Cause::Time).count() <= 1, "{parts:?}");
}
