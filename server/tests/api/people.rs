//! An organisation's administrators manage its people and its keys, and nobody else's.

use crate::support::*;
use domain::{DAY, MINUTE, Role, SECOND};
use reqwest::Method;
use std::collections::BTreeMap;

fn link_in(page: &str) -> String {
    page.split("/welcome/").nth(1).map(|rest| rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect()).expect("a link")
}

fn key_in(page: &str) -> String {
    let keys = page.match_indices("swk_").map(|(i, _)| page[i..].chars().take(server::auth::keys::LENGTH).collect::<String>());
    keys.filter(|k| server::auth::keys::well_formed(k)).last().expect("a key")
}

async fn person_id(app: &TestApp, email: &str) -> i64 {
    app.app.store.hub().user_by_email(email).await.expect("the database").expect("a person").id
}

/// ASVS 7.4.2, 8.3.2: a disabled person's sessions and streams end within five seconds; a role is in force with the next request.
#[tokio::test]
async fn who_is_invited_sets_a_password_and_is_let_in_with_his_role() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    let made = admin.post("/admin/users", &[("name", "Ada"), ("email", "Ada@alpha.example"), ("role", "analyst")]).await;
    assert_eq!(made.status, 200);
    let token = link_in(&made.text());
    assert!(admin.page("/admin/users").await.contains("Invited") && !admin.page("/admin/users").await.contains(&token), "shown once");
    let set = {
        let _turn = SIGNING_IN.lock().await;
        app.form("/auth/welcome", &[("token", &token), ("password", PASSWORD), ("again", PASSWORD)], "").await
    };
    assert_eq!(set.status, 303);
    let cookie = cookie_of(&set);
    assert_eq!(app.visit("/admin/users", &cookie).await.status, 200);
    assert_eq!(app.form("/admin/users", &[("name", "Eve"), ("email", "eve@alpha.example"), ("role", "executive")], &cookie).await.status, 403);
    // A role is in force with the next request, and so is its end.
    let id = person_id(&app, "ada@alpha.example").await.to_string();
    assert_eq!(admin.post("/admin/users/role", &[("id", &id), ("role", "org_admin")]).await.header("location"), "/admin/users?done=saved");
    assert_eq!(app.form("/admin/users", &[("name", "Eve"), ("email", "eve@alpha.example"), ("role", "executive")], &cookie).await.status, 200);
    let mut stream = Stream::open(app.request(Method::GET, "/live").header("cookie", &cookie)).await;
    assert_eq!(stream.event().await.kind, "hello");
    assert_eq!(admin.post("/admin/users/disable", &[("id", &id)]).await.header("location"), "/admin/users?done=saved");
    assert_eq!(app.visit("/", &cookie).await.status, 303, "signed out");
    tokio::time::timeout(std::time::Duration::from_secs(5), stream.ended()).await.expect("a disabled person's stream ends within 5 s");
    let again = {
        let _turn = SIGNING_IN.lock().await;
        app.form("/auth/signin", &[("email", "ada@alpha.example"), ("password", PASSWORD)], "").await
    };
    assert_eq!(again.header("location"), "/signin?error=credentials");
    admin.post("/admin/users/enable", &[("id", &id)]).await;
    assert!(admin.page("/admin/users").await.contains("Active"));
}

#[tokio::test]
async fn opencti_cve_2026_44730_an_administrator_makes_nobody_more_than_one() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    let steward = app.person(Role::Steward).await;
    for role in [Role::Coordinator, Role::Steward, Role::Auditor] {
        let before = app.rows().await;
        let form = [("name", "Eve"), ("email", "eve@alpha.example"), ("role", role.name())];
        assert_eq!(admin.post("/admin/users", &form).await.header("location"), "/admin/users?done=role", "{role}");
        let (own, theirs) = (admin.id.to_string(), steward.id.to_string());
        for id in [&own, &theirs] {
            assert_eq!(admin.post("/admin/users/role", &[("id", id), ("role", role.name())]).await.header("location"), "/admin/users?done=role");
        }
        assert_eq!(admin.post("/admin/users/role", &[("id", &theirs), ("role", "analyst")]).await.header("location"), "/admin/users?done=role", "nor less");
        // Whoever makes a link for somebody can become him.
        assert_eq!(admin.post("/admin/users/link", &[("id", &theirs)]).await.header("location"), "/admin/users?done=gone");
        assert_eq!(app.gained(&before).await, BTreeMap::default());
    }
}

