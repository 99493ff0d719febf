//! Sharing rules: what each organisation lets an audience see of one class of its data. TLP narrows further, record by record.
//!
//! [`Sight`] is the one place that decides. The store keeps its outcome for each pair of organisations beside the rules, in the
//! same transaction, so that SQL and PostgreSQL's row level security go by the very same decision.

mod changes;

pub use changes::Difference;

use crate::{
    ByClass, DataClass, Timestamp,
    access::{Level, Viewer},
    names::OrgId,
    tlp::Tlp,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The database's number of a sharing group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub i64);

/// Whom a rule speaks of. Ordered from the widest to the narrowest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Audience {
    Everyone,
    Group(GroupId),
    Organisation(OrgId),
}

/// One sharing rule of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    pub owner: OrgId,
    pub class: DataClass,
    pub audience: Audience,
    pub level: Level,
}

/// Since when something is shown that is shown whenever it came.
pub const ALWAYS: Timestamp = Timestamp(0);

/// All rules and memberships of the alliance at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sharing {
    /// Counts changes, so that who keeps a copy knows when it is old.
    pub version: i64,
    /// What the alliance proposes that everyone sees of an organisation. It is in force nowhere: an organisation confirms it.
    defaults: ByClass<Level>,
    /// What each organisation decided. Pages ask for it many thousand times, so that one look must find all of it.
    owners: HashMap<OrgId, Owner>,
    /// Those that joined each group, each with the moment from which on the group shows it what others hand in: [`ALWAYS`] but for groups that
    /// keep earlier data from new members.
    members: BTreeMap<GroupId, BTreeMap<OrgId, Timestamp>>,
    /// Those that the alliance suspended: they share nothing and are shown nothing.
    suspended: BTreeSet<OrgId>,
}

/// What one organisation decided about its own data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Owner {
    /// What it confirmed that everyone sees of it where it has no rule for everyone; `None` where that is the alliance's default.
    pins: Option<ByClass<Level>>,
    rules: ByClass<BTreeMap<Audience, Level>>,
    /// It has not confirmed yet what it shares, and so shares nothing.
    unconfirmed: bool,
}

impl Owner {
    fn rule(&self, class: DataClass, audience: Audience) -> Option<Level> {
        self.rules[class].get(&audience).copied()
    }

    fn for_everyone(&self, class: DataClass, defaults: &ByClass<Level>) -> Level {
        self.rule(class, Audience::Everyone).unwrap_or_else(|| self.pins.as_ref().unwrap_or(defaults)[class])
    }
}

impl Default for Sharing {
    /// Everyone shares everything.
    fn default() -> Self {
        Self::new(0, ByClass::filled(Level::Detail), [], [])
    }
}

impl Sharing {
    pub fn new(version: i64, defaults: ByClass<Level>, rules: impl IntoIterator<Item = Rule>, members: impl IntoIterator<Item = (GroupId, OrgId)>) -> Self {
        let mut sharing = Self { version, defaults, owners: HashMap::new(), members: BTreeMap::new(), suspended: BTreeSet::new() };
        for rule in rules {
            sharing.owners.entry(rule.owner).or_default().rules[rule.class].insert(rule.audience, rule.level);
        }
        for (group, org) in members {
            sharing.members.entry(group).or_default().insert(org, ALWAYS);
        }
        sharing
    }

    /// The same, where some members of groups are shown only what came since they joined.
    #[must_use]
    pub fn only_since(mut self, members: impl IntoIterator<Item = (GroupId, OrgId, Timestamp)>) -> Self {
        for (group, org, since) in members {
            self.members.entry(group).or_default().insert(org, since);
        }
        self
    }

    /// The same, with what organisations confirmed. Those without confirm the defaults as they are now.
    #[must_use]
    pub fn pinning(mut self, pins: impl IntoIterator<Item = (OrgId, ByClass<Level>)>) -> Self {
        for (org, levels) in pins {
            self.owners.entry(org).or_default().pins = Some(levels);
        }
        self
    }

