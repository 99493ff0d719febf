//! Guessing at passwords and codes: it gets slow for those who guess, and keeps nobody else out.

use crate::support::*;
use domain::{DAY, HOUR, MINUTE, Role};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use server::auth::{Attempt, Door, Guesser, links, throttle};
use std::net::{IpAddr, Ipv4Addr};

const NEW: &str = "another-fjord-12-lamp";

/// A hub behind a proxy, which tells from where people come.
async fn hub() -> TestApp {
    TestApp::start_with(Setup { proxies: &["127.0.0.1/32"], ..Setup::default() }).await
}

/// Signs in at `address` with the cookies of a browser.
async fn sign_in(app: &TestApp, email: &str, password: &str, cookies: &str, address: &str) -> Answer {
    let _turn = SIGNING_IN.lock().await;
    let form = app.form_request("/auth/signin", &[("email", email), ("password", password)], cookies).header("sec-fetch-site", "same-origin");
    Answer::of(form.header("x-forwarded-for", address)).await
}

/// A network of its own for each number.
fn network(n: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(0xC612_0000 + n * 256 + 1))
}

/// A guess that is as far as the password would be looked at.
async fn guess(app: &TestApp, email: &str, from: IpAddr) -> bool {
    Attempt::admit(&app.app, Door::Password(email), Guesser::Stranger(Some(from))).await.expect("the database").is_some()
}

/// Guesses from one network until it is refused.
async fn storm_from(app: &TestApp, email: &str, from: IpAddr) -> u32 {
    let mut guesses = 0;
    while guess(app, email, from).await {
        guesses += 1;
    }
    guesses
}

/// Guesses from so many networks that hardly any share of the account is left.
async fn storm(app: &TestApp, email: &str) {
    let mut guesses = 0;
    for n in 0..400 {
        guesses += storm_from(app, email, network(n)).await;
    }
    assert_eq!(guesses, u32::from(throttle::SHARES) * throttle::PER_SHARE, "all shares are used up");
}

const IN: &str = "/";
const THROTTLED: &str = "/signin?error=throttled";
const WRONG: &str = "/signin?error=credentials";

#[tokio::test]
async fn a_storm_of_strangers_keeps_no_owner_out_of_a_known_browser() {
    let app = hub().await;
    let (user, email) = app.account("alpha", Role::Analyst).await;
    let known = browser_of(&sign_in(&app, &email, PASSWORD, "", "192.0.2.7").await);
    assert!(known.starts_with("shieldwall-browser="), "{known}");
    for account in [email.as_str(), "nobody@alpha.example"] {
        storm(&app, account).await;
        let answer = sign_in(&app, account, PASSWORD, "", "192.0.2.7").await;
        assert_eq!((answer.header("location"), browser_of(&answer)), (THROTTLED, String::new()), "known and unknown accounts alike");
    }
    assert_eq!(sign_in(&app, &email, PASSWORD, &known, "192.0.2.7").await.header("location"), IN);
    assert_eq!(sign_in(&app, &email, PASSWORD, &known, "198.18.0.1").await.header("location"), IN, "also from where the storm comes");
    // Its own mistakes count, until one is right.
    for _ in 0..2 {
        for _ in 0..9 {
            let attempt = Attempt::admit(&app.app, Door::PasswordOf(user, &email), Guesser::Browser(known_to(&app, user, &known).await)).await;
            assert!(attempt.expect("the database").is_some());
        }
        assert_eq!(sign_in(&app, &email, PASSWORD, &known, "192.0.2.7").await.header("location"), IN);
    }
    for _ in 0..10 {
        let attempt = Attempt::admit(&app.app, Door::PasswordOf(user, &email), Guesser::Browser(known_to(&app, user, &known).await)).await;
        assert!(attempt.expect("the database").is_some());
    }
    assert_eq!(sign_in(&app, &email, PASSWORD, &known, "192.0.2.7").await.header("location"), THROTTLED);
    // A one-time link opens the door from anywhere.
    let token = links::new_link(&app.app, store::audit::Actor::default(), user).await.expect("a link");
    let _turn = SIGNING_IN.lock().await;
    assert_eq!(app.form("/auth/welcome", &[("token", &token), ("password", NEW), ("again", NEW)], "").await.header("location"), IN);
}

/// What the hub makes of a browser's cookie.
async fn known_to(app: &TestApp, user: i64, cookie: &str) -> server::auth::browser::Known {
    browser(app, user, cookie).await.expect("the browser is known")
}

