//! What each level shows of records: nothing, a part of a total, numbers under a name, or every record.

use crate::support::*;
use domain::{DAY, DataClass, Level, MINUTE, Role, SECOND, sharing::Audience};
use serde_json::json;

/// Organisations that share their incidents in totals only, with how many each has.
const UNNAMED: [(&str, usize); 3] = [("delta", 12), ("epsilon", 13), ("zeta", 14)];
const WORDS: &str = "nobody-reads-this";

async fn share(app: &TestApp, org: &str, class: DataClass, level: Level) {
    let hub = app.app.store.hub();
    hub.set_rule(app.org(org), class, Audience::Everyone, Some(level), app.now()).await.expect("a rule");
    let version = hub.sharing_version().await.expect("a version");
    app.app.clock.advance(2 * SECOND);
    eventually("the rules are read", async || (app.app.live.board().sharing.version == version).then_some(())).await;
}

#[tokio::test]
async fn a_summary_is_numbers_under_a_name_and_no_record() {
    let app = TestApp::start().await;
    let alpha = app.partner("alpha").await;
    let titled = |id: &str, severity: &str, tlp: &str| with(incident(id, severity, tlp), "title", WORDS);
    alpha.push("incidents", &items([titled("a", "critical", "GREEN"), titled("b", "high", "CLEAR"), titled("c", "critical", "RED")])).await;
    let detected = |id: &str, tlp: &str| with(event(id, tlp, &app.at(-MINUTE)), "title", WORDS);
    alpha.push("events", &items([detected("e", "GREEN"), detected("f", "AMBER+STRICT")])).await;
    alpha.push("indicators", &items([indicator(&format!("{WORDS}.example"), "GREEN"), indicator("red.example", "RED")])).await;
    alpha.push("metrics", &items([sample(98.0, &app.at(-MINUTE))])).await;
    for class in DataClass::of_records() {
        share(&app, "alpha", class, Level::Summary).await;
    }
    app.settle().await;
    let person = app.person_of("beta", Role::Analyst).await;
    let page = async |path: &str| words(&person.page(path).await);
    // What is RED or for named ones only is in no number of others.
    let queue = page("/incidents").await;
    assert!(queue.contains("2 open incidents") && queue.contains("2 more, counted in the number above") && queue.contains("ALPHA"), "{queue}");
    assert!(page("/incidents?sev=critical").await.contains("1 open critical incident"));
    assert!(page("/events?range=7d").await.contains("1 event, last 7 days"), "{}", page("/events?range=7d").await);
    assert!(page("/indicators").await.contains("1 indicator"));
    let org = page("/orgs/alpha").await;
    assert!(org.contains("Only numbers are shared with you") && org.contains("2 open") && org.contains("1 event in 30 days"), "{org}");
    assert!(page("/").await.contains("Open critical 1"), "{}", page("/").await);
    // A critical incident that is counted caps the score that is shown, as one that is read does.
    assert!(person.get("/csv/orgs").await.csv().iter().any(|row| row[0] == "alpha" && row[3] == "60.0" && row[12] == "2"));
    for path in
        ["/incidents", "/incidents?status=any", "/events?range=7d", "/indicators", "/orgs/alpha", "/", "/csv/incidents", "/csv/events", "/csv/indicators"]
    {
        let text = person.get(path).await.text();
        assert!(!text.contains(WORDS) && !text.contains("red.example"), "{path}");
    }
    // Nor does a search tell whether a record that is only counted holds some words.
    for path in [format!("/incidents?q={WORDS}"), format!("/events?q={WORDS}&range=7d"), format!("/indicators?q={WORDS}")] {
        assert!(page(&path).await.contains("No "), "{path}: {}", page(&path).await);
        assert!(!page(&path).await.contains("counted in the number above"), "{path}");
    }
    share(&app, "alpha", DataClass::Incidents, Level::None).await;
    let hidden = page("/orgs/alpha").await;
    assert!(hidden.contains("is not shared with you") && !hidden.contains("2 open"), "not shared is not zero: {hidden}");
    assert!(page("/incidents").await.contains("1 organisation does not share incidents with you, which does not mean zero"));
    assert!(person.get("/csv/orgs").await.csv().iter().any(|row| row[0] == "alpha" && row[12].is_empty()));
}

