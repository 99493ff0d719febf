//! What a change of rules or memberships makes different, before it is made.

use super::{ALWAYS, Audience, GroupId, Rule, Sharing};
use crate::{DataClass, Level, names::OrgId};
use std::collections::{BTreeMap, BTreeSet};

/// Whoever may come later: no organisation has this number.
const ANYBODY: OrgId = OrgId(i64::MAX);

/// What a change makes different for one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    pub org: OrgId,
    pub before: Level,
    pub after: Level,
    /// Whether it would see also what was handed in earlier than what it sees now.
    pub earlier: bool,
}

impl Difference {
    /// Whether the organisation would see more.
    #[must_use]
    pub fn widens(&self) -> bool {
        self.after > self.before || self.earlier
    }
}

impl Sharing {
    /// The rules with one of them set, or taken away: what a change would make of them.
    #[must_use]
    pub fn with(&self, owner: OrgId, class: DataClass, audience: Audience, level: Option<Level>) -> Self {
        let mut changed = self.clone();
        let rules = &mut changed.owners.entry(owner).or_default().rules[class];
        match level {
            Some(level) => drop(rules.insert(audience, level)),
            None => drop(rules.remove(&audience)),
        }
        changed
    }

    /// The rules with one more member of a group.
    #[must_use]
    pub fn with_member(&self, group: GroupId, org: OrgId) -> Self {
        let mut changed = self.clone();
        changed.members.entry(group).or_default().entry(org).or_insert(ALWAYS);
        changed
    }

    /// The same, as if nobody were suspended and everybody had confirmed: what the rules mean as soon as nothing stands in their way.
    fn unhindered(&self) -> Self {
        let mut unhindered = Self { suspended: BTreeSet::new(), ..self.clone() };
        unhindered.owners.values_mut().for_each(|owner| owner.unconfirmed = false);
        unhindered
    }

    /// For which of `orgs` a change of a rule of `owner` makes what different; for those that are suspended, and of an owner that is or has not confirmed
    /// yet, as it would be without that.
    #[must_use]
    pub fn differences(
        &self,
        orgs: impl IntoIterator<Item = OrgId>,
        owner: OrgId,
        class: DataClass,
        audience: Audience,
        level: Option<Level>,
    ) -> Vec<Difference> {
        let old = self.unhindered();
        let new = old.with(owner, class, audience, level);
        let difference = |org| old.difference(&new, org, owner, class);
        orgs.into_iter().map(difference).filter(|d| d.before != d.after || d.earlier).collect()
    }

    fn difference(&self, new: &Self, org: OrgId, owner: OrgId, class: DataClass) -> Difference {
        let earlier = |least| match (self.since(org, owner, class, least), new.since(org, owner, class, least)) {
            (Some(old), Some(new)) => new < old,
            _ => false,
        };
        let (before, after) = (self.level(org, owner, class), new.level(org, owner, class));
        Difference { org, before, after, earlier: earlier(Level::Summary) || earlier(Level::Detail) }
    }

    /// Whether a change of a rule shows anybody more: one of `orgs`, or whoever joins the group later that the rule speaks of.
    #[must_use]
    pub fn widens(&self, orgs: impl IntoIterator<Item = OrgId>, owner: OrgId, class: DataClass, audience: Audience, level: Option<Level>) -> bool {
        let with_anybody = match audience {
            Audience::Group(group) => self.with_member(group, ANYBODY),
            _ => self.clone(),
        };
        with_anybody.differences(orgs.into_iter().chain([ANYBODY]), owner, class, audience, level).iter().any(Difference::widens)
    }

    /// What an organisation would see more of `owner`'s as a member of a group, by class.
    #[must_use]
    pub fn gained_by_joining(&self, group: GroupId, org: OrgId, owner: OrgId) -> Vec<(DataClass, Difference)> {
        let old = self.unhindered();
        let new = old.with_member(group, org).with_member(group, owner);
        let gained = DataClass::ALL.into_iter().map(|class| (class, old.difference(&new, org, owner, class)));
        gained.filter(|(_, d)| d.widens()).collect()
    }

    /// Rules for single organisations that keep what these rules show from widening to what `after` shows, when `org` leaves a group: of what it shows
    /// the others in it, and they show it.
    #[must_use]
    pub fn kept_by_leaving(&self, after: &Self, group: GroupId, org: OrgId) -> Vec<Rule> {
        let others = self.members.get(&group).into_iter().flat_map(BTreeMap::keys).filter(|other| **other != org);
        let pairs = others.flat_map(|other| [(org, *other), (*other, org)]);
        let (before, after) = (self.unhindered(), after.unhindered());
        let kept = |(owner, viewer)| {
            let rules = DataClass::ALL.map(|class| (class, before.difference(&after, viewer, owner, class)));
            let widened = rules.into_iter().filter(|(_, d)| d.widens());
            widened.map(move |(class, d)| Rule { owner, class, audience: Audience::Organisation(viewer), level: d.before }).collect::<Vec<_>>()
        };
        pairs.flat_map(kept).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ByClass, Timestamp};

