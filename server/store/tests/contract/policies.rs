//! Scoring policies: drafts are each person's own, a decision adopts a version and is named by it, and what ended stays as it ended.

use super::support::{Fixture, NOW};
use domain::{
    DAY, HOUR, Role,
    catalogue::ScoringPolicy,
    decision::{AlertLevel, DecisionKind, Effect, Outcome, Right, Tally},
};

fn policy() -> ScoringPolicy {
    serde_json::from_str(include_str!("../../../src/default_policy.json")).expect("the default policy")
}

async fn people(f: &Fixture) -> Vec<i64> {
    let mut ids = vec![];
    for (i, org) in f.orgs.iter().enumerate() {
        ids.push(f.store.hub().add_user(*org, format!("{i}@b.example"), "A".into(), Role::Steward, None, NOW).await.unwrap());
    }
    ids
}

on_both!(a_draft_is_ones_own_until_it_is_proposed);
async fn a_draft_is_ones_own_until_it_is_proposed(f: Fixture) {
    let (hub, people) = (f.store.hub(), people(&f).await);
    let (mine, other) = ((f.orgs[0], people[0]), (f.orgs[1], people[1]));
    assert!(!hub.discard_policy_draft(mine, NOW).await.unwrap());
    let (first, second) = (policy(), ScoringPolicy { watch: 65.0, ..policy() });
    hub.keep_policy_draft(mine, &first, vec![], NOW).await.unwrap();
    hub.keep_policy_draft(mine, &second, vec![], NOW.plus(HOUR)).await.unwrap();
    let draft = hub.policy_draft(people[0]).await.unwrap().unwrap();
    assert_eq!((draft.policy, draft.changed_at), (second.clone(), NOW.plus(HOUR)));
    assert_eq!(hub.policy_draft(people[1]).await.unwrap(), None);
    hub.keep_policy_draft(other, &first, vec![], NOW).await.unwrap();
    let right = Right::default_of(DecisionKind::AlertLevel);
    hub.propose(Effect::AlertLevel { level: AlertLevel::High }, "a".into(), mine, &right, NOW).await.unwrap();
    assert!(hub.policy_draft(people[0]).await.unwrap().is_some(), "another kind has nothing to do with it");
    let right = Right::default_of(DecisionKind::ScoringPolicy);
    hub.propose(Effect::ScoringPolicy { policy: Box::new(second) }, "a".into(), mine, &right, NOW).await.unwrap();
    assert_eq!(hub.policy_draft(people[0]).await.unwrap(), None);
    assert!(hub.discard_policy_draft(other, NOW).await.unwrap());
    assert_eq!(hub.policy_draft(people[1]).await.unwrap(), None);
}

on_both!(a_version_names_the_decision_that_adopted_it);
async fn a_version_names_the_decision_that_adopted_it(f: Fixture) {
    let (hub, people) = (f.store.hub(), people(&f).await);
    hub.adopt_policy(&policy(), NOW).await.unwrap();
    let next = ScoringPolicy { watch: 65.0, ..policy() };
    let right = Right::default_of(DecisionKind::ScoringPolicy);
    let id = hub.propose(Effect::ScoringPolicy { policy: Box::new(next.clone()) }, "a".into(), (f.orgs[0], people[0]), &right, NOW).await.unwrap();
    assert_eq!(hub.policies().await.unwrap().len(), 1);
    for (org, person) in f.orgs.iter().zip(&people).take(2) {
        assert!(hub.vote(id, (*org, *person), true, String::new(), NOW.plus(HOUR)).await.unwrap());
    }
    let adopted = hub.policies().await.unwrap();
    let said: Vec<_> = adopted.iter().map(|a| (a.policy.version, a.at, a.decision)).collect();
    assert_eq!(said, [(2, NOW.plus(HOUR), Some(id)), (1, NOW, None)]);
    assert_eq!(adopted[0].policy, ScoringPolicy { version: 2, ..next });
    let trail = hub.audit_after(0).await.unwrap();
    assert!(trail.iter().any(|r| r.action == "policy.adopted" && r.object == "policy 2" && r.detail.contains(&format!("\"decision\":{id}"))));
}

on_both!(what_ended_stays_as_it_ended);
async fn what_ended_stays_as_it_ended(f: Fixture) {
    let (hub, people) = (f.store.hub(), people(&f).await);
    let right = Right::default_of(DecisionKind::AlertLevel);
    let propose = async || hub.propose(Effect::AlertLevel { level: AlertLevel::High }, "a".into(), (f.orgs[0], people[0]), &right, NOW).await.unwrap();
    let (ended, open) = (propose().await, propose().await);
    assert!(!hub.withdraw(ended, (f.orgs[1], people[1]), NOW).await.unwrap(), "another's");
    assert!(!hub.withdraw(ended, (f.orgs[0], people[0]), NOW.plus(2 * DAY)).await.unwrap(), "its time is over");
    for id in [ended, open] {
        assert!(hub.vote(id, (f.orgs[1], people[1]), true, String::new(), NOW).await.unwrap());
    }
    assert!(hub.withdraw(ended, (f.orgs[0], people[0]), NOW.plus(HOUR)).await.unwrap());
    assert!(!hub.withdraw(ended, (f.orgs[0], people[0]), NOW.plus(HOUR)).await.unwrap(), "once");
    // Gamma lets beta speak for it from now on.
    hub.delegate(f.orgs[2], DecisionKind::AlertLevel, Some(f.orgs[1]), NOW.plus(HOUR)).await.unwrap();
    let of = async |id| hub.decision(id).await.unwrap().unwrap();
    assert_eq!(of(ended).await.outcome, Some((Outcome::Withdrawn, NOW.plus(HOUR))));
    assert_eq!((of(ended).await.tally, of(open).await.tally), (Tally { yes: 1, no: 0, members: 3 }, Tally { yes: 2, no: 0, members: 3 }));
    assert_eq!(hub.decision(0).await.unwrap(), None);
}
