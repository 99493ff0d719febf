//! Keyed hashes in place of values, and who else reported the same thing: found all the same, told as far as each organisation lets it.

use crate::{
    support::*,
    unshared::{gives_away, overviews, records},
};
use domain::{DAY, DataClass, Level, Role, SECOND, sharing::Audience};
use serde_json::{Value, json};

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
        let org = an_organisation(slug);
        app.app.store.hub().add_organisation(org, app.now()).await.expect("an organisation");
    }
    app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
}

#[tokio::test]
async fn partners_share_one_key_that_takes_the_scope_of_indicators() {
    let app = TestApp::start().await;
    let outside = app.partner("alpha").await.get("alliance-key").await;
    assert!(outside.status == 403 && outside.text().contains("/admin/sharing"), "{}", outside.text());
    let admin = app.person_of("alpha", Role::OrgAdmin).await;
    assert!(words(&admin.page("/admin/sharing").await).contains("Your organisation does not take part, and its API keys are not given the alliance's key"));
    assert_eq!(admin.post("/admin/sharing/hashes", &[("takes_part", "yes")]).await.header("location"), "/admin/sharing?done=hashes");
    app.app.store.hub().set_hashes(app.org("beta"), true, app.now()).await.expect("beta takes part");
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
    // Whoever stops is not told of the next key.
    assert_eq!(admin.post("/admin/sharing/hashes", &[("takes_part", "no")]).await.header("location"), "/admin/sharing?done=no-hashes");
    assert_eq!(app.partner("alpha").await.get("alliance-key").await.status, 403);
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
            let answer = person.get(path).await;
            assert!(answer.status != 400 && !gives_away(&answer, SECRET), "{org} at {path} ({}): {}", answer.status, answer.text());
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
    assert!(words(&person.page("/").await).contains("3 reports of 1 indicator seen by more than one organisation"), "{}", words(&person.page("/").await));
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
    // Those that hold none are known by the numbers that some of them share: of a type that few hold nothing is told.
    app.partner("eta").await.push("indicators", &items([indicator("eta.example", "GREEN")])).await;
    // Before the card that tells alpha to whom it shows its own report.
    let tells = |text: &str, org: &str| text.split("Who can see it").next().is_some_and(|told| told.contains(&format!("{} Works", org.to_uppercase())));
    let (text, rows) = story(&app).await;
    assert_eq!((rows[0][6].as_str(), rows[0][7].as_str()), ("1", ""), "itself: beta shows no single indicator");
    assert!(["beta", "gamma", "delta", "epsilon", "zeta"].iter().all(|org| !tells(&text, org)) && !text.contains("not named"), "{text}");
    // Four of six are told of, from the week on after they reported it. Who was shown single ones before is none of them: what it reported is known.
    share(&app, "theta", Level::Aggregate).await;
    assert_eq!(story(&app).await.1[0][7], "", "this week's reports wait");
    app.app.clock.advance(7 * DAY);
    eventually("this week's members are settled", async || (story(&app).await.1[0][7] == "3 or more").then_some(())).await;
    let (text, rows) = story(&app).await;
    assert_eq!((rows[0][6].as_str(), rows[0][7].as_str()), ("1", "3 or more"));
    assert!(text.contains("1 organisation that you may see reported this value, and 3 or more organisations that are not named."), "{text}");
    assert!(["beta", "gamma", "delta", "epsilon", "zeta"].iter().all(|org| !tells(&text, org)), "{text}");
    // Unnamed ones alone make a thing seen by several, and the number leads to the row.
    share(&app, "beta", Level::None).await;
    let person = app.person_of("alpha", Role::Executive).await;
    let seen: Vec<Vec<String>> = person.get("/csv/indicators?seen=2").await.csv();
    assert_eq!((seen.len(), seen[0][6].as_str(), seen[0][7].as_str()), (1, "1", "3 or more"));
    assert!(words(&person.page("/").await).contains("1 report of 1 indicator seen by more than one organisation"));
    assert!(words(&person.page("/indicators?seen=2").await).contains("1 and 3 or more unnamed"));
    // One that shows nothing any more, or all again, tells by that of nobody what it reported: who is counted stands for the week.
    share(&app, "zeta", Level::None).await;
    assert_eq!(story(&app).await.1[0][7], "3 or more");
    share(&app, "zeta", Level::Aggregate).await;
    share(&app, "gamma", Level::Aggregate).await;
    assert_eq!(story(&app).await.1[0][7], "3 or more");
    // One that marks it RED is counted for nobody.
    app.partner("delta").await.push("indicators", &items([hashed(&app, SECRET, "RED").await])).await;
    assert_eq!(story(&app).await.1[0][7], "3 or more", "three are left");
    app.partner("epsilon").await.push("indicators", &items([hashed(&app, SECRET, "RED").await])).await;
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
        assert_eq!(rows, [json!(["alpha", "1"])], "{level:?}");
        for path in ["/indicators", "/indicators?seen=2", "/csv/indicators", &link(&person.page("/indicators").await, "/indicators/")] {
            assert!(!gives_away(&person.get(path).await, "words of beta"), "{level:?} at {path}");
        }
    }
}