async fn browser(app: &TestApp, user: i64, cookie: &str) -> Option<server::auth::browser::Known> {
    let user = app.app.store.hub().user(user).await.expect("the database").expect("a person");
    let mut headers = axum::http::HeaderMap::new();
    headers.extend(cookie.parse().map(|cookie| (axum::http::header::COOKIE, cookie)));
    server::auth::Browser::of(&app.app, &headers).knows(&app.app, &user).await.expect("the database")
}

#[tokio::test]
async fn a_storm_from_one_network_leaves_the_owner_new_browsers_elsewhere_and_everybody_else_alone() {
    let app = hub().await;
    let ((_, email), (_, neighbour)) = (app.account("alpha", Role::Analyst).await, app.account("alpha", Role::Analyst).await);
    assert_eq!(storm_from(&app, &email, network(7)).await, throttle::PER_SHARE);
    let mut let_in = 0;
    for n in 100..108 {
        let answer = sign_in(&app, &email, PASSWORD, "", &network(n).to_string()).await;
        let_in += u32::from(answer.header("location") == IN);
    }
    assert!(let_in >= 4, "15 of 16 networks have a share of their own: {let_in} of 8");
    // Somebody else behind the same proxy as the storm, who has no cookie either.
    assert_eq!(sign_in(&app, &neighbour, PASSWORD, "", &network(7).to_string()).await.header("location"), IN);
}

/// ASVS 6.3.1: throttled by address.
#[tokio::test]
async fn an_address_that_tries_everybody_is_refused_but_for_browsers_that_are_known() {
    let app = hub().await;
    let (_, email) = app.account("alpha", Role::Analyst).await;
    let known = browser_of(&sign_in(&app, &email, PASSWORD, "", "192.0.2.7").await);
    for i in 0..100 {
        assert!(guess(&app, &format!("{i}@alpha.example"), network(1)).await, "{i}");
        // Those who know their password use nothing up.
        if i % 25 == 0 {
            assert_eq!(sign_in(&app, &email, PASSWORD, "", &network(1).to_string()).await.header("location"), IN);
        }
    }
    let here = network(1).to_string();
    assert_eq!(sign_in(&app, &email, PASSWORD, "", &here).await.header("location"), THROTTLED);
    assert_eq!(sign_in(&app, &email, PASSWORD, &known, &here).await.header("location"), IN);
    assert_eq!(sign_in(&app, &email, PASSWORD, "", "198.18.1.2").await.header("location"), IN, "another address of the network");
}

#[tokio::test]
async fn a_browser_is_known_until_the_password_the_account_or_all_sessions_end() {
    let app = hub().await;
    let person = app.person(Role::Analyst).await;
    let (_, other) = app.account("alpha", Role::Analyst).await;
    let sign = async |email: &str, cookies: &str| browser_of(&sign_in(&app, email, PASSWORD, cookies, "192.0.2.7").await);
    let known = sign(&person.email, "").await;
    assert!(browser(&app, person.id, &known).await.is_some());
    // Only to the account, and not with a letter changed.
    assert!(browser(&app, app.account("alpha", Role::Analyst).await.0, &known).await.is_none());
    let (name, value) = known.split_once('=').expect("a cookie");
    for at in [0, 12, 30, 60, value.len() - 2] {
        let mut wrong = value.to_owned().into_bytes();
        wrong[at] = if wrong[at] == b'x' { b'y' } else { b'x' };
        let wrong = format!("{name}={}", String::from_utf8(wrong).expect("text"));
        assert!(browser(&app, person.id, &wrong).await.is_none(), "{at}");
    }
    // Two people of one browser.
    let both = sign(&other, &known).await;
    assert!(browser(&app, person.id, &both).await.is_some() && both.len() > known.len());
    // Signing out is no end of it; signing out everywhere is, but for the browser that does.
    person.post("/auth/signout", &[]).await;
    assert!(browser(&app, person.id, &known).await.is_some());
    let here = sign_in(&app, &person.email, PASSWORD, &known, "192.0.2.7").await;
    let ended = app.form("/account/sessions/end", &[("session", "")], &cookie_of(&here)).await;
    assert!(browser(&app, person.id, &known).await.is_none() && browser(&app, person.id, &browser_of(&here)).await.is_none());
    assert!(browser(&app, person.id, &browser_of(&ended)).await.is_some());
    // Another password.
    let changed = {
        let _turn = SIGNING_IN.lock().await;
        app.form("/account/password", &[("current", PASSWORD), ("password", NEW), ("again", NEW)], &cookie_of(&here)).await
    };
    assert!(browser(&app, person.id, &browser_of(&ended)).await.is_none());
    let newest = browser_of(&changed);
    assert!(browser(&app, person.id, &newest).await.is_some());
    // Half a year, and an account that is disabled, be it for a moment.
    app.app.clock.advance(179 * DAY);
    assert!(browser(&app, person.id, &newest).await.is_some());
    let (hub, org) = (app.app.store.hub(), app.org("alpha"));
    hub.disable_user(org, person.id, app.now()).await.expect("disabled");
    assert!(browser(&app, person.id, &newest).await.is_none());
    hub.enable_user(org, person.id, app.now()).await.expect("enabled");
    assert!(browser(&app, person.id, &newest).await.is_none());
    app.app.clock.advance(2 * DAY);
    let user = app.app.store.hub().user_by_email(&other).await.expect("the database").expect("a person");
    assert!(browser(&app, user.id, &both).await.is_none());
}

