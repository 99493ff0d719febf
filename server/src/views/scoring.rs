//! `/about/scoring`

use super::{Looking, words};
use domain::view::*;

/// The policy in force, and the collective score worked through.
#[must_use]
pub fn scoring(l: &Looking) -> Scoring {
    let seen: Vec<_> = l.board.seen_by(l.viewer).collect();
    let unnamed = l.board.total_of(l.viewer, l.now.day());
    let whole = l.board.parts(l.viewer, l.now).index();
    let mut parts: Vec<ScoringPart> = seen
        .iter()
        .map(|(o, s)| ScoringPart {
            org: words::org_ref(o),
            weight: o.info.weight,
            score: s.total.value,
            last: s.total.last,
            low: s.total.low,
            high: s.total.high,
            note: words::bound(s).unwrap_or_default(),
        })
        .collect();
    let (withdrawn, never): (Vec<_>, Vec<_>) = l.board.hidden_from(l.viewer, l.now).partition(|(o, _)| o.posture_withdrawn(l.sight()));
    parts.extend(withdrawn.iter().map(|(o, s)| ScoringPart {
        org: OrgRef { slug: String::new(), name: "An organisation that no longer shares its posture with you".into() },
        weight: o.info.weight,
        score: None,
        last: s.total.last,
        low: s.total.low,
        high: s.total.high,
        note: String::new(),
    }));
    parts.sort_by(|a, b| a.org.name.cmp(&b.org.name));
    if !never.is_empty() {
        let (count, weight) = (never.len(), never.iter().map(|(o, _)| o.info.weight).sum());
        let name = if count == 1 {
            "One organisation that does not share its posture with you".into()
        } else {
            format!("{count} organisations that do not share their posture with you")
        };
        let org = OrgRef { slug: String::new(), name };
        parts.push(ScoringPart { org, weight, score: None, last: None, low: 0.0, high: 100.0, note: String::new() });
    }
    parts.extend(unnamed.map(|total| {
        let org = OrgRef { slug: String::new(), name: format!("{} organisations in totals only", total.members.len()) };
        ScoringPart { org, weight: total.weight(), score: Some(total.score), last: Some(total.score), low: total.score, high: total.score, note: String::new() }
    }));
    Scoring { as_of: l.now, policy: (*l.board.policy).clone(), parts, score: whole.value, low: whole.low, high: whole.high, held: whole.held }
}
