//! Signing in at an organisation's identity provider: who is let in, by what step, and what is not believed.

use crate::support::*;
use domain::{MINUTE, Role, SECOND};
use serde_json::{Value, json};
use server::auth::links;
use std::collections::BTreeMap;

/// Where whoever is not let in ends up.
const REFUSED: &str = "/signin?error=organisation&next=%2Forgs";

/// Links an identity, as its person does.
async fn linked(app: &TestApp, idp: &Idp, person: &Person<'_>, subject: &str) {
    let asked = app.to_the_provider("/account/identity/link", &[], &person.cookie).await;
    assert_eq!(app.vouched(idp, "alpha", &asked, subject, &person.cookie).await.header("location"), "/account?done=linked");
}

async fn identities(app: &TestApp) -> i64 {
    app.rows().await["oidc_identities"]
}

#[tokio::test]
async fn who_links_his_identity_signs_in_with_it() {
    let app = TestApp::start().await;
    assert!(!app.get("/signin").await.text().contains("/auth/oidc/start"), "nobody has a provider");
    let idp = Idp::of(&app, "alpha").await;
    let door = app.get("/signin?next=%2Forgs").await.text();
    assert!(door.contains("/auth/oidc/start") && !door.contains("ALPHA") && !door.contains("alpha"), "strangers are not told whose: {door}");
    let person = app.person(Role::Analyst).await;
    assert!(person.page("/account").await.contains("/account/identity/link"));
    linked(&app, &idp, &person, "1").await;
    let page = person.page("/account").await;
    assert!(page.contains("Linked") && page.contains("/account/identity/unlink"), "{page}");

    let begin = app.app.store.hub().audit_after(0).await.expect("the trail").last().expect("a row").no;
    let inside = app.sign_in_at(&idp, "alpha", "1").await;
    assert_eq!((inside.status, inside.header("location")), (303, "/orgs"));
    let cookie = session_of(&inside);
    assert!(app.visit("/account", &cookie).await.text().contains(&person.email));
    assert!(person.get("/").await.status == 200 && cookie != person.cookie, "a session of its own");
    let rows = app.app.store.hub().audit_after(begin).await.expect("the trail");
    assert_eq!(rows.iter().map(|r| (r.action.as_str(), r.actor.user)).collect::<Vec<_>>(), [("session.started", Some(person.id))]);

    assert_eq!(person.post("/account/identity/unlink", &[]).await.header("location"), "/account?done=unlinked");
    assert_eq!(app.sign_in_at(&idp, "alpha", "1").await.header("location"), REFUSED);
}

#[tokio::test]
async fn the_way_there_is_bound_to_the_browser_and_asks_for_nothing_but_the_identity() {
    for plain in [true, false] {
        let app = TestApp::start_as(plain).await;
        let idp = Idp::of(&app, "alpha").await;
        let answer = app.form("/auth/oidc/start", &[("org", " Alpha ")], "").await;
        let line = answer.header("set-cookie").to_lowercase();
        let attributes: Vec<_> = line.split("; ").skip(1).collect();
        for wanted in ["httponly", "samesite=lax", "path=/", "max-age=600"] {
            assert!(attributes.contains(&wanted), "{wanted} in {line}");
        }
        assert_eq!((attributes.contains(&"secure"), line.starts_with("__host-shieldwall-oidc=")), (!plain, !plain));
        let asked = app.to_the_provider("/auth/oidc/start", &[("org", "alpha")], "").await;
        assert!(asked.at.starts_with(&format!("{}/authorize?", idp.issuer)));
        let host = app.base.trim_start_matches("http");
        let back = format!("{}{host}/auth/oidc/callback/alpha", if plain { "http" } else { "https" });
        for (name, value) in [("response_type", "code"), ("code_challenge_method", "S256"), ("scope", "openid"), ("redirect_uri", &back), ("prompt", "")] {
            assert_eq!(asked.param(name), value);
        }
        let again = app.to_the_provider("/auth/oidc/start", &[("org", "alpha")], "").await;
        for name in ["state", "nonce", "code_challenge"] {
            assert!(asked.param(name).len() >= 43 && asked.param(name) != again.param(name), "{name}: {}", asked.param(name));
        }
        assert_ne!(asked.cookie, again.cookie);
        let kept = app.contents().await.concat();
        let has = |secret: &str| kept.windows(secret.len()).any(|w| w == secret.as_bytes());
        assert!(!has(asked.param("state")) && !has(asked.cookie.split_once('=').expect("a cookie").1) && !has("a secret: of"), "kept as a hash, or not at all");
    }
}

