//! The catalogue and the scoring policy as forms: a draft that is its owner's alone, tried before it is proposed, and adopted by vote.

use crate::support::*;
use app::api::Pages;
use domain::{
    DataClass, Level, MINUTE, Role, Viewer,
    catalogue::{Domain, MetricDefinition, ScoringPolicy},
    query::PageQuery,
    sharing::Audience,
    view::DryRun,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use server::{App, auth::SignedIn, clock::Clock, views::Viewing};

const FORM: &str = "/admin/catalogue/mfa_coverage_pct";
const NEW: &str = "/admin/catalogue/new-metric";
const DRAFT: &str = "/admin/policy/draft";

/// The word that a form's answer leads to.
fn done(answer: &Answer) -> &str {
    answer.header("location").split_once("?done=").map_or("", |(_, word)| word)
}

fn metric<'a>(target: &'a str, floor: &'a str) -> [(&'a str, &'a str); 5] {
    [("title", "Multi-factor authentication coverage"), ("domain", "PR"), ("target", target), ("floor", floor), ("weight", "1")]
}

async fn draft(app: &TestApp, person: &Person<'_>) -> Option<ScoringPolicy> {
    app.app.store.hub().policy_draft(person.id).await.expect("the draft").map(|d| d.policy)
}

/// The alliance's newest decision is adopted by the votes of two organisations.
async fn adopt(beta: &Person<'_>, gamma: &Person<'_>, id: &str) {
    for person in [beta, gamma] {
        assert_eq!(done(&person.post("/decisions/vote", &[("id", id), ("choice", "for")]).await), "voted");
    }
}

async fn propose(steward: &Person<'_>) -> String {
    let answer = steward.post(DRAFT, &[("reason", "Reachable")]).await;
    assert_eq!(done(&answer), "proposed", "{}", answer.text());
    let id = answer.header("location").trim_start_matches("/decisions/").split('?').next();
    id.expect("a number").to_owned()
}

