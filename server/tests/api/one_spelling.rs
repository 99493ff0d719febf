//! One thing has one spelling, whoever sends it and however; what is none is refused; and what the hub hands out, it takes back.

use crate::support::*;
use domain::{DAY, HOUR, MINUTE, Role, indicator::IndicatorType};
use reqwest::Method;
use serde_json::{Value, json};
use server::cli::items::{self, Format};
use store::{EventFilter, IncidentFilter, IndicatorFilter, What};

fn of(kind: &str, value: &str) -> Value {
    json!({ "type": kind, "value": value, "tlp": "GREEN" })
}

/// What an analyst finds in the file of indicators: type and value of each row, in the order of values.
async fn listed(person: &Person<'_>, query: &str) -> Vec<(String, String)> {
    let mut rows: Vec<_> = person.get(&format!("/csv/indicators{query}")).await.csv().into_iter().map(|row| (row[1].clone(), row[2].clone())).collect();
    rows.sort();
    rows
}

#[tokio::test]
async fn spellings_of_one_indicator_are_one() {
    let app = TestApp::start().await;
    let (alpha, beta, person) = (app.partner("alpha").await, app.partner("beta").await, app.person(Role::Analyst).await);
    for (kind, one, other, kept) in [
        ("domain-name", "login.evil.example", "Login[.]evil[.]example.", "login.evil.example"),
        ("url", "http://evil.example", "hxxp://evil[.]example:80/", "http://evil.example/"),
        ("ipv4-addr", "192.0.2.7/32", "192[.]0[.]2[.]7:443", "192.0.2.7"),
        ("ipv6-addr", "[2001:DB8::1]", "2001:db8:0::1", "2001:db8::1"),
        ("email-addr", "mailto:m@EVIL.example", "m[at]evil[dot]example", "m@evil.example"),
        ("file-md5", "D41D8CD98F00B204E9800998ECF8427E", "\u{200b}d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e"),
        ("vulnerability", "cve-2024-3094", "CVE\u{2011}2024\u{2011}3094", "CVE-2024-3094"),
    ] {
        alpha.push("indicators", &items([of(kind, one)])).await;
        beta.push("indicators", &items([of(kind, other)])).await;
        let found = listed(&person, &format!("?seen=2&kind={kind}")).await;
        assert_eq!(found, [(kind.to_owned(), kept.to_owned()), (kind.to_owned(), kept.to_owned())], "{one:?} and {other:?}");
    }
    // An IPv4 address in the form of IPv6 is one.
    alpha.push("indicators", &items([of("ipv6-addr", "::ffff:192.0.2.7")])).await;
    assert_eq!(listed(&person, "?kind=ipv6-addr").await.len(), 2);
    // What was sent stays readable beside it.
    app.settle().await;
    let page = person.page("/indicators?kind=url").await;
    let pages = [person.page(&link(&page, "/indicators/")).await, words(&person.page(&link(&page, "/indicators/")).await)];
    assert!(pages[1].contains("http://evil.example/") && pages[1].contains("As sent"), "{}", pages[1]);
    // A hash that somebody made of the one spelling meets it.
    let key = app.app.store.alliance_key().await.expect("the key");
    let hash = json!({ "type": "url", "hmac": key.hmac(IndicatorType::Url, "http://evil.example/"), "tlp": "GREEN" });
    app.partner("gamma").await.push("indicators", &items([hash])).await;
    assert_eq!(person.get("/csv/indicators?kind=url").await.csv().len(), 3);
    assert!(person.get("/csv/indicators?kind=url").await.csv().iter().all(|row| row[6] == "3"));
}

