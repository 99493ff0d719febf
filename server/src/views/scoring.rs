//! `/about/scoring`

use super::{Looking, words};
use domain::{scoring::collective, view::*};

/// The policy in force, and the collective score worked through.
#[must_use]
pub fn scoring(l: &Looking) -> Scoring {
    let seen: Vec<_> = l.board.seen_by(l.viewer).collect();
    let whole = collective(seen.iter().map(|(o, s)| (o.info.weight, &s.total)));
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
    Scoring { as_of: l.now, policy: (*l.board.policy).clone(), parts, score: whole.value, low: whole.low, high: whole.high, held: whole.held }
}
