//! Passkeys: registered at `/account`, asked for at sign-in and as a proof; what is not exactly the answer to the hub's own challenge opens nothing.

use crate::support::*;
use domain::{MINUTE, Role};
use serde_json::Value;

const HERE: &str = "http://localhost:3000";

/// Registers a passkey, whatever comes of it.
async fn register(person: &Person<'_>, authenticator: &Authenticator, name: &str) -> Answer {
    let challenge = person.post("/account/passkeys/challenge", &[]).await;
    assert_eq!(challenge.status, 200, "{}", challenge.text());
    person.post("/account/passkeys", &[("name", name), ("credential", &authenticator.create(&challenge.json()))]).await
}

/// Somebody with one passkey and nothing else, and his recovery codes.
async fn with_passkey<'a>(app: &'a TestApp, role: Role) -> (Person<'a>, Authenticator, Vec<String>) {
    let (person, authenticator) = (app.person(role).await, Authenticator::at(HERE));
    let shown = register(&person, &authenticator, "work laptop").await;
    assert_eq!(shown.status, 200, "{}", shown.text());
    let codes = recovery_codes(&shown.text());
    assert_eq!(codes.len(), 10, "with the first second factor come recovery codes");
    (person, authenticator, codes)
}

fn recovery_codes(page: &str) -> Vec<String> {
    let looks =
        |word: &&str| word.len() == 19 && word.split('-').count() == 4 && word.chars().all(|c| c == '-' || c.is_ascii_uppercase() || c.is_ascii_digit());
    page.split(['\n', '<', '>', ' ']).filter(looks).map(str::to_owned).collect()
}

/// Types the right password, and returns the cookie of half the way.
async fn password(app: &TestApp, email: &str) -> String {
    let _turn = SIGNING_IN.lock().await;
    let answer = app.form("/auth/signin", &[("email", email), ("password", PASSWORD), ("next", "/orgs")], "").await;
    assert_eq!(answer.header("location"), "/signin/code?next=%2Forgs");
    cookie_of(&answer)
}

async fn challenge(app: &TestApp, cookie: &str) -> Value {
    let answer = app.form("/auth/passkey/challenge", &[], cookie).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn send(app: &TestApp, cookie: &str, credential: &str) -> Answer {
    app.form("/auth/passkey", &[("credential", credential), ("next", "/orgs")], cookie).await
}

/// Where a refused passkey leads to.
const REFUSED: &str = "/signin/code?error=passkey&next=%2Forgs";

#[tokio::test]
async fn a_passkey_is_registered_and_signs_in() {
    let app = TestApp::start().await;
    let (person, mut authenticator, codes) = with_passkey(&app, Role::Analyst).await;
    let page = person.page("/account").await;
    assert!(page.contains("work laptop") && page.contains(">never<") && page.contains("10 recovery codes are"), "{page}");
    assert_eq!(app.audited("passkey.added").await, 1);
    let half = password(&app, &person.email).await;
    for path in ["/", "/orgs", "/account", "/csv/orgs"] {
        assert_ne!(app.visit(path, &half).await.status, 200, "{path}: a right password is half the way");
    }
    let page = app.visit("/signin/code?next=%2Forgs", &half).await.text();
    assert!(page.contains("Use a passkey") && page.contains("passkey.js") && !page.contains("six digits"), "{page}");
    let asked = challenge(&app, &half).await;
    assert_eq!((&asked["publicKey"]["userVerification"], &asked["publicKey"]["rpId"]), (&"required".into(), &"localhost".into()));
    assert_eq!(asked["publicKey"]["allowCredentials"][0]["id"], authenticator.id());
    let inside = send(&app, &half, &authenticator.get(&asked)).await;
    assert_eq!(inside.header("location"), "/orgs");
    assert_ne!(cookie_of(&inside), half, "a new session");
    assert_eq!((app.visit("/", &cookie_of(&inside)).await.status, app.visit("/", &half).await.status), (200, 303));
    assert!(!person.page("/account").await.contains(">never<"), "its last use is shown");
    // A recovery code stands in for it, too.
    let half = password(&app, &person.email).await;
    assert_eq!(app.form("/auth/code", &[("code", &codes[0])], &half).await.header("location"), "/");
}

#[tokio::test]
async fn an_answer_to_anything_but_the_own_challenge_is_refused() {
    let app = TestApp::start().await;
    let (person, mut good, _) = with_passkey(&app, Role::Analyst).await;
    type Lie = fn(&mut Authenticator);
    let lies: [(&str, Lie); 6] = [
        ("another page", |a| a.origin = "https://evil.example".into()),
        ("another port", |a| a.origin = "http://localhost:3001".into()),
        ("another hub", |a| a.rp_id = Some("evil.example".into())),
        ("another challenge", |a| a.challenge = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into())),
        ("a new key", |a| a.kind = Some("webauthn.create")),
        ("nobody showed finger, face or PIN", |a| a.verifies = false),
    ];
    for (why, lie) in lies {
        // Beyond the window in which failures count.
        app.app.clock.advance(16 * MINUTE);
        let half = password(&app, &person.email).await;
        let mut bad = good.clone();
        lie(&mut bad);
        let answer = bad.get(&challenge(&app, &half).await);
        assert_eq!(send(&app, &half, &answer).await.header("location"), REFUSED, "{why}");
        assert_eq!(app.visit("/", &half).await.status, 303, "{why}");
    }
    // Signed by another key under the same name, and nonsense.
    app.app.clock.advance(16 * MINUTE);
    let half = password(&app, &person.email).await;
    let forged = Authenticator::at(HERE).get(&challenge(&app, &half).await);
    let mut forged: Value = serde_json::from_str(&forged).expect("JSON");
    (forged["id"], forged["rawId"]) = (good.id().into(), good.id().into());
    assert_eq!(send(&app, &half, &forged.to_string()).await.header("location"), REFUSED);
    for nonsense in ["", "{}", "null", "\u{fffd}"] {
        challenge(&app, &half).await;
        let location = send(&app, &half, nonsense).await;
        assert!(location.header("location").contains("error="), "{nonsense}");
    }
    assert!(app.audited("signin.failed").await >= 10);
    // And the good one is accepted all the same, once the failures are over.
    app.app.clock.advance(16 * MINUTE);
    let half = password(&app, &person.email).await;
    let answer = good.get(&challenge(&app, &half).await);
    assert_eq!(send(&app, &half, &answer).await.header("location"), "/orgs");
}

