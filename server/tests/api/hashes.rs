//! Keyed hashes in place of values, and who else reported the same thing: found all the same, told as far as each organisation lets it.

use crate::{
    support::*,
    unshared::{gives_away, overviews, records},
};
use domain::{DAY, DataClass, Level, OrgId, Role, SECOND, sharing::Audience};
use serde_json::{Value, json};
use store::Org;

const SECRET: &str = "secret-9f31.example";

async fn share(app: &TestApp, org: &str, level: Level) {
    let hub = app.app.store.hub();
    hub.set_rule(app.org(org), DataClass::Indicators, Audience::Everyone, Some(level), app.now()).await.expect("a rule");
    let version = hub.sharing_version().await.expect("a version");
    app.app.clock.advance(2 * SECOND);
    eventually("the rules are read", async || (app.app.live.board().sharing.version == version).then_some(())).await;
}

/// Organisations beside the usual three.
async fn join(app: &TestApp, slugs: &[&str]) {
    for slug in slugs {
        let org = Org {
            id: OrgId(0),
            slug: (*slug).into(),
            name: format!("{} Works", slug.to_uppercase()),
            sector: "water".into(),
            country: "NO".into(),
            assets: None,
            interval: INTERVAL,
            weight: 1.0,
            last_data_at: None,
            confirmed: true,
        };
        app.app.store.hub().add_organisation(org, app.now()).await.expect("an organisation");
    }
    app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
}

#[tokio::test]
async fn partners_share_one_key_that_takes_the_scope_of_indicators() {
    let app = TestApp::start().await;
    let said = app.partner("alpha").await.get("alliance-key").await;
    let key = said.json()["key"].as_str().expect("a key").to_owned();
    assert!(said.status == 200 && key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()), "{}", said.text());
    assert_eq!(said.json()["algorithm"], "HMAC-SHA-256");
    assert!(said.header("cache-control").contains("no-store"), "{}", said.header("cache-control"));
    assert_eq!(app.partner_with("beta", "indicators").await.get("alliance-key").await.json()["key"], key);
    let other = app.partner_with("beta", "metrics incidents events").await;
    let refused = other.get("alliance-key").await;
    assert_eq!(refused.status, 403);
    assert!(refused.problem()["detail"].as_str().is_some_and(|d| d.contains("indicators")) && !refused.text().contains(&key));
    assert_eq!(app.get("/api/v1/alliance-key").await.status, 401);
    // The refusal is in the trail.
    let trail = app.person_of("beta", Role::OrgAdmin).await.get("/admin/audit.jsonl").await.text();
    assert!(trail.lines().any(|line| line.contains(&other.name) && line.contains("indicators")), "{trail}");
}

#[tokio::test]
async fn an_indicator_has_a_value_or_an_hmac() {
    let app = TestApp::start().await;
    let partner = app.partner("alpha").await;
    let hash = hashed(&app, SECRET, "GREEN").await;
    for (item, pointer, code) in [
        (with(hash.clone(), "value", SECRET), "/items/0/hmac", "contradiction"),
        (without(hash.clone(), "hmac"), "/items/0/value", "missing_field"),
        (with(hash.clone(), "hmac", "3f2a"), "/items/0/hmac", "bad_value"),
        (with(hash.clone(), "hmac", "g".repeat(64)), "/items/0/hmac", "bad_value"),
        (with(hash.clone(), "hmac", json!(7)), "/items/0/hmac", "wrong_type"),
        (with(hash.clone(), "type", "colour"), "/items/0/type", "bad_value"),
    ] {
        let answer = partner.post("indicators", &items([item.clone()])).await;
        assert_eq!((answer.status, answer.pointers()), (422, vec![pointer.to_owned()]), "{item}");
        assert_eq!(answer.json()["receipt"]["failures"][0]["code"], code, "{item}");
    }
    // Capital digits are the same digits.
    let upper = hash["hmac"].as_str().expect("a hash").to_uppercase();
    partner.push("indicators", &items([with(hash.clone(), "hmac", upper), hash])).await;
    assert_eq!(app.person(Role::Analyst).await.get("/csv/indicators").await.csv().len(), 1);
}

