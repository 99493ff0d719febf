//! Every number is the number of rows that the same viewer can list behind it.

use crate::support::*;
use app::api::Pages;
use domain::{DAY, DataClass, Level, MINUTE, Role, SECOND, Viewer, query::PageQuery, sharing::Audience, view::Collective};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;
use server::{auth::SignedIn, views::Viewing};
use store::DayRow;

/// Records of each organisation, of every marking, some naming another organisation, some closed or over.
async fn alliance(app: &TestApp) {
    for (i, org) in ORGS.into_iter().enumerate() {
        let partner = app.partner(org).await;
        partner.push("metrics", &items([sample(60.0 + 10.0 * i as f64, &app.at(-MINUTE))])).await;
        let recipients = json!([ORGS[(i + 1) % 3]]);
        let (mut incidents, mut indicators) = (Vec::new(), Vec::new());
        for (n, tlp) in ["CLEAR", "GREEN", "AMBER", "AMBER+STRICT", "RED"].into_iter().enumerate() {
            for severity in ["critical", "high"] {
                let one = incident(&format!("{severity}-{tlp}"), severity, tlp);
                incidents.push(with(one.clone(), "recipients", if n % 2 == 0 { recipients.clone() } else { json!([]) }));
                let closed = with(with(one, "external_id", format!("{severity}-{tlp}-closed")), "opened_at", app.at(-2 * DAY));
                incidents.push(with(with(closed, "status", "resolved"), "closed_at", app.at(if n == 0 { 4 * MINUTE } else { -DAY })));
            }
            indicators.push(with(indicator(&format!("{org}-{n}.example"), tlp), "recipients", recipients.clone()));
            let shared = format!("shared-{n}.example");
            indicators.push(indicator(&shared, tlp));
            // The same once more, or first, without its value.
            if i + n % 2 > 0 {
                indicators.push(hashed(app, &shared, tlp).await);
            }
            indicators.push(with(indicator(&format!("over-{n}.example"), tlp), "valid_until", app.at(-MINUTE)));
        }
        // A clock that runs ahead by less than is refused.
        let events = ["CLEAR", "AMBER", "RED"].map(|tlp| event(&format!("event-{tlp}"), tlp, &app.at(-MINUTE)));
        partner.push("events", &items(events)).await;
        incidents.push(with(incident("ahead", "critical", "GREEN"), "opened_at", app.at(4 * MINUTE)));
        partner.push("incidents", &items(incidents)).await;
        partner.push("indicators", &items(indicators)).await;
    }
}

async fn viewing(app: &TestApp, person: &Person<'_>, org: &str) -> Viewing {
    let user = app.app.store.hub().user(person.id).await.expect("the user").expect("it is there");
    let who = SignedIn { viewer: Viewer { org: app.org(org), role: user.role }, user, verified_at: app.now(), session: [0; 32], must_enrol: false };
    Viewing { app: app.app.clone(), who: Some(who), waiting: None, base_url: String::new(), once: None, unclear: None }
}

async fn collective(app: &TestApp, person: &Person<'_>, org: &str) -> Collective {
    viewing(app, person, org).await.collective().await.expect("the collective page")
}

#[tokio::test]
async fn numbers_are_rows() {
    let app = TestApp::start().await;
    alliance(&app).await;
    let mut criticals = Vec::new();
    for org in ORGS {
        let person = app.person_of(org, Role::Executive).await;
        let page = every_number_is_a_number_of_rows(&app, &person, org).await;
        criticals.push(page.critical.open);
        assert_eq!((page.coverage.reporting(), page.coverage.total()), (3, 3));
    }
    // Own five and the one ahead, of each other two public and the one ahead, and what names this organisation beyond that.
    assert_eq!(criticals, [6 + 2 * 3 + 2; 3]);
}

