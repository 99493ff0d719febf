//! The second factor: asked for at sign-in and before what is worth it, each code once; and the list of one's sessions.

use crate::support::*;
use domain::{MINUTE, Role, SECOND};
use reqwest::Method;

/// An app that knows somebody's secret.
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    fn code(&self, app: &TestApp) -> String {
        let seconds = u64::try_from(app.now().0 / SECOND).expect("after 1970");
        let code = totp_rs::Builder::new().with_secret(&self.0[..]).build().expect("a secret").generate(seconds);
        code.to_string()
    }
}

/// Sets up a second factor, and returns the app and the recovery codes.
pub async fn enrol(app: &TestApp, person: &Person<'_>) -> (Authenticator, Vec<String>) {
    assert_eq!(person.post("/account/factor", &[]).await.header("location"), "/account?done=offered");
    let page = person.page("/account").await;
    assert!(page.contains("<svg") && page.contains("Type the six digits"), "{page}");
    let (secret, _) = server::auth::factor::secret(&app.app, person.id).await.expect("the database").expect("a secret");
    assert!(page.contains(&server::auth::factor::typed(&secret)));
    let authenticator = Authenticator(secret);
    assert_eq!(person.post("/account/factor/confirm", &[("code", "000000")]).await.header("location"), "/account?done=wrong");
    let shown = person.post("/account/factor/confirm", &[("code", &authenticator.code(app))]).await.text();
    let looks = |word: &&str| word.len() == 19 && word.split('-').count() == 4;
    let codes: Vec<String> = shown.split(['\n', '<', '>', ' ']).filter(looks).map(str::to_owned).collect();
    assert_eq!(codes.len(), 10, "{shown}");
    assert!(!person.page("/account").await.contains(&codes[0]), "shown once");
    (authenticator, codes)
}

async fn password(app: &TestApp, email: &str) -> Answer {
    let _turn = SIGNING_IN.lock().await;
    app.form("/auth/signin", &[("email", email), ("password", PASSWORD), ("next", "/orgs")], "").await
}

/// ASVS 6.5.1, 7.2.3: a code once, and a new id with it.
#[tokio::test]
async fn a_password_alone_opens_nothing_and_a_code_works_once() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    let (authenticator, recovery) = enrol(&app, &person).await;
    app.app.clock.advance(MINUTE);
    let half = password(&app, &person.email).await;
    assert_eq!(half.header("location"), "/signin/code?next=%2Forgs");
    let cookie = cookie_of(&half);
    for path in ["/", "/orgs", "/account", "/csv/orgs"] {
        assert_ne!(app.visit(path, &cookie).await.status, 200, "{path}: a right password is half the way");
    }
    let send = async |cookie: &str, code: &str| app.form("/auth/code", &[("code", code), ("next", "/orgs")], cookie).await;
    assert_eq!(send(&cookie, "123 456").await.header("location"), "/signin/code?error=code&next=%2Forgs");
    let code = authenticator.code(&app);
    let inside = send(&cookie, &code).await;
    assert_eq!(inside.header("location"), "/orgs");
    assert_ne!(cookie_of(&inside), cookie, "a new session");
    assert_eq!(app.visit("/", &cookie_of(&inside)).await.status, 200);
    assert_eq!(app.visit("/", &cookie).await.status, 303, "the half one is gone");
    // The same code again, by whoever looked over the shoulder.
    let half = cookie_of(&password(&app, &person.email).await);
    assert!(send(&half, &code).await.header("location").starts_with("/signin/code?error=code"));
    // A recovery code, once.
    assert_eq!(send(&half, &recovery[3].to_lowercase()).await.header("location"), "/orgs");
    let half = cookie_of(&password(&app, &person.email).await);
    assert!(send(&half, &recovery[3]).await.header("location").starts_with("/signin/code?error"));
    // Who is waited for is waited for ten minutes.
    app.app.clock.advance(11 * MINUTE);
    assert!(send(&half, &authenticator.code(&app)).await.header("location").starts_with("/signin?error=late"));
    assert!(send("", &authenticator.code(&app)).await.header("location").starts_with("/signin?error=late"), "without a password there is nothing");
}