#[tokio::test]
async fn who_saw_the_same_is_found_though_nobody_told_it() {
    let app = TestApp::start().await;
    let (alpha, beta) = (app.partner("alpha").await, app.partner("beta").await);
    let hash = hashed(&app, SECRET, "GREEN").await;
    alpha.push("indicators", &items([hash.clone()])).await;
    // Nothing that anybody is shown, or that is kept, holds the value.
    let mut paths = overviews();
    paths.extend(records(&app, "alpha").await);
    for org in ORGS {
        let person = app.person_of(org, Role::OrgAdmin).await;
        for path in &paths {
            assert!(!gives_away(&person.get(path).await, SECRET), "{org} at {path}");
        }
    }
    assert!(app.contents().await.iter().all(|bytes| !bytes.windows(SECRET.len()).any(|w| w == SECRET.as_bytes())));
    let person = app.person_of("gamma", Role::Analyst).await;
    let digits = hash["hmac"].as_str().expect("a hash");
    let shown = format!("keyed hash {}…", &digits[..8]);
    assert!(person.page("/indicators").await.contains(&shown));
    assert!(person.get("/csv/indicators?seen=2").await.csv().is_empty());
    // Beta tells it.
    beta.push("indicators", &items([indicator(&SECRET.to_uppercase(), "GREEN"), indicator("other.example", "GREEN")])).await;
    let rows = person.get("/csv/indicators?seen=2").await.csv();
    let told: Vec<_> = rows.iter().map(|r| (r[0].as_str(), r[2].as_str(), r[6].as_str(), r[8].as_str())).collect();
    assert_eq!(told, [("beta", SECRET, "2", ""), ("alpha", "", "2", digits)]);
    let page = person.page(&link(&person.page("/indicators?q=secret").await, "/indicators/")).await;
    assert!(page.contains("ALPHA Works") && words(&page).contains("2 organisations that you may see reported this"), "{}", words(&page));
    // Alpha tells it, too: it stays one organisation.
    alpha.push("indicators", &items([indicator(SECRET, "GREEN")])).await;
    let rows = person.get("/csv/indicators?seen=2").await.csv();
    assert_eq!(rows.iter().map(|r| r[6].as_str()).collect::<Vec<_>>(), ["2", "2", "2"]);
    assert!(words(&person.page("/").await).contains("3 seen by more than one organisation"), "{}", words(&person.page("/").await));
    // A snapshot names an indicator by its hash as well.
    alpha.push("indicators?mode=snapshot", &items([hash.clone()])).await;
    let rows = person.get("/csv/indicators?org=alpha").await.csv();
    assert_eq!(rows.iter().map(|r| r[8].as_str()).collect::<Vec<_>>(), [digits]);
}

/// What the page of alpha's one indicator says of who else saw it.
async fn story(app: &TestApp) -> (String, Vec<Vec<String>>) {
    let person = app.person_of("alpha", Role::Analyst).await;
    let page = person.page(&link(&person.page("/indicators?org=alpha").await, "/indicators/")).await;
    (words(&page), person.get("/csv/indicators?org=alpha").await.csv())
}

