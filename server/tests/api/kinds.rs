//! In what form an answer comes: to machines in documents, to people in pages; and where people are sent.

use crate::support::*;
use domain::Role;
use reqwest::{Method, RequestBuilder, header};
use serde_json::json;
use server::auth::links;

/// What a browser asks for when it opens an address.
const PAGE: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

async fn problem(request: RequestBuilder, status: u16) -> serde_json::Value {
    let answer = Answer::of(request).await;
    assert_eq!(answer.status, status, "{}", answer.text());
    if status == 401 {
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{:?}", answer.headers);
    }
    answer.problem()
}

#[tokio::test]
async fn a_machine_at_no_address_is_told_so_as_a_machine() {
    let app = TestApp::start().await;
    let key = app.partner("alpha").await.key;
    for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
        for path in ["/v1/metrics", "/taxii2/", "/taxii2/api/collections", "/api", "/api/v2/metrics", "/metrics/push/all", "/graphql", "/no/such/page"] {
            problem(app.request(method.clone(), path), 404).await;
            problem(app.request(method.clone(), path).bearer_auth(&key).json(&json!({})), 404).await;
            problem(app.request(method.clone(), path).header(header::ACCEPT, "application/json"), 404).await;
        }
        for path in ["//api/v1/metrics", "/api//v1/metrics", "/api/v1/incidents/%FF"] {
            problem(app.request(method.clone(), path), 400).await;
            problem(app.request(method.clone(), path).bearer_auth(&key), 400).await;
        }
    }
    // At addresses for people a key opens nothing, and says what it is for.
    for path in ["/", "/orgs", "/incidents", "/account", "/csv/incidents", "/admin/policy.json"] {
        let said = problem(app.request(Method::GET, path).bearer_auth(&key), 401).await;
        assert!(said["detail"].as_str().expect("a text").contains("/api/v1"), "{said}");
        problem(app.request(Method::GET, path).header(header::ACCEPT, "application/json"), 401).await;
    }
    problem(app.request(Method::POST, "/connect").bearer_auth(&key).json(&json!({})), 403).await;
    // A person is led to the sign-in, and told of a wrong address by a page.
    let led = Answer::of(app.request(Method::GET, "/no/such/page").header(header::ACCEPT, PAGE)).await;
    assert_eq!((led.status, led.header("location")), (303, "/signin?next=%2Fno%2Fsuch%2Fpage"));
}

#[tokio::test]
async fn a_person_is_refused_with_a_page() {
    let app = TestApp::start().await;
    let person = app.person(Role::OrgAdmin).await;
    let page = |request: RequestBuilder| Answer::of(request.header(header::ACCEPT, PAGE).header(header::REFERER, format!("{}/connect", app.base)));
    let own = |path: &str, body: String| app.form_request(path, &[], &person.cookie).header("sec-fetch-site", "same-origin").body(body);
    let long = page(own("/connect", format!("name={}", "x".repeat(20_000)))).await;
    let foreign = page(app.form_request("/connect", &[], &person.cookie)).await;
    let unread = page(app.request(Method::GET, "/orgs?q=%00")).await;
    for (answer, status, wanted) in [(long, 413, "Too much at once"), (foreign, 403, "did not come from a page"), (unread, 400, "NUL")] {
        assert_eq!((answer.status, answer.header("content-type")), (status, "text/html; charset=utf-8"), "{}", answer.text());
        let text = answer.text();
        assert!(text.contains(wanted) && text.contains("href=\"/connect\"") && text.contains("style.css"), "{text}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"));
    }
}

/// A link from mail or chat: the cookie is not shown to a page elsewhere, so the hub's own page asks again.
#[tokio::test]
async fn a_link_from_elsewhere_opens_for_who_is_signed_in() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    let come = |path: &str, site: &str, cookie: &str| {
        let request =
            app.request(Method::GET, path).header(header::ACCEPT, PAGE).header("sec-fetch-site", site.to_owned()).header("sec-fetch-mode", "navigate");
        Answer::of(request.header(header::COOKIE, cookie))
    };
    for path in ["/incidents?status=any&org=alpha", "/csv/orgs?sort=name", "/"] {
        for site in ["cross-site", "same-site"] {
            let answer = come(path, site, "").await;
            assert_eq!(answer.status, 200, "{path}");
            let target = format!("content=\"0;url={}\"", path.replace('&', "&amp;"));
            assert!(answer.text().contains(&target) && !answer.text().contains("<script"), "{}", answer.text());
            assert!(answer.headers.get("set-cookie").is_none());
            // No loop: the hub's own page asks for it now, with a session or without.
            assert_eq!(come(path, "same-origin", "").await.status, 303);
        }
    }
    assert_eq!(come("/incidents?status=any", "same-origin", &person.cookie).await.status, 200);
    assert_eq!(come("/incidents", "none", "").await.status, 303, "typed");
    // What is taken from elsewhere still changes nothing.
    let forged = Answer::of(app.form_request("/connect", &[("name", "x")], &person.cookie).header("sec-fetch-site", "cross-site")).await;
    assert_eq!(forged.status, 403);
}

