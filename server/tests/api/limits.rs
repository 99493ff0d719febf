//! The quotas of keys, organisations and sessions.

use crate::support::*;
use domain::{DAY, MINUTE, Role, SECOND};
use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use server::{
    api::{
        MAX_INFLATED,
        submit::{Submission, submit},
    },
    quotas::Quotas,
};
use store::{ByteQuota, Mode, Retention, What};

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

/// ASVS 2.4.1: a key that reads as fast as it can does not take the hub from those who read pages.
#[tokio::test]
async fn after_1200_reads_a_minute_a_key_waits() {
    let app = TestApp::start().await;
    let (partner, other) = (app.partner("alpha").await, app.partner("alpha").await);
    // All within a minute, however long it takes.
    app.app.clock.hold();
    let first = partner.get("whoami").await;
    assert_eq!((first.status, first.header("ratelimit-policy"), first.header("ratelimit")), (200, "\"read\";q=1200;w=60", "\"read\";r=1199;t=60"));
    // What is not there counts, too.
    let asked = futures::stream::iter(0..1_198).map(|_| async { partner.get("receipts/none").await.status });
    let statuses: Vec<u16> = asked.buffer_unordered(16).collect().await;
    assert!(statuses.iter().all(|status| *status == 404));
    let last = partner.get("receipts/none").await;
    assert_eq!((last.status, last.header("ratelimit")), (404, "\"read\";r=0;t=60"));
    for path in ["whoami", "receipts/none", "incidents/none", "alliance-key", "audit/checkpoint"] {
        let answer = partner.get(path).await;
        assert_eq!((answer.status, kind(&answer).as_str(), answer.header("retry-after")), (429, "quota", "60"), "{path}");
        assert_eq!((answer.header("ratelimit-policy"), answer.header("ratelimit")), ("\"read\";q=1200;w=60", "\"read\";r=0;t=60"), "{path}");
        assert!(answer.text().contains("At most 1200 reads a minute of a key"), "{path}: {}", answer.text());
    }
    assert_eq!(Answer::of(partner.request(Method::HEAD, "whoami")).await.status, 429);
    assert_eq!(other.get("whoami").await.status, 200, "the quota is the key's own");
    let push = partner.post("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    assert_eq!((push.status, push.header("ratelimit-policy")), (200, "\"push\";q=600;w=60"), "pushing is no reading");
    app.app.clock.advance(MINUTE);
    assert_eq!(partner.get("whoami").await.status, 200);
}

/// A hub with quotas of its own.
async fn hub(quotas: Quotas) -> TestApp {
    TestApp::start_with(Setup { quotas, ..Setup::default() }).await
}

fn kind(answer: &Answer) -> String {
    answer.problem()["type"].as_str().and_then(|t| t.strip_prefix("urn:shieldwall:problem:")).expect("a kind").to_owned()
}

fn quota<'a>(whoami: &'a Value, name: &str) -> &'a Value {
    whoami["quotas"].as_array().and_then(|all| all.iter().find(|q| q["name"] == name)).unwrap_or_else(|| panic!("{name} in {whoami}"))
}

