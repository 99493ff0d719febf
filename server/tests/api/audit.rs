//! Who did what is in the audit trail, and partners are its witnesses.

use crate::support::*;
use domain::{MINUTE, Role, SECOND};
use reqwest::Method;
use serde_json::{Value, json};
use server::audit::{self, CheckpointFile};
use store::audit::{Actor, AuditRow, Checkpoint, Signer};

/// Rows after a number.
async fn after(app: &TestApp, no: i64) -> Vec<AuditRow> {
    app.app.store.hub().audit_after(no).await.expect("the trail")
}

async fn last(app: &TestApp) -> i64 {
    after(app, 0).await.last().expect("rows").no
}

fn said(rows: &[AuditRow]) -> Vec<(&str, &str)> {
    rows.iter().map(|r| (r.action.as_str(), r.object.as_str())).collect()
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let _turn = SIGNING_IN.lock().await;
    app.form("/auth/signin", &[("email", email), ("password", password)], "").await
}

#[tokio::test]
async fn people_leave_rows() {
    let app = TestApp::start().await;
    let (id, email) = app.account("alpha", Role::OrgAdmin).await;
    let (begin, user) = (last(&app).await, format!("user {id}"));
    sign_in(&app, &email, "wrong").await;
    sign_in(&app, "nobody@alpha.example", "my password").await;
    let cookie = cookie_of(&sign_in(&app, &email, PASSWORD).await);
    app.form("/connect", &[("name", "siem")], &cookie).await;
    app.form("/connect", &[("name", "siem")], &cookie).await;
    app.form("/connect/revoke", &[("name", "siem")], &cookie).await;
    app.form("/connect/revoke", &[("name", "siem")], &cookie).await;
    assert_eq!(app.visit("/csv/orgs", &cookie).await.status, 200);
    app.form("/auth/signout", &[], &cookie).await;
    let rows = after(&app, begin).await;
    let expected = [
        ("signin.failed", user.as_str()),
        ("signin.failed", "no such account"),
        ("session.started", &user),
        ("key.created", "key siem"),
        ("key.revoked", "key siem"),
        ("exported", "organisations.csv"),
        ("session.ended", &user),
    ];
    assert_eq!(said(&rows), expected);
    let (alpha, own) = (Some(app.org("alpha")), Actor { org: Some(app.org("alpha")), user: Some(id) });
    let by: Vec<_> = rows.iter().map(|r| (r.actor, r.org)).collect();
    let nobody = Actor::default();
    assert_eq!(by, [(nobody, alpha), (nobody, None), (own, alpha), (own, alpha), (own, alpha), (own, alpha), (own, alpha)]);
    assert_eq!((rows[0].detail.as_str(), rows[5].detail.as_str()), (r#"{"address":"127.0.0.1"}"#, r#"{"rows":3}"#));
    assert!(!format!("{rows:?}").contains("my password"));
    app.app.store.hub().verify_audit(&[]).await.expect("an unharmed trail");
}

/// ASVS 16.3.2: denials are written down.
#[tokio::test]
async fn refusals_leave_rows_once_a_minute() {
    let app = TestApp::start().await;
    let analyst = app.person(Role::Analyst).await;
    let (key, name) = app.key("alpha", "events", None).await;
    let begin = last(&app).await;
    let refused = async || {
        assert_eq!(analyst.post("/connect", &[("name", "siem")]).await.status, 403);
        let push = app.request(Method::POST, "/api/v1/metrics").bearer_auth(&key).json(&items([sample(1.0, &app.at(-MINUTE))]));
        assert_eq!(Answer::of(push).await.status, 403);
    };
    refused().await;
    refused().await;
    let object = format!("key {name}");
    let expected = [("denied", "/connect"), ("denied", object.as_str())];
    assert_eq!(said(&after(&app, begin).await), expected);
    app.app.clock.advance(MINUTE);
    refused().await;
    let rows = after(&app, begin).await;
    assert_eq!(said(&rows), [expected, expected].concat());
    assert!(rows.iter().all(|r| r.org == Some(app.org("alpha"))));

    app.app.store.hub().revoke_key(app.org("alpha"), name.clone(), app.now()).await.expect("revoked");
    app.app.clock.advance(5 * SECOND);
    let begin = last(&app).await;
    for _ in 0..3 {
        assert_eq!(Answer::of(app.request(Method::GET, "/api/v1/whoami").bearer_auth(&key)).await.status, 401);
    }
    let rows = after(&app, begin).await;
    assert_eq!((said(&rows), rows[0].detail.as_str()), (vec![("denied", object.as_str())], r#"{"key":"revoked"}"#));

    let begin = last(&app).await;
    for _ in 0..8 {
        sign_in(&app, &analyst.email, "wrong").await;
    }
    let rows = after(&app, begin).await;
    let failed = rows.iter().filter(|r| r.action == "signin.failed").count();
    assert_eq!((failed, rows.len(), rows[5].action.as_str()), (5, 6, "signin.throttled"));
}

#[tokio::test]
async fn an_administrator_reads_what_concerns_the_own_organisation() {
    let app = TestApp::start().await;
    let (own, other) = (app.person_of("alpha", Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    own.post("/connect", &[("name", "canary-key")]).await;
    let lines = own.get("/admin/audit.jsonl").await.text();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert!(lines.iter().any(|line| line["object"] == "key canary-key" && line["organisation"] == "alpha"), "{lines:?}");
    assert!(lines.is_sorted_by_key(|line| -line["no"].as_i64().expect("a number")), "newest first");
    let theirs = other.get("/admin/audit.jsonl").await;
    assert_eq!((theirs.status, theirs.header("content-type")), (200, "application/x-ndjson"));
    assert!(!theirs.text().contains("canary-key") && theirs.text().contains(&format!("user {}", other.id)), "{}", theirs.text());
    assert!(!theirs.text().contains(&format!("user {}\"", own.id)));
    assert!(own.page("/admin/audit").await.contains("canary-key") && !other.page("/admin/audit").await.contains("canary-key"));
    // An own organisation's row by a name that a foreign one has: still not theirs.
    assert!(!other.get("/admin/audit.jsonl?org=alpha").await.text().contains("canary-key"), "a filter widens nothing");
    assert!(!other.page("/admin/audit?org=alpha").await.contains("canary-key"));
    for role in Role::ALL.into_iter().filter(|role| !role.reads_audit()) {
        let person = app.person(role).await;
        assert_eq!((person.get("/admin/audit.jsonl").await.status, person.get("/admin/audit").await.status), (403, 403), "{role}");
    }
}

#[tokio::test]
async fn an_auditor_reads_the_whole_trail_and_narrows_it() {
    let app = TestApp::start().await;
    let (own, other) = (app.person_of("alpha", Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    own.post("/connect", &[("name", "a_siem")]).await;
    other.post("/connect", &[("name", "axsiem")]).await;
    let auditor = app.person_of("gamma", Role::Auditor).await;
    let objects = async |query: &str| {
        let text = auditor.get(&format!("/admin/audit.jsonl{query}")).await.text();
        let object = |line: &str| serde_json::from_str::<Value>(line).expect("JSON")["object"].as_str().expect("an object").to_owned();
        text.lines().map(object).collect::<Vec<_>>()
    };
    assert_eq!(objects("?kind=key.").await, ["key axsiem", "key a_siem"]);
    assert_eq!(objects("?kind=key.&org=alpha").await, ["key a_siem"]);
    assert_eq!(objects("?q=A_SIEM").await, ["key a_siem"], "what is typed stands for itself");
    assert!(objects("?kind=%25").await.is_empty());
    let page = auditor.page("/admin/audit").await;
    assert!(page.contains("key a_siem") && page.contains("key axsiem") && page.contains("Audit trail of the alliance"));
    assert_eq!(auditor.get("/admin/audit?org=nowhere").await.status, 404);
    let rows = after(&app, 0).await;
    assert!(rows.iter().filter(|r| r.action == "exported" && r.object == "audit.jsonl").count() >= 4, "taking it away is a row itself");
    // Row by row over pages: nothing twice, nothing left out.
    for n in 0..120 {
        app.app.store.hub().revoke_key(app.org("alpha"), format!("none {n}"), app.now()).await.expect("nothing to revoke");
        app.key("alpha", "metrics", None).await;
    }
    let (mut cursor, mut seen) = (String::new(), 0);
    loop {
        let page = auditor.page(&format!("/admin/audit?kind=key.created&cursor={cursor}")).await;
        seen += page.matches("<code>key.created</code>").count();
        let Some(link) = page.split("Next page").next().filter(|rest| rest.len() < page.len()) else { break };
        cursor = link.rsplit("cursor=").next().expect("a cursor").split(['"', '&']).next().unwrap_or_default().to_owned();
    }
    assert_eq!(seen, 122);
}

#[tokio::test]
async fn receipts_name_the_newest_checkpoint_and_partners_can_keep_it() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let ask = async || Answer::of(app.request(Method::GET, "/api/v1/audit/checkpoint").bearer_auth(&partner.key)).await;
    let receipt = partner.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    assert!(receipt.get("audit_checkpoint").is_none(), "{receipt}");
    audit::checkpoint(&app.app).await.expect("nothing to do without a key");
    assert_eq!(ask().await.status, 404);

    app.app.audit.sign_with(Signer::new(&[3; 32]));
    audit::checkpoint(&app.app).await.expect("a checkpoint");
    let kept: CheckpointFile = serde_json::from_value(ask().await.json()).expect("a checkpoint");
    assert_eq!((kept.number, kept.row), (1, last(&app).await));
    let receipt = partner.push("metrics", &items([sample(91.0, &app.at(-2 * MINUTE))])).await;
    assert_eq!(receipt["audit_checkpoint"], json!({ "number": 1, "hash": kept.hash }));
    audit::checkpoint(&app.app).await.expect("nothing new: pushes are no rows");
    assert_eq!(ask().await.json()["number"], 1);
    app.person(Role::Analyst).await;
    audit::checkpoint(&app.app).await.expect("a checkpoint");
    assert_eq!(ask().await.json()["number"], 2);
    let witness = Checkpoint::try_from(kept).expect("readable");
    assert!(witness.is_signed());
    app.app.store.hub().verify_audit(&[witness]).await.expect("the witness agrees");
}
