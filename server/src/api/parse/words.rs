//! What parsers say, read over: every message that wrong input of any kind can bring about is in people's words, points to its field, and what may be left out
//! may be left out in any way.

use super::*;
use crate::policy::default_policy;
use domain::indicator::IndicatorType;
use serde_json::{Value, json};

const NOW: &str = "2026-05-02T12:00:00Z";

/// Words of the program's types and tools; none of them is for people.
const FOREIGN: [&str; 37] = [
    "f32",
    "f64",
    "u8",
    "u16",
    "u32",
    "u64",
    "i8",
    "i16",
    "i32",
    "i64",
    "usize",
    "untagged",
    "enum",
    "variant",
    "map",
    "sequence",
    "struct",
    "tuple",
    "expected",
    "invalid type",
    "invalid value",
    "deserialize",
    "serde",
    "borrowed",
    "option",
    "none)",
    "some(",
    "unit value",
    "newtype",
    "floating point",
    "integer",
    "string",
    "boolean",
    "utf8",
    "parse",
    "panicked",
    "rawvalue",
];

/// Asserts that a message is made of people's words and is a sentence.
pub(crate) fn is_for_people(message: &str, of: &str) {
    // What was sent may hold anything.
    let said: String = message.split('"').step_by(2).collect::<Vec<_>>().join(" ").to_lowercase();
    let words: Vec<&str> = said.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    for foreign in FOREIGN {
        let found = if foreign.contains([' ', ')', '(']) { said.contains(foreign) } else { words.contains(&foreign) };
        assert!(!found, "{foreign:?} in {message:?}, which is said of {of}");
    }
    assert!(!message.is_empty() && !message.contains('`'), "{message:?} of {of}");
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn read(what: What, ndjson: bool, body: &[u8]) -> Result<Parsed, Problem> {
    let board = Board::of(default_policy());
    let context = Context { board: &board, org: OrgId(1), org_slug: "alpha", now: at(NOW), said_at: at(NOW), backfill: false, alliance_keys: &[3, 4] };
    parse(what, ndjson, body, &context)
}

fn good(what: What) -> Value {
    match what {
        What::Metrics => json!({ "metric": "mfa_coverage_pct", "value": 93.5, "unit": "percent", "observed_at": "2026-05-01", "labels": { "site": "north" } }),
        What::Incidents => json!({
            "external_id": "INC-1", "title": "Something", "severity": "high", "status": "closed", "tlp": "GREEN", "class": "fraud/phishing", "description": "More",
            "owner": "Somebody", "opened_at": "2026-05-01", "closed_at": "2026-05-01", "updated_at": "2026-05-01", "recipients": [], "attributes": { "a": 1 }
        }),
        What::Events => json!({
            "external_id": "e", "title": "Something", "kind": "alert", "severity": "low", "tlp": "GREEN", "observed_at": "2026-05-01", "incident": "INC-1", "recipients": [],
            "attributes": { "a": true }
        }),
        What::Indicators => json!({
            "type": "domain-name", "value": "a.example", "tlp": "GREEN", "severity": "low", "confidence": 85, "first_seen": "2026-05-01", "last_seen": "2026-05-01",
            "valid_until": "2026-06-01", "description": "More", "recipients": []
        }),
        What::IndicatorCounts => json!({ "type": "url", "tlp": "GREEN", "severity": "low", "count": 3 }),
    }
}

fn body(what: What, item: &Value) -> Value {
    match what {
        What::IndicatorCounts => json!({ "window_start": "2026-05-01", "window_end": "2026-05-02", "counts": [item] }),
        _ => json!({ "items": [item] }),
    }
}

fn fields(what: What) -> &'static [&'static str] {
    match what {
        What::Metrics => &metrics::FIELDS,
        What::Incidents => &incidents::FIELDS,
        What::Events => &events::FIELDS,
        What::Indicators => &indicators::FIELDS,
        What::IndicatorCounts => &counts::FIELDS,
    }
}

fn faults(what: What, item: &Value) -> Vec<(String, String, String)> {
    match read(what, false, body(what, item).to_string().as_bytes()) {
        Ok(parsed) => parsed.failures.into_iter().map(|f| (f.pointer, f.code, f.detail)).collect(),
        Err(problem) => problem.errors.into_iter().map(|e| (e.pointer, e.code, e.detail)).collect(),
    }
}

#[test]
fn what_is_good_is_kept() {
    for what in What::ALL {
        let all = faults(what, &good(what));
        assert!(all.is_empty(), "{what:?}: {all:?}");
    }
}

