//! The quota of pushes.

use crate::support::*;
use domain::MINUTE;
use futures::StreamExt;
use reqwest::Method;

/// ASVS 2.4.1: the quota of a key.
#[tokio::test]
async fn after_600_pushes_a_minute_a_key_waits() {
    let app = TestApp::start().await;
    let (partner, other) = (app.partner("alpha").await, app.partner("alpha").await);
    let body = items([sample(90.0, &app.at(-MINUTE))]);
    let first = partner.post("metrics", &body).await;
    assert_eq!((first.status, first.header("ratelimit-policy")), (200, "\"push\";q=600;w=60"));
    assert!(first.header("ratelimit").starts_with("\"push\";r=599;t="), "{}", first.header("ratelimit"));
    // Refused pushes count too, and cost little.
    let refused = futures::stream::iter(0..598).map(|_| async { Answer::of(partner.request(Method::POST, "metrics").body("x")).await.status });
    let statuses: Vec<u16> = refused.buffer_unordered(16).collect().await;
    assert!(statuses.iter().all(|s| *s == 415));
    let last = partner.post("metrics", &body).await;
    assert!(last.header("ratelimit").starts_with("\"push\";r=0;t="), "{}", last.header("ratelimit"));
    let before = app.rows().await;
    let answer = partner.post("metrics", &body).await;
    assert_eq!((answer.status, answer.problem()["type"].as_str()), (429, Some("urn:shieldwall:problem:quota")));
    let wait: i64 = answer.header("retry-after").parse().expect("seconds");
    assert!((1..=60).contains(&wait));
    assert_eq!(answer.header("ratelimit"), format!("\"push\";r=0;t={wait}"));
    assert_eq!(answer.header("ratelimit-policy"), "\"push\";q=600;w=60");
    assert_eq!(app.gained(&before).await, Default::default());
    assert_eq!(other.post("metrics", &body).await.status, 200, "the quota is the key's own");
    assert_eq!(partner.get("whoami").await.status, 200, "asking is no push");
    app.app.clock.advance(wait * domain::SECOND);
    assert_eq!(partner.post("metrics", &body).await.status, 200);
}