    /// The same, with organisations that have not confirmed yet what they share.
    #[must_use]
    pub fn without(mut self, unconfirmed: impl IntoIterator<Item = OrgId>) -> Self {
        for org in unconfirmed {
            self.owners.entry(org).or_default().unconfirmed = true;
        }
        self
    }

    /// The same, with organisations that the alliance suspended.
    #[must_use]
    pub fn suspending(mut self, suspended: impl IntoIterator<Item = OrgId>) -> Self {
        self.suspended.extend(suspended);
        self
    }

    /// Whether the alliance suspended an organisation.
    #[must_use]
    pub fn is_suspended(&self, org: OrgId) -> bool {
        self.suspended.contains(&org)
    }

    /// Whether an organisation has confirmed what it shares.
    #[must_use]
    pub fn is_confirmed(&self, owner: OrgId) -> bool {
        self.owners.get(&owner).is_none_or(|owner| !owner.unconfirmed)
    }

    /// Whether nobody withholds anything from anybody, which most answers can be quick about.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let all_of_it = |levels: &ByClass<Level>| *levels == ByClass::filled(Level::Detail);
        let is_open = |owner: &Owner| !owner.unconfirmed && owner.rules.iter().all(|(_, rules)| rules.is_empty()) && owner.pins.as_ref().is_none_or(all_of_it);
        self.suspended.is_empty() && all_of_it(&self.defaults) && self.owners.values().all(is_open)
    }

    /// What an organisation's people see of `owner`'s data of a class, before TLP narrows single records.
    ///
    /// The rule for the narrowest audience decides: one for the organisation itself, else the widest of those for groups that both belong
    /// to, else the one for everyone, else what it confirmed. So a rule can give one partner more than the rest, or less.
    #[must_use]
    pub fn level(&self, viewer: OrgId, owner: OrgId, class: DataClass) -> Level {
        self.shown(viewer, owner, class, Level::None).map_or(Level::None, |(level, _)| level)
    }

    /// The one decision, with one look at what the owner decided: the level at which a class is shown to a viewer, and since when what is handed in is shown at
    /// `least` or higher. `None` where the level is lower than that.
    fn shown(&self, viewer: OrgId, owner: OrgId, class: DataClass, least: Level) -> Option<(Level, Timestamp)> {
        if viewer == owner {
            return Some((Level::Detail, ALWAYS));
        }
        let decided = self.owners.get(&owner);
        if decided.is_some_and(|decided| decided.unconfirmed) || self.is_suspended(owner) || self.is_suspended(viewer) {
            return (least == Level::None).then_some((Level::None, ALWAYS));
        }
        let always = |level: Level| (level >= least).then_some((level, ALWAYS));
        let Some(decided) = decided else { return always(self.defaults[class]) };
        if let Some(level) = decided.rule(class, Audience::Organisation(viewer)) {
            return always(level);
        }
        let everyone = decided.for_everyone(class, &self.defaults);
        let Some(level) = self.of_groups(viewer, owner, &decided.rules[class]).map(|(_, level)| level).max() else { return always(everyone) };
        if everyone >= least {
            return always(level);
        }
        let enough = self.of_groups(viewer, owner, &decided.rules[class]).filter(|(_, level)| *level >= least);
        enough.map(|(since, _)| since).min().map(|since| (level, since))
    }

    /// Of an owner's rules those for groups that both belong to: since when they hold for what is handed in, and the level.
    fn of_groups(&self, viewer: OrgId, owner: OrgId, rules: &BTreeMap<Audience, Level>) -> impl Iterator<Item = (Timestamp, Level)> {
        rules.iter().filter_map(move |(audience, level)| match audience {
            Audience::Group(group) => Some((self.both_since(*group, viewer, owner)?, *level)),
            _ => None,
        })
    }

    /// What everyone sees of an organisation, or would once it has confirmed: by its rule, else as it confirmed, else by the alliance's default.
    #[must_use]
    pub fn for_everyone(&self, owner: OrgId, class: DataClass) -> Level {
        self.owners.get(&owner).map_or(self.defaults[class], |owner| owner.for_everyone(class, &self.defaults))
    }

    /// Classes of which the alliance's default shows more than an organisation confirmed, and it has set no rule itself: each with what everyone sees now
    /// and what the default would show. They are an offer: nothing changes before the organisation takes it.
    pub fn offered(&self, owner: OrgId) -> impl Iterator<Item = (DataClass, Level, Level)> {
        let pins = self.owners.get(&owner).filter(|owner| !owner.unconfirmed).and_then(|owner| owner.pins.as_ref());
        let offer = move |class: DataClass| {
            let (now, default) = (pins?[class], self.default_of(class));
            (default > now && self.rule(owner, class, Audience::Everyone).is_none()).then_some((class, now, default))
        };
        DataClass::ALL.into_iter().filter_map(offer)
    }

    /// Since when what `owner` hands in of a class is shown to an organisation's people at a level or a higher one: what came before is not. `None` where
    /// nothing is. It is [`ALWAYS`], but where only groups show it that keep earlier data from new members.
    #[must_use]
    pub fn since(&self, viewer: OrgId, owner: OrgId, class: DataClass, least: Level) -> Option<Timestamp> {
        self.shown(viewer, owner, class, least).map(|(_, since)| since)
    }

    /// Whether two organisations belong to a group.
    #[must_use]
    pub fn both_in(&self, group: GroupId, a: OrgId, b: OrgId) -> bool {
        self.both_since(group, a, b).is_some()
    }

    /// Since when both belong to a group, as far as it matters to what they see of each other; `None` where they do not.
    fn both_since(&self, group: GroupId, a: OrgId, b: OrgId) -> Option<Timestamp> {
        let members = self.members.get(&group)?;
        Some((*members.get(&a)?).max(*members.get(&b)?))
    }

    /// Since when records marked TLP:AMBER reach from one organisation to another, because they belong to a group together; `None` where they do not.
    #[must_use]
    pub fn peers_since(&self, a: OrgId, b: OrgId) -> Option<Timestamp> {
        if a == b {
            return None;
        }
        self.members.keys().filter_map(|group| self.both_since(*group, a, b)).min()
    }

    /// Whether two organisations belong to a group together, which is as far as TLP:AMBER reaches.
    #[must_use]
    pub fn are_peers(&self, a: OrgId, b: OrgId) -> bool {
        self.peers_since(a, b).is_some()
    }

    /// The organisations that belong to a group together with `org`, each with [`Sharing::peers_since`].
    #[must_use]
    pub fn peers(&self, org: OrgId) -> BTreeMap<OrgId, Timestamp> {
        let others: BTreeSet<OrgId> = self.members.values().filter(|members| members.contains_key(&org)).flat_map(BTreeMap::keys).copied().collect();
        others.into_iter().filter_map(|other| Some((other, self.peers_since(org, other)?))).collect()
    }

    /// What an organisation set itself, its rule for one audience of one class.
    #[must_use]
    pub fn rule(&self, owner: OrgId, class: DataClass, audience: Audience) -> Option<Level> {
        self.owners.get(&owner)?.rule(class, audience)
    }

    /// The rules of an organisation.
    pub fn rules_of(&self, owner: OrgId) -> impl Iterator<Item = Rule> {
        let decided = self.owners.get(&owner).into_iter().flat_map(|owner| owner.rules.iter());
        decided.flat_map(move |(class, rules)| rules.iter().map(move |(audience, level)| Rule { owner, class, audience: *audience, level: *level }))
    }

    /// What the alliance proposes that everyone sees of an organisation.
    #[must_use]
    pub fn default_of(&self, class: DataClass) -> Level {
        self.defaults[class]
    }
}

