//! Totals over organisations that are shown to nobody by name: one number a week, or none.
//!
//! Whoever reads a total knows the named parts of it, so what is left is the mean of the unnamed ones. It is shown only where it tells of none of
//! them: from three on ([`LEAST`]), none weighing more than the others together ([`DOMINANT`]), and never where a mean near an end of the scale
//! would confine one of them (`WIDTH`): with a mean of 95 over three, each must have 85 at least. Whoever compares two weeks must not learn of
//! those that joined or left in between: they, too, are at least three and hidden by each other, or what they joined waits for them. So a total
//! stands until its week ends, whoever comes and goes, and after somebody left it is not shown again until [`REMEMBERED`] weeks have passed.
//! Statistical offices call these the threshold, dominance and (p, q) rules (Hundepool et al., Statistical Disclosure Control, 2012, chapter 4).

pub mod counts;
pub mod overlaps;

use crate::{DAY, OrgId, Timestamp, scoring::Score};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Contributors at least, the viewer not among them.
pub const LEAST: usize = 3;
/// The share of the weight that no contributor exceeds.
pub const DOMINANT: f64 = 0.5;
/// Points within which nobody can be placed, knowing the total and all weights.
pub const WIDTH: f64 = 50.0;
/// Weeks after which a total says too little of today to be compared with.
pub const REMEMBERED: i64 = 13;

/// The week of a day, both counted from 1970. Weeks begin on Mondays.
#[must_use]
pub const fn week_of(day: i64) -> i64 {
    // 1970 began on a Thursday.
    (day + 3).div_euclid(7)
}

/// The last day before a week: what the week's total is made of.
#[must_use]
pub const fn eve_of(week: i64) -> i64 {
    week * 7 - 4
}

/// The moment a week begins.
#[must_use]
pub const fn begin_of(week: i64) -> Timestamp {
    Timestamp((eve_of(week) + 1) * DAY)
}

/// What one organisation would bring in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contribution {
    pub org: OrgId,
    pub weight: f64,
    pub score: f64,
    /// By [`Domain::index`](crate::catalogue::Domain::index).
    pub domains: [Option<f64>; 6],
}

/// A total that is shown, in whole points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Aggregate {
    /// Who is in it, with their weights. For comparing only: never shown.
    pub members: BTreeMap<i64, f64>,
    pub score: f64,
    /// Of the domains that every member has a score in.
    pub domains: [Option<f64>; 6],
}

impl Aggregate {
    #[must_use]
    pub fn weight(&self) -> f64 {
        self.members.values().sum()
    }

    /// As one part of a mean over organisations. It is complete: what its members leave open would tell of them.
    #[must_use]
    pub fn part(&self) -> (f64, Score) {
        (self.weight(), known(self.score))
    }

    /// The same of one domain.
    #[must_use]
    pub fn domain_part(&self, domain: usize) -> Option<(f64, Score)> {
        Some((self.weight(), known(self.domains[domain]?)))
    }

    /// Whether who knows this total learns nothing of single ones from another over `next`.
    fn may_be_followed_by(&self, next: &[Contribution]) -> bool {
        let joined: Vec<Contribution> = next.iter().filter(|c| !self.members.contains_key(&c.org.0)).copied().collect();
        let left: Vec<f64> = self.members.iter().filter(|(org, _)| next.iter().all(|c| c.org.0 != **org)).map(|(_, weight)| *weight).collect();
        (joined.is_empty() || hidden(&joined)) && (left.is_empty() || balanced(&left))
    }
}

fn known(score: f64) -> Score {
    Score { value: Some(score), last: Some(score), low: score, high: score, coverage: 1.0, held: false }
}