#[tokio::test]
async fn names_for_a_summary_and_three_or_more_for_totals() {
    let app = TestApp::start().await;
    join(&app, &["delta", "epsilon", "zeta", "eta", "theta"]).await;
    share(&app, "beta", Level::Summary).await;
    share(&app, "gamma", Level::None).await;
    for org in ["delta", "epsilon", "zeta", "eta"] {
        share(&app, org, Level::Aggregate).await;
    }
    for org in ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"] {
        app.partner(org).await.push("indicators", &items([hashed(&app, SECRET, "GREEN").await])).await;
    }
    // Before the card that tells alpha to whom it shows its own report.
    let tells = |text: &str, org: &str| text.split("Who can see it").next().is_some_and(|told| told.contains(&format!("{} Works", org.to_uppercase())));
    let (text, rows) = story(&app).await;
    assert_eq!((rows[0][6].as_str(), rows[0][7].as_str()), ("2", ""), "itself, and beta by name");
    assert!(tells(&text, "beta") && text.contains("Shares counts only"), "{text}");
    assert!(["gamma", "delta", "epsilon", "zeta"].iter().all(|org| !tells(&text, org)) && !text.contains("not named"), "{text}");
    // Three of five are told of, from the week on after they reported it. Who was shown by name before is none of the five: what he reported is known.
    share(&app, "theta", Level::Aggregate).await;
    assert_eq!(story(&app).await.1[0][7], "", "this week's reports wait");
    app.app.clock.advance(7 * DAY);
    eventually("this week's members are settled", async || (story(&app).await.1[0][7] == "3 or more").then_some(())).await;
    let (text, rows) = story(&app).await;
    assert_eq!((rows[0][6].as_str(), rows[0][7].as_str()), ("2", "3 or more"));
    assert!(text.contains("2 organisations that you may see reported this value, and 3 or more organisations that are not named."), "{text}");
    assert!(["gamma", "delta", "epsilon", "zeta"].iter().all(|org| !tells(&text, org)), "{text}");
    // Unnamed ones alone make a thing seen by several, and the number leads to the row.
    share(&app, "beta", Level::None).await;
    let person = app.person_of("alpha", Role::Executive).await;
    let seen: Vec<Vec<String>> = person.get("/csv/indicators?seen=2").await.csv();
    assert_eq!((seen.len(), seen[0][6].as_str(), seen[0][7].as_str()), (1, "1", "3 or more"));
    assert!(words(&person.page("/").await).contains("1 seen by more than one organisation"));
    assert!(words(&person.page("/indicators?seen=2").await).contains("1 and 3 or more unnamed"));
    // One that shows nothing any more, or all again, tells by that of nobody what it reported: who is counted stands for the week.
    share(&app, "zeta", Level::None).await;
    assert_eq!(story(&app).await.1[0][7], "3 or more");
    share(&app, "zeta", Level::Aggregate).await;
    share(&app, "gamma", Level::Aggregate).await;
    assert_eq!(story(&app).await.1[0][7], "3 or more");
    // One that marks it RED is counted for nobody.
    app.partner("delta").await.push("indicators", &items([hashed(&app, SECRET, "RED").await])).await;
    let (text, rows) = story(&app).await;
    assert_eq!((rows[0][6].as_str(), rows[0][7].as_str()), ("1", ""), "{text}");
    assert!(person.get("/csv/indicators?seen=2").await.csv().is_empty());
}

#[tokio::test]
async fn a_record_that_shows_counts_only_is_none_to_open() {
    let app = TestApp::start().await;
    for org in ["alpha", "beta"] {
        app.partner(org).await.push("indicators", &items([with(indicator(SECRET, "GREEN"), "description", format!("words of {org}"))])).await;
    }
    let theirs: Vec<_> = records(&app, "beta").await.into_iter().filter(|path| path.starts_with("/indicators/")).collect::<Vec<_>>();
    for level in [Level::Summary, Level::Aggregate, Level::None] {
        share(&app, "beta", level).await;
        let person = app.person_of("alpha", Role::Analyst).await;
        assert_eq!(person.get(&theirs[0]).await.status, 404, "{level:?}");
        let rows: Vec<Value> = person.get("/csv/indicators").await.csv().into_iter().map(|row| json!([row[0], row[6]])).collect();
        assert_eq!(rows, [json!(["alpha", if level == Level::Summary { "2" } else { "1" }])], "{level:?}");
        for path in ["/indicators", "/indicators?seen=2", "/csv/indicators", &link(&person.page("/indicators").await, "/indicators/")] {
            assert!(!gives_away(&person.get(path).await, "words of beta"), "{level:?} at {path}");
        }
    }
}