#[tokio::test]
async fn a_used_link_says_so_before_a_password_is_thought_of() {
    let app = TestApp::start().await;
    let (id, _) = app.account("alpha", Role::Analyst).await;
    let actor = store::audit::Actor::default();
    let used = links::new_link(&app.app, actor, id).await.expect("a link");
    assert!(app.get(&format!("/welcome/{used}")).await.text().contains("Choose your password"));
    let newer = links::new_link(&app.app, actor, id).await.expect("a link");
    for token in [used.as_str(), "x", "unknown"] {
        let page = app.get(&format!("/welcome/{token}")).await;
        assert!(page.status == 200 && page.text().contains("was used already") && !page.text().contains("<form"), "{}", page.text());
    }
    let weak = app.get(&format!("/welcome/{newer}?error=weak")).await.text();
    assert!(weak.contains("too short") && weak.contains("name=\"again\""), "{weak}");
}

/// An HTTPS hub that is reached over plain HTTP: browsers drop its cookies, and a one-time link would be used up for nothing.
#[tokio::test]
async fn over_plain_http_from_elsewhere_the_page_says_that_nobody_can_sign_in() {
    let app = TestApp::start_with(Setup { plain: false, public_url: "https://hub.example", public_url_given: true, ..Setup::default() }).await;
    let (id, email) = app.account("alpha", Role::Analyst).await;
    let token = links::new_link(&app.app, store::audit::Actor::default(), id).await.expect("a link");
    let lan = |request: RequestBuilder| Answer::of(request.header(header::HOST, "192.0.2.2:3000").header(header::ACCEPT, PAGE));
    let welcome = format!("/welcome/{token}");
    let form = [("token", token.as_str()), ("password", PASSWORD), ("again", PASSWORD)];
    let from = |request: RequestBuilder| request.header(header::ORIGIN, "http://192.0.2.2:3000");
    for request in [
        app.request(Method::GET, "/signin"),
        app.request(Method::GET, &welcome),
        from(app.form_request("/auth/welcome", &form, "")),
        from(app.form_request("/auth/signin", &[("email", &email), ("password", PASSWORD)], "")),
    ] {
        let answer = lan(request).await;
        assert_eq!((answer.status, answer.header("set-cookie")), (421, ""), "{}", answer.text());
        assert!(answer.text().contains("plain HTTP") && answer.text().contains("<h1>Sign-in cannot work here</h1>"), "{}", answer.text());
    }
    let secure = app.request(Method::GET, &welcome).header(header::HOST, "hub.example");
    assert!(Answer::of(secure).await.text().contains("Choose your password"), "the link is not used up");
}

#[tokio::test]
async fn the_address_that_the_operator_named_stands_everywhere() {
    let app = TestApp::start_with(Setup { plain: false, public_url: "https://hub.example", public_url_given: true, ..Setup::default() }).await;
    let person = app.person(Role::OrgAdmin).await;
    for path in ["/docs/api", "/connect"] {
        let page = person.page(path).await;
        assert!(page.contains("https://hub.example/api/v1/") && !page.contains(&app.address.to_string()), "{path}: {page}");
    }
    let description = app.get("/openapi.json").await.json();
    assert_eq!(description["servers"][0]["url"], "https://hub.example");
    let invited = person.post("/admin/users", &[("email", "new@alpha.example"), ("name", "New"), ("role", "analyst")]).await;
    assert!(invited.text().contains("https://hub.example/welcome/"), "{}", invited.text());
    // An old browser behind a proxy that sends a Host of its own.
    let old = app.form_request("/account/seen", &[], &person.cookie).header(header::ORIGIN, "https://hub.example");
    assert_ne!(Answer::of(old).await.status, 403);
}

