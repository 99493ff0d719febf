//! Folding where clocks go back, and beside pushes, other hubs and retention.

use super::{
    samples::{METRICS, Model, check},
    support::{Fixture, NOW, count, sample},
};
use domain::{DAY, HOUR, MINUTE, Timestamp};
use std::collections::BTreeMap;
use store::{Items, Push, Retention, Sample, Settings, Store, What, record_id};

on_both!(an_hours_end_that_comes_twice_changes_nothing);
async fn an_hours_end_that_comes_twice_changes_nothing(f: Fixture) {
    let (mut model, mut receipts) = (Model::default(), vec![]);
    let end = Timestamp((NOW.hour() - 4) * HOUR);
    // The clock goes on, back over the hour's end, and on again; at each moment what has ended is folded.
    for (no, minutes) in [-30, -1, 1, 30, 61, -2, -20, 2, 90, -100, 200].into_iter().enumerate() {
        let at = end.plus(minutes * MINUTE);
        let samples: Vec<Sample> = [0_i64, 7, 45].iter().map(|ago| sample(METRICS[no % 3], no as f64, at.plus(-ago * MINUTE))).collect();
        let items = Items::Metrics(samples.clone());
        let push = Push { id: record_id(at), total: count(&items), received_at: at, ..f.push(0, What::Metrics) };
        receipts.push(push.id.to_string());
        f.store.partner(f.orgs[0]).push(push, items).await.unwrap();
        model.push(no, &samples, at, false);
        f.store.hub().fold_ended_hours(at).await.unwrap();
        check(&f, 0, &f.store, &model, &receipts, false).await;
    }
    f.store.hub().remake_rollups(f.orgs[0], 0).await.unwrap();
    check(&f, 0, &f.store, &model, &receipts, false).await;
}

on_both!(folding_retention_and_pushes_leave_each_other_alone);
async fn folding_retention_and_pushes_leave_each_other_alone(f: Fixture) {
    let second = Store::open(&Settings { url: f.database.url.clone(), readers: 2 }).await.unwrap();
    let keep = Retention { samples: 30, ..Retention::default() };
    let (mut model, mut receipts) = (Model::default(), vec![]);
    let mut sent = vec![];
    for no in 0..60_i64 {
        // Of these days, and of some that retention takes.
        let samples: Vec<Sample> =
            [0, no % 24, 24 * (no % 50)].iter().map(|hours| sample(METRICS[no as usize % 3], no as f64, NOW.plus(-hours * HOUR - no * MINUTE))).collect();
        sent.push(samples);
    }
    let pushing = async {
        for (no, samples) in sent.iter().enumerate() {
            let items = Items::Metrics(samples.clone());
            let push = Push { total: count(&items), ..f.push(0, What::Metrics) };
            receipts.push(push.id.to_string());
            f.store.partner(f.orgs[0]).push(push, items).await.unwrap();
            model.push(no, samples, NOW, false);
        }
    };
    let folding = async {
        for _ in 0..20 {
            second.hub().fold_pushes(f.orgs[0]).await.unwrap();
        }
    };
    let retaining = async {
        for _ in 0..6 {
            f.store.hub().retain(keep, NOW).await.unwrap();
        }
    };
    tokio::join!(pushing, folding, retaining);
    second.hub().retain(keep, NOW).await.unwrap();
    // What is kept lies in rows of an hour, which go as a whole.
    let oldest = NOW.plus(-31 * DAY);
    let reads = f.store.viewer(f.viewer(0));
    for metric in METRICS {
        let mut found = vec![];
        let mut cursor = String::new();
        loop {
            let page = reads.samples(f.orgs[0], metric, &cursor).await.unwrap();
            found.extend(page.rows.into_iter().map(|row| (row.observed_at, row.value, row.receipt)));
            match page.next {
                Some(next) => cursor = next,
                None => break,
            }
        }
        let of_metric = model.values.iter().filter(|((series, _), _)| series.0 == metric);
        let mut kept: Vec<_> =
            of_metric.map(|((_, at), (value, no))| (*at, *value, receipts[*no].clone())).filter(|(at, ..)| *at >= oldest.plus(DAY)).collect();
        kept.sort_by_key(|one| std::cmp::Reverse(one.0));
        assert!(found.iter().all(|(at, ..)| *at >= oldest), "{metric}: retention takes what is older");
        found.retain(|(at, ..)| *at >= oldest.plus(DAY));
        assert_eq!(found, kept, "{metric}");
    }
    // The last values of all days stay.
    let days = f.store.hub().day_values(f.orgs[0], 0).await.unwrap();
    let mut lasts = BTreeMap::new();
    for ((series, at), (value, _)) in &model.values {
        lasts.insert((at.day(), series.clone()), (*value, *at));
    }
    let mut all: Vec<_> = days.into_iter().map(|d| ((d.day, (d.metric, d.labels)), (d.value, d.at))).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(all, lasts.into_iter().collect::<Vec<_>>(), "days");
    second.close().await;
}
