//! What a role may and may not.

use crate::support::*;
use domain::{MINUTE, Role};
use reqwest::Method;
use serde_json::{Value, json};

const CANARY: &str = "canary-in-a-payload";

fn receipt_page(receipt: &Value) -> String {
    format!("/receipts/{}", receipt["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn an_executive_reads_receipts_without_payloads() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let labelled = with(sample(90.0, &app.at(-MINUTE)), "labels", json!({ "site": CANARY }));
    let metrics = receipt_page(&partner.push("metrics", &items([labelled])).await);
    let incidents = receipt_page(&partner.push("incidents", &items([with(incident("a", "low", "RED"), "description", CANARY)])).await);
    for role in Role::ALL {
        let (own, other) = (app.person_of("alpha", role).await, app.person_of("beta", role).await);
        for (who, page) in [(&own, &metrics), (&own, &incidents), (&other, &metrics)] {
            let text = who.page(page).await;
            assert_eq!(text.contains(CANARY), role != Role::Executive, "{role} at {page}");
            assert_eq!(text.contains("Your role does not open raw payloads"), role == Role::Executive, "{role} at {page}");
            assert!(!text.contains("payload is not shared with you"), "{role} at {page}");
        }
        assert_eq!(other.get(&incidents).await.status, 404, "{role}: a push of records stays at home");
    }
}

/// Which program an organisation sends with, and what it calls its requests, is nobody else's business.
#[tokio::test]
async fn only_the_sender_sees_what_its_request_was_called() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let push = partner.request(Method::POST, "metrics").header("user-agent", "canary-agent/1.2").header("idempotency-key", "canary-idempotency");
    let receipt = Answer::of(push.json(&items([sample(90.0, &app.at(-MINUTE))]))).await.json();
    app.settle().await;
    for (org, sees) in [("alpha", true), ("beta", false)] {
        let text = app.person_of(org, Role::Analyst).await.page(&receipt_page(&receipt)).await;
        for canary in ["canary-agent/1.2", "canary-idempotency"] {
            assert_eq!(text.contains(canary), sees, "{org}: {canary}");
        }
        assert!(text.contains("SHA-256 of the payload"), "the rest of it is shared");
    }
}

#[tokio::test]
async fn only_an_administrator_makes_keys() {
    let app = TestApp::start().await;
    for role in [Role::Executive, Role::Analyst, Role::Steward] {
        let person = app.person(role).await;
        let before = app.rows().await;
        assert_eq!(person.post("/connect", &[("name", "siem")]).await.status, 403, "{role}");
        assert_eq!(person.post("/connect/revoke", &[("name", "siem")]).await.status, 403, "{role}");
        assert_eq!(app.gained(&before).await, Default::default());
        assert!(!person.page("/connect").await.contains("name=\"name\""), "{role} gets no form");
    }
    let admin = app.person(Role::OrgAdmin).await;
    assert!(admin.page("/connect").await.contains("name=\"name\""));
    let made = admin.post("/connect", &[("name", "siem")]).await;
    assert_eq!(made.status, 200);
    let page = made.text();
    let key = page
        .match_indices("swk_")
        .map(|(i, _)| page[i..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>())
        .find(|k| k.len() == server::auth::keys::LENGTH)
        .expect("the key");
    assert!(
        page.contains(&format!("Authorization: Bearer {key}")) || page.contains(&format!("Authorization: Bearer {key}&#x27;")),
        "inside a working command: {page}"
    );
    assert!(!admin.page("/connect").await.contains(&key), "shown once");
    let ask = async || Answer::of(app.request(Method::GET, "/api/v1/whoami").bearer_auth(&key)).await;
    assert_eq!((ask().await.json()["organisation"].as_str(), ask().await.json()["key"].as_str()), (Some("alpha"), Some("siem")));
    assert_eq!(admin.post("/connect", &[("name", "siem")]).await.header("location"), "/connect?error=name");
    assert_eq!(admin.post("/connect", &[("name", " \u{7} ")]).await.status, 422);
    // Another organisation's administrator revokes nothing here, and learns nothing.
    let other = app.person_of("beta", Role::OrgAdmin).await;
    assert!(!other.page("/connect").await.contains("siem\""));
    assert_eq!(other.post("/connect/revoke", &[("name", "siem")]).await.header("location"), "/connect");
    app.app.clock.advance(5 * domain::SECOND);
    assert_eq!(ask().await.status, 200);
    assert_eq!(admin.post("/connect/revoke", &[("name", "siem")]).await.header("location"), "/connect");
    app.app.clock.advance(5 * domain::SECOND);
    assert_eq!(ask().await.status, 401);
    assert!(admin.page("/connect").await.contains("Revoked"));
}

#[tokio::test]
async fn a_first_push_appears_where_the_key_was_made() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    assert!(!admin.page("/connect").await.contains("/receipts/"));
    let receipt = app.partner("alpha").await.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    assert!(admin.page("/connect").await.contains(&receipt_page(&receipt)));
}

#[tokio::test]
async fn disabling_nobody_but_changing_the_password_ends_sessions() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    let token = server::auth::links::new_link(&app.app, store::audit::Actor::default(), person.id).await.expect("a link");
    let answer = {
        let _turn = SIGNING_IN.lock().await;
        let other = "harbour-lantern-42-oxide";
        app.form("/auth/welcome", &[("token", &token), ("password", other), ("again", other)], "").await
    };
    assert_eq!(answer.header("location"), "/", "{}", answer.text());
    assert_eq!(person.get("/").await.status, 303, "the old session is over");
    assert_eq!(app.visit("/", &cookie_of(&answer)).await.status, 200);
}