/// DNS rebinding and caches: any name may lead to the hub, because proxies send names of their own; that gains nobody anything.
#[tokio::test]
async fn a_foreign_name_that_leads_to_the_hub_gains_nothing() {
    let app = TestApp::start_with(Setup { plain: false, public_url: "https://hub.example", public_url_given: true, ..Setup::default() }).await;
    let person = app.person(Role::OrgAdmin).await;
    let token = links::new_link(&app.app, store::audit::Actor::default(), person.id).await.expect("a link");
    let from = |host: &str, path: &str| app.request(Method::GET, path).header(header::HOST, host.to_owned()).header(header::ACCEPT, PAGE);
    // As a browser asks whose page had its own name resolve to the hub: over plain HTTP, for want of a certificate, and without the cookies of the hub's name.
    for path in ["/", "/signin", "/incidents", &format!("/welcome/{token}")] {
        let answer = Answer::of(from("evil.example", path)).await;
        assert_eq!((answer.status, answer.header("set-cookie"), answer.header("cache-control")), (421, "", "no-store"), "{path}");
    }
    for path in ["/healthz", "/docs/api", "/openapi.json", "/api/v1/whoami", "/no/such/page"] {
        let answer = Answer::of(from("evil.example", path)).await;
        assert!(!answer.text().contains("evil.example") && answer.header("cache-control") == "no-store", "{path}: {}", answer.text());
    }
    // And this is a proxy that names the hub as it knows it, whose browsers speak HTTPS.
    let proxied = Answer::of(from("shieldwall:3000", "/connect").header("sec-fetch-site", "none").header(header::COOKIE, &person.cookie)).await;
    assert!(
        proxied.status == 200 && proxied.text().contains("https://hub.example/api/v1/") && !proxied.text().contains("shieldwall:3000"),
        "{}",
        proxied.text()
    );
}

/// As `shieldwall admin org add` and another hub do it: behind this hub's back.
#[tokio::test]
async fn who_was_made_a_moment_ago_works_at_once() {
    let app = TestApp::start().await;
    for round in 0..3 {
        let slug = format!("delta-{round}");
        let id = app.app.store.hub().add_organisation(an_organisation(&slug), app.now()).await.expect("an organisation");
        let key = server::auth::keys::generate(&mut rand::rng());
        let record = store::KeyRecord {
            id: 0,
            org: id,
            name: "first".into(),
            hint: server::auth::keys::hint(&key),
            scopes: "metrics incidents".into(),
            created_at: app.now(),
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
            addresses: String::new(),
        };
        app.app.store.hub().add_key(record, server::auth::keys::hash(&key)).await.expect("a key");
        let partner = Partner::with(&app, key, "first".into());
        let first = match round {
            0 => partner.post("metrics", &items([sample(90.0, &app.at(-1))])).await,
            1 => partner.put("INC-1", &[], &without(incident("x", "low", "GREEN"), "external_id")).await,
            _ => partner.get("whoami").await,
        };
        assert_eq!(first.status, 200, "{}", first.text());
        let person = app.person_of(&slug, Role::OrgAdmin).await;
        assert!(person.page("/").await.contains(&format!("{} Works", slug.to_uppercase())));
    }
}

/// RFC 9110, 13.1: whichever way a proxy wrote the tag.
#[tokio::test]
async fn etags_are_compared_as_the_standard_says_and_as_proxies_write_them() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let body = |severity: &str| without(incident("x", severity, "GREEN"), "external_id");
    assert_eq!(partner.put("INC-1", &[("if-match", "*")], &body("low")).await.status, 412, "there is none");
    assert_eq!(partner.put("INC-1", &[("if-none-match", "\"4\"")], &body("low")).await.header("etag"), "\"1\"");
    let read = async |sent: &str| Answer::of(partner.request(Method::GET, "incidents/INC-1").header("if-none-match", sent)).await.status;
    for (sent, status) in [("\"1\"", 304), ("W/\"1\"", 304), ("*", 304), ("\"7\", W/\"1\"", 304), ("\"2\"", 200), ("\"x\"", 200)] {
        assert_eq!(read(sent).await, status, "{sent}");
    }
    for (sent, severity, status, etag) in [
        ("*", "medium", 200, "\"2\""),
        ("W/\"2\"", "high", 200, "\"3\""),
        ("\"9\", \"3\"", "critical", 200, "\"4\""),
        ("W/\"3\"", "low", 412, ""),
        ("\"1\", \"2\"", "low", 412, ""),
    ] {
        let answer = partner.put("INC-1", &[("if-match", sent)], &body(severity)).await;
        assert_eq!((answer.status, answer.header("etag")), (status, etag), "{sent}: {}", answer.text());
    }
    assert_eq!(partner.put("INC-1", &[("if-none-match", "W/\"4\"")], &body("low")).await.status, 412);
}
