//! Repeating is harmless; neighbours in a group commit do not touch each other.

use super::support::{Fixture, key, sample};
use domain::query::Window;
use domain::{DAY, HOUR};
use store::{Failure, Items, Mode, Outcome, Push, What};

use super::support::NOW;

const WINDOW: Window = Window { from: domain::Timestamp(NOW.0 - DAY), to: domain::Timestamp(NOW.0 + HOUR) };

on_both!(the_same_key_and_request_is_replayed_and_another_request_refused);
async fn the_same_key_and_request_is_replayed_and_another_request_refused(f: Fixture) {
    let partner = f.store.partner(f.orgs[0]);
    let push = |fingerprint| Push { total: 1, idempotency: Some(key("k", fingerprint)), ..f.push(0, What::Metrics) };
    let items = |value| Items::Metrics(vec![sample("m", value, NOW)]);
    let Outcome::Applied { receipt, .. } = partner.push(push(1), items(1.0)).await.unwrap() else { panic!("applied") };
    let Outcome::Replayed(again) = partner.push(push(1), items(1.0)).await.unwrap() else { panic!("replayed") };
    assert_eq!(receipt, again);
    assert!(matches!(partner.push(push(2), items(2.0)).await.unwrap(), Outcome::KeyReused));
    // The same key of another organisation is another key.
    let other = Push { org: f.orgs[1], ..push(2) };
    assert!(matches!(f.store.partner(f.orgs[1]).push(other, items(3.0)).await.unwrap(), Outcome::Applied { .. }));
    let points = f.store.viewer(f.viewer(0)).metric_series(f.orgs[0], "m", WINDOW).await.unwrap();
    assert_eq!(points.iter().map(|p| p.value).collect::<Vec<_>>(), [1.0]);
}

on_both!(a_dry_run_answers_and_keeps_nothing);
async fn a_dry_run_answers_and_keeps_nothing(f: Fixture) {
    let push = Push { total: 1, dry_run: true, idempotency: Some(key("k", 1)), ..f.push(0, What::Metrics) };
    let id = push.id;
    let outcome = f.store.partner(f.orgs[0]).push(push, Items::Metrics(vec![sample("m", 1.0, NOW)])).await.unwrap();
    assert!(matches!(outcome, Outcome::Applied { ref receipt, .. } if receipt.kept == 1), "{outcome:?}");
    assert_eq!(f.store.partner(f.orgs[0]).receipt(id).await.unwrap(), None);
    assert_eq!(f.store.hub().outbox_bounds().await.unwrap(), (0, 0));
    assert!(f.store.viewer(f.viewer(0)).metric_series(f.orgs[0], "m", WINDOW).await.unwrap().is_empty());
    // A series that only a dry run named must not be remembered as if it existed.
    f.send(0, Items::Metrics(vec![sample("m", 2.0, NOW)])).await;
    assert_eq!(f.store.viewer(f.viewer(0)).metric_series(f.orgs[0], "m", WINDOW).await.unwrap().len(), 1);
}

on_both!(a_refused_item_stops_a_strict_push_and_only_that);
async fn a_refused_item_stops_a_strict_push_and_only_that(f: Fixture) {
    let failure = Failure { index: 1, pointer: "/items/1/value".into(), code: "out_of_range".into(), detail: String::new() };
    let push = |strict, mode| Push { total: 2, strict, mode, failures: vec![failure.clone()], ..f.push(0, What::Metrics) };
    let partner = f.store.partner(f.orgs[0]);
    let items = |v| Items::Metrics(vec![sample("m", v, NOW)]);
    assert!(matches!(partner.push(push(true, Mode::Delta), items(1.0)).await.unwrap(), Outcome::Refused(_)));
    assert!(matches!(partner.push(push(false, Mode::Snapshot), items(2.0)).await.unwrap(), Outcome::Refused(_)));
    assert!(f.store.viewer(f.viewer(0)).metric_series(f.orgs[0], "m", WINDOW).await.unwrap().is_empty());
    let Outcome::Applied { receipt, .. } = partner.push(push(false, Mode::Delta), items(3.0)).await.unwrap() else { panic!("kept in part") };
    assert_eq!((receipt.total, receipt.kept, receipt.failures.len()), (2, 1, 1));
}

on_both!(many_pushes_at_once_are_each_kept_whole);
async fn many_pushes_at_once_are_each_kept_whole(f: Fixture) {
    let f = std::sync::Arc::new(f);
    let tasks = (0..60_i64).map(|i| {
        let f = std::sync::Arc::clone(&f);
        tokio::spawn(async move {
            let org = (i % 3) as usize;
            let items = (0..20).map(|j| sample("m", (i * 20 + j) as f64, NOW.plus(-(i * 20 + j) * domain::SECOND))).collect();
            f.send(org, Items::Metrics(items)).await;
        })
    });
    for task in futures_util::future::join_all(tasks).await {
        task.unwrap();
    }
    let mut n = 0;
    for org in 0..3 {
        let rows = f.store.hub().day_values(f.orgs[org], WINDOW.from.day()).await.unwrap();
        assert!(!rows.is_empty());
        let mut cursor = String::new();
        loop {
            let page = f.store.viewer(f.viewer(org)).samples(f.orgs[org], "m", &cursor).await.unwrap();
            n += page.rows.len();
            match page.next {
                Some(next) => cursor = next,
                None => break,
            }
        }
    }
    assert_eq!(n, 60 * 20);
    let (newest, oldest) = f.store.hub().outbox_bounds().await.unwrap();
    assert_eq!((newest, oldest), (60, 1));
}
