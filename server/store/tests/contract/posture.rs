//! Samples, rollups, current values, liveness, retention.

use super::support::{Fixture, NOW, event, incident, indicator, sample};
use domain::{ByClass, DAY, DataClass, HOUR, IncidentStatus, MINUTE, Severity, Timestamp, Tlp, indicator::IndicatorType, query::Window};
use store::{CountItem, CurrentValues, EventItem, IncidentItem, IndicatorItem, Items, Mode, Outcome, Push, Retention, Signs, What};

fn window(days: i64) -> Window {
    Window { from: NOW.plus(-days * DAY), to: NOW.plus(HOUR) }
}

async fn values(f: &Fixture, days: i64) -> Vec<f64> {
    let points = f.store.viewer(f.viewer(0)).metric_series(f.orgs[0], "m", window(days)).await.unwrap();
    points.iter().map(|p| p.value).collect()
}

on_both!(a_correction_replaces_and_an_older_value_never_overwrites_a_newer);
async fn a_correction_replaces_and_an_older_value_never_overwrites_a_newer(f: Fixture) {
    let at = NOW.plus(-10 * MINUTE);
    f.send(0, Items::Metrics(vec![sample("m", 50.0, at), sample("m", 60.0, at.plus(MINUTE))])).await;
    // Out of order: older than what is current.
    f.send(0, Items::Metrics(vec![sample("m", 10.0, at.plus(-2 * HOUR))])).await;
    let current = current(&f, 0).await;
    assert_eq!(current.rows().map(|r| r.value).collect::<Vec<_>>(), [60.0]);
    assert_eq!(current.signs, metrics_until(at.plus(MINUTE)));
    assert_eq!(values(&f, 1).await, [10.0, 60.0], "the last value of each hour");
    // The same again changes nothing; another value for the same moment corrects it, in every rollup.
    f.send(0, Items::Metrics(vec![sample("m", 60.0, at.plus(MINUTE))])).await;
    assert_eq!(values(&f, 1).await, [10.0, 60.0]);
    f.send(0, Items::Metrics(vec![sample("m", 70.0, at.plus(MINUTE))])).await;
    assert_eq!(values(&f, 1).await, [10.0, 70.0]);
    assert_eq!(values(&f, 30).await.last(), Some(&70.0));
    let page = f.store.viewer(f.viewer(0)).samples(f.orgs[0], "m", "").await.unwrap();
    assert_eq!(page.rows.iter().map(|r| r.value).collect::<Vec<_>>(), [70.0, 50.0, 10.0]);
    assert!(page.rows.iter().all(|r| r.key == "test" && !r.receipt.is_empty()));
}

on_both!(a_snapshot_expires_what_it_leaves_out_and_an_empty_push_is_a_sign_of_life);
async fn a_snapshot_expires_what_it_leaves_out_and_an_empty_push_is_a_sign_of_life(f: Fixture) {
    let before = NOW.plus(-HOUR);
    f.send(0, Items::Metrics(vec![sample("m", 50.0, before), sample("n", 60.0, before)])).await;
    let push = Push { mode: Mode::Snapshot, total: 1, ..f.push(0, What::Metrics) };
    let outcome = f.store.partner(f.orgs[0]).push(push, Items::Metrics(vec![sample("m", 51.0, NOW)])).await.unwrap();
    assert!(matches!(outcome, Outcome::Applied { .. }));
    let current = current(&f, 0).await;
    assert_eq!(current.rows().map(|r| (r.metric, r.left_out_at.is_some())).collect::<Vec<_>>(), [("m", false), ("n", true)]);
    let later = NOW.plus(3 * HOUR);
    let push = Push { received_at: later, ..f.push(1, What::Metrics) };
    f.store.partner(f.orgs[1]).push(push, Items::Metrics(vec![])).await.unwrap();
    assert_eq!(self::current(&f, 1).await.signs, metrics_until(later));
}

async fn current(f: &Fixture, org: usize) -> CurrentValues {
    f.store.hub().current(&[f.orgs[org]]).await.unwrap().remove(0)
}

fn metrics_until(at: Timestamp) -> Signs {
    Signs { any: Some(at), open: ByClass::from_fn(|class| (class == DataClass::Posture).then_some(at)) }
}

on_both!(a_push_that_not_everyone_may_see_is_a_sign_of_life_to_its_owner_alone);
async fn a_push_that_not_everyone_may_see_is_a_sign_of_life_to_its_owner_alone(f: Fixture) {
    let mut at = NOW;
    let mut signs = Signs::default();
    for tlp in [Tlp::Red, Tlp::AmberStrict, Tlp::Amber, Tlp::Green, Tlp::Red, Tlp::Clear] {
        let count = CountItem { kind: IndicatorType::DomainName, tlp, severity: Severity::Low, count: 1 };
        for class in 1..=4 {
            let items = match class {
                1 => Items::Incidents(vec![IncidentItem { updated_at: at, ..incident(&format!("{tlp:?}"), Severity::Low, IncidentStatus::New, tlp, &[]) }]),
                2 => Items::Events(vec![EventItem { observed_at: at, ..event(&format!("{tlp:?}"), tlp, None, &[]) }]),
                3 => Items::Indicators(vec![IndicatorItem { last_seen: at, ..indicator(&format!("{tlp:?}.example"), tlp, &[]) }]),
                _ => Items::Counts { window: (at.plus(-HOUR), at), counts: vec![count.clone()] },
            };
            f.send_at(0, items, at).await;
            signs.any = Some(at);
            if tlp.reaches_everyone() {
                signs.open[DataClass::ALL[class.min(3)]] = Some(at);
            }
            assert_eq!(current(&f, 0).await.signs, signs, "{tlp:?}, {class}");
            at = at.plus(MINUTE);
        }
    }
}