#[tokio::test]
async fn grafana_cve_2026_21721_an_administrators_right_ends_at_the_own_organisation() {
    let app = TestApp::start().await;
    let (admin, other) = (app.person(Role::OrgAdmin).await, app.person_of("beta", Role::Analyst).await);
    let (theirs, absent) = (other.id.to_string(), "999999".to_owned());
    for path in ["/admin/users/role", "/admin/users/disable", "/admin/users/enable", "/admin/users/link"] {
        let answers = [&theirs, &absent].map(async |id| {
            let answer = admin.post(path, &[("id", id), ("role", "executive")]).await;
            (answer.status, answer.header("location").to_owned(), answer.text())
        });
        let [a, b] = answers;
        let (a, b) = (a.await, b.await);
        assert_eq!(a, b, "{path}: a foreign person answers like one who is not there");
        assert_eq!(a.1, "/admin/users?done=gone", "{path}");
    }
    assert_eq!(other.get("/").await.status, 200);
    for role in Role::ALL.into_iter().filter(|role| !role.manages_users()) {
        let person = app.person(role).await;
        let id = person.id.to_string();
        for path in ["", "/role", "/disable", "/enable", "/link", "/approve", "/decline"].map(|form| format!("/admin/users{form}")) {
            let form = [("id", id.as_str()), ("role", "org_admin"), ("name", "Eve"), ("email", "eve@alpha.example")];
            assert_eq!(person.post(&path, &form).await.status, 403, "{role} at {path}");
        }
        assert!(!person.page("/admin/users").await.contains("<form method=\"post\" action=\"/admin"), "{role}");
    }
}

/// What an administrator sees of the one thing that waits: its number, as the forms of the page send it.
async fn waiting(app: &TestApp) -> String {
    app.app.store.hub().account_proposals(app.org("alpha"), app.now()).await.expect("the database")[0].id.to_string()
}

#[tokio::test]
async fn an_administrator_is_made_by_two_and_agrees_to_neither_for_a_week() {
    let app = TestApp::start().await;
    let (ana, ben) = (app.person(Role::OrgAdmin).await, app.person(Role::OrgAdmin).await);
    let form = [("name", "Dora"), ("email", "dora@alpha.example"), ("role", "org_admin")];
    assert_eq!(ana.post("/admin/users", &form).await.header("location"), "/admin/users?done=proposed");
    assert!(!ana.page("/admin/users").await.contains("/welcome/"), "nobody has the link yet");
    let page = ben.page("/admin/users").await;
    assert!(page.contains("Dora (dora@alpha.example)") && page.contains("/admin/users/approve"), "{page}");
    assert!(!app.person(Role::Analyst).await.page("/admin/users").await.contains("dora@alpha.example"), "an administrators' affair");
    assert!(!app.person_of("beta", Role::OrgAdmin).await.page("/admin/users").await.contains("dora@alpha.example"));
    assert_eq!(ana.post("/admin/users/approve", &[("id", &waiting(&app).await)]).await.header("location"), "/admin/users?done=own");
    let agreed = ben.post("/admin/users/approve", &[("id", &waiting(&app).await)]).await;
    assert_eq!(agreed.status, 200);
    let token = link_in(&agreed.text());
    let set = {
        let _turn = SIGNING_IN.lock().await;
        app.form("/auth/welcome", &[("token", &token), ("password", PASSWORD), ("again", PASSWORD)], "").await
    };
    let dora = Person { app: &app, id: person_id(&app, "dora@alpha.example").await, email: "dora@alpha.example".into(), cookie: cookie_of(&set) };
    for rule in [[("class", "incidents"), ("audience", "everyone"), ("level", "none")], [("class", "incidents"), ("audience", "everyone"), ("level", "detail")]]
    {
        ana.post("/admin/sharing", &rule).await;
    }
    let rule = app.app.store.hub().proposals(app.org("alpha"), app.now()).await.expect("the database")[0].id.to_string();
    assert_eq!(dora.post("/admin/sharing/approve", &[("id", &rule)]).await.header("location"), "/admin/sharing?done=related");
    assert!(dora.page("/admin/sharing?done=related").await.contains("cannot agree to each other"));
    assert_eq!(ben.post("/admin/sharing/approve", &[("id", &rule)]).await.header("location"), "/admin/sharing?done=saved");
    // Taking one over takes two as well, and ends with a word to its owner.
    for path in ["/admin/users/link", "/admin/users/link"] {
        let done = ana.post(path, &[("id", &ben.id.to_string())]).await;
        assert_eq!(done.header("location"), "/admin/users?done=proposed");
    }
    assert_eq!(ana.post("/admin/users/decline", &[("id", &waiting(&app).await)]).await.header("location"), "/admin/users?done=declined");
    assert!(app.app.store.hub().account_proposals(app.org("alpha"), app.now()).await.expect("the database").is_empty());
}

