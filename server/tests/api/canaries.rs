//! Every route there is, asked as every role of another organisation at every level, gives away nothing that is not shared: of posture, records,
//! people, keys, groups, payloads or the audit trail; over HTML, CSV, JSON, streams, errors, headers and the log.

mod plant;

use crate::{
    routes::{self, EXTERNAL_ID, METHODS, addresses, narrowed, paths},
    support::*,
    unshared::{gives_away, records},
};
use domain::{DataClass, Level, MINUTE, Role};
use plant::{canary, classes, plant, show};
use reqwest::Method;
use serde_json::json;
use std::collections::BTreeSet;

/// Which canaries of an organisation must not be seen at a level: at the highest, those that a marking or nothing at all shows.
fn hidden(level: Level) -> Vec<&'static str> {
    // What is shown in detail shows the values of posture with the keys that brought them, and records that are marked for all.
    if level == Level::Detail { vec!["person", "group", "proposal"] } else { classes().collect() }
}

fn sings(answer: &Answer, org: &str, classes: &[&str]) -> Option<String> {
    classes.iter().map(|class| canary(org, class)).find(|secret| gives_away(answer, secret))
}

/// The numbers of what alpha has that a form may be about, and of its group.
async fn numbers(app: &TestApp, path: &str) -> (String, String) {
    let (hub, alpha) = (app.app.store.hub(), app.org("alpha"));
    let group = hub.groups().await.expect("groups").into_iter().find(|g| g.owner == alpha).expect("alpha's group").id.0;
    let id = match path {
        "/admin/sharing/approve" | "/admin/sharing/decline" => hub.proposals(alpha, app.now()).await.expect("proposals").first().map(|p| p.id),
        path if path.starts_with("/admin/keys") || path.starts_with("/connect") => hub.keys(alpha).await.expect("keys").first().map(|key| key.id),
        _ => hub.people(Some(alpha)).await.expect("people").first().map(|p| p.id),
    };
    (id.expect("alpha has one").to_string(), group.to_string())
}

/// Asks everything that machines and people can ask with one method, as somebody of beta.
async fn ask(app: &TestApp, person: &Person<'_>, key: &str, method: &Method, path: &str, address: &str) -> Answer {
    if path.starts_with("/api") {
        let request = app.request(method.clone(), address).bearer_auth(key);
        return if *method == Method::GET { Answer::of(request).await } else { Answer::of(request.json(&json!({ "items": [{}] }))).await };
    }
    if *method == Method::POST && routes::forms().contains(&path) {
        // What every form might take, of alpha.
        let (id, group) = numbers(app, path).await;
        let of = [("org", "alpha"), ("class", "posture"), ("audience", "org:alpha"), ("level", "detail"), ("role", "analyst")];
        let fields: Vec<(&str, &str)> = of.into_iter().chain([("id", id.as_str()), ("group", group.as_str())]).collect();
        return routes::filled(person, address, &fields).await.0;
    }
    Answer::of(app.request(method.clone(), address).header("cookie", &person.cookie).header("sec-fetch-site", "same-origin")).await
}

/// The roles but for one, whose very purpose it is to read the trail of the whole alliance.
fn reads_it_by_right(role: Role, path: &str) -> bool {
    role.reads_all_audit() && path.starts_with("/admin/audit")
}

/// Routes that end the session, begin one, or never end.
fn apart(path: &str) -> bool {
    path == "/live" || path.starts_with("/auth/")
}

