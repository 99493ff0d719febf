//! What changed, and who may learn of it: of each topic only the newest, because who was away needs to know what to read again and not how
//! often it changed.

use super::position::{Position, place_of};
use domain::{DataClass, Level, OrgId, Sharing, Timestamp, sharing::ALWAYS};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

/// Younger than every record.
pub(super) const ANY: Timestamp = Timestamp(i64::MAX);

/// What pages are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Subject {
    Posture,
    /// Scores of earlier days.
    History,
    /// Values of earlier days, which came later or were corrected.
    Late,
    Incidents,
    Events,
    Indicators,
    Pushes,
}

impl Subject {
    pub const fn of(class: DataClass) -> Self {
        match class {
            DataClass::Posture => Self::Posture,
            DataClass::Incidents => Self::Incidents,
            DataClass::Events => Self::Events,
            DataClass::Indicators => Self::Indicators,
        }
    }

    /// As the browser asks for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Posture | Self::History | Self::Late => "posture",
            Self::Incidents => "incidents",
            Self::Events => "events",
            Self::Indicators => "indicators",
            Self::Pushes => "pushes",
        }
    }
}

/// What may change of an organisation, and what it takes to learn of it. Those of one owner stand beside one another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Topic {
    pub owner: OrgId,
    pub subject: Subject,
    /// Subject and slug, as the browser asks for them.
    pub text: String,
    pub class: DataClass,
    /// The least that the owner must show of the class.
    pub level: Level,
    /// Whether the owner must show its posture by name, too: it is the posture that changes by it.
    pub posture: bool,
}

impl Topic {
    /// The least of an owner's.
    const fn first_of(owner: OrgId) -> Self {
        Self { owner, subject: Subject::Posture, text: String::new(), class: DataClass::Posture, level: Level::None, posture: false }
    }

    /// Since when what the owner hands in under this topic is told to an organisation; `None` where nothing is.
    fn since(&self, org: OrgId, sharing: &Sharing) -> Option<Timestamp> {
        if self.posture && sharing.level(org, self.owner, DataClass::Posture) < Level::Summary {
            return None;
        }
        sharing.since(org, self.owner, self.class, self.level)
    }
}

/// The newest under a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Newest {
    /// Places of changes, ascending, each with the youngest arrival among its records; only those that somebody may know as their newest.
    changes: Vec<(i64, Timestamp)>,
    /// When something grew old by time alone.
    aged: Timestamp,
}

impl Newest {
    fn change(&mut self, place: i64, newest: Timestamp) {
        // Who is told of the older one is told of this one, too.
        while self.changes.pop_if(|(_, older)| *older <= newest).is_some() {}
        self.changes.push((place, newest));
    }

    /// The newest place for somebody who is told what came since a moment; 0 where there is none.
    fn place(&self, since: Timestamp) -> i64 {
        self.changes.iter().rev().find(|(_, newest)| *newest >= since).map_or(0, |(place, _)| *place)
    }

    fn take(&mut self, later: &Self) {
        later.changes.iter().for_each(|(place, newest)| self.change(*place, *newest));
        self.aged = self.aged.max(later.aged);
    }
}

/// The newest place, and the newest moment at which something grew old.
pub type Version = (i64, Timestamp);

/// The newest of each subject that an audience may know, and what the rules mean for it: a view that was made for it is good while those stand that it
/// was made from. What it may not see moves none of them, so that not even the time that an answer takes tells of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Versions {
    pub posture: Version,
    pub history: Version,
    pub late: Version,
    pub incidents: Version,
    pub events: Version,
    pub indicators: Version,
    pub pushes: Version,
    /// Part of every view: see the macro `versions!`.
    pub rules: u64,
}

impl Versions {
    fn of(&mut self, subject: Subject) -> &mut Version {
        match subject {
            Subject::Posture => &mut self.posture,
            Subject::History => &mut self.history,
            Subject::Late => &mut self.late,
            Subject::Incidents => &mut self.incidents,
            Subject::Events => &mut self.events,
            Subject::Indicators => &mut self.indicators,
            Subject::Pushes => &mut self.pushes,
        }
    }

