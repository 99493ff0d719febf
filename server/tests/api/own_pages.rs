//! Pages of one organisation are kept until something of it changes, or what the rules show of it. The clock is held, so that they are not made again by time.

use crate::support::*;
use app::api::Pages;
use domain::{
    DAY, DataClass, Level, MINUTE, Role, SECOND, Viewer,
    query::PageQuery,
    sharing::Audience,
    view::{MetricPage, Organisation, Refusal},
};
use server::{auth::SignedIn, views::Viewing};
use store::DayRow;

/// What a person sees once all pushes are on the board.
async fn viewing(app: &TestApp, person: &Person<'_>, org: &str) -> Viewing {
    app.settle().await;
    let user = app.app.store.hub().user(person.id).await.expect("the user").expect("it is there");
    let who = SignedIn { viewer: Viewer { org: app.org(org), role: user.role }, user, verified_at: app.now(), session: [0; 32], must_enrol: false };
    Viewing { app: app.app.clone(), who: Some(who), waiting: None, base_url: String::new(), once: None, unclear: None }
}

async fn page(app: &TestApp, person: &Person<'_>, org: &str) -> Organisation {
    viewing(app, person, org).await.organisation("beta".into(), PageQuery::default()).await.expect("the page")
}

async fn metric(app: &TestApp, person: &Person<'_>, org: &str) -> MetricPage {
    viewing(app, person, org).await.metric("beta".into(), METRIC.into(), PageQuery::default()).await.expect("the page")
}

fn yesterday_and_before(app: &TestApp, score: f64) -> Vec<DayRow> {
    let (org, today, known) = (app.org("beta"), app.now().day(), Some(score));
    let (low, high, domains, critical_public, critical_any) = (score, score, [known; 6], false, false);
    let day =
        |ago| DayRow { org, day: today - ago, policy_version: 1, score: known, last: known, low, high, coverage: 1.0, domains, critical_public, critical_any };
    (1..40).map(day).collect()
}

#[tokio::test]
async fn each_push_shows_at_once_on_the_page_of_its_organisation() {
    let app = TestApp::start().await;
    app.app.clock.hold();
    app.app.store.hub().set_days(yesterday_and_before(&app, 70.0)).await.expect("days");
    app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
    let (beta, person) = (app.partner_with("beta", "metrics incidents events indicators backfill").await, app.person_of("beta", Role::Analyst).await);
    let shown = async || page(&app, &person, "beta").await;
    let at = app.at(-MINUTE);
    beta.push("metrics", &items([sample(90.0, &at)])).await;
    let first = shown().await;
    assert_eq!((first.pushes.len(), first.open_incidents, first.events, first.indicators.len()), (1, 0, 0, 0), "{first:?}");
    assert_eq!(metric(&app, &person, "beta").await.value, Some(90.0));
    beta.push("metrics", &items([sample(60.0, &at)])).await;
    assert!(shown().await.score < first.score, "the same moment, corrected");
    assert_eq!(metric(&app, &person, "beta").await.value, Some(60.0));
    beta.push("incidents", &items([incident("a", "high", "GREEN")])).await;
    beta.push("events", &items([event("e", "GREEN", &at)])).await;
    beta.push("indicators", &items([indicator("a.example", "GREEN")])).await;
    let all = shown().await;
    let counted = (all.pushes.len(), all.open_incidents, all.incidents.len(), all.events, all.indicators.iter().map(|kind| kind.count).sum::<u64>());
    assert_eq!(counted, (5, 1, 1, 1, 1));
    assert_eq!(all.score, shown().await.score);
    app.app.clock.advance(SECOND);
    beta.push("incidents", &items([with(incident("a", "critical", "GREEN"), "title", "Worse")])).await;
    let worse = shown().await;
    assert_eq!((worse.incidents[0].title.as_str(), worse.open_incidents), ("Worse", 1));
    // What moved the score in 30 days begins with values that came afterwards, and again with others.
    let cause = async |value: f64| {
        beta.push("metrics", &items([sample(value, &app.at(-31 * DAY))])).await;
        let page = shown().await;
        let cause = page.causes.iter().find(|cause| cause.href.ends_with(METRIC)).unwrap_or_else(|| panic!("{:?}", page.causes));
        cause.text.clone()
    };
    let (then, corrected) = (cause(81.0).await, cause(82.0).await);
    assert!(then.contains("81") && corrected.contains("82") && then != corrected, "{then:?} {corrected:?}");
}

#[tokio::test]
async fn others_stand_beside_it_as_they_are_now_and_rules_hold_at_once() {
    const MORE: [&str; 4] = ["delta", "epsilon", "zeta", "eta"];
    let app = TestApp::start().await;
    for slug in MORE {
        app.app.store.hub().add_organisation(an_organisation(slug), app.now()).await.expect("an organisation");
    }
    app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
    for org in ORGS.into_iter().chain(MORE) {
        for class in [DataClass::Posture, DataClass::Incidents] {
            app.app.store.hub().set_rule(app.org(org), class, Audience::Everyone, Some(Level::Detail), app.now()).await.expect("a rule");
        }
        app.partner(org).await.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    }
    app.obeyed().await;
    app.partner("beta").await.push("incidents", &items([incident("a", "high", "GREEN")])).await;
    let person = app.person_of("alpha", Role::Analyst).await;
    app.app.clock.hold();
    let (first, of_metric) = (page(&app, &person, "alpha").await, metric(&app, &person, "alpha").await);
    let (peers, values) = (first.peers.expect("six others"), of_metric.peers.expect("six others"));
    assert_eq!((peers.n, values.n, values.median), (6, 6, 90.0));
    let without = |page: Organisation| Organisation { peers: None, ..page };
    for (no, org) in ["gamma", "delta", "eta", "zeta"].into_iter().enumerate() {
        app.partner(org).await.push("metrics", &items([sample(50.0 + no as f64, &app.at(0))])).await;
    }
    let (then, then_of_metric) = (page(&app, &person, "alpha").await, metric(&app, &person, "alpha").await);
    assert!(then.peers.is_some_and(|now| now.median < peers.median), "{:?} {peers:?}", then.peers);
    assert!(then_of_metric.peers.is_some_and(|now| now.median < values.median));
    assert_eq!(without(then), without(first.clone()), "nothing else of the page speaks of others");
    assert_eq!(MetricPage { peers: None, ..then_of_metric }, MetricPage { peers: None, ..of_metric });
    // What others show no longer leaves the values at once, and its own page shows what it shows.
    app.rule("gamma", DataClass::Posture, Audience::Everyone, Some(Level::Summary)).await;
    assert_eq!(metric(&app, &person, "alpha").await.peers.map(|peers| peers.n), Some(5));
    assert_eq!(first.incidents.len(), 1);
    app.rule("beta", DataClass::Incidents, Audience::Everyone, Some(Level::None)).await;
    let hidden = page(&app, &person, "alpha").await;
    assert!(hidden.incidents.is_empty() && hidden.incidents_partial, "{hidden:?}");
    app.rule("beta", DataClass::Posture, Audience::Everyone, Some(Level::None)).await;
    let viewing = viewing(&app, &person, "alpha").await;
    assert!(matches!(viewing.organisation("beta".into(), PageQuery::default()).await, Err(Refusal::NotFound)));
    assert!(matches!(viewing.metric("beta".into(), METRIC.into(), PageQuery::default()).await, Err(Refusal::NotFound)));
}
