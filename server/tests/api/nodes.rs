//! What is counted, used up or ended on one node is so on every other of the same database.

use crate::support::*;
use domain::{MINUTE, Role, SECOND};
use server::auth::{Attempt, Door, Guesser};
use std::time::Duration;

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let _turn = SIGNING_IN.lock().await;
    app.form("/auth/signin", &[("email", email), ("password", password)], "").await
}

fn said(answer: &Answer) -> &str {
    answer.header("location").strip_prefix("/signin?error=").unwrap_or("in")
}

/// ASVS 6.3.1: five wrong passwords are five, whichever node was asked, and a restart forgives none.
#[tokio::test]
async fn throttles_hold_across_nodes() {
    let one = TestApp::start_with(Setup { proxies: &["127.0.0.1/32"], ..Setup::default() }).await;
    let other = one.second().await;
    let (_, email) = one.account("alpha", Role::Analyst).await;
    let (mut words, nodes) = (Vec::new(), [&one, &other]);
    for i in 0..7 {
        words.push(said(&sign_in(nodes[i % 2], &email, "wrong").await).to_owned());
    }
    assert_eq!(words, ["credentials", "credentials", "credentials", "credentials", "credentials", "throttled", "throttled"]);
    let third = one.second().await;
    for node in [&one, &other, &third] {
        assert_eq!(said(&sign_in(node, &email, PASSWORD).await), "throttled", "not even with the right one");
    }
    one.app.clock.advance(15 * MINUTE);
    assert_eq!(said(&sign_in(&other, &email, PASSWORD).await), "in");
    // An address is counted like an account.
    let from = async |node: &TestApp, n: usize| {
        let guesser = Guesser::Stranger("192.0.2.7".parse().ok());
        Attempt::admit(&node.app, Door::Password(&format!("{n}@alpha.example")), guesser).await.expect("the database").is_some()
    };
    for n in 0..102 {
        assert_eq!(from(nodes[n % 2], n).await, n < 100, "{n}");
    }
}

/// ASVS 6.5.1: a code of an authenticator app works once, on all nodes together, also where it is sent to both at the same moment.
#[tokio::test]
async fn a_code_works_once_on_every_node() {
    let one = TestApp::start().await;
    let other = one.second().await;
    let person = one.person(Role::Analyst).await;
    person.post("/account/factor", &[]).await;
    let secret = server::auth::factor::secret(&one.app, person.id).await.expect("the database").expect("a secret").0;
    let code = || {
        let seconds = u64::try_from(one.now().0 / SECOND).expect("after 1970");
        totp_rs::Builder::new().with_secret(&secret[..]).build().expect("a secret").generate(seconds).to_string()
    };
    assert_eq!(person.post("/account/factor/confirm", &[("code", &code())]).await.status, 200);
    for round in 0..3 {
        // Each round has two wrong codes; by the next, both attempts are back.
        one.app.clock.advance(30 * MINUTE);
        let (here, there) = (cookie_of(&sign_in(&one, &person.email, PASSWORD).await), cookie_of(&sign_in(&other, &person.email, PASSWORD).await));
        let code = code();
        let (a, b) = ([("code", code.as_str())], [("code", code.as_str())]);
        let (a, b) = tokio::join!(one.form("/auth/code", &a, &here), other.form("/auth/code", &b, &there));
        let inside = [&a, &b].iter().filter(|answer| answer.header("location") == "/").count();
        assert_eq!(inside, 1, "round {round}: {} and {}", a.header("location"), b.header("location"));
        let again = cookie_of(&sign_in(&other, &person.email, PASSWORD).await);
        let refused = other.form("/auth/code", &[("code", &code)], &again).await;
        assert!(refused.header("location").starts_with("/signin/code?error=code"), "round {round}: {}", refused.header("location"));
    }
}

/// ASVS 7.4.1, 7.4.2, 8.3.2: who signs out, is disabled, or is shown less here is out, and shown less, there.
#[tokio::test]
async fn what_ends_on_one_node_has_ended_on_the_other() {
    let one = TestApp::start().await;
    let other = one.second().await;
    let (leaver, kept_out) = (one.person(Role::Analyst).await, one.person(Role::Analyst).await);
    let mut streams = Vec::new();
    for person in [&leaver, &kept_out] {
        assert_eq!(other.visit("/", &person.cookie).await.status, 200);
        let mut stream = Stream::open(other.request(reqwest::Method::GET, "/live").header("cookie", &person.cookie)).await;
        assert_eq!(stream.event().await.kind, "hello");
        streams.push(stream);
    }
    leaver.post("/auth/signout", &[]).await;
    one.app.store.hub().disable_user(one.org("alpha"), kept_out.id, one.now()).await.expect("disabled");
    for (person, stream) in [&leaver, &kept_out].into_iter().zip(&mut streams) {
        assert_eq!(other.visit("/", &person.cookie).await.status, 303);
        tokio::time::timeout(Duration::from_secs(5), stream.ended()).await.expect("its stream ends within 5 s");
    }
    // Rules, too: the other node goes by them within its two seconds.
    one.partner("alpha").await.push("incidents", &items([incident("a", "high", "GREEN")])).await;
    let reader = one.person_of("beta", Role::Analyst).await;
    let list = async || other.visit("/csv/incidents", &reader.cookie).await.csv().len();
    assert_eq!(list().await, 1);
    one.rule("alpha", domain::DataClass::Incidents, domain::sharing::Audience::Everyone, Some(domain::Level::None)).await;
    other.obeyed().await;
    assert_eq!(list().await, 0);
    assert!(!other.visit("/incidents", &reader.cookie).await.text().contains("Title of a"));
}

/// ASVS 7.4.1: a sign-out is final, also where requests of the same session are under way on both nodes, and save it when they end.
#[tokio::test]
async fn a_sign_out_is_final_under_a_race() {
    let one = TestApp::start().await;
    let other = one.second().await;
    for round in 0..5 {
        let person = one.person(Role::Analyst).await;
        // Old enough that each use moves the idle end, which is a write.
        one.app.clock.advance(5 * MINUTE);
        let uses = (0..24).map(|i| if i % 2 == 0 { one.visit("/status", &person.cookie) } else { other.visit("/status", &person.cookie) });
        let (_, out) = tokio::join!(futures::future::join_all(uses), async {
            tokio::time::sleep(Duration::from_millis(round * 3)).await;
            one.form("/auth/signout", &[], &person.cookie).await
        });
        assert_eq!(out.header("location"), "/signin");
        for node in [&one, &other] {
            assert_eq!(node.visit("/status", &person.cookie).await.status, 303, "round {round}: alive again");
        }
        assert!(one.app.store.hub().sessions_of(person.id, one.now()).await.expect("sessions").is_empty(), "round {round}");
    }
}
