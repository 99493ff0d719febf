//! The headers that browsers obey stand on every answer, errors too, and only the hub's own pages may change something.

use crate::support::*;
use domain::Role;
use reqwest::{Method, header};
use server::auth::links;

/// Addresses of every kind: pages, files, data, errors.
const PATHS: [&str; 20] = [
    "/",
    "/orgs",
    "/orgs/alpha",
    "/incidents",
    "/signin",
    "/welcome/x",
    "/no/such/page",
    "/csv/orgs",
    "/csv/nothing",
    "/api/v1/whoami",
    "/api/v1/nothing",
    "/openapi.json",
    "/docs/api",
    "/healthz",
    "/readyz",
    "/pkg/0/nothing.js",
    "/auth/signout",
    "/auth/oidc/callback/alpha",
    "/auth/oidc/finish",
    "/connect",
];

fn obeyed(answer: &Answer, at: &str, https: bool) {
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(name), value, "{name} of {at} ({})", answer.status);
    }
    assert_eq!(!answer.header("strict-transport-security").is_empty(), https, "{at}");
    let policy = answer.header("content-security-policy");
    for part in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{at}: {policy}");
    }
    assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval'") || policy.contains("'wasm-unsafe-eval'"), "{at}: {policy}");
}

#[tokio::test]
async fn every_answer_carries_them() {
    for plain in [true, false] {
        let app = TestApp::start_as(plain).await;
        let person = app.person(Role::Executive).await;
        for path in PATHS {
            obeyed(&app.get(path).await, path, !plain);
            obeyed(&person.get(path).await, path, !plain);
            let post = Answer::of(app.request(Method::POST, path)).await;
            obeyed(&post, path, !plain);
        }
        obeyed(&person.post("/auth/signout", &[]).await, "sign-out", !plain);
    }
}

/// ASVS 3.4.3: the policy for scripts names a nonce that is the page's own.
#[tokio::test]
async fn scripts_of_a_page_carry_its_own_nonce() {
    let app = TestApp::start().await;
    let person = app.person(Role::Executive).await;
    let mut nonces = std::collections::BTreeSet::new();
    for path in ["/", "/orgs", "/signin", "/no/such/page"] {
        let answer = person.open(path).await;
        let policy = answer.header("content-security-policy").to_owned();
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next()).unwrap_or_else(|| panic!("{path}: {policy}"));
        let page = answer.text();
        let scripts = page.matches("<script").count();
        assert!(scripts > 0, "{path}");
        assert_eq!(
            page.split("<script").skip(1).filter(|s| s.split('>').next().is_some_and(|tag| tag.contains(&format!("nonce=\"{nonce}\"")))).count(),
            scripts,
            "{path}: {page}"
        );
        for forbidden in [" style=\"", " onclick=", "<style", "javascript:"] {
            assert!(!page.contains(forbidden), "{path} has {forbidden}");
        }
        assert!(nonces.insert(nonce.to_owned()), "a nonce is used once");
    }
}

/// ASVS 3.5.1: where a form came from.
#[tokio::test]
async fn forms_of_other_pages_change_nothing() {
    let app = TestApp::start().await;
    let person = app.person(Role::OrgAdmin).await;
    let token = links::new_link(&app.app, store::audit::Actor::default(), person.id).await.expect("a link");
    let before = app.rows().await;
    let forms: [(&str, Vec<(&str, &str)>); 8] = [
        ("/auth/signout", vec![]),
        ("/auth/signin", vec![("email", &person.email), ("password", PASSWORD)]),
        ("/auth/welcome", vec![("token", &token), ("password", PASSWORD), ("again", PASSWORD)]),
        ("/auth/oidc/start", vec![("org", "alpha")]),
        ("/auth/oidc/join", vec![("token", &token)]),
        ("/account/identity/link", vec![]),
        ("/connect", vec![("name", "stolen")]),
        ("/connect/revoke", vec![("name", "stolen")]),
    ];
    for (path, fields) in &forms {
        for foreign in [
            vec![],
            vec![("sec-fetch-site", "cross-site")],
            vec![("sec-fetch-site", "same-site")],
            vec![("sec-fetch-site", "none")],
            vec![("origin", "https://evil.example")],
            vec![("origin", "null")],
        ] {
            let request = app.form_request(path, fields, &person.cookie);
            let answer = Answer::of(foreign.iter().fold(request, |r, (name, value)| r.header(*name, *value))).await;
            assert_eq!(answer.status, 403, "{path} {foreign:?}");
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    assert_eq!(app.gained(&before).await, Default::default());
    assert_eq!(person.get("/").await.status, 200, "still signed in");
    // An old browser says only where it comes from.
    let own = Answer::of(app.form_request("/connect", &[("name", "own")], &person.cookie).header(header::ORIGIN, &app.base)).await;
    assert_eq!(own.status, 200, "{}", own.text());
    assert_eq!(app.gained(&before).await.get("api_keys"), Some(&1));
    // And what changes something is not to be had by a link.
    for (path, _) in &forms[..3] {
        assert_eq!(person.get(path).await.status, 405, "{path}");
    }
}
