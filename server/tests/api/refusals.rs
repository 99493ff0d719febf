//! Bad input of every kind: the right status, a problem that names the field, and nothing left behind.

use crate::support::*;
use domain::{DAY, HOUR, MINUTE};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A request that must be refused.
struct Bad {
    what: &'static str,
    route: &'static str,
    headers: Vec<(&'static str, &'static str)>,
    body: Vec<u8>,
    status: u16,
    /// The field it must name; empty where it is the request as a whole.
    pointer: &'static str,
    /// Items were read, so that a receipt says what was wrong with them.
    receipt: bool,
}

/// The request as a whole is wrong: not even a receipt is kept.
fn whole(what: &'static str, route: &'static str, body: impl Into<Vec<u8>>, status: u16, pointer: &'static str) -> Bad {
    Bad { what, route, headers: vec![("content-type", "application/json")], body: body.into(), status, pointer, receipt: false }
}

/// The only item is wrong.
fn one(what: &'static str, route: &'static str, item: &Value, pointer: &'static str) -> Bad {
    Bad { receipt: true, ..whole(what, route, json!({ "items": [item] }).to_string(), 422, pointer) }
}

impl Bad {
    fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.retain(|h| h.0 != name);
        self.headers.push((name, value));
        self
    }
}

async fn refuse(app: &TestApp, cases: Vec<Bad>) {
    let partner = app.partner("alpha").await;
    for bad in cases {
        let before = app.rows().await;
        let request = partner.request(Method::POST, bad.route).body(bad.body);
        let answer = Answer::of(bad.headers.iter().fold(request, |r, (name, value)| r.header(*name, *value))).await;
        assert_eq!(answer.status, bad.status, "{}: {}", bad.what, answer.text());
        let pointers = answer.pointers();
        if bad.pointer.is_empty() {
            assert!(pointers.iter().all(String::is_empty), "{}: {}", bad.what, answer.text());
        } else {
            assert_eq!(pointers, [bad.pointer], "{}: {}", bad.what, answer.text());
        }
        assert_eq!(answer.json()["receipt"].is_object(), bad.receipt, "{}", bad.what);
        let left: BTreeMap<_, _> = if bad.receipt { [("payloads".to_owned(), 1), ("receipts".to_owned(), 1)].into() } else { BTreeMap::new() };
        assert_eq!(app.gained(&before).await, left, "{} left something behind", bad.what);
    }
}

#[tokio::test]
async fn bodies_that_cannot_be_read() {
    let app = TestApp::start().await;
    let good = items([sample(90.0, &app.at(-MINUTE))]).to_string();
    let deep = |n: usize| format!("{{\"items\": {}{}}}", "[".repeat(n), "]".repeat(n));
    let mut not_text = good.clone().into_bytes();
    not_text[3] = 0xff;
    refuse(
        &app,
        vec![
            whole("an empty body", "metrics", "", 400, ""),
            whole("malformed JSON", "metrics", "{\"items\": [", 400, ""),
            whole("something after the end", "metrics", format!("{good} x"), 400, ""),
            whole("bad UTF-8", "metrics", not_text, 400, ""),
            whole("too deep", "metrics", deep(40), 400, ""),
            whole("far too deep", "incidents", deep(100_000), 400, ""),
            whole("no object", "metrics", "[]", 422, ""),
            whole("the fields in a row", "metrics", format!("[[{}], \"alpha\"]", sample(90.0, &app.at(-MINUTE))), 422, ""),
            whole("the fields of counts in a row", "indicator-counts", json!([app.at(-DAY), app.at(-HOUR), []]).to_string(), 422, ""),
            whole("items of another type", "metrics", "{\"items\": 5}", 422, "/items"),
            whole("no items", "incidents", "{}", 422, "/items"),
            whole("an unknown field", "events", "{\"items\": [], \"itmes\": []}", 422, "/itmes"),
            whole("items twice", "indicators", "{\"items\": [], \"items\": []}", 400, "/items"),
            whole("a gzip body that is none", "metrics", good.clone(), 400, "").with("content-encoding", "gzip"),
            whole("a cut gzip body", "metrics", gzip(good.as_bytes()).await[..20].to_vec(), 400, "").with("content-encoding", "gzip"),
            whole("a zstd body that is none", "metrics", good.clone(), 400, "").with("content-encoding", "zstd"),
            whole("a cut zstd body", "metrics", zstd(good.as_bytes())[..20].to_vec(), 400, "").with("content-encoding", "zstd"),
            whole("an unknown query key", "metrics?dryrun=true", good.clone(), 400, ""),
            whole("an unknown mode", "metrics?mode=partial", good.clone(), 400, ""),
            whole("a dry run that is no word", "metrics?dry_run=perhaps", good.clone(), 400, ""),
            whole("an idempotency key with blanks", "metrics", good.clone(), 400, "").with("idempotency-key", "a b"),
            whole("an empty idempotency key", "metrics", good.clone(), 400, "").with("idempotency-key", "\"\""),
        ],
    )
    .await;
}

