//! Who may push: keys, scopes, and what a key cannot see.

use crate::support::*;
use domain::{MINUTE, SECOND};
use futures::SinkExt;
use reqwest::{Method, header};
use serde_json::json;
use server::auth::keys::generate;

#[tokio::test]
async fn without_a_good_key_there_is_401_and_how_to_do_better() {
    let app = TestApp::start().await;
    let (expired, _) = app.key("alpha", "metrics", Some(app.now().plus(-SECOND))).await;
    let (good, _) = app.key("alpha", "metrics", None).await;
    let mistyped = format!("{}{}", &good[..39], if good.ends_with('0') { '1' } else { '0' });
    let unknown = generate(&mut rand::rng());
    let cases = [
        ("nothing", None),
        ("another scheme", Some(format!("Basic {good}"))),
        ("no scheme", Some(good.clone())),
        ("a wrong checksum", Some(format!("Bearer {mistyped}"))),
        ("a cut key", Some(format!("Bearer {}", &good[..20]))),
        ("no key at all", Some("Bearer ".to_owned())),
        ("an unknown key", Some(format!("Bearer {unknown}"))),
        ("an expired key", Some(format!("Bearer {expired}"))),
    ];
    let before = app.rows().await;
    for (what, authorization) in cases {
        for (method, route) in [(Method::POST, "metrics"), (Method::GET, "whoami"), (Method::GET, "receipts/00000000-0000-7000-8000-000000000000")] {
            let mut request = app.request(method, &format!("/api/v1/{route}")).json(&items([]));
            if let Some(text) = &authorization {
                request = request.header(header::AUTHORIZATION, text);
            }
            let answer = Answer::of(request).await;
            assert_eq!(answer.status, 401, "{what}: {}", answer.text());
            let title = if what == "nothing" { "An API key is needed" } else { "The API key is not valid" };
            assert_eq!(answer.problem()["title"], title, "{what}");
            assert!(answer.header("www-authenticate").starts_with("Bearer "), "{what}");
            assert!(!answer.problem().to_string().contains(&good[4..20]), "no key is echoed");
        }
    }
    assert_eq!(app.gained(&before).await, Default::default());
    assert_eq!(Answer::of(app.request(Method::GET, "/api/v1/whoami").bearer_auth(good)).await.status, 200);
}

#[tokio::test]
async fn a_key_ends_when_it_is_revoked_and_when_it_expires() {
    let app = TestApp::start().await;
    let (partner, body) = (app.partner("alpha").await, items([sample(90.0, &app.at(-MINUTE))]));
    partner.push("metrics", &body).await;
    app.app.store.hub().revoke_key(app.org("alpha"), partner.name.clone(), app.now()).await.expect("revoked");
    app.app.clock.advance(5 * SECOND);
    let answer = partner.post("metrics", &body).await;
    assert_eq!((answer.status, answer.problem()["detail"].as_str()), (401, Some("This key was revoked.")));
    let (key, _) = app.key("alpha", "metrics", Some(app.now().plus(MINUTE))).await;
    let ask = async || Answer::of(app.request(Method::GET, "/api/v1/whoami").bearer_auth(&key)).await.status;
    assert_eq!(ask().await, 200);
    app.app.clock.advance(MINUTE);
    assert_eq!(ask().await, 401);
}

#[tokio::test]
async fn a_key_that_is_revoked_while_its_push_is_under_way_keeps_nothing() {
    let app = TestApp::start().await;
    let (partner, body) = (app.partner("alpha").await, items([sample(90.0, &app.at(-MINUTE))]).to_string());
    let before = app.rows().await;
    let (mut rest, pieces) = futures::channel::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let request = partner.request(Method::POST, "metrics").header(header::CONTENT_TYPE, "application/json").body(reqwest::Body::wrap_stream(pieces));
    let answer = tokio::spawn(Answer::of(request));
    let (first, second) = body.as_bytes().split_at(10);
    rest.send(Ok(first.to_vec())).await.expect("the first piece");
    eventually("the push is let in", async || (app.app.keys.pushed(app.org("alpha"), app.now()) > 0).then_some(())).await;
    app.app.store.hub().revoke_key(app.org("alpha"), partner.name.clone(), app.now()).await.expect("revoked");
    app.app.clock.advance(5 * SECOND);
    rest.send(Ok(second.to_vec())).await.expect("the second piece");
    drop(rest);
    let answer = answer.await.expect("an answer");
    assert_eq!((answer.status, answer.problem()["detail"].as_str()), (401, Some("This key was revoked.")));
    assert_eq!(app.gained(&before).await, Default::default());
}

