//! Every route there is, asked as every role of another organisation, gives away nothing that is not shared: of records, posture, people, keys,
//! groups or the audit trail. A route that is in none of the tables below fails.

use crate::{
    pages::{decision, leptos_routes},
    support::*,
    unshared::{gives_away, records},
};
use domain::{DataClass, Level, MINUTE, Role, SECOND, sharing::Audience};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// In everything of alpha's.
const CANARY: &str = "canary-4f1e";

/// Paths that hold nothing of an organisation's data, whoever asks.
const OPEN: [&str; 7] = ["/docs/api", "/healthz", "/openapi.json", "/pkg/{hash}/{*path}", "/readyz", "/signin", "/signin/code"];

/// Every path of the program, with its parameters in braces.
fn paths(app: &TestApp) -> BTreeSet<String> {
    let api: Value = serde_json::from_str(&server::api::openapi()).expect("the description");
    let machines = api["paths"].as_object().expect("paths").keys().cloned();
    let people = server::routes::table::people().into_iter().map(|route| route.path.to_owned());
    machines.chain(people).chain(leptos_routes(app)).chain(OPEN.map(Into::into)).collect()
}

/// The addresses of a path, with alpha's own ids in place of its parameters.
fn addresses(path: &str, ids: &BTreeSet<String>) -> Vec<String> {
    let known = path.replace("{org}", "alpha").replace("{metric}", METRIC).replace("{external_id}", CANARY);
    let known = known.replace("{version}", "1").replace("/decisions/{id}", "/decisions/1");
    match known.split_once('{') {
        None => vec![known],
        Some((folder, _)) => {
            let folder = folder.trim_end_matches('/').trim_start_matches("/api/v1");
            let of: Vec<String> =
                ids.iter().filter(|id| id.starts_with(folder)).map(|id| if path.starts_with("/api") { format!("/api/v1{id}") } else { id.clone() }).collect();
            assert!(!of.is_empty() || ["/welcome", "/pkg"].contains(&folder), "no address is known for {path}");
            of
        }
    }
}

/// Alpha has one of everything, with the canary wherever somebody writes words, and shows nobody anything.
async fn plant(app: &TestApp) {
    let (alpha, at, hub) = (app.partner("alpha").await, app.at(-MINUTE), app.app.store.hub());
    alpha.push("metrics", &items([with(sample(91.0, &at), "labels", json!({ "site": CANARY }))])).await;
    alpha.push("incidents", &items([with(incident(CANARY, "critical", "GREEN"), "title", CANARY)])).await;
    alpha.push("events", &items([with(with(event(CANARY, "CLEAR", &at), "title", CANARY), "incident", CANARY)])).await;
    alpha.push("indicators", &items([indicator(&format!("{CANARY}.example"), "GREEN")])).await;
    let id = hub.add_user(app.org("alpha"), format!("{CANARY}@alpha.example"), CANARY.into(), Role::Executive, None, app.now()).await.expect("a user");
    assert!(id > 0);
    hub.add_group(app.org("alpha"), CANARY.into(), true, app.now()).await.expect("a group");
    // A decision is everybody's, what somebody prepares is his own.
    assert_eq!(decision(app).await, 1);
    let (steward, _) = app.account("alpha", Role::Steward).await;
    let mut policy = (*app.app.live.board().policy).clone();
    policy.metrics[0].title = CANARY.into();
    hub.keep_policy_draft((app.org("alpha"), steward), &policy, vec![CANARY.into()], app.now()).await.expect("a draft");
    app.person_of("alpha", Role::OrgAdmin).await.post("/connect", &[("name", CANARY)]).await;
    for class in DataClass::ALL {
        hub.set_rule(app.org("alpha"), class, Audience::Everyone, Some(Level::None), app.now()).await.expect("a rule");
    }
    let version = hub.sharing_version().await.expect("a version");
    app.settle().await;
    app.app.clock.advance(2 * SECOND);
    eventually("the rules are read", async || (app.app.live.board().sharing.version == version).then_some(())).await;
}

#[tokio::test]
async fn no_route_gives_a_foreign_canary_away() {
    let app = TestApp::start().await;
    plant(&app).await;
    let (paths, ids) = (paths(&app), records(&app, "alpha").await);
    assert!(paths.len() > 60, "{paths:?}");
    let home = app.person_of("alpha", Role::OrgAdmin).await;
    let mut sung = 0;
    for path in &paths {
        for address in addresses(path, &ids) {
            sung += usize::from(path != "/live" && !path.starts_with("/auth") && gives_away(&home.get(&address).await, CANARY));
        }
    }
    assert!(sung >= 20, "at home it sings, {sung} times");
    let beta_key = app.partner("beta").await;
    let user = home.id.to_string();
    // What every form might take, of alpha.
    let fields =
        [("id", user.as_str()), ("group", "1"), ("org", "alpha"), ("class", "posture"), ("audience", "org:alpha"), ("level", "detail"), ("role", "analyst")];
    for role in Role::ALL {
        let person = app.person_of("beta", role).await;
        for path in &paths {
            for address in addresses(path, &ids) {
                if path == "/live" || path == "/auth/signout" || path.starts_with("/auth/") {
                    continue;
                }
                // What it takes to read the trail of the whole alliance is exactly this role.
                if role.reads_all_audit() && path.starts_with("/admin/audit") {
                    continue;
                }
                for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                    let answer = if method == Method::POST && !path.starts_with("/api") {
                        person.post(&address, &fields).await
                    } else if path.starts_with("/api") {
                        let request = app.request(method.clone(), &address).bearer_auth(&beta_key.key);
                        // What a partner writes under a name is his own.
                        if method == Method::GET { Answer::of(request).await } else { Answer::of(request.json(&json!({ "items": [{}] }))).await }
                    } else {
                        Answer::of(app.request(method.clone(), &address).header("cookie", &person.cookie).header("sec-fetch-site", "same-origin")).await
                    };
                    // A name that was asked for is told back in addresses of the page itself.
                    let asked = address.contains(CANARY);
                    assert!(asked || !gives_away(&answer, CANARY), "{role} by {method} at {address} ({}): {}", answer.status, answer.text());
                    assert!(answer.status < 500, "{role} by {method} at {address}: {}", answer.status);
                }
            }
        }
    }
    // And nobody changed anything of alpha's.
    assert_eq!(home.get("/").await.status, 200);
    let sharing = app.app.store.hub().sharing().await.expect("rules");
    assert!(DataClass::ALL.iter().all(|class| sharing.level(app.org("beta"), app.org("alpha"), *class) == Level::None));
    assert!(app.app.store.hub().people(Some(app.org("alpha"))).await.expect("people").iter().all(|p| !p.disabled));
}