/// Somebody's eyes: who looks, and by which rules.
#[derive(Clone, Copy)]
pub struct Sight<'s> {
    pub viewer: Viewer,
    pub sharing: &'s Sharing,
}

impl Sight<'_> {
    /// What this viewer sees of `owner`'s data of a class, before TLP narrows single records.
    #[must_use]
    pub fn level(&self, owner: OrgId, class: DataClass) -> Level {
        self.sharing.level(self.viewer.org, owner, class)
    }

    /// Whether this viewer sees `owner`'s data of a class down to the single record, as far as its marking lets him.
    #[must_use]
    pub fn sees_detail(&self, owner: OrgId, class: DataClass) -> bool {
        self.level(owner, class) == Level::Detail
    }

    /// Whether this viewer may see one record of `owner`.
    ///
    /// RED and AMBER+STRICT reach the owner and the organisations named on the record; AMBER the owner's sharing groups, too; GREEN and CLEAR
    /// everyone. All of it only among those to whom the owner shows the class in detail.
    #[must_use]
    pub fn sees_record(&self, owner: OrgId, class: DataClass, record: &Marked<'_>) -> bool {
        self.reaches(owner, class, record, Level::Detail)
    }

    /// Whether one record of `owner` is in the numbers that this viewer is shown under the owner's name: the same with a summary instead of every detail.
    #[must_use]
    pub fn counts_record(&self, owner: OrgId, class: DataClass, record: &Marked<'_>) -> bool {
        self.reaches(owner, class, record, Level::Summary)
    }

    fn reaches(&self, owner: OrgId, class: DataClass, record: &Marked<'_>, least: Level) -> bool {
        let me = self.viewer.org;
        if me == owner {
            return true;
        }
        let peer = || self.sharing.peers_since(me, owner).is_some_and(|since| since <= record.received_at);
        let marking = || record.tlp.reaches_everyone() || record.recipients.contains(&me) || (record.tlp == Tlp::Amber && peer());
        self.sharing.since(me, owner, class, least).is_some_and(|since| since <= record.received_at) && marking()
    }
}

