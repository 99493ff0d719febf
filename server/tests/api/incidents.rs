//! One incident at a time, with its revision as ETag.

use crate::support::*;
use domain::{MINUTE, Role};
use serde_json::json;

#[tokio::test]
async fn a_revision_is_replaced_only_by_who_read_it() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let body = |severity: &str| without(incident("x", severity, "GREEN"), "external_id");
    let created = partner.put("INC-1", &[("if-none-match", "*")], &body("low")).await;
    assert_eq!((created.status, created.header("etag")), (200, "\"1\""), "{}", created.text());
    let before = app.rows().await;
    let exists = partner.put("INC-1", &[("if-none-match", "*")], &body("high")).await;
    assert_eq!((exists.status, exists.problem()["type"].as_str()), (412, Some("urn:shieldwall:problem:precondition")));
    assert_eq!(app.gained(&before).await, Default::default(), "a mismatch leaves nothing");
    let replaced = partner.put("INC-1", &[("if-match", "\"1\"")], &body("high")).await;
    assert_eq!((replaced.status, replaced.header("etag")), (200, "\"2\""));
    for stale in ["\"1\"", "\"7\"", "\"nonsense\""] {
        assert_eq!(partner.put("INC-1", &[("if-match", stale)], &body("critical")).await.status, 412, "{stale}");
    }
    assert_eq!(partner.put("INC-2", &[("if-match", "\"1\"")], &body("low")).await.status, 412, "there is none to match");
    let read = partner.get("incidents/INC-1").await;
    assert_eq!((read.status, read.header("etag"), &read.json()["severity"], &read.json()["external_id"]), (200, "\"2\"", &json!("high"), &json!("INC-1")));
    let same = Answer::of(partner.request(reqwest::Method::GET, "incidents/INC-1").header("if-none-match", "\"2\"")).await;
    assert_eq!((same.status, same.body.len()), (304, 0));
    app.settle().await;
    let rows = app.person(Role::Analyst).await.get("/csv/incidents").await.csv();
    assert_eq!(rows.iter().map(|r| (r[1].as_str(), r[3].as_str())).collect::<Vec<_>>(), [("INC-1", "high")]);
}

#[tokio::test]
async fn one_of_two_who_read_the_same_wins() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let body = |title: String| with(without(incident("x", "low", "GREEN"), "external_id"), "title", title);
    assert_eq!(partner.put("INC-1", &[], &body("first".into())).await.status, 200);
    let bodies: Vec<_> = (0..8).map(|i| body(format!("word {i}"))).collect();
    let answers = futures::future::join_all(bodies.iter().map(|b| partner.put("INC-1", &[("if-match", "\"1\"")], b))).await;
    let mut statuses: Vec<_> = answers.iter().map(|a| a.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
    assert_eq!(partner.get("incidents/INC-1").await.header("etag"), "\"2\"");
}

#[tokio::test]
async fn refusals_point_into_the_body_that_was_sent() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let good = incident("INC-1", "low", "GREEN");
    for (what, body, status, pointer) in [
        ("a word that is none", with(good.clone(), "severity", "urgent"), 422, "/severity"),
        ("another type", with(good.clone(), "title", 5), 422, "/title"),
        ("a missing field", without(good.clone(), "title"), 422, "/title"),
        ("an unknown field", with(good.clone(), "sevrity", "low"), 422, "/sevrity"),
        ("a recipient that is none", with(good.clone(), "recipients", json!(["delta"])), 422, "/recipients/0"),
        ("another id than the path's", with(good.clone(), "external_id", "INC-2"), 422, "/external_id"),
        ("another organisation", with(good.clone(), "org", "beta"), 403, "/org"),
    ] {
        let answer = partner.put("INC-1", &[], &body).await;
        assert_eq!((answer.status, answer.pointers()), (status, vec![pointer.to_owned()]), "{what}: {}", answer.text());
    }
    assert_eq!(partner.put("INC-1?mode=snapshot", &[], &good).await.status, 400, "a snapshot of one would close all others");
    assert_eq!(partner.get("incidents/INC-1").await.status, 404);
}

#[tokio::test]
async fn another_organisations_incident_is_absent() {
    let app = TestApp::start().await;
    app.partner("alpha").await.push("incidents", &items([incident("INC-1", "low", "CLEAR")])).await;
    let beta = app.partner("beta").await;
    let (foreign, absent) = (beta.get("incidents/INC-1").await, beta.get("incidents/INC-9").await);
    assert_eq!((foreign.status, foreign.body), (404, absent.body));
    // Its own of the same name is another one.
    assert_eq!(beta.put("INC-1", &[("if-none-match", "*")], &incident("INC-1", "high", "CLEAR")).await.header("etag"), "\"1\"");
}

#[tokio::test]
async fn every_open_critical_incident_is_named_where_attention_is_asked() {
    let app = TestApp::start().await;
    let alpha = app.partner("alpha").await;
    alpha.push("metrics", &items([sample(98.0, &app.at(-MINUTE))])).await;
    alpha.push("incidents", &items([incident("a", "critical", "GREEN")])).await;
    app.settle().await;
    let person = app.person_of("beta", Role::Executive).await;
    let text = words(&person.page("/").await);
    assert!(text.contains("Critical incident open for") && text.contains("caps the score at 60: Title of a"), "{text}");
    alpha.push("incidents", &items([incident("b", "critical", "GREEN"), incident("c", "critical", "RED")])).await;
    app.settle().await;
    let page = person.page("/").await;
    let text = words(&page);
    assert!(text.contains("Two open critical incidents cap the score at 60") && text.contains("Title of a") && text.contains("Title of b"), "{text}");
    assert!(text.contains("Two open critical incidents at ALPHA Works cap its score; without them"), "{text}");
    assert!(!text.contains("Title of c") && page.contains("/incidents?org=alpha&amp;sev=critical"), "{text}");
}
