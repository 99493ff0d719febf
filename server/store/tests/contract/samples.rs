//! Samples: whatever way and order they come in, are folded and are read, there is one right answer, which a plain list knows.

use super::{
    references::execute,
    support::{Beside, Fixture, NOW, count, sample},
};
use domain::{DAY, HOUR, MINUTE, Timestamp, query::Window};
use proptest::{
    prelude::*,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use std::collections::BTreeMap;
use store::{Items, Mode, Outcome, Push, Sample, Settings, Store, What};

pub(super) const METRICS: [&str; 3] = ["m", "n", "o"];

#[derive(Clone, Debug)]
enum Step {
    /// Samples by metric, labels, moment and value; by which of two hubs.
    Push {
        second: bool,
        samples: Vec<(usize, bool, i64, u8)>,
    },
    /// A whole truth, taken some minutes ago.
    Snapshot {
        samples: Vec<(usize, bool, i64, u8)>,
        ago: i64,
    },
    Fold {
        second: bool,
    },
}

/// Samples by metric, labels, how long ago, and value.
pub(super) fn samples() -> impl Strategy<Value = Vec<(usize, bool, i64, u8)>> {
    // Moments of some hours, several of them the same; some of long ago.
    let moment = prop_oneof![4 => (0_i64..12).prop_map(|n| n * 20 * MINUTE), 1 => (1_i64..4).prop_map(|n| n * 20 * DAY), 1 => (0_i64..3).prop_map(|n| n * 7)];
    proptest::collection::vec((0..METRICS.len(), any::<bool>(), moment, 0_u8..4), 0..8)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (any::<bool>(), samples()).prop_map(|(second, samples)| Step::Push { second, samples }),
        1 => (samples(), 0_i64..3).prop_map(|(samples, ago)| Step::Snapshot { samples, ago }),
        2 => any::<bool>().prop_map(|second| Step::Fold { second }),
    ];
    proptest::collection::vec(step, 1..14)
}

pub(super) type Series = (String, String);

/// What there is, said plainly.
#[derive(Default)]
pub(super) struct Model {
    /// Value and receipt, by series and moment.
    pub values: BTreeMap<(Series, Timestamp), (f64, usize)>,
    /// The newest of each series, when it was last heard of, and whether a snapshot left it out.
    newest: BTreeMap<Series, (f64, Timestamp, Timestamp, bool)>,
}

impl Model {
    pub fn push(&mut self, no: usize, samples: &[Sample], moment: Timestamp, whole: bool) {
        let mut said: BTreeMap<(Timestamp, Series), f64> = BTreeMap::new();
        for one in samples {
            said.insert((one.observed_at, (one.metric.clone(), one.labels.clone())), one.value);
        }
        let late: Vec<Series> = self.newest.iter().filter(|(_, now)| whole && now.2 > moment).map(|(series, _)| series.clone()).collect();
        let named: Vec<Series> = said.keys().map(|(_, series)| series.clone()).collect();
        for ((at, series), value) in said {
            let there = self.values.get(&(series.clone(), at)).copied();
            if there.is_some() && late.contains(&series) {
                continue;
            }
            if there.is_none_or(|(before, _)| before != value) {
                self.values.insert((series.clone(), at), (value, no));
            }
            let now = self.newest.entry(series).or_insert((value, at, moment, false));
            if at >= now.1 {
                (now.0, now.1) = (value, at);
            }
            (now.2, now.3) = (now.2.max(moment), false);
        }
        if whole {
            for (series, now) in &mut self.newest {
                if !named.contains(series) && !now.3 && now.2 <= moment {
                    (now.2, now.3) = (moment, true);
                }
            }
        }
    }

    /// Whole series of a metric by hour or day.
    fn lasts(&self, metric: &str, bucket: fn(Timestamp) -> i64, from: i64) -> Vec<(Timestamp, f64)> {
        let mut lasts = BTreeMap::new();
        for ((series, at), (value, _)) in &self.values {
            if series.0 == metric && bucket(*at) >= from {
                lasts.insert(bucket(*at), (*at, *value));
            }
        }
        lasts.into_values().collect()
    }
}

