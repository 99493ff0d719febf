//! The live stream: what changed, to those who may know, for as long as they may.

use crate::support::*;
use domain::{MINUTE, Role, SECOND};
use serde_json::json;
use std::time::Duration;

#[tokio::test]
async fn a_push_is_told_at_once() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person_of("beta", Role::Executive).await);
    let mut stream = person.stream(None).await;
    let hello = stream.event().await;
    assert_eq!((hello.kind.as_str(), hello.data.as_str()), ("hello", "{}"));
    let began = tokio::time::Instant::now();
    partner.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    let change = stream.event().await;
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(change.topics(), ["posture:alpha", "pushes:alpha"]);
    assert!(!hello.id.is_empty() && change.id.len() == hello.id.len() && change.id != hello.id, "{hello:?} {change:?}");
    partner.push("incidents", &items([incident("a", "critical", "GREEN")])).await;
    // Whose push it was is for its own organisation; that there is a change, for everybody.
    assert_eq!(stream.until("incidents:alpha").await, ["incidents:alpha", "posture:alpha"]);
    partner.push("events", &items([event("e", "CLEAR", &app.at(-MINUTE))])).await;
    stream.until("events:alpha").await;
    partner.push("indicators", &items([indicator("a.example", "GREEN")])).await;
    stream.until("indicators:alpha").await;
    // Whoever asks because of a change finds it.
    assert!(person.page("/incidents").await.contains("Title of a"));
}

#[tokio::test]
async fn who_was_away_is_told_what_was_missed() {
    let app = TestApp::start().await;
    let (partner, person) = (app.partner("alpha").await, app.person(Role::Analyst).await);
    partner.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    let known = person.stream(None).await.event().await.id;
    partner.push("incidents", &items([incident("a", "low", "RED")])).await;
    partner.push("indicators", &items([indicator("a.example", "RED")])).await;
    let mut back = person.stream(Some(&known)).await;
    assert_eq!(back.event().await.kind, "hello");
    let missed = back.event().await;
    for topic in ["incidents:alpha", "indicators:alpha", "posture:alpha", "pushes:alpha"] {
        assert!(missed.topics().iter().any(|t| t == topic), "{topic} in {missed:?}");
    }
    // What this hub never gave out, what it gave to another organisation, and a number as it was given out once: everything must be read again.
    let other = app.person_of("beta", Role::Analyst).await;
    let foreign = other.stream(None).await.event().await.id;
    for unknown in ["999999", "-5", "nonsense", "", &foreign, &known[1..]] {
        assert_eq!(person.stream(Some(unknown)).await.event().await.kind, "resync", "{unknown}");
    }
    // A second tab says in the address what the first one knew.
    let request = app.request(reqwest::Method::GET, &format!("/live?after={known}")).header("cookie", &person.cookie);
    let mut tab = Stream::open(request).await;
    tab.event().await;
    assert!(tab.event().await.topics().contains(&"incidents:alpha".to_owned()));
}

#[tokio::test]
async fn a_change_of_marked_records_is_told_to_those_who_see_them() {
    let app = TestApp::start().await;
    let alpha = app.partner("alpha").await;
    let (named, other) = (app.person_of("beta", Role::Analyst).await, app.person_of("gamma", Role::Analyst).await);
    let (mut told, mut untold) = (named.stream(None).await, other.stream(None).await);
    told.event().await;
    untold.event().await;
    let secret = |severity: &str| with(incident("a", severity, "RED"), "recipients", json!(["beta"]));
    alpha.push("incidents", &items([secret("high")])).await;
    told.until("incidents:alpha").await;
    // Not shared any more, and closed by leaving it out: both are changes for whoever could see it.
    alpha.push("incidents", &items([incident("a", "critical", "RED")])).await;
    told.until("incidents:alpha").await;
    alpha.push("incidents", &items([secret("low")])).await;
    told.until("incidents:alpha").await;
    alpha.push("incidents?mode=snapshot", &items([])).await;
    told.until("incidents:alpha").await;
    alpha.push("events", &items([with(event("e", "RED", &app.at(-MINUTE)), "recipients", json!(["beta"]))])).await;
    told.until("events:alpha").await;
    alpha.push("events?mode=snapshot", &items([])).await;
    told.until("events:alpha").await;
    alpha.push("indicators", &items([with(indicator("a.example", "AMBER+STRICT"), "recipients", json!(["beta"]))])).await;
    told.until("indicators:alpha").await;
    alpha.push("indicators?mode=snapshot", &items([])).await;
    told.until("indicators:alpha").await;
    // The third organisation learnt of the empty snapshots, which hold nothing that would be hidden, and of no record: not even a sign of life.
    alpha.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    let all = untold.until("pushes:alpha").await;
    assert_eq!(all.iter().filter(|t| *t != "posture:alpha").count(), 4, "{all:?}");
}

/// ASVS 7.4.2: a session's streams end with it.
#[tokio::test]
async fn a_stream_does_not_outlive_its_session() {
    let app = TestApp::start().await;
    let (leaver, stayer) = (app.person(Role::Analyst).await, app.person(Role::Analyst).await);
    let (mut left, mut kept) = (leaver.stream(None).await, stayer.stream(None).await);
    left.event().await;
    kept.event().await;
    assert_eq!(app.app.live.streams(), 2);
    leaver.post("/auth/signout", &[]).await;
    tokio::time::timeout(Duration::from_secs(5), left.ended()).await.expect("the stream ends within five seconds");
    eventually("the hub forgets it", async || (app.app.live.streams() == 1).then_some(())).await;
    app.partner("alpha").await.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    kept.until("posture:alpha").await;
    // An open page is no use of the session: it ends with its idle time.
    app.app.clock.advance(server::auth::sessions::IDLE + SECOND);
    tokio::time::timeout(Duration::from_secs(8), kept.ended()).await.expect("an idle session's stream ends");
}

#[tokio::test]
async fn stopping_ends_the_streams() {
    let app = TestApp::start().await;
    let person = app.person(Role::Executive).await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        let mut stream = person.stream(None).await;
        stream.event().await;
        streams.push(stream);
    }
    assert_eq!(app.get("/readyz").await.status, 200);
    app.app.live.stop();
    for stream in &mut streams {
        tokio::time::timeout(Duration::from_secs(2), stream.ended()).await.expect("the stream ends");
    }
    eventually("no stream is left", async || (app.app.live.streams() == 0).then_some(())).await;
    assert_eq!((app.get("/readyz").await.status, app.get("/healthz").await.status), (503, 200));
}

#[tokio::test]
async fn a_history_that_was_not_made_before_the_end_is_made_after_the_next_start() {
    let app = TestApp::start().await;
    let partner = app.partner_with("alpha", "metrics backfill").await;
    partner.push("metrics", &items([sample(90.0, &app.at(-3 * domain::DAY))])).await;
    let (day, org) = (app.app.clock.now().day() - 3, app.app.live.board().by_slug("alpha").expect("alpha").info.id);
    app.app.live.stop();
    let made = async |hub: &server::App| hub.store.hub().days_of(org, day, day + 1).await.expect("days").len();
    assert_eq!(made(&app.app).await, 0, "it is made every fifteen seconds, and none has passed");

    let again = server::App::open((*app.app.config).clone(), &app.database, server::clock::Clock::default()).await.expect("the hub opens");
    tokio::spawn(server::live::follow(again.clone()));
    let began = tokio::time::Instant::now();
    while made(&again).await == 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "the history was not made");
        again.clock.advance(16 * SECOND);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    again.live.stop();
}