/// Whatever strangers do in whatever order, they have no more guesses at an account than the bound that is promised.
#[tokio::test]
async fn no_sequence_of_acts_of_strangers_gives_more_guesses_than_the_bound() {
    let app = hub().await;
    let (_, email) = app.account("alpha", Role::Analyst).await;
    let mut rng = StdRng::seed_from_u64(11);
    let (begin, mut guesses) = (app.now(), 0_i64);
    for _ in 0..1_500 {
        match rng.random_range(0..20) {
            // Others sign in, or are turned away before their password is looked at.
            0 => {
                let own = Attempt::admit(&app.app, Door::Password("own@beta.example"), Guesser::Stranger(Some(network(rng.random_range(0..64)))));
                if let Some(attempt) = own.await.expect("the database") {
                    attempt.succeeded(&app.app).await;
                }
            }
            1 => {
                let busy = Attempt::admit(&app.app, Door::Password(&email), Guesser::Stranger(Some(network(rng.random_range(0..64)))));
                if let Some(attempt) = busy.await.expect("the database") {
                    attempt.forgive(&app.app).await;
                }
            }
            2 => throttle::forget(&app.app).await.expect("the database"),
            3 => app.app.clock.advance(rng.random_range(0..5 * MINUTE)),
            _ => guesses += i64::from(guess(&app, &email, network(rng.random_range(0..64))).await),
        }
        let since = app.now().since(begin);
        let bound = i64::from(throttle::SHARES) * (i64::from(throttle::PER_SHARE) + since / throttle::SHARE_REFILLS + 1);
        assert!(guesses <= bound, "{guesses} guesses in {} minutes", since / MINUTE);
    }
    assert!(app.now().since(begin) > 2 * HOUR && guesses > 100, "{guesses}");
    assert_eq!(throttle::A_DAY, 1_616);
}

#[tokio::test]
async fn a_storm_at_the_codes_leaves_recovery_codes_and_known_browsers_alone() {
    let app = hub().await;
    let (user, _) = app.account("alpha", Role::Analyst).await;
    let stranger = Guesser::Stranger(Some(network(1)));
    let admit = async |door: Door<'_>, guesser: Guesser| Attempt::admit(&app.app, door, guesser).await.expect("the database").is_some();
    for i in 0..8 {
        assert_eq!(admit(Door::Code(user), Guesser::Stranger(Some(network(i)))).await, i < 5, "one budget, from wherever");
    }
    assert!(admit(Door::RecoveryCode(user), stranger).await && admit(Door::Passkey(user), stranger).await);
    assert!(admit(Door::Code(user), Guesser::Session([1; 32])).await && admit(Door::Code(user + 1), stranger).await);
    app.app.clock.advance(15 * MINUTE);
    assert_eq!((admit(Door::Code(user), stranger).await, admit(Door::Code(user), stranger).await), (true, false));
}

#[tokio::test]
async fn a_wrong_password_is_answered_alike_for_known_and_unknown_accounts() {
    let app = hub().await;
    let (_, email) = app.account("alpha", Role::Analyst).await;
    let known = browser_of(&sign_in(&app, &email, PASSWORD, "", "192.0.2.7").await);
    for cookies in ["", known.as_str()] {
        let answers = [sign_in(&app, &email, "wrong", cookies, "192.0.2.7").await, sign_in(&app, "nobody@alpha.example", "wrong", cookies, "192.0.2.7").await];
        for answer in answers {
            assert_eq!((answer.status, answer.header("location"), answer.header("set-cookie")), (303, WRONG, ""));
        }
    }
}

/// An account that somebody has of another's mail address.
async fn decoy(app: &TestApp, email: &str) -> i64 {
    let hash = server::auth::password::hash(NEW).await.expect("a hash");
    app.app.store.hub().add_user(app.org("beta"), email.to_owned(), "Eve".into(), Role::Analyst, Some(hash), app.now()).await.expect("a user")
}