#[tokio::test]
async fn misp_cve_2026_9084_a_mail_address_links_and_signs_in_nobody() {
    let app = TestApp::start().await;
    let idp = Idp::of(&app, "alpha").await;
    let (admin, invited) = (app.person(Role::OrgAdmin).await, "ada@alpha.example");
    app.app.store.hub().add_user(app.org("alpha"), invited.into(), "Ada".into(), Role::Analyst, None, app.now()).await.expect("a user");
    let before = app.rows().await;
    for email in [admin.email.as_str(), invited] {
        for subject in ["1", email] {
            let asked = app.to_the_provider("/auth/oidc/start", &[("org", "alpha"), ("next", "/orgs")], "").await;
            let mut claims = idp.claims(&app, &asked, subject);
            for (name, value) in [("email", json!(email)), ("email_verified", json!(true)), ("preferred_username", json!(email)), ("upn", json!(email))] {
                claims[name] = value;
            }
            let code = idp.code(&asked, &claims, Signed::Well);
            let to = app.back_from_the_provider("alpha", &[("code", &code), ("state", asked.param("state"))], &asked.cookie).await;
            let answer = app.visit(&to, &asked.cookie).await;
            assert_eq!((answer.header("location"), session_of(&answer)), (REFUSED, String::new()), "{email} {subject}");
        }
    }
    assert_eq!(app.gained(&before).await.keys().filter(|table| *table != "signin_tries").count(), 0, "nothing was linked");
    assert_eq!(app.audited("signin.failed").await, 4);
    let rows = app.app.store.hub().audit_after(0).await.expect("the trail");
    let failed: Vec<_> = rows.iter().filter(|r| r.action == "signin.failed").collect();
    assert!(!failed.is_empty() && failed.iter().all(|r| r.org == Some(app.org("alpha")) && r.detail.contains("not linked")), "{failed:?}");
}

#[tokio::test]
async fn a_provider_signs_in_people_of_its_own_organisation_only() {
    let app = TestApp::start().await;
    let (idp, other) = (Idp::of(&app, "alpha").await, Idp::of(&app, "beta").await);
    let person = app.person(Role::OrgAdmin).await;
    linked(&app, &idp, &person, "1").await;
    assert_eq!(app.sign_in_at(&other, "beta", "1").await.header("location"), REFUSED, "the same subject elsewhere is somebody else");
    // Beta's provider sends the browser to alpha's, or answers in its name.
    let asked = app.to_the_provider("/auth/oidc/start", &[("org", "beta"), ("next", "/orgs")], "").await;
    let code = idp.code(&asked, &idp.claims(&app, &asked, "1"), Signed::Well);
    let to = app.back_from_the_provider("alpha", &[("code", &code), ("state", asked.param("state"))], &asked.cookie).await;
    assert_eq!(to, "/signin?error=organisation", "a flow that was begun for another provider");
    let code = other.code(&asked, &idp.claims(&app, &asked, "1"), Signed::Well);
    let to = app.back_from_the_provider("beta", &[("code", &code), ("state", asked.param("state"))], &asked.cookie).await;
    assert_eq!(to, REFUSED, "a token in the name of another issuer");
    // A person of beta cannot take alpha's provider for his own.
    let stranger = app.person_of("beta", Role::Analyst).await;
    let asked = app.to_the_provider("/account/identity/link", &[], &stranger.cookie).await;
    assert!(asked.at.starts_with(&other.issuer));
    let unknown = app.form("/auth/oidc/start", &[("org", "gamma"), ("next", "/orgs")], "").await;
    let nowhere = app.form("/auth/oidc/start", &[("org", "delta"), ("next", "/orgs")], "").await;
    assert_eq!((unknown.header("location"), &unknown.body), (REFUSED, &nowhere.body), "no provider and no organisation are the same");
    assert_eq!(nowhere.header("location"), REFUSED);
}