async fn unnamed(app: &TestApp) {
    for (slug, _) in UNNAMED {
        let org = an_organisation(slug);
        app.app.store.hub().add_organisation(org, app.now()).await.expect("an organisation");
    }
    app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
    // What was shown by name before is in no total.
    for (slug, _) in UNNAMED {
        share(app, slug, DataClass::Incidents, Level::None).await;
    }
    for (slug, n) in UNNAMED {
        let many = (0..n).map(|i| incident(&format!("{slug}-{i}"), "high", if i % 2 == 0 { "GREEN" } else { "CLEAR" }));
        // What does not reach everyone is in no total.
        let kept = (0..50).map(|i| incident(&format!("{slug}-kept-{i}"), "high", ["AMBER", "RED"][i % 2]));
        app.partner(slug).await.push("incidents", &items(many.chain(kept).collect::<Vec<_>>())).await;
    }
}

#[tokio::test]
async fn totals_count_from_three_on_stand_for_a_week_and_name_nobody() {
    let app = TestApp::start().await;
    unnamed(&app).await;
    let person = app.person_of("beta", Role::Analyst).await;
    let overview = async || words(&person.page("/").await);
    for (slug, _) in &UNNAMED[..2] {
        share(&app, slug, DataClass::Incidents, Level::Aggregate).await;
    }
    assert!(overview().await.contains("2 organisations share their incidents only in totals; their total is hidden"), "{}", overview().await);
    share(&app, "zeta", DataClass::Incidents, Level::Aggregate).await;
    let total = "3 organisations share their incidents only in totals; about 40 of 3 unnamed ones were open when this week's count was made";
    assert!(overview().await.contains(total), "{}", overview().await);
    let queue = words(&person.page("/incidents").await);
    assert!(queue.contains(total) && queue.contains("0 open incidents"), "it is in no number of the page: {queue}");
    for (slug, _) in UNNAMED {
        for path in ["/incidents", "/csv/incidents"] {
            assert!(!person.get(path).await.text().contains(&slug.to_uppercase()), "{path} names {slug}");
        }
    }
    // It stands until the week ends, whatever comes in and whoever comes and goes.
    app.partner("zeta").await.push("incidents", &items((0..30).map(|i| incident(&format!("more-{i}"), "high", "GREEN")).collect::<Vec<_>>())).await;
    share(&app, "delta", DataClass::Incidents, Level::None).await;
    let gone = overview().await;
    assert!(gone.contains("about 40 of 3 unnamed ones"), "{gone}");
    app.app.clock.advance(7 * DAY);
    app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
    // A session does not last that long.
    let person = app.person_of("beta", Role::Analyst).await;
    let overview = async || words(&person.page("/").await);
    assert!(overview().await.contains("2 organisations share their incidents only in totals; their total is hidden"), "{}", overview().await);
    // Who shows more than totals is not in them as well.
    share(&app, "delta", DataClass::Incidents, Level::Aggregate).await;
    share(&app, "epsilon", DataClass::Incidents, Level::Summary).await;
    assert!(!overview().await.contains("about 40"));
}