/// Rows and counted ones about a person.
async fn told(app: &TestApp, user: i64) -> Vec<String> {
    let rows = app.app.store.hub().audit_after(0).await.expect("the trail");
    rows.into_iter().filter(|row| row.object == format!("user {user}") && row.action.starts_with("signin.")).map(|row| row.action).collect()
}

/// Who has an account of somebody's mail address guesses at theirs with the browser that it knows: as a stranger, and seen.
#[tokio::test]
async fn a_browser_that_one_account_knows_is_a_stranger_to_the_others_of_its_address() {
    let app = hub().await;
    let (owner, email) = app.account("alpha", Role::Analyst).await;
    let eve = decoy(&app, &email).await;
    let known = browser_of(&sign_in(&app, &email, NEW, "", "192.0.2.7").await);
    assert!(browser(&app, eve, &known).await.is_some() && browser(&app, owner, &known).await.is_none());
    for round in 0..9 {
        assert_eq!(sign_in(&app, &email, "a wrong guess", &known, "198.18.0.1").await.header("location"), WRONG, "{round}");
    }
    assert_eq!(told(&app, owner).await, ["signin.failed", "signin.throttled"], "its organisation hears of it");
    assert_eq!(told(&app, eve).await, ["signin.failed"]);
    // The owner's password opens nothing from there any more, until strangers have attempts again.
    assert_eq!(sign_in(&app, &email, PASSWORD, &known, "198.18.0.1").await.header("location"), WRONG);
    app.app.clock.advance(2 * HOUR);
    let own = sign_in(&app, &email, PASSWORD, "", "203.0.113.9").await;
    assert!(app.visit("/account", &cookie_of(&own)).await.text().contains("ALPHA Works"));
}

/// Two networks that share no attempts at a mail address.
async fn apart(app: &TestApp, email: &str) -> (String, String) {
    storm_from(app, email, network(1)).await;
    let mut other = 2;
    while !guess(app, email, network(other)).await {
        other += 1;
    }
    app.app.clock.advance(2 * HOUR);
    (network(1).to_string(), network(other).to_string())
}

/// Whatever somebody does with an account of a mail address, the answers are the same whether another organisation has one, too, or not.
#[tokio::test]
async fn no_answer_tells_whether_another_organisation_has_an_account_of_the_address() {
    let app = hub().await;
    let (_, shared) = app.account("alpha", Role::Analyst).await;
    let mut seen = Vec::new();
    for email in [shared.as_str(), "alone@alpha.example"] {
        let eve = decoy(&app, email).await;
        let (here, elsewhere) = apart(&app, email).await;
        let mut answers = Vec::new();
        let mut ask = async |password: &str, cookies: &str, address: &str| {
            let answer = sign_in(&app, email, password, cookies, address).await;
            answers.push((answer.status, answer.header("location").to_owned()));
            browser_of(&answer)
        };
        let known = ask(NEW, "", &here).await;
        assert!(browser(&app, eve, &known).await.is_some());
        // In the browser that is known until it is refused, then elsewhere with it, and without it; right ones in between.
        for _ in 0..7 {
            ask("wrong", &known, &here).await;
        }
        ask(NEW, "", &here).await;
        ask("wrong", "", &here).await;
        for _ in 0..4 {
            ask("wrong", &known, &here).await;
        }
        ask("wrong", &known, &elsewhere).await;
        ask(NEW, &known, &elsewhere).await;
        for _ in 0..7 {
            ask(NEW, "", &elsewhere).await;
        }
        for _ in 0..6 {
            ask("wrong", "", &elsewhere).await;
        }
        ask(NEW, "", &elsewhere).await;
        seen.push(answers);
    }
    assert_eq!(seen[0], seen[1]);
    let all = |there: &str| seen[0].iter().any(|(_, location)| location == there);
    assert!(all(IN) && all(WRONG) && all(THROTTLED), "{seen:?}");
}

/// Which networks share their attempts is the mail address's, so that a right password is never answered as a wrong one.
#[tokio::test]
async fn networks_share_the_attempts_at_an_address_whatever_accounts_it_has() {
    let app = hub().await;
    let (_, email) = app.account("alpha", Role::Analyst).await;
    decoy(&app, &email).await;
    let from = network(1).to_string();
    for _ in 0..5 {
        assert_eq!(sign_in(&app, &email, "wrong", "", &from).await.header("location"), WRONG);
    }
    for n in 2..42 {
        let answer = sign_in(&app, &email, NEW, "", &network(n).to_string()).await;
        assert!([IN, THROTTLED].contains(&answer.header("location")), "{n}: {}", answer.header("location"));
    }
}
