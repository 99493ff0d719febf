//! Each endpoint takes its items, answers with a receipt, and the receipt can be read again.

use crate::support::*;
use domain::{DAY, HOUR, MINUTE, Role};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// A receipt of `total` items, all kept, that the sender can read again.
async fn is_receipt(partner: &Partner<'_>, receipt: &Value, total: u32) {
    let id: Uuid = receipt["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    for (field, value) in [("total_count", total), ("success_count", total), ("failure_count", 0), ("pending_count", 0)] {
        assert_eq!(receipt[field], value, "{field} of {receipt}");
    }
    assert_eq!((receipt["status"].as_str(), &receipt["failures"]), (Some("complete"), &json!([])));
    assert!(domain::Timestamp::parse(receipt["request_timestamp"].as_str().expect("a moment")).is_ok());
    let again = partner.get(&format!("receipts/{id}")).await;
    assert_eq!((again.status, &again.json()), (200, receipt));
}

#[tokio::test]
async fn metrics() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    let labelled = with(sample(71.0, &app.at(-MINUTE)), "labels", json!({ "site": "north" }));
    let receipt = partner.push("metrics", &items([sample(93.5, &app.at(-MINUTE)), labelled])).await;
    is_receipt(&partner, &receipt, 2).await;
    let page = person.page("/orgs/alpha/metrics/mfa_coverage_pct").await;
    assert!(page.contains("93.5") && page.contains("site=north"), "{page}");
    assert!(page.contains(&partner.name), "who pushed it");
}

#[tokio::test]
async fn incidents_events_and_their_page() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    let incident = with(with(incident("INC-1", "high", "GREEN"), "attributes", json!({ "ticket": "T-77" })), "description", "Somebody forwards invoices.");
    let receipt = partner.push("incidents", &items([incident])).await;
    is_receipt(&partner, &receipt, 1).await;
    let event = with(event("alert-1", "GREEN", &app.at(-MINUTE)), "incident", "INC-1");
    let receipt = partner.push("events", &items([event])).await;
    is_receipt(&partner, &receipt, 1).await;
    let queue = person.page("/incidents").await;
    let page = person.page(&link(&queue, "/incidents/")).await;
    for words in ["Title of INC-1", "Somebody forwards invoices.", "T-77", "Phishing", "Title of alert-1"] {
        assert!(page.contains(words), "{words} in {page}");
    }
    let event = person.page(&link(&page, "/events/")).await;
    assert!(event.contains("alert-1") && event.contains("Title of INC-1"), "{event}");
}

#[tokio::test]
async fn events_as_lines() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let lines = format!("{}\n\n{}\n", event("a", "GREEN", &app.at(-MINUTE)), event("b", "CLEAR", &app.at(-MINUTE)));
    let send = async |body: String| Answer::of(partner.request(Method::POST, "events").header("content-type", "application/x-ndjson").body(body)).await;
    let answer = send(lines.clone()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    is_receipt(&partner, &answer.json(), 2).await;
    // Repeating is harmless and counts as success.
    let before = app.rows().await;
    assert_eq!(send(lines).await.json()["success_count"], 2);
    assert_eq!(app.gained(&before).await.get("events"), None);
    // The pointer counts items, as the index does.
    let answer = send(format!("{}\n{}", event("c", "GREEN", &app.at(0)), json!({ "external_id": "d" }))).await;
    assert_eq!((answer.status, &answer.json()["failures"][0]["pointer"]), (200, &json!("/1/title")));
    let answer = send("{\"external_id\": \n".into()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.problem()["detail"].as_str().is_some_and(|d| d.starts_with("Line 1")));
}

#[tokio::test]
async fn indicators_and_who_else_saw_them() {
    let app = TestApp::start().await;
    let (alpha, beta, person) = (app.partner("alpha").await, app.partner("beta").await, app.person(Role::Analyst).await);
    let receipt = alpha.push("indicators", &items([indicator("Evil.Example.", "GREEN"), indicator("other.example", "GREEN")])).await;
    is_receipt(&alpha, &receipt, 2).await;
    beta.push("indicators", &items([indicator("evil.example", "CLEAR")])).await;
    let rows = person.get("/csv/indicators?seen=2").await.csv();
    assert_eq!(
        rows.iter().map(|r| (r[0].as_str(), r[2].as_str(), r[6].as_str())).collect::<Vec<_>>(),
        [("beta", "evil.example", "2"), ("alpha", "evil.example", "2")]
    );
    let page = person.page(&link(&person.page("/indicators?seen=2").await, "/indicators/")).await;
    assert!(page.contains("ALPHA Works") && page.contains("BETA Works"), "{page}");
}

