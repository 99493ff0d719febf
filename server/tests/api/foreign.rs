//! ASVS 8.2.2: what is another organisation's answers byte for byte like what is not there, on every route that takes an id, in its address or in a
//! field, by every method, for people of every role and for machines of every scope. The routes come from the tables, so a new one is asked, too.

use crate::{
    routes::{self, EXTERNAL_ID, METHODS, apart_from, filled},
    support::*,
    unshared::records,
};
use domain::{DataClass, Level, MINUTE, Role, sharing::Audience};
use reqwest::Method;
use serde_json::{Value, json};

/// Of the same length as what it stands for, so that not even a length differs.
const ABSENT: [(&str, &str); 3] = [("{org}", "omega"), ("{external_id}", "absent-incidents-0000"), ("{metric}", METRIC)];
const ABSENT_ID: &str = "00000000-0000-7000-8000-000000000000";

/// Alpha has one of everything, and shows nobody anything.
async fn plant(app: &TestApp) -> Person<'_> {
    let (alpha, at) = (app.partner("alpha").await, app.at(-MINUTE));
    alpha.push("metrics", &items([sample(91.0, &at)])).await;
    alpha.push("incidents", &items([incident(EXTERNAL_ID, "critical", "GREEN")])).await;
    alpha.push("events", &items([with(event("e", "CLEAR", &at), "incident", EXTERNAL_ID)])).await;
    alpha.push("indicators", &items([indicator("a.example", "GREEN")])).await;
    let admin = app.person_of("alpha", Role::OrgAdmin).await;
    admin.post("/admin/keys", &[("name", "alpha-siem"), ("days", "90"), ("metrics", "yes")]).await;
    admin.post("/admin/groups", &[("name", "Ports")]).await;
    let group = app.app.store.hub().groups().await.expect("groups")[0].id.0.to_string();
    admin.post("/admin/groups/invite", &[("group", &group), ("org", "gamma")]).await;
    for class in DataClass::ALL {
        app.rule("alpha", class, Audience::Everyone, Some(Level::None)).await;
    }
    admin.post("/admin/sharing", &[("class", "incidents"), ("audience", "everyone"), ("level", "detail")]).await;
    admin
}

/// An address of alpha's and one of nobody's, with what differs between them.
fn pairs(path: &str, ids: &std::collections::BTreeSet<String>) -> Vec<(String, String, String, String)> {
    let first = path.split('/').find(|part| part.starts_with('{')).unwrap_or_default();
    let foreign = routes::addresses(path, ids);
    let absent = |address: &String| -> (String, String, String, String) {
        let (own, other) = match ABSENT.iter().find(|(name, _)| *name == first) {
            Some((name, other)) => (if *name == "{org}" { "alpha" } else { EXTERNAL_ID }, *other),
            None => (address.rsplit('/').next().expect("an id"), ABSENT_ID),
        };
        assert_eq!(own.len(), other.len(), "{path}");
        (address.clone(), address.replace(own, other), own.to_owned(), other.to_owned())
    };
    foreign.iter().map(absent).collect()
}

/// What is the whole alliance's, so that there is nothing foreign in it.
const OF_THE_ALLIANCE: [&str; 4] = ["/admin/catalogue/", "/admin/policy/versions/", "/decisions/", "/metrics/"];

/// Paths with a parameter that somebody's data hangs on. Where providers are is told to no stranger: `oidc.rs` looks at those.
fn with_parameters(app: &TestApp) -> Vec<String> {
    let all: Vec<String> = routes::paths(app)
        .into_iter()
        .filter(|path| path.contains('{') && !path.starts_with("/pkg/") && !path.starts_with("/welcome/") && !path.starts_with("/auth/oidc/"))
        .filter(|path| !OF_THE_ALLIANCE.iter().any(|of| path.starts_with(of)))
        .collect();
    assert!(all.len() >= 10, "{all:?}");
    all
}