pub(super) fn as_samples(samples: &[(usize, bool, i64, u8)], parts: bool) -> Vec<Sample> {
    let one = |(metric, labelled, ago, value): &(usize, bool, i64, u8)| {
        let labels = if parts && *labelled { "site=a" } else { "" }.to_owned();
        Sample { labels, ..sample(METRICS[*metric], f64::from(*value), NOW.plus(-ago)) }
    };
    samples.iter().map(one).collect()
}

pub(super) async fn check(f: &Fixture, org: usize, store: &Store, model: &Model, receipts: &[String], parts: bool) {
    let (org, reads) = (f.orgs[org], store.viewer(f.viewer(org)));
    let mut rows: Vec<_> = store.hub().current(&[org]).await.unwrap()[0]
        .rows()
        .map(|r| ((r.metric.to_owned(), r.labels.to_owned()), r.value, r.observed_at, r.left_out_at))
        .collect();
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let expected: Vec<_> = model.newest.iter().map(|(series, (value, at, heard, out))| (series.clone(), *value, *at, out.then_some(*heard))).collect();
    assert_eq!(rows, expected, "current values");
    let days = store.hub().day_values(org, 0).await.unwrap();
    let mut all: Vec<_> = days.into_iter().map(|d| (d.day, (d.metric, d.labels), d.value, d.at)).collect();
    all.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut lasts = BTreeMap::new();
    for ((series, at), (value, _)) in &model.values {
        lasts.insert((at.day(), series.clone()), (*value, *at));
    }
    let expected: Vec<_> = lasts.into_iter().map(|((day, series), (value, at))| (day, series, value, at)).collect();
    assert_eq!(all, expected, "days");
    for metric in METRICS {
        let (mut found, mut cursor) = (vec![], String::new());
        loop {
            let page = reads.samples(org, metric, &cursor).await.unwrap();
            found.extend(page.rows.into_iter().map(|row| ((metric.to_owned(), row.labels), row.observed_at, row.value, row.receipt)));
            match page.next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        let mut expected: Vec<_> = model
            .values
            .iter()
            .filter(|((series, _), _)| series.0 == metric)
            .map(|((series, at), (value, no))| (series.clone(), *at, *value, receipts[*no].clone()))
            .collect();
        expected.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        assert_eq!(found, expected, "every value of {metric}, with its receipt");
        if !parts {
            for (back, bucket) in [(10, Timestamp::hour as fn(Timestamp) -> i64), (100, Timestamp::day)] {
                let window = Window { from: NOW.plus(-back * DAY), to: NOW.plus(HOUR) };
                let points = reads.metric_series(org, metric, window).await.unwrap();
                let points: Vec<_> = points.into_iter().map(|point| (point.at, point.value)).collect();
                assert_eq!(points, model.lasts(metric, bucket, bucket(window.from)), "{metric} in {back} days");
            }
        }
    }
}

on_both!(whatever_comes_and_is_folded_is_read_as_a_list_would_have_it);
async fn whatever_comes_and_is_folded_is_read_as_a_list_would_have_it(of: Fixture) {
    let mut runner = TestRunner::deterministic();
    for round in 0..12 {
        let f = Fixture::new(of.kind).await;
        let second = Store::open(&Settings { url: f.database.url.clone(), readers: 2 }).await.unwrap();
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let parts = round % 2 == 1;
        let (mut model, mut receipts) = (Model::default(), vec![]);
        for (no, step) in steps.iter().enumerate() {
            let at = NOW.plus(no as i64 * MINUTE);
            let (store, samples, mode, as_of) = match step {
                Step::Fold { second: by } => {
                    (if *by { &second } else { &f.store }).hub().fold_pushes(f.orgs[0]).await.unwrap();
                    receipts.push(String::new());
                    continue;
                }
                Step::Push { second: by, samples } => (if *by { &second } else { &f.store }, as_samples(samples, parts), Mode::Delta, None),
                Step::Snapshot { samples, ago } => (&f.store, as_samples(samples, parts), Mode::Snapshot, Some(at.plus(-ago * MINUTE))),
            };
            let items = Items::Metrics(samples.clone());
            let push = Push { total: count(&items), received_at: at, mode, as_of, ..f.push(0, What::Metrics) };
            receipts.push(push.id.to_string());
            let outcome = store.partner(f.orgs[0]).push(push, items).await.unwrap();
            let Outcome::Applied { receipt, .. } = outcome else { panic!("{outcome:?}") };
            if receipt.outdated_by.is_none() {
                model.push(no, &samples, as_of.unwrap_or(at), mode == Mode::Snapshot);
            }
        }
        check(&f, 0, &f.store, &model, &receipts, parts).await;
        f.store.hub().fold_ended_hours(NOW.plus(DAY)).await.unwrap();
        check(&f, 0, &second, &model, &receipts, parts).await;
        f.store.hub().remake_rollups(f.orgs[0], 0).await.unwrap();
        let fresh = Store::open(&Settings { url: f.database.url.clone(), readers: 2 }).await.unwrap();
        check(&f, 0, &fresh, &model, &receipts, parts).await;
        fresh.close().await;
        second.close().await;
    }
}

on_both!(a_damaged_row_is_its_own_organisations_trouble_alone);
async fn a_damaged_row_is_its_own_organisations_trouble_alone(f: Fixture) {
    for org in 0..2 {
        f.send(org, Items::Metrics(vec![sample("m", 1.0, NOW)])).await;
    }
    // Numbers that go on behind the end.
    let damage = match f.kind {
        testing::Kind::Sqlite => "UPDATE current_values SET body = x'01ff' WHERE org_id = 1",
        testing::Kind::Postgres => "UPDATE current_values SET body = '\\x01ff' WHERE org_id = 1",
    };
    assert_eq!(f.orgs[0].0, 1);
    Beside::open(&f).await.run(damage).await;
    let fresh = Store::open(&Settings { url: f.database.url.clone(), readers: 2 }).await.unwrap();
    let shown: Vec<_> = fresh.hub().current(&f.orgs).await.unwrap().iter().map(|values| (values.org, values.rows().count())).collect();
    assert_eq!(shown, [(f.orgs[1], 1), (f.orgs[2], 0)], "the others are there");
    let again = |org: usize| {
        let items = Items::Metrics(vec![sample("m", 2.0, NOW.plus(MINUTE))]);
        (Push { id: store::record_id(NOW), total: 1, ..f.push(org, What::Metrics) }, items)
    };
    // Together, as pushes come.
    let ((push, items), (other, others)) = (again(0), again(1));
    let (partner, beside) = (fresh.partner(f.orgs[0]), fresh.partner(f.orgs[1]));
    let (refused, kept) = tokio::join!(partner.push(push, items), beside.push(other, others));
    let refused = refused.expect_err("nothing is written over what cannot be read").to_string();
    assert!(refused.contains("the current values of organisation 1: packed samples are damaged"), "{refused}");
    assert!(matches!(kept, Ok(Outcome::Applied { .. })), "{kept:?}");
    fresh.close().await;
}

/// Pushes samples, folds them, and tells a model.
async fn push_and_fold(f: &Fixture, model: &mut Model, receipts: &mut Vec<String>, samples: Vec<Sample>) {
    let (no, items) = (receipts.len(), Items::Metrics(samples.clone()));
    let at = NOW.plus(no as i64);
    let push = Push { id: store::record_id(at), total: count(&items), received_at: at, ..f.push(0, What::Metrics) };
    receipts.push(push.id.to_string());
    f.store.partner(f.orgs[0]).push(push, items).await.unwrap();
    model.push(no, &samples, at, false);
    f.store.hub().fold_pushes(f.orgs[0]).await.unwrap();
}

on_both!(a_moment_takes_one_value_however_often_it_is_said);
async fn a_moment_takes_one_value_however_often_it_is_said(f: Fixture) {
    let (mut model, mut receipts) = (Model::default(), vec![]);
    for no in 0..12_u8 {
        push_and_fold(&f, &mut model, &mut receipts, vec![sample("m", f64::from(no % 2), NOW.plus(-2 * HOUR))]).await;
    }
    let mut beside = Beside::open(&f).await;
    assert_eq!(beside.number("SELECT count(*) FROM samples").await, 1);
    assert!(beside.number("SELECT CAST(max(length(body)) AS BIGINT) FROM samples").await < 24);
    check(&f, 0, &f.store, &model, &receipts, false).await;
    // So many in an hour that they take several rows, of which a correction rewrites those that it is in.
    let moments = |from: i64, every: usize| (from..3_000).step_by(every).map(|n| NOW.plus(-3 * HOUR + n * 1_000_000));
    push_and_fold(&f, &mut model, &mut receipts, moments(0, 1).map(|at| sample("n", 1.0, at)).collect()).await;
    push_and_fold(&f, &mut model, &mut receipts, moments(1, 2).map(|at| sample("n", 1.0, at)).chain([sample("o", 5.0, NOW.plus(-3 * HOUR))]).collect()).await;
    push_and_fold(&f, &mut model, &mut receipts, moments(7, 500).map(|at| sample("n", 2.0, at)).collect()).await;
    assert_eq!(beside.number("SELECT count(*) FROM samples").await, 4, "one, two as so many do not fit into one, and one of the only other value");
    check(&f, 0, &f.store, &model, &receipts, false).await;
    f.store.hub().remake_rollups(f.orgs[0], 0).await.unwrap();
    check(&f, 0, &f.store, &model, &receipts, false).await;
}

on_both!(what_is_derived_and_damaged_is_made_again_and_a_damaged_push_keeps_nobody_waiting);
async fn what_is_derived_and_damaged_is_made_again_and_a_damaged_push_keeps_nobody_waiting(f: Fixture) {
    let (mut model, mut receipts) = (Model::default(), vec![]);
    let samples = |value: f64, ago: i64| METRICS.iter().map(|metric| sample(metric, value, NOW.plus(-ago * MINUTE))).collect::<Vec<_>>();
    push_and_fold(&f, &mut model, &mut receipts, samples(1.0, 200)).await;
    let damage = |table: &str| match f.kind {
        testing::Kind::Sqlite => format!("UPDATE {table} SET body = x'01ff'"),
        testing::Kind::Postgres => format!("UPDATE {table} SET body = '\\x01ff'"),
    };
    execute(&f, damage("rollup_hours")).await.unwrap();
    execute(&f, damage("rollup_days")).await.unwrap();
    push_and_fold(&f, &mut model, &mut receipts, vec![sample("m", 2.0, NOW.plus(-199 * MINUTE))]).await;
    check(&f, 0, &f.store, &model, &receipts, false).await;
    f.send(1, Items::Metrics(samples(3.0, 30))).await;
    execute(&f, damage("pushed_samples")).await.unwrap();
    f.send(1, Items::Metrics(vec![sample("m", 4.0, NOW.plus(-10 * MINUTE))])).await;
    assert_eq!(f.store.hub().fold_pushes(f.orgs[1]).await.unwrap(), 2);
    let kept = f.store.viewer(f.viewer(1)).samples(f.orgs[1], "m", "").await.unwrap();
    assert_eq!(kept.rows.iter().map(|row| row.value).collect::<Vec<_>>(), [4.0]);
    execute(&f, damage("samples")).await.unwrap();
    f.send(1, Items::Metrics(vec![sample("m", 5.0, NOW.plus(-10 * MINUTE))])).await;
    assert_eq!(f.store.hub().fold_pushes(f.orgs[1]).await.unwrap(), 1);
    let days = f.store.hub().day_values(f.orgs[1], 0).await.unwrap();
    assert_eq!(days.iter().find(|day| day.metric == "m").map(|day| day.value), Some(5.0));
}