#[tokio::test]
async fn indicator_counts_replace_their_window() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    let (from, to) = (app.at(-2 * DAY), app.at(-DAY));
    let body = |n: u64| json!({ "window_start": from, "window_end": to, "counts": [{ "type": "url", "tlp": "GREEN", "severity": "high", "count": n }] });
    let receipt = partner.push("indicator-counts", &body(4_711)).await;
    is_receipt(&partner, &receipt, 1).await;
    assert!(person.page("/orgs/alpha").await.contains("4,711"));
    // The push log's filter is the class of data, by whichever endpoint it came.
    partner.push("indicators", &items([indicator("one.example", "GREEN")])).await;
    for (class, pushes) in [("indicators", 2), ("posture", 0)] {
        let page = person.page(&format!("/receipts?kind={class}")).await;
        assert_eq!(page.matches("data-key=").count(), pushes, "{class}: {page}");
    }
    partner.push("indicator-counts", &body(4_712)).await;
    let page = person.page("/orgs/alpha").await;
    assert!(page.contains("4,712") && !page.contains("4,711"), "{page}");
}

#[tokio::test]
async fn packed_bodies_are_inflated() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let body = items([sample(50.0, &app.at(-HOUR))]).to_string();
    for (encoding, packed) in [("gzip", gzip(body.as_bytes()).await), ("zstd", zstd(body.as_bytes())), ("identity", body.clone().into_bytes())] {
        let request = partner.request(Method::POST, "metrics").header("content-type", "application/json").header("content-encoding", encoding).body(packed);
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.json()["success_count"].as_u64()), (200, Some(1)), "{encoding}: {}", answer.text());
    }
}

#[tokio::test]
async fn packed_pieces_are_all_read() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let lines = ["a", "b", "c"].map(|id| format!("{}\n", event(id, "GREEN", &app.at(-MINUTE))));
    let (mut gzipped, mut zstded) = (Vec::new(), Vec::new());
    for line in &lines {
        gzipped.extend(gzip(line.as_bytes()).await);
        zstded.extend(zstd(line.as_bytes()));
    }
    for (encoding, packed) in [("gzip", gzipped), ("zstd", zstded)] {
        let request = partner.request(Method::POST, "events").header("content-type", "application/x-ndjson").header("content-encoding", encoding).body(packed);
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.json()["total_count"].as_u64()), (200, Some(3)), "{encoding}: {}", answer.text());
    }
}

#[tokio::test]
async fn good_items_are_kept_beside_bad_ones() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let (before, at) = (app.rows().await, app.at(-MINUTE));
    let body = items([sample(90.0, &at), sample(190.0, &at), with(sample(1.0, &at), "metric", "no_such_metric"), without(sample(1.0, &at), "observed_at")]);
    let answer = partner.post("metrics", &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let receipt = answer.json();
    assert_eq!((&receipt["success_count"], &receipt["failure_count"]), (&json!(1), &json!(3)));
    let failures: Vec<_> =
        receipt["failures"].as_array().expect("failures").iter().map(|f| (f["index"].as_u64(), f["pointer"].as_str(), f["code"].as_str())).collect();
    assert_eq!(
        failures,
        [
            (Some(1), Some("/items/1/value"), Some("out_of_range")),
            (Some(2), Some("/items/2/metric"), Some("unknown_metric")),
            (Some(3), Some("/items/3/observed_at"), Some("missing_field")),
        ]
    );
    assert_eq!(app.gained(&before).await["pushed_samples"], 1);
    // The receipt says the same to the machine and to people.
    assert_eq!(partner.get(&format!("receipts/{}", receipt["id"].as_str().unwrap_or_default())).await.json(), receipt);
    app.settle().await;
    let page = app.person(Role::Analyst).await.page(&format!("/receipts/{}", receipt["id"].as_str().unwrap_or_default())).await;
    assert!(page.contains("/items/2/metric") && page.contains("no_such_metric"), "{page}");
}

/// ASVS 2.3.3: all or nothing, where that is asked for.
#[tokio::test]
async fn strict_keeps_all_or_nothing() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let (before, at) = (app.rows().await, app.at(-MINUTE));
    let body = items([sample(90.0, &at), sample(190.0, &at)]);
    let answer = Answer::of(partner.request(Method::POST, "metrics").header("prefer", "respond-async, handling=strict").json(&body)).await;
    assert_eq!((answer.status, answer.pointers()), (422, vec!["/items/1/value".to_owned()]));
    assert_eq!((&answer.json()["receipt"]["success_count"], &answer.json()["receipt"]["total_count"]), (&json!(0), &json!(2)));
    let gained = app.gained(&before).await;
    assert_eq!(gained.keys().collect::<Vec<_>>(), ["payloads", "receipts"], "the receipt says what was refused, and nothing else is kept");
}