#[tokio::test]
async fn networks_are_kept_and_what_is_none_is_refused() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    partner.push("indicators", &items([of("ipv4-addr", "192.0.2.0/24"), of("ipv6-addr", "2001:db8::/32")])).await;
    assert_eq!(listed(&person, "").await, [("ipv4-addr".into(), "192.0.2.0/24".into()), ("ipv6-addr".to_owned(), "2001:db8::/32".to_owned())]);
    app.partner("beta").await.push("indicators", &items([of("ipv4-addr", "192.0.2.7"), of("ipv4-addr", "192.0.3.7")])).await;
    for (typed, found) in [("192.0.2.0/24", 2), ("192.0.2.0/25", 2), ("192.0.2.128/25", 1), ("192.0.2.7", 2), ("192.0.0.0%2F16", 3)] {
        assert_eq!(person.get(&format!("/csv/indicators?q={typed}")).await.csv().len(), found, "{typed}: what lies within, and what it lies in");
        assert!(person.page(&format!("/indicators?q={typed}")).await.contains("192.0.2.0/24"), "{typed}");
    }
    for (kind, value) in [
        ("vulnerability", "CVE-2024-3094, CVE-2024-3095"),
        ("vulnerability", "CVE-XXXX-YYYY"),
        ("domain-name", "a.example; b.example"),
        ("domain-name", "\"a.example\""),
        ("email-addr", "Mallory <m@evil.example>"),
        ("url", "http://a.example http://b.example"),
        ("file-sha256", "d41d8cd98f00b204e9800998ecf8427e"),
        ("other", "\u{200b}"),
    ] {
        let answer = partner.post("indicators", &items([of(kind, value)])).await;
        assert_eq!((answer.status, answer.pointers()), (422, vec!["/items/0/value".to_owned()]), "{value}: {}", answer.text());
    }
    for (field, value) in [("title", "\u{200b}"), ("title", "\u{2800}\u{3164}"), ("external_id", "\u{feff} "), ("title", " ")] {
        let answer = partner.post("incidents", &items([with(incident("a", "low", "GREEN"), field, value)])).await;
        assert_eq!((answer.status, answer.pointers()), (422, vec![format!("/items/0/{field}")]), "{value:?}: {}", answer.text());
    }
    assert_eq!(listed(&person, "").await.len(), 4, "nothing of it was kept");
}

#[tokio::test]
async fn faults_are_told_at_once_in_peoples_words() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let answer = partner.post("incidents", &items([json!({ "title": 5, "severity": "hgih", "a/b": 1, "opened_at": "29.11.2026" })])).await;
    assert_eq!(answer.pointers(), ["/items/0/a~1b", "/items/0/opened_at", "/items/0/severity", "/items/0/title", "/items/0/external_id"], "{}", answer.text());
    assert!(answer.problem()["detail"].as_str().is_some_and(|detail| detail.starts_with("1 of 1 items")));
    let many: Vec<Value> = (0..30).map(|i| json!({ "external_id": i.to_string(), "severity": "low", "titel": "x" })).collect();
    let answer = partner.post("incidents", &items(many)).await;
    let receipt = answer.json()["receipt"].clone();
    let failures = receipt["failures"].as_array().expect("failures").clone();
    assert_eq!((receipt["failure_count"].as_u64(), failures.len()), (Some(30), 20 * 2 + 10));
    assert_eq!((failures[49]["index"].as_u64(), failures[49]["pointer"].as_str()), (Some(29), Some("/items/29/titel")));
    // The same bytes in the forms that programs send them in.
    let at = app.at(-MINUTE);
    let text = items([json!({ "metric": METRIC, "value": "93.5%", "unit": "", "observed_at": at.replace('T', " ").replace('Z', "+0000"), "labels": null })])
        .to_string();
    let utf16: Vec<u8> = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for body in [text.clone().into_bytes(), format!("\u{feff}{text}").into_bytes(), utf16] {
        let request = partner.request(Method::POST, "metrics").header("content-type", "application/json").body(body);
        let answer = Answer::of(request).await;
        assert_eq!((answer.status, answer.json()["success_count"].as_u64()), (200, Some(1)), "{}", answer.text());
    }
    let csv = app.person(Role::Analyst).await.get(&format!("/csv/orgs/alpha/metrics/{METRIC}?range=24h")).await.csv();
    assert_eq!(csv.last().map(|row| row[1].as_str()), Some("93.5"));
}

/// The files of lists, pushed back as they are: nothing is refused, and nothing changes.
#[tokio::test]
async fn what_the_hub_exports_it_takes_back() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner_with("alpha", "metrics incidents events indicators backfill").await, app.person_of("alpha", Role::Analyst).await);
    let titles = ["=1+1", "-dash", "'=quoted", "plain, with \"quotes\"", "Öffentlicher Dienst"];
    let incidents = titles.iter().zip(0..).map(|(title, i)| {
        let class = ["other/undetermined", "intrusions/system-compromise", "fraud/phishing", "test/test", "availability"][i];
        let class = if domain::rsit::is_known(class) { class } else { "fraud" };
        with(with(incident(&format!("INC-{i}"), "high", "GREEN"), "title", *title), "class", class)
    });
    partner.push("incidents", &items(incidents)).await;
    let closed = with(with(incident("INC-9", "low", "GREEN"), "status", "closed"), "opened_at", app.at(-HOUR));
    partner.push("incidents", &items([closed])).await;
    partner.push("events", &items([event("e", "GREEN", &app.at(-MINUTE))])).await;
    partner
        .push("indicators", &items([of("url", "hxxp://evil.example"), of("ipv4-addr", "192.0.2.0/24"), hashed(&app, "secret.example", "GREEN").await]))
        .await;
    partner.push("metrics", &items([sample(90.0, &app.at(-2 * DAY))])).await;
    let metric = format!("orgs/alpha/metrics/{METRIC}");
    for (what, file) in
        [(What::Incidents, "incidents?status=any"), (What::Events, "events"), (What::Indicators, "indicators"), (What::Metrics, metric.as_str())]
    {
        let before = person.get(&format!("/csv/{file}")).await.text();
        push_back(&partner, what, &before).await;
        app.settle().await;
        assert_eq!(person.get(&format!("/csv/{file}")).await.text(), before, "{file} is what it was");
    }
}

