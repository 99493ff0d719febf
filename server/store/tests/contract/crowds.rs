//! Crowds: pushes that share a transaction, whatever is among them, are as good as one after the other.

use super::{
    samples::{Model, as_samples, check, samples},
    support::{Fixture, NOW, count, key, sample},
};
use domain::{MINUTE, OrgId};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use store::{Items, KeyEnd, Mode, Outcome, Push, Settings, Store, What, record_id};

on_both!(pushes_that_come_at_once_are_as_if_one_came_after_the_other);
async fn pushes_that_come_at_once_are_as_if_one_came_after_the_other(of: Fixture) {
    let mut runner = TestRunner::deterministic();
    for round in 0..8_u8 {
        let f = Fixture::new(of.kind).await;
        let crowd = proptest::collection::vec((0_usize..3, samples(), 0_u8..10, 0_i64..3), 30..60).new_tree(&mut runner).unwrap().current();
        let sent = crowd.iter().enumerate().map(|(no, (org, samples, kind, ago))| {
            let samples = as_samples(samples, true);
            let items = Items::Metrics(samples.clone());
            let (mode, as_of) = if *kind == 0 { (Mode::Snapshot, Some(NOW.plus(-ago * MINUTE))) } else { (Mode::Delta, None) };
            // Some are the same request as another of their organisation.
            let idempotency = (*kind == 1).then(|| key("the same", 1));
            let push = Push {
                id: record_id(NOW.plus(no as i64)),
                total: count(&items),
                mode,
                as_of,
                dry_run: *kind == 2,
                idempotency,
                // No key of this number is there.
                key_id: (*kind == 3).then_some(1_000_000),
                ..f.push(*org, What::Metrics)
            };
            let partner = f.store.partner(f.orgs[*org]);
            async move { (*org, samples, mode, as_of, *kind, push.id, partner.push(push, items).await.unwrap()) }
        });
        // In the midst of them one that runs alone.
        let hub = f.store.hub();
        let alone = hub.set_meta("alone", "kept".to_owned());
        let (done, alone) = tokio::join!(futures_util::future::join_all(sent), alone);
        alone.unwrap();
        for org in 0..3 {
            let mut kept = vec![];
            let (mut requests, mut replayed) = (vec![], vec![]);
            for (_, samples, mode, as_of, kind, id, outcome) in done.iter().filter(|one| one.0 == org) {
                match (outcome, kind) {
                    (Outcome::Applied { .. }, 2) => {}
                    (Outcome::Applied { receipt, .. }, 0 | 1 | 4..) => {
                        assert_eq!(receipt.id, *id);
                        requests.extend((*kind == 1).then_some(receipt.no));
                        kept.push((receipt.no, receipt.id.to_string(), samples, as_of.unwrap_or(NOW), *mode == Mode::Snapshot, receipt.outdated_by.is_none()));
                    }
                    (Outcome::Replayed(receipt), 1) => replayed.push(receipt.no),
                    (Outcome::KeyEnded(KeyEnd::Revoked), 3) => {}
                    _ => panic!("{kind}: {outcome:?}"),
                }
            }
            kept.sort_by_key(|one| one.0);
            assert!(kept.iter().map(|one| one.0).eq(1..=kept.len() as i64), "receipts are numbered one after the other");
            assert!(requests.len() <= 1 && replayed.iter().all(|no| requests == [*no]), "one request is applied once: {requests:?} {replayed:?}");
            let mut model = Model::default();
            let receipts: Vec<String> = kept.iter().map(|one| one.1.clone()).collect();
            for (no, (_, _, samples, moment, whole, _)) in kept.iter().enumerate().filter(|(_, one)| one.5) {
                model.push(no, samples, *moment, *whole);
            }
            let fresh = Store::open(&Settings { url: f.database.url.clone(), readers: 2 }).await.unwrap();
            for store in [&f.store, &fresh] {
                check(&f, org, store, &model, &receipts, true).await;
            }
            fresh.close().await;
            assert_eq!(
                f.store.hub().changes_after(0, 1_000).await.unwrap().iter().filter(|change| change.org == f.orgs[org]).count(),
                kept.len(),
                "round {round}"
            );
        }
    }
}

on_both!(a_push_that_fails_fails_alone);
async fn a_push_that_fails_fails_alone(f: Fixture) {
    // Nobody has this number, so there is no state to go on from.
    let nobody = OrgId(987_654_321);
    let sent = (0..24).map(|no| {
        let items = Items::Metrics(vec![sample("m", f64::from(no), NOW.plus(i64::from(no)))]);
        let org = if no == 11 { nobody } else { f.orgs[no as usize % 3] };
        let push = Push { id: record_id(NOW.plus(i64::from(no))), org, total: 1, ..f.push(0, What::Metrics) };
        let partner = f.store.partner(org);
        async move { (no, partner.push(push, items).await) }
    });
    for (no, outcome) in futures_util::future::join_all(sent).await {
        assert_eq!(outcome.is_ok(), no != 11, "{no}: {outcome:?}");
    }
    for org in 0..3 {
        let current = f.store.hub().current(&[f.orgs[org]]).await.unwrap();
        let newest: Vec<f64> = current[0].rows().map(|row| row.value).collect();
        assert_eq!(newest, [21.0 + org as f64]);
        let samples = f.store.viewer(f.viewer(org)).samples(f.orgs[org], "m", "").await.unwrap();
        assert_eq!(samples.rows.len(), if org == 11 % 3 { 7 } else { 8 });
    }
}