#[tokio::test]
async fn ones_own_data_with_anothers_eyes_is_what_the_other_sees() {
    let app = TestApp::start().await;
    let alpha = app.partner("alpha").await;
    alpha.push("metrics", &items([sample(91.0, &app.at(-MINUTE))])).await;
    let named = |id: &str, tlp: &str, orgs: serde_json::Value| with(with(incident(id, "high", tlp), "title", format!("title-{id}")), "recipients", orgs);
    alpha.push("incidents", &items([named("g", "GREEN", json!([])), named("r", "RED", json!(["beta"])), named("s", "AMBER+STRICT", json!(["gamma"]))])).await;
    app.settle().await;
    let admin = app.person_of("alpha", Role::OrgAdmin).await;
    let eyes = async |query: &str| words(&admin.page(&format!("/admin/sharing/as?{query}")).await);
    for (org, sees, not) in [("beta", ["title-g", "title-r"], "title-s"), ("gamma", ["title-g", "title-s"], "title-r")] {
        let page = eyes(&format!("org={org}")).await;
        assert!(sees.iter().all(|title| page.contains(title)) && !page.contains(not), "{org}: {page}");
        let really = app.person_of(org, Role::Analyst).await.get("/csv/incidents").await.text();
        assert!(sees.iter().all(|title| really.contains(title)) && !really.contains(not), "{org}: {really}");
        assert!(page.contains("They see 2 of your open ones; 1 stay with you by their marking"), "{page}");
    }
    // The same after a change that is not saved, and nothing is.
    let narrowed = eyes("org=beta&class=incidents&audience=everyone&level=summary").await;
    assert!(narrowed.contains("with this change, which is not saved: Incidents for everyone: numbers only") && !narrowed.contains("title-g"), "{narrowed}");
    assert!(narrowed.contains("They are told the number 2; 1 more are in none of their numbers"), "{narrowed}");
    assert!(eyes("org=beta").await.contains("title-g"));
    assert!(eyes("org=beta&class=posture&audience=everyone&level=summary").await.contains("scores only"));
    // Of others there is nothing to see, whoever asks.
    app.partner("beta").await.push("incidents", &items([with(incident("b", "high", "GREEN"), "title", "title-of-beta")])).await;
    assert!(!eyes("org=gamma").await.contains("title-of-beta"));
    let (absent, own) = (admin.get("/admin/sharing/as?org=nowhere").await.status, admin.get("/admin/sharing/as?org=alpha").await.status);
    assert_eq!((absent, own), (404, 404));
}

#[tokio::test]
async fn a_record_says_to_its_owner_who_sees_it_and_why() {
    let app = TestApp::start().await;
    let alpha = app.partner("alpha").await;
    alpha.push("incidents", &items([with(incident("a", "high", "AMBER+STRICT"), "recipients", json!(["beta"]))])).await;
    app.settle().await;
    let (own, other) = (app.person_of("alpha", Role::Analyst).await, app.person_of("beta", Role::Analyst).await);
    let path = own
        .page("/incidents")
        .await
        .split("href=\"/incidents/")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .map(|id| format!("/incidents/{id}"))
        .expect("its page");
    let mine = words(&own.page(&path).await);
    assert!(
        mine.contains("1 other organisation sees it now, and why") && mine.contains("named on it, by what your organisation confirmed for everyone"),
        "{mine}"
    );
    let theirs = words(&other.page(&path).await);
    assert!(theirs.contains("TLP:AMBER+STRICT") && !theirs.contains("sees it now, and why"), "{theirs}");
    share(&app, "alpha", DataClass::Incidents, Level::Summary).await;
    assert!(words(&own.page(&path).await).contains("Nobody outside your organisation sees it now"));
}

#[tokio::test]
async fn every_page_says_how_far_it_may_travel() {
    let app = TestApp::start().await;
    let alpha = app.partner("alpha").await;
    alpha.push("incidents", &items([incident("a", "high", "GREEN")])).await;
    let receipt = alpha.push("incidents", &items([incident("b", "high", "RED")])).await;
    app.settle().await;
    let person = app.person_of("alpha", Role::OrgAdmin).await;
    let paths = [
        "/",
        "/orgs",
        "/orgs/alpha",
        "/incidents",
        "/events",
        "/indicators",
        "/receipts",
        "/connect",
        "/account",
        "/decisions",
        "/status",
        "/about/scoring",
        "/admin/sharing",
        "/admin/sharing/as",
        "/admin/groups",
        "/admin/users",
        "/admin/keys",
        "/admin/policy",
        "/admin/audit",
    ];
    for path in paths {
        assert!(person.page(path).await.contains(">TLP:"), "{path}");
    }
    let badge = async |person: &Person<'_>, path: &str| {
        let page = person.page(path).await;
        page.split("class=\"page-head\"")
            .nth(1)
            .and_then(|head| head.split("TLP:").nth(1))
            .map(|rest| words(rest.split("</span>").next().unwrap_or_default()))
            .expect("a marking")
    };
    assert_eq!(badge(&person, "/incidents").await, "RED");
    assert_eq!(badge(&person, &format!("/receipts/{}", receipt["id"].as_str().expect("an id"))).await, "RED");
    let other = app.person_of("beta", Role::Analyst).await;
    assert_eq!((badge(&other, "/incidents").await.as_str(), badge(&other, "/orgs").await.as_str()), ("GREEN", "AMBER+STRICT"));
}
