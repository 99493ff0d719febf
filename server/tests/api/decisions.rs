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
    answer.header("location").split_once("?done=").filter(|(page, _)| page.starts_with("/decisions")).map_or("", |(_, word)| word)
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
    assert_eq!(rights.len(), 6);
    let before = app.rows().await;
    for role in Role::ALL {
        let person = app.person(role).await;
        for right in rights.iter().filter(|r| !r.proposers.contains(&role)) {
            let form = [("kind", right.kind.name()), ("reason", "because"), ("level", "5"), ("org", "beta")];
            assert_eq!(person.post("/decisions", &form).await.status, 403, "{role}: {}", right.kind.name());
        }
    }
    assert_eq!(app.gained(&before).await.keys().collect::<Vec<_>>(), ["account_acts", "users"]);
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
    eventually("it ends by itself, and is in force", async || (app.app.live.board().alert.number() == 2).then_some(())).await;
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
    // Nobody votes: it lapses, by itself.
    coordinator.post("/decisions", &[("kind", "alert_level"), ("level", "5"), ("reason", "a")]).await;
    app.app.clock.advance(DAY + MINUTE);
    let outcome = eventually("its time is over", async || newest(&app).await.outcome).await;
    assert_eq!(outcome.0.name(), "lapsed");
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
async fn who_proposed_takes_it_back_and_nobody_else() {
    let app = TestApp::start().await;
    let (coordinator, other, beta) = (app.person(Role::Coordinator).await, app.person(Role::OrgAdmin).await, app.person_of("beta", Role::OrgAdmin).await);
    coordinator.post("/decisions", &[("kind", "alert_level"), ("level", "2"), ("reason", "Too soon")]).await;
    let id = newest(&app).await.id.to_string();
    beta.post("/decisions/vote", &[("id", &id), ("choice", "for"), ("reason", "Seen here, too")]).await;
    for person in [&other, &beta] {
        assert_eq!(done(&person.post("/decisions/withdraw", &[("id", &id)]).await), "gone");
        assert!(!person.page(&format!("/decisions/{id}")).await.contains("Take it back"));
    }
    assert!(newest(&app).await.outcome.is_none());
    assert!(coordinator.page(&format!("/decisions/{id}")).await.contains("Take it back"));
    assert_eq!(done(&coordinator.post("/decisions/withdraw", &[("id", &id)]).await), "withdrawn");
    assert_eq!(done(&coordinator.post("/decisions/withdraw", &[("id", &id)]).await), "gone");
    assert_eq!(done(&beta.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await), "gone");
    let page = words(&beta.page(&format!("/decisions/{id}")).await);
    assert!(page.contains("Taken back") && page.contains("1 for, 0 against, of 3") && page.contains("Seen here, too"), "{page}");
    assert_eq!(app.app.live.board().alert.number(), 1);
}

#[tokio::test]
async fn a_decisions_page_says_who_still_votes_and_what_it_takes() {
    let app = TestApp::start().await;
    let (coordinator, beta) = (app.person(Role::Coordinator).await, app.person_of("beta", Role::OrgAdmin).await);
    app.person_of("gamma", Role::OrgAdmin).await.post("/decisions/delegate", &[("kind", "alert_level"), ("org", "beta")]).await;
    coordinator.post("/decisions", &[("kind", "alert_level"), ("level", "2"), ("reason", "a")]).await;
    let path = format!("/decisions/{}", newest(&app).await.id);
    let page = words(&coordinator.page(&path).await);
    for part in [
        "Adopted at once with 2 more organisations for it. At its end 1 more organisation must have voted",
        "May still vote ALPHA Works BETA Works GAMMA Works",
        "25 % of the organisations",
        "coordinator, administrator",
        "1 day",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    beta.post("/decisions/vote", &[("id", path.trim_start_matches("/decisions/")), ("choice", "against"), ("reason", "Nothing seen")]).await;
    let page = words(&coordinator.page(&path).await);
    assert!(page.contains("Rejected") && page.contains("0 for, 2 against, of 3 organisations") && page.contains("Nothing seen"), "{page}");
    for absent in ["/decisions/999", "/decisions/x"] {
        assert_eq!(coordinator.get(absent).await.status, 404, "{absent}");
    }
}

#[tokio::test]
async fn a_new_organisation_takes_part_once_it_is_admitted() {
    let app = TestApp::start().await;
    let org = an_organisation("delta");
    app.app.store.hub().add_candidate(org, app.now()).await.expect("a candidate");
    app.app.live.reload(&app.app.store, app.now()).await.expect("the board");
    for org in ["alpha", "delta"] {
        app.partner(org).await.push("incidents", &items([incident(&format!("of-{org}"), "high", "GREEN")])).await;
    }
    let (steward, delta) = (app.person(Role::Steward).await, app.person_of("delta", Role::OrgAdmin).await);
    let sees = async |person: &Person<'_>| person.get("/csv/incidents").await.csv().len();
    assert_eq!((sees(&steward).await, sees(&delta).await), (1, 1), "each its own");
    assert_eq!(done(&steward.post("/decisions", &[("kind", "admit_organisation"), ("org", "delta"), ("reason", "Vetted")]).await), "proposed");
    let id = newest(&app).await.id.to_string();
    assert!(words(&steward.page(&format!("/decisions/{id}")).await).contains("Admit DELTA Works"));
    assert_eq!(delta.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await.status, 403, "it has no vote yet");
    for org in ["alpha", "beta"] {
        app.person_of(org, Role::OrgAdmin).await.post("/decisions/vote", &[("id", &id), ("choice", "for")]).await;
    }
    assert_eq!((sees(&steward).await, sees(&delta).await), (2, 2), "at once");
}
