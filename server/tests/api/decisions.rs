//! What the alliance decides together: by whoever may, once for each organisation, with its effect at once.

use crate::support::*;
use domain::{DAY, MINUTE, Role, SECOND};

/// Waits until the hub goes by what was decided.
async fn in_force(app: &TestApp) {
    let version = app.app.store.hub().sharing_version().await.expect("a version");
    app.app.clock.advance(2 * SECOND);
    eventually("the decision is in force", async || (app.app.live.board().sharing.version == version).then_some(())).await;
}

fn done(answer: &Answer) -> &str {
    answer.header("location").strip_prefix("/decisions?done=").unwrap_or_default()
}

async fn newest(app: &TestApp) -> store::Decision {
    app.app.store.hub().decisions().await.expect("decisions").into_iter().max_by_key(|d| d.id).expect("one")
}

#[tokio::test]
async fn the_alert_level_changes_by_a_majority_and_stands_on_the_overview() {
    let app = TestApp::start().await;
    let (coordinator, admin, executive) =
        (app.person(Role::Coordinator).await, app.person_of("beta", Role::OrgAdmin).await, app.person_of("gamma", Role::Executive).await);
    assert!(executive.page("/").await.contains("Alert level 1, normal"));
    let propose = [("kind", "alert_level"), ("level", "4"), ("reason", "Two related intrusions")];
    assert_eq!(done(&coordinator.post("/decisions", &propose).await), "proposed");
    let id = newest(&app).await.id.to_string();
    let page = admin.page("/decisions").await;
    assert!(page.contains("Alert level 4, high") && page.contains("Two related intrusions") && page.contains("0 for, 0 against, of 3 organisations"));
    assert_eq!(done(&admin.post("/decisions/vote", &[("id", &id), ("choice", "for"), ("reason", "Seen here, too")]).await), "voted");
    assert!(executive.page("/").await.contains("Alert level 1, normal"), "one of three");
    assert_eq!(done(&executive.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await), "voted");
    in_force(&app).await;
    let overview = coordinator.page("/").await;
    assert!(overview.contains("Alert level 4, high") && overview.contains("Staff around the clock"), "{overview}");
    assert_eq!(done(&admin.post("/decisions/vote", &[("id", &id), ("choice", "against")]).await), "gone", "it has ended");
    let page = coordinator.page("/decisions").await;
    assert!(page.contains("Adopted") && page.contains("Seen here, too"), "every vote with its reason");
    let trail = app.app.store.hub().audit_after(0).await.expect("the trail");
    let said: Vec<&str> = trail.iter().map(|r| r.action.as_str()).filter(|a| a.starts_with("decision.")).collect();
    assert_eq!(said, ["decision.proposed", "decision.voted", "decision.voted", "decision.ended"]);
}

#[tokio::test]
async fn only_whoever_may_proposes_and_votes() {
    let app = TestApp::start().await;
    let rights = app.app.store.hub().decision_rights().await.expect("rights");
    assert_eq!(rights.len(), 5);
    let before = app.rows().await;
    for role in Role::ALL {
        let person = app.person(role).await;
        for right in rights.iter().filter(|r| !r.proposers.contains(&role)) {
            let form = [("kind", right.kind.name()), ("reason", "because"), ("level", "5"), ("org", "beta")];
            assert_eq!(person.post("/decisions", &form).await.status, 403, "{role}: {}", right.kind.name());
        }
    }
    assert_eq!(app.gained(&before).await.keys().collect::<Vec<_>>(), ["users"]);
    let coordinator = app.person(Role::Coordinator).await;
    for (form, word) in [
        (vec![("kind", "moon"), ("reason", "a")], "unknown"),
        (vec![("kind", "alert_level"), ("reason", " "), ("level", "2")], "reason"),
        (vec![("kind", "alert_level"), ("reason", "a"), ("level", "6")], "unknown"),
        (vec![("kind", "suspend_organisation"), ("reason", "a"), ("org", "nowhere")], "unknown"),
        (vec![("kind", "suspend_organisation"), ("reason", "a"), ("org", "alpha")], "unknown"),
    ] {
        assert_eq!(done(&coordinator.post("/decisions", &form).await), word, "{form:?}");
    }
    assert_eq!(done(&coordinator.post("/decisions", &[("kind", "alert_level"), ("reason", "a"), ("level", "2")]).await), "proposed");
    let id = newest(&app).await.id.to_string();
    for role in [Role::Analyst, Role::Steward, Role::Auditor] {
        let person = app.person_of("beta", role).await;
        assert_eq!(person.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await.status, 403, "{role}");
        assert_eq!(person.post("/decisions/delegate", &[("kind", "alert_level"), ("org", "alpha")]).await.status, 403, "{role}");
    }
    for _ in 0..4 {
        coordinator.post("/decisions", &[("kind", "alert_level"), ("reason", "a"), ("level", "2")]).await;
    }
    assert_eq!(done(&coordinator.post("/decisions", &[("kind", "alert_level"), ("reason", "a"), ("level", "2")]).await), "most", "nobody buries the others");
    let id = app.app.store.hub().decisions().await.expect("decisions").iter().map(|d| d.id).min().expect("one").to_string();
    // Two people of one organisation have one vote.
    for role in [Role::Executive, Role::OrgAdmin] {
        app.person_of("beta", role).await.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await;
    }
    let first = app.app.store.hub().decisions().await.expect("decisions").into_iter().min_by_key(|d| d.id).expect("one");
    assert_eq!((first.tally.yes, first.outcome), (1, None));
}