#[tokio::test]
async fn a_key_pushes_only_what_its_scopes_name() {
    let app = TestApp::start().await;
    let routes = [("metrics", "metrics"), ("incidents", "incidents"), ("events", "events"), ("indicators", "indicators"), ("indicator-counts", "indicators")];
    let at = app.at(-MINUTE);
    let body = |route: &str| match route {
        "metrics" => items([sample(90.0, &at)]),
        "incidents" => items([incident("a", "low", "GREEN")]),
        "events" => items([event("a", "GREEN", &at)]),
        "indicators" => items([indicator("a.example", "GREEN")]),
        _ => json!({ "window_start": app.at(-2 * MINUTE), "window_end": at, "counts": [] }),
    };
    for granted in ["metrics", "incidents", "events", "indicators", "backfill"] {
        let partner = app.partner_with("alpha", granted).await;
        for (route, scope) in routes {
            let before = app.rows().await;
            let answer = partner.post(route, &body(route)).await;
            if scope == granted {
                assert_eq!(answer.status, 200, "{granted} {route}: {}", answer.text());
            } else {
                assert_eq!(answer.status, 403, "{granted} {route}");
                assert!(answer.problem()["detail"].as_str().is_some_and(|d| d.contains(scope)));
                assert_eq!(app.gained(&before).await, Default::default());
            }
        }
        let put = partner.put("a", &[], &incident("a", "low", "GREEN")).await;
        assert_eq!(put.status, if granted == "incidents" { 200 } else { 403 });
    }
}

#[tokio::test]
async fn whoami_publishes_the_limits() {
    let app = TestApp::start().await;
    let partner = app.partner_with("beta", "metrics backfill").await;
    let limits = json!({
        "items_per_push": 1_000, "body_bytes": 1_048_576, "inflated_bytes": 8_388_608, "depth": 32, "series_per_organisation": 5_000, "pushes_per_minute": 600,
        "reads_per_minute": 1_200, "max_ahead_seconds": 300, "max_age_days": 30,
    });
    let quota = |name, used, limit: u64| json!({ "name": name, "used": used, "limit": limit, "warning": false });
    let quotas = [quota("pushes per minute", 0, 1_200), quota("bytes per day", 0, 1 << 30), quota("bytes in all", 0, 20 << 30), quota("keys", 1, 20)];
    let expected =
        json!({ "organisation": "beta", "name": "BETA Works", "key": partner.name, "scopes": ["metrics", "backfill"], "limits": limits, "quotas": quotas });
    let mut said = partner.get("whoami").await.json();
    // The hub's public key, where it signs.
    said.as_object_mut().expect("an object").remove("audit_key");
    assert_eq!(said, expected);
}

#[tokio::test]
async fn another_organisations_receipt_answers_like_one_that_is_not() {
    let app = TestApp::start().await;
    let receipt = app.partner("alpha").await.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    let beta = app.partner("beta").await;
    let foreign = beta.get(&format!("receipts/{}", receipt["id"].as_str().unwrap_or_default())).await;
    let absent = beta.get("receipts/00000000-0000-7000-8000-000000000000").await;
    let no_id = beta.get("receipts/x").await;
    assert_eq!(foreign.problem()["type"], "urn:shieldwall:problem:not-found");
    for other in [absent, no_id] {
        assert_eq!((other.status, &other.body), (404, &foreign.body));
        let names = |a: &Answer| a.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(&other), names(&foreign));
    }
}

/// ASVS 11.5.1: never in the database.
#[tokio::test]
async fn no_key_password_or_token_is_in_the_database() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(domain::Role::OrgAdmin).await);
    partner.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    let token = server::auth::links::new_link(&app.app, store::audit::Actor::default(), person.id).await.expect("a link");
    let cookie = person.cookie.split_once('=').expect("a cookie").1;
    let mut looked = 0;
    for bytes in app.contents().await {
        looked += bytes.len();
        for (what, secret) in [("key", partner.key.as_str()), ("password", PASSWORD), ("link", &token), ("session", cookie)] {
            // PostgreSQL shows bytes in hexadecimal digits.
            let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
            for form in [secret, &hex] {
                assert!(!bytes.windows(form.len()).any(|w| w == form.as_bytes()), "the {what} is in the database");
            }
        }
        assert!(!bytes.windows(30).any(|w| w == &partner.key.as_bytes()[4..34]));
    }
    assert!(looked > 5_000, "the database was not where it was looked for");
}