#[tokio::test]
async fn no_route_gives_a_foreign_canary_away_at_any_level() {
    listen_to_log();
    let app = TestApp::start().await;
    for org in ORGS {
        plant(&app, org).await;
    }
    let (paths, ids) = (paths(&app), records(&app, "alpha").await);
    // The control: at home every class sings.
    let home = app.person_of("alpha", Role::OrgAdmin).await;
    let mut sung = BTreeSet::new();
    for path in paths.iter().filter(|path| !apart(path)) {
        for address in addresses(path, &ids) {
            let answer = home.get(&address).await;
            sung.extend(classes().filter(|class| gives_away(&answer, &canary("alpha", class))));
        }
    }
    assert_eq!(sung.len(), classes().count(), "{sung:?}");
    let mut keys = vec![app.partner_with("beta", "metrics incidents events indicators backfill").await.key];
    for scope in ["metrics", "incidents", "events", "indicators", "backfill"] {
        keys.push(app.partner_with("beta", scope).await.key);
    }
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role, app.person_of("beta", role).await));
    }
    for level in Level::ALL {
        show(&app, "alpha", level).await;
        for (role, person) in &people {
            for path in paths.iter().filter(|path| !apart(path) && !reads_it_by_right(*role, path)) {
                for address in addresses(path, &ids) {
                    let address = if level == Level::Detail && address.contains(EXTERNAL_ID) { address.replace(EXTERNAL_ID, "none") } else { address };
                    let answer = ask(&app, person, &keys[0], &Method::GET, path, &address).await;
                    // A name that was asked for is told back in addresses of the page itself.
                    let secrets: Vec<_> = hidden(level).into_iter().filter(|class| !address.contains(&canary("alpha", class))).collect();
                    let sung = sings(&answer, "alpha", &secrets);
                    assert!(sung.is_none(), "{role} at {address} ({}) at {level:?}: {sung:?} in {}", answer.status, answer.text());
                    assert!(answer.status < 500, "{role} at {address}: {}", answer.status);
                    // Below detail, a value is no more shown than a name: neither the sample's nor what a chart is made of.
                    let values = level < Level::Detail && path.starts_with("/orgs/") && path.contains("{metric}");
                    assert!(!values || answer.status == 404, "{role} at {address} at {level:?}: {}", answer.status);
                }
            }
        }
        let scored = people[0].1.get("/csv/orgs").await.csv().into_iter().find(|row| row[0] == "alpha");
        assert_eq!(scored.is_some(), level >= Level::Summary, "named from summary on");
        assert!(scored.is_none_or(|row| !row[3].is_empty()), "with its score");
        for key in &keys {
            for (_, path) in routes::operations().iter().filter(|(method, _)| *method == Method::GET) {
                for address in addresses(path, &ids) {
                    let answer = Answer::of(app.request(Method::GET, &address).bearer_auth(key)).await;
                    // A machine reads its own organisation's alone, whatever is shared with people.
                    assert!(sings(&answer, "alpha", &classes().collect::<Vec<_>>()).is_none(), "{address}: {}", answer.text());
                }
            }
        }
    }
    // Whatever changes something is asked once, since levels are about reading.
    show(&app, "alpha", Level::None).await;
    for (role, person) in &people {
        for path in paths.iter().filter(|path| !apart(path) && !reads_it_by_right(*role, path)) {
            for address in addresses(path, &ids) {
                for method in METHODS.into_iter().filter(|method| *method != Method::GET) {
                    let answer = ask(&app, person, &keys[0], &method, path, &address).await;
                    let secrets: Vec<_> = classes().filter(|class| !address.contains(&canary("alpha", class))).collect();
                    assert!(sings(&answer, "alpha", &secrets).is_none(), "{role} by {method} at {address} ({}): {}", answer.status, answer.text());
                    assert!(answer.status < 500, "{role} by {method} at {address}: {}", answer.status);
                }
            }
        }
    }
    // Nobody changed anything of alpha's.
    let sharing = app.app.store.hub().sharing().await.expect("rules");
    assert!(DataClass::ALL.iter().all(|class| sharing.level(app.org("beta"), app.org("alpha"), *class) == Level::None));
    assert!(app.app.store.hub().people(Some(app.org("alpha"))).await.expect("people").iter().all(|p| !p.disabled));
    let said = logged();
    assert!(said.contains("/api/v1/incidents"), "the log was not listened to");
    // The address that somebody asked for is his own words.
    let lines: Vec<String> = said.lines().map(|line| line.split("path=").map(|rest| rest.trim_start_matches(|c: char| !" }".contains(c))).collect()).collect();
    for secret in ORGS.into_iter().flat_map(|org| classes().map(move |class| canary(org, class))) {
        let telling: Vec<_> = lines.iter().filter(|line| line.contains(&secret)).collect();
        assert!(telling.is_empty(), "{secret} in the log: {telling:#?}");
    }
}

/// Markings narrow what a rule shows: at the level of detail, RED, AMBER+STRICT and AMBER that name nobody stay at home.
#[tokio::test]
async fn no_route_gives_away_what_is_marked_for_others() {
    let app = TestApp::start().await;
    let (alpha, at) = (app.partner("alpha").await, app.at(-MINUTE));
    let marked = |class: &str| format!("marked-{class}-9b2e");
    for tlp in ["RED", "AMBER+STRICT", "AMBER"] {
        let of = |class: &str| format!("{}-{}", marked(class), tlp.replace('+', "-").to_lowercase());
        let one = with(with(incident(&of("incident"), "critical", tlp), "title", of("incident")), "description", of("incident"));
        alpha.push("incidents", &items([with(one, "attributes", json!({ "note": of("incident") }))])).await;
        alpha.push("events", &items([with(with(event(&of("event"), tlp, &at), "title", of("event")), "incident", of("incident"))])).await;
        alpha.push("indicators", &items([with(indicator(&format!("{}.example", of("indicator")), tlp), "description", of("indicator"))])).await;
    }
    alpha.push("incidents", &items([incident(EXTERNAL_ID, "low", "GREEN")])).await;
    alpha.push("metrics", &items([sample(90.0, &at)])).await;
    let (paths, ids) = (paths(&app), records(&app, "alpha").await);
    let home = app.person_of("alpha", Role::Analyst).await;
    let key = app.partner("beta").await.key;
    let mut sung = 0;
    for role in Role::ALL {
        let person = app.person_of("beta", role).await;
        for path in paths.iter().filter(|path| !apart(path) && !reads_it_by_right(role, path)) {
            for address in addresses(path, &ids) {
                let marked_so = narrowed(path, &address, &[("status", "any"), ("tlp", "RED")]);
                let looked_for = narrowed(path, &address, &[("q", "marked"), ("org", "alpha"), ("status", "any")]);
                for address in BTreeSet::from([address, marked_so, looked_for]) {
                    let answer = ask(&app, &person, &key, &Method::GET, path, &address).await;
                    assert!(!answer.text().contains("This address is not clear"), "{role} at {address}");
                    for class in ["incident", "event", "indicator"] {
                        assert!(!gives_away(&answer, &marked(class)), "{role} at {address} ({}): {}", answer.status, answer.text());
                        sung += usize::from(role == Role::Executive && gives_away(&home.get(&address).await, &marked(class)));
                    }
                }
            }
        }
    }
    assert!(sung >= 12, "at home they sing, {sung} times");
}