/// ASVS 2.4.1: the quota of an organisation.
#[tokio::test]
async fn the_keys_of_an_organisation_share_its_pushes_per_minute() {
    let app = hub(Quotas { pushes_per_minute: 5, ..Quotas::default() }).await;
    let (one, two, other) = (app.partner("alpha").await, app.partner("alpha").await, app.partner("beta").await);
    let admin = app.person(Role::OrgAdmin).await;
    assert!(!admin.page("/connect").await.contains("has used"));
    for i in 0..5 {
        let answer = [&one, &two][i % 2].post("metrics", &items([sample(90.0 + i as f64, &app.at(-MINUTE))])).await;
        assert_eq!((answer.status, answer.header("ratelimit-policy")), (200, "\"organisation\";q=5;w=60"));
    }
    for partner in [&one, &two] {
        let answer = partner.post("metrics", &items([sample(1.0, &app.at(-MINUTE))])).await;
        assert_eq!((answer.status, kind(&answer).as_str()), (429, "quota"));
        let wait: i64 = answer.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&wait) && answer.text().contains("At most 5 pushes a minute of an organisation"), "{}", answer.text());
    }
    assert_eq!(other.post("metrics", &items([sample(1.0, &app.at(-MINUTE))])).await.status, 200);
    let whoami = one.get("whoami").await.json();
    assert_eq!(*quota(&whoami, "pushes per minute"), json!({ "name": "pushes per minute", "limit": 5, "used": 5, "warning": true }));
    assert_eq!((&quota(&whoami, "keys")["used"], &quota(&whoami, "keys")["warning"]), (&json!(2), &json!(false)));
    let page = admin.page("/connect").await;
    assert!(page.contains("has used") && words(&page).contains("5 of 5 ( pushes per minute )"), "{}", words(&page));
    app.app.clock.advance(MINUTE);
    assert_eq!(one.post("metrics", &items([sample(1.0, &app.at(-MINUTE))])).await.status, 200);
}

#[tokio::test]
async fn a_day_has_so_many_bytes_and_what_was_acknowledged_is_answered_again() {
    let app = hub(Quotas { bytes: ByteQuota { per_day: 2_000, total: 1 << 30 }, ..Quotas::default() }).await;
    let (partner, other) = (app.partner("alpha").await, app.partner("beta").await);
    let keyed = async |key: &str, value: f64| {
        let body = items([sample(value, &app.at(-MINUTE))]);
        (body.clone(), Answer::of(partner.request(Method::POST, "metrics").header("idempotency-key", key).json(&body)).await)
    };
    let (body, first) = keyed("first", 1.0).await;
    assert_eq!(first.status, 200);
    let mut n = 0;
    let refused = loop {
        n += 1;
        let (_, answer) = keyed(&format!("k{n}"), f64::from(n)).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(n < 100);
    };
    assert_eq!((refused.status, kind(&refused).as_str()), (429, "quota-bytes-per-day"));
    let wait: i64 = refused.header("retry-after").parse().expect("seconds");
    assert!((1..=DAY / SECOND).contains(&wait) && refused.text().contains("2000 bytes a day"), "{}", refused.text());
    // Nothing half kept, whichever way the push goes, dry or not, good or refused as a whole.
    let before = app.rows().await;
    let long = json!({ "items": [{ "external_id": "a", "title": "x".repeat(400), "severity": "low" }] });
    for (route, body) in [("metrics", &body), ("metrics?dry_run=true", &body), ("incidents", &long), ("incidents?mode=snapshot", &long)] {
        let answer = Answer::of(partner.request(Method::POST, route).header("idempotency-key", "new").json(body)).await;
        assert_eq!((answer.status, kind(&answer).as_str()), (429, "quota-bytes-per-day"), "{route}");
    }
    let bad = partner.post("incidents", &json!({ "items": [{ "external_id": "x".repeat(400) }] })).await;
    assert_eq!(kind(&bad), "quota-bytes-per-day", "a receipt of refused items is kept, too");
    assert_eq!(app.gained(&before).await, Default::default());
    let again = Answer::of(partner.request(Method::POST, "metrics").header("idempotency-key", "first").json(&body)).await;
    assert_eq!((again.status, again.header("idempotency-replayed"), again.json()), (200, "true", first.json()));
    assert_eq!(other.post("metrics", &body).await.status, 200, "somebody else");
    let whoami = partner.get("whoami").await.json();
    assert_eq!(quota(&whoami, "bytes per day")["warning"], true);
    app.app.clock.advance(wait * SECOND);
    assert_eq!(keyed("tomorrow", 7.0).await.1.status, 200);
    assert_eq!(quota(&partner.get("whoami").await.json(), "bytes per day")["warning"], false);
}

