//! Hiding never looks better: whoever shares less, or marks a record for fewer, improves nothing that anybody sees.

use crate::support::*;
use app::api::Pages;
use domain::{
    DAY, DataClass, Level, MINUTE, OrgId, Role, SECOND, Sharing, Viewer,
    query::PageQuery,
    sharing::{Audience, GroupId},
    verdict::Standing,
    view::{Collective, Organisation, Organisations},
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use server::{auth::SignedIn, views::Viewing};
use std::collections::BTreeMap;
use store::DayRow;

/// What one organisation's people see.
struct Seen {
    overview: Collective,
    matrix: Organisations,
    /// The pages of those that it is shown.
    orgs: BTreeMap<String, Organisation>,
}

async fn seen(app: &TestApp, person: &Person<'_>, org: &str) -> Seen {
    let user = app.app.store.hub().user(person.id).await.expect("the user").expect("it is there");
    let who = SignedIn { viewer: Viewer { org: app.org(org), role: user.role }, user, verified_at: app.now(), session: [0; 32], must_enrol: false };
    let pages = Viewing { app: app.app.clone(), who: Some(who), waiting: None, base_url: String::new(), once: None, unclear: None };
    let matrix = pages.organisations(PageQuery::default()).await.expect("the organisations");
    let mut orgs = BTreeMap::new();
    for row in &matrix.rows {
        orgs.insert(row.org.slug.clone(), pages.organisation(row.org.slug.clone(), PageQuery::default()).await.expect("an organisation"));
    }
    Seen { overview: pages.collective().await.expect("the overview"), matrix, orgs }
}

/// No number is better by its lower end, and none of an earlier day is another.
fn no_better(before: &Seen, after: &Seen, who: &str) {
    let lower = |what: &str, before: Option<f64>, after: Option<f64>| {
        let (before, after) = (before.unwrap_or(0.0), after.unwrap_or(0.0));
        assert!(after <= before + 1e-6, "{who}: {what} rose from {before} to {after}");
    };
    let (b, a) = (&before.overview, &after.overview);
    lower("the index", b.index.score, a.index.score);
    lower("the index's lower end", b.index.floor, a.index.floor);
    lower("the band", Some(b.index.low), Some(a.index.low));
    // An index of which nothing is known any more has no change.
    if let (Some(b), Some(a)) = (b.index.change, a.index.change) {
        lower("the index's change", Some(b), Some(a));
    }
    assert!(a.verdict.standing >= b.verdict.standing, "{who}: {} became {}", b.verdict.headline, a.verdict.headline);
    assert!(a.coverage.reporting() <= b.coverage.reporting() && a.coverage.total() == b.coverage.total(), "{who}: {:?} became {:?}", b.coverage, a.coverage);
    assert!(a.critical.least() >= b.critical.least(), "{who}: {:?} became {:?}", b.critical, a.critical);
    for (b, a) in b.domains.iter().zip(&a.domains) {
        lower("a domain", b.score, a.score);
        lower("a domain's lower end", b.floor, a.floor);
    }
    for b in &before.matrix.rows {
        let Some(a) = after.matrix.rows.iter().find(|a| a.org == b.org) else {
            assert!(after.matrix.no_longer_shared > 0, "{who}: {} is gone without a word", b.org.slug);
            continue;
        };
        lower("a score", b.score, a.score);
        assert!(a.standing >= b.standing, "{who}: {} stands better", b.org.slug);
        if let (Some(n), Some(m)) = (b.open_incidents, a.open_incidents) {
            assert!(m >= n || a.incidents_partial, "{who}: {n} incidents became {m}");
        }
    }
    for (slug, b) in &before.orgs {
        let Some(a) = after.orgs.get(slug) else { continue };
        lower("an organisation's score", b.score, a.score);
        lower("its lower end", Some(b.low), Some(a.low));
        let earlier = |page: &Organisation| page.history.rows[..page.history.rows.len() - 1].to_vec();
        assert_eq!(earlier(b), earlier(a), "{who}: the history of {slug}");
        // What is hidden says so.
        if a.at_most.is_some() {
            assert!(!a.hidden.is_empty() && a.standing != Standing::Good, "{who}: {slug}");
        }
    }
}

/// The scores of the last days, the worst of them under a critical incident that everyone could see.
async fn history(app: &TestApp) {
    let today = app.now().day();
    let mut rows = Vec::new();
    for (i, org) in ORGS.into_iter().enumerate() {
        for ago in 1..40 {
            let score = 70.0 + 8.0 * i as f64 + (ago % 5) as f64;
            rows.push(DayRow {
                org: app.org(org),
                day: today - ago,
                policy_version: 1,
                score: Some(score),
                last: Some(score),
                low: score,
                high: score,
                coverage: 1.0,
                domains: [Some(score); 6],
                critical_public: ago < 5,
                critical_any: ago < 9,
            });
        }
    }
    app.app.store.hub().set_days(rows).await.expect("days");
    app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
}

/// Waits until the scores of now are stored as today's.
async fn saved(app: &TestApp) {
    app.app.clock.advance(16 * SECOND);
    let today = app.now().day();
    for org in ORGS {
        eventually("today's scores are stored", async || {
            let rows = app.app.store.hub().days_of(app.org(org), today, today + 1).await.expect("days");
            let now = app.app.live.board().org(app.org(org)).expect("it").score.total.value;
            (now.is_none() || rows.iter().any(|row| row.score == now)).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn narrowing_incidents_to_totals_improves_nothing() {
    let app = TestApp::start().await;
    // 87.36 of 60 to 98 per cent are 72 points.
    for (org, value) in [("alpha", 87.36), ("beta", 98.0), ("gamma", 98.0)] {
        app.partner(org).await.push("metrics", &items([sample(value, &app.at(-MINUTE))])).await;
    }
    app.partner("alpha").await.push("incidents", &items([with(incident("a", "critical", "GREEN"), "opened_at", app.at(-MINUTE))])).await;
    history(&app).await;
    saved(&app).await;
    let mut people = Vec::new();
    for org in ORGS {
        people.push((org, app.person_of(org, Role::Analyst).await));
    }
    let mut before = Vec::new();
    for (org, person) in &people {
        before.push((seen(&app, person, org).await, person.get("/csv/orgs/alpha").await.csv()));
    }
    let hub = app.app.store.hub();
    hub.set_rule(app.org("alpha"), DataClass::Incidents, Audience::Everyone, Some(Level::Aggregate), app.now()).await.expect("a rule");
    app.obeyed().await;
    for ((org, person), (before, days)) in people.iter().zip(&before) {
        let after = seen(&app, person, org).await;
        no_better(before, &after, org);
        let index = |page: &Collective| page.index.score.map(f64::round);
        assert_eq!((index(&before.overview), index(&after.overview)), (Some(87.0), Some(87.0)), "{org}");
        let now = person.get("/csv/orgs/alpha").await.csv();
        assert_eq!(now[..now.len() - 1], days[..days.len() - 1], "{org}: no number of an earlier day is another");
        let (overview, matrix, page) = (words(&person.page("/").await), words(&person.page("/orgs").await), words(&person.page("/orgs/alpha").await));
        let row = person.get("/csv/orgs").await.csv().into_iter().find(|row| row[0] == "alpha").expect("a row");
        assert_eq!(row[3], "60.0", "{org}");
        if *org == "alpha" {
            assert!(overview.contains("Open critical 1") && !matrix.contains("at most"), "its own people know: {overview}");
            assert_eq!((row[14].as_str(), row[15].as_str(), row[16].as_str()), ("", "false", ""));
            continue;
        }
        assert!(overview.contains("Open critical at least 1") && overview.contains("1 no longer shown to you"), "{overview}");
        assert!(overview.contains("1 organisation does not share all of theirs"), "{overview}");
        assert!(overview.contains("at most 72") && overview.contains("at least one critical incident is open"), "{overview}");
        assert!(matrix.contains("60 at most 72") && matrix.contains("its incidents are not shared with you") && matrix.contains("Off target"), "{matrix}");
        assert!(page.contains("60 at most 72") && page.contains("its incidents are not shared with you"), "{page}");
        assert!(page.contains("No longer shares its incidents with you"), "a cause with a name, not a rise: {page}");
        assert_eq!((row[14].as_str(), row[15].as_str(), row[16].as_str()), ("72.0", "true", "its incidents are not shared with you"));
        assert_eq!(person.get("/csv/collective").await.csv()[0][3], "true");
        assert!(words(&person.page("/incidents").await).contains("At least 0 open incidents"));
    }
    // Whether it is closed meanwhile is not told; that it is, shown again, is.
    let told = async |person: &Person<'_>| person.get("/csv/orgs").await.csv().into_iter().find(|row| row[0] == "alpha").expect("a row")[3].clone();
    let closed = |tlp: &str| with(with(incident("a", "critical", tlp), "status", "closed"), "opened_at", app.at(-2 * MINUTE));
    app.partner("alpha").await.push("incidents", &items([closed("RED")])).await;
    hub.set_rule(app.org("alpha"), DataClass::Incidents, Audience::Everyone, None, app.now()).await.expect("a rule");
    app.obeyed().await;
    assert_eq!((told(&people[0].1).await.as_str(), told(&people[1].1).await.as_str()), ("72.0", "60.0"), "re-marked while nobody looked");
    app.app.clock.advance(SECOND);
    app.partner("alpha").await.push("incidents", &items([with(closed("GREEN"), "title", "over")])).await;
    assert_eq!(told(&people[1].1).await, "72.0");
}

#[tokio::test]
async fn posture_that_is_no_longer_shared_stays_in_the_index_as_unknown() {
    let app = TestApp::start().await;
    for (org, value) in [("alpha", 70.0), ("beta", 98.0), ("gamma", 98.0)] {
        app.partner(org).await.push("metrics", &items([sample(value, &app.at(-MINUTE))])).await;
    }
    history(&app).await;
    saved(&app).await;
    let person = app.person_of("beta", Role::Analyst).await;
    let before = seen(&app, &person, "beta").await;
    app.app.store.hub().set_rule(app.org("alpha"), DataClass::Posture, Audience::Everyone, Some(Level::None), app.now()).await.expect("a rule");
    app.obeyed().await;
    let after = seen(&app, &person, "beta").await;
    no_better(&before, &after, "beta");
    assert_eq!((after.overview.coverage.reporting(), after.overview.coverage.total(), after.overview.coverage.hidden), (2, 3, 1));
    assert_eq!(after.overview.index.score.map(f64::round), before.overview.index.score.map(f64::round), "held by the last score that was shown");
    assert!(after.overview.index.held && after.overview.index.floor.is_some_and(|floor| (floor - 200.0 / 3.0).abs() < 1e-6));
    let overview = words(&person.page("/").await);
    assert!(overview.contains("One of three organisations does not share its posture by name"), "{overview}");
    assert!(overview.contains("One organisation no longer shares its posture with you by name"), "{overview}");
    assert!(words(&person.page("/orgs").await).contains("One organisation no longer shares its posture with you by name"));
    let rows = person.get("/csv/orgs").await.csv();
    let row = rows.last().expect("a row that says so");
    assert!(row[0].is_empty() && row[3].is_empty() && row[16] == "1 organisation does not share its posture with you by name", "{row:?}");
    assert!(words(&person.page("/about/scoring").await).contains("no longer shares its posture with you"));
    assert_eq!(person.get("/orgs/alpha").await.status, 404);
    // Days later its last score still holds.
    app.app.clock.advance(3 * MINUTE);
    assert!(seen(&app, &person, "beta").await.overview.index.held);
}

#[tokio::test]
async fn signs_of_life_that_are_hidden_change_no_mean_of_the_past() {
    let app = TestApp::start().await;
    app.partner("beta").await.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    app.partner("alpha").await.push("incidents", &items([with(incident("a", "high", "GREEN"), "opened_at", app.at(-MINUTE))])).await;
    history(&app).await;
    let person = app.person_of("beta", Role::Analyst).await;
    let before = seen(&app, &person, "beta").await;
    app.app.store.hub().set_rule(app.org("alpha"), DataClass::Incidents, Audience::Everyone, Some(Level::None), app.now()).await.expect("a rule");
    app.obeyed().await;
    let after = seen(&app, &person, "beta").await;
    no_better(&before, &after, "beta");
    assert!(before.overview.index.change.is_some());
    assert_eq!(before.overview.index.change, after.overview.index.change);
    assert_eq!(before.overview.index.history, after.overview.index.history);
}

/// An incident of the world, as it was pushed last.
struct Record {
    owner: &'static str,
    body: Value,
    tlp: usize,
}

const TLPS: [&str; 5] = ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"];

fn wider_for_nobody(app: &TestApp, sharing: &Sharing, owner: OrgId, class: DataClass, audience: Audience, level: Option<Level>) -> bool {
    !sharing.widens(app.app.live.board().orgs().map(|o| o.info.id), owner, class, audience, level)
}

/// Hides something at random; says whose it is, and whether what its own people see may change, too.
async fn hide(app: &TestApp, rng: &mut StdRng, group: GroupId, records: &mut [Record], partners: &BTreeMap<&'static str, Partner<'_>>) -> (&'static str, bool) {
    let hub = app.app.store.hub();
    for _ in 0..100 {
        let owner = ORGS[rng.random_range(0..3)];
        match rng.random_range(0..6) {
            0..3 => {
                let (class, other) = (DataClass::ALL[rng.random_range(0..DataClass::ALL.len())], app.org(ORGS[rng.random_range(0..3)]));
                let audience = [Audience::Everyone, Audience::Group(group), Audience::Organisation(other)][rng.random_range(0..3)];
                let level = [None, Some(Level::None), Some(Level::Aggregate), Some(Level::Summary)][rng.random_range(0..4)];
                let sharing = hub.sharing().await.expect("the rules");
                if other == app.org(owner) || !wider_for_nobody(app, &sharing, app.org(owner), class, audience, level) {
                    continue;
                }
                println!("{owner} shows {audience:?} its {class:?} as {level:?}");
                hub.set_rule(app.org(owner), class, audience, level, app.now()).await.expect("a rule");
                return (owner, false);
            }
            3 => {
                println!("{owner} leaves the group");
                hub.leave(group, app.org(owner), app.now()).await.expect("it left");
                return (owner, false);
            }
            _ => {
                let n = rng.random_range(0..records.len());
                let record = &mut records[n];
                if record.tlp == 4 {
                    continue;
                }
                record.tlp = rng.random_range(record.tlp.max(2) + usize::from(record.tlp >= 2)..5);
                app.app.clock.advance(SECOND);
                let body = with(with(record.body.clone(), "tlp", TLPS[record.tlp]), "recipients", json!([]));
                // Perhaps it is over by then, or never was that bad: those who no longer see it are not told.
                record.body = match rng.random_range(0..3) {
                    0 if record.tlp >= 3 => with(body, "status", "closed"),
                    1 if record.tlp >= 3 => with(body, "severity", "low"),
                    _ => body,
                };
                println!("{} marks {} {}", record.owner, record.body["external_id"], record.body);
                partners[record.owner].push("incidents", &items([record.body.clone()])).await;
                return (record.owner, true);
            }
        }
    }
    ("alpha", false)
}

#[tokio::test]
async fn no_hiding_improves_what_anybody_sees() {
    let seed = rand::random::<u64>();
    let mut rng = StdRng::seed_from_u64(seed);
    for world in 0..3 {
        let app = TestApp::start().await;
        let (mut partners, mut people, mut records) = (BTreeMap::new(), Vec::new(), Vec::new());
        for org in ORGS {
            people.push((org, app.person_of(org, Role::Analyst).await));
            partners.insert(org, app.partner(org).await);
        }
        let hub = app.app.store.hub();
        let group = hub.add_group(app.org("alpha"), "G".into(), rng.random_bool(0.5), app.now()).await.expect("a group");
        for org in &ORGS[1..] {
            if rng.random_bool(0.7) {
                hub.invite(group, app.org("alpha"), app.org(org), app.now()).await.expect("an invitation");
                hub.join(group, app.org(org), app.now()).await.expect("a member");
            }
        }
        // Some show less from the beginning.
        for class in DataClass::ALL {
            if rng.random_bool(0.3) {
                let (owner, level) = (ORGS[rng.random_range(0..3)], Level::ALL[rng.random_range(0..4)]);
                hub.set_rule(app.org(owner), class, Audience::Everyone, Some(level), app.now()).await.expect("a rule");
            }
        }
        app.obeyed().await;
        for org in ORGS {
            let partner = &partners[org];
            if rng.random_bool(0.9) {
                partner.push("metrics", &items([sample(rng.random_range(60.0..98.0), &app.at(-MINUTE))])).await;
            }
            for n in 0..3 {
                let (tlp, other) = (rng.random_range(0..5), ORGS[rng.random_range(0..3)]);
                let recipients = if other == org { json!([]) } else { json!([other]) };
                let body = with(incident(&format!("{org}-{n}"), ["critical", "critical", "high"][rng.random_range(0..3)], TLPS[tlp]), "recipients", recipients);
                let body = with(body, "opened_at", app.at(-(rng.random_range(1..9) * MINUTE)));
                partner.push("incidents", &items([body.clone()])).await;
                records.push(Record { owner: org, body, tlp });
            }
        }
        history(&app).await;
        saved(&app).await;
        let mut before = Vec::new();
        for (org, person) in &people {
            before.push(seen(&app, person, org).await);
        }
        for act in 0..12 {
            println!("seed {seed}, world {world}, act {act}");
            let (owner, own_too) = hide(&app, &mut rng, group, &mut records, &partners).await;
            app.obeyed().await;
            for ((org, person), before) in people.iter().zip(&mut before) {
                let after = seen(&app, person, org).await;
                // An incident that its own people close is closed for them.
                if *org != owner || !own_too {
                    no_better(before, &after, org);
                }
                *before = after;
            }
        }
    }
}

/// Nothing that an organisation never showed anybody tells anything: two hubs that differ in a hidden incident alone show the same.
#[tokio::test]
async fn a_hidden_incident_tells_nothing() {
    let app = TestApp::start().await;
    let alpha = app.partner("alpha").await;
    alpha.push("metrics", &items([sample(90.0, &app.at(-MINUTE))])).await;
    let hub = app.app.store.hub();
    hub.set_rule(app.org("alpha"), DataClass::Incidents, Audience::Organisation(app.org("beta")), Some(Level::None), app.now()).await.expect("a rule");
    app.obeyed().await;
    let (beta, gamma) = (app.person_of("beta", Role::Analyst).await, app.person_of("gamma", Role::Analyst).await);
    let read = async |person: &Person<'_>| (person.get("/csv/orgs").await.csv(), person.get("/csv/orgs/alpha?range=1y").await.csv().pop());
    let row = |file: &[Vec<String>]| file.iter().find(|row| row[0] == "alpha").expect("a row").clone();
    let numbers = |row: Vec<String>| [row[3].clone(), row[14].clone(), row[16].clone()];
    let before = (numbers(row(&read(&beta).await.0)), numbers(row(&read(&gamma).await.0)));
    assert_eq!((before.0[0].as_str(), before.0[1].as_str(), before.1[0].as_str()), ("60.0", "78.9", "78.9"));
    // Open, re-marked within what nobody sees, closed: the same all along.
    for (tlp, status) in [("RED", "new"), ("AMBER+STRICT", "new"), ("RED", "closed")] {
        app.app.clock.advance(SECOND);
        alpha.push("incidents", &items([with(incident("secret", "critical", tlp), "status", status)])).await;
        assert_eq!(before, (numbers(row(&read(&beta).await.0)), numbers(row(&read(&gamma).await.0))), "{tlp} {status}");
    }
    app.app.clock.advance(DAY);
}