/// Every field of every class with every kind of wrong value.
#[test]
fn no_message_about_an_item_is_in_the_programs_words() {
    let wrong = [
        json!(null),
        json!(true),
        json!(7),
        json!(-1),
        json!(85.5),
        json!(1e300),
        json!(""),
        json!("\u{200b}"),
        json!("no such thing"),
        json!("93.5%"),
        json!("2026-05-01 12:00"),
        json!("2030-01-01"),
        json!("1960-01-01"),
        json!("2020-01-01"),
        json!("a\u{0}b"),
        json!("a\u{202e}b"),
        json!("x".repeat(30_000)),
        json!([]),
        json!([1]),
        json!([{}]),
        json!(["delta"]),
        json!({}),
        json!({ "a/b": {} }),
        json!({ "": "x" }),
        json!({ "Site": "a" }),
        json!({ "site": "a,b", "x": [1] }),
        json!("f".repeat(64)),
        json!(vec!["a"; 600]),
    ];
    let mut said = std::collections::BTreeSet::new();
    for what in What::ALL {
        for field in fields(what).iter().copied().chain(["sevrity", "a/b"]) {
            for value in &wrong {
                let mut item = good(what);
                item[field] = value.clone();
                for (pointer, code, detail) in faults(what, &item) {
                    is_for_people(&detail, &format!("{what:?} {field} {value}"));
                    assert!(detail.ends_with('.') || detail.ends_with('…'), "{detail}");
                    assert!(pointer.starts_with('/') && !code.is_empty(), "{pointer} {code}");
                    said.insert(detail);
                }
            }
        }
        for not_an_object in [json!(5), json!("x"), json!([1, 2]), json!(null), json!(true)] {
            let all = faults(what, &not_an_object);
            assert_eq!(all.len(), 1, "{what:?} {not_an_object}");
            is_for_people(&all[0].2, "no object");
        }
    }
    assert!(said.len() > 80, "{} messages", said.len());
}

/// Every kind of wrong value of every type of indicator.
#[test]
fn no_message_about_a_value_is_in_the_programs_words() {
    for kind in IndicatorType::ALL {
        for value in [
            "",
            "\u{200b}",
            "a b",
            "a, b",
            "a.example, b.example",
            "\"a\"",
            "a@b",
            "http://",
            "x://y z",
            "http://a:b:c/",
            "1.2.3.4.5",
            "1.2.3.4/99",
            "CVE-1",
            "a\nb",
            "ff",
            "://",
            "\u{0}",
            "[",
            "[.]",
            "xn--a.b",
        ] {
            if let Err(said) = kind.canonical(value) {
                is_for_people(&said, value);
            }
        }
    }
}

#[test]
fn no_message_about_a_body_is_in_the_programs_words() {
    let texts = [
        "",
        "x",
        "{",
        "[",
        "{\"items\": [",
        "{\"items\": 5}",
        "{}",
        "[]",
        "null",
        "\"x\"",
        "{\"items\": [], \"itmes\": []}",
        "{\"items\": [], \"items\": []}",
        "{\"items\": [],}",
        "{\"items\": [1 2]}",
        "{\"items\" []}",
        "{items: []}",
        "{\"items\": [NaN]}",
        "{\"items\": [nul]}",
        "{\"items\": [\"\\x\"]}",
        "{\"items\": [\"\\u12\"]}",
        "{\"items\": [\"a\nb\"]}",
        "{\"items\": [01]}",
        "{\"items\": [1.]}",
        "{\"items\": []} x",
        "{\"items\": [}",
        "{\"org\": 5, \"items\": []}",
        "{\"a\": 1}",
        "{\"items\": [{]}",
        "{\"items\": [tru]}",
        "{'items': []}",
        "{\"\\ud800\": 1}",
        "{\"window_start\": 1}",
        "{\"counts\": {}}",
        "\u{0}",
    ];
    for what in What::ALL {
        for (text, ndjson) in texts.iter().flat_map(|text| [(text, false), (text, true)]) {
            let messages = match read(what, ndjson, text.as_bytes()) {
                Ok(parsed) => parsed.failures.into_iter().map(|f| f.detail).collect(),
                Err(problem) => problem.errors.into_iter().map(|e| e.detail).chain([problem.detail]).collect::<Vec<_>>(),
            };
            for message in messages {
                is_for_people(&message, text);
            }
        }
    }
    for text in ["dryrun=true", "mode=partial", "dry_run=perhaps", "mode=delta&mode=snapshot"] {
        let error = serde_urlencoded::from_str::<crate::api::request::PushQuery>(text).unwrap_err().to_string();
        is_for_people(&syntax::query(&error), text);
    }
}