/// Whatever organisations let each other see, and whoever belongs to a group with whom: the very same holds.
#[tokio::test]
async fn numbers_are_rows_under_any_rules() {
    let app = TestApp::start().await;
    alliance(&app).await;
    let hub = app.app.store.hub();
    let seed = rand::random::<u64>();
    let mut rng = StdRng::seed_from_u64(seed);
    let group = hub.add_group(app.org("alpha"), "G".into(), rng.random_bool(0.5), app.now()).await.expect("a group");
    let mut people = Vec::new();
    for org in ORGS {
        let role = Role::ALL[rng.random_range(0..Role::ALL.len())];
        people.push((org, app.person_of(org, role).await));
    }
    for round in 0..8 {
        for _ in 0..4 {
            let (owner, other) = (app.org(ORGS[rng.random_range(0..3)]), app.org(ORGS[rng.random_range(0..3)]));
            let class = DataClass::ALL[rng.random_range(0..DataClass::ALL.len())];
            let audience = [Audience::Everyone, Audience::Group(group), Audience::Organisation(other)][rng.random_range(0..3)];
            let level = [None, Some(Level::None), Some(Level::Aggregate), Some(Level::Summary), Some(Level::Detail)][rng.random_range(0..5)];
            hub.set_rule(owner, class, audience, level, app.now()).await.expect("a rule");
            if rng.random_bool(0.5) {
                hub.invite(group, app.org("alpha"), other, app.now()).await.expect("an invitation");
                hub.join(group, other, app.now()).await.expect("a member");
            } else {
                hub.leave(group, other, app.now()).await.expect("nobody");
            }
        }
        let version = hub.sharing_version().await.expect("a version");
        app.app.clock.advance(2 * SECOND);
        eventually("the rules are read", async || (app.app.live.board().sharing.version == version).then_some(())).await;
        for (org, person) in &people {
            println!("seed {seed}, round {round}, {org}");
            let page = every_number_is_a_number_of_rows(&app, person, org).await;
            let seen: Vec<f64> = person.get("/csv/orgs").await.csv().iter().filter_map(|row| row[3].parse().ok()).collect();
            let mean = seen.iter().sum::<f64>() / seen.len() as f64;
            // The file has tenths of a point. What is shown no longer may hold the index down, and never raises it.
            let (score, exact) = (page.index.score.expect("an index"), !page.index.held);
            assert!(score < mean + 0.06 && (!exact || score > mean - 0.06), "{score} is no mean of {seen:?}");
            assert_eq!(page.coverage.reporting() as usize, seen.len());
            assert_eq!(page.coverage.total() as usize, ORGS.len(), "those that are not shown count as such");
        }
    }
}

/// How many records a list counts beside its rows.
fn beside(page: &str) -> u64 {
    let Some((_, rest)) = page.split_once("<ul class=\"beside-counts\">") else { return 0 };
    let list = rest.split("</ul>").next().unwrap_or_default();
    list.split("<b>").skip(1).filter_map(|n| n.split('<').next()?.replace(',', "").parse::<u64>().ok()).sum()
}

/// Asks every number of the overview, the lists and the organisations, and counts the rows behind it as the same viewer lists them.
async fn every_number_is_a_number_of_rows(app: &TestApp, person: &Person<'_>, org: &str) -> Collective {
    {
        // What the list of the same filters holds: its rows, and what it counts beside them under organisations' names.
        let rows = async |list: &str, query: &str| {
            let listed = person.get(&format!("/csv/{list}{query}")).await.csv().len() as u64;
            listed + beside(&person.page(&format!("/{list}{query}")).await)
        };
        let page = collective(app, person, org).await;
        let critical = rows("incidents", "?sev=critical").await;
        assert_eq!(u64::from(page.critical.open), critical, "{org}");
        // What is no longer shown is no row, and is said to be at least as many.
        let least = if page.critical.is_partial() { "at least " } else { "" };
        let number = format!("Open critical {least}{}", critical + u64::from(page.critical.withdrawn));
        assert!(words(&person.page("/").await).contains(&number), "{org}: {}", words(&person.page("/").await));
        assert_eq!(rows("incidents", "?sev=critical&status=open").await, critical, "where the number leads");
        assert_eq!(page.indicators_total, rows("indicators", "").await, "{org}");
        for total in &page.indicators {
            assert_eq!(total.count, rows("indicators", &format!("?tlp={}", total.tlp.name().replace('+', "%2B"))).await, "{org} {}", total.tlp);
        }
        let shared = person.get("/csv/indicators?seen=2").await.csv();
        assert_eq!(page.indicators_shared, shared.len() as u64, "{org}");
        assert!(page.indicators_shared_things <= page.indicators_shared && (page.indicators_shared_things > 0) != shared.is_empty(), "{org}");
        let shown = words(&person.page("/indicators?seen=2").await);
        assert!(shared.is_empty() || shown.contains(&format!("{} report", shared.len())), "{org}: {shown}");
        assert_eq!(page.open_incidents, rows("incidents", "?status=open").await, "{org}");
        for matrix in person.get("/csv/orgs").await.csv().into_iter().filter(|row| !row[0].is_empty()) {
            let (slug, open) = (&matrix[0], &matrix[12]);
            let text = words(&person.page(&format!("/orgs/{slug}")).await);
            let Ok(open) = open.parse::<u64>() else {
                assert!(open.is_empty() && text.contains("Incidents, and how many of them are open, is not shared with you"), "{org} sees {slug}: {text}");
                continue;
            };
            assert_eq!(open, rows("incidents", &format!("?org={slug}")).await, "{org} sees {slug}");
            let least = if matrix[15] == "true" { "at least " } else { "" };
            assert!(text.contains(&format!("{least}{open} open")), "{org} sees {slug}: {text}");
        }
        for list in ["incidents?status=open", "incidents?status=resolved", "incidents?status=any", "events?range=7d"] {
            let (list, query) = list.split_once('?').expect("a query");
            let listed = rows(list, &format!("?{query}")).await;
            let text = words(&person.page(&format!("/{list}?{query}")).await);
            assert!(text.contains(&format!("{listed} ")), "{org} {list} {query}: {listed} in {text}");
        }
        page
    }
}

