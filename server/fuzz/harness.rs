//! Every parser of what comes from outside, as a function of bytes: it must not panic, not work without bound, and what it made of them must
//! mean the same when it is written down and read again. The targets of cargo-fuzz and the test `tests/fuzz.rs` share it.

use axum::http::{HeaderMap, HeaderValue};
use domain::{DAY, HOUR, OrgId, Timestamp, query::PageQuery};
use serde_json::{Value, json};
use server::{
    App,
    api::{MAX_INFLATED, parse, precondition::Precondition, problem::Problem, request},
    auth::keys,
    cli::{
        import::mapping::Mapping,
        items::{self, Decimal, Format},
    },
    clock::Clock,
    live::board::Board,
    state::Config,
};
use std::{net::SocketAddr, sync::Arc, sync::OnceLock};
use store::{Items, Org, What};

/// A parser's name, which is its corpus's too, and what to do with bytes.
pub type Target = (&'static str, fn(&[u8]));

/// All of them.
pub const TARGETS: [Target; 15] = [
    ("metrics", |data| {
        push(What::Metrics, false, data);
    }),
    ("incidents", |data| {
        push(What::Incidents, false, data);
    }),
    ("events", |data| {
        push(What::Events, false, data);
    }),
    ("event_lines", |data| {
        push(What::Events, true, data);
    }),
    ("indicators", |data| {
        push(What::Indicators, false, data);
    }),
    ("indicator_counts", |data| {
        push(What::IndicatorCounts, false, data);
    }),
    ("one_incident", one_incident),
    ("encoding", encoding),
    ("page_query", page_query),
    ("timestamp", timestamp),
    ("authorization", authorization),
    ("idempotency_key", idempotency_key),
    ("if_match", if_match),
    ("csv_items", csv_items),
    ("mapping", mapping),
];

/// Runs one target.
#[allow(dead_code, reason = "the test runs all of them, and each target of cargo-fuzz one")]
pub fn run(name: &str, data: &[u8]) {
    TARGETS.iter().find(|target| target.0 == name).expect("a target").1(data);
}

const NOW: Timestamp = Timestamp(20_454 * DAY + 12 * HOUR);

struct World {
    board: Arc<Board>,
    org: OrgId,
    runtime: tokio::runtime::Runtime,
}

/// A hub's board with two organisations and the default catalogue, made once.
fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let board = runtime.block_on(async {
            let config = Config {
                listen: SocketAddr::from(([127, 0, 0, 1], 0)),
                public_url: String::new(),
                public_url_given: false,
                alliance: "Fuzz".into(),
                demo: false,
                insecure_cookies: true,
                second_factor: false,
                retention: store::Retention::default(),
                trusted_proxies: server::serving::Proxies::default(),
                quotas: server::quotas::Quotas::default(),
            };
            let app = App::open(config, &format!("sqlite://{}/hub.db", folder.path().display()), Clock::default()).await.expect("a hub");
            for slug in ["alpha", "beta"] {
                let (slug, name) = (slug.to_owned(), slug.to_owned());
                let (sector, country) = ("energy".to_owned(), "NO".to_owned());
                let org = Org { id: OrgId(0), slug, name, sector, country, assets: None, interval: HOUR, weight: 1.0, last_data_at: None, confirmed: true };
                app.store.hub().add_organisation(org, NOW).await.expect("an organisation");
            }
            app.live.reload(&app.store, NOW).await.expect("the board");
            let board = app.live.board();
            app.store.close().await;
            board
        });
        let org = board.by_slug("alpha").expect("it was added").info.id;
        World { board, org, runtime }
    })
}

fn context() -> parse::Context<'static> {
    parse::Context { board: &world().board, org: world().org, org_slug: "alpha", now: NOW, said_at: NOW, backfill: true, alliance_keys: &[2, 1] }
}

fn assert_refusal(problem: &Problem, size: usize) {
    assert!((400..500).contains(&problem.status), "{problem:?}");
    let said: usize = problem.detail.len() + problem.errors.iter().map(|e| e.pointer.len() + e.detail.len()).sum::<usize>();
    assert!(said < 4_096 + size, "an answer larger than its question: {problem:?}");
}

