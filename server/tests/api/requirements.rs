//! What is asked of sign-in, browsers and authorisation by number (OWASP ASVS 5.0), on every route there is; and that each number has its test.

use crate::{
    routes::{self, METHODS, addresses},
    support::*,
    unshared::records,
};
use domain::{MINUTE, Role};
use reqwest::Method;
use std::{fs, path::Path};

/// Each of these stands as `ASVS n` in what is written above its tests. Another requirement is one more number.
const NUMBERS: [&str; 28] = [
    "1.2.10", "2.3.3", "2.3.5", "2.4.1", "3.3", "3.4.3", "3.5.1", "5.2.3", "6.2.4", "6.3.1", "6.3.8", "6.5.1", "7.2.3", "7.2.4", "7.3.1", "7.3.2", "7.4.1",
    "7.4.2", "7.4.5", "7.5.3", "8.1.1", "8.2.2", "8.2.3", "8.3.2", "11.4.2", "11.5.1", "14.3.2", "16.3.2",
];

#[test]
fn every_requirement_has_a_test() {
    fn said(folder: &Path, all: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                said(&path, all);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).expect("a text");
                text.lines().map(str::trim_start).filter(|line| line.starts_with("/// ") || line.starts_with("//! ")).for_each(|line| {
                    all.push_str(line);
                    all.push('\n');
                });
            }
        }
    }
    let (mut all, root) = (String::new(), Path::new(env!("CARGO_MANIFEST_DIR")));
    for folder in ["src/auth", "src/middleware", "tests", "store/tests"] {
        said(&root.join(folder), &mut all);
    }
    let numbers: Vec<&str> = all.lines().filter_map(|line| line.split_once("ASVS ")).flat_map(|(_, rest)| rest.split([' ', ',', ':'])).collect();
    let missing: Vec<_> = NUMBERS.into_iter().filter(|number| !numbers.contains(number)).collect();
    assert!(missing.is_empty(), "no test says that it is one of {missing:?}");
}

/// Every address of the program with the answers of somebody, by every method that it might know.
async fn everything(app: &TestApp, who: Option<&Person<'_>>, seen: &mut dyn FnMut(&str, &Answer)) {
    let key = app.partner("alpha").await.key;
    let ids = records(app, "alpha").await;
    for path in routes::paths(app).into_iter().filter(|path| path != "/live" && !path.starts_with("/pkg/") && path != "/auth/signout") {
        let address = if path.starts_with("/welcome/") { "/welcome/some-token".to_owned() } else { addresses(&path, &ids).remove(0) };
        for method in METHODS {
            let request = app.request(method.clone(), &address).header("sec-fetch-site", "same-origin");
            let request = match who {
                Some(_) if path.starts_with("/api/") => request.bearer_auth(&key),
                Some(person) => request.header("cookie", &person.cookie),
                None => request,
            };
            seen(&format!("{method} {address}"), &Answer::of(request).await);
        }
    }
}

async fn filled(app: &TestApp) {
    let (alpha, at) = (app.partner("alpha").await, app.at(-MINUTE));
    alpha.push("metrics", &items([sample(91.0, &at)])).await;
    alpha.push("incidents", &items([incident(routes::EXTERNAL_ID, "critical", "GREEN")])).await;
    alpha.push("events", &items([with(event("e", "CLEAR", &at), "incident", routes::EXTERNAL_ID)])).await;
    alpha.push("indicators", &items([indicator("a.example", "GREEN")])).await;
}

