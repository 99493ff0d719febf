//! An address has one spelling: whatever else a path is written like is refused before anybody looks at it, and opens nothing to anybody that the
//! plain one does not.

use crate::{
    factor::enrol,
    routes::{self, addresses},
    support::*,
    unshared::records,
};
use domain::{MINUTE, Role};
use reqwest::Method;
use std::collections::BTreeSet;

/// What is open to somebody who has to set up a second factor, and so the likeliest beginning of a detour.
const OPEN: [&str; 3] = ["/account", "/stepup", "/auth/stepup"];

/// Other spellings of an address, none of them plain.
fn detours(address: &str) -> Vec<String> {
    let rest = &address[1..];
    let mut all: Vec<String> = OPEN.iter().flat_map(|open| [format!("{open}/..{address}"), format!("{open}/%2e%2e{address}")]).collect();
    for up in ["/%2E%2E", "/.%2e", "/%2e.", "//..", "/./..", "/x/../.."] {
        all.push(format!("/account{up}{address}"));
    }
    for up in ["/..%2f", "/..%2F", "/%2e%2e%2f", "/..\\", "/..%5c", "%2f..%2f", "/%00/../", "/%0d%0a/../"] {
        all.push(format!("/account{up}{rest}"));
    }
    for end in ["/.", "/x/..", "%2f..", "//", "/%2e", "%00", "/%ff", "%", "%7e"] {
        all.push(format!("{address}{end}"));
    }
    for start in ["/.", "/%2e", "/", "/signin/..", "/welcome/x/..%2f..", "/%61ccount/.."] {
        all.push(format!("{start}{address}"));
    }
    if let Some(first) = rest.bytes().next() {
        all.push(format!("/%{first:02x}{}", &rest[1..]));
    }
    all
}

/// Spellings that are plain, and of another address.
fn others(address: &str) -> Vec<String> {
    vec![
        format!("{}/", address.trim_end_matches('/')),
        address.to_uppercase(),
        format!("{address};a=b"),
        format!("{address}%20"),
        format!("/account/%252e%252e{address}"),
        format!("/account/...{address}"),
        format!("/account%2F{}", &address[1..]),
    ]
}

/// Every address that a browser or a machine can ask for, with its route and the method that does most there.
async fn everything(app: &TestApp) -> Vec<(String, String, &'static str)> {
    let (alpha, at) = (app.partner("alpha").await, app.at(-MINUTE));
    alpha.push("metrics", &items([sample(91.0, &at)])).await;
    alpha.push("incidents", &items([incident(routes::EXTERNAL_ID, "critical", "GREEN")])).await;
    alpha.push("events", &items([with(event("e", "CLEAR", &at), "incident", routes::EXTERNAL_ID)])).await;
    alpha.push("indicators", &items([indicator("a.example", "GREEN")])).await;
    let ids = records(app, "alpha").await;
    let forms = routes::forms();
    let known = routes::paths(app).into_iter().filter(|path| !path.starts_with("/pkg/"));
    known
        .map(|path| {
            let address = if path.starts_with("/welcome/") { "/welcome/some-token".to_owned() } else { addresses(&path, &ids).remove(0) };
            let method = if forms.contains(&path.as_str()) { "POST" } else { "GET" };
            (path, address, method)
        })
        .collect()
}

