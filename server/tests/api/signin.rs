//! Signing in and out, and the first password.

use crate::support::*;
use domain::{MINUTE, Role};
use reqwest::{Method, header};
use server::auth::{links, sessions};
use tower_sessions::session::Id;

/// Whether a cookie opens a page.
async fn is_in(app: &TestApp, cookie: &str) -> bool {
    app.visit("/status", cookie).await.status == 200
}

async fn sign_in(app: &TestApp, email: &str, password: &str, cookie: &str) -> Answer {
    let _turn = SIGNING_IN.lock().await;
    app.form("/auth/signin", &[("email", email), ("password", password), ("next", "/orgs?sort=name")], cookie).await
}

/// ASVS 3.3, 7.2.3, 7.4.1: the cookie's attributes, a new id at sign-in, and a sign-out that is final.
#[tokio::test]
async fn from_the_link_to_the_sign_out() {
    for plain in [true, false] {
        let app = TestApp::start_as(plain).await;
        let email = "Mira@alpha.example";
        let user = app.app.store.hub().add_user(app.org("alpha"), email.into(), "Mira".into(), Role::Analyst, None, app.now()).await.expect("a user");
        assert_eq!(sign_in(&app, email, "", "").await.header("location"), "/signin?error=credentials&next=%2Forgs%3Fsort%3Dname", "no password, no entry");
        let token = links::new_link(&app.app, store::audit::Actor::default(), user).await.expect("a link");
        assert!(app.get(&format!("/welcome/{token}")).await.text().contains("Choose your password"));
        let welcome = async |password: &str, again: &str| {
            let _turn = SIGNING_IN.lock().await;
            app.form("/auth/welcome", &[("token", &token), ("password", password), ("again", again)], "").await
        };
        for (password, again, error) in
            [(PASSWORD, "other", "mismatch"), ("Password2026!", "Password2026!", "weak"), ("qq-mira-zz-lamp-9", "qq-mira-zz-lamp-9", "weak")]
        {
            assert_eq!(welcome(password, again).await.header("location"), format!("/welcome/{token}?error={error}"));
        }
        let answer = welcome(PASSWORD, PASSWORD).await;
        assert_eq!((answer.status, answer.header("location")), (303, "/"));
        let attributes: Vec<_> = answer.header("set-cookie").split("; ").skip(1).map(str::to_lowercase).collect();
        for wanted in ["httponly", "samesite=strict", "path=/"] {
            assert!(attributes.iter().any(|a| a == wanted), "{wanted} in {attributes:?}");
        }
        assert_eq!((attributes.contains(&"secure".to_owned()), answer.header("set-cookie").starts_with("__Host-")), (!plain, !plain));
        assert!(!attributes.iter().any(|a| a.starts_with("domain") || a.starts_with("expires") || a.starts_with("max-age")));
        let first = cookie_of(&answer);
        assert!(is_in(&app, &first).await);
        assert!(welcome(PASSWORD, PASSWORD).await.header("location").ends_with("?error=expired"), "a link works once");
        // A new id at sign-in, and the old one is dead.
        let again = sign_in(&app, "MIRA@alpha.example", PASSWORD, &first).await;
        assert_eq!(again.header("location"), "/orgs?sort=name");
        let second = cookie_of(&again);
        assert!(first != second && !is_in(&app, &first).await && is_in(&app, &second).await);
        let out = app.form("/auth/signout", &[], &second).await;
        assert_eq!((out.status, out.header("location")), (303, "/signin"));
        assert!(out.header("clear-site-data").contains("\"cache\""));
        assert!(!is_in(&app, &second).await, "sign-out is final");
    }
}

#[tokio::test]
async fn a_session_that_was_made_up_is_none() {
    let app = TestApp::start().await;
    let fixed = "shieldwall=AAAAAAAAAAAAAAAAAAAAAA";
    let (_, email) = app.account("alpha", Role::Analyst).await;
    let answer = sign_in(&app, &email, PASSWORD, fixed).await;
    assert_ne!(cookie_of(&answer), fixed, "an id from outside is not taken on");
    assert!(!is_in(&app, fixed).await);
}