#[tokio::test]
async fn a_change_is_drafted_tried_proposed_and_adopted() {
    let app = TestApp::start().await;
    app.partner("beta").await.push("metrics", &items([sample(79.0, &app.at(-MINUTE))])).await;
    let (steward, beta, gamma) = (app.person(Role::Steward).await, app.person_of("beta", Role::Executive).await, app.person_of("gamma", Role::Executive).await);
    assert!(words(&steward.page(DRAFT).await).contains("You have no draft."));
    // 79 is half of the way from 60 to 98, and all of it to 79.
    assert_eq!(done(&steward.post(FORM, &metric("79", "60")).await), "drafted");
    let page = words(&steward.page(DRAFT).await);
    assert!(page.contains("mfa_coverage_pct : target 98 → 79") && page.contains("BETA Works 50 100 ▲ up 50.0"), "{page}");
    assert!(words(&steward.page("/admin/catalogue").await).contains("Your draft: 1 change."));
    let score = async || steward.get("/csv/orgs").await.csv().into_iter().find(|row| row[0] == "beta").expect("beta")[3].clone();
    assert_eq!(score().await, "50.0", "a draft changes nothing");
    let id = propose(&steward).await;
    assert!(draft(&app, &steward).await.is_none(), "it became the proposal");
    let page = words(&beta.page(&format!("/decisions/{id}")).await);
    for part in
        ["mfa_coverage_pct : target 98 → 79", "BETA Works yours 50 100", "Reachable", "Adopted at once with 2 more organisations for it", "May still vote"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    adopt(&beta, &gamma, &id).await;
    // No clock moved and nobody waited: who votes last finds it in force.
    assert_eq!(app.app.live.board().policy.version, 2);
    assert_eq!(score().await, "100.0");
    let page = words(&beta.page("/admin/policy").await);
    assert!(page.contains("Version 2 is in force") && page.contains(&format!("Decision {id} mfa_coverage_pct : target 98 → 79")), "{page}");
    let versions = (words(&beta.page("/admin/policy/versions/1").await), words(&beta.page("/admin/policy/versions/2").await));
    assert!(versions.0.contains("No longer in force: version 2 is") && versions.1.contains("What it changed of version 1"), "{versions:?}");
    assert_eq!(beta.get("/admin/policy/versions/3").await.status, 404);
    let page = words(&beta.page(&format!("/decisions/{id}")).await);
    assert!(page.contains("version 2 of the scoring policy") && page.contains("target 98 → 79") && page.contains("2 for, 0 against, of 3"), "{page}");
    let trail = app.app.store.hub().audit_after(0).await.expect("the trail");
    let said: Vec<&str> = trail.iter().map(|r| r.action.as_str()).filter(|a| a.starts_with("decision.") || a.starts_with("policy.")).collect();
    assert_eq!(said, ["policy.adopted", "policy.drafted", "decision.proposed", "decision.voted", "decision.voted", "decision.ended", "policy.adopted"]);
    assert!(trail.iter().any(|r| r.action == "policy.drafted" && r.detail.contains("mfa_coverage_pct: target 98 → 79")));
}

#[tokio::test]
async fn what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost() {
    let app = TestApp::start().await;
    let steward = app.person(Role::Steward).await;
    let good =
        [("key", "sso_coverage_pct"), ("title", "Single sign-on"), ("unit", "percent"), ("domain", "PR"), ("target", "95"), ("floor", "50"), ("weight", "2")];
    let with = |field: &'static str, text: &'static str| good.map(|(name, value)| if name == field { (name, text) } else { (name, value) });
    for (field, text) in [
        ("key", "Not A Key"),
        ("key", "sso_coverage"),
        ("key", "mfa_coverage_pct"),
        ("title", "  "),
        ("unit", "furlongs"),
        ("domain", "XX"),
        ("target", "ninety"),
        ("target", "NaN"),
        ("target", "101"),
        ("floor", "95"),
        ("floor", "inf"),
        ("weight", "0"),
        ("weight", "1e9"),
    ] {
        let answer = steward.post(NEW, &with(field, text)).await;
        let page = answer.text();
        assert_eq!(answer.status, 422, "{field} {text}");
        assert!(page.contains(&format!("id=\"{field}-fault\"")) && page.contains(&format!("aria-describedby=\"{field}-fault")), "{field} {text}: {page}");
        assert!(page.contains("value=\"Single sign-on\"") || field == "title", "{field} {text}: what was typed is there");
        assert!(page.contains(&format!("value=\"{text}\"")) || ["unit", "domain"].contains(&field), "{field} {text}: and what was wrong, too");
        assert!(draft(&app, &steward).await.is_none(), "{field} {text}");
    }
    assert_eq!(steward.post(FORM, &metric("60", "60")).await.status, 422);
    // The only ones of a function stay in it.
    for key in ["log_source_coverage_pct", "mean_time_to_detect_hours"] {
        assert_eq!(done(&steward.post(&format!("/admin/catalogue/{key}/retire"), &[]).await), "drafted");
    }
    assert_eq!(done(&steward.post("/admin/catalogue/attack_technique_coverage_pct/retire", &[]).await), "last");
    let moved = [("title", "T"), ("domain", "PR"), ("target", "70"), ("floor", "20"), ("weight", "1")];
    let answer = steward.post("/admin/catalogue/attack_technique_coverage_pct", &moved).await;
    assert!(answer.status == 422 && answer.text().contains("Detect must have at least one metric."));
    let before = draft(&app, &steward).await;
    // The policy's own numbers.
    let sound = before.as_ref().expect("a draft").numbers();
    for (field, text) in [("critical_cap", "101"), ("on_target", ""), ("watch", "81"), ("domains/PR/weight", "-1"), ("domains/RC/target", "many")] {
        let typed: Vec<(&str, &str)> = sound.iter().map(|(name, value)| (name.as_str(), if name == field { text } else { value })).collect();
        let answer = steward.post("/admin/policy", &typed).await;
        assert_eq!(answer.status, 422, "{field}");
        let page = answer.text();
        assert!(page.contains(&format!("id=\"{field}-fault\"")) && page.contains(&format!("value=\"{text}\"")), "{field}: {page}");
    }
    // JSON: what cannot be read, what is not sound, and what is no field at all.
    let text = serde_json::to_string(&*app.app.live.board().policy).expect("JSON");
    for (json, said) in [
        ("{".to_owned(), "That is no JSON"),
        ("{}".to_owned(), "missing field"),
        (text.replace("\"PR\"", "\"XX\""), "unknown variant `XX`"),
        (text.replace("\"weight\":1.0", "\"weight\":1.0,\"wieght\":2"), "There is no such field."),
        (text.replacen("\"target\":98.0", "\"target\":70.0", 1), "metrics/asset_inventory_coverage_pct/floor"),
        (text.replacen("mfa_coverage_pct", "hsts_pct", 1), "Stands there twice."),
    ] {
        let answer = steward.post("/admin/policy/json", &[("policy", &json)]).await;
        assert_eq!(answer.status, 422, "{said}");
        let page = answer.text();
        assert!(words(&page).contains(said), "{said}: {}", words(&page));
        assert!(page.contains(&json.replace('"', "&quot;")) || page.contains(&json), "{said}: what was pasted is there");
    }
    assert_eq!(draft(&app, &steward).await, before, "none of it was saved");
}

#[tokio::test]
async fn changes_gather_and_are_taken_back() {
    let app = TestApp::start().await;
    let steward = app.person(Role::Steward).await;
    let new =
        [("key", "sso_coverage_pct"), ("title", "Single sign-on"), ("unit", "percent"), ("domain", "PR"), ("target", "95"), ("floor", "50"), ("weight", "0,5")];
    assert_eq!(done(&steward.post(NEW, &new).await), "drafted");
    assert_eq!(done(&steward.post(FORM, &metric("97", "60")).await), "drafted");
    assert_eq!(done(&steward.post("/admin/catalogue/hsts_pct/retire", &[]).await), "drafted");
    let mut numbers = app.app.live.board().policy.numbers();
    numbers.insert("watch".into(), "65".into());
    let typed: Vec<(&str, &str)> = numbers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(done(&steward.post("/admin/policy", &typed).await), "drafted");
    let page = words(&steward.page(DRAFT).await);
    for line in [
        "watch from 70 → 65",
        "mfa_coverage_pct : target 98 → 97",
        "hsts_pct : retired",
        "sso_coverage_pct : new “Single sign-on”, percent, PR, target 95, floor 50, weight 0.5",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
    let catalogue = words(&steward.page("/admin/catalogue").await);
    assert!(catalogue.contains("HSTS retired hsts_pct") && catalogue.contains("Single sign-on new sso_coverage_pct"), "{catalogue}");
    assert!(words(&steward.page("/admin/catalogue/hsts_pct").await).contains("is retired in your draft"));
    assert!(steward.page(FORM).await.contains("value=\"97\""));
    let json = steward.get("/admin/policy.json?version=draft").await;
    let mine: ScoringPolicy = serde_json::from_slice(&json.body).expect("a policy");
    assert_eq!(Some(&mine), draft(&app, &steward).await.as_ref());
    // One by one they go; the last leaves no draft.
    assert_eq!(done(&steward.post("/admin/catalogue/hsts_pct/restore", &[]).await), "drafted");
    assert_eq!(done(&steward.post("/admin/catalogue/mfa_coverage_pct/restore", &[]).await), "drafted");
    assert_eq!(done(&steward.post("/admin/catalogue/sso_coverage_pct/retire", &[]).await), "drafted");
    numbers.insert("watch".into(), "70".into());
    let typed: Vec<(&str, &str)> = numbers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(done(&steward.post("/admin/policy", &typed).await), "same");
    assert!(draft(&app, &steward).await.is_none());
    assert_eq!(done(&steward.post(DRAFT, &[("reason", "Nothing")]).await), "gone");
    // A file is as good as the forms, and a draft can be thrown away.
    let text = serde_json::to_string_pretty(&mine).expect("JSON");
    assert_eq!(done(&steward.post("/admin/policy/json", &[("policy", &text)]).await), "drafted");
    assert_eq!(draft(&app, &steward).await, Some(mine));
    assert_eq!(done(&steward.post(DRAFT, &[("reason", " ")]).await), "reason");
    assert_eq!(done(&steward.post("/admin/policy/discard", &[]).await), "discarded");
    assert!(draft(&app, &steward).await.is_none());
}

#[tokio::test]
async fn only_who_may_propose_changes_anything_and_nobody_sees_anothers_draft() {
    let app = TestApp::start().await;
    let (steward, other) = (app.person(Role::Steward).await, app.person_of("beta", Role::Steward).await);
    assert_eq!(done(&steward.post(FORM, &metric("79", "60")).await), "drafted");
    for path in ["/admin/catalogue", "/admin/policy", FORM, DRAFT] {
        let page = other.page(path).await;
        assert!(!page.contains("Your draft:") && !page.contains("value=\"79\"") && !page.contains("→ 79"), "{path}: {page}");
    }
    assert_eq!(other.get("/admin/policy.json?version=draft").await.status, 404);
    let before = app.rows().await;
    let forms =
        [FORM, NEW, "/admin/catalogue/hsts_pct/retire", "/admin/catalogue/hsts_pct/restore", "/admin/policy", "/admin/policy/json", "/admin/policy/discard"];
    for role in Role::ALL.into_iter().filter(|role| *role != Role::Steward) {
        let person = app.person(role).await;
        for path in forms.into_iter().chain([DRAFT, "/admin/policy/carry-over"]) {
            let form = [&metric("79", "60")[..], &[("reason", "because"), ("policy", "{}")]].concat();
            assert_eq!(person.post(path, &form).await.status, 403, "{role}: {path}");
        }
        for path in [DRAFT, NEW] {
            assert_eq!(person.get(path).await.status, 403, "{role}: {path}");
        }
        let page = person.page(FORM).await;
        assert!(!page.contains("Save in the draft") && words(&page).contains("Target 98 % , 100 points"), "{role} reads it");
    }
    assert_eq!(app.gained(&before).await.keys().collect::<Vec<_>>(), ["account_acts", "users"]);
    assert_eq!(steward.post("/admin/catalogue/moon_phase/retire", &[]).await.status, 404);
    assert_eq!(steward.post("/admin/catalogue/moon_phase", &metric("1", "2")).await.status, 404);
}

#[tokio::test]
async fn a_dry_run_tells_of_nothing_that_is_not_shared() {
    let app = TestApp::start().await;
    for org in ["beta", "gamma"] {
        app.partner(org).await.push("metrics", &items([sample(79.0, &app.at(-MINUTE))])).await;
    }
    app.app.store.hub().set_rule(app.org("gamma"), DataClass::Posture, Audience::Everyone, Some(Level::None), app.now()).await.expect("a rule");
    app.app.live.look_now().await;
    let (steward, beta, gamma) = (app.person(Role::Steward).await, app.person_of("beta", Role::Executive).await, app.person_of("gamma", Role::Executive).await);
    assert_eq!(done(&steward.post(FORM, &metric("79", "60")).await), "drafted");
    let id = {
        let page = words(&steward.page(DRAFT).await);
        assert!(page.contains("BETA Works 50 100") && !page.contains("GAMMA Works"), "{page}");
        assert!(page.contains("1 organisation does not show you their posture") && page.contains("Index 50 100"), "{page}");
        propose(&steward).await
    };
    let sees = async |person: &Person<'_>| words(&person.page(&format!("/decisions/{id}")).await).contains("GAMMA Works yours 50 100");
    assert!(!sees(&steward).await && !sees(&beta).await && sees(&gamma).await);
}

#[tokio::test]
async fn what_was_adopted_meanwhile_is_not_taken_back_unseen() {
    let app = TestApp::start().await;
    let (steward, other) = (app.person(Role::Steward).await, app.person_of("beta", Role::Steward).await);
    let (beta, gamma) = (app.person_of("beta", Role::Executive).await, app.person_of("gamma", Role::Executive).await);
    assert_eq!(done(&steward.post(FORM, &metric("79", "60")).await), "drafted");
    assert_eq!(done(&other.post("/admin/catalogue/hsts_pct/retire", &[]).await), "drafted");
    let id = propose(&other).await;
    adopt(&beta, &gamma, &id).await;
    let page = words(&steward.page(DRAFT).await);
    assert!(page.contains("Version 2 was adopted after you began on version 1.") && page.contains("hsts_pct : new"), "{page}");
    assert_eq!(done(&steward.post("/admin/policy/carry-over", &[]).await), "drafted");
    let page = words(&steward.page(DRAFT).await);
    assert!(!page.contains("was adopted after") && !page.contains("hsts_pct") && page.contains("target 98 → 79"), "{page}");
}

/// Another node, which only has the database in common with the one that decides.
#[tokio::test]
async fn an_adopted_policy_is_in_force_elsewhere_within_five_seconds() {
    let app = TestApp::start().await;
    let node = App::open((*app.app.config).clone(), &app.database, Clock::default()).await.expect("a second node");
    let following = tokio::spawn(server::live::follow(node.clone()));
    let (steward, beta, gamma) = (app.person(Role::Steward).await, app.person_of("beta", Role::Executive).await, app.person_of("gamma", Role::Executive).await);
    assert_eq!(done(&steward.post(FORM, &metric("79", "60")).await), "drafted");
    let id = propose(&steward).await;
    adopt(&beta, &gamma, &id).await;
    let decided = tokio::time::Instant::now();
    eventually("the other node goes by it", async || (node.live.board().policy.version == 2).then_some(())).await;
    assert!(decided.elapsed().as_secs_f64() < 5.0, "{:?}", decided.elapsed());
    node.live.stop();
    following.await.expect("it ends");
    node.store.close().await;
}

async fn viewing(app: &TestApp, person: &Person<'_>, org: &str) -> Viewing {
    let user = app.app.store.hub().user(person.id).await.expect("the user").expect("it is there");
    let who = SignedIn { viewer: Viewer { org: app.org(org), role: user.role }, user, verified_at: app.now(), session: [0; 32], must_enrol: false };
    Viewing { app: app.app.clone(), who: Some(who), waiting: None, base_url: String::new(), once: None, unclear: None }
}

/// Some metrics other, one retired, perhaps one that had been retired before back again, and other numbers.
fn another(rng: &mut StdRng, now: &ScoringPolicy, retired: &mut Vec<MetricDefinition>) -> ScoringPolicy {
    let mut next = ScoringPolicy { version: now.version + 1, critical_cap: f64::from(rng.random_range(0..=100)), ..now.clone() };
    next.watch = f64::from(rng.random_range(20..=60));
    next.on_target = f64::from(rng.random_range(60..=100));
    for d in &mut next.domains {
        d.weight = f64::from(rng.random_range(1..=8)) / 2.0;
    }
    for m in &mut next.metrics {
        if rng.random_range(0..3) == 0 {
            let span = (m.target - m.floor).abs();
            m.target = if m.lower_is_better() { m.target + span * 0.3 } else { m.target - span * 0.3 };
            m.weight = f64::from(rng.random_range(1..=12)) / 4.0;
        }
    }
    if !retired.is_empty() && rng.random_range(0..2) == 0 {
        next = next.with_metric(retired.swap_remove(rng.random_range(0..retired.len())));
    }
    let domain = Domain::ALL[rng.random_range(0..6)];
    if next.of_domain(domain).count() > 1 {
        let (at, _) = next.of_domain(domain).next().expect("one");
        retired.push(next.metrics.remove(at));
    }
    next
}

#[tokio::test]
async fn a_dry_run_is_what_scores_become() {
    let app = TestApp::start().await;
    let seed = rand::random::<u64>();
    let mut rng = StdRng::seed_from_u64(seed);
    let hub = app.app.store.hub();
    for org in ORGS {
        let mut values = vec![];
        for m in app.app.live.board().policy.metrics.iter() {
            if rng.random_range(0..4) > 0 {
                let value = m.floor + (m.target - m.floor) * f64::from(rng.random_range(0..=10)) / 10.0;
                // Fresh, late, and stale: none of them changes while the test runs.
                let at = app.at(-[1, 6, 12][rng.random_range(0..3)] * MINUTE);
                values.push(serde_json::json!({ "metric": m.key, "value": value, "observed_at": at }));
            }
        }
        let partner = app.partner(org).await;
        partner.push("metrics", &items(values)).await;
        if rng.random_range(0..2) == 0 {
            partner.push("incidents", &items([incident("open", "critical", ["GREEN", "RED"][rng.random_range(0..2)])])).await;
        }
    }
    let people = [
        ("alpha", app.person(Role::Steward).await),
        ("beta", app.person_of("beta", Role::Executive).await),
        ("gamma", app.person_of("gamma", Role::Executive).await),
    ];
    let [(_, steward), (_, beta), (_, gamma)] = &people;
    let (mut retired, mut moved) = (vec![], 0);
    for round in 0..5 {
        let (owner, level) = (app.org(ORGS[rng.random_range(0..3)]), [Level::None, Level::Summary, Level::Detail][rng.random_range(0..3)]);
        hub.set_rule(owner, DataClass::Posture, Audience::Everyone, Some(level), app.now()).await.expect("a rule");
        app.app.live.look_now().await;
        let next = another(&mut rng, &app.app.live.board().policy, &mut retired);
        assert_eq!(next.check(), Ok(()), "seed {seed}");
        let text = serde_json::to_string(&next).expect("JSON");
        assert_eq!(done(&steward.post("/admin/policy/json", &[("policy", &text)]).await), "drafted");
        let prepared = viewing(&app, steward, "alpha").await.draft().await.expect("the draft").draft.expect("one").dry_run;
        let id = propose(steward).await;
        let mut runs: Vec<(&str, &Person<'_>, DryRun)> = vec![];
        for (org, person) in &people {
            let run = viewing(&app, person, org).await.decision(id.clone()).await.expect("the decision").dry_run.expect("a dry run");
            runs.push((org, person, run));
        }
        assert_eq!((&prepared.rows, prepared.index), (&runs[0].2.rows, runs[0].2.index), "seed {seed}: a proposal's is its draft's");
        adopt(beta, gamma, &id).await;
        assert_eq!(app.app.live.board().policy.version, round + 2);
        for (org, person, run) in runs {
            let viewing = viewing(&app, person, org).await;
            let table = viewing.organisations(PageQuery::default()).await.expect("the organisations").rows;
            // Of who shows scores only a policy is tried on nobody's behalf: it could tell the values.
            let whole = |org: &str| {
                app.app.live.board().sharing.level(viewing.who.as_ref().expect("somebody").viewer.org, app.org(org), DataClass::Posture) == Level::Detail
            };
            let (table, scores_only): (Vec<_>, Vec<_>) = table.into_iter().partition(|row| whole(&row.org.slug));
            assert_eq!((run.rows.len(), run.scores_only as usize), (table.len(), scores_only.len()), "seed {seed}");
            let near = |a: Option<f64>, b: Option<f64>| a.zip(b).map_or(a.is_none() && b.is_none(), |(a, b)| (a - b).abs() < 1e-9);
            for row in table {
                let tried = &run.rows.iter().find(|r| r.org == row.org).expect("the same organisations").score;
                assert!(near(tried.then, row.score) && tried.standing_then == row.standing, "seed {seed}: {org} sees {row:?}, the dry run said {tried:?}");
                moved += usize::from(!near(tried.now, tried.then));
            }
            let index = viewing.collective().await.expect("the collective page").index;
            assert!(
                !scores_only.is_empty() || near(run.index.then, index.score),
                "seed {seed}: {org} has the index {index:?}, the dry run said {:?}",
                run.index
            );
        }
    }
    assert!(moved > 5, "seed {seed}: the policies made other scores, {moved} times");
}
