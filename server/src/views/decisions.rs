//! `/decisions`, `/admin/policy`

use super::{Looking, failed, from_store, words};
use app::api::Answer;
use domain::{
    DataClass, OrgId, Role,
    catalogue::ScoringPolicy,
    decision::{DecisionKind, Effect},
    scoring::{Inputs, org_score},
    view::*,
};
use store::Decision;

/// Decisions, and what the viewer may do about them.
///
/// # Errors
/// When the database cannot be read.
pub async fn decisions(l: &Looking) -> Answer<Decisions> {
    let (hub, fault, me) = (l.app.store.hub(), from_store(l.now), l.viewer.org);
    let rights = hub.decision_rights().await.map_err(&fault)?;
    let delegates = hub.delegates().await.map_err(&fault)?;
    let has_vote = l.board.sharing.is_confirmed(me) && !l.board.sharing.is_suspended(me);
    let votes = |kind: DecisionKind| has_vote && rights.iter().any(|r| r.kind == kind && r.voters.contains(&l.viewer.role));
    let all = hub.decisions().await.map_err(&fault)?;
    let (open, ended): (Vec<_>, Vec<_>) = all.into_iter().partition(|d| d.outcome.is_none());
    let row = |d: Decision| row(l, votes(d.effect.kind()), d);
    let others: Vec<_> = l.board.orgs().filter(|o| o.info.id != me).collect();
    Ok(Decisions {
        as_of: l.now,
        alert: l.board.alert,
        open: open.into_iter().map(row).collect(),
        ended: ended.into_iter().map(row).collect(),
        rights: rights
            .iter()
            .map(|r| RightRow {
                kind: r.kind,
                proposers: r.proposers.clone(),
                voters: r.voters.clone(),
                quorum: r.quorum,
                days: r.days,
                may_propose: r.proposers.contains(&l.viewer.role) && has_vote,
                may_vote: votes(r.kind),
                delegate: delegates.get(&r.kind).and_then(|of| of.get(&me)).and_then(|id| org(l, *id)),
            })
            .collect(),
        orgs: others.iter().map(|o| words::org_ref(o)).collect(),
        suspended: others.iter().filter(|o| l.board.sharing.is_suspended(o.info.id)).map(|o| words::org_ref(o)).collect(),
    })
}

fn org(l: &Looking, id: OrgId) -> Option<OrgRef> {
    l.board.org(id).map(|o| words::org_ref(o))
}

fn row(l: &Looking, may_vote: bool, d: Decision) -> DecisionRow {
    let name = |id: i64| org(l, OrgId(id)).map_or_else(String::new, |o| o.name);
    let (title, effect) = match &d.effect {
        Effect::AlertLevel { level } => {
            (format!("Alert level {}, {}", level.number(), level.title().to_lowercase()), format!("{} {}", level.meaning(), level.asks()))
        }
        Effect::ScoringPolicy { policy } => {
            ("Another scoring policy".to_owned(), format!("{} metrics; the scores below would be other than now.", policy.metrics.len()))
        }
        Effect::SuspendOrganisation { org } => {
            (format!("Suspend {}", name(*org)), "It shares nothing and is shown nothing, until it is admitted again. What it pushes is kept.".to_owned())
        }
        Effect::AdmitOrganisation { org } => {
            (format!("Admit {} again", name(*org)), "Its sharing rules are in force again, and those of others for it.".to_owned())
        }
        Effect::SharingDefault { levels } => {
            let levels: Vec<String> = DataClass::ALL.iter().zip(levels).map(|(class, level)| format!("{}: {}", class.name(), level.name())).collect();
            ("Another default of what is shared".to_owned(), format!("For organisations without a rule of their own: {}.", levels.join(", ")))
        }
    };
    let all = match &d.effect {
        Effect::ScoringPolicy { policy } if d.outcome.is_none() => dry_run(l, policy),
        _ => vec![],
    };
    let whole = |score: Option<f64>| score.map(f64::round);
    let (dry_run, same): (Vec<_>, Vec<_>) = all.into_iter().partition(|c| whole(c.now) != whole(c.then));
    DecisionRow {
        id: d.id,
        title,
        effect,
        reason: d.reason,
        by: org(l, d.org).unwrap_or(OrgRef { slug: String::new(), name: String::new() }),
        proposed_at: d.proposed_at,
        expires_at: d.expires_at,
        outcome: d.outcome,
        tally: d.tally,
        votes: d.votes.into_iter().filter_map(|(id, choice, reason)| Some((org(l, id)?, choice, reason))).collect(),
        may_vote: may_vote && d.outcome.is_none() && d.expires_at > l.now,
        dry_run,
        unchanged: same.len() as u32,
    }
}

/// What another policy would make of each score that the viewer sees.
fn dry_run(l: &Looking, policy: &ScoringPolicy) -> Vec<ScoreChange> {
    let change = |(org, now): (&std::sync::Arc<crate::live::board::OrgState>, domain::scoring::OrgScore)| {
        let reading = |key: &str| l.board.policy.position(key).and_then(|i| org.inputs.readings.get(i).copied().flatten());
        let readings = policy.metrics.iter().map(|m| reading(&m.key)).collect();
        let inputs = Inputs { readings, interval: org.inputs.interval, critical_open: org.critical_for(l.sight()) };
        ScoreChange { org: words::org_ref(org), now: now.total.value, then: org_score(policy, &inputs, l.now).total.value }
    };
    l.board.seen_by(l.viewer).map(change).collect()
}

/// The policy in force.
///
/// # Errors
/// When it cannot be written as JSON.
pub async fn policy(l: &Looking) -> Answer<PolicyPage> {
    let rights = l.app.store.hub().decision_rights().await.map_err(from_store(l.now))?;
    let may = |role: Role| rights.iter().any(|r| r.kind == DecisionKind::ScoringPolicy && r.proposers.contains(&role));
    let text = serde_json::to_string_pretty(&*l.board.policy).map_err(failed)?;
    Ok(PolicyPage { policy: (*l.board.policy).clone(), text, may_propose: may(l.viewer.role) })
}
