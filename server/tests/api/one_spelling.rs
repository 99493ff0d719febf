//! One thing has one spelling, whoever sends it and however; what is none is refused; and what the hub hands out, it takes back.

use crate::support::*;
use domain::{DAY, HOUR, MINUTE, Role, indicator::IndicatorType};
use reqwest::Method;
use serde_json::{Value, json};
use server::cli::items::{self, Format};
use store::What;

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
        let read = items::read(what, Format::Csv, &before).unwrap_or_else(|error| panic!("{file}: {error:#}"));
        assert!(!read.items.is_empty(), "{file}");
        let body = format!("{{\"items\":[{}]}}", read.items.iter().map(|item| item.json.get()).collect::<Vec<_>>().join(","));
        let answer = partner.post(what.name(), &serde_json::from_str(&body).expect("JSON")).await;
        assert_eq!((answer.status, answer.json()["failure_count"].as_u64()), (200, Some(0)), "{file}: {}", answer.text());
        app.settle().await;
        assert_eq!(person.get(&format!("/csv/{file}")).await.text(), before, "{file} is what it was");
    }
}
