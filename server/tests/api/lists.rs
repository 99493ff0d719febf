//! Lists, their files, counts and searches say the same.

use crate::support::*;
use domain::{
    DAY, MINUTE, Role,
    decision::{AlertLevel, DecisionKind, Effect, Right},
};

/// The address of the file that a page is linked with.
fn file(page: &str) -> String {
    link(page, "/csv/")
}

#[tokio::test]
async fn a_file_is_the_whole_list_whichever_page_links_it() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    partner.push("incidents", &items((0..320).map(|i| with(incident(&format!("i{i}"), "high", "GREEN"), "status", ["new", "closed"][i % 2])))).await;
    partner.push("indicators", &items((0..320).map(|i| indicator(&format!("h{i}.example"), "GREEN")))).await;
    partner.push("events", &items((0..70).map(|i| event(&format!("e{i}"), "GREEN", &app.at(-MINUTE))))).await;
    let person = app.person_of("beta", Role::Analyst).await;
    for (list, rows) in [("/incidents?status=any", 320), ("/incidents", 160), ("/indicators", 320), ("/events?range=7d", 70)] {
        let first = person.page(list).await;
        let second = person.page(&link(&first, &format!("{}cursor=", list.to_owned() + if list.contains('?') { "&amp;" } else { "?" }))).await;
        assert_eq!(file(&first), file(&second), "{list}");
        let whole = person.get(&file(&second)).await.csv();
        let different: std::collections::BTreeSet<_> = whole.iter().collect();
        assert_eq!((whole.len(), different.len()), (rows, rows), "{list}");
        let at = |path: &str| path.replacen('/', "/csv/", 1);
        assert_eq!(person.get(&at(list)).await.csv(), whole);
    }
    let cursor = link(&person.page("/incidents").await, "/incidents?cursor=").replacen('/', "/csv/", 1);
    assert_eq!(person.get(&cursor).await.csv().len(), 160, "a file has no pages");
}

#[tokio::test]
async fn a_search_finds_what_its_field_promises() {
    let app = TestApp::start().await;
    let (alpha, beta) = (app.partner("alpha").await, app.partner("beta").await);
    let titled = |id: &str, title: &str| with(incident(id, "low", "GREEN"), "title", title);
    alpha.push("incidents", &items([titled("oeff-1", "Öffentlicher Dienst gestört"), titled("gr-2", "Επίθεση στον Οδυσσεύς")])).await;
    beta.push("incidents", &items([titled("be-3", "Mail outage")])).await;
    beta.push("events", &items([with(event("ev-4", "GREEN", &app.at(-MINUTE)), "title", "Ложный Йод")])).await;
    beta.push("indicators", &items([indicator("login.example", "GREEN"), with(indicator("192.0.2.0/24", "GREEN"), "type", "ipv4-addr")])).await;
    let person = app.person_of("gamma", Role::Analyst).await;
    for (path, found) in [
        ("incidents?q=%C3%96ffentlicher", 1),
        ("incidents?q=offentlicher", 1),
        ("incidents?q=%C3%96FFENTLICHER%20dienst", 1),
        ("incidents?q=%CE%BF%CE%B4%CF%85%CF%83%CF%83%CE%B5%CF%85%CF%83", 1),
        ("incidents?q=BETA", 1),
        ("incidents?q=works", 3),
        ("incidents?q=alpha%20dienst", 1),
        ("incidents?q=beta%20dienst", 0),
        ("incidents?q=be-3", 1),
        ("events?range=7d&q=%D0%B9%D0%BE%D0%B4", 1),
        ("events?range=7d&q=beta", 1),
        ("indicators?q=LOGIN.Example", 1),
        ("indicators?q=login%5B.%5Dexam", 1),
        ("indicators?q=192.0.2.77", 1),
        ("indicators?q=beta", 2),
        ("indicators?q=alpha", 0),
    ] {
        assert_eq!(person.get(&format!("/csv/{path}")).await.csv().len(), found, "{path}");
        let page = words(&person.page(&format!("/{path}")).await);
        assert!(found == 0 || page.contains(&format!("{found} ")), "{path}: {page}");
    }
}