#[tokio::test]
async fn what_is_not_in_order_is_not_believed() {
    let app = TestApp::start().await;
    let idp = Idp::of(&app, "alpha").await;
    let person = app.person(Role::Analyst).await;
    linked(&app, &idp, &person, "1").await;
    type Lie = (&'static str, fn(&mut Value), Signed);
    let now = app.now().0 / SECOND;
    let lies: [Lie; 13] = [
        ("wrong nonce", |c| c["nonce"] = json!("another"), Signed::Well),
        ("no nonce", |c| drop(c.as_object_mut().map(|c| c.remove("nonce"))), Signed::Well),
        ("for another client", |c| c["aud"] = json!("another"), Signed::Well),
        ("for another client as well", |c| c["aud"] = json!([c["aud"].clone(), "another"]), Signed::Well),
        ("made for another client", |c| c["azp"] = json!("another"), Signed::Well),
        ("another issuer", |c| c["iss"] = json!("https://id.evil.example"), Signed::Well),
        ("expired", |c| c["exp"] = json!(c["iat"].as_i64().unwrap_or(0) - 61), Signed::Well),
        ("no subject", |c| c["sub"] = json!(""), Signed::Well),
        ("another key", |_| (), Signed::ByAnotherKey),
        ("an unknown key", |_| (), Signed::ByUnknownKey),
        ("the client's secret as the key", |_| (), Signed::BySecret),
        ("alg none", |_| (), Signed::Not),
        ("nothing wrong", |_| (), Signed::Well),
    ];
    for (lie, tell, signed) in lies {
        let asked = app.to_the_provider("/auth/oidc/start", &[("org", "alpha"), ("next", "/orgs")], "").await;
        let mut claims = idp.claims(&app, &asked, "1");
        assert!(claims["iat"].as_i64().expect("a time") >= now);
        tell(&mut claims);
        let code = idp.code(&asked, &claims, signed);
        let to = app.back_from_the_provider("alpha", &[("code", &code), ("state", asked.param("state"))], &asked.cookie).await;
        let answer = app.visit("/auth/oidc/finish", &asked.cookie).await;
        if lie == "nothing wrong" {
            assert_eq!((to.as_str(), answer.header("location")), ("/auth/oidc/finish", "/orgs"));
        } else {
            assert_eq!((to.as_str(), session_of(&answer).as_str()), (REFUSED, ""), "{lie}");
            assert_eq!(answer.header("location"), "/signin?error=organisation", "{lie}: the flow is over");
        }
    }
}

/// OpenID Connect Core, sections 2, 3.1.3.7 and 5.1: what the standard allows, and what providers send all the same.
#[tokio::test]
async fn tokens_are_read_as_tolerantly_as_the_standard_is() {
    let app = TestApp::start().await;
    let idp = Idp::of(&app, "alpha").await;
    let person = app.person(Role::Analyst).await;
    linked(&app, &idp, &person, "1").await;
    type Way = (&'static str, fn(&mut Value));
    let ways: [Way; 5] = [
        ("a clock that is ahead", |c| c["exp"] = json!(c["iat"].as_i64().unwrap_or(0) - 30)),
        ("a list of one", |c| c["aud"] = json!([c["aud"].clone()])),
        ("a list with the party", |c| {
            c["azp"] = c["aud"].clone();
            c["aud"] = json!(["another", c["aud"].clone()]);
        }),
        ("texts for numbers", |c| (c["exp"], c["auth_time"]) = (json!(c["exp"].to_string()), json!(c["auth_time"].to_string()))),
        ("claims of any type", |c| {
            for (name, value) in
                [("email_verified", json!("true")), ("amr", json!("pwd")), ("address", json!([1])), ("name", json!({})), ("phone_number", json!(7))]
            {
                c[name] = value;
            }
        }),
    ];
    for (way, tell) in ways {
        let asked = app.to_the_provider("/auth/oidc/start", &[("org", "alpha"), ("next", "/orgs")], "").await;
        let mut claims = idp.claims(&app, &asked, "1");
        tell(&mut claims);
        let answer = json!({ "access_token": 5, "token_type": null, "expires_in": "3600", "scope": ["openid"], "id_token": idp.token(&claims, Signed::Well) });
        let code = idp.code_for(&asked, answer);
        let to = app.back_from_the_provider("alpha", &[("code", &code), ("state", asked.param("state"))], &asked.cookie).await;
        assert_eq!(to, "/auth/oidc/finish", "{way}");
        assert_eq!(app.visit(&to, &asked.cookie).await.header("location"), "/orgs", "{way}");
    }
}

/// OpenID Connect RP-Initiated Logout: the provider's own session would let the next one at this browser in.
#[tokio::test]
async fn who_signs_out_signs_out_at_the_provider_too_and_comes_back() {
    let app = TestApp::start().await;
    let idp = Idp::of(&app, "alpha").await;
    let person = app.person(Role::Analyst).await;
    linked(&app, &idp, &person, "1").await;
    let cookie = session_of(&app.sign_in_at(&idp, "alpha", "1").await);
    let out = app.form("/auth/signout", &[], &cookie).await;
    assert_eq!((out.status, out.header("clear-site-data")), (200, "\"cache\", \"storage\""));
    let there = reqwest::Url::parse(&goes_to(&out)).expect("an address");
    let said: Vec<(String, String)> = there.query_pairs().into_owned().collect();
    let back = format!("{}/auth/oidc/signed-out", app.base);
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(said, [pair("from", "hub"), pair("client_id", "the hub"), pair("post_logout_redirect_uri", &back)]);
    assert!(there.as_str().starts_with(&format!("{}/logout?", idp.issuer)), "{there}");
    assert_ne!(app.visit("/account", &cookie).await.status, 200, "and here first of all");
    // The provider sends the browser back, as it is: without the session's cookie, or with one that is over.
    for cookie in ["", &cookie] {
        let back = app.visit("/auth/oidc/signed-out?state=x", cookie).await;
        assert!(back.status == 200 && back.text().contains("You are signed out") && back.text().contains("href=\"/signin\""), "{}", back.text());
    }
    let still = app.visit("/auth/oidc/signed-out", &person.cookie).await;
    assert_eq!((still.status, still.header("location")), (303, "/"), "nobody is told so who is signed in");
    // Who signed in with a password has no session there that is the hub's business.
    let out = person.post("/auth/signout", &[]).await;
    assert_eq!((out.status, out.header("location")), (303, "/signin"));
}

#[tokio::test]
async fn answers_that_are_not_the_providers_to_this_browser_are_not_taken() {
    let app = TestApp::start().await;
    let idp = Idp::with(&app, "alpha", true).await;
    let person = app.person(Role::Analyst).await;
    linked(&app, &idp, &person, "1").await;
    let begin = async || app.to_the_provider("/auth/oidc/start", &[("org", "alpha"), ("next", "/orgs")], "").await;
    let code = |asked: &Asked| idp.code(asked, &idp.claims(&app, asked, "1"), Signed::Well);
    let back = async |code: &str, state: &str, iss: &str, cookie: &str| {
        let all = [("code", code), ("state", state), ("iss", iss)].into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>();
        app.back_from_the_provider("alpha", &all, cookie).await
    };
    let (good, lost) = ("/auth/oidc/finish", "/signin?error=organisation");

    let (one, other) = (begin().await, begin().await);
    assert_eq!(back(&code(&other), other.param("state"), &idp.issuer, &one.cookie).await, lost, "the state of another browser");
    assert_eq!(back(&code(&one), "", &idp.issuer, &one.cookie).await, lost, "no state");
    assert_eq!(back(&code(&one), one.param("state"), &idp.issuer, "").await, lost, "no cookie");
    assert_eq!(app.visit(good, &one.cookie).await.header("location"), lost, "not answered yet");

    let one = begin().await;
    let once = code(&one);
    assert_eq!(back(&once, one.param("state"), &idp.issuer, &one.cookie).await, good);
    assert_eq!(back(&code(&one), one.param("state"), &idp.issuer, &one.cookie).await, lost, "a state works once");
    let inside = app.visit(good, &one.cookie).await;
    assert_eq!(inside.header("location"), "/orgs", "and what it brought stands");
    assert!(inside.headers.get_all("set-cookie").iter().any(|l| l.to_str().is_ok_and(|l| l.starts_with("shieldwall-oidc=;") && l.contains("Max-Age=0"))));
    assert_eq!(app.visit(good, &one.cookie).await.header("location"), lost, "a flow ends once");

    let two = begin().await;
    assert_eq!(back(&once, two.param("state"), &idp.issuer, &two.cookie).await, REFUSED, "a code works once");
    let (three, four) = (begin().await, begin().await);
    assert_eq!(back(&code(&three), four.param("state"), &idp.issuer, &four.cookie).await, REFUSED, "a code that was made for another browser (PKCE)");
    let five = begin().await;
    assert_eq!(back(&code(&five), five.param("state"), "https://id.evil.example", &five.cookie).await, REFUSED, "RFC 9207: another issuer");
    let six = begin().await;
    assert_eq!(back(&code(&six), six.param("state"), "", &six.cookie).await, REFUSED, "RFC 9207: no issuer, which this provider says to give");
    let seven = begin().await;
    let error = [("error", "access_denied"), ("state", seven.param("state")), ("code", "x")];
    assert_eq!(app.back_from_the_provider("alpha", &error, &seven.cookie).await, REFUSED, "cancelled at the provider");
    let eight = begin().await;
    let token = json!({ "access_token": "a", "token_type": "Bearer" });
    assert_eq!(back(&idp.code_for(&eight, token), eight.param("state"), &idp.issuer, &eight.cookie).await, REFUSED, "no ID token");
    let late = begin().await;
    let made = code(&late);
    app.app.clock.advance(10 * MINUTE);
    assert_eq!(back(&made, late.param("state"), &idp.issuer, &late.cookie).await, lost, "ten minutes later");
}

#[tokio::test]
async fn an_invited_person_joins_by_the_one_time_link_and_without_a_password() {
    let app = TestApp::start().await;
    let idp = Idp::of(&app, "alpha").await;
    let (hub, admin) = (app.app.store.hub(), app.person(Role::OrgAdmin).await);
    let id = hub.add_user(app.org("alpha"), "ada@alpha.example".into(), "Ada".into(), Role::Analyst, None, app.now()).await.expect("a user");
    let token = links::new_link(&app.app, store::audit::Actor::default(), id).await.expect("a link");
    let welcome = app.get(&format!("/welcome/{token}")).await.text();
    assert!(welcome.contains("/auth/oidc/join") && welcome.contains("ALPHA Works"), "{welcome}");
    assert!(!app.get("/welcome/unknown").await.text().contains("/auth/oidc/join"));
    linked(&app, &idp, &admin, "boss").await;
    let join = async || app.to_the_provider("/auth/oidc/join", &[("token", &token)], "").await;
    let refused = app.vouched(&idp, "alpha", &join().await, "boss", "").await;
    assert_eq!(refused.header("location"), "/signin?error=organisation", "an identity that is somebody's already");
    // Nothing was used up.
    let inside = app.vouched(&idp, "alpha", &join().await, "ada", "").await;
    assert_eq!(inside.header("location"), "/");
    assert!(app.visit("/account", &session_of(&inside)).await.text().contains("ada@alpha.example"));
    let again = app.form("/auth/oidc/join", &[("token", &token)], "").await;
    assert_eq!(again.header("location"), format!("/welcome/{token}?error=expired"));
    assert_eq!(app.form("/auth/oidc/join", &[("token", "../../x")], "").await.header("location"), "/welcome/unknown?error=expired");
    assert_eq!(app.sign_in_at(&idp, "alpha", "ada").await.header("location"), "/orgs");
    let page = app.visit("/account", &session_of(&inside)).await.text();
    assert!(page.contains("You have no password") && !page.contains("/account/identity/unlink"));
    assert_eq!(app.form("/account/identity/unlink", &[], &session_of(&inside)).await.header("location"), "/account?done=gone");
    assert!(!admin.page("/admin/users").await.contains("Invited"));
    let rows = hub.audit_after(0).await.expect("the trail");
    assert!(rows.iter().any(|r| r.action == "oidc.linked" && r.actor.user == Some(id) && r.detail.contains(&idp.issuer)), "{rows:?}");
    // A second link, after trouble: the identity makes way for the new one, and the sessions end.
    let token = links::new_link(&app.app, store::audit::Actor::default(), id).await.expect("a link");
    let asked = app.to_the_provider("/auth/oidc/join", &[("token", &token)], "").await;
    assert_eq!(app.vouched(&idp, "alpha", &asked, "ada-2", "").await.header("location"), "/");
    assert_eq!(app.visit("/", &session_of(&inside)).await.status, 303);
    assert_eq!(app.sign_in_at(&idp, "alpha", "ada").await.header("location"), REFUSED);
}

#[tokio::test]
async fn only_the_person_who_began_links_and_only_one_identity() {
    let app = TestApp::start().await;
    let idp = Idp::of(&app, "alpha").await;
    let (person, other) = (app.person(Role::Analyst).await, app.person(Role::Analyst).await);
    let ask = async || app.to_the_provider("/account/identity/link", &[], &person.cookie).await;
    for (whose, cookie) in [("nobody's session", ""), ("another's", other.cookie.as_str())] {
        assert_eq!(app.vouched(&idp, "alpha", &ask().await, "1", cookie).await.header("location"), "/account?done=not-linked", "{whose}");
    }
    assert_eq!(identities(&app).await, 0);
    linked(&app, &idp, &person, "1").await;
    assert_eq!(app.vouched(&idp, "alpha", &ask().await, "2", &person.cookie).await.header("location"), "/account?done=not-linked", "one each");
    let asked = app.to_the_provider("/account/identity/link", &[], &other.cookie).await;
    assert_eq!(app.vouched(&idp, "alpha", &asked, "1", &other.cookie).await.header("location"), "/account?done=not-linked", "taken");
    app.app.clock.advance(16 * MINUTE);
    for path in ["/account/identity/link", "/account/identity/unlink"] {
        assert_eq!(person.post(path, &[]).await.header("location"), "/stepup?next=%2Faccount", "{path} asks for a proof");
    }
    assert_eq!(identities(&app).await, 1);
}

#[tokio::test]
async fn a_providers_word_is_no_second_factor() {
    let app = TestApp::start_with(Setup { second_factor: true, ..Setup::default() }).await;
    let idp = Idp::of(&app, "alpha").await;
    let (admin, analyst) = (app.person(Role::OrgAdmin).await, app.person(Role::Analyst).await);
    for (person, subject) in [(&admin, "1"), (&analyst, "2")] {
        linked(&app, &idp, person, subject).await;
    }
    let asked = app.to_the_provider("/auth/oidc/start", &[("org", "alpha")], "").await;
    let mut claims = idp.claims(&app, &asked, "1");
    claims["amr"] = json!(["pwd", "otp", "mfa"]);
    let code = idp.code(&asked, &claims, Signed::Well);
    app.back_from_the_provider("alpha", &[("code", &code), ("state", asked.param("state"))], &asked.cookie).await;
    let cookie = session_of(&app.visit("/auth/oidc/finish", &asked.cookie).await);
    assert_eq!(app.visit("/", &cookie).await.header("location"), "/account", "a role that needs a second factor has to set it up");
    let hub = app.app.store.hub();
    assert!(
        server::auth::factor::offer(&app.app, analyst.id).await.expect("an offer")
            && matches!(hub.confirm_factor(analyst.id, 1, vec![], app.now()).await.expect("a factor"), store::Added::First)
    );
    let half = app.sign_in_at(&idp, "alpha", "2").await;
    assert_eq!(half.header("location"), "/signin/code?next=%2Forgs");
    assert_eq!(app.visit("/", &session_of(&half)).await.status, 303, "half the way");
    // Nor a proof in its place.
    app.app.clock.advance(16 * MINUTE);
    assert!(!analyst.page("/stepup").await.contains("/auth/oidc/stepup"));
    let asked = app.to_the_provider("/auth/oidc/stepup", &[("next", "/account")], &analyst.cookie).await;
    assert_eq!(app.vouched(&idp, "alpha", &asked, "2", &analyst.cookie).await.header("location"), "/stepup?error=organisation&next=%2Faccount");
}

#[tokio::test]
async fn who_has_no_password_proves_at_the_provider_that_it_is_still_him() {
    let app = TestApp::start().await;
    let idp = Idp::of(&app, "alpha").await;
    let id = app.app.store.hub().add_user(app.org("alpha"), "ada@alpha.example".into(), "Ada".into(), Role::OrgAdmin, None, app.now()).await.expect("a user");
    let token = links::new_link(&app.app, store::audit::Actor::default(), id).await.expect("a link");
    let asked = app.to_the_provider("/auth/oidc/join", &[("token", &token)], "").await;
    let cookie = session_of(&app.vouched(&idp, "alpha", &asked, "ada", "").await);
    app.app.clock.advance(16 * MINUTE);
    let key = [("name", "siem"), ("days", "90"), ("metrics", "yes")];
    assert_eq!(app.form("/admin/keys", &key, &cookie).await.header("location"), "/stepup?next=%2Fadmin%2Fkeys");
    let page = app.visit("/stepup?next=%2Fadmin%2Fkeys", &cookie).await.text();
    assert!(page.contains("/auth/oidc/stepup") && !page.contains("type=\"password\""), "{page}");
    let refused = "/stepup?error=organisation&next=%2Fadmin%2Fkeys";
    type Lie = (&'static str, fn(&mut Value));
    let lies: [Lie; 3] = [
        ("signed in there long ago", |c| c["auth_time"] = json!(c["iat"].as_i64().unwrap_or(0) - 3_600)),
        ("it does not say when", |c| drop(c.as_object_mut().map(|c| c.remove("auth_time")))),
        ("somebody else", |c| c["sub"] = json!("eve")),
    ];
    for (lie, tell) in lies {
        let asked = app.to_the_provider("/auth/oidc/stepup", &[("next", "/admin/keys")], &cookie).await;
        assert_eq!((asked.param("prompt"), asked.param("max_age")), ("login", "0"));
        let mut claims = idp.claims(&app, &asked, "ada");
        tell(&mut claims);
        let code = idp.code(&asked, &claims, Signed::Well);
        let to = app.back_from_the_provider("alpha", &[("code", &code), ("state", asked.param("state"))], &asked.cookie).await;
        let end = if to == "/auth/oidc/finish" { app.visit(&to, &format!("{}; {cookie}", asked.cookie)).await.header("location").to_owned() } else { to };
        assert_eq!(end, refused, "{lie}");
    }
    assert_eq!(app.form("/admin/keys", &key, &cookie).await.status, 303);
    let asked = app.to_the_provider("/auth/oidc/stepup", &[("next", "/admin/keys")], &cookie).await;
    let proved = app.vouched(&idp, "alpha", &asked, "ada", &cookie).await;
    assert_eq!(proved.header("location"), "/admin/keys");
    let fresh = session_of(&proved);
    assert!(fresh != cookie && app.visit("/", &cookie).await.status == 303, "under a new id");
    assert_eq!(app.form("/admin/keys", &key, &fresh).await.status, 200);
}

#[tokio::test]
async fn who_is_disabled_stays_out_and_a_provider_that_is_gone_lets_nobody_in() {
    let app = TestApp::start().await;
    let idp = Idp::of(&app, "alpha").await;
    let (admin, person) = (app.person(Role::OrgAdmin).await, app.person(Role::Analyst).await);
    linked(&app, &idp, &person, "1").await;
    let id = person.id.to_string();
    admin.post("/admin/users/disable", &[("id", &id)]).await;
    assert_eq!(app.sign_in_at(&idp, "alpha", "1").await.header("location"), REFUSED);
    let rows = app.app.store.hub().audit_after(0).await.expect("the trail");
    assert!(rows.iter().any(|r| r.action == "signin.failed" && r.object == format!("user {id}") && r.detail.contains("disabled")), "{rows:?}");
    admin.post("/admin/users/enable", &[("id", &id)]).await;
    let cookie = session_of(&app.sign_in_at(&idp, "alpha", "1").await);
    assert_eq!(app.visit("/", &cookie).await.status, 200);
    let asked = app.to_the_provider("/auth/oidc/start", &[("org", "alpha"), ("next", "/orgs")], "").await;
    assert_eq!(app.app.store.hub().remove_oidc_provider(app.org("alpha"), app.now()).await.expect("removed"), Some(1));
    assert_eq!(app.visit("/", &cookie).await.status, 303, "its people's sessions end");
    let code = idp.code(&asked, &idp.claims(&app, &asked, "1"), Signed::Well);
    let to = app.back_from_the_provider("alpha", &[("code", &code), ("state", asked.param("state"))], &asked.cookie).await;
    assert_eq!(to, "/signin?error=organisation");
    assert_eq!(app.form("/auth/oidc/start", &[("org", "alpha"), ("next", "/orgs")], "").await.header("location"), REFUSED);
    assert!(!app.get("/signin").await.text().contains("/auth/oidc/start") && !admin.page("/account").await.contains("/account/identity"));
}

#[tokio::test]
async fn an_address_that_begins_too_many_flows_is_refused_and_a_known_browser_behind_it_is_not() {
    let app = TestApp::start().await;
    let idp = Idp::of(&app, "alpha").await;
    let person = app.person(Role::Analyst).await;
    linked(&app, &idp, &person, "1").await;
    let known = {
        let _turn = SIGNING_IN.lock().await;
        browser_of(&app.form("/auth/signin", &[("email", &person.email), ("password", PASSWORD)], "").await)
    };
    // An answer to no flow asks no provider, and there is an end to it.
    let made_up = async || app.back_from_the_provider("alpha", &[("code", "x"), ("state", "x")], "shieldwall-oidc=x").await;
    for _ in 0..100 {
        assert_eq!(made_up().await, REFUSED.split('&').next().expect("a page"));
    }
    assert_eq!(made_up().await, "/signin?error=throttled");
    assert_eq!((app.audited("signin.failed").await, app.audited("signin.throttled").await), (100, 1));
    // Those who come back from the provider do not suffer from it.
    assert_eq!(app.sign_in_at(&idp, "alpha", "1").await.header("location"), "/orgs");
    // Each begun flow is a row and a question to the provider, so there is an end to beginning, too.
    let mut ends = BTreeMap::new();
    for _ in 0..101 {
        let answer = app.form("/auth/oidc/start", &[("org", "alpha")], "").await;
        *ends.entry(answer.header("location").to_owned()).or_insert(0) += 1;
    }
    assert!(ends["/signin?error=throttled"] >= 2 && ends[""] >= 95, "some were begun before: {ends:?}");
    let begun = async || app.form("/auth/oidc/start", &[("org", "alpha")], &known).await.header("location").to_owned();
    for _ in 0..20 {
        assert_eq!(begun().await, "", "a browser that is known has flows of its own");
    }
    assert_eq!(begun().await, "/signin?error=throttled");
}

#[tokio::test]
async fn a_provider_that_cannot_be_asked_is_no_way_in() {
    let app = TestApp::start().await;
    let idp = Idp::of(&app, "alpha").await;
    let asked = app.to_the_provider("/auth/oidc/start", &[("org", "alpha"), ("next", "/orgs")], "").await;
    let hub = app.app.store.hub();
    let provider = hub.oidc_provider(app.org("alpha")).await.expect("the database").expect("a provider");
    // Its issuer is not what it says itself.
    hub.set_oidc_provider(store::OidcProvider { issuer: format!("{}/", idp.issuer), ..provider.clone() }, app.now()).await.expect("set");
    assert_eq!(app.form("/auth/oidc/start", &[("org", "alpha"), ("next", "/orgs")], "").await.header("location"), REFUSED);
    // Nobody is there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    hub.set_oidc_provider(store::OidcProvider { issuer: format!("http://{closed}"), ..provider.clone() }, app.now()).await.expect("set");
    assert_eq!(app.form("/auth/oidc/start", &[("org", "alpha"), ("next", "/orgs")], "").await.header("location"), REFUSED);
    // The secret's file is gone.
    hub.set_oidc_provider(store::OidcProvider { secret_file: "/nowhere/at/all".into(), ..provider }, app.now()).await.expect("set");
    let again = app.to_the_provider("/auth/oidc/start", &[("org", "alpha"), ("next", "/orgs")], "").await;
    let code = idp.code(&again, &idp.claims(&app, &again, "1"), Signed::Well);
    assert_eq!(app.back_from_the_provider("alpha", &[("code", &code), ("state", again.param("state"))], &again.cookie).await, REFUSED);
    assert_ne!(again.param("state"), asked.param("state"));
}