/// ASVS 6.3.1, 6.3.8: throttled by account; unknown accounts and wrong passwords answer alike.
#[tokio::test]
async fn guessing_gets_slow_and_says_nothing() {
    let app = TestApp::start().await;
    let (_, email) = app.account("alpha", Role::Analyst).await;
    for i in 0..7 {
        let (wrong, unknown) = (sign_in(&app, &email, "wrong", "").await, sign_in(&app, "nobody@alpha.example", "wrong", "").await);
        let error = if i < 5 { "credentials" } else { "throttled" };
        assert!(wrong.header("location").starts_with(&format!("/signin?error={error}&")), "{i}: {}", wrong.header("location"));
        assert_eq!((wrong.status, &wrong.body, wrong.header("location")), (unknown.status, &unknown.body, unknown.header("location")));
        assert_eq!(wrong.header("set-cookie"), "");
    }
    assert!(sign_in(&app, &email, PASSWORD, "").await.header("location").contains("throttled"), "the right one has to wait too");
    app.app.clock.advance(15 * MINUTE);
    assert_eq!(sign_in(&app, &email, PASSWORD, "").await.header("location"), "/orgs?sort=name");
}

/// ASVS 11.4.2: at most a few hashes at once, then 429.
#[tokio::test]
async fn many_at_once_are_told_to_come_back() {
    let _turn = SIGNING_IN.lock().await;
    let app = TestApp::start().await;
    let ask = async |i: usize| app.form("/auth/signin", &[("email", &format!("n{i}@x.example")), ("password", "wrong")], "").await;
    let answers = futures::future::join_all((0..40).map(ask)).await;
    let busy: Vec<_> = answers.iter().filter(|a| a.status == 429).collect();
    assert!(!busy.is_empty() && busy.len() < 40, "{} of 40 were busy", busy.len());
    assert!(busy.iter().all(|a| a.header("retry-after") == "5"));
}

/// ASVS 7.3.1, 7.3.2: 30 minutes idle, 12 hours in all.
#[tokio::test]
async fn a_session_ends_by_itself() {
    let app = TestApp::start().await;
    let idle = app.person(Role::Executive).await;
    app.app.clock.advance(sessions::IDLE + MINUTE);
    assert!(!is_in(&app, &idle.cookie).await);
    let busy = app.person(Role::Executive).await;
    let id: Id = busy.cookie.split_once('=').and_then(|c| c.1.parse().ok()).expect("a session's id");
    let (step, mut waited) = (sessions::IDLE - MINUTE, 0);
    while waited + step < sessions::ABSOLUTE {
        assert!(is_in(&app, &busy.cookie).await, "in use for {} minutes", waited / MINUTE);
        // The end is moved in the background, after the answer.
        let next = app.now().plus(step);
        eventually("the idle end moves", async || app.app.store.hub().session(sessions::hash(&id), next).await.expect("the session")).await;
        app.app.clock.advance(step);
        waited += step;
    }
    assert!(is_in(&app, &busy.cookie).await);
    app.app.clock.advance(sessions::ABSOLUTE - waited);
    assert!(!is_in(&app, &busy.cookie).await, "and no use keeps it longer than its absolute end");
}

#[tokio::test]
async fn whoever_is_not_in_is_sent_to_the_door_and_back() {
    let app = TestApp::start().await;
    let answer = app.get("/orgs?sort=-score").await;
    assert_eq!((answer.status, answer.header("location")), (303, "/signin?next=%2Forgs%3Fsort%3D-score"));
    let door = app.get("/signin?next=%2Forgs%3Fsort%3D-score").await;
    assert!(door.status == 200 && door.text().contains("value=\"/orgs?sort=-score\""), "{}", door.text());
    // What a program asks for is refused rather than redirected.
    assert_eq!(app.get("/csv/orgs").await.status, 401);
    let navigated = Answer::of(app.request(Method::GET, "/csv/orgs?sort=name").header("sec-fetch-mode", "navigate")).await;
    assert_eq!(navigated.header("location"), "/signin?next=%2Fcsv%2Forgs%3Fsort%3Dname");
    assert_eq!(app.get("/live").await.status, 204, "an EventSource stays away");
    let (_, email) = app.account("alpha", Role::Executive).await;
    for foreign in ["//evil.example", "https://evil.example", "/\\evil.example"] {
        let _turn = SIGNING_IN.lock().await;
        let answer = app.form("/auth/signin", &[("email", &email), ("password", PASSWORD), ("next", foreign)], "").await;
        assert_eq!(answer.header("location"), "/", "{foreign}");
    }
    let long =
        Answer::of(app.form_request("/auth/signin", &[("email", &email), ("password", &"x".repeat(20_000))], "").header("sec-fetch-site", "same-origin")).await;
    assert_eq!(long.status, 413);
    assert_eq!(app.request(Method::HEAD, "/signin").header(header::COOKIE, "").send().await.map(|r| r.status().as_u16()).ok(), Some(200));
}