#[tokio::test]
async fn who_changed_what_stands_on_the_account_and_is_told_until_it_was_seen() {
    let app = TestApp::start().await;
    let (admin, ada) = (app.person(Role::OrgAdmin).await, app.person(Role::Analyst).await);
    assert!(!ada.page("/").await.contains("account-changed"));
    let id = ada.id.to_string();
    let first = link_in(&admin.post("/admin/users/link", &[("id", &id)]).await.text());
    let second = link_in(&admin.post("/admin/users/link", &[("id", &id)]).await.text());
    let welcome = async |token: &str| {
        let _turn = SIGNING_IN.lock().await;
        app.form("/auth/welcome", &[("token", token), ("password", PASSWORD), ("again", PASSWORD)], "").await
    };
    assert!(welcome(&first).await.header("location").ends_with("error=expired"), "a newer one is there");
    assert!(ada.page("/orgs").await.contains("account-changed"), "on every page");
    let set = welcome(&second).await;
    assert_eq!(set.status, 303);
    assert!(welcome(&second).await.header("location").ends_with("error=expired"), "used");
    assert_eq!(ada.get("/").await.status, 303, "its sessions ended");
    let ada = Person { cookie: cookie_of(&set), ..ada };
    let page = ada.page("/account").await;
    assert!(page.contains("One-time link made") && page.contains("Password set") && page.contains("I have seen this"), "{page}");
    assert_eq!(ada.post("/account/seen", &[]).await.header("location"), "/account?done=seen");
    assert!(!ada.page("/").await.contains("account-changed"));
    assert!(ada.page("/account").await.contains("One-time link made"), "it stays in the list");
    admin.post("/admin/users/role", &[("id", &id), ("role", "executive")]).await;
    let page = ada.page("/account").await;
    assert!(page.contains("Role changed to Executive") && page.contains("account-changed"), "{page}");
}

#[tokio::test]
async fn an_only_administrator_is_told_so_and_the_steward_of_what_they_widen() {
    let app = TestApp::start().await;
    let (admin, steward) = (app.person(Role::OrgAdmin).await, app.person_of("beta", Role::Steward).await);
    assert!(admin.page("/admin/users").await.contains("sole-admin"));
    for level in ["none", "detail"] {
        admin.post("/admin/sharing", &[("class", "incidents"), ("audience", "everyone"), ("level", level)]).await;
    }
    let rule = app.app.store.hub().proposals(app.org("alpha"), app.now()).await.expect("the database")[0].id.to_string();
    assert_eq!(admin.post("/admin/sharing/approve", &[("id", &rule)]).await.header("location"), "/admin/sharing?done=early");
    assert!(steward.page("/decisions").await.contains("sole-widenings"));
    assert!(!app.person_of("beta", Role::Coordinator).await.page("/decisions").await.contains("sole-widenings"));
    app.app.clock.advance(DAY);
    // The session is over by now.
    let hub = app.app.store.hub().by(store::audit::Actor { org: Some(app.org("alpha")), user: Some(admin.id) });
    let approved = hub.approve_rule(rule.parse().expect("a number"), app.org("alpha"), admin.id, app.now()).await.expect("the database");
    assert_eq!(approved, store::Approval::Done);
    let second = app.person(Role::OrgAdmin).await;
    assert!(!second.page("/admin/users").await.contains("sole-admin"));
}

