//! Freshness changes by itself as time passes, and silence improves nothing.

use crate::support::*;
use domain::{DAY, MINUTE, Role, SECOND};

async fn pushed(app: &TestApp) {
    for (org, value) in [("alpha", 98.0), ("beta", 79.0), ("gamma", 60.0)] {
        app.partner(org).await.push("metrics", &items([sample(value, &app.at(-SECOND))])).await;
    }
}

/// Waits until the status page counts partners like this.
async fn status(person: &Person<'_>, tally: &str) {
    eventually(tally, async || words(&person.page("/status").await).contains(tally).then_some(())).await;
}

#[tokio::test]
async fn from_fresh_to_silent_without_a_push() {
    let app = TestApp::start().await;
    let person = app.person(Role::Executive).await;
    status(&person, "0 of 3 reporting: 3 never reported.").await;
    // Who can make a key is told where.
    let first_step = async |role| words(&app.person(role).await.page("/").await).contains("Connect your organisation");
    assert!(first_step(Role::OrgAdmin).await && !first_step(Role::Executive).await);
    pushed(&app).await;
    status(&person, "3 of 3 reporting: 3 fresh.").await;
    assert!(!first_step(Role::OrgAdmin).await);
    let mut stream = person.stream(None).await;
    stream.event().await;
    app.app.clock.advance(INTERVAL);
    status(&person, "3 of 3 reporting: 3 late.").await;
    // Open pages learn of it from the stream.
    stream.until("posture:alpha").await;
    app.partner("alpha").await.push("metrics", &items([sample(98.0, &app.at(0))])).await;
    status(&person, "3 of 3 reporting: 1 fresh, 2 late.").await;
    app.app.clock.advance(INTERVAL);
    status(&person, "1 of 3 reporting: 1 late, 2 stale.").await;
    app.app.clock.advance(DAY);
    let person = app.person(Role::Executive).await;
    status(&person, "0 of 3 reporting: 3 silent.").await;
    assert!(words(&person.page("/").await).contains("Blind:"), "{}", words(&person.page("/").await));
}

#[tokio::test]
async fn a_silent_partner_leaves_the_mean_and_improves_nothing() {
    let app = TestApp::start().await;
    pushed(&app).await;
    let person = app.person(Role::Executive).await;
    let index = async || {
        let text = words(&person.page("/").await);
        let after = text.split("Index, 0–100 ").nth(1).unwrap_or_else(|| panic!("{text}"));
        after.split(' ').next().and_then(|n| n.parse::<i64>().ok()).unwrap_or_else(|| panic!("{after}"))
    };
    let coverage = async |of: &str| eventually(of, async || words(&person.page("/").await).contains(of).then_some(())).await;
    coverage("Reporting 3 / 3").await;
    let before = index().await;
    // The weakest falls silent; the others go on.
    app.app.clock.advance(2 * INTERVAL + MINUTE);
    for (org, value) in [("alpha", 98.0), ("beta", 79.0)] {
        app.partner(org).await.push("metrics", &items([sample(value, &app.at(0))])).await;
    }
    coverage("Reporting 2 / 3").await;
    assert!(index().await <= before, "{} after {before}", index().await);
    let rows = person.get("/csv/orgs").await.csv();
    let gamma = rows.iter().find(|r| r[0] == "gamma").expect("a row");
    assert_eq!((gamma[3].as_str(), gamma[5].as_str()), ("", "0.000"), "no score, no coverage, but not 0: {gamma:?}");
    assert!(!gamma[4].is_empty(), "the last known score stays beside it");
}