    fn all(&self) -> [Version; 7] {
        [self.posture, self.history, self.late, self.incidents, self.events, self.indicators, self.pushes]
    }

    fn take(&mut self, subject: Subject, (place, aged): Version) {
        let version = self.of(subject);
        *version = (version.0.max(place), version.1.max(aged));
    }

    fn take_of(&mut self, topic: &Topic, newest: &Newest, org: OrgId, sharing: &Sharing) {
        if let Some(since) = topic.since(org, sharing) {
            self.take(topic.subject, (newest.place(since), newest.aged));
        }
    }

    pub(super) fn advance(&mut self, later: &Self) {
        let Versions { posture, history, late, incidents, events, indicators, pushes, rules: _ } = *later;
        for (subject, version) in [
            (Subject::Posture, posture),
            (Subject::History, history),
            (Subject::Late, late),
            (Subject::Incidents, incidents),
            (Subject::Events, events),
            (Subject::Indicators, indicators),
            (Subject::Pushes, pushes),
        ] {
            self.take(subject, version);
        }
    }

    /// The position of somebody who knows all of it, from a hub that began at a place.
    pub(super) fn position(&self, origin: i64) -> Position {
        let (place, aged) = self.all().into_iter().fold((origin, Timestamp(0)), |(place, aged), v| (place.max(v.0), aged.max(v.1)));
        Position { place, aged, rules: self.rules }
    }
}

/// What an audience is told: the text, and the newest of what it tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub text: Arc<str>,
    pub(super) newest: Versions,
}

impl Position {
    pub(super) fn advance(&mut self, told: &Told) {
        let told = told.newest.position(self.place);
        (self.place, self.aged) = (told.place, self.aged.max(told.aged));
    }
}

/// Topics with their audiences.
#[derive(Debug, Default)]
pub(super) struct Topics {
    /// Whoever sees enough of the owner learns these.
    everyone: BTreeMap<Topic, Newest>,
    /// Of those, only the named learn these.
    named: HashMap<OrgId, BTreeMap<Topic, Newest>>,
}

impl Topics {
    fn at(&mut self, to: Option<OrgId>, topic: Topic) -> &mut Newest {
        match to {
            None => self.everyone.entry(topic),
            Some(org) => self.named.entry(org).or_default().entry(topic),
        }
        .or_default()
    }

    /// A change with its number in the outbox, told to one organisation, or to all that see enough of its owner.
    pub fn change(&mut self, to: Option<OrgId>, topic: Topic, seq: i64, newest: Timestamp) {
        self.at(to, topic).change(place_of(seq), newest);
    }

    /// The same of what grew old at a moment.
    pub fn aged(&mut self, to: Option<OrgId>, topic: Topic, at: Timestamp) {
        let newest = self.at(to, topic);
        newest.aged = newest.aged.max(at);
    }

    /// Adds later ones.
    pub fn take(&mut self, later: &Self) {
        for (to, topics) in std::iter::once((None, &later.everyone)).chain(later.named.iter().map(|(org, topics)| (Some(*org), topics))) {
            topics.iter().for_each(|(topic, newest)| self.at(to, topic.clone()).take(newest));
        }
    }

    pub fn names(&self, org: OrgId) -> bool {
        self.named.contains_key(&org)
    }

    /// What came after a position, as an organisation may know it by rules; `None` where nothing did.
    pub fn told(&self, org: OrgId, sharing: &Sharing, (place, aged): (i64, Timestamp)) -> Option<Told> {
        let named = self.named.get(&org).into_iter().flatten();
        tell(self.everyone.iter().chain(named).filter_map(|(topic, newest)| {
            let (last, grew) = (newest.place(topic.since(org, sharing)?), newest.aged);
            (last > place || grew > aged).then_some((topic, (last, grew)))
        }))
    }

    /// The newest that an organisation may know by rules: what [`Topics::told`] tells from the beginning, without its text.
    pub fn newest(&self, org: OrgId, sharing: &Sharing) -> Versions {
        let mut newest = Versions::default();
        for (topic, of) in self.everyone.iter().chain(self.named.get(&org).into_iter().flatten()) {
            newest.take_of(topic, of, org, sharing);
        }
        newest
    }