#[tokio::test]
async fn what_is_inflated_counts_whatever_comes_of_it() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let used = async || quota(&partner.get("whoami").await.json(), "bytes per day")["used"].as_u64().expect("bytes");
    let send = async |encoding: &str, key: &str, body: Vec<u8>| {
        let request = partner.request(Method::POST, "metrics").header("content-type", "application/json").header("content-encoding", encoding);
        Answer::of(request.header("idempotency-key", key).body(body)).await.status
    };
    let spaces = |n: usize| vec![b' '; n];
    let (broken, bomb) = ([b"{".to_vec(), spaces(5 << 20)].concat(), spaces(MAX_INFLATED + 2));
    let good = items([sample(1.0, &app.at(-MINUTE))]).to_string().into_bytes();
    let large = [spaces(100_000), good.clone()].concat();
    let mut expected = 0;
    for (what, encoding, key, body, inflated, status) in [
        ("broken", "gzip", "a", gzip(&broken).await, broken.len(), 400),
        ("small and broken", "identity", "b", b"{".to_vec(), 1, 400),
        ("small, packed and broken", "gzip", "c", gzip(b"{").await, 1, 400),
        ("too much", "gzip", "d", gzip(&bomb).await, MAX_INFLATED + 1, 413),
        ("good", "identity", "e", good.clone(), good.len(), 200),
        ("repeated", "identity", "e", good.clone(), good.len(), 200),
        ("large", "identity", "f", large.clone(), large.len(), 200),
        ("large and repeated", "identity", "f", large.clone(), large.len(), 200),
    ] {
        assert_eq!(send(encoding, key, body).await, status, "{what}");
        expected += inflated as u64;
        assert_eq!(used().await, expected, "{what}");
    }
}

/// The runtime's threads answer everybody meanwhile.
#[tokio::test]
async fn a_large_body_is_read_beside_everything_else() {
    let app = TestApp::start().await;
    let submission = Submission {
        org: app.org("alpha"),
        org_slug: "alpha".into(),
        key_id: None,
        key_name: "test".into(),
        what: What::Metrics,
        mode: Mode::Delta,
        as_of: None,
        strict: false,
        dry_run: true,
        backfill: false,
        ndjson: false,
        // Broken at its end, so that it never comes to the database.
        body: [b"{\"items\":[".to_vec(), vec![b' '; 7 << 20]].concat(),
        user_agent: String::new(),
        idempotency: None,
        expected_revision: None,
    };
    let mut turns = 0;
    let mut read = std::pin::pin!(submit(&app.app, submission));
    let refused = loop {
        tokio::select! {
            biased;
            done = &mut read => break done,
            () = tokio::task::yield_now() => turns += 1,
        }
    };
    assert!(refused.is_err() && turns > 100, "{turns} turns of others");
}

#[tokio::test]
async fn payloads_have_so_many_bytes_in_all_until_retention_frees_them() {
    let app = hub(Quotas { bytes: ByteQuota { per_day: 1 << 30, total: 3_000 }, ..Quotas::default() }).await;
    let partner = app.partner("alpha").await;
    let push = async |n: u32| partner.post("metrics", &items([sample(f64::from(n), &app.at(-MINUTE))])).await;
    let mut n = 0;
    let refused = loop {
        n += 1;
        let answer = push(n).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(n < 100);
    };
    assert_eq!((refused.status, kind(&refused).as_str(), refused.header("retry-after")), (507, "quota-bytes-total", ""));
    assert_eq!(quota(&partner.get("whoami").await.json(), "bytes in all")["warning"], true);
    app.app.clock.advance(2 * DAY);
    let partner = app.partner("alpha").await;
    assert_eq!(partner.post("metrics", &items([sample(2.0, &app.at(-MINUTE))])).await.status, 507, "a day changes nothing");
    app.app.store.hub().retain(Retention { payloads: 1, ..Retention::default() }, app.now()).await.expect("retention");
    assert_eq!(quota(&partner.get("whoami").await.json(), "bytes in all")["used"], 0);
    assert_eq!(partner.post("metrics", &items([sample(2.0, &app.at(-MINUTE))])).await.status, 200);
}