#[tokio::test]
async fn every_filter_in_force_is_seen_and_can_be_taken_off() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    partner.push("incidents", &items([incident("a", "high", "GREEN"), with(incident("b", "low", "GREEN"), "class", "malicious-code/c2-server")])).await;
    let person = app.person_of("beta", Role::Analyst).await;
    // Also those that nothing passes, which no facet counts.
    let page = person.page("/incidents?org=gamma&sev=critical&tlp=CLEAR&class=fraud%2Fphishing&q=zz").await;
    let text = words(&page);
    for chip in ["Organisation: GAMMA Works", "Severity: Critical", "TLP: CLEAR", "Class: Phishing", "“zz”"] {
        assert!(text.contains(&format!("{chip} ✕ , remove this filter")), "{chip}: {text}");
    }
    let page = person.page("/incidents?class=malicious-code%2Fc2-server").await;
    assert!(words(&page).contains("1 open incident") && words(&page).contains("C2 server 1") && words(&page).contains("Phishing 1"), "{}", words(&page));
    // A record and its way back keep the filter.
    let record = link(&page, "/incidents/");
    assert!(record.ends_with("?class=malicious-code%2Fc2-server"), "{record}");
    let page = person.page(&record).await;
    assert!(page.contains("href=\"/incidents?class=malicious-code%2Fc2-server\""), "the crumb: {page}");
    let page = person.page("/indicators?sev=high&kind=url&seen=2&org=alpha").await;
    for chip in ["Severity: High", "Type: url", "Reported by: Several organisations", "Organisation: ALPHA Works"] {
        assert!(words(&page).contains(chip), "{chip}: {}", words(&page));
    }
    assert!(words(&person.page("/orgs?q=gamma").await).contains("“gamma” ✕"));
}

#[tokio::test]
async fn what_several_reported_is_counted_once() {
    let app = TestApp::start().await;
    for org in ["alpha", "beta"] {
        app.partner(org).await.push("indicators", &items([indicator("control.example", "GREEN"), indicator(&format!("{org}.example"), "GREEN")])).await;
    }
    app.settle().await;
    let person = app.person_of("gamma", Role::Analyst).await;
    assert!(words(&person.page("/").await).contains("2 reports of 1 indicator seen by more than one organisation"));
    assert!(words(&person.page("/indicators?seen=2").await).contains("2 reports of 1 indicator seen by several organisations"));
}

#[tokio::test]
async fn one_metric_stands_across_all_organisations_that_show_it() {
    let app = TestApp::start().await;
    for (org, value) in [("alpha", 97.0), ("beta", 61.0)] {
        app.partner(org).await.push("metrics", &items([sample(value, &app.at(-MINUTE))])).await;
    }
    app.settle().await;
    let person = app.person_of("beta", Role::Executive).await;
    let page = words(&person.page(&format!("/metrics/{METRIC}")).await);
    let place = |name: &str| page.find(name).unwrap_or_else(|| panic!("{name} in {page}"));
    assert!(place("BETA Works") < place("ALPHA Works") && place("ALPHA Works") < place("GAMMA Works"), "the weakest first, the unknown last: {page}");
    assert!(page.contains("BETA Works yours 61 %"), "{page}");
    assert_eq!(person.get("/metrics/moon_phase").await.status, 404);
}

#[tokio::test]
async fn what_waits_for_somebody_stands_on_every_page() {
    let app = TestApp::start().await;
    let (analyst, coordinator) = (app.person_of("beta", Role::Analyst).await, app.person_of("beta", Role::Coordinator).await);
    assert!(!coordinator.page("/orgs").await.contains("vote open"));
    let hub = app.app.store.hub();
    let (user, _) = app.account("alpha", Role::Coordinator).await;
    let effect = Effect::AlertLevel { level: AlertLevel::High };
    let id = hub
        .propose(effect, "Two intrusions".into(), (app.org("alpha"), user), &Right::default_of(DecisionKind::AlertLevel), app.now())
        .await
        .expect("a decision");
    for path in ["/", "/orgs", "/account"] {
        assert!(coordinator.page(path).await.contains("1 vote open"), "{path}");
        assert!(!analyst.page(path).await.contains("vote open"), "{path}");
    }
    assert_eq!(coordinator.post("/decisions/vote", &[("id", &id.to_string()), ("choice", "for")]).await.status, 303);
    assert!(!coordinator.page("/").await.contains("vote open"));
}

#[tokio::test]
async fn signs_of_life_are_no_score() {
    let app = TestApp::start().await;
    for org in ORGS {
        app.partner(org).await.push("incidents", &items([incident("a", "low", "GREEN")])).await;
    }
    app.settle().await;
    let page = words(&app.person_of("beta", Role::Executive).await.page("/").await);
    assert!(page.contains("Blind: three organisations report, but no current value of any metric is known."), "{page}");
    assert!(!page.contains("all fresh") && !page.contains("on target and"), "{page}");
    assert!(page.contains("Open incidents 3"), "{page}");
}

#[tokio::test]
async fn a_change_is_one_number_wherever_it_stands() {
    let app = TestApp::start().await;
    let partner = app.partner_with("alpha", "metrics backfill").await;
    partner.push("metrics", &items([sample(91.3, &app.at(-31 * DAY))])).await;
    partner.push("metrics", &items([sample(77.7, &app.at(-MINUTE))])).await;
    app.settle().await;
    let page = words(&app.person(Role::Analyst).await.page("/orgs/alpha?range=90d").await);
    if let Some((_, rest)) = page.split_once("▼ down ") {
        let points = rest.split(' ').next().expect("points");
        assert!(points.contains('.') && page.contains(&format!("Sum −{points}")), "{points}: {page}");
    }
}