/// Pushes a file of the hub's own.
async fn push_back(partner: &Partner<'_>, what: What, file: &str) {
    let read = items::read(what, Format::Csv, file).unwrap_or_else(|error| panic!("{what:?}: {error:#}"));
    assert!(!read.items.is_empty(), "{what:?}");
    let body = format!("{{\"items\":[{}]}}", read.items.iter().map(|item| item.json.get()).collect::<Vec<_>>().join(","));
    let answer = Answer::of(partner.request(Method::POST, what.name()).header("content-type", "application/json").body(body)).await;
    assert_eq!((answer.status, answer.json()["failure_count"].as_u64()), (200, Some(0)), "{what:?}: {}", answer.text());
}

/// Records with every field that there is, of a moment without a fraction of a second, so that the row is as new as they are.
#[tokio::test]
async fn what_the_hub_exports_is_the_whole_of_ones_own() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person_of("alpha", Role::Executive).await);
    let [opened, closed, ahead] = [-2 * HOUR, -HOUR, DAY].map(|from_now| app.now().plus(from_now).rfc3339());
    let attributes = json!({ "ward": "007", "beds": 7, "rate": 1.25, "night": true, "owner": "a name that is a field's", "=risky": "=1+1" });
    let named = json!(["beta", "gamma"]);
    let an_incident = json!({
        "external_id": "INC-1", "title": "Whole", "severity": "high", "status": "resolved", "tlp": "AMBER", "class": "test/test", "description": "First line,\nsecond \"line\"",
        "owner": "=SOC; night", "opened_at": opened, "closed_at": closed, "updated_at": closed, "recipients": named, "attributes": attributes
    });
    let an_event = json!({
        "external_id": "E-1", "title": "Whole", "kind": "finding", "severity": "low", "tlp": "RED", "observed_at": closed, "incident": "INC-1", "recipients": named,
        "attributes": attributes
    });
    let an_indicator = json!({
        "type": "url", "value": "hxxp://evil.example", "tlp": "RED", "severity": "critical", "confidence": 85, "first_seen": opened, "last_seen": closed,
        "valid_until": ahead, "description": "-dash", "recipients": named
    });
    let no = app.app.store.alliance_keys().await.expect("the keys").current.no;
    let a_hash = with(with(hashed(&app, "secret.example", "GREEN").await, "hmac_key", no), "last_seen", closed);
    // What a push left to be filled in stands in the file, and is no change either.
    partner.push("incidents", &items([an_incident.clone(), with(incident("INC-2", "low", "AMBER"), "updated_at", app.at(-HOUR))])).await;
    partner.push("events", &items([an_event.clone()])).await;
    partner.push("indicators", &items([an_indicator.clone(), a_hash.clone()])).await;
    app.settle().await;
    let reads = || app.app.store.viewer(domain::Viewer { org: app.org("alpha"), role: Role::Executive });
    let window = EventFilter { from: app.now().plus(-DAY), to: app.now(), ..EventFilter::default() };
    let ids = [
        (What::Incidents, "incidents?status=any", reads().incident_ids(&IncidentFilter::default()).await.expect("incidents")),
        (What::Events, "events", reads().event_ids(&window).await.expect("events")),
        (What::Indicators, "indicators", reads().indicator_ids(&IndicatorFilter::default()).await.expect("indicators")),
    ];
    for (what, file, ids) in ids {
        let before = reads().said(what, &ids.piece(0)).await.expect("what was said");
        let text = person.get(&format!("/csv/{file}")).await.text();
        push_back(&partner, what, &text).await;
        app.settle().await;
        assert_eq!(person.get(&format!("/csv/{file}")).await.text(), text, "{what:?}");
        let after = reads().said(what, &ids.piece(0)).await.expect("what is said");
        assert_eq!(before.len(), after.len(), "{what:?}");
        for (id, before) in before {
            let of = |raw: &str| without(serde_json::from_str(raw).expect("JSON"), "org");
            let now = &after[&id];
            assert_eq!((&now.recipients, now.key_no), (&before.recipients, before.key_no), "{what:?}");
            if what == What::Indicators && before.key_no.is_some() {
                assert_eq!(of(&now.raw)["hmac_key"], json!(no));
            } else {
                assert_eq!(now.raw, before.raw, "{what:?}: as it was pushed");
            }
        }
    }
    for id in ["INC-1", "INC-2"] {
        assert_eq!(partner.get(&format!("incidents/{id}")).await.header("etag"), "\"1\"", "{id} has no new revision");
    }
    assert_eq!(partner.get("incidents/INC-1").await.json(), an_incident);
    // A row that says something else is a change.
    let text = person.get("/csv/incidents?status=any&q=whole").await.text();
    push_back(&partner, What::Incidents, &text.replace("night\"\":true", "night\"\":false")).await;
    assert_eq!(partner.get("incidents/INC-1").await.json()["attributes"]["night"], json!(false));
    // Whom a record names, and what else it says, is on its page for others, and in no file of theirs.
    let other = app.person_of("beta", Role::Analyst).await;
    for (file, columns) in [("incidents?status=any&org=alpha", 10), ("events?org=alpha", 7), ("indicators?org=alpha&kind=url", 10)] {
        let rows = other.get(&format!("/csv/{file}")).await.csv();
        assert!(rows.len() == 1 && rows[0][columns..].iter().all(String::is_empty), "{file}: {rows:?}");
    }
}

