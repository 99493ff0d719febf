//! Organisations that share their posture only in totals: counted where that tells of none of them, named nowhere.

use crate::support::*;
use app::api::Pages;
use domain::{
    DAY, DataClass, Level, MINUTE, OrgId, Role, SECOND, Timestamp, Viewer,
    aggregate::{eve_of, week_of},
    sharing::Audience,
    view::Collective,
};
use server::{auth::SignedIn, views::Viewing};
use store::DayRow;

const SCORES: [(&str, f64); 4] = [("delta", 40.0), ("epsilon", 70.0), ("zeta", 80.0), ("eta", 62.0)];

fn day(org: OrgId, day: i64, score: f64) -> DayRow {
    DayRow {
        org,
        day,
        policy_version: 1,
        score: Some(score),
        last: Some(score),
        low: score,
        high: score,
        coverage: 1.0,
        domains: [Some(score); 6],
        critical_public: false,
        critical_any: false,
    }
}

/// Four more organisations with the scores of the evening before a week.
async fn evening(app: &TestApp, now: Timestamp) {
    let rows = SCORES.iter().map(|(slug, score)| day(app.org(slug), eve_of(week_of(now.day())), *score)).collect();
    app.app.store.hub().set_days(rows).await.expect("days");
    app.app.live.reload(&app.app.store, now).await.expect("the board");
}

async fn alliance() -> TestApp {
    let app = TestApp::start().await;
    for (slug, _) in SCORES {
        let org = an_organisation(slug);
        app.app.store.hub().add_organisation(org, app.now()).await.expect("an organisation");
    }
    app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
    evening(&app, app.now()).await;
    // Named ones: 90 % of 60 to 98 is 79 points, 60 % is none.
    for (org, value) in [("alpha", 98.0), ("beta", 60.0)] {
        app.partner(org).await.push("metrics", &items([sample(value, &app.at(-MINUTE))])).await;
    }
    app.settle().await;
    app
}

async fn share(app: &TestApp, org: &str, level: Level) {
    let hub = app.app.store.hub();
    hub.set_rule(app.org(org), DataClass::Posture, Audience::Everyone, Some(level), app.now()).await.expect("a rule");
    let version = hub.sharing_version().await.expect("a version");
    app.app.clock.advance(2 * SECOND);
    eventually("the rules are read", async || (app.app.live.board().sharing.version == version).then_some(())).await;
}

async fn collective(app: &TestApp) -> Collective {
    let viewer = Viewer { org: app.org("alpha"), role: Role::Executive };
    let user = store::UserRecord {
        id: 1,
        org: viewer.org,
        email: String::new(),
        name: String::new(),
        role: viewer.role,
        password_hash: None,
        disabled: false,
        changed_at: None,
    };
    let who = SignedIn { viewer, user, verified_at: app.now(), session: [0; 32], must_enrol: false };
    Viewing { app: app.app.clone(), who: Some(who), waiting: None, base_url: String::new(), once: None, unclear: None }.collective().await.expect("the page")
}

fn story(page: &Collective) -> String {
    page.verdict.detail.clone()
}

#[tokio::test]
async fn those_that_share_totals_count_from_three_on_and_are_named_nowhere() {
    let app = alliance().await;
    let named = collective(&app).await.index.score.expect("an index");
    assert_eq!(named, 50.0);
    for (slug, _) in &SCORES[..2] {
        share(&app, slug, Level::Aggregate).await;
    }
    let two = collective(&app).await;
    assert_eq!(two.index.score, Some(50.0));
    assert!(story(&two).contains("2 organisations share their posture only in totals") && story(&two).contains("their total is hidden"), "{}", story(&two));
    share(&app, "zeta", Level::Aggregate).await;
    let three = collective(&app).await;
    // 40, 70 and 80 are 63 together; with 100 and 0 that makes (100 + 0 + 3 × 63) / 5.
    assert_eq!(three.index.score, Some(289.0 / 5.0), "{}", story(&three));
    assert!(story(&three).contains("this week's total of 3 unnamed ones stands at 63"), "{}", story(&three));
    // Each is listed by nobody else, and its pages are like absent ones.
    let person = app.person_of("alpha", Role::Analyst).await;
    let (absent, page) = (person.get("/orgs/nowhere").await, person.page("/orgs").await);
    for (slug, _) in &SCORES[..3] {
        assert!(!page.contains(&format!("/orgs/{slug}")) && !person.get("/csv/orgs").await.text().contains(slug));
        let hidden = person.get(&format!("/orgs/{slug}")).await;
        assert_eq!((hidden.status, words(&hidden.text())), (404, words(&absent.text())));
    }
    assert!(page.contains("this week's total of 3 unnamed ones stands at 63"), "{page}");
    // The sum over what can be listed is the number that is shown: the two rows and the total.
    let listed: Vec<f64> = person.get("/csv/orgs").await.csv().iter().filter_map(|row| row[3].parse().ok()).collect();
    assert_eq!((listed.iter().sum::<f64>() + 3.0 * 63.0) / 5.0, 289.0 / 5.0);
}

#[tokio::test]
async fn a_total_stands_until_its_week_ends_and_then_tells_of_nobody_who_came_or_left() {
    let app = alliance().await;
    for (slug, _) in &SCORES[..3] {
        share(&app, slug, Level::Aggregate).await;
    }
    let before = collective(&app).await.index.score;
    share(&app, "eta", Level::Aggregate).await;
    assert_eq!(collective(&app).await.index.score, before, "who joins changes nothing before the week ends");
    share(&app, "zeta", Level::None).await;
    assert_eq!(collective(&app).await.index.score, before, "nor does who leaves");
    // The next week: one left, one joined. Either would be told by the difference.
    app.app.clock.advance(7 * DAY);
    evening(&app, app.now()).await;
    let after = collective(&app).await;
    assert!(story(&after).contains("their total is hidden"), "{}", story(&after));
    // A quarter later the old total says nothing of today.
    share(&app, "zeta", Level::Aggregate).await;
    app.app.clock.advance(14 * 7 * DAY);
    evening(&app, app.now()).await;
    let later = collective(&app).await;
    assert!(story(&later).contains("total of 4 unnamed ones stands at 63"), "{}", story(&later));
}

#[tokio::test]
async fn who_shows_more_than_totals_does_not_count_twice() {
    let app = alliance().await;
    for (slug, _) in &SCORES[..3] {
        share(&app, slug, Level::Aggregate).await;
    }
    app.partner("zeta").await.push("metrics", &items([sample(98.0, &app.at(-MINUTE))])).await;
    share(&app, "zeta", Level::Detail).await;
    let page = collective(&app).await;
    assert_eq!(page.index.score, Some(200.0 / 3.0), "the three that are named: {}", story(&page));
    assert!(story(&page).contains("2 organisations share their posture only in totals"));
}