    const A: OrgId = OrgId(1);
    const B: OrgId = OrgId(2);
    const C: OrgId = OrgId(3);
    const GROUP: GroupId = GroupId(7);
    const CLASS: DataClass = DataClass::Incidents;

    fn sharing(rules: &[(Audience, Level)], members: &[OrgId]) -> Sharing {
        let rules = rules.iter().map(|(audience, level)| Rule { owner: A, class: CLASS, audience: *audience, level: *level });
        Sharing::new(1, ByClass::filled(Level::None), rules, members.iter().map(|org| (GROUP, *org)))
    }

    fn widens(sharing: &Sharing, audience: Audience, level: Level) -> bool {
        sharing.widens([A, B, C], A, CLASS, audience, Some(level))
    }

    #[test]
    fn who_sees_more_makes_a_change_a_wider_one() {
        let some = sharing(&[(Audience::Everyone, Level::Summary), (Audience::Organisation(B), Level::Detail)], &[]);
        assert!(widens(&some, Audience::Everyone, Level::Detail) && widens(&some, Audience::Organisation(C), Level::Detail));
        assert!(!widens(&some, Audience::Everyone, Level::None) && !widens(&some, Audience::Organisation(B), Level::Summary));
        assert!(
            !some.widens([A, B, C], A, CLASS, Audience::Organisation(B), None) && some.widens([A, B, C], A, CLASS, Audience::Everyone, Some(Level::Detail))
        );
        let difference = Difference { org: C, before: Level::Summary, after: Level::None, earlier: false };
        assert_eq!(some.differences([A, B, C], A, CLASS, Audience::Everyone, Some(Level::None)), [difference], "B has a rule of its own");
    }

    #[test]
    fn so_does_whoever_would_see_more_later() {
        let group = Audience::Group(GROUP);
        assert!(widens(&sharing(&[], &[A]), group, Level::Detail), "nobody else is in the group yet");
        let masked = sharing(&[(Audience::Organisation(B), Level::None)], &[A, B]);
        assert!(widens(&masked, group, Level::Summary), "B has a rule of its own, and the next has not");
        assert!(!widens(&sharing(&[(Audience::Everyone, Level::Detail)], &[A, B]), group, Level::Summary));
        for hindered in [sharing(&[], &[]).suspending([B]), sharing(&[], &[]).suspending([A]), sharing(&[], &[]).without([A])] {
            assert!(widens(&hindered, Audience::Organisation(B), Level::Detail), "{hindered:?}");
        }
        let everybody_named = sharing(&[(Audience::Organisation(B), Level::None), (Audience::Organisation(C), Level::None)], &[]);
        assert!(widens(&everybody_named, Audience::Everyone, Level::Aggregate), "others will come");
    }

    #[test]
    fn and_whoever_would_see_what_was_handed_in_before() {
        let since = sharing(&[(Audience::Group(GROUP), Level::Detail)], &[A]).only_since([(GROUP, B, Timestamp(100))]);
        let all = since.differences([B, C], A, CLASS, Audience::Organisation(B), Some(Level::Detail));
        assert_eq!(all, [Difference { org: B, before: Level::Detail, after: Level::Detail, earlier: true }]);
        assert!(widens(&since, Audience::Organisation(B), Level::Detail));
    }

    #[test]
    fn a_member_gains_what_the_rules_for_the_group_show() {
        let rules = sharing(&[(Audience::Everyone, Level::Summary), (Audience::Group(GROUP), Level::Detail)], &[A]);
        let gained = |org, owner| rules.gained_by_joining(GROUP, org, owner).into_iter().map(|(class, d)| (class, d.before, d.after)).collect::<Vec<_>>();
        assert_eq!(gained(B, A), [(CLASS, Level::Summary, Level::Detail)]);
        assert_eq!(gained(A, B), []);
    }

    #[test]
    fn leaving_shows_nobody_more() {
        let before = sharing(&[(Audience::Everyone, Level::Detail), (Audience::Group(GROUP), Level::Summary)], &[A, B, C]);
        let kept = |org, left: &[OrgId]| {
            before.kept_by_leaving(&sharing(&[(Audience::Everyone, Level::Detail), (Audience::Group(GROUP), Level::Summary)], left), GROUP, org)
        };
        let rule = |org| Rule { owner: A, class: CLASS, audience: Audience::Organisation(org), level: Level::Summary };
        assert_eq!(kept(A, &[B, C]), [rule(B), rule(C)], "what A shows the others");
        assert_eq!(kept(B, &[A, C]), [rule(B)], "what A shows B");
        let more = sharing(&[(Audience::Group(GROUP), Level::Detail)], &[A, B]);
        assert_eq!(more.kept_by_leaving(&sharing(&[(Audience::Group(GROUP), Level::Detail)], &[B]), GROUP, A), [], "less is less");
    }
}