#[tokio::test]
async fn at_its_end_those_who_voted_decide_and_a_delegate_counts() {
    let app = TestApp::start().await;
    let coordinator = app.person(Role::Coordinator).await;
    coordinator.post("/decisions", &[("kind", "alert_level"), ("level", "2"), ("reason", "a")]).await;
    let id = newest(&app).await.id.to_string();
    app.person_of("beta", Role::Executive).await.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await;
    app.app.clock.advance(DAY + MINUTE);
    app.app.store.hub().settle_decisions(app.now()).await.expect("settled");
    in_force(&app).await;
    assert_eq!(app.app.live.board().alert.number(), 2);
    // Gamma lets beta speak for it: a majority of all with one hand.
    let gamma = app.person_of("gamma", Role::OrgAdmin).await;
    assert_eq!(done(&gamma.post("/decisions/delegate", &[("kind", "alert_level"), ("org", "beta")]).await), "delegated");
    assert_eq!(done(&gamma.post("/decisions/delegate", &[("kind", "alert_level"), ("org", "gamma")]).await), "unknown", "not to itself");
    let coordinator = app.person(Role::Coordinator).await;
    coordinator.post("/decisions", &[("kind", "alert_level"), ("level", "3"), ("reason", "a")]).await;
    let id = newest(&app).await.id.to_string();
    app.person_of("beta", Role::Executive).await.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await;
    in_force(&app).await;
    assert_eq!(app.app.live.board().alert.number(), 3);
    // Nobody's votes: it lapses.
    coordinator.post("/decisions", &[("kind", "alert_level"), ("level", "5"), ("reason", "a")]).await;
    app.app.clock.advance(DAY + MINUTE);
    app.app.store.hub().settle_decisions(app.now()).await.expect("settled");
    assert_eq!(newest(&app).await.outcome.map(|o| o.0.name()), Some("lapsed"));
}

#[tokio::test]
async fn a_suspended_organisation_shares_nothing_and_is_shown_nothing() {
    let app = TestApp::start().await;
    for org in ORGS {
        app.partner(org).await.push("incidents", &items([incident(&format!("of-{org}"), "high", "GREEN")])).await;
    }
    app.settle().await;
    let decide = async |kind: &str| {
        app.person(Role::Steward).await.post("/decisions", &[("kind", kind), ("org", "gamma"), ("reason", "Left the alliance's rules")]).await;
        let id = newest(&app).await.id.to_string();
        for org in ["alpha", "beta"] {
            app.person_of(org, Role::OrgAdmin).await.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await;
        }
        in_force(&app).await;
    };
    let (beta, gamma) = (app.person_of("beta", Role::Analyst).await, app.person_of("gamma", Role::Executive).await);
    let sees = async |person: &Person| person.get("/csv/incidents").await.csv().len();
    assert_eq!((sees(&beta).await, sees(&gamma).await), (3, 3));
    decide("suspend_organisation").await;
    assert_eq!((sees(&beta).await, sees(&gamma).await), (2, 1));
    assert_eq!(beta.get("/orgs/gamma").await.status, 404);
    let id = newest(&app).await.id.to_string();
    assert_eq!(gamma.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await.status, 403, "and has no vote");
    decide("admit_organisation").await;
    assert_eq!((sees(&beta).await, sees(&gamma).await), (3, 3));
}

#[tokio::test]
async fn a_scoring_policy_is_shown_as_a_dry_run_and_adopted_by_vote() {
    let app = TestApp::start().await;
    app.partner("beta").await.push("metrics", &items([sample(79.0, &app.at(-MINUTE))])).await;
    app.settle().await;
    let steward = app.person(Role::Steward).await;
    let mut policy = (*app.app.live.board().policy).clone();
    let metric = policy.metrics.iter_mut().find(|m| m.key == METRIC).expect("the metric");
    // 79 is half of the way from 60 to 98, and all of it to 79.
    metric.target = 79.0;
    let text = serde_json::to_string(&policy).expect("JSON");
    assert_eq!(done(&steward.post("/decisions", &[("kind", "scoring_policy"), ("policy", "{}"), ("reason", "a")]).await), "policy");
    assert_eq!(done(&steward.post("/decisions", &[("kind", "scoring_policy"), ("policy", &text), ("reason", "Reachable")]).await), "proposed");
    let page = words(&steward.page("/decisions").await);
    assert!(page.contains("BETA Works 50 100"), "{page}");
    let id = newest(&app).await.id.to_string();
    let score = async || steward.get("/csv/orgs").await.csv().into_iter().find(|row| row[0] == "beta").expect("beta")[3].clone();
    assert_eq!(score().await, "50.0");
    for org in ["alpha", "gamma"] {
        app.person_of(org, Role::Executive).await.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await;
    }
    app.app.clock.advance(30 * SECOND);
    eventually("the policy is in force", async || (app.app.live.board().policy.version == 2).then_some(())).await;
    assert_eq!(score().await, "100.0");
    assert!(steward.page("/admin/policy").await.contains("Scoring policy, version 2"));
}