/// The body of a push; returns how many of its items would be kept.
pub fn push(what: What, ndjson: bool, data: &[u8]) -> usize {
    let parsed = match parse::parse(what, ndjson, data, &context()) {
        Ok(parsed) => parsed,
        Err(problem) => {
            assert_refusal(&problem, data.len());
            return 0;
        }
    };
    let kept = written(&parsed.items);
    let (of, count) = (parsed.total as usize, kept["items"].as_array().or(kept["counts"].as_array()).map_or(0, Vec::len));
    let refused: std::collections::BTreeSet<u32> = parsed.failures.iter().map(|failure| failure.index).collect();
    assert_eq!(of, count + refused.len(), "each item is kept or refused");
    for failure in &parsed.failures {
        assert!((failure.index as usize) < of && failure.pointer.starts_with('/') && !failure.code.is_empty(), "{failure:?}");
        assert!(failure.detail.chars().count() <= 241 && failure.pointer.chars().count() <= 241, "{failure:?}");
    }
    let text = kept.to_string();
    assert!(!text.contains("\\u0000") || text.contains("\\\\u0000"), "a NUL was kept: {text}");
    // Written down and read again it is the same.
    let Ok(again) = parse::parse(what, false, text.as_bytes(), &context()) else { panic!("not read again: {text}") };
    assert!(again.failures.is_empty(), "{:?} of {text}", again.failures);
    assert_eq!(rounded(written(&again.items)), rounded(kept));
    count
}

/// Numbers to twelve digits: reading JSON may miss the last bit of a float.
fn rounded(value: Value) -> Value {
    match value {
        Value::Number(n) => n.as_f64().map_or(Value::Null, |n| format!("{n:.12e}").into()),
        Value::Array(list) => list.into_iter().map(rounded).collect(),
        Value::Object(map) => map.into_iter().map(|(k, v)| (k, rounded(v))).collect(),
        other => other,
    }
}

/// Items as somebody could have pushed them.
fn written(items: &Items) -> Value {
    let raw = |raw: &String| serde_json::from_str::<Value>(raw).expect("what is kept is JSON");
    match items {
        Items::Metrics(list) => {
            let items = list.iter().map(|s| {
                let labels: serde_json::Map<_, _> = s.labels.split(',').filter_map(|l| l.split_once('=')).map(|(k, v)| (k.to_owned(), v.into())).collect();
                json!({ "metric": s.metric, "value": s.value, "observed_at": s.observed_at.rfc3339_micros(), "labels": labels })
            });
            json!({ "items": items.collect::<Vec<_>>() })
        }
        Items::Incidents(list) => json!({ "items": list.iter().map(|i| raw(&i.raw)).collect::<Vec<_>>() }),
        Items::Events(list) => json!({ "items": list.iter().map(|i| raw(&i.raw)).collect::<Vec<_>>() }),
        Items::Indicators(list) => json!({ "items": list.iter().map(|i| raw(&i.raw)).collect::<Vec<_>>() }),
        Items::Counts { window, counts } => {
            let counts = counts.iter().map(|c| json!({ "type": c.kind.name(), "tlp": c.tlp.name(), "severity": c.severity.to_string(), "count": c.count }));
            json!({ "window_start": window.0.rfc3339_micros(), "window_end": window.1.rfc3339_micros(), "counts": counts.collect::<Vec<_>>() })
        }
    }
}

fn one_incident(data: &[u8]) {
    match parse::one_incident(data, "INC-1", &context()) {
        Ok(body) => {
            push(What::Incidents, false, &body);
        }
        Err(problem) => assert_refusal(&problem, data.len()),
    }
}

/// The first byte says how the others are packed.
fn encoding(data: &[u8]) {
    let Some((first, packed)) = data.split_first() else { return };
    let encoding = if first % 2 == 0 { "gzip" } else { "zstd" };
    match world().runtime.block_on(request::decode(Some(encoding), packed.to_vec().into())) {
        Ok(body) => assert!(body.len() <= MAX_INFLATED),
        Err(problem) => assert_refusal(&problem, packed.len()),
    }
}