#[tokio::test]
async fn a_challenge_works_once_for_its_session_its_purpose_and_five_minutes() {
    let app = TestApp::start().await;
    let (person, mut authenticator, _) = with_passkey(&app, Role::Analyst).await;
    // The same answer again, by whoever recorded it: in a session of its own, and under a challenge of its own.
    let half = password(&app, &person.email).await;
    let answer = authenticator.get(&challenge(&app, &half).await);
    assert_eq!(send(&app, &half, &answer).await.header("location"), "/orgs");
    let half = password(&app, &person.email).await;
    assert_eq!(send(&app, &half, &answer).await.header("location"), REFUSED, "without a challenge");
    challenge(&app, &half).await;
    assert_eq!(send(&app, &half, &answer).await.header("location"), REFUSED, "under another challenge");
    // One challenge, two answers: the first uses it up, though it is wrong.
    let asked = challenge(&app, &half).await;
    send(&app, &half, "{}").await;
    assert_eq!(send(&app, &half, &authenticator.get(&asked)).await.header("location"), REFUSED, "used up");
    app.app.clock.advance(16 * MINUTE);
    // A challenge of another session.
    let (half, other) = (password(&app, &person.email).await, password(&app, &person.email).await);
    let asked = challenge(&app, &half).await;
    challenge(&app, &other).await;
    assert_eq!(send(&app, &other, &authenticator.get(&asked)).await.header("location"), REFUSED, "another session's");
    // One that is too old.
    app.app.clock.advance(5 * MINUTE);
    assert_eq!(send(&app, &half, &authenticator.get(&asked)).await.header("location"), REFUSED, "too old");
    // One for a new passkey proves nothing.
    let half = password(&app, &person.email).await;
    let inside = send(&app, &half, &authenticator.get(&challenge(&app, &half).await)).await;
    let cookie = cookie_of(&inside);
    let asked = app.form("/account/passkeys/challenge", &[], &cookie).await.json();
    let mut answer = asked.clone();
    answer["publicKey"]["rpId"] = "localhost".into();
    assert_eq!(send(&app, &cookie, &authenticator.get(&answer)).await.header("location"), "/stepup?error=passkey&next=%2Forgs", "for another purpose");
    assert_eq!(app.form("/auth/passkey/challenge", &[], "").await.status, 401, "nobody is asked");
    assert!(send(&app, "", "{}").await.header("location").starts_with("/signin?error=late"));
}

