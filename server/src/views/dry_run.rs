//! What another policy would make of the scores: made as the board makes them, of the same values, so that it is what they become.

use super::{Looking, from_store, words};
use crate::live::board::{OrgState, readings_under};
use app::api::Answer;
use domain::{
    DataClass, Freshness, Level, OrgId,
    aggregate::Aggregate,
    catalogue::ScoringPolicy,
    scoring::{Inputs, OrgScore, Score, collective, org_score},
    sharing::ALWAYS,
    verdict::Standing,
    view::*,
};
use std::{collections::HashMap, sync::Arc};
use store::CurrentValues;

/// An organisation with its scores now and then.
struct Tried<'a> {
    org: &'a Arc<OrgState>,
    now: OrgScore,
    then: OrgScore,
}

/// The scores of those that show the viewer single values, as they are and as another policy would make them. Of who shows scores only, policies made
/// up for it would tell value by value what it does not show; so it is neither among the rows nor in the index.
///
/// # Errors
/// When the database cannot be read.
pub async fn dry_run(l: &Looking, policy: &ScoringPolicy) -> Answer<DryRun> {
    let whole = |org: OrgId| l.board.sharing.since(l.viewer.org, org, DataClass::Posture, Level::Detail) == Some(ALWAYS);
    let (seen, scores_only): (Vec<&Arc<OrgState>>, Vec<_>) = l.board.seen_by(l.viewer).map(|(org, _)| org).partition(|o| whole(o.info.id));
    let ids: Vec<OrgId> = seen.iter().map(|o| o.info.id).collect();
    // The board keeps the metrics of the policy in force only; another may have those that were retired before.
    let current = l.app.store.hub().current(&ids).await.map_err(from_store(l.now))?;
    let by_org: HashMap<OrgId, CurrentValues> = current.into_iter().map(|values| (values.org, values)).collect();
    let tried: Vec<Tried<'_>> = seen
        .into_iter()
        .map(|org| {
            let values = by_org.get(&org.info.id);
            let under = |policy: &ScoringPolicy| {
                let inputs = Inputs { readings: readings_under(policy, values), interval: org.info.interval, critical: org.critical(l.sight()) };
                org_score(policy, &inputs, l.now)
            };
            Tried { org, now: under(&l.board.policy), then: under(policy) }
        })
        .collect();
    let mut rows: Vec<ScoreChange> = tried.iter().map(|t| change(l, policy, t)).collect();
    let moved = |c: &ScoreChange| c.score.now.zip(c.score.then).map_or(f64::from(c.score.now.is_some() != c.score.then.is_some()), |(a, b)| (b - a).abs());
    rows.sort_by(|a, b| moved(b).total_cmp(&moved(a)).then_with(|| a.org.name.cmp(&b.org.name)));
    let shares = |level| l.board.orgs().filter(|o| l.sight().level(o.info.id, DataClass::Posture) == level).count() as u32;
    Ok(DryRun {
        as_of: l.now,
        index: index(l, policy, &tried),
        rows,
        unshared: shares(Level::None),
        scores_only: scores_only.len() as u32,
        totals_only: shares(Level::Aggregate),
    })
}

fn change(l: &Looking, policy: &ScoringPolicy, t: &Tried<'_>) -> ScoreChange {
    let counted = |score: &Score| score.value.filter(|_| l.freshness(t.org).counts());
    let score = ScorePair {
        now: counted(&t.now.total),
        then: counted(&t.then.total),
        standing_now: l.standing(t.org, &l.board.policy, &t.now),
        standing_then: l.standing(t.org, policy, &t.then),
    };
    ScoreChange { org: words::org_ref(t.org), score }
}

/// The collective score. What is shared only in totals is a number that stands until the week ends, whatever the policy.
fn index(l: &Looking, policy: &ScoringPolicy, tried: &[Tried<'_>]) -> ScorePair {
    let hidden = l.board.total_of(l.viewer, l.now.day()).map(Aggregate::part);
    let whole = |next: bool| {
        let parts = tried.iter().map(|t| (t.org.info.weight, if next { &t.then.total } else { &t.now.total }));
        collective(parts.chain(hidden.iter().map(|(weight, score)| (*weight, score)))).value
    };
    let (now, then) = (whole(false), whole(true));
    let standing = |value: Option<f64>, policy: &ScoringPolicy| Standing::of(value, Freshness::Fresh, policy.on_target, policy.watch);
    ScorePair { now, then, standing_now: standing(now, &l.board.policy), standing_then: standing(then, policy) }
}