#[tokio::test]
async fn an_organisation_has_so_many_live_keys() {
    let app = hub(Quotas { keys: 2, ..Quotas::default() }).await;
    let admin = app.person(Role::OrgAdmin).await;
    for (name, status) in [("one", 200), ("two", 200), ("three", 409)] {
        assert_eq!(admin.post("/connect", &[("name", name)]).await.status, status, "{name}");
    }
    assert!(admin.page("/connect").await.contains("has used"));
    admin.post("/connect/revoke", &[("name", "one")]).await;
    assert_eq!(admin.post("/connect", &[("name", "three")]).await.status, 200);
}

/// What one person's pages may cost, in however many sessions: they are told when to come again, and nobody else suffers.
#[tokio::test]
async fn a_person_who_asks_for_too_much_waits() {
    let app = hub(Quotas { page_seconds_per_minute: 1, ..Quotas::default() }).await;
    let (busy, other) = (app.person(Role::Analyst).await, app.person(Role::Analyst).await);
    let second = {
        let _turn = SIGNING_IN.lock().await;
        cookie_of(&app.form("/auth/signin", &[("email", &busy.email), ("password", PASSWORD)], "").await)
    };
    let paths = ["/incidents?q=nothing", "/csv/incidents", "/orgs"];
    let answers = futures::future::join_all((0..24).map(|i| busy.get(paths[i % 3]))).await;
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(!refused.is_empty() && refused.len() < 24, "four at once have room: {} of 24 were refused", refused.len());
    for answer in refused {
        let wait: i64 = answer.header("retry-after").parse().expect("seconds");
        assert!((1..=60).contains(&wait) && answer.text().contains("Try again in"), "{}", answer.text());
    }
    assert_eq!(other.get("/incidents?q=nothing").await.status, 200, "somebody else");
    let mut stream = busy.stream(None).await;
    assert_eq!(stream.event().await.kind, "hello", "streams are not counted");
    app.app.clock.advance(MINUTE);
    assert_eq!(busy.get("/incidents?q=nothing").await.status, 200);
    app.app.clock.hold();
    while busy.get("/orgs").await.status != 429 {}
    assert_eq!(app.visit("/orgs", &second).await.status, 429, "another session of theirs");
}

/// Forms that change nothing much are rows in the audit trail all the same.
#[tokio::test]
async fn a_person_who_sends_too_many_forms_waits() {
    let app = hub(Quotas { changes_per_minute: 3, ..Quotas::default() }).await;
    let (busy, other) = (app.person(Role::OrgAdmin).await, app.person(Role::OrgAdmin).await);
    for n in 0..3 {
        assert_eq!(busy.post("/connect/revoke", &[("name", "none")]).await.status, 303, "{n}");
    }
    let before = app.app.store.hub().audit_after(0).await.expect("the trail").len();
    let rows = app.rows().await;
    let answer = busy.post("/connect", &[("name", "one")]).await;
    assert_eq!(app.gained(&rows).await.get("kept_forms"), None, "it is not kept either: so many would be more than the hub can");
    let wait: i64 = answer.header("retry-after").parse().expect("seconds");
    assert!(answer.status == 429 && (1..=60).contains(&wait), "{}", answer.text());
    assert_eq!(app.app.store.hub().audit_after(0).await.expect("the trail").len(), before);
    assert_eq!(busy.get("/connect").await.status, 200, "reading goes on");
    assert_eq!(other.post("/connect/revoke", &[("name", "none")]).await.status, 303, "somebody else");
    app.app.clock.advance(MINUTE);
    assert_eq!(busy.post("/connect", &[("name", "one")]).await.status, 200);
}
