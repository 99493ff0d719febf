//! Which of the organisations that share indicators only in totals count where it says that three or more unnamed ones reported a thing.
//!
//! Members stand for a week: whose rules change is then not told by what is said of each thing before and after. From week to week they may differ
//! by none or by [`LEAST`] and more, as with [`aggregate`](super). And they are at least [`MEMBERS`]: three of three would be all of them, and three of four
//! all but the one that somebody gets to know.

use super::LEAST;
use crate::{OrgId, indicator::IndicatorType};
use std::collections::{BTreeMap, BTreeSet};

/// Members at least.
pub const MEMBERS: usize = LEAST + 2;

/// The members of a week, where there can be any. `before` are those that the same viewer had in the last [`REMEMBERED`](super::REMEMBERED) weeks, the
/// newest first.
#[must_use]
pub fn overlap_members(before: &[&BTreeSet<OrgId>], eligible: &BTreeSet<OrgId>) -> Option<BTreeSet<OrgId>> {
    let far = |from: &BTreeSet<OrgId>, to: &BTreeSet<OrgId>| matches!(to.difference(from).count(), n if n == 0 || n >= LEAST);
    let compatible = |members: &BTreeSet<OrgId>| members.len() >= MEMBERS && before.iter().all(|other| far(other, members) && far(members, other));
    // Who joins alone waits for others.
    let without_new = || before.first().map(|newest| eligible & newest);
    Some(eligible.clone()).filter(&compatible).or_else(|| without_new().filter(compatible))
}

/// The types of which somebody may be told of a week's members: those of which at least [`MEMBERS`] of them hold some. Who shares numbers by type tells by them
/// that it holds none, and where three are left that hold any, "three or more" would be all of them.
#[must_use]
pub fn kinds_of(members: &BTreeSet<OrgId>, held: &BTreeMap<OrgId, BTreeSet<IndicatorType>>) -> BTreeSet<IndicatorType> {
    let holders = |kind: &IndicatorType| members.iter().filter(|org| held.get(org).is_some_and(|kinds| kinds.contains(kind))).count();
    IndicatorType::ALL.into_iter().filter(|kind| holders(kind) >= MEMBERS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(orgs: impl IntoIterator<Item = i64>) -> BTreeSet<OrgId> {
        orgs.into_iter().map(OrgId).collect()
    }

    #[test]
    fn five_hide_each_other_and_four_do_not() {
        assert_eq!(overlap_members(&[], &of(1..=4)), None);
        assert_eq!(overlap_members(&[], &of(1..=5)), Some(of(1..=5)));
    }

    #[test]
    fn of_a_type_that_few_hold_nothing_is_told() {
        let holds = |kinds: &[IndicatorType]| kinds.iter().copied().collect::<BTreeSet<_>>();
        let mut held: BTreeMap<OrgId, _> = (1..=6).map(|org| (OrgId(org), holds(&[IndicatorType::Url]))).collect();
        assert_eq!(kinds_of(&of(1..=6), &held), holds(&[IndicatorType::Url]));
        assert_eq!(kinds_of(&of(1..=4), &held), holds(&[]));
        for org in 1..=4 {
            held.insert(OrgId(org), holds(&[IndicatorType::Url, IndicatorType::FileMd5]));
        }
        assert_eq!(kinds_of(&of(1..=6), &held), holds(&[IndicatorType::Url]), "two of the six are known to hold no hash of a file");
    }

    #[test]
    fn who_joins_or_leaves_alone_is_not_told_by_the_difference() {
        let five = of(1..=5);
        assert_eq!(overlap_members(&[&five], &of(1..=6)), Some(five.clone()), "the sixth waits");
        assert_eq!(overlap_members(&[&five], &of(1..=8)), Some(of(1..=8)), "three join together");
        assert_eq!(overlap_members(&[&of(1..=6)], &five), None, "one has left");
        assert_eq!(overlap_members(&[&of(1..=8)], &five), Some(five.clone()));
        assert_eq!(overlap_members(&[&of(1..=8), &of(1..=6)], &five), None, "he has, of what is remembered");
    }

    proptest! {
        /// However rules change, any two weeks have none or three and more between them, and nobody is in who does not share totals.
        #[test]
        fn no_two_weeks_tell_of_fewer_than_three(weeks in prop::collection::vec(prop::collection::btree_set(1..10_i64, 0..10), 1..8)) {
            let mut shown: Vec<BTreeSet<OrgId>> = Vec::new();
            for eligible in weeks {
                let eligible = of(eligible);
                let Some(members) = overlap_members(&shown.iter().rev().collect::<Vec<_>>(), &eligible) else { continue };
                prop_assert!(members.len() >= MEMBERS && members.is_subset(&eligible));
                for other in &shown {
                    for n in [members.difference(other).count(), other.difference(&members).count()] {
                        prop_assert!(n == 0 || n >= LEAST);
                    }
                }
                shown.push(members);
            }
        }
    }
}