/// The total over those who may be counted, where one can be shown. `shown` are the totals that the same viewer was shown in the last
/// [`REMEMBERED`] weeks, the newest first.
#[must_use]
pub fn aggregate(shown: &[&Aggregate], eligible: &[Contribution]) -> Option<Aggregate> {
    let compatible = |members: &[Contribution]| hidden(members) && shown.iter().all(|before| before.may_be_followed_by(members));
    // Who joins alone waits for others.
    let without_new = || match shown.first() {
        Some(newest) => eligible.iter().filter(|c| newest.members.contains_key(&c.org.0)).copied().collect(),
        None => vec![],
    };
    let members = Some(eligible.to_vec()).filter(|all| compatible(all)).or_else(|| Some(without_new()).filter(|some| compatible(some)))?;
    let domains = std::array::from_fn(|d| {
        let scores: Option<Vec<(f64, f64)>> = members.iter().map(|c| Some((c.weight, c.domains[d]?))).collect();
        scores.filter(|scores| confines_nobody(scores)).map(|scores| mean(&scores))
    });
    let score = mean(&totals(&members));
    Some(Aggregate { members: members.iter().map(|c| (c.org.0, c.weight)).collect(), score, domains })
}

fn totals(members: &[Contribution]) -> Vec<(f64, f64)> {
    members.iter().map(|c| (c.weight, c.score)).collect()
}

/// In whole points: the rest would be nobody's business.
fn mean(scores: &[(f64, f64)]) -> f64 {
    let weight: f64 = scores.iter().map(|(w, _)| w).sum();
    (scores.iter().map(|(w, s)| w * s).sum::<f64>() / weight).round()
}

/// Whether a total over these tells of none of them.
fn hidden(members: &[Contribution]) -> bool {
    balanced(&members.iter().map(|c| c.weight).collect::<Vec<_>>()) && confines_nobody(&totals(members))
}

fn balanced(weights: &[f64]) -> bool {
    let whole: f64 = weights.iter().sum();
    weights.len() >= LEAST && weights.iter().all(|w| *w <= whole * DOMINANT)
}

