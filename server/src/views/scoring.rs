//! `/about/scoring`

use super::{Looking, words};
use domain::{aggregate::Aggregate, scoring::collective, view::*};

/// The policy in force, and the collective score worked through.
#[must_use]
pub fn scoring(l: &Looking) -> Scoring {
    let seen: Vec<_> = l.board.seen_by(l.viewer).collect();
    let unnamed = l.board.total_of(l.viewer, l.now.day());
    let hidden = unnamed.map(Aggregate::part);
    let whole = collective(seen.iter().map(|(o, s)| (o.info.weight, &s.total)).chain(hidden.iter().map(|(w, s)| (*w, s))));
    let mut parts: Vec<ScoringPart> = seen
        .iter()
        .map(|(o, s)| ScoringPart {
            org: words::org_ref(o),
            weight: o.info.weight,
            score: s.total.value,
            last: s.total.last,
            low: s.total.low,
            high: s.total.high,
        })
        .collect();
    parts.sort_by(|a, b| a.org.name.cmp(&b.org.name));
    parts.extend(unnamed.map(|total| {
        let org = OrgRef { slug: String::new(), name: format!("{} organisations in totals only", total.members.len()) };
        ScoringPart { org, weight: total.weight(), score: Some(total.score), last: Some(total.score), low: total.score, high: total.score }
    }));
    Scoring { as_of: l.now, policy: (*l.board.policy).clone(), parts, score: whole.value, low: whole.low, high: whole.high, held: whole.held }
}