#[test]
fn all_faults_of_an_item_are_told_at_once_in_its_order() {
    let item = json!({ "external_id": "", "severity": "hgih", "tlp": 5, "opened_at": "yesterday", "a/b": 1, "recipients": ["delta", 7] });
    let all: Vec<(String, String)> = faults(What::Incidents, &item).into_iter().map(|(pointer, code, _)| (pointer, code)).collect();
    let told = [
        ("/items/0/a~1b", "unknown_field"),
        ("/items/0/external_id", "missing_field"),
        ("/items/0/opened_at", "bad_time"),
        ("/items/0/recipients/1", "wrong_type"),
        ("/items/0/recipients/0", "unknown_organisation"),
        ("/items/0/severity", "bad_value"),
        ("/items/0/tlp", "wrong_type"),
        ("/items/0/title", "missing_field"),
    ];
    assert_eq!(all, told.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
}

/// Objects of very many fields cost no more than their length.
#[test]
fn many_fields_are_read_in_no_time() {
    let many = (0..200_000).map(|i| format!("\"{i}\":1")).collect::<Vec<_>>().join(",");
    let began = std::time::Instant::now();
    for item in [format!("{{{many}}}"), format!("{{\"external_id\":\"a\",\"title\":\"b\",\"severity\":\"low\",\"attributes\":{{{many}}}}}")] {
        let parsed = read(What::Incidents, false, format!("{{\"items\":[{item}]}}").as_bytes()).unwrap();
        assert!((1..=16).contains(&parsed.failures.len()));
    }
    assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn pointers_are_right_for_every_name() {
    let sample = json!({ "metric": "mfa_coverage_pct", "value": 1, "observed_at": "2026-05-01", "labels": { "a/b~c": "x" }, "x~y/z": 1 });
    let all: Vec<String> = faults(What::Metrics, &sample).into_iter().map(|(pointer, ..)| pointer).collect();
    assert_eq!(all, ["/items/0/labels/a~1b~0c", "/items/0/x~0y~1z"]);
    let incident = json!({ "external_id": "a", "title": "b", "severity": "low", "attributes": { "a/b": [] } });
    assert_eq!(faults(What::Incidents, &incident)[0].0, "/items/0/attributes/a~1b");
    assert_eq!(faults(What::IndicatorCounts, &json!({ "a/b": 1 }))[0].0, "/counts/0/a~1b");
    let Err(top) = read(What::Events, false, br#"{"items": [], "a/b": 1}"#) else { panic!("a/b is no field") };
    assert_eq!(top.errors[0].pointer, "/a~1b");
    let lines = read(What::Events, true, b"{\"a/b\": 1}\r\n").unwrap().failures;
    assert_eq!(lines[0].pointer, "/0/a~1b");
}

#[test]
fn of_many_refused_items_the_first_are_told_in_full() {
    let items: Vec<Value> = (0..100).map(|i| json!({ "external_id": i.to_string(), "titel": "x" })).collect();
    let parsed = read(What::Incidents, false, json!({ "items": items }).to_string().as_bytes()).unwrap();
    let of = |index: u32| parsed.failures.iter().filter(|f| f.index == index).collect::<Vec<_>>();
    assert_eq!(of(19).len(), 3);
    assert!(of(19).iter().any(|f| f.detail.starts_with("titel is no field of an incident")));
    assert_eq!((of(20).len(), of(99)[0].code.as_str(), of(99)[0].detail.as_str()), (1, "unknown_field", "There is no such field."));
    assert_eq!(parsed.failures.iter().map(|f| f.index).collect::<std::collections::BTreeSet<_>>().len(), 100, "each keeps its place");
}

/// null, "" and missing are the same for every field that may be left out, and the zero times of Go and .NET are none.
#[test]
fn what_is_not_set_is_not_set_however_it_is_written() {
    for what in [What::Metrics, What::Incidents, What::Events, What::Indicators] {
        let needed: &[&str] = match what {
            What::Metrics => &["metric", "value", "observed_at"],
            What::Incidents => &["external_id", "title", "severity"],
            What::Events => &["external_id", "title", "severity", "observed_at"],
            _ => &["type", "value"],
        };
        for field in fields(what).iter().filter(|field| !needed.contains(field)) {
            for unset in [json!(null), json!(""), json!(" "), json!("\u{200b}")] {
                let mut item = good(what);
                item[*field] = unset.clone();
                if *field == "status" {
                    item["closed_at"] = json!(null);
                }
                let all = faults(what, &item);
                assert!(all.is_empty(), "{what:?} {field} {unset}: {all:?}");
            }
        }
        for field in fields(what).iter().filter(|field| field.ends_with("_at") || field.ends_with("_seen") || field.ends_with("_until")) {
            for zero in ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00", "0001-01-01T00:00:00.0000000+00:00"] {
                let mut item = good(what);
                item[*field] = json!(zero);
                let missing: Vec<String> = if needed.contains(field) { vec![format!("/items/0/{field}")] } else { vec![] };
                assert_eq!(faults(what, &item).into_iter().map(|(pointer, ..)| pointer).collect::<Vec<_>>(), missing, "{what:?} {field} {zero}");
            }
        }
    }
}

#[test]
fn numbers_are_read_as_programs_write_them() {
    let confidence = |value: Value| {
        let mut item = good(What::Indicators);
        item["confidence"] = value;
        let parsed = read(What::Indicators, false, body(What::Indicators, &item).to_string().as_bytes()).unwrap();
        match parsed.items {
            Items::Indicators(all) => all.first().and_then(|i| i.confidence),
            _ => None,
        }
    };
    assert_eq!((confidence(json!(85.0)), confidence(json!("85 %")), confidence(json!(85.5)), confidence(json!(101))), (Some(85), Some(85), None, None));
    let value = |value: &str, metric: &str| {
        let text = format!("{{\"items\":[{{\"metric\":\"{metric}\",\"value\":{value},\"observed_at\":\"2026-05-01\"}}]}}");
        match read(What::Metrics, false, text.as_bytes()).unwrap().items {
            Items::Metrics(all) => all.first().map(|s| s.value),
            _ => None,
        }
    };
    assert_eq!((value("\"93.5%\"", "mfa_coverage_pct"), value("9.35e1", "mfa_coverage_pct")), (Some(93.5), Some(93.5)));
    assert_eq!(["1.234", "1.5", "12e-1"].map(|part| value(part, "kev_overdue")), [None, None, None], "nothing is counted in parts");
    assert_eq!(["1234", "85.0", "1.2e1"].map(|whole| value(whole, "kev_overdue")), [Some(1234.0), Some(85.0), Some(12.0)]);
    assert_eq!(value("1.234", "critical_vulns_overdue_per_1000_assets"), Some(1.234));
    let fraction = json!({ "metric": "kev_overdue", "value": 1.234, "observed_at": "2026-05-01" });
    let said = "value must be a whole number (kev_overdue is a count), not 1.234.";
    assert_eq!(faults(What::Metrics, &fraction), [("/items/0/value".to_owned(), "bad_value".to_owned(), said.to_owned())]);
    assert_eq!(
        (value("\"93.5%\"", "mean_time_to_detect_hours"), value("\"93.5\"", "mfa_coverage_pct"), value("\"NaN%\"", "mfa_coverage_pct")),
        (None, None, None)
    );
}

/// The answers are the same whether the body comes in UTF-8, with a byte order mark, or in UTF-16.
#[test]
fn byte_order_marks_change_nothing() {
    let text = body(What::Metrics, &good(What::Metrics)).to_string();
    let utf16 = format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for bytes in [text.clone().into_bytes(), format!("\u{feff}{text}").into_bytes(), utf16] {
        assert!(read(What::Metrics, false, &bytes).map(|parsed| parsed.failures).unwrap().is_empty());
    }
}

/// The fields that are read are those of the description.
#[test]
fn the_description_has_the_fields_that_are_read() {
    use utoipa::PartialSchema;
    let schemas = [
        (What::Metrics, MetricRaw::schema()),
        (What::Incidents, IncidentRaw::schema()),
        (What::Events, EventRaw::schema()),
        (What::Indicators, IndicatorRaw::schema()),
        (What::IndicatorCounts, CountRaw::schema()),
    ];
    for (what, schema) in schemas {
        let schema = serde_json::to_value(schema).unwrap();
        let described: std::collections::BTreeSet<&str> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let read: std::collections::BTreeSet<&str> = fields(what).iter().copied().filter(|field| *field != "org").collect();
        assert_eq!(read, described, "{what:?}");
    }
}