#[tokio::test]
async fn a_copy_of_a_passkey_is_refused_and_audited() {
    let app = TestApp::start().await;
    let (person, mut authenticator, _) = with_passkey(&app, Role::Analyst).await;
    let mut copy = authenticator.clone();
    for _ in 0..3 {
        let half = password(&app, &person.email).await;
        let answer = authenticator.get(&challenge(&app, &half).await);
        assert_eq!(send(&app, &half, &answer).await.header("location"), "/orgs");
    }
    let half = password(&app, &person.email).await;
    let answer = copy.get(&challenge(&app, &half).await);
    assert_eq!(send(&app, &half, &answer).await.header("location"), REFUSED, "its count went back");
    assert_eq!(app.audited("passkey.cloned").await, 1);
    // Two at the same moment: the second finds the count that the first has left.
    copy.counter = authenticator.counter;
    let (mine, theirs) = (password(&app, &person.email).await, password(&app, &person.email).await);
    let (to_me, to_them) = (challenge(&app, &mine).await, challenge(&app, &theirs).await);
    assert_eq!(send(&app, &mine, &authenticator.get(&to_me)).await.header("location"), "/orgs");
    assert_eq!(send(&app, &theirs, &copy.get(&to_them)).await.header("location"), REFUSED);
    assert_eq!(app.audited("passkey.cloned").await, 2);
    let rows = app.app.store.hub().audit_after(0).await.expect("the trail");
    let row = rows.iter().find(|row| row.action == "passkey.cloned").expect("a row");
    assert_eq!((row.object.as_str(), row.actor.user), (format!("user {}", person.id).as_str(), None));
    assert!(row.detail.contains("work laptop"), "{row:?}");
}

#[tokio::test]
async fn a_passkey_that_does_not_count_is_no_copy() {
    let app = TestApp::start().await;
    let (person, mut authenticator) = (app.person(Role::Analyst).await, Authenticator::at(HERE));
    authenticator.counts = false;
    register(&person, &authenticator, "phone").await;
    for _ in 0..3 {
        let half = password(&app, &person.email).await;
        let answer = authenticator.get(&challenge(&app, &half).await);
        assert_eq!(send(&app, &half, &answer).await.header("location"), "/orgs");
    }
    assert_eq!(app.audited("passkey.cloned").await, 0);
}

#[tokio::test]
async fn neither_anothers_passkey_nor_a_removed_one_nor_one_of_somebody_disabled_opens_anything() {
    let app = TestApp::start().await;
    let (person, mut authenticator, _) = with_passkey(&app, Role::Analyst).await;
    let (other, mut theirs, _) = with_passkey(&app, Role::Analyst).await;
    let half = password(&app, &person.email).await;
    let answer = theirs.get(&challenge(&app, &half).await);
    assert_eq!(send(&app, &half, &answer).await.header("location"), REFUSED, "another person's");
    // One that is removed while its challenge waits.
    let asked = challenge(&app, &half).await;
    let id = app.app.store.hub().passkeys(person.id).await.expect("passkeys")[0].id.to_string();
    assert_eq!(other.post("/account/passkeys/remove", &[("id", &id)]).await.header("location"), "/account?done=gone", "not his");
    // Another one stays, so that a second factor is asked for.
    assert_eq!(register(&person, &Authenticator::at(HERE), "key ring").await.header("location"), "/account?done=added");
    assert_eq!(person.post("/account/passkeys/remove", &[("id", &id)]).await.header("location"), "/account?done=removed");
    assert_eq!(send(&app, &half, &authenticator.get(&asked)).await.header("location"), REFUSED, "removed");
    let half = password(&app, &person.email).await;
    assert_ne!(challenge(&app, &half).await["publicKey"]["allowCredentials"][0]["id"], authenticator.id());
    assert_eq!(app.audited("passkey.removed").await, 1);
    // One of somebody who was disabled meanwhile.
    let half = password(&app, &other.email).await;
    let asked = challenge(&app, &half).await;
    app.app.store.hub().disable_user(app.org("alpha"), other.id, app.now()).await.expect("disabled");
    assert_eq!(send(&app, &half, &theirs.get(&asked)).await.header("location"), "/signin?error=late&next=%2Forgs");
    assert_eq!(app.form("/auth/passkey/challenge", &[], &half).await.status, 401);
}