on_both!(retention_takes_raw_samples_and_leaves_the_days);
async fn retention_takes_raw_samples_and_leaves_the_days(f: Fixture) {
    let old = NOW.plus(-200 * DAY);
    f.send(0, Items::Metrics(vec![sample("m", 1.0, old), sample("m", 2.0, NOW)])).await;
    let deleted = f.store.hub().retain(Retention::default(), NOW).await.unwrap();
    assert!(deleted >= 1);
    let page = f.store.viewer(f.viewer(0)).samples(f.orgs[0], "m", "").await.unwrap();
    assert_eq!(page.rows.iter().map(|r| r.observed_at).collect::<Vec<_>>(), [NOW]);
    assert_eq!(values(&f, 365).await, [1.0, 2.0]);
}

on_both!(values_of_more_series_than_are_shown_say_how_many_there_are);
async fn values_of_more_series_than_are_shown_say_how_many_there_are(f: Fixture) {
    let part = |n: usize| store::Sample { labels: format!("site={n:03}"), ..sample("m", n as f64, NOW) };
    f.send(0, Items::Metrics((0..store::SERIES + 3).rev().map(part).collect())).await;
    f.send(0, Items::Metrics(vec![sample("n", 1.0, NOW)])).await;
    let samples = async |org: usize, metric: &str| f.store.viewer(f.viewer(org)).samples(f.orgs[0], metric, "").await.unwrap();
    let page = samples(0, "m").await;
    assert_eq!(page.series as usize, store::SERIES + 3);
    let labels: Vec<String> = page.rows.into_iter().map(|row| row.labels).collect();
    assert_eq!(labels, (0..store::SERIES).map(|n| format!("site={n:03}")).collect::<Vec<_>>(), "the first by their labels");
    assert_eq!((samples(0, "n").await.series, samples(0, "o").await.series), (1, 0));
}

on_both!(days_come_back_as_they_were_stored);
async fn days_come_back_as_they_were_stored(f: Fixture) {
    let row = store::DayRow {
        org: f.orgs[0],
        day: NOW.day(),
        policy_version: 3,
        score: Some(71.5),
        last: Some(71.5),
        low: 60.0,
        high: 80.0,
        coverage: 0.8,
        domains: [Some(1.0), None, Some(3.5), None, None, Some(100.0)],
        critical_public: false,
        critical_any: true,
    };
    f.store.hub().set_days(vec![row.clone()]).await.unwrap();
    f.store.hub().set_days(vec![store::DayRow { score: Some(72.0), ..row.clone() }]).await.unwrap();
    let back = f.store.hub().days(NOW.day() - 1).await.unwrap();
    assert_eq!(back, [store::DayRow { score: Some(72.0), ..row }]);
    assert!(f.store.hub().days(Timestamp::day(NOW) + 1).await.unwrap().is_empty());
}

on_both!(series_are_bounded_and_a_push_beyond_leaves_nothing);
async fn series_are_bounded_and_a_push_beyond_leaves_nothing(f: Fixture) {
    let series = |no: usize| store::Sample { labels: format!("site={no}"), ..sample("m", 1.0, NOW) };
    for from in (0..store::MAX_SERIES).step_by(1_000) {
        f.send(0, Items::Metrics((from..from + 1_000).map(series).collect())).await;
    }
    let outcome = f.store.partner(f.orgs[0]).push(f.push(0, What::Metrics), Items::Metrics(vec![series(store::MAX_SERIES)])).await.unwrap();
    assert!(matches!(outcome, Outcome::TooManySeries), "{outcome:?}");
    assert_eq!(current(&f, 0).await.rows().count(), store::MAX_SERIES);
    // What is known goes on, and so do others.
    f.send(0, Items::Metrics(vec![store::Sample { value: 2.0, ..series(0) }])).await;
    f.send(1, Items::Metrics(vec![series(store::MAX_SERIES)])).await;
}

on_both!(every_value_of_every_series_is_on_exactly_one_page);
async fn every_value_of_every_series_is_on_exactly_one_page(f: Fixture) {
    // Four series of one metric that report at the same moments, as one push has them, over three hours.
    let at = |i: i64| NOW.plus(-i * 3 * MINUTE);
    for i in 0..60 {
        f.send(0, Items::Metrics((0..4).map(|s| store::Sample { labels: format!("site={s}"), ..sample("m", i as f64, at(i)) }).collect())).await;
    }
    let (mut seen, mut cursor) = (vec![], String::new());
    loop {
        let page = f.store.viewer(f.viewer(0)).samples(f.orgs[0], "m", &cursor).await.unwrap();
        seen.extend(page.rows.iter().map(|r| (r.observed_at, r.labels.clone())));
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    let expected: Vec<_> = (0..60).flat_map(|i| (0..4).map(move |s| (at(i), format!("site={s}")))).collect();
    assert_eq!(seen, expected);
}