    /// The newest that an organisation may know of one owner, by rules.
    pub fn newest_of(&self, owner: OrgId, org: OrgId, sharing: &Sharing) -> Versions {
        let mut newest = Versions::default();
        for topics in [Some(&self.everyone), self.named.get(&org)].into_iter().flatten() {
            for (topic, of) in topics.range(Topic::first_of(owner)..).take_while(|(topic, _)| topic.owner == owner) {
                newest.take_of(topic, of, org, sharing);
            }
        }
        newest
    }

    /// What came from the beginning, for those whom no topic names, where nobody withholds anything.
    pub fn public(&self) -> Option<Told> {
        tell(self.everyone.iter().map(|(topic, newest)| (topic, (newest.place(ALWAYS), newest.aged))))
    }
}

fn tell<'a>(topics: impl Iterator<Item = (&'a Topic, Version)>) -> Option<Told> {
    let (mut list, mut newest) = (BTreeSet::new(), Versions::default());
    for (topic, version) in topics {
        list.insert(&topic.text);
        newest.take(topic.subject, version);
    }
    if list.is_empty() {
        return None;
    }
    serde_json::to_string(&BTreeMap::from([("topics", list)])).ok().map(|text| Told { text: text.into(), newest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ByClass;

    #[test]
    fn who_is_told_only_of_younger_records_stands_where_the_last_of_those_was() {
        let mut newest = Newest::default();
        let places = |newest: &Newest| [0, 6, 11].map(|since| newest.place(Timestamp(since)));
        newest.change(2, Timestamp(10));
        newest.change(4, Timestamp(5));
        assert_eq!(places(&newest), [4, 2, 0]);
        let mut all = Newest::default();
        all.take(&newest);
        assert_eq!(all, newest);
        all.change(6, Timestamp(20));
        assert_eq!((places(&all), all.changes.len()), ([6; 3], 1), "what tells nobody anything any more is forgotten");
    }

    #[test]
    fn an_audience_is_told_what_its_owner_shows_it_and_stands_by_that_alone() {
        let (owner, named, other) = (OrgId(1), OrgId(2), OrgId(3));
        let topic =
            |subject: Subject| Topic { subject, text: subject.name().into(), owner, class: DataClass::Incidents, level: Level::Summary, posture: false };
        let mut topics = Topics::default();
        topics.change(None, topic(Subject::Incidents), 1, ANY);
        topics.change(Some(named), topic(Subject::Pushes), 2, ANY);
        let told =
            |org, sharing: &Sharing, after| topics.told(org, sharing, (after, Timestamp(0))).map(|told| (told.text.to_string(), told.newest.position(0).place));
        let open = Sharing::default();
        assert_eq!(topics.newest(named, &open), topics.told(named, &open, (0, Timestamp(0))).map(|told| told.newest).unwrap_or_default());
        assert_eq!(told(other, &open, 0), Some((r#"{"topics":["incidents"]}"#.into(), place_of(1))));
        assert_eq!(told(named, &open, 0), Some((r#"{"topics":["incidents","pushes"]}"#.into(), place_of(2))));
        assert_eq!(told(named, &open, place_of(1)), Some((r#"{"topics":["pushes"]}"#.into(), place_of(2))));
        assert_eq!(told(other, &open, place_of(1)), None);
        let of = |owner, org, sharing: &Sharing| {
            let newest = topics.newest_of(owner, org, sharing);
            (newest.incidents.0, newest.pushes.0)
        };
        assert_eq!([other, named].map(|org| of(owner, org, &open)), [(place_of(1), 0), (place_of(1), place_of(2))]);
        assert_eq!([named, other].map(|quiet| of(quiet, owner, &open)), [(0, 0); 2], "what one organisation does is no news of another");
        let closed = Sharing::new(1, ByClass::filled(Level::None), [], []);
        assert_eq!([named, owner].map(|org| of(owner, org, &closed)), [(0, 0), (place_of(1), 0)]);
        assert_eq!((told(named, &closed, 0), told(owner, &closed, 0).map(|told| told.1)), (None, Some(place_of(1))));
    }
}