/// Asks for all detours to all addresses as somebody; every one is refused.
async fn refused(app: &TestApp, all: &[(String, String, &'static str)], who: &str, headers: &str) {
    let mut raw = Raw::open(app).await;
    let mut asked = 0;
    for (path, address, method) in all {
        for detour in detours(address) {
            let answer = raw.get(method, &detour, &format!("{headers}sec-fetch-site: same-origin\r\ncontent-length: 0\r\n")).await;
            let answer = answer.unwrap_or_else(|| panic!("{who}: no answer at {detour}"));
            assert_eq!((answer.status, answer.header("set-cookie")), (400, ""), "{who} at {detour} of {path}: {}", answer.text());
            if detour.trim_start_matches('/').starts_with("api/") || headers.contains("authorization") {
                assert_eq!(answer.problem()["type"], "urn:shieldwall:problem:malformed", "{detour}");
            } else {
                assert!(answer.text().starts_with("The path ") && answer.body.len() < 200, "{detour}: {}", answer.text());
            }
            asked += 1;
        }
    }
    assert!(asked > 20 * all.len() && all.len() > 90, "{asked} of {}", all.len());
}

/// Other plain addresses open nothing that somebody may not open by its own.
async fn nothing_more(app: &TestApp, all: &[(String, String, &'static str)], who: &str, cookie: &str) {
    let headers = format!("cookie: {cookie}\r\n");
    for (_, address, _) in all.iter().filter(|(path, ..)| path != "/live") {
        let plain = app.visit(address, cookie).await.status;
        for other in others(address) {
            // The slash at the end is the stream's own address as little as any other's.
            let answer = Raw::open(app).await.get("GET", &other, &headers).await.unwrap_or_else(|| panic!("{who}: no answer at {other}"));
            assert!(answer.status != 200 || plain == 200, "{who} at {other}: {plain} at {address}");
        }
    }
}

/// What refusals wrote into the trail: routes of the table, and names of keys.
async fn objects_are_real(app: &TestApp) {
    let known: BTreeSet<String> = routes::people().into_iter().collect();
    let rows = app.app.store.hub().audit_after(0).await.expect("the trail");
    let denied: Vec<&str> = rows.iter().filter(|row| row.action == "denied").map(|row| row.object.as_str()).collect();
    assert!(!denied.is_empty());
    for object in denied {
        assert!(known.contains(object) || object.starts_with("key "), "an object that nobody has: {object}");
    }
}

#[tokio::test]
async fn no_detour_leads_anywhere_whoever_takes_it() {
    let app = TestApp::start().await;
    let all = everything(&app).await;
    refused(&app, &all, "nobody", "").await;
    for role in Role::ALL {
        let person = app.person(role).await;
        refused(&app, &all, role.name(), &format!("cookie: {}\r\n", person.cookie)).await;
    }
    let key = app.partner("alpha").await.key;
    refused(&app, &all, "a machine", &format!("authorization: Bearer {key}\r\n")).await;
    // A proof that is too old.
    let person = app.person(Role::OrgAdmin).await;
    app.app.clock.advance(16 * MINUTE);
    refused(&app, &all, "an old proof", &format!("cookie: {}\r\n", person.cookie)).await;
    nothing_more(&app, &all, "nobody", "").await;
    let executive = app.person(Role::Executive).await;
    nothing_more(&app, &all, "executive", &executive.cookie).await;
    assert_eq!(executive.get("/admin/audit").await.status, 403);
    assert_eq!(executive.get("/admin/audit/").await.status, 403);
    objects_are_real(&app).await;
}

#[tokio::test]
async fn no_detour_leads_past_a_second_factor() {
    let app = TestApp::start_with(Setup { second_factor: true, ..Setup::default() }).await;
    let all = everything(&app).await;
    for role in Role::ALL.into_iter().filter(|role| role.needs_second_factor()) {
        let person = app.person(role).await;
        refused(&app, &all, role.name(), &format!("cookie: {}\r\n", person.cookie)).await;
        if role == Role::OrgAdmin {
            nothing_more(&app, &all, "without a factor", &person.cookie).await;
            // Only what the table opens, whatever its address begins with.
            for address in ["/account", "/account/", "/stepup"] {
                assert_eq!(person.get(address).await.status, 200, "{address}");
            }
            for address in ["/accounts", "/account/x", "/account/factor", "/account/incidents"] {
                assert_ne!(person.get(address).await.status, 200, "{address}");
            }
        }
    }
    // A right password, and the code not yet.
    let person = app.person(Role::Analyst).await;
    enrol(&app, &person).await;
    let half = {
        let _turn = SIGNING_IN.lock().await;
        cookie_of(&app.form("/auth/signin", &[("email", &person.email), ("password", PASSWORD)], "").await)
    };
    refused(&app, &all, "waiting for a code", &format!("cookie: {half}\r\n")).await;
    nothing_more(&app, &all, "waiting for a code", &half).await;
}

/// Each page is a row of the table, and each row that is a page is one.
#[tokio::test]
async fn the_table_has_every_page_and_no_other() {
    let app = TestApp::start().await;
    let leptos: BTreeSet<String> = crate::pages::leptos_routes(&app).into_iter().collect();
    let table: BTreeSet<String> = server::routes::table::people().into_iter().filter(|route| route.is_page).map(|route| route.path.to_owned()).collect();
    assert_eq!(table, leptos);
}

/// An id may hold a slash; it is then the id's own.
#[tokio::test]
async fn an_encoded_slash_stays_in_its_id() {
    let app = TestApp::start().await;
    let alpha = app.partner("alpha").await;
    for id in ["INC%2F2026%2f7", "a%20b%25c", "caf%C3%A9"] {
        let put = alpha.put(id, &[], &incident("", "high", "GREEN")).await;
        assert!(put.status != 404 && put.status != 405, "{id}: {}", put.text());
    }
    alpha.push("incidents", &items([incident("INC/2026/7", "high", "GREEN")])).await;
    assert_eq!(alpha.get("incidents/INC%2F2026%2F7").await.json()["external_id"], "INC/2026/7");
    let answer = Answer::of(app.request(Method::GET, "/api/v1%2Fwhoami").bearer_auth(&alpha.key)).await;
    assert_eq!((answer.status, answer.problem()["detail"].as_str()), (400, Some("The path holds an encoded slash where no id is meant.")));
    assert_eq!(app.get("/orgs%2Falpha").await.status, 400);
}