/// The rows of others that a list has, too, are refused one by one, and with them the push.
#[tokio::test]
async fn another_organisations_rows_are_named_one_by_one() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let of = |id: &str, org: &str| with(incident(id, "low", "GREEN"), "org", org);
    let mixed = items([of("A", "alpha"), of("B", "beta"), without(incident("C", "low", "GREEN"), "title"), of("D", "beta")]);
    for query in ["incidents", "incidents?dry_run=true", "incidents?mode=snapshot"] {
        let answer = partner.post(query, &mixed).await;
        assert_eq!((answer.status, answer.pointers()), (403, ["/items/1/org", "/items/2/title", "/items/3/org"].map(str::to_owned).to_vec()), "{query}");
        let problem = answer.problem();
        let first = &problem["errors"][0];
        assert_eq!(first["code"], "foreign_org", "{query}");
        assert_eq!(
            first["detail"], r#"org names "beta", but the key belongs to "alpha". Push this with a key of that organisation, or not at all."#,
            "{query}"
        );
    }
    assert_eq!(partner.get("incidents/A").await.status, 404, "nothing of it was kept");
    let lines = format!("{}\n\n{}\n", event("A", "GREEN", &app.at(-MINUTE)), with(event("B", "GREEN", &app.at(-MINUTE)), "org", "beta"));
    let lines = Answer::of(partner.request(Method::POST, "events").header("content-type", "application/x-ndjson").body(lines)).await;
    assert_eq!((lines.status, lines.pointers()), (403, vec!["/1/org".to_owned()]), "{}", lines.text());
    let whole = partner.post("incidents", &with(items([of("A", "alpha")]), "org", "beta")).await;
    assert_eq!((whole.status, whole.pointers()), (403, vec!["/org".to_owned()]));
    // An organisation that is there is told like one that is not, and a long name is cut.
    for named in ["nobody".to_owned(), "beta".to_owned(), "x".repeat(3_000)] {
        let answer = partner.post("incidents", &items([of("A", &named)])).await;
        let (shown, more) = (named.chars().take(64).collect::<String>(), if named.len() > 64 { "…" } else { "" });
        let detail = answer.problem()["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(detail.starts_with(&format!("org names \"{shown}{more}\", but the key belongs to \"alpha\".")), "{detail}");
    }
}

#[tokio::test]
async fn what_may_mean_two_things_is_refused_in_peoples_words() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let value = |text: &str| items([with(sample(1.0, &app.at(-MINUTE)), "value", text)]);
    for text in ["1,234.5", "1.234,5", "1 234,5", "1'234.5", "1.234", "1,234", "93,5", "1\u{a0}234 %"] {
        let answer = partner.post("metrics", &value(text)).await;
        assert_eq!((answer.status, answer.pointers()), (422, vec!["/items/0/value".to_owned()]), "{text}");
        let said = answer.problem()["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        assert!(said.contains("without grouped thousands, such as 1234.5, not \"") && said.contains(text), "{said}");
    }
    let answer = partner.post("metrics", &value("93.5")).await;
    assert!(answer.text().contains("must be a number, such as 93.5, not a text"), "{}", answer.text());
    let local = with(sample(1.0, ""), "observed_at", "2026-05-01 12:00:00");
    let answer = partner.post("metrics", &items([local])).await;
    assert!(answer.text().contains("observed_at has no zone: write 2026-05-01T12:00:00Z if it is in UTC"), "{}", answer.text());
}
