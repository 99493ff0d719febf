//! ASVS 8.1.1: the table of who may do what (`server/src/routes/roles.md`), asked row by row as everybody; and a row of the audit trail for each refusal.

use crate::{
    routes::{self, EXTERNAL_ID, METHODS, addresses, filled},
    support::*,
    unshared::records,
};
use domain::{MINUTE, Role, Viewer, view::Refusal};
use reqwest::Method;
use serde_json::json;
use server::{auth::SignedIn, routes::csv};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

const TABLE: &str = include_str!("../../src/routes/roles.md");

/// Route and method with a word for each column, of the table whose head has these columns.
fn table(columns: &[&str]) -> BTreeMap<(String, String), Vec<String>> {
    let cells = |line: &str| -> Vec<String> { line.trim().trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect() };
    let head = [&["route", "method", "nobody"], columns].concat();
    let rows = TABLE.lines().skip_while(|line| cells(line) != head).skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<String>> = rows.map(cells).collect();
    let said: BTreeMap<_, _> = rows.iter().map(|row| ((row[0].clone(), row[1].clone()), row[2..].to_vec())).collect();
    assert_eq!(said.len(), rows.len(), "a row stands twice");
    assert!(said.values().all(|row| row.len() == head.len() - 2), "a row is too short");
    said
}

/// The word for an answer; `None` where nothing is there for this method.
fn word(path: &str, answer: &Answer) -> Option<&'static str> {
    let to_the_door = answer.status == 303 && answer.header("location").starts_with("/signin") && !path.starts_with("/auth/");
    match answer.status {
        404 | 405 => None,
        403 => Some("no"),
        401 => Some("sign in"),
        204 if path == "/live" => Some("sign in"),
        303 if to_the_door => Some("sign in"),
        status if status < 500 => Some("yes"),
        status => panic!("{path}: {status}"),
    }
}

/// Compares what was seen with the table, and says the rows that it should have.
fn compare(said: &BTreeMap<(String, String), Vec<String>>, seen: BTreeMap<(String, String), Vec<Option<&'static str>>>) {
    let seen: BTreeMap<_, Vec<String>> = seen
        .into_iter()
        .filter(|(_, words)| words.iter().any(Option::is_some))
        .map(|(row, words)| (row, words.into_iter().map(|word| word.unwrap_or("nothing").to_owned()).collect()))
        .collect();
    let line = |((path, method), words): (&(String, String), &Vec<String>)| format!("| {path} | {method} | {} |", words.join(" | "));
    let other: Vec<_> = seen.iter().filter(|(row, words)| said.get(*row) != Some(words)).map(line).collect();
    let gone: Vec<_> = said.iter().filter(|(row, _)| !seen.contains_key(*row)).map(line).collect();
    assert!(other.is_empty() && gone.is_empty(), "roles.md does not say what is so.\nSo it is:\n{}\nNot there:\n{}", other.join("\n"), gone.join("\n"));
}

/// Alpha's things that routes have parameters for, and an open decision; beta has the person with the first number.
async fn home(app: &TestApp) -> (BTreeSet<String>, String) {
    app.account("beta", Role::Executive).await;
    let (alpha, at) = (app.partner("alpha").await, app.at(-MINUTE));
    alpha.push("metrics", &items([sample(91.0, &at)])).await;
    alpha.push("incidents", &items([incident(EXTERNAL_ID, "critical", "GREEN")])).await;
    alpha.push("events", &items([with(event("e", "CLEAR", &at), "incident", EXTERNAL_ID)])).await;
    alpha.push("indicators", &items([indicator("a.example", "GREEN")])).await;
    let coordinator = app.person(Role::Coordinator).await;
    coordinator.post("/decisions", &[("kind", "alert_level"), ("level", "2"), ("reason", "a")]).await;
    let decision = app.app.store.hub().decisions().await.expect("decisions")[0].id.to_string();
    (records(app, "alpha").await, decision)
}

#[tokio::test]
async fn asvs_8_1_1_every_role_may_what_the_table_says() {
    let app = TestApp::start().await;
    let (ids, decision) = home(&app).await;
    app.app.audit.sign_with(store::audit::Signer::new(&[3; 32]));
    server::audit::checkpoint(&app.app).await.expect("a checkpoint");
    let (nobody, mut columns) = (Person { app: &app, id: 0, email: String::new(), cookie: String::new() }, vec![]);
    for role in Role::ALL {
        columns.push(app.person(role).await);
    }
    let mut seen: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let fields = [("id", decision.as_str()), ("kind", "alert_level"), ("level", "2"), ("reason", "a"), ("choice", "for"), ("group", "987654")];
    for path in routes::paths(&app).into_iter().filter(|path| !path.starts_with("/api/") && !path.starts_with("/pkg/")) {
        let address = if path.starts_with("/welcome/") { "/welcome/some-token".to_owned() } else { addresses(&path, &ids).remove(0) };
        let takes_form = routes::forms().contains(&path.as_str());
        for method in METHODS {
            for person in [&nobody].into_iter().chain(&columns) {
                let answer = if method == Method::POST && takes_form && path != "/auth/signout" {
                    filled(person, &address, &fields).await.0
                } else {
                    // Who signs out is not asked any more; that everybody may is seen by somebody of his own.
                    let leaver;
                    let cookie = if path == "/auth/signout" && method == Method::POST && person.id > 0 {
                        leaver = app.person(Role::Executive).await;
                        &leaver.cookie
                    } else {
                        &person.cookie
                    };
                    let request = app.request(method.clone(), &address).header("cookie", cookie).header("sec-fetch-site", "same-origin");
                    let request = if method == Method::POST { request.header("content-type", "application/x-www-form-urlencoded") } else { request };
                    let response = request.send().await.expect("the hub answers");
                    // A stream has no end to wait for.
                    Answer { status: response.status().as_u16(), headers: response.headers().clone(), body: vec![] }
                };
                seen.entry((path.clone(), method.to_string())).or_default().push(word(&path, &answer));
            }
        }
    }
    compare(&table(&Role::ALL.map(Role::name)), seen);
}