#[tokio::test]
async fn an_auditor_is_kept_out_by_two_administrators_and_everybody_reads_of_it() {
    let app = TestApp::start().await;
    let (ana, auditor, beta) = (app.person(Role::OrgAdmin).await, app.person(Role::Auditor).await, app.person_of("beta", Role::OrgAdmin).await);
    let id = auditor.id.to_string();
    assert_eq!(ana.post("/admin/users/disable", &[("id", &id)]).await.header("location"), "/admin/users?done=two");
    let ben = app.person(Role::OrgAdmin).await;
    assert_eq!(ana.post("/admin/users/disable", &[("id", &id)]).await.header("location"), "/admin/users?done=proposed");
    assert_eq!(auditor.get("/").await.status, 200);
    assert!(!beta.page("/admin/users").await.contains("Auditors of the hub"));
    assert_eq!(ben.post("/admin/users/approve", &[("id", &waiting(&app).await)]).await.header("location"), "/admin/users?done=saved");
    assert_eq!(auditor.get("/").await.status, 303);
    let page = beta.page("/admin/users").await;
    assert!(page.contains("Auditors of the hub") && page.contains("by two administrators") && !page.contains(&auditor.email), "{page}");
    assert!(beta.page("/admin/audit").await.contains("auditor.changed"));
}

#[tokio::test]
async fn an_organisation_keeps_an_administrator() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    let id = admin.id.to_string();
    assert_eq!(admin.post("/admin/users/disable", &[("id", &id)]).await.header("location"), "/admin/users?done=last");
    assert_eq!(admin.post("/admin/users/role", &[("id", &id), ("role", "analyst")]).await.header("location"), "/admin/users?done=last");
    app.person(Role::OrgAdmin).await;
    assert_eq!(admin.post("/admin/users/role", &[("id", &id), ("role", "analyst")]).await.header("location"), "/admin/users?done=saved");
    assert_eq!(admin.post("/admin/users/role", &[("id", &id), ("role", "org_admin")]).await.status, 403, "not any more");
}

/// ASVS 11.5.1: a key's networks, scopes, end and rotation.
#[tokio::test]
async fn a_key_is_made_for_what_and_where_it_is_needed_and_rotated_with_two_live_ones() {
    let app = TestApp::start_with(Setup { proxies: &["127.0.0.1/32"], ..Setup::default() }).await;
    let admin = app.person(Role::OrgAdmin).await;
    let form = [("name", "siem"), ("days", "90"), ("metrics", "yes"), ("addresses", "192.0.2.0/24, 2001:db8::/32")];
    let key = key_in(&admin.post("/admin/keys", &form).await.text());
    let page = admin.page("/admin/keys").await;
    assert!(page.contains("192.0.2.0/24 2001:db8::/32") && !page.contains(&key));
    let ask = async |key: &str, from: &str| {
        let request = app.request(Method::GET, "/api/v1/whoami").bearer_auth(key);
        // Behind a reverse proxy of this machine.
        Answer::of(if from.is_empty() { request } else { request.header("x-forwarded-for", from) }).await
    };
    assert_eq!(ask(&key, "192.0.2.77").await.json()["scopes"], serde_json::json!(["metrics"]));
    for elsewhere in ["198.51.100.1", ""] {
        let refused = ask(&key, elsewhere).await;
        assert_eq!((refused.status, refused.json()["detail"].as_str()), (401, Some("This key may not be used from your address.")));
    }
    let rows = app.app.store.hub().audit_after(0).await.expect("the trail");
    assert!(rows.iter().any(|r| r.action == "denied" && r.object == "key siem" && r.detail.contains("198.51.100.1")), "{rows:?}");

    let next = key_in(&admin.post("/admin/keys/rotate", &[("name", "siem")]).await.text());
    assert_ne!(next, key);
    for live in [&key, &next] {
        assert_eq!(ask(live, "192.0.2.77").await.status, 200, "two live keys");
    }
    assert_eq!(ask(&next, "192.0.2.77").await.json()["key"], "siem-2");
    assert_eq!(ask(&next, "198.51.100.1").await.status, 401, "scopes and networks go over to it");
    app.app.clock.advance(7 * DAY + MINUTE);
    assert_eq!((ask(&key, "192.0.2.77").await.status, ask(&next, "192.0.2.77").await.status), (401, 200));
    let admin = app.person(Role::OrgAdmin).await;
    assert_eq!(admin.post("/admin/keys/rotate", &[("name", "siem")]).await.header("location"), "/admin/keys?done=gone", "it has ended");
    assert_eq!(admin.post("/admin/keys/revoke", &[("name", "siem-2")]).await.header("location"), "/admin/keys?done=revoked");
    app.app.clock.advance(5 * SECOND);
    assert_eq!(ask(&next, "192.0.2.77").await.status, 401);
}