/// Who hands in candidates to learn which of them somebody holds learns nothing.
#[tokio::test]
async fn candidates_tell_nothing_of_who_shares_numbers_only() {
    let app = TestApp::start().await;
    for level in [Level::Summary, Level::Aggregate, Level::None] {
        share(&app, "beta", level).await;
        let candidate = |i: u32| indicator(&format!("candidate-{i}.{level:?}.example"), "GREEN");
        app.partner("alpha").await.push("indicators", &items((0..60).map(candidate))).await;
        let asker = app.person_of("alpha", Role::Analyst).await;
        let seen = async || {
            let (rows, several) = (asker.get("/csv/indicators?org=alpha").await.csv(), asker.get("/csv/indicators?seen=2").await.csv());
            assert!(words(&asker.page("/indicators?seen=2").await).contains("0 indicators seen by several organisations"), "{level:?}");
            (rows, several)
        };
        let before = seen().await;
        app.partner("beta").await.push("indicators", &items([7, 21, 42].map(candidate))).await;
        assert!(seen().await == before, "{level:?}: some of them were found");
        app.app.clock.advance(8 * DAY);
        app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
        let asker = app.person_of("alpha", Role::Analyst).await;
        assert!(asker.get("/csv/indicators?seen=2").await.csv().is_empty(), "{level:?}");
    }
}

#[tokio::test]
async fn what_goes_beyond_a_days_comparisons_is_kept_and_compared_later() {
    let app = TestApp::start().await;
    let alpha = app.partner("alpha").await;
    let person = app.person_of("alpha", Role::Analyst).await;
    let waiting = async || person.get("/csv/indicators").await.csv().iter().filter(|row| row[7].starts_with("compared from")).count();
    alpha.push("indicators", &items((0..999).map(|i| indicator(&format!("{i}.example"), "GREEN")))).await;
    let comparisons = alpha.get("whoami").await.json()["comparisons"].clone();
    assert_eq!(comparisons, json!({ "per_day": 1000, "left": 1, "waiting": 0 }));
    // Nothing is refused, and what is known already takes no second comparison.
    alpha.push("indicators", &items((997..1003).map(|i| indicator(&format!("{i}.example"), "RED")))).await;
    let tomorrow = domain::Timestamp::of_day(app.now().day() + 1);
    let comparisons = alpha.get("whoami").await.json()["comparisons"].clone();
    assert_eq!(comparisons, json!({ "per_day": 1000, "left": 0, "waiting": 3, "goes_on_at": tomorrow.rfc3339() }));
    assert_eq!(waiting().await, 3);
    let page = person.page(&link(&person.page("/indicators?q=1002.example").await, "/indicators/")).await;
    let said = format!("It is compared with organisations that are not named from {} on", tomorrow.date());
    assert!(words(&page).contains(&said), "{}", words(&page));
    assert!(words(&person.page("/indicators?q=1002.example").await).contains(&format!("compared further from {} on", tomorrow.date())));
    app.app.clock.advance(DAY);
    let person = app.person_of("alpha", Role::Analyst).await;
    assert_eq!(person.get("/csv/indicators").await.csv().iter().filter(|row| row[7].starts_with("compared from")).count(), 0);
    assert_eq!(alpha.get("whoami").await.status, 401, "its key is over");
}

#[tokio::test]
async fn an_organisation_sees_who_compares_and_how_much() {
    let app = TestApp::start().await;
    join(&app, &["delta"]).await;
    share(&app, "alpha", Level::Summary).await;
    share(&app, "gamma", Level::None).await;
    let admin = app.person_of("alpha", Role::OrgAdmin).await;
    let card = async || {
        let page = words(&admin.page("/admin/sharing").await);
        page.split("Compared with your indicators").nth(1).and_then(|rest| rest.split("Keyed hashes").next()).expect("the card").to_owned()
    };
    for org in ["beta", "gamma", "delta"] {
        app.partner(org)
            .await
            .push("indicators", &items((0..60).map(|i| indicator(&format!("{i}.{org}.example"), if i < 50 { "GREEN" } else { "RED" }))))
            .await;
    }
    let before = card().await;
    assert!(before.contains("BETA Works : 50 new ones in seven days"), "what is RED is in no number: {before}");
    assert!(before.contains("GAMMA Works : does not show you how many it reports"), "{before}");
    assert!(before.contains("fewer than 100"), "today is not over: {before}");
    // What others may not know of changes nothing.
    app.partner("gamma").await.push("indicators", &items([indicator("more.example", "RED")])).await;
    assert_eq!(card().await, before);
    app.app.clock.advance(DAY);
    let admin = app.person_of("alpha", Role::OrgAdmin).await;
    let page = words(&admin.page("/admin/sharing").await);
    assert!(page.contains("Together they compared about 100 new indicators") && page.contains("Each may compare 1,000 new ones a day"), "{page}");
    // Who shows everything compares nothing that is not read anyway.
    let open = app.person_of("beta", Role::OrgAdmin).await.page("/admin/sharing").await;
    assert!(!open.contains("Compared with your indicators"));
}