#[tokio::test]
async fn a_foreign_address_answers_like_an_absent_one() {
    let app = TestApp::start().await;
    let home = plant(&app).await;
    let (ids, paths) = (records(&app, "alpha").await, with_parameters(&app));
    let mut found = 0;
    for path in paths.iter().filter(|path| !path.starts_with("/api/")) {
        for (foreign, ..) in pairs(path, &ids) {
            found += usize::from(home.get(&foreign).await.status == 200);
        }
    }
    assert!(found >= 9, "at home they are there, {found} of them");
    for role in Role::ALL {
        let person = app.person_of("beta", role).await;
        for path in paths.iter().filter(|path| !path.starts_with("/api/")) {
            for (foreign, absent, own, other) in pairs(path, &ids) {
                for method in METHODS {
                    let ask = async |address: &str| {
                        let request = app.request(method.clone(), address).header("cookie", &person.cookie).header("sec-fetch-site", "same-origin");
                        Answer::of(request).await
                    };
                    let (foreign_answer, absent_answer) = (ask(&foreign).await, ask(&absent).await);
                    assert!([404, 405].contains(&foreign_answer.status), "{role} by {method} at {foreign}: {}", foreign_answer.status);
                    assert_eq!(apart_from(&foreign_answer, &own), apart_from(&absent_answer, &other), "{role} by {method} at {foreign}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_foreign_address_answers_machines_like_an_absent_one() {
    let app = TestApp::start().await;
    plant(&app).await;
    let (ids, paths) = (records(&app, "alpha").await, with_parameters(&app));
    let mut asked = 0;
    for scope in ["metrics", "incidents", "events", "indicators", "backfill", "metrics incidents events indicators backfill"] {
        let beta = app.partner_with("beta", scope).await;
        for path in paths.iter().filter(|path| path.starts_with("/api/")) {
            for (foreign, absent, own, other) in pairs(path, &ids) {
                for method in METHODS {
                    // Nothing of a body that could be kept; and a condition that only what is there can meet.
                    for condition in [None, Some("\"1\"")] {
                        let ask = async |address: &str, id: &str| {
                            let body = if condition.is_some() { incident(id, "low", "GREEN") } else { json!({ "items": [{}] }) };
                            let request = app.request(method.clone(), address).bearer_auth(&beta.key);
                            let request = condition.iter().fold(request, |r, tag| r.header("if-match", *tag));
                            Answer::of(if method == Method::GET { request } else { request.json(&body) }).await
                        };
                        // The quota counts every push that is let in, whatever it asks for.
                        let told = |answer: &Answer, id: &str| {
                            let mut told = apart_from(answer, id);
                            told.1.retain(|(name, _)| name != "ratelimit");
                            // A receipt of what was refused has a number and a moment of its own.
                            let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                            if let Some(receipt) = said["receipt"].as_object() {
                                for field in ["id", "request_timestamp", "as_of"] {
                                    told.2 = receipt.get(field).and_then(Value::as_str).map_or(told.2.clone(), |own| told.2.replace(own, field));
                                }
                            }
                            told
                        };
                        let (foreign_answer, absent_answer) = (ask(&foreign, &own).await, ask(&absent, &other).await);
                        assert!(foreign_answer.status >= 400, "{scope} by {method} at {foreign}: {}", foreign_answer.text());
                        assert_eq!(told(&foreign_answer, &own), told(&absent_answer, &other), "{scope} by {method} at {foreign}");
                        asked += 1;
                    }
                }
            }
        }
    }
    assert!(asked > 100, "{asked}");
    let read = app.partner("alpha").await.get(&format!("incidents/{EXTERNAL_ID}")).await;
    assert_eq!((read.status, read.header("etag")), (200, "\"1\""), "untouched");
}

/// Ids stand in fields of forms and in queries, too: of people, keys, groups, proposals, sessions.
#[tokio::test]
async fn a_foreign_field_answers_like_an_absent_one() {
    let app = TestApp::start().await;
    let home = plant(&app).await;
    let hub = app.app.store.hub();
    let proposal = hub.proposals(app.org("alpha"), app.now()).await.expect("proposals")[0].id.to_string();
    let group = hub.groups().await.expect("groups")[0].id.0.to_string();
    let id: tower_sessions::session::Id = home.cookie.split_once('=').expect("a cookie").1.parse().expect("an id");
    let session: String = server::auth::sessions::hash(&id).iter().map(|byte| format!("{byte:02x}")).collect();
    let user = home.id.to_string();
    let nobody = "0".repeat(64);
    // What is foreign, and what there is none of.
    let values: [(&str, &str, &str); 6] = [
        ("id", &user, "987654"),
        ("id", &proposal, "987654"),
        ("group", &group, "987654"),
        ("session", &session, &nobody),
        ("name", "alpha-siem", "omega-siem"),
        ("audience", &format!("group:{group}"), "group:987654"),
    ];
    let admin = app.person_of("beta", Role::OrgAdmin).await;
    let mut forms = Vec::new();
    for path in routes::forms().into_iter().filter(|path| !path.starts_with("/auth/")) {
        let takes = needed(&admin, path).await;
        forms.push((path, takes));
    }
    for (path, field) in [("/admin/users/disable", "id"), ("/admin/groups/join", "group"), ("/account/sessions/end", "session"), ("/admin/keys/revoke", "name")]
    {
        assert!(forms.iter().any(|(p, takes)| *p == path && takes.iter().any(|f| f == field)), "{path} takes {field}: {forms:?}");
    }
    let before = app.rows().await;
    let mut asked = 0;
    for role in Role::ALL {
        let person = app.person_of("beta", role).await;
        for (path, takes) in &forms {
            // A rule's fields may be left out, since a page asks with them, too.
            for (field, foreign, absent) in
                values.into_iter().filter(|(field, ..)| takes.iter().any(|f| f == field) || (*path, *field) == ("/admin/sharing", "audience"))
            {
                let ask = async |value: &str| {
                    let fields = [(field, value), ("role", "executive"), ("org", "gamma"), ("class", "incidents"), ("level", "none"), ("choice", "for")];
                    filled(&person, path, &fields).await.0
                };
                let (foreign_answer, absent_answer) = (ask(foreign).await, ask(absent).await);
                if foreign_answer.status == 200 && absent_answer.status == 200 {
                    // Something of one's own was made under this name, and is shown.
                    continue;
                }
                assert_eq!(apart_from(&foreign_answer, foreign), apart_from(&absent_answer, absent), "{role} at {path} with {field} {foreign}");
                asked += 1;
            }
        }
    }
    assert!(asked > 60, "{asked}");
    let gained = app.gained(&before).await;
    assert!(gained.values().all(|n| *n >= 0), "nothing of anybody's is gone: {gained:?}");
    assert_eq!(hub.proposals(app.org("alpha"), app.now()).await.expect("proposals").len(), 1);
    assert!(hub.keys(app.org("alpha")).await.expect("keys").iter().all(|k| k.revoked_at.is_none()));
    assert!(hub.people(Some(app.org("alpha"))).await.expect("people").iter().all(|p| !p.disabled && p.role == Role::OrgAdmin));
    assert_eq!(home.get("/admin/sharing").await.status, 200, "alpha's administrator is still signed in");
}

/// The fields without which a form cannot be read.
async fn needed(admin: &Person<'_>, path: &str) -> Vec<String> {
    filled(admin, path, &[]).await.1
}
