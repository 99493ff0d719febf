//! The same request twice is applied once.

use crate::support::*;
use domain::MINUTE;
use reqwest::Method;
use serde_json::Value;

async fn keyed(partner: &Partner<'_>, key: &str, route: &str, body: &Value) -> Answer {
    Answer::of(partner.request(Method::POST, route).header("idempotency-key", key).json(body)).await
}

#[tokio::test]
async fn the_same_request_is_answered_from_memory() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let body = items([incident("a", "low", "GREEN")]);
    let first = keyed(&partner, "\"key-1\"", "incidents", &body).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, ""));
    let before = app.rows().await;
    // Quoted and bare are the same key.
    let again = keyed(&partner, "key-1", "incidents", &body).await;
    assert_eq!((again.status, again.header("idempotency-replayed"), again.json()), (200, "true", first.json()));
    assert_eq!(app.gained(&before).await, Default::default());
}

#[tokio::test]
async fn a_key_belongs_to_one_request() {
    let app = TestApp::start().await;
    let (partner, at) = (app.partner("alpha").await, app.at(-MINUTE));
    let body = items([sample(90.0, &at)]);
    assert_eq!(keyed(&partner, "k", "metrics", &body).await.status, 200);
    let before = app.rows().await;
    for (route, other) in [("metrics", items([sample(91.0, &at)])), ("metrics?mode=snapshot", body.clone()), ("metrics?dry_run=true", body.clone())] {
        let answer = keyed(&partner, "k", route, &other).await;
        assert_eq!((answer.status, answer.problem()["type"].as_str()), (422, Some("urn:shieldwall:problem:idempotency-key-reused")), "{route}");
    }
    assert_eq!(app.gained(&before).await, Default::default());
    // Another route and another organisation have keys of their own.
    assert_eq!(keyed(&partner, "k", "events", &items([event("e", "GREEN", &at)])).await.header("idempotency-replayed"), "");
    let beta = keyed(&app.partner("beta").await, "k", "metrics", &body).await;
    assert_eq!((beta.status, beta.header("idempotency-replayed")), (200, ""));
}

#[tokio::test]
async fn a_refused_request_may_be_corrected_under_its_key() {
    let app = TestApp::start().await;
    let (partner, at) = (app.partner("alpha").await, app.at(-MINUTE));
    assert_eq!(keyed(&partner, "k", "metrics", &items([sample(190.0, &at)])).await.status, 422);
    assert_eq!(keyed(&partner, "k", "metrics", &items([sample(90.0, &at)])).await.status, 200);
}

#[tokio::test]
async fn many_at_once_are_applied_once() {
    let app = TestApp::start().await;
    let (partner, body) = (app.partner("alpha").await, items([sample(90.0, &app.at(-MINUTE))]));
    let before = app.rows().await;
    let answers = futures::future::join_all((0..24).map(|_| keyed(&partner, "k", "metrics", &body))).await;
    let mut receipts = std::collections::BTreeSet::new();
    for answer in &answers {
        match answer.status {
            200 => drop(receipts.insert(answer.json()["id"].to_string())),
            409 => assert_eq!(answer.header("retry-after"), "1", "{}", answer.problem()),
            other => panic!("{other}: {}", answer.text()),
        }
    }
    assert_eq!(receipts.len(), 1, "one receipt for all");
    let gained = app.gained(&before).await;
    for table in ["receipts", "payloads", "outbox", "pushed_samples"] {
        assert_eq!(gained.get(table), Some(&1), "{table} of {gained:?}");
    }
    assert_eq!(keyed(&partner, "k", "metrics", &body).await.header("idempotency-replayed"), "true");
}