/// Whether each of them could have any score of a range of [`WIDTH`] points, for all that their mean says.
fn confines_nobody(scores: &[(f64, f64)]) -> bool {
    let (shown, whole) = (mean(scores), scores.iter().map(|(w, _)| w).sum::<f64>());
    scores.iter().all(|(weight, _)| {
        // All others at 100, all others at 0.
        let low = ((shown * whole - 100.0 * (whole - weight)) / weight).max(0.0);
        let high = (shown * whole / weight).min(100.0);
        high - low >= WIDTH
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(org: i64, score: f64) -> Contribution {
        Contribution { org: OrgId(org), weight: 1.0, score, domains: [Some(score), None, Some(50.0), None, None, None] }
    }

    fn of(scores: &[f64]) -> Vec<Contribution> {
        scores.iter().zip(1..).map(|(score, org)| one(org, *score)).collect()
    }

    #[test]
    fn weeks_begin_on_mondays() {
        // 2026-11-23 is a Monday, day 20 780.
        let monday = crate::Timestamp::parse("2026-11-23").unwrap().day();
        assert_eq!(week_of(monday) - 1, week_of(monday - 1));
        assert_eq!((week_of(monday), eve_of(week_of(monday + 6))), (week_of(monday + 6), monday - 1));
        assert_eq!(begin_of(week_of(monday + 3)), crate::Timestamp::parse("2026-11-23").unwrap());
    }

    #[test]
    fn three_are_shown_and_two_are_not() {
        assert_eq!(aggregate(&[], &of(&[40.0, 80.0])), None);
        let three = aggregate(&[], &of(&[40.0, 70.0, 80.4])).unwrap();
        assert_eq!((three.score, three.weight(), three.members.len()), (63.0, 3.0, 3));
        assert_eq!(three.domains, [Some(63.0), None, Some(50.0), None, None, None]);
    }

    #[test]
    fn where_one_dominates_or_the_mean_is_near_an_end_nothing_is_shown() {
        let mut heavy = of(&[40.0, 70.0, 60.0]);
        heavy[0].weight = 2.1;
        assert_eq!(aggregate(&[], &heavy), None);
        assert_eq!(aggregate(&[], &of(&[95.0, 95.0, 95.0])), None);
        assert_eq!(aggregate(&[], &of(&[3.0, 0.0, 1.0])), None);
        assert!(aggregate(&[], &of(&[90.0, 90.0, 60.0, 90.0, 85.0])).is_some());
    }

    #[test]
    fn a_domain_that_one_has_no_score_in_is_not_shown() {
        let mut three = of(&[40.0, 70.0, 80.0]);
        three[1].domains[0] = None;
        assert_eq!(aggregate(&[], &three).unwrap().domains[0], None, "it would tell of the others, and the index of him");
    }

    #[test]
    fn who_joins_alone_waits_and_three_do_not() {
        let three = aggregate(&[], &of(&[40.0, 70.0, 80.0])).unwrap();
        let four = aggregate(&[&three], &of(&[40.0, 70.0, 80.0, 10.0])).unwrap();
        assert_eq!(four.members, three.members);
        let six = aggregate(&[&three], &of(&[40.0, 70.0, 80.0, 10.0, 40.0, 60.0])).unwrap();
        assert_eq!(six.members.len(), 6);
    }

    #[test]
    fn after_one_has_left_nothing_is_shown_for_a_while() {
        let four = aggregate(&[], &of(&[40.0, 70.0, 80.0, 30.0])).unwrap();
        assert_eq!(aggregate(&[&four], &of(&[40.0, 70.0, 80.0])), None);
        assert!(aggregate(&[], &of(&[40.0, 70.0, 80.0])).is_some(), "later");
    }

    proptest! {
        /// Whatever is shown over the weeks, however rules change: from any one total, or any two of them taken from each other, nobody's score can
        /// be placed within less than [`WIDTH`] points.
        #[test]
        fn nobody_can_be_placed(scores in prop::collection::vec(0.0..100.0_f64, 8), weights in prop::collection::vec(1..5_u8, 8),
                                weeks in prop::collection::vec(prop::collection::vec(any::<bool>(), 8), 1..6)) {
            let all: Vec<Contribution> = of(&scores).into_iter().zip(&weights).map(|(c, w)| Contribution { weight: f64::from(*w), ..c }).collect();
            let mut shown: Vec<Aggregate> = Vec::new();
            for here in weeks {
                let eligible: Vec<Contribution> = all.iter().zip(here).filter(|(_, here)| *here).map(|(c, _)| *c).collect();
                let before: Vec<&Aggregate> = shown.iter().rev().collect();
                let Some(total) = aggregate(&before, &eligible) else { continue };
                prop_assert!(total.members.len() >= LEAST && total.members.keys().all(|org| eligible.iter().any(|c| c.org.0 == *org)));
                let is = |org: &i64, of: &Aggregate| of.members.contains_key(org);
                for other in shown.iter().chain([&Aggregate { members: BTreeMap::new(), score: 0.0, domains: [None; 6] }]) {
                    let joined: Vec<(&i64, &f64)> = total.members.iter().filter(|(org, _)| !is(org, other)).collect();
                    let left: Vec<(&i64, &f64)> = other.members.iter().filter(|(org, _)| !is(org, &total)).collect();
                    prop_assert!(joined.is_empty() || joined.len() >= LEAST, "{joined:?}");
                    prop_assert!(left.is_empty() || left.len() >= LEAST, "{left:?}");
                    // The mean of those that joined, as exactly as if nothing were rounded.
                    let weight: f64 = joined.iter().map(|(_, w)| **w).sum();
                    let sum: f64 = joined.iter().map(|(org, w)| *w * scores[(**org - 1) as usize]).sum();
                    for (_, own) in &joined {
                        let low = ((sum - 100.0 * (weight - *own)) / *own).max(0.0);
                        let high = (sum / *own).min(100.0);
                        // Half a point of rounding, as often as the organisation's weight goes into the whole.
                        prop_assert!(high - low >= WIDTH - weight / *own, "{low} to {high}");
                    }
                }
                shown.push(total);
            }
        }
    }
}