#[tokio::test]
async fn the_index_is_capped_only_by_incidents_one_may_see() {
    let app = TestApp::start().await;
    let alpha = app.partner("alpha").await;
    alpha.push("metrics", &items([sample(98.0, &app.at(-MINUTE))])).await;
    alpha.push("incidents", &items([incident("secret", "critical", "RED")])).await;
    let (own, other) = (app.person_of("alpha", Role::Executive).await, app.person_of("beta", Role::Executive).await);
    let score = async |person: &Person<'_>| person.get("/csv/orgs").await.csv().into_iter().find(|r| r[0] == "alpha").expect("a row")[3].clone();
    assert_eq!((score(&own).await.as_str(), score(&other).await.as_str()), ("60.0", "100.0"));
}

/// ASVS 1.2.10: formulas in CSV are escaped.
#[tokio::test]
async fn cells_that_a_spreadsheet_would_run_are_disarmed() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    partner.push("incidents", &items([with(incident("=1+1", "low", "GREEN"), "title", "@SUM(A1)")])).await;
    let row = app.person(Role::Analyst).await.get("/csv/incidents").await.csv().remove(0);
    assert_eq!((row[1].as_str(), row[2].as_str()), ("'=1+1", "'@SUM(A1)"));
}

#[tokio::test]
async fn long_lists_are_whole_across_their_pages() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    partner.push("incidents", &items((0..130).map(|i| incident(&format!("i{i}"), ["critical", "high", "low"][i % 3], "GREEN")))).await;
    let person = app.person(Role::Analyst).await;
    for sort in ["", "-opened", "opened", "-updated"] {
        let rows = person.get(&format!("/csv/incidents?sort={sort}")).await.csv();
        let ids: std::collections::BTreeSet<_> = rows.iter().map(|r| r[1].clone()).collect();
        assert_eq!((rows.len(), ids.len()), (130, 130), "{sort}");
    }
}

/// Arrow, sentence, list and the sum of the parts speak of one change, whatever the days before were.
#[tokio::test]
async fn change_of_a_score_is_one_number() {
    let app = TestApp::start().await;
    let mut rng = StdRng::seed_from_u64(30);
    app.partner("alpha").await.push("metrics", &items([sample(92.0, &app.at(-MINUTE))])).await;
    app.partner("alpha").await.push("incidents", &items([incident("a", "critical", "GREEN"), incident("b", "critical", "GREEN")])).await;
    app.settle().await;
    let person = app.person(Role::Analyst).await;
    for _ in 0..8 {
        let (org, today) = (app.app.live.board().by_slug("alpha").expect("alpha").info.id, app.now().day());
        let day = |ago: i64, score: f64| {
            let (low, high, known) = (score, score, Some(score));
            let (domains, critical_public, critical_any) = ([known; 6], false, false);
            DayRow { org, day: today - ago, policy_version: 1, score: known, last: known, low, high, coverage: 1.0, domains, critical_public, critical_any }
        };
        let rows = (1..40).map(|ago| day(ago, f64::from(rng.random_range(61_000..100_000)) / 1_000.0)).collect();
        app.app.store.hub().set_days(rows).await.expect("days");
        app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
        let pages = viewing(&app, &person, "alpha").await;
        let matrix = pages.organisations(PageQuery::default()).await.expect("the list");
        let page = pages.organisation("alpha".into(), PageQuery::default()).await.expect("the page");
        let arrow = page.change.expect("a change");
        let takeaway = &page.history.takeaway;
        assert!(takeaway.starts_with(&format!("Fell {:.1} points, from {:.1} to 60.0, in 30 days;", -arrow, 60.0 - arrow)), "{arrow}: {takeaway}");
        let sum: f64 = page.causes.iter().map(|cause| cause.points).sum();
        assert!((sum - arrow).abs() < 1e-6, "{arrow}: {:?}", page.causes);
        assert!(page.causes.iter().any(|cause| cause.text == "2 critical incidents opened"), "{:?}", page.causes);
        let row = matrix.rows.into_iter().find(|row| row.org.slug == "alpha").expect("alpha");
        assert_eq!(row.change, Some(arrow));
    }
}

/// The index, its changes and the chart are of one span for all who look. A range that a reader chose on another page goes along, and moves none of them.
#[tokio::test]
async fn a_range_goes_along_over_the_overview_and_moves_no_number_of_it() {
    let app = TestApp::start().await;
    app.partner("alpha").await.push("incidents", &items([with(incident("A", "high", "GREEN"), "opened_at", app.at(-20 * DAY))])).await;
    app.settle().await;
    let person = app.person(Role::Executive).await;
    let weeks = person.get("/csv/collective").await.csv();
    assert_eq!((weeks.len(), weeks.iter().filter(|week| week[1] == "1").count()), (18, 1), "{weeks:?}");
    for range in ["7d", "2y", "2025-01-01..2025-06-01"] {
        assert_eq!(person.get(&format!("/csv/collective?range={range}")).await.csv(), weeks, "{range}");
        let page = person.page(&format!("/?range={range}")).await;
        assert!(page.contains(&format!("\"/orgs?range={range}\"")) && page.contains("\"/csv/collective\""), "{range}: {page}");
    }
}