/// Streams and their replays tell topics and numbers, and of nobody who shows nothing.
#[tokio::test]
async fn no_stream_gives_a_foreign_canary_away() {
    let app = TestApp::start().await;
    show(&app, "alpha", Level::None).await;
    let first = app.person_of("beta", Role::Analyst).await;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push(app.person_of("beta", role).await);
    }
    let (alpha, beta) = (app.partner("alpha").await, app.partner("beta").await);
    let mut streams = Vec::new();
    for person in &people {
        streams.push(person.stream(None).await);
    }
    plant(&app, "alpha").await;
    // Alpha has made a group meanwhile, which is nothing to beta.
    app.obeyed().await;
    beta.push("metrics", &items([sample(80.0, &app.at(-MINUTE))])).await;
    let known = first.stream(None).await.event().await.id;
    alpha.push("incidents", &items([with(incident("again", "critical", "GREEN"), "title", canary("alpha", "incidents"))])).await;
    alpha.push("metrics", &items([sample(20.0, &app.at(-MINUTE))])).await;
    beta.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    for person in &people {
        streams.push(person.stream(Some(&known)).await);
    }
    for stream in &mut streams {
        loop {
            let event = stream.event().await;
            if event.kind == "change" && event.topics().contains(&"pushes:beta".to_owned()) {
                break;
            }
        }
        assert!(!stream.seen.contains("alpha") && !stream.seen.contains("canary"), "{}", stream.seen);
    }
    for unknown in ["999999", "-5", "canary"] {
        let mut stream = first.stream(Some(unknown)).await;
        stream.event().await;
        assert!(!stream.seen.contains("alpha") && !stream.seen.contains("canary"), "{}", stream.seen);
    }
}

/// What is wrong with a request is told without what others have: bodies that cannot be kept, absent paths, methods that do nothing.
#[tokio::test]
async fn no_refusal_gives_a_foreign_canary_away() {
    let app = TestApp::start().await;
    plant(&app, "alpha").await;
    show(&app, "alpha", Level::None).await;
    let (beta, person) = (app.partner("beta").await, app.person_of("beta", Role::OrgAdmin).await);
    let at = app.at(-MINUTE);
    let (incidents, events) = (canary("alpha", "incidents"), canary("alpha", "events"));
    let mut answers = Vec::new();
    // Names that alpha has, in bodies of beta's that are refused, in part and as a whole, in earnest and as a trial.
    for query in ["", "?dry_run=true", "?mode=snapshot&dry_run=true"] {
        for (route, item) in [
            ("metrics", with(sample(101.0, &at), "labels", json!({ "site": "x" }))),
            ("incidents", with(incident("a", "low", "GREEN"), "status", "wrong")),
            ("incidents", with(incident("a", "low", "GREEN"), "recipients", json!(["nobody"]))),
            ("events", with(event("e", "GREEN", &at), "incident", 7)),
            ("indicators", with(indicator("a.example", "GREEN"), "type", "wrong")),
        ] {
            answers.push(beta.post(&format!("{route}{query}"), &items([item])).await);
        }
    }
    assert!(answers.iter().all(|a| a.status == 422), "{answers:?}");
    for body in ["{", "[]", "{\"items\": 5}"] {
        answers.push(Answer::of(beta.request(Method::POST, "incidents").header("content-type", "application/json").body(body)).await);
    }
    for method in METHODS {
        for path in ["/api/v1/incidents/none", "/api/v1/receipts/none", "/api/v1/none", "/incidents/none", "/orgs/alpha", "/admin/none", "/live/none"] {
            let request = app.request(method.clone(), path).header("sec-fetch-site", "same-origin");
            let request = if path.starts_with("/api") { request.bearer_auth(&beta.key) } else { request.header("cookie", &person.cookie) };
            answers.push(Answer::of(request).await);
        }
    }
    // The names themselves are free: beta's own are other things.
    answers.push(beta.put("none", &[("if-match", "\"1\"")], &incident("none", "low", "GREEN")).await);
    assert!(answers.iter().all(|a| a.status >= 400), "{:?}", answers.iter().map(|a| a.status).collect::<Vec<_>>());
    for answer in &answers {
        assert!(sings(answer, "alpha", &classes().collect::<Vec<_>>()).is_none(), "{}: {}", answer.status, answer.text());
    }
    for (route, item) in [("incidents", incident(&incidents, "low", "RED")), ("events", event(&events, "RED", &at))] {
        let receipt = beta.push(route, &items([item])).await;
        assert_eq!(receipt["success_count"], 1, "{receipt}");
    }
}