#[tokio::test]
async fn the_alliance_replaces_its_key_and_both_are_compared_for_a_while() {
    let app = TestApp::start().await;
    let hub = app.app.store.hub();
    for org in ORGS {
        hub.set_hashes(app.org(org), true, app.now()).await.expect("it takes part");
    }
    let (alpha, beta, gamma) = (app.partner("alpha").await, app.partner("beta").await, app.partner("gamma").await);
    let old = alpha.get("alliance-key").await.json();
    assert_eq!((old["id"].as_i64(), old.get("former")), (Some(1), None));
    alpha.push("indicators", &items([indicator(SECRET, "GREEN")])).await;
    beta.push("indicators", &items([with(hashed(&app, SECRET, "GREEN").await, "hmac_key", 1)])).await;
    let steward = app.person(Role::Steward).await;
    assert_eq!(steward.post("/decisions", &[("kind", "alliance_key"), ("reason", "A partner left")]).await.header("location"), "/decisions?done=proposed");
    let id = hub.decisions().await.expect("decisions")[0].id.to_string();
    for org in ["alpha", "beta"] {
        app.person_of(org, Role::OrgAdmin).await.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await;
    }
    hub.follow_alliance_key(app.now()).await.expect("the digests");
    let new = gamma.get("alliance-key").await.json();
    let until = app.now().plus(30 * DAY);
    assert_eq!((new["id"].as_i64(), new["former"]["id"].as_i64()), (Some(2), Some(1)));
    assert_ne!(new["key"], old["key"]);
    assert_eq!(gamma.get("whoami").await.json()["alliance_key"], json!({ "id": 2, "former": new["former"] }));
    assert!(until.rfc3339().as_str() >= new["former"]["until"].as_str().expect("an end"));
    let trail = hub.audit_after(0).await.expect("the trail");
    assert!(trail.iter().any(|row| row.action == "alliance_key.rotated" && row.object == "alliance key 2"));
    // Under either key it is the same thing that alpha tells.
    gamma.push("indicators", &items([with(hashed(&app, SECRET, "GREEN").await, "hmac_key", 2)])).await;
    let person = app.person_of("alpha", Role::Analyst).await;
    let reporters = async |person: &Person| {
        let rows = person.get("/csv/indicators?seen=2").await.csv();
        rows.into_iter().map(|row| (row[0].clone(), row[6].clone())).collect::<std::collections::BTreeMap<_, _>>()
    };
    let both: std::collections::BTreeMap<_, _> = [("alpha", "3"), ("beta", "2"), ("gamma", "2")].map(|(org, n)| (org.to_owned(), n.to_owned())).into();
    assert_eq!(reporters(&person).await, both);
    let page = person.page(&link(&person.page("/indicators?org=alpha").await, "/indicators/")).await;
    assert!(words(&page).contains("3 organisations that you may see reported this value"), "{}", words(&page));
    // Then what was hashed under the one before is compared no more, and refused with the way on.
    app.app.clock.advance(30 * DAY + SECOND);
    hub.follow_alliance_key(app.now()).await.expect("the digests");
    let beta = app.partner("beta").await;
    let late = beta.post("indicators", &items([with(hashed(&app, SECRET, "GREEN").await, "hmac_key", 1)])).await;
    assert_eq!((late.status, late.pointers()), (422, vec!["/items/0/hmac_key".to_owned()]), "{}", late.text());
    let contradiction = beta.post("indicators", &items([with(indicator(SECRET, "GREEN"), "hmac_key", 2)])).await;
    assert_eq!((contradiction.status, contradiction.pointers()), (422, vec!["/items/0/hmac_key".to_owned()]));
    let person = app.person_of("alpha", Role::Analyst).await;
    let current: std::collections::BTreeMap<_, _> = [("alpha", "2"), ("gamma", "2")].map(|(org, n)| (org.to_owned(), n.to_owned())).into();
    assert_eq!(reporters(&person).await, current);
    beta.push("indicators", &items([hashed(&app, SECRET, "GREEN").await])).await;
    assert_eq!(reporters(&person).await.len(), 3);
}