/// ASVS 6.3.1: tries at the code are counted apart.
#[tokio::test]
async fn vaultwarden_cve_2026_27801_a_right_password_gives_no_tries_at_the_code_back() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    let (authenticator, _) = enrol(&app, &person).await;
    app.app.clock.advance(MINUTE);
    let mut refused = 0;
    for _ in 0..7 {
        let half = cookie_of(&password(&app, &person.email).await);
        let answer = app.form("/auth/code", &[("code", "000000")], &half).await;
        refused += usize::from(answer.header("location").starts_with("/signin?error=throttled"));
    }
    assert_eq!(refused, 2, "five tries, then none");
    let half = cookie_of(&password(&app, &person.email).await);
    assert!(app.form("/auth/code", &[("code", &authenticator.code(&app))], &half).await.header("location").contains("throttled"), "not even the right one");
    app.app.clock.advance(16 * MINUTE);
    let half = cookie_of(&password(&app, &person.email).await);
    assert_eq!(app.form("/auth/code", &[("code", &authenticator.code(&app))], &half).await.header("location"), "/");
}

/// ASVS 7.5.3, 7.2.4: keys, exports, people and sharing ask again, and a step up begins under a new id.
#[tokio::test]
async fn what_is_worth_it_asks_again_after_a_quarter_of_an_hour() {
    let app = TestApp::start().await;
    let admin = app.person(Role::OrgAdmin).await;
    assert_eq!(admin.get("/csv/orgs").await.status, 200);
    app.app.clock.advance(16 * MINUTE);
    let before = app.rows().await;
    for (path, next) in [
        ("/connect", "%2Fconnect"),
        ("/connect/revoke", "%2Fconnect"),
        ("/admin/keys", "%2Fadmin%2Fkeys"),
        ("/admin/keys/rotate", "%2Fadmin%2Fkeys"),
        ("/admin/keys/revoke", "%2Fadmin%2Fkeys"),
        ("/admin/users", "%2Fadmin%2Fusers"),
        ("/admin/users/role", "%2Fadmin%2Fusers"),
        ("/admin/sharing", "%2Fadmin%2Fsharing"),
        ("/admin/sharing/approve", "%2Fadmin%2Fsharing"),
        ("/admin/groups", "%2Fadmin%2Fgroups"),
        ("/account/factor", "%2Faccount"),
    ] {
        let answer = admin.post(path, &[("name", "siem"), ("days", "90"), ("metrics", "yes")]).await;
        assert_eq!(answer.header("location"), format!("/stepup?next={next}"), "{path}");
    }
    for path in ["/csv/orgs", "/csv/incidents?sev=critical", "/admin/audit.jsonl"] {
        let answer = admin.get(path).await;
        assert!(answer.status == 303 && answer.header("location").starts_with("/stepup?next="), "{path}");
    }
    assert_eq!(app.gained(&before).await, Default::default());
    // Reading goes on.
    assert_eq!(admin.get("/incidents").await.status, 200);
    let prove = async |proof: &str, cookie: &str| {
        let _turn = SIGNING_IN.lock().await;
        app.form("/auth/stepup", &[("proof", proof), ("next", "/csv/orgs")], cookie).await
    };
    assert_eq!(prove("wrong", &admin.cookie).await.header("location"), "/stepup?error=proof&next=%2Fcsv%2Forgs");
    let proved = prove(PASSWORD, &admin.cookie).await;
    assert_eq!(proved.header("location"), "/csv/orgs");
    let cookie = cookie_of(&proved);
    assert_eq!(app.visit("/csv/orgs", &cookie).await.status, 200);
    assert_eq!(app.visit("/", &admin.cookie).await.status, 303, "a step up begins under a new id");
}

