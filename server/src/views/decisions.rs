//! `/decisions` and the page of each.

use super::{Looking, Viewing, dry_run::dry_run, from_store, policy, words};
use crate::App;
use app::api::Answer;
use domain::{
    OrgId, Role,
    catalogue::{Difference, ScoringPolicy, differences},
    decision::{DecisionKind, Effect, Outcome, Right},
    view::*,
};
use std::collections::BTreeMap;
use store::{Adopted, Decision, Delegates, StoreError};

/// Who may propose and vote on a kind.
pub(crate) async fn right(app: &App, kind: DecisionKind) -> Result<Right, StoreError> {
    let rights = app.store.hub().decision_rights().await?;
    Ok(rights.into_iter().find(|r| r.kind == kind).unwrap_or_else(|| Right::default_of(kind)))
}

/// Whether the viewer's organisation has a vote: it shares, and is not suspended.
pub(crate) fn has_vote(l: &Looking) -> bool {
    l.board.sharing.is_confirmed(l.viewer.org) && !l.board.sharing.is_suspended(l.viewer.org)
}

/// Decisions, and what the viewer may do about them.
///
/// # Errors
/// When the database cannot be read.
pub async fn decisions(l: &Looking) -> Answer<Decisions> {
    let (hub, fault, me) = (l.app.store.hub(), from_store(l.now), l.viewer.org);
    let rights = hub.decision_rights().await.map_err(&fault)?;
    let delegates = hub.delegates().await.map_err(&fault)?;
    let all = hub.decisions().await.map_err(&fault)?;
    let adopted = hub.policies().await.map_err(&fault)?;
    let rights: Vec<RightRow> = rights.iter().map(|r| right_row(l, r, &delegates)).collect();
    let votes = |kind: DecisionKind| rights.iter().any(|r| r.kind == kind && r.may_vote);
    let (open, ended): (Vec<_>, Vec<_>) = all.into_iter().partition(|d| d.outcome.is_none());
    let row = |d: Decision| row(l, votes(d.effect.kind()), &adopted, d);
    let others: Vec<_> = l.board.orgs().filter(|o| o.info.id != me).collect();
    let sole = if l.viewer.role == Role::Steward { hub.sole_widenings(l.now).await.map_err(&fault)? } else { vec![] };
    Ok(Decisions {
        as_of: l.now,
        sole_widenings: sole.into_iter().filter_map(|(id, from)| Some((org(l, id)?, from))).collect(),
        alert: l.board.alert,
        open: open.into_iter().map(row).collect(),
        ended: ended.into_iter().map(row).collect(),
        orgs: others.iter().map(|o| words::org_ref(o)).collect(),
        suspended: others.iter().filter(|o| l.board.sharing.is_suspended(o.info.id)).map(|o| words::org_ref(o)).collect(),
        rights,
    })
}

fn right_row(l: &Looking, r: &Right, delegates: &Delegates) -> RightRow {
    RightRow {
        kind: r.kind,
        proposers: r.proposers.clone(),
        voters: r.voters.clone(),
        quorum: r.quorum,
        days: r.days,
        may_propose: r.proposers.contains(&l.viewer.role) && has_vote(l),
        may_vote: r.voters.contains(&l.viewer.role) && has_vote(l),
        delegate: delegates.get(&r.kind).and_then(|of| of.get(&l.viewer.org)).and_then(|id| org(l, *id)),
    }
}

/// One decision with everything about it.
///
/// # Errors
/// [`Refusal::NotFound`] where there is none; and when the database cannot be read.
pub async fn decision(viewing: &Viewing, l: &Looking, id: &str) -> Answer<DecisionPage> {
    let (hub, fault, user) = (l.app.store.hub(), from_store(l.now), policy::user(viewing)?);
    let d = hub.decision(id.parse().map_err(|_| Refusal::NotFound)?).await.map_err(&fault)?.ok_or(Refusal::NotFound)?;
    let right = right(&l.app, d.effect.kind()).await.map_err(&fault)?;
    let delegates = hub.delegates().await.map_err(&fault)?;
    let adopted = hub.policies().await.map_err(&fault)?;
    let right = right_row(l, &right, &delegates);
    let open = d.outcome.is_none() && d.expires_at > l.now;
    let (mut waiting, mut dried, mut overtaken) = (vec![], None, None);
    if open {
        waiting = still_to_vote(l, &d, hub.voters().await.map_err(&fault)?, delegates.get(&right.kind));
        if let Effect::ScoringPolicy { policy: next } = &d.effect {
            dried = Some(dry_run(l, next).await?);
            overtaken = policy::overtaken(l, next);
        }
    }
    Ok(DecisionPage {
        as_of: l.now,
        lines: lines(l, &adopted, &d),
        dry_run: dried,
        overtaken,
        waiting,
        version: adopted.iter().find(|a| a.decision == Some(d.id)).map(|a| a.policy.version),
        may_withdraw: open && d.by == user,
        row: row(l, right.may_vote, &adopted, d),
        right,
    })
}

