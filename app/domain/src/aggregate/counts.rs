//! Counts of records over organisations that share them only in totals: as [`aggregate`](super) does with scores.
//!
//! Only records that reach everyone (TLP:CLEAR and TLP:GREEN) are counted, because a total travels further than a record. It is shown to tens, from
//! three contributors on ([`LEAST`]), none of which has more than half of it, and only where it leaves each of them room for [`WIDTH`] records. So
//! neither a total nor what two weeks have between them tells who has how many.

use super::{DOMINANT, LEAST};
use crate::OrgId;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a shown count is rounded to.
pub const STEP: u64 = 10;
/// Records that each contributor could have, or not have, for all that the total says.
pub const WIDTH: u64 = 10;

/// A count that is shown for a week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountTotal {
    /// Who is in it, with how many. For comparing only: never shown.
    pub members: BTreeMap<i64, u64>,
    /// Rounded to [`STEP`].
    pub count: u64,
}

impl CountTotal {
    /// Whether who knows this total learns nothing of single ones from another over `next`.
    fn may_be_followed_by(&self, next: &[(OrgId, u64)]) -> bool {
        let joined: Vec<u64> = next.iter().filter(|(org, _)| !self.members.contains_key(&org.0)).map(|(_, n)| *n).collect();
        let left: Vec<u64> = self.members.iter().filter(|(org, _)| next.iter().all(|(other, _)| other.0 != **org)).map(|(_, n)| *n).collect();
        (joined.is_empty() || hidden(&joined)) && (left.is_empty() || hidden(&left))
    }
}

/// The total over those who may be counted, where one can be shown. `shown` are the totals that the same viewer was shown in the last
/// [`REMEMBERED`](super::REMEMBERED) weeks, the newest first.
#[must_use]
pub fn count_total(shown: &[&CountTotal], eligible: &[(OrgId, u64)]) -> Option<CountTotal> {
    let numbers = |members: &[(OrgId, u64)]| members.iter().map(|(_, n)| *n).collect::<Vec<_>>();
    let compatible = |members: &[(OrgId, u64)]| hidden(&numbers(members)) && shown.iter().all(|before| before.may_be_followed_by(members));
    // Who joins alone waits for others.
    let without_new = || match shown.first() {
        Some(newest) => eligible.iter().filter(|(org, _)| newest.members.contains_key(&org.0)).copied().collect(),
        None => vec![],
    };
    let members = Some(eligible.to_vec()).filter(|all| compatible(all)).or_else(|| Some(without_new()).filter(|some| compatible(some)))?;
    let sum: u64 = numbers(&members).iter().sum();
    Some(CountTotal { members: members.iter().map(|(org, n)| (org.0, *n)).collect(), count: (sum + STEP / 2) / STEP * STEP })
}

/// Whether a total over these tells of none of them.
fn hidden(numbers: &[u64]) -> bool {
    let whole: u64 = numbers.iter().sum();
    numbers.len() >= LEAST && whole >= WIDTH && numbers.iter().all(|n| *n as f64 <= whole as f64 * DOMINANT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(numbers: &[u64]) -> Vec<(OrgId, u64)> {
        (1..).map(OrgId).zip(numbers.iter().copied()).collect()
    }

    #[test]
    fn three_are_shown_to_tens_and_two_are_not() {
        assert_eq!(count_total(&[], &of(&[40, 50])), None);
        assert_eq!(count_total(&[], &of(&[11, 12, 14])).unwrap().count, 40);
    }

    #[test]
    fn where_one_has_most_of_it_or_all_have_next_to_none_nothing_is_shown() {
        assert_eq!(count_total(&[], &of(&[40, 10, 10, 10])), None);
        assert_eq!(count_total(&[], &of(&[0, 0, 0, 0])), None, "it would say that each has none");
        assert_eq!(count_total(&[], &of(&[3, 3, 3])), None);
    }

    #[test]
    fn who_joins_or_leaves_alone_is_not_told_by_the_difference() {
        let three = count_total(&[], &of(&[20, 20, 20])).unwrap();
        assert_eq!(count_total(&[&three], &of(&[20, 20, 20, 30])).unwrap().members, three.members);
        assert_eq!(count_total(&[&three], &of(&[20, 20])), None);
        assert_eq!(count_total(&[&three], &of(&[20, 20, 20, 30, 30, 20])).unwrap().count, 140);
    }

    proptest! {
        /// From any total, or any two of them taken from each other, everybody's number could be 0 or at least [`WIDTH`] (less what rounding adds).
        #[test]
        fn nobody_is_told_by_a_total_or_a_difference(numbers in prop::collection::vec(0..60_u64, 8),
                                                     weeks in prop::collection::vec(prop::collection::vec(any::<bool>(), 8), 1..6)) {
            let all = of(&numbers);
            let mut shown: Vec<CountTotal> = Vec::new();
            for here in weeks {
                let eligible: Vec<(OrgId, u64)> = all.iter().zip(here).filter(|(_, here)| *here).map(|(c, _)| *c).collect();
                let before: Vec<&CountTotal> = shown.iter().rev().collect();
                let Some(total) = count_total(&before, &eligible) else { continue };
                let empty = CountTotal { members: BTreeMap::new(), count: 0 };
                for other in shown.iter().chain([&empty]) {
                    for (of, than) in [(&total, other), (other, &total)] {
                        let more: Vec<u64> = of.members.iter().filter(|(org, _)| !than.members.contains_key(org)).map(|(_, n)| *n).collect();
                        let whole: u64 = more.iter().sum();
                        prop_assert!(more.is_empty() || (more.len() >= LEAST && whole >= WIDTH), "{more:?}");
                        prop_assert!(more.iter().all(|n| n * 2 <= whole), "{more:?}: the others could have all of it");
                    }
                }
                prop_assert!(total.count.is_multiple_of(STEP) && total.members.keys().all(|org| eligible.iter().any(|(of, _)| of.0 == *org)));
                shown.push(total);
            }
        }
    }
}