#[tokio::test]
async fn a_form_for_a_key_that_makes_no_sense_makes_none() {
    let app = TestApp::start().await;
    let (admin, other) = (app.person(Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    admin.post("/admin/keys", &[("name", "siem"), ("days", "90"), ("metrics", "yes")]).await;
    let before = app.rows().await;
    for (form, word) in [
        (vec![("name", " "), ("days", "90"), ("metrics", "yes")], "form"),
        (vec![("name", "a"), ("days", "90")], "form"),
        (vec![("name", "a"), ("days", "9999"), ("metrics", "yes")], "form"),
        (vec![("name", "a"), ("days", "90"), ("metrics", "yes"), ("addresses", "example.org")], "form"),
        (vec![("name", "siem"), ("days", "90"), ("metrics", "yes")], "name"),
    ] {
        assert_eq!(admin.post("/admin/keys", &form).await.header("location"), format!("/admin/keys?done={word}"), "{form:?}");
    }
    for path in ["/admin/keys/rotate", "/admin/keys/revoke"] {
        assert_eq!(other.post(path, &[("name", "siem")]).await.header("location"), "/admin/keys?done=gone", "{path}: of another organisation");
    }
    assert_eq!(app.gained(&before).await, BTreeMap::default());
    assert!(!other.page("/admin/keys").await.contains("siem<"));
    for role in Role::ALL.into_iter().filter(|role| !role.manages_keys()) {
        let person = app.person(role).await;
        for path in ["/admin/keys", "/admin/keys/rotate", "/admin/keys/revoke"] {
            assert_eq!(person.post(path, &[("name", "siem"), ("days", "90"), ("metrics", "yes")]).await.status, 403, "{role} at {path}");
        }
        assert!(!person.page("/admin/keys").await.contains("swk_"), "{role}");
    }
}

/// Who invites a mail address learns nothing of whether another organisation has somebody there, whatever they do with it.
#[tokio::test]
async fn inviting_tells_nothing_about_other_organisations_people() {
    let app = TestApp::start().await;
    let (admin, theirs) = (app.person(Role::OrgAdmin).await, app.person_of("beta", Role::Analyst).await);
    let hub = app.app.store.hub();
    let other = "harbour-lantern-42-oxide";
    let mut seen = Vec::new();
    for email in ["nobody@beta.example", theirs.email.as_str()] {
        let last = hub.audit_after(0).await.expect("the trail").last().map_or(0, |row| row.no);
        let invited = admin.post("/admin/users", &[("name", "Eve"), ("email", email), ("role", "analyst")]).await;
        let token = link_in(&invited.text());
        let people = hub.people(Some(app.org("alpha"))).await.expect("the database");
        let id = people.iter().find(|p| p.email == email).expect("somebody").id;
        let plain = |text: String| text.replace(email, "MAIL").replace(&token, "TOKEN").replace(&format!("\"{id}\""), "ID");
        let page = plain(admin.page("/admin/users").await);
        let row = page.split("<tr").filter(|row| row.contains("MAIL")).map(str::to_owned).collect::<Vec<_>>();
        let mut answers = vec![(invited.status, invited.header("location").to_owned())];
        let mut cookie = String::new();
        for fields in [
            ("/auth/welcome", vec![("token", token.as_str()), ("password", other), ("again", other)]),
            ("/auth/signin", vec![("email", email), ("password", other)]),
            ("/auth/signin", vec![("email", email), ("password", "no such password at all")]),
        ] {
            let _turn = SIGNING_IN.lock().await;
            let answer = app.form(fields.0, &fields.1, "").await;
            answers.push((answer.status, answer.header("location").to_owned()));
            if answer.header("location") == "/" {
                cookie = cookie_of(&answer);
            }
        }
        assert!(app.visit("/account", &cookie).await.text().contains("ALPHA Works"), "it is an account of the inviting organisation");
        let rows: Vec<_> = hub.audit_after(last).await.expect("the trail").into_iter().filter(|row| row.org == Some(app.org("alpha"))).collect();
        let rows: Vec<_> = rows.into_iter().map(|row| (row.action, row.object.replace(&id.to_string(), "ID"))).collect();
        seen.push((answers, row, rows));
        let again = admin.post("/admin/users", &[("name", "Eve"), ("email", email), ("role", "analyst")]).await;
        assert_eq!(again.header("location"), "/admin/users?done=address", "of the own organisation one learns that");
    }
    assert_eq!(seen[0], seen[1]);
    // Whose the address was before goes on as before, and their organisation reads of what was tried.
    let signed_in = {
        let _turn = SIGNING_IN.lock().await;
        app.form("/auth/signin", &[("email", &theirs.email), ("password", PASSWORD)], "").await
    };
    assert!(app.visit("/account", &cookie_of(&signed_in)).await.text().contains("BETA Works"));
    let failed = hub.audit_after(0).await.expect("the trail").into_iter().filter(|row| row.action == "signin.failed");
    assert_eq!(failed.filter(|row| row.object == format!("user {}", theirs.id)).count(), 1);
}

/// An account of the own organisation with somebody's mail address is no way to guess at their password unseen.
#[tokio::test]
async fn an_account_of_the_same_address_gives_no_more_guesses() {
    let app = TestApp::start().await;
    let theirs = app.account("beta", Role::Analyst).await;
    let hub = app.app.store.hub();
    let id = hub.add_user(app.org("alpha"), theirs.1.clone(), "Eve".into(), Role::Analyst, None, app.now()).await.expect("a user");
    let into = async |answer: &Answer| app.visit("/account", &cookie_of(answer)).await.text().contains("BETA Works");
    // Each round guesses another password by making it the own one.
    for round in 0..8 {
        let guess = if round < 7 { format!("harbour-lantern-{round}-oxide") } else { PASSWORD.to_owned() };
        let token = server::auth::links::new_link(&app.app, store::audit::Actor::default(), id).await.expect("a link");
        let _turn = SIGNING_IN.lock().await;
        let set = app.form("/auth/welcome", &[("token", &token), ("password", &guess), ("again", &guess)], "").await;
        assert_eq!(set.header("location"), "/");
        let answer = app.form("/auth/signin", &[("email", &theirs.1), ("password", &guess)], "").await;
        assert_eq!(answer.header("location"), "/", "round {round}");
        assert!(!into(&answer).await, "round {round}: a right guess tells nothing any more");
        // Whom the guesses are at hears of it once they are used up, and not of a few sign-ins; whose account it is that is opened does not.
        let rows = hub.audit_after(0).await.expect("the trail");
        let about = |user: i64| rows.iter().filter(|row| row.object == format!("user {user}") && row.action.starts_with("signin.")).collect::<Vec<_>>();
        assert_eq!(about(theirs.0).is_empty(), round < 5, "round {round}");
        assert!(about(theirs.0).iter().all(|row| row.action == "signin.throttled" && row.org == Some(app.org("beta"))), "round {round}");
        assert!(about(id).is_empty(), "round {round}");
    }
}