fn page_query(data: &[u8]) {
    let Ok(query) = serde_urlencoded::from_bytes::<PageQuery>(data) else { return };
    let href = query.href("/incidents");
    let again = href.split_once('?').map_or("", |(_, query)| query);
    assert_eq!(serde_urlencoded::from_str::<PageQuery>(again).expect("our own address is read"), query);
    let window = query.window(NOW);
    assert!(window.from < window.to && window.to <= NOW.plus(DAY) && window.days() <= 3_661, "{window:?}");
}

fn timestamp(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(at) = Timestamp::parse(text) else { return };
    // An offset can lead out of the years that have four digits.
    if (0..=9_999).contains(&at.civil().year) {
        assert_eq!(Timestamp::parse(&at.rfc3339_micros()), Ok(at), "{text}");
    }
    assert!(!at.human().is_empty() && !at.date().is_empty() && !at.clock().is_empty());
}

fn headers(name: &'static str, data: &[u8]) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for line in data.split(|b| *b == b'\n') {
        headers.append(name, HeaderValue::from_bytes(line).ok()?);
    }
    Some(headers)
}

fn authorization(data: &[u8]) {
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let Some(key) = keys::bearer(&value) else { return };
    assert!(keys::well_formed(key) && key.len() <= keys::LENGTH);
    let again = HeaderValue::from_str(&format!("Bearer {key}")).expect("a header");
    assert_eq!(keys::bearer(&again), Some(key));
}

fn idempotency_key(data: &[u8]) {
    let Some(sent) = headers("idempotency-key", data) else { return };
    match request::idempotency_key(&sent) {
        Ok(None) => panic!("there is a header"),
        Ok(Some(key)) => {
            assert!((1..=200).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()), "{key:?}");
            let quoted = headers("idempotency-key", format!("\"{key}\"").as_bytes()).expect("a header");
            assert_eq!(request::idempotency_key(&quoted).expect("quoted or bare"), Some(key));
        }
        Err(problem) => assert_refusal(&problem, data.len()),
    }
}

fn if_match(data: &[u8]) {
    let Some(sent) = headers("if-match", data) else { return };
    let precondition = Precondition::of(&sent);
    assert!(precondition.holds(0).is_err(), "what must be there is not");
    if let Some(revision) = precondition.expected() {
        assert!(revision > 0, "{revision}: only If-None-Match says that there must be none");
        let again = headers("if-match", format!("\"{revision}\"").as_bytes()).expect("a header");
        assert_eq!(Precondition::of(&again), precondition);
        assert!(precondition.holds(revision).is_ok());
    }
}

/// The first byte says what the file is said to hold.
fn csv_items(data: &[u8]) {
    let Some((first, text)) = data.split_first() else { return };
    let Ok(text) = items::decoded(text) else { return };
    let what = What::ALL[usize::from(*first) % What::ALL.len()];
    let Ok(read) = items::read(what, Format::Csv, &text) else { return };
    if what == What::IndicatorCounts {
        return;
    }
    for item in read.items {
        assert!(item.place >= 1);
        push(what, false, format!("{{\"items\":[{}]}}", item.json.get()).as_bytes());
    }
}

/// A mapping, an empty line with `---`, and cells as `column=cell`, one a line.
fn mapping(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (table, cells) = text.split_once("\n---\n").unwrap_or((text, ""));
    let Ok(mapping) = Mapping::parse(table) else { return };
    let row: items::Row = cells.lines().filter_map(|l| l.split_once('=')).map(|(c, v)| (c.to_owned(), v.to_owned())).collect();
    let head: Vec<String> = row.iter().map(|cell| cell.0.clone()).collect();
    for table in [&mapping.organisations, &mapping.metrics, &mapping.incidents] {
        let fields = table.fields(&head);
        if let Ok(ours) = table.apply(row.clone(), Decimal::Comma) {
            assert!(ours.iter().all(|(field, _)| fields.contains(field)), "a field from nowhere: {ours:?} of {fields:?}");
        }
    }
}