#[tokio::test]
async fn who_has_a_second_factor_proves_it_by_a_code() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    let (authenticator, _) = enrol(&app, &person).await;
    app.app.clock.advance(16 * MINUTE);
    let prove = async |proof: &str| {
        let _turn = SIGNING_IN.lock().await;
        app.form("/auth/stepup", &[("proof", proof)], &person.cookie).await
    };
    assert_eq!(prove(PASSWORD).await.header("location"), "/stepup?error=proof", "the password is what might be stolen");
    assert_eq!(prove(&authenticator.code(&app)).await.header("location"), "/");
}

#[tokio::test]
async fn a_role_that_needs_a_second_factor_sets_it_up_before_anything_else() {
    let app = TestApp::start_with(Setup { second_factor: true, ..Setup::default() }).await;
    for role in Role::ALL {
        let person = app.person(role).await;
        let must = role.needs_second_factor();
        for path in ["/", "/orgs", "/csv/orgs", "/admin/users", "/admin/audit.jsonl"] {
            let answer = person.get(path).await;
            let kept_out = match answer.status {
                303 => answer.header("location") == "/account",
                403 => answer.text().contains("needs a second factor"),
                _ => false,
            };
            assert_eq!(kept_out, must, "{role} at {path}: {}", answer.status);
        }
        let stream = app.request(Method::GET, "/live").header("cookie", &person.cookie).send().await.expect("an answer");
        assert_eq!(stream.status() == 204, must, "{role}: no stream");
        drop(stream);
        if must {
            assert_eq!(person.post("/admin/keys", &[("name", "a"), ("days", "90"), ("metrics", "yes")]).await.status, 403, "{role}");
            assert!(person.page("/account").await.contains("Your role needs a second factor"));
            enrol(&app, &person).await;
            assert_eq!(person.get("/").await.status, 200, "{role}: enrolled");
            assert_eq!(person.post("/account/factor/remove", &[]).await.header("location"), "/account?done=needed");
        }
    }
}

#[tokio::test]
async fn mattermost_cve_2026_9162_sessions_are_ended_by_their_person_alone_and_no_stream_outlives_one() {
    let app = TestApp::start().await;
    let (here, other) = (app.person(Role::Analyst).await, app.person(Role::Analyst).await);
    let there = cookie_of(&password(&app, &here.email).await);
    let page = here.page("/account").await;
    assert_eq!((page.matches("this one<").count(), page.matches("name=\"session\"").count()), (1, 2), "one other, and all others: {page}");
    let id = |page: &str| page.split("name=\"session\" value=\"").nth(1).expect("a session").split('"').next().expect("its id").to_owned();
    let theirs = id(&page);
    assert_eq!(other.post("/account/sessions/end", &[("session", &theirs)]).await.header("location"), "/account?done=gone", "not his");
    let mut stream = Stream::open(app.request(Method::GET, "/live").header("cookie", &there)).await;
    assert_eq!(stream.event().await.kind, "hello");
    assert_eq!(here.post("/account/sessions/end", &[("session", &theirs)]).await.header("location"), "/account?done=ended");
    assert_eq!(app.visit("/", &there).await.status, 303);
    tokio::time::timeout(std::time::Duration::from_secs(5), stream.ended()).await.expect("its stream ends within 5 s");
    let again = cookie_of(&password(&app, &here.email).await);
    here.post("/account/sessions/end", &[("session", "")]).await;
    assert_eq!((here.get("/").await.status, app.visit("/", &again).await.status, other.get("/").await.status), (200, 303, 200));
    for nonsense in ["x", "é", &"0".repeat(63)] {
        assert_eq!(here.post("/account/sessions/end", &[("session", nonsense)]).await.header("location"), "/account?done=gone");
    }
}

#[tokio::test]
async fn a_link_that_sets_a_password_is_no_second_factor() {
    let app = TestApp::start().await;
    let (admin, person) = (app.person(Role::OrgAdmin).await, app.person(Role::Analyst).await);
    enrol(&app, &person).await;
    let page = admin.post("/admin/users/link", &[("id", &person.id.to_string())]).await.text();
    let token: String = page.split("/welcome/").nth(1).expect("a link").chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
    let set = {
        let _turn = SIGNING_IN.lock().await;
        app.form("/auth/welcome", &[("token", &token), ("password", "another-fjord-12-lamp"), ("again", "another-fjord-12-lamp")], "").await
    };
    assert_eq!(set.header("location"), "/signin/code");
    assert_eq!(app.visit("/", &cookie_of(&set)).await.status, 303);
}