#[tokio::test]
async fn what_is_no_new_passkey_is_not_registered() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    let good = Authenticator::at(HERE);
    type Lie = fn(&mut Authenticator);
    let lies: [(&str, Lie); 4] = [
        ("another page", |a| a.origin = "https://evil.example".into()),
        ("another hub", |a| a.rp_id = Some("evil.example".into())),
        ("another challenge", |a| a.challenge = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into())),
        ("nobody showed finger, face or PIN", |a| a.verifies = false),
    ];
    for (why, lie) in lies {
        let mut bad = good.clone();
        lie(&mut bad);
        assert_eq!(register(&person, &bad, "bad").await.header("location"), "/account?done=refused", "{why}");
    }
    assert_eq!(register(&person, &good, " \u{7} ").await.header("location"), "/account?done=name");
    assert!(!person.page("/account").await.contains("Remove<"));
    assert_eq!(register(&person, &good, "good").await.status, 200);
    assert_eq!(register(&person, &good, "again").await.header("location"), "/account?done=refused", "one that the challenge excludes");
    let other = app.person(Role::Analyst).await;
    assert_eq!(register(&other, &good, "theirs").await.header("location"), "/account?done=most", "somebody has it already");
    for n in 1..10 {
        assert_eq!(register(&person, &Authenticator::at(HERE), &format!("no {n}")).await.header("location"), "/account?done=added");
    }
    assert_eq!(register(&person, &Authenticator::at(HERE), "one too many").await.header("location"), "/account?done=most");
}

#[tokio::test]
async fn a_passkey_is_the_second_factor_that_a_role_needs_and_its_last_one_stays() {
    let app = TestApp::start_with(Setup { second_factor: true, ..Setup::default() }).await;
    let admin = app.person(Role::OrgAdmin).await;
    assert_eq!(admin.get("/").await.header("location"), "/account");
    // After a quarter of an hour the proof is the password, still before anything else opens.
    app.app.clock.advance(16 * MINUTE);
    assert_eq!(admin.post("/account/passkeys/challenge", &[]).await.header("location"), "/stepup?next=%2Faccount");
    assert!(admin.page("/stepup?next=%2Faccount").await.contains("Type your password again"));
    let proved = {
        let _turn = SIGNING_IN.lock().await;
        admin.post("/auth/stepup", &[("proof", PASSWORD), ("next", "/account")]).await
    };
    assert_eq!(proved.header("location"), "/account");
    let admin = Person { cookie: cookie_of(&proved), ..admin };
    assert_eq!(register(&admin, &Authenticator::at(HERE), "laptop").await.status, 200);
    assert_eq!(admin.get("/").await.status, 200, "enrolled");
    let id = app.app.store.hub().passkeys(admin.id).await.expect("passkeys")[0].id.to_string();
    assert_eq!(admin.post("/account/passkeys/remove", &[("id", &id)]).await.header("location"), "/account?done=needed");
    assert!(admin.page("/account").await.contains("your only second factor"));
    assert_eq!(register(&admin, &Authenticator::at(HERE), "key ring").await.header("location"), "/account?done=added");
    assert_eq!(admin.post("/account/passkeys/remove", &[("id", &id)]).await.header("location"), "/account?done=removed");
    assert_eq!(admin.get("/").await.status, 200);
}

#[tokio::test]
async fn a_passkey_is_the_proof_that_is_asked_for() {
    let app = TestApp::start().await;
    let (person, mut authenticator, _) = with_passkey(&app, Role::Analyst).await;
    app.app.clock.advance(16 * MINUTE);
    assert_eq!(person.get("/csv/orgs").await.header("location"), "/stepup?next=%2Fcsv%2Forgs");
    assert_eq!(person.post("/account/passkeys", &[("name", "x"), ("credential", "{}")]).await.header("location"), "/stepup?next=%2Faccount");
    assert!(person.page("/stepup?next=%2Fcsv%2Forgs").await.contains("Use a passkey"));
    let password = {
        let _turn = SIGNING_IN.lock().await;
        person.post("/auth/stepup", &[("proof", PASSWORD)]).await
    };
    assert_eq!(password.header("location"), "/stepup?error=proof", "the password is what might be stolen");
    let answer = authenticator.get(&challenge(&app, &person.cookie).await);
    let proved = app.form("/auth/passkey", &[("credential", &answer), ("next", "/csv/orgs")], &person.cookie).await;
    assert_eq!(proved.header("location"), "/csv/orgs");
    assert_eq!(app.visit("/csv/orgs", &cookie_of(&proved)).await.status, 200);
    assert_eq!(person.get("/").await.status, 303, "a step up begins under a new id");
}

#[tokio::test]
async fn where_the_hubs_address_can_have_none_the_page_says_so() {
    let app = TestApp::start_with(Setup { public_url: "http://127.0.0.1:3000", ..Setup::default() }).await;
    let person = app.person(Role::Analyst).await;
    let page = person.page("/account").await;
    assert!(page.contains("Passkeys do not work at this hub") && !page.contains("passkey.js") && page.contains("Set up an authenticator app"), "{page}");
    for path in ["/account/passkeys/challenge", "/auth/passkey/challenge"] {
        assert_eq!(person.post(path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(person.post("/auth/passkey", &[("credential", "{}")]).await.status, 404);
}