/// ASVS 3.4.3, 14.3.2: HSTS, nosniff, referrer, opener and a policy for scripts stand on every answer of every route, whoever asks, errors too;
/// nothing is kept by browser or proxy; and pages carry the policy that lets no script in but their own.
#[tokio::test]
async fn every_route_answers_with_the_headers_that_browsers_obey() {
    for plain in [false, true] {
        let app = TestApp::start_as(plain).await;
        filled(&app).await;
        let admin = app.person(Role::OrgAdmin).await;
        for who in [None, Some(&admin)] {
            let mut statuses = std::collections::BTreeSet::new();
            let mut look = |at: &str, answer: &Answer| {
                statuses.insert(answer.status);
                for (name, value) in [
                    ("x-content-type-options", "nosniff"),
                    ("referrer-policy", "same-origin"),
                    ("cross-origin-opener-policy", "same-origin"),
                    ("cross-origin-resource-policy", "same-origin"),
                    ("cache-control", "no-store"),
                    ("strict-transport-security", if plain { "" } else { "max-age=31536000; includeSubDomains" }),
                ] {
                    assert_eq!(answer.header(name), value, "{name} at {at} ({})", answer.status);
                }
                let policy = answer.header("content-security-policy");
                let parts: Vec<&str> = policy.split("; ").map(str::trim).collect();
                for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
                    assert!(parts.contains(&part), "{at}: {policy}");
                }
                if answer.header("content-type").starts_with("text/html") {
                    let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_else(|| panic!("{at}: {policy}"));
                    assert!(parts.contains(&&*format!("script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'")), "{at}: {policy}");
                    assert!(parts.contains(&"object-src 'none'") && parts.contains(&"form-action 'self'") && nonce.len() >= 22, "{at}: {policy}");
                } else {
                    assert!(!policy.contains("script-src"), "{at}: {policy}");
                }
            };
            everything(&app, who, &mut look).await;
            for status in [200, 404, 405] {
                assert!(who.is_none() || statuses.contains(&status), "{status} was among them: {statuses:?}");
            }
        }
        // ASVS 14.3.2: and who leaves takes with him what the browser kept.
        let out = admin.post("/auth/signout", &[]).await;
        assert_eq!((out.header("clear-site-data"), out.header("cache-control")), ("\"cache\", \"storage\"", "no-store"));
    }
}

/// ASVS 3.5.1: no form is taken from a page that is not the hub's own; and a machine's routes take no cookie.
#[tokio::test]
async fn no_form_is_taken_from_elsewhere() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    let before = app.rows().await;
    for path in routes::forms() {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            for foreign in
                [vec![], vec![("sec-fetch-site", "cross-site")], vec![("sec-fetch-site", "same-site"), ("origin", &*app.base)], vec![("origin", "null")]]
            {
                let request = app.request(method.clone(), path).header("cookie", &admin.cookie).header("content-type", "application/x-www-form-urlencoded");
                let answer = Answer::of(foreign.iter().fold(request.body("id=1&name=a"), |r, (name, value)| r.header(*name, *value))).await;
                assert_eq!((answer.status, answer.header("set-cookie")), (403, ""), "{method} {path} {foreign:?}");
                assert_eq!(answer.text(), "This request did not come from a page of this hub.\n");
            }
        }
    }
    for (method, path) in routes::operations() {
        let address = path.replace("{external_id}", "a").replace("{id}", "a");
        let answer = Answer::of(app.request(method.clone(), &address).header("cookie", &admin.cookie).header("sec-fetch-site", "same-origin")).await;
        assert_eq!(answer.status, 401, "{method} {path}: a cookie opens nothing here");
    }
    assert_eq!(app.gained(&before).await, Default::default());
    assert_eq!(admin.get("/").await.status, 200);
}

/// ASVS 3.3: cookies belong to this host alone, over HTTPS, out of reach of scripts and of requests from elsewhere. There are two: the session's, and
/// the one by which a browser is known at the next sign-in; both are set there and nowhere else.
#[tokio::test]
async fn cookies_are_set_at_sign_in_only_and_belong_to_this_host() {
    let app = TestApp::start_as(false).await;
    filled(&app).await;
    let (_, email) = app.account("alpha", Role::Analyst).await;
    let answer = {
        let _turn = SIGNING_IN.lock().await;
        app.form("/auth/signin", &[("email", &email), ("password", PASSWORD)], "").await
    };
    let set: Vec<_> = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().expect("text").to_owned()).collect();
    assert_eq!(set.len(), 2, "{set:?}");
    let parts = |line: &str| {
        let mut parts: Vec<String> = line.split("; ").skip(1).map(str::to_lowercase).collect();
        parts.sort();
        parts
    };
    assert!(set[0].starts_with("__Host-shieldwall=") && set[1].starts_with("__Host-shieldwall-browser="), "{set:?}");
    assert_eq!(parts(&set[0]), ["httponly", "path=/", "samesite=strict", "secure"]);
    assert_eq!(parts(&set[1]), ["httponly", "max-age=15552000", "path=/", "samesite=strict", "secure"]);
    let admin = app.person(Role::OrgAdmin).await;
    let mut look = |at: &str, answer: &Answer| assert_eq!(answer.header("set-cookie"), "", "{at}");
    everything(&app, Some(&admin), &mut look).await;
    everything(&app, None, &mut look).await;
}
