//! Changing the own password: for who knows it, under the same rules as the first one.

use crate::support::*;
use domain::{MINUTE, Role};

const NEW: &str = "another-fjord-12-lamp";

async fn change(person: &Person<'_>, current: &str, password: &str, again: &str) -> String {
    let _turn = SIGNING_IN.lock().await;
    person.post("/account/password", &[("current", current), ("password", password), ("again", again)]).await.header("location").to_owned()
}

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let _turn = SIGNING_IN.lock().await;
    app.form("/auth/signin", &[("email", email), ("password", password)], "").await
}

async fn set(app: &TestApp) -> usize {
    app.app.store.hub().audit_after(0).await.expect("the trail").iter().filter(|row| row.action == "password.set").count()
}

#[tokio::test]
async fn a_new_password_is_set_by_who_knows_the_one_before_and_ends_all_other_sessions() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    let (there, other) = (cookie_of(&sign_in(&app, &person.email, PASSWORD).await), app.person(Role::Analyst).await);
    let link = server::auth::links::new_link(&app.app, store::audit::Actor::default(), person.id).await.expect("a link");
    assert_eq!(change(&person, PASSWORD, NEW, NEW).await, "/account?done=password");
    let statuses = (person.get("/").await.status, app.visit("/", &there).await.status, other.get("/").await.status);
    assert_eq!(statuses, (200, 303, 200), "here, elsewhere, somebody else");
    assert!(sign_in(&app, &person.email, PASSWORD).await.header("location").contains("credentials"), "the old one");
    assert_eq!(sign_in(&app, &person.email, NEW).await.header("location"), "/");
    let used = app.form("/auth/welcome", &[("token", &link), ("password", "yet-another-fjord-13"), ("again", "yet-another-fjord-13")], "").await;
    assert!(used.header("location").ends_with("error=expired"), "a link that would set another");
    assert_eq!(set(&app).await, 1);
    let rows = app.app.store.hub().audit_after(0).await.expect("the trail");
    let row = rows.iter().find(|row| row.action == "password.set").expect("a row");
    assert_eq!((row.actor.user, row.detail.as_str()), (Some(person.id), r#"{"sessions_ended":1}"#));
}

#[tokio::test]
async fn a_password_that_would_not_do_as_the_first_one_does_not_as_the_next() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    for (current, password, again, why) in [
        (PASSWORD, NEW, "something-else-99", "mismatch"),
        (PASSWORD, "short", "short", "weak"),
        (PASSWORD, "Password2026!", "Password2026!", "weak"),
        (PASSWORD, person.email.as_str(), person.email.as_str(), "weak"),
        ("wrong", NEW, NEW, "current"),
        ("", NEW, NEW, "current"),
    ] {
        assert_eq!(change(&person, current, password, again).await, format!("/account?done={why}"), "{password}");
    }
    assert_eq!(set(&app).await, 0);
    assert_eq!(sign_in(&app, &person.email, PASSWORD).await.header("location"), "/");
    let somebody = app.form("/account/password", &[("current", PASSWORD), ("password", NEW), ("again", NEW)], "").await;
    assert_eq!(somebody.status, 401, "not without a session");
}

#[tokio::test]
async fn guesses_at_the_current_password_use_up_the_sessions_own_attempts() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    for _ in 0..5 {
        assert_eq!(change(&person, "wrong", NEW, NEW).await, "/account?done=current");
    }
    assert_eq!(change(&person, PASSWORD, NEW, NEW).await, "/account?done=throttled", "not even the right one");
    assert_eq!(sign_in(&app, &person.email, PASSWORD).await.header("location"), "/", "whoever found the session open keeps nobody out");
    app.app.clock.advance(16 * MINUTE);
    assert_eq!(change(&person, PASSWORD, NEW, NEW).await, "/account?done=password");
}