#[tokio::test]
async fn a_copy_of_the_database_makes_no_codes_and_a_hub_with_another_key_does_not_start() {
    let app = TestApp::start().await;
    let person = app.person(Role::Analyst).await;
    let (authenticator, _) = enrol(&app, &person).await;
    let gives = |bytes: &[u8]| bytes.windows(20).any(|w| w == &authenticator.0[..]);
    let hex: String = authenticator.0.iter().map(|b| format!("{b:02x}")).collect();
    for content in app.contents().await {
        assert!(!gives(&content) && !String::from_utf8_lossy(&content).contains(&hex), "the secret lies open");
    }
    let (here, store) = (app.folder.path(), &app.app.store);
    let seal = server::auth::seal::Seal::default();
    let missing = seal.open_with(store, &here.join("none.sealing-key")).await.expect_err("no key").to_string();
    assert!(missing.contains("is missing") && missing.contains("forget-apps"), "{missing}");
    assert!(!here.join("none.sealing-key").exists(), "none is made in its place");
    std::fs::write(here.join("other.sealing-key"), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").expect("a file");
    let other = seal.open_with(store, &here.join("other.sealing-key")).await.expect_err("another key").to_string();
    assert!(other.contains("is not the key"), "{other}");
    std::fs::write(here.join("same.sealing-key"), "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").expect("a file");
    seal.open_with(store, &here.join("same.sealing-key")).await.expect("the same key on another node");
    let sealed = store.hub().factor(person.id).await.expect("the database").expect("a secret").secret;
    assert_eq!(seal.open(person.id, &sealed).expect("it opens"), authenticator.0);
}

/// The sealing key is rotated while hubs run: whoever has an app goes on signing in, and nothing is sealed under the old key any more.
#[tokio::test]
async fn a_running_hub_follows_when_the_sealing_key_is_rotated() {
    use server::auth::{factor, seal};
    let app = TestApp::start().await;
    let (person, late) = (app.person(Role::Analyst).await, app.person(Role::Analyst).await);
    let (authenticator, _) = enrol(&app, &person).await;
    let (file, store, old) = (app.folder.path().join("hub.sealing-key"), &app.app.store, [7; 32]);
    std::fs::write(&file, "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=").expect("a file");
    app.app.seal.open_with(store, &file).await.expect("the same key, in a file");
    let new = seal::KEY.next(&file).expect("another key");
    let (before, after) = (seal::Seal::with(&old), seal::Seal::with(&new));
    let again = move |user, sealed: &[u8]| -> Result<_, store::StoreError> { Ok(after.seal(user, &before.open(user, sealed)?)?.secret) };
    assert_eq!(store.hub().reseal(seal::name(&old), seal::name(&new), again, app.now()).await.expect("the database"), Some(1));
    // This hub still has the old one in memory.
    assert!(factor::offer(&app.app, late.id).await.expect("sealed under the new one"));
    let sealed = async |user| store.hub().factor(user).await.expect("the database").expect("a secret").secret;
    for user in [person.id, late.id] {
        let sealed = sealed(user).await;
        assert!(seal::Seal::with(&old).open(user, &sealed).is_err() && seal::Seal::with(&new).open(user, &sealed).is_ok());
    }
    assert_eq!(factor::secret(&app.app, person.id).await.expect("it opens").expect("a secret").0, authenticator.0);
    assert_eq!(seal::KEY.read(&file).expect("the file follows"), new);
    let other = seal::Seal::default();
    other.open_with(store, &file).await.expect("the next start needs the new one only");
    assert_eq!(other.open(person.id, &sealed(person.id).await).expect("it opens"), authenticator.0);
}