/// Who has not voted, each with the one whose vote counts for it until it does.
fn still_to_vote(l: &Looking, d: &Decision, voters: Vec<OrgId>, delegates: Option<&BTreeMap<OrgId, OrgId>>) -> Vec<(OrgRef, Option<OrgRef>)> {
    let voted = |org: &OrgId| d.votes.iter().any(|v| v.0 == *org);
    let speaker = |org: &OrgId| delegates.and_then(|of| of.get(org)).filter(|to| voters.contains(to) && voted(to)).and_then(|to| self::org(l, *to));
    voters.iter().filter(|org| !voted(org)).filter_map(|org| Some((self::org(l, *org)?, speaker(org)))).collect()
}

/// What a scoring policy changes: of the one in force while it is open, of the one that it was made on or took over from else.
fn lines(l: &Looking, adopted: &[Adopted], d: &Decision) -> Vec<Difference> {
    let Effect::ScoringPolicy { policy } = &d.effect else { return vec![] };
    let version = |version: u32| adopted.iter().map(|a| &a.policy).find(|p| p.version == version);
    let became = adopted.iter().find(|a| a.decision == Some(d.id)).map_or(policy.version, |a| a.policy.version);
    let before: Option<&ScoringPolicy> = if d.outcome.is_none() { Some(&l.board.policy) } else { version(became.saturating_sub(1)) };
    before.map_or_else(Vec::new, |before| differences(before, policy))
}

fn org(l: &Looking, id: OrgId) -> Option<OrgRef> {
    l.board.org(id).map(|o| words::org_ref(o))
}

fn row(l: &Looking, may_vote: bool, adopted: &[Adopted], d: Decision) -> DecisionRow {
    let name = |id: i64| org(l, OrgId(id)).map_or_else(String::new, |o| o.name);
    let (title, effect) = match &d.effect {
        Effect::AlertLevel { level } => {
            (format!("Alert level {}, {}", level.number(), level.title().to_lowercase()), format!("{} {}", level.meaning(), level.asks()))
        }
        Effect::ScoringPolicy { .. } => scoring_policy(&lines(l, adopted, &d), d.outcome.map(|o| o.0)),
        Effect::SuspendOrganisation { org } => {
            (format!("Suspend {}", name(*org)), "It shares nothing and is shown nothing, until it is admitted again. What it pushes is kept.".to_owned())
        }
        Effect::AdmitOrganisation { org } => {
            (format!("Admit {}", name(*org)), "It takes part: its sharing rules are in force, and those of others for it.".to_owned())
        }
        Effect::SharingDefault { levels } => {
            let levels: Vec<String> = levels.iter().map(|(class, level)| format!("{}: {}", class.name(), level.name())).collect();
            let applies = "Organisations that confirm from now on are shown this first. To those that have confirmed less it is offered; only what is narrower applies by itself.";
            ("Another default of what is shared".to_owned(), format!("What everyone sees of an organisation: {}. {applies}", levels.join(", ")))
        }
        Effect::AllianceKey => (
            "Another key for keyed hashes".to_owned(),
            "Indicators are hashed under a new key. The one before is accepted for 30 days, in which partners push again what they hashed; whoever should not \
             have it any more does not get the new one."
                .to_owned(),
        ),
    };
    DecisionRow {
        id: d.id,
        kind: d.effect.kind(),
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
    }
}

/// Lines of a difference that a list shows; the decision's page has all.
const LINES: usize = 3;

fn scoring_policy(lines: &[Difference], outcome: Option<Outcome>) -> (String, String) {
    let changes = if lines.len() == 1 { "one change".to_owned() } else { format!("{} changes", lines.len()) };
    let shown: Vec<String> = lines.iter().take(LINES).map(ToString::to_string).collect();
    let more = if lines.len() > LINES { "; …" } else { "" };
    let scores = if outcome.is_none() { " What it would make of the scores stands on its page." } else { "" };
    (format!("Scoring policy: {changes}"), format!("{}{more}.{scores}", shown.join("; ")))
}