#[tokio::test]
async fn a_snapshot_is_the_whole_truth() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    partner.push("incidents", &items(["a", "b", "c"].map(|id| incident(id, "high", "GREEN")))).await;
    partner.push("indicators", &items(["a.example", "b.example"].map(|v| indicator(v, "GREEN")))).await;
    let snapshot = items([incident("b", "high", "GREEN")]);
    let tried = partner.push("incidents?mode=snapshot&dry_run=true", &snapshot).await;
    let applied = partner.push("incidents?mode=snapshot", &snapshot).await;
    let ended = json!({ "count": 2, "names": ["a", "c"] });
    assert_eq!((&tried["left_out"], &applied["left_out"]), (&ended, &ended));
    let id = applied["id"].as_str().expect("an id").to_owned();
    assert_eq!(partner.get(&format!("receipts/{id}")).await.json()["left_out"], ended);
    let own = app.person_of("alpha", Role::Analyst).await;
    assert!(words(&own.page(&format!("/receipts/{id}")).await).contains("2 ended: a, c."));
    let open = async || person.get("/csv/incidents").await.csv().into_iter().map(|r| r[1].clone()).collect::<Vec<_>>();
    assert_eq!(open().await, ["b"]);
    partner.push("indicators?mode=snapshot", &items([])).await;
    assert!(person.get("/csv/indicators").await.csv().is_empty());
    // A snapshot with a wrong item would close what it failed to name: it is refused whole.
    let answer = partner.post("incidents?mode=snapshot", &items([incident("b", "terrible", "GREEN"), incident("x", "low", "GREEN")])).await;
    assert_eq!((answer.status, answer.pointers()), (422, vec!["/items/0/severity".to_owned()]));
    app.settle().await;
    assert_eq!(open().await, ["b"]);
    let emptied = partner.push("incidents?mode=snapshot", &items([])).await;
    assert!(open().await.is_empty(), "an empty one closes everything");
    // A receipt leads to what came of its push, where anything did.
    for (receipt, leads) in [(&answer.json()["receipt"], false), (&emptied, true)] {
        let page = own.page(&format!("/receipts/{}", receipt["id"].as_str().expect("an id"))).await;
        assert_eq!(words(&page).contains("See what it brought"), leads, "{page}");
    }
}

#[tokio::test]
async fn a_dry_run_answers_the_same_and_keeps_nothing() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let (before, at) = (app.rows().await, app.at(-MINUTE));
    let mixed = items([sample(90.0, &at), sample(190.0, &at)]);
    let (dry, wet) = (partner.post("metrics?dry_run=true", &mixed).await, async || partner.post("metrics", &mixed).await);
    assert_eq!((dry.status, &dry.json()["success_count"], &dry.json()["failures"][0]["pointer"]), (200, &json!(1), &json!("/items/1/value")));
    let bad = partner.post("metrics?dry_run=true", &items([sample(190.0, &at)])).await;
    assert_eq!((bad.status, bad.pointers()), (422, vec!["/items/0/value".to_owned()]));
    let incident = partner.post("incidents?dry_run=true", &items([incident("a", "low", "GREEN")])).await;
    assert_eq!(incident.status, 200);
    let keyed = Answer::of(partner.request(Method::POST, "metrics?dry_run=true").header("idempotency-key", "k").json(&mixed)).await;
    assert_eq!(keyed.status, 200);
    assert_eq!(app.gained(&before).await, Default::default());
    assert_eq!(partner.get(&format!("receipts/{}", dry.json()["id"].as_str().unwrap_or_default())).await.status, 404);
    let wet = wet().await;
    assert_eq!((&wet.json()["success_count"], &wet.json()["failures"]), (&dry.json()["success_count"], &dry.json()["failures"]));
}

#[tokio::test]
async fn older_words_do_not_overwrite_newer_ones() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    partner.push("incidents", &items([with(incident("a", "critical", "GREEN"), "updated_at", app.at(-MINUTE))])).await;
    partner.push("incidents", &items([with(incident("a", "low", "GREEN"), "updated_at", app.at(-HOUR))])).await;
    assert_eq!(person.get("/csv/incidents").await.csv()[0][3], "critical");
    partner.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    partner.push("metrics", &items([sample(10.0, &app.at(-HOUR))])).await;
    let values: Vec<_> = person.get("/csv/orgs/alpha/metrics/mfa_coverage_pct?range=24h").await.csv().into_iter().map(|r| r[1].clone()).collect();
    assert_eq!(values.last().map(String::as_str), Some("90"));
    assert!(person.page("/orgs/alpha").await.contains("90"));
}
