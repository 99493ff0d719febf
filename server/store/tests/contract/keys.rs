//! A push is kept only under a key that holds when it is written, not just when it came.

use super::support::{Beside, Fixture, NOW, incident, key, sample};
use domain::{IncidentStatus, SECOND, Severity, Timestamp, Tlp};
use std::time::Duration;
use store::{Items, KeyEnd, KeyRecord, Outcome, Push, StoreError, What};

fn record(f: &Fixture, org: usize, name: &str, expires_at: Option<Timestamp>) -> (KeyRecord, [u8; 32]) {
    let record = KeyRecord {
        id: 0,
        org: f.orgs[org],
        name: name.into(),
        hint: String::new(),
        scopes: "metrics".into(),
        created_at: NOW,
        expires_at,
        revoked_at: None,
        last_used_at: None,
        addresses: String::new(),
    };
    let mut hash = [0; 32];
    hash[..name.len()].copy_from_slice(name.as_bytes());
    (record, hash)
}

on_both!(keys_asked_for_at_once_stay_within_their_number);
async fn keys_asked_for_at_once_stay_within_their_number(f: Fixture) {
    let hub = f.store.hub();
    let made = (0..16).map(|n| {
        let (record, hash) = record(&f, 0, &format!("key {n}"), None);
        hub.add_key_within(3, record, hash)
    });
    let made = futures_util::future::join_all(made).await;
    assert_eq!(made.iter().filter(|m| m.is_ok()).count(), 3);
    assert!(made.iter().flat_map(|m| m.as_ref().err()).all(|e| matches!(e, StoreError::TooMany { what: "live keys", most: 3 })), "{made:?}");
    let old = hub.keys(f.orgs[0]).await.unwrap().remove(0).name;
    let (next, hash) = record(&f, 0, "next", None);
    assert!(matches!(hub.rotate_key(old.clone(), 3, next.clone(), hash, NOW.plus(SECOND)).await, Err(StoreError::TooMany { .. })));
    assert!(hub.keys(f.orgs[0]).await.unwrap().iter().all(|k| k.expires_at.is_none()), "the old one was left as it was");
    // Room is what ended keys leave, and each organisation has its own.
    assert!(hub.revoke_key(f.orgs[0], old, NOW).await.unwrap());
    hub.add_key_within(3, next, hash).await.unwrap();
    let (other, hash) = record(&f, 1, "other", None);
    hub.add_key_within(3, other, hash).await.unwrap();
}

/// Makes a key of an organisation and returns its number.
async fn add(f: &Fixture, org: usize, name: &str, expires_at: Option<Timestamp>) -> i64 {
    let (record, hash) = record(f, org, name, expires_at);
    f.store.hub().add_key(record, hash).await.unwrap();
    f.store.hub().keys(f.orgs[org]).await.unwrap().into_iter().find(|k| k.name == name).unwrap().id
}

/// Pushes of each way a write can take: the usual one, one that makes a series, records, one that would be answered from memory.
fn ways(f: &Fixture, id: i64) -> Vec<(&'static str, Push, Items)> {
    let push = |what| Push { key_id: Some(id), total: 1, ..f.push(0, what) };
    vec![
        ("usual", push(What::Metrics), Items::Metrics(vec![sample("m", 2.0, NOW.plus(-SECOND))])),
        ("new series", push(What::Metrics), Items::Metrics(vec![sample("n", 2.0, NOW)])),
        ("records", push(What::Incidents), Items::Incidents(vec![incident("i", Severity::Low, IncidentStatus::New, Tlp::Green, &[])])),
        ("dry run", Push { dry_run: true, ..push(What::Metrics) }, Items::Metrics(vec![sample("m", 2.0, NOW.plus(-2 * SECOND))])),
        ("repeated", Push { idempotency: Some(key("k", 1)), ..push(What::Metrics) }, Items::Metrics(vec![sample("m", 1.0, NOW)])),
    ]
}

/// Makes the series and a request that can be repeated.
async fn first(f: &Fixture, id: i64) {
    let push = Push { key_id: Some(id), total: 1, idempotency: Some(key("k", 1)), ..f.push(0, What::Metrics) };
    let outcome = f.store.partner(f.orgs[0]).push(push, Items::Metrics(vec![sample("m", 1.0, NOW)])).await.unwrap();
    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
}

async fn receipts(f: &Fixture) -> i64 {
    Beside::open(f).await.number("SELECT count(*) FROM receipts").await
}

on_both!(no_way_of_writing_keeps_the_push_of_a_key_that_ended);
async fn no_way_of_writing_keeps_the_push_of_a_key_that_ended(f: Fixture) {
    let (good, revoked) = (add(&f, 0, "good", None).await, add(&f, 0, "revoked", None).await);
    let (expired, foreign) = (add(&f, 0, "expired", Some(NOW)).await, add(&f, 1, "foreign", None).await);
    first(&f, good).await;
    assert!(f.store.hub().revoke_key(f.orgs[0], "revoked".into(), NOW).await.unwrap());
    for (id, why) in [(revoked, KeyEnd::Revoked), (expired, KeyEnd::Expired), (foreign, KeyEnd::Revoked), (-1, KeyEnd::Revoked)] {
        for (way, push, items) in ways(&f, id) {
            let outcome = f.store.partner(f.orgs[0]).push(push, items).await.unwrap();
            assert!(matches!(outcome, Outcome::KeyEnded(end) if end == why), "{way} {why:?}: {outcome:?}");
        }
    }
    assert_eq!(receipts(&f).await, 1, "what was refused left a receipt");
    for (way, push, items) in ways(&f, good) {
        let outcome = f.store.partner(f.orgs[0]).push(push, items).await.unwrap();
        assert!(matches!(outcome, Outcome::Applied { .. } | Outcome::Replayed(_)), "{way}: {outcome:?}");
    }
    assert_eq!(receipts(&f).await, 4);
}

on_both!(a_key_that_ends_while_its_push_waits_ends_the_push);
async fn a_key_that_ends_while_its_push_waits_ends_the_push(f: Fixture) {
    let (good, revoked) = (add(&f, 0, "good", None).await, add(&f, 0, "revoked", None).await);
    let expiring = add(&f, 0, "expiring", Some(NOW.plus(SECOND / 2))).await;
    first(&f, good).await;
    let mut held = Beside::open(&f).await;
    held.hold("api_keys").await;
    let waiting = ways(&f, revoked).into_iter().chain(ways(&f, expiring)).map(|(way, push, items)| {
        let (store, org) = (f.store.clone(), f.orgs[0]);
        async move { (way, store.partner(org).push(push, items).await.unwrap()) }
    });
    // Polled first, so that all of them wait while the key ends.
    let (outcomes, ()) = tokio::join!(futures_util::future::join_all(waiting), async {
        tokio::time::sleep(Duration::from_millis(600)).await;
        held.run("UPDATE api_keys SET revoked_at = 1 WHERE name = 'revoked'; COMMIT").await;
    });
    for (i, (way, outcome)) in outcomes.into_iter().enumerate() {
        let why = if i < 5 { KeyEnd::Revoked } else { KeyEnd::Expired };
        assert!(matches!(outcome, Outcome::KeyEnded(end) if end == why), "{way} {why:?}: {outcome:?}");
    }
    assert_eq!(receipts(&f).await, 1);
}