/// What a record says of who may see it.
#[derive(Clone, Copy, Debug)]
pub struct Marked<'r> {
    pub tlp: Tlp,
    /// The organisations it names.
    pub recipients: &'r [OrgId],
    /// When it first came.
    pub received_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Role;

    const A: OrgId = OrgId(1);
    const B: OrgId = OrgId(2);
    const C: OrgId = OrgId(3);
    const GROUP: GroupId = GroupId(7);
    const CLASS: DataClass = DataClass::Incidents;

    fn marked(tlp: Tlp, recipients: &[OrgId]) -> Marked<'_> {
        Marked { tlp, recipients, received_at: Timestamp(100) }
    }

    fn rule(audience: Audience, level: Level) -> Rule {
        Rule { owner: A, class: CLASS, audience, level }
    }

    #[test]
    fn the_narrowest_audience_decides() {
        let rules = [rule(Audience::Everyone, Level::Summary), rule(Audience::Group(GROUP), Level::Detail), rule(Audience::Organisation(C), Level::None)];
        let sharing = Sharing::new(1, ByClass::filled(Level::Aggregate), rules, [(GROUP, A), (GROUP, B), (GROUP, C)]);
        assert_eq!(sharing.level(B, A, CLASS), Level::Detail, "by the group");
        assert_eq!(sharing.level(C, A, CLASS), Level::None, "named itself");
        assert_eq!(sharing.level(OrgId(4), A, CLASS), Level::Summary, "one of everyone");
        assert_eq!(sharing.level(OrgId(4), A, DataClass::Events), Level::Aggregate, "the default");
        assert_eq!(sharing.level(A, A, CLASS), Level::Detail, "one's own");
        // Who has left a group shares nothing by it, and gets nothing by it.
        let left = Sharing::new(1, ByClass::filled(Level::Aggregate), rules, [(GROUP, B), (GROUP, C)]);
        assert_eq!(left.level(B, A, CLASS), Level::Summary);
    }

    #[test]
    fn who_has_not_confirmed_shares_nothing() {
        let sharing = Sharing::new(1, ByClass::filled(Level::Detail), [rule(Audience::Organisation(B), Level::Detail)], []).without([A]);
        assert!(!sharing.is_open());
        for class in DataClass::ALL {
            assert_eq!((sharing.level(B, A, class), sharing.level(A, B, class), sharing.level(A, A, class)), (Level::None, Level::Detail, Level::Detail));
        }
    }

    #[test]
    fn a_confirmed_organisation_shows_what_it_confirmed_whatever_the_default_is() {
        let pins = ByClass::from_fn(|class| match class {
            DataClass::Posture | DataClass::Indicators => Level::Summary,
            DataClass::Incidents => Level::None,
            DataClass::Events => Level::Detail,
        });
        let sharing = Sharing::new(1, ByClass::filled(Level::Detail), [rule(Audience::Everyone, Level::Aggregate)], []).pinning([(A, pins)]);
        for class in DataClass::ALL {
            let seen = if class == CLASS { Level::Aggregate } else { pins[class] };
            assert_eq!(sharing.level(B, A, class), seen, "{class:?}: its own rule comes first");
        }
        let offers = [(DataClass::Posture, Level::Summary, Level::Detail), (DataClass::Indicators, Level::Summary, Level::Detail)];
        assert_eq!(sharing.offered(A).collect::<Vec<_>>(), offers, "where it has set a rule itself nothing is offered");
        assert!(!sharing.is_open() && sharing.offered(B).next().is_none() && sharing.clone().without([A]).offered(A).next().is_none());
        let narrow = Sharing::new(1, ByClass::filled(Level::None), [], []).pinning([(A, pins)]);
        assert!(narrow.offered(A).next().is_none(), "less is no offer");
    }

    #[test]
    fn who_is_suspended_shares_nothing_and_is_shown_nothing() {
        let sharing = Sharing::default().suspending([A]);
        for class in DataClass::ALL {
            assert_eq!((sharing.level(B, A, class), sharing.level(A, B, class)), (Level::None, Level::None));
            assert_eq!((sharing.level(A, A, class), sharing.level(B, C, class)), (Level::Detail, Level::Detail));
        }
        assert!(!sharing.is_open());
    }

    #[test]
    fn of_several_groups_the_one_that_shows_most_counts() {
        let rules = [rule(Audience::Group(GROUP), Level::Summary), rule(Audience::Group(GroupId(8)), Level::Detail)];
        let sharing = Sharing::new(1, ByClass::filled(Level::None), rules, [(GROUP, A), (GROUP, B), (GroupId(8), A), (GroupId(8), B)]);
        assert_eq!(sharing.level(B, A, CLASS), Level::Detail);
    }

    #[test]
    fn tlp_narrows_record_by_record_and_rules_come_before_it() {
        let sharing = Sharing::new(1, ByClass::filled(Level::Detail), [rule(Audience::Organisation(OrgId(5)), Level::Summary)], [(GROUP, A), (GROUP, C)]);
        let sees = |org, tlp| Sight { viewer: Viewer { org, role: Role::Analyst }, sharing: &sharing }.sees_record(A, CLASS, &marked(tlp, &[B, OrgId(5)]));
        for tlp in Tlp::ALL {
            assert!(sees(A, tlp) && sees(B, tlp), "{tlp}");
            assert_eq!(sees(C, tlp), tlp <= Tlp::Amber, "{tlp}: of a group with the owner");
            assert_eq!(sees(OrgId(4), tlp), tlp.reaches_everyone(), "{tlp}");
            assert!(!sees(OrgId(5), tlp), "{tlp}: named, but not shown any detail");
        }
    }

    #[test]
    fn a_group_may_keep_earlier_data_from_new_members() {
        // B came at 100 to a group that keeps what was there before; C was in it from the beginning.
        let rules = [rule(Audience::Everyone, Level::Summary), rule(Audience::Group(GROUP), Level::Detail)];
        let sharing = Sharing::new(1, ByClass::filled(Level::None), rules, [(GROUP, A), (GROUP, C)]).only_since([(GROUP, B, Timestamp(100))]);
        let at = |org, tlp, received_at| {
            let sight = Sight { viewer: Viewer { org, role: Role::Analyst }, sharing: &sharing };
            let record = Marked { tlp, recipients: &[], received_at: Timestamp(received_at) };
            (sight.sees_record(A, CLASS, &record), sight.counts_record(A, CLASS, &record))
        };
        assert_eq!((at(C, Tlp::Amber, 1), at(C, Tlp::Green, 1)), ((true, true), (true, true)));
        assert_eq!((at(B, Tlp::Amber, 99), at(B, Tlp::Amber, 100)), ((false, false), (true, true)));
        assert_eq!((at(B, Tlp::Green, 99), at(B, Tlp::Green, 100)), ((false, true), (true, true)), "everyone may count it, the group may read it");
        assert_eq!(sharing.since(B, A, CLASS, Level::Summary), Some(ALWAYS));
        // A second group that hides nothing opens what the first hides.
        let both = Sharing::new(
            1,
            ByClass::filled(Level::None),
            [rule(Audience::Group(GROUP), Level::Detail), rule(Audience::Group(GroupId(8)), Level::Detail)],
            [(GROUP, A), (GroupId(8), A), (GroupId(8), B)],
        )
        .only_since([(GROUP, B, Timestamp(100))]);
        assert_eq!((both.since(B, A, CLASS, Level::Detail), both.peers_since(B, A)), (Some(ALWAYS), Some(ALWAYS)));
        assert_eq!(both.since(C, A, CLASS, Level::Detail), None);
    }

    /// The rules as they are told, one after the other.
    fn as_told(sharing: &Sharing, viewer: OrgId, owner: OrgId, least: Level) -> (Level, Option<Timestamp>) {
        let everyone = sharing.for_everyone(owner, CLASS);
        let groups = [GROUP, GroupId(8)].map(|group| Some((sharing.both_since(group, viewer, owner)?, sharing.rule(owner, CLASS, Audience::Group(group))?)));
        let named = sharing.rule(owner, CLASS, Audience::Organisation(viewer));
        let level = if viewer == owner {
            Level::Detail
        } else if !sharing.is_confirmed(owner) || sharing.is_suspended(owner) || sharing.is_suspended(viewer) {
            Level::None
        } else {
            named.or(groups.iter().flatten().map(|(_, level)| *level).max()).unwrap_or(everyone)
        };
        let without_groups = viewer == owner || named.is_some() || everyone >= least;
        let by_groups = groups.iter().flatten().filter(|(_, level)| *level >= least).map(|(since, _)| *since).min();
        (level, if level < least { None } else { Some(ALWAYS).filter(|_| without_groups).or(by_groups) })
    }

    #[test]
    fn one_look_decides_as_the_rules_are_told() {
        const LEVELS: [Option<Level>; 4] = [None, Some(Level::None), Some(Level::Summary), Some(Level::Detail)];
        let all = || LEVELS.into_iter().flat_map(|a| LEVELS.map(|b| (a, b)));
        for ((everyone, named), (group, other)) in all().flat_map(|one| all().map(move |two| (one, two))) {
            let audiences = [Audience::Everyone, Audience::Organisation(B), Audience::Group(GROUP), Audience::Group(GroupId(8))];
            let rules = audiences.into_iter().zip([everyone, named, group, other]).filter_map(|(audience, level)| Some(rule(audience, level?)));
            let sharing = Sharing::new(1, ByClass::filled(Level::Aggregate), rules, [(GROUP, A), (GroupId(8), A), (GroupId(8), C)])
                .only_since([(GROUP, B, Timestamp(100)), (GROUP, C, Timestamp(50)), (GroupId(8), B, Timestamp(70))])
                .pinning([(B, ByClass::filled(Level::Summary))]);
            for sharing in [sharing.clone(), sharing.clone().without([A]), sharing.clone().suspending([A]), sharing.suspending([B])] {
                for (viewer, owner) in [A, B, C].into_iter().flat_map(|viewer| [A, B, C].map(|owner| (viewer, owner))) {
                    for least in [Level::None, Level::Aggregate, Level::Summary, Level::Detail] {
                        let decided = (sharing.level(viewer, owner, CLASS), sharing.since(viewer, owner, CLASS, least));
                        assert_eq!(decided, as_told(&sharing, viewer, owner, least), "{viewer:?} {owner:?} {least:?} {sharing:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn no_role_reads_more_of_others() {
        let sharing = Sharing::default();
        for role in Role::ALL {
            let steward = Viewer { org: OrgId(9), role };
            assert!(!Sight { viewer: steward, sharing: &sharing }.sees_record(A, CLASS, &marked(Tlp::Red, &[])));
            assert!(!steward.sees_payload(A, CLASS));
        }
    }
}