#[tokio::test]
async fn every_scope_may_what_the_table_says() {
    const SCOPES: [&str; 5] = ["metrics", "incidents", "events", "indicators", "backfill"];
    let app = TestApp::start().await;
    let (ids, _) = home(&app).await;
    app.app.audit.sign_with(store::audit::Signer::new(&[3; 32]));
    server::audit::checkpoint(&app.app).await.expect("a checkpoint");
    // The alliance's key is for those who take part in hashed overlaps.
    app.app.store.hub().set_hashes(app.org("alpha"), true, app.now()).await.expect("alpha takes part");
    let mut keys = vec![None];
    for scope in SCOPES {
        keys.push(Some(app.partner_with("alpha", scope).await.key));
    }
    let mut seen: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut paths: Vec<String> = routes::operations().into_iter().map(|(_, path)| path).collect();
    paths.dedup();
    for path in paths {
        let address = addresses(&path, &ids).remove(0);
        for method in METHODS {
            for key in &keys {
                let request = app.request(method.clone(), &address);
                let request = key.iter().fold(request, |request, key| request.bearer_auth(key));
                let answer = Answer::of(if method == Method::GET { request } else { request.json(&json!({ "items": [{}] })) }).await;
                seen.entry((path.clone(), method.to_string())).or_default().push(word(&path, &answer));
            }
        }
    }
    compare(&table(&SCOPES), seen);
}

/// Whatever the table refuses leaves a row of the trail that names who and what, and nothing else.
#[tokio::test]
async fn every_refusal_of_the_table_is_a_row_of_the_trail() {
    let app = TestApp::start().await;
    let (ids, decision) = home(&app).await;
    let said = table(&Role::ALL.map(Role::name));
    let mut refusals = 0;
    for (column, role) in Role::ALL.into_iter().enumerate() {
        let (person, before) = (app.person(role).await, app.rows().await);
        let mut refused = Vec::new();
        for ((path, method), _) in said.iter().filter(|(_, words)| words[column + 1] == "no") {
            let fields = [("id", decision.as_str()), ("kind", "alert_level"), ("level", "2"), ("reason", "a"), ("choice", "for")];
            let address = addresses(path, &ids).remove(0);
            let answer = if method == "POST" { filled(&person, &address, &fields).await.0 } else { person.get(&address).await };
            assert_eq!(answer.status, 403, "{role} by {method} at {path}");
            refused.push(path);
        }
        assert_eq!(app.gained(&before).await, BTreeMap::new(), "{role}: a refusal changes nothing");
        let rows = app.app.store.hub().audit_after(0).await.expect("the trail");
        let denied: Vec<&str> = rows.iter().filter(|r| r.actor.user == Some(person.id) && r.action == "denied").map(|r| r.object.as_str()).collect();
        for path in &refused {
            assert!(denied.iter().any(|object| path.starts_with(object)), "{role} at {path}: {denied:?}");
        }
        let other: Vec<_> = rows.iter().filter(|r| r.actor.user == Some(person.id) && !["denied", "session.started"].contains(&r.action.as_str())).collect();
        assert!(other.is_empty(), "{other:?}");
        refusals += refused.len();
    }
    assert!(refusals > 80, "{refusals}");
}

/// Of whatever page it is: every role opens those that are files today.
#[tokio::test]
async fn a_csv_that_a_role_does_not_open_is_a_refusal_with_a_row() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    let user = app.app.store.hub().user(person.id).await.expect("the database").expect("the person");
    let viewer = Viewer { org: user.org, role: user.role };
    let who = SignedIn { user, viewer, verified_at: app.now(), session: [0; 32], must_enrol: false };
    let answer = csv::file((app.app.clone(), who), "organisations", &["org"], Err(Refusal::NotAllowed)).await;
    assert_eq!(answer.status().as_u16(), 403);
    let rows = app.app.store.hub().audit_after(0).await.expect("the trail");
    let rows: Vec<_> = rows.iter().filter(|r| r.actor.user == Some(person.id) && r.action != "session.started").collect();
    assert_eq!(rows.iter().map(|r| (r.action.as_str(), r.object.as_str())).collect::<Vec<_>>(), [("denied", "organisations.csv")]);
}

/// What stands in backticks in `THREATS.md`: a path with a slash (a star at its end is for any), and after a file the tests in it.
#[test]
fn every_file_and_test_that_the_threats_name_is_there() {
    let server = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut missing, mut found) = (vec![], 0);
    for line in include_str!("../../THREATS.md").lines() {
        let mut file = String::new();
        for name in line.split('`').skip(1).step_by(2) {
            let is_test = name.contains('_') && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            let is_path = name.contains('/') && !name.starts_with('/') || name.ends_with(".rs");
            let there = if is_test {
                file.contains(&format!("fn {name}("))
            } else if is_path && !name.contains(' ') {
                let places = ["", "tests", "store/tests"].map(|below| server.join(below).join(name.trim_end_matches('*')));
                let place = places.iter().find(|place| place.exists());
                file = place.and_then(|place| std::fs::read_to_string(place).ok()).unwrap_or_default();
                place.is_some()
            } else {
                continue;
            };
            found += 1;
            if !there {
                missing.push(name);
            }
        }
    }
    assert!(found > 80, "{found}");
    assert!(missing.is_empty(), "THREATS.md names what is not there: {missing:?}");
}
