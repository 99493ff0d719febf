//! Why a score changed: the change between two moments, split exactly into named causes.
//!
//! The causes are applied one after the other, in a fixed order, and each is credited with what the score moved when it
//! was applied. The sum telescopes, so the parts always add up to the whole; nothing is left over and nothing is
//! counted twice. The order (policy, metrics in catalogue order, time, incident) is part of the definition.
//!
//! Values change while their ages stand still, and then all ages change at once. So a value is credited with what its own change is worth: nothing where it
//! stays within its target, never a gain where it got worse. What silence does to a score is time's part, whoever was silent.

use super::{Critical, Inputs, OrgScore, Reading, Score, collective, org_score};
use crate::{catalogue::ScoringPolicy, timestamp::Timestamp};

/// What moved a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A new version of the scoring policy.
    Policy { from: u32, to: u32 },
    /// Values grew older, perhaps stale, or are current again.
    Time,
    /// The metric at this position of the new policy has a new value.
    Metric(usize),
    /// A critical incident was opened or closed.
    CriticalIncident,
    /// Critical incidents are no longer shown: one may be open.
    IncidentsHidden,
    /// They are shown again.
    IncidentsShown,
}

/// One part of a change, in points of the score it explains.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The position of the organisation among those given.
    pub org: usize,
    pub cause: Cause,
    pub points: f64,
}

/// One organisation before and after. `None` before it joined or after it left.
#[derive(Clone, Debug)]
pub struct Change {
    pub weight: f64,
    pub before: Inputs,
    pub after: Inputs,
}

/// Splits the change of the collective score of `orgs` between two moments into its causes.
///
/// A score that is unknown counts as its last known value, and as 0 before anything was known, so that "first report" and "fell
/// silent" are causes like any other. The parts sum to [`headline`] after minus [`headline`] before.
#[must_use]
pub fn explain(orgs: &[Change], policies: (&ScoringPolicy, &ScoringPolicy), moments: (Timestamp, Timestamp)) -> Vec<Part> {
    let (old, new) = policies;
    let (then, now) = moments;
    // `before` follows the old policy's order of metrics; from the first step on everything follows the new one's.
    let mut scores: Vec<Score> = orgs.iter().map(|c| org_score(old, &c.before, then).total).collect();
    let mut head = headline_of(orgs, &scores);
    let mut parts = Vec::new();
    for (i, change) in orgs.iter().enumerate() {
        let mut step = |inputs: &Inputs, at: Timestamp, cause: Cause, scores: &mut Vec<Score>| {
            let OrgScore { total, .. } = org_score(new, inputs, at);
            scores[i] = total;
            let next = headline_of(orgs, scores);
            // Hiding is named even where it moves nothing, so that what it covers is not taken for a change for the better.
            if next != head || cause == Cause::IncidentsHidden {
                // What one cause does in two steps is one part.
                match parts.iter_mut().find(|part: &&mut Part| part.org == i && part.cause == cause) {
                    Some(part) => part.points += next - head,
                    None => parts.push(Part { org: i, cause, points: next - head }),
                }
            }
            head = next;
        };
        let mut inputs = translate(old, new, &change.before);
        step(&inputs, then, Cause::Policy { from: old.version, to: new.version }, &mut scores);
        // From here on at `now`: every reading moves along with its age, so that nothing is stale only because it is compared late.
        inputs.readings.iter_mut().flatten().for_each(|r| r.at = r.at.plus(now.since(then)));
        inputs.interval = change.after.interval;
        step(&inputs, now, Cause::Time, &mut scores);
        for m in 0..inputs.readings.len() {
            let after = change.after.readings.get(m).copied().flatten();
            // A value that was known keeps the age that it had; one that was not has its own.
            inputs.readings[m] = after.map(|after| Reading { at: inputs.readings[m].map_or(after.at, |before| before.at), ..after });
            step(&inputs, now, Cause::Metric(m), &mut scores);
        }
        // Each takes on its real age.
        inputs.readings.clone_from(&change.after.readings);
        step(&inputs, now, Cause::Time, &mut scores);
        let cause = match (inputs.critical, change.after.critical) {
            (before, after) if before == after => continue,
            (_, Critical::Unknown) => Cause::IncidentsHidden,
            (Critical::Unknown, _) => Cause::IncidentsShown,
            _ => Cause::CriticalIncident,
        };
        inputs.critical = change.after.critical;
        step(&inputs, now, cause, &mut scores);
    }
    parts
}

/// The number whose change is explained: the collective score, or the last known one, or 0.
#[must_use]
pub fn headline(score: &Score) -> f64 {
    score.value.or(score.last).unwrap_or(0.0)
}

fn headline_of(orgs: &[Change], scores: &[Score]) -> f64 {
    headline(&collective(orgs.iter().map(|c| c.weight).zip(scores)))
}

fn translate(old: &ScoringPolicy, new: &ScoringPolicy, inputs: &Inputs) -> Inputs {
    let reading = |key: &str| old.position(key).and_then(|p| inputs.readings.get(p).copied().flatten());
    Inputs { readings: new.metrics.iter().map(|m| reading(&m.key)).collect(), ..inputs.clone() }
}