/// ASVS 5.2.3: size as sent and as inflated, depth and rows are bounded.
#[tokio::test]
async fn bodies_that_are_too_much_or_of_another_kind() {
    let app = TestApp::start().await;
    let good = items([sample(90.0, &app.at(-MINUTE))]).to_string();
    let many = items((0..1_001).map(|i| sample(90.0, &app.at(-HOUR - i * 1_000_000)))).to_string();
    // Blanks inflate well and are JSON.
    let bomb = format!("{good}{}", " ".repeat(9 << 20));
    // A frame that holds nothing and may be of any length.
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 0, 0, 8, 0][..], &vec![0; 0x8_0000], &zstd(bomb.as_bytes())].concat();
    refuse(
        &app,
        vec![
            whole("too many items", "metrics", many, 413, "/items"),
            whole("a body over 1 MiB", "metrics", format!("{good}{}", " ".repeat(1 << 20)), 413, ""),
            whole("a gzip bomb", "metrics", gzip(bomb.as_bytes()).await, 413, "").with("content-encoding", "gzip"),
            whole("a zstd bomb", "metrics", zstd(bomb.as_bytes()), 413, "").with("content-encoding", "zstd"),
            whole("a zstd bomb behind a skippable frame", "metrics", skippable, 413, "").with("content-encoding", "zstd"),
            whole("another type", "metrics", good.clone(), 415, "").with("content-type", "text/csv"),
            whole("a form", "metrics", good.clone(), 415, "").with("content-type", "application/x-www-form-urlencoded"),
            whole("lines where there are none", "metrics", good.clone(), 415, "").with("content-type", "application/x-ndjson"),
            Bad { headers: vec![], ..whole("no type", "metrics", good.clone(), 415, "") },
            whole("another encoding", "metrics", good.clone(), 415, "").with("content-encoding", "br"),
            whole("two encodings", "metrics", good, 415, "").with("content-encoding", "gzip, gzip"),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_long_body_is_cut_off_where_no_length_was_promised() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let before = app.rows().await;
    let chunks = futures::stream::iter((0..40).map(|_| Ok::<_, std::io::Error>(vec![b' '; 64 << 10])));
    let request = partner.request(Method::POST, "metrics").header("content-type", "application/json").body(reqwest::Body::wrap_stream(chunks));
    // The hub answers before the body's end; a client that is still writing may see the closed connection only.
    if let Ok(response) = request.send().await {
        assert_eq!(response.status(), 413);
    }
    assert_eq!(app.gained(&before).await, BTreeMap::new());
}

/// ASVS 8.2.3: a foreign `org` is refused.
#[tokio::test]
async fn another_organisations_name_in_the_body() {
    let app = TestApp::start().await;
    let item = |mut item: Value| {
        item["org"] = json!("beta");
        json!({ "items": [item] }).to_string()
    };
    let at = app.at(-MINUTE);
    let counts = json!({ "org": "beta", "window_start": app.at(-DAY), "window_end": at, "counts": [] }).to_string();
    refuse(
        &app,
        vec![
            whole("around the items", "metrics", json!({ "org": "beta", "items": [] }).to_string(), 403, "/org"),
            whole("an organisation that is none", "events", json!({ "org": "nobody", "items": [] }).to_string(), 403, "/org"),
            whole("in a sample", "metrics", item(sample(90.0, &at)), 403, "/items/0/org"),
            whole("in an incident", "incidents", item(incident("a", "low", "GREEN")), 403, "/items/0/org"),
            whole("in an event", "events", item(event("a", "GREEN", &at)), 403, "/items/0/org"),
            whole("in an indicator", "indicators", item(indicator("a.example", "GREEN")), 403, "/items/0/org"),
            whole("in counts", "indicator-counts", counts, 403, "/org"),
        ],
    )
    .await;
    let own = json!({ "org": "alpha", "items": [sample(90.0, &at)] });
    assert_eq!(app.partner("alpha").await.post("metrics", &own).await.status, 200, "its own name is no harm");
}

#[tokio::test]
async fn samples() {
    let app = TestApp::start().await;
    let good = sample(90.0, &app.at(-MINUTE));
    let raw = |what, text: &str, pointer| Bad { receipt: true, ..whole(what, "metrics", format!("{{\"items\": [{text}]}}"), 422, pointer) };
    let at = app.at(-MINUTE);
    refuse(
        &app,
        vec![
            one("no object", "metrics", &json!("x"), "/items/0"),
            one("the fields in a row", "metrics", &json!([METRIC, 90, null, at, {}, null]), "/items/0"),
            one("an unknown metric", "metrics", &with(good.clone(), "metric", "moon_phase"), "/items/0/metric"),
            one("a missing field", "metrics", &without(good.clone(), "metric"), "/items/0/metric"),
            one("a value of another type", "metrics", &with(good.clone(), "value", "90"), "/items/0/value"),
            one("no value", "metrics", &with(good.clone(), "value", Value::Null), "/items/0/value"),
            one("a value out of range", "metrics", &with(good.clone(), "value", 100.5), "/items/0/value"),
            one("a part of a count", "metrics", &with(with(good.clone(), "metric", "kev_overdue"), "value", 1.234), "/items/0/value"),
            one("another unit", "metrics", &with(good.clone(), "unit", "days"), "/items/0/unit"),
            one("an unknown field", "metrics", &with(good.clone(), "valeu", 1), "/items/0/valeu"),
            one("a moment that is none", "metrics", &with(good.clone(), "observed_at", "yesterday"), "/items/0/observed_at"),
            one("a moment without a zone", "metrics", &with(good.clone(), "observed_at", "2026-01-01T00:00:00"), "/items/0/observed_at"),
            one("a future moment", "metrics", &with(good.clone(), "observed_at", app.at(6 * MINUTE)), "/items/0/observed_at"),
            one("an old moment", "metrics", &with(good.clone(), "observed_at", app.at(-31 * DAY)), "/items/0/observed_at"),
            one("a label's key", "metrics", &with(good.clone(), "labels", json!({ "Site": "a" })), "/items/0/labels/Site"),
            one("a label's value", "metrics", &with(good.clone(), "labels", json!({ "site": "a,b" })), "/items/0/labels/site"),
            one("a label's type", "metrics", &with(good, "labels", json!({ "site": 1 })), "/items/0/labels/site"),
            raw("a field twice", &format!("{{\"metric\":\"{METRIC}\",\"value\":1,\"value\":2,\"observed_at\":\"{at}\"}}"), "/items/0/value"),
            raw(
                "a label twice",
                &format!("{{\"metric\":\"{METRIC}\",\"value\":1,\"observed_at\":\"{at}\",\"labels\":{{\"a\":\"1\",\"a\":\"2\"}}}}"),
                "/items/0/labels/a",
            ),
            raw("a number too great", &format!("{{\"metric\":\"{METRIC}\",\"value\":1e999,\"observed_at\":\"{at}\"}}"), "/items/0/value"),
        ],
    )
    .await;
}

/// ASVS 8.2.3: unknown and foreign fields of records are refused by name.
#[tokio::test]
async fn records() {
    let app = TestApp::start().await;
    let good = incident("INC-1", "high", "GREEN");
    let closed = with(with(good.clone(), "status", "closed"), "opened_at", app.at(-HOUR));
    let seen = event("e", "GREEN", &app.at(-MINUTE));
    let found = indicator("a.example", "GREEN");
    refuse(
        &app,
        vec![
            one("no id", "incidents", &without(good.clone(), "external_id"), "/items/0/external_id"),
            one("an empty id", "incidents", &with(good.clone(), "external_id", ""), "/items/0/external_id"),
            one("a long id", "incidents", &with(good.clone(), "external_id", "x".repeat(129)), "/items/0/external_id"),
            one("a control character", "incidents", &with(good.clone(), "title", "a\u{7}b"), "/items/0/title"),
            one("a title that turns the direction", "incidents", &with(good.clone(), "title", "a\u{202e}b"), "/items/0/title"),
            one("a severity that is none", "incidents", &with(good.clone(), "severity", "urgent"), "/items/0/severity"),
            one("a status that is none", "incidents", &with(good.clone(), "status", "open"), "/items/0/status"),
            one("a marking that is none", "incidents", &with(good.clone(), "tlp", "PURPLE"), "/items/0/tlp"),
            one("a class that is none", "incidents", &with(good.clone(), "class", "fraud/ddos"), "/items/0/class"),
            one("an opening ahead", "incidents", &with(good.clone(), "opened_at", app.at(HOUR)), "/items/0/opened_at"),
            one("closed, yet open", "incidents", &with(good.clone(), "closed_at", app.at(-MINUTE)), "/items/0/closed_at"),
            one("closed before it was opened", "incidents", &with(closed, "closed_at", app.at(-DAY)), "/items/0/closed_at"),
            one("a recipient that is none", "incidents", &with(good.clone(), "recipients", json!(["beta", "delta"])), "/items/0/recipients/1"),
            one("an attribute with parts", "incidents", &with(good, "attributes", json!({ "a": {} })), "/items/0/attributes/a"),
            one("an event of no severity", "events", &without(seen.clone(), "severity"), "/items/0/severity"),
            one("an event ahead", "events", &with(seen.clone(), "observed_at", app.at(HOUR)), "/items/0/observed_at"),
            one("an old event", "events", &with(seen, "observed_at", app.at(-31 * DAY)), "/items/0/observed_at"),
            one("a type that is none", "indicators", &with(found.clone(), "type", "smell"), "/items/0/type"),
            one("a value of another type", "indicators", &with(found.clone(), "type", "ipv4-addr"), "/items/0/value"),
            one("a confidence out of range", "indicators", &with(found.clone(), "confidence", 101), "/items/0/confidence"),
            one("last before first", "indicators", &with(with(found, "first_seen", app.at(-HOUR)), "last_seen", app.at(-DAY)), "/items/0/last_seen"),
        ],
    )
    .await;
}

#[tokio::test]
async fn counts() {
    let app = TestApp::start().await;
    let counts = |field: &str, value: Value| {
        let good = json!({ "type": "url", "tlp": "GREEN", "severity": "high", "count": 3 });
        json!({ "window_start": app.at(-DAY), "window_end": app.at(-HOUR), "counts": [with(good, field, value)] }).to_string()
    };
    let window = |from: i64, to: i64| json!({ "window_start": app.at(from), "window_end": app.at(to), "counts": [] }).to_string();
    let item = |what, field: &str, value: Value, pointer| Bad { receipt: true, ..whole(what, "indicator-counts", counts(field, value), 422, pointer) };
    refuse(
        &app,
        vec![
            item("a type that is none", "type", json!("smell"), "/counts/0/type"),
            item("a marking that is none", "tlp", json!("BLUE"), "/counts/0/tlp"),
            item("far too many", "count", json!(1_000_000_000_001_u64), "/counts/0/count"),
            item("fewer than none", "count", json!(-1), "/counts/0/count"),
            whole("a window backwards", "indicator-counts", window(-HOUR, -DAY), 422, "/window_end"),
            whole("a window ahead", "indicator-counts", window(-HOUR, DAY), 422, "/window_end"),
        ],
    )
    .await;
}

#[tokio::test]
async fn old_data_needs_the_scope_backfill() {
    let app = TestApp::start().await;
    let old = items([sample(90.0, &app.at(-400 * DAY))]);
    assert_eq!(app.partner("alpha").await.post("metrics", &old).await.status, 422);
    let answer = app.partner_with("alpha", "metrics backfill").await.post("metrics", &old).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

#[tokio::test]
async fn texts_that_no_database_could_keep() {
    let app = TestApp::start().await;
    let at = app.at(-MINUTE);
    let (i, e, n) = (incident("INC-1", "high", "GREEN"), event("e", "GREEN", &at), indicator("a.example", "GREEN"));
    let other = with(with(n.clone(), "type", "other"), "value", "a\0b");
    let raw = |what, route, item: String, pointer| Bad { receipt: true, ..whole(what, route, format!("{{\"items\": [{item}]}}"), 422, pointer) };
    let surrogate = |item: &Value, field: &str| with(item.clone(), field, "HERE").to_string().replace("HERE", "\\ud800");
    let mut cases = vec![
        one("a NUL in a metric", "metrics", &with(sample(1.0, &at), "metric", "a\0b"), "/items/0/metric"),
        one("a NUL in a label", "metrics", &with(sample(1.0, &at), "labels", json!({ "site": "a\0b" })), "/items/0/labels/site"),
        one("a NUL in an id", "incidents", &with(i.clone(), "external_id", "a\0b"), "/items/0/external_id"),
        one("a NUL in an owner", "incidents", &with(i.clone(), "owner", "a\0b"), "/items/0/owner"),
        one("a NUL in a recipient", "incidents", &with(i.clone(), "recipients", json!(["a\0b"])), "/items/0/recipients/0"),
        one("a NUL in an attribute", "incidents", &with(i.clone(), "attributes", json!({ "a": 1, "b/c": "x\0" })), "/items/0/attributes/b~1c"),
        one("a NUL in a title", "events", &with(e.clone(), "title", "a\0b"), "/items/0/title"),
        one("a NUL in a kind", "events", &with(e.clone(), "kind", "a\0b"), "/items/0/kind"),
        one("a NUL in an event's incident", "events", &with(e.clone(), "incident", "a\0b"), "/items/0/incident"),
        one("a NUL in an event's attribute", "events", &with(e.clone(), "attributes", json!({ "a": "\0" })), "/items/0/attributes/a"),
        one("a NUL in an indicator", "indicators", &other, "/items/0/value"),
        one("a NUL in a description", "indicators", &with(n.clone(), "description", "a\0b"), "/items/0/description"),
        raw("half a character", "incidents", surrogate(&i, "title"), "/items/0/title"),
        raw("half a character of an event", "events", surrogate(&e, "title"), "/items/0/title"),
        raw("half a character of an indicator", "indicators", surrogate(&n, "value"), "/items/0/value"),
    ];
    let line = with(e.clone(), "attributes", json!({ "a": "\0" })).to_string();
    cases.push(Bad { receipt: true, ..whole("a NUL in a line", "events", line, 422, "/0/attributes/a") }.with("content-type", "application/x-ndjson"));
    refuse(&app, cases).await;
    // Other letters that look alike in JSON are none.
    let kept = with(i, "attributes", json!({ "a": "\\u0000" }));
    app.partner("alpha").await.push("incidents", &items([kept])).await;
    let put = app.partner("alpha").await.put("a%00b", &[], &incident("a\0b", "low", "GREEN")).await;
    assert_eq!(put.status, 400, "{}", put.text());
}

#[tokio::test]
async fn addresses_and_forms_with_a_nul() {
    let app = TestApp::start().await;
    let (person, partner) = (app.person(domain::Role::OrgAdmin).await, app.partner("alpha").await);
    for path in [
        "/incidents?q=a%00b",
        "/indicators?q=%00",
        "/incidents?cursor=%00",
        "/orgs/%00",
        "/orgs/alpha/metrics/a%00",
        "/csv/incidents?org=%00",
        "/signin?next=%00",
    ] {
        let answer = person.get(path).await;
        assert_eq!(answer.status, 400, "{path}: {}", answer.text());
        if let Some(name) = path.split_once('?').and_then(|(_, query)| query.split('=').next()) {
            assert_eq!(answer.text(), format!("The field {name} holds the character NUL.\n"));
        }
    }
    let read = partner.get("incidents/a%00b").await;
    assert_eq!((read.status, read.problem()["detail"].as_str()), (400, Some("The path holds an encoded control character or backslash.")));
    for (path, field) in
        [("/auth/signin", "email"), ("/auth/signin", "password"), ("/connect", "name"), ("/connect/revoke", "name"), ("/auth/welcome", "token")]
    {
        let answer = person.post(path, &[(field, "a\0b")]).await;
        assert_eq!((answer.status, answer.text()), (400, format!("The field {field} holds the character NUL.\n")), "{path}");
    }
}
