//! What open streams are told: which topics changed, cut to what each audience may learn, written once per audience.

use super::{
    board::{Aged, Board},
    position::{Position, origin_at},
    rules::Rules,
    topic::{ANY, Subject, Told, Topic, Topics, Versions},
};
use domain::{DataClass, Level, OrgId, Timestamp};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use store::{Change, PEERS, What};
use tokio::sync::broadcast;

/// One beat of the live view.
pub struct Frame {
    /// The outbox is told up to here.
    seq: i64,
    topics: Topics,
    /// The text for everyone whom no topic names, where nobody withholds anything.
    public: Option<Told>,
    rules: Arc<Rules>,
    /// Where those stand to whom other rules mean something else from here on: they read everything again.
    moved: HashMap<OrgId, Position>,
    /// The texts for the others, made when the first of an organisation asks.
    told: Mutex<HashMap<OrgId, Option<Told>>>,
}

impl Frame {
    /// Tells of changes, and of what `aged` without one.
    pub(super) fn new(board: &Board, rules: Arc<Rules>, changes: &[Change], aged: &[Aged]) -> Self {
        let mut topics = Topics::default();
        let topic = |owner: OrgId, subject: Subject, class, level, posture| {
            Some(Topic { subject, text: format!("{}:{}", subject.name(), board.org(owner)?.info.slug), owner, class, level, posture })
        };
        for old in aged {
            let class = old.by.unwrap_or(DataClass::Posture);
            let to = if old.by.is_none() { Some(old.org) } else { None };
            let subject = if old.past { Subject::History } else { Subject::Posture };
            if let Some(topic) = topic(old.org, subject, class, Level::Summary, true) {
                topics.aged(to, topic, old.at);
            }
        }
        for change in changes {
            let (owner, seq) = (change.org, change.seq);
            let Some(pushes) = topic(owner, Subject::Pushes, DataClass::Posture, Level::Detail, false) else { continue };
            topics.change(Some(owner), pushes.clone(), seq, ANY);
            if change.what == What::Metrics {
                topics.change(None, pushes, seq, ANY);
            }
            let class = change.what.class();
            // A summary counts records, so whoever is shown one learns that there is something to count again; and the posture of an organisation
            // is the freshness that such a push may have moved, and the score that an incident may cap. A push that an audience may not see is no
            // sign of life to it.
            let tell = |topics: &mut Topics, to: Option<OrgId>| {
                let records = (class != DataClass::Posture).then(|| topic(owner, Subject::of(class), class, Level::Summary, false)).flatten();
                let late =
                    (change.what == What::Metrics && change.since.day() < change.at.day()).then(|| topic(owner, Subject::Late, class, Level::Summary, true));
                for topic in topic(owner, Subject::Posture, class, Level::Summary, true).into_iter().chain(records).chain(late.flatten()) {
                    topics.change(to, topic, seq, change.newest);
                }
            };
            if change.everyone {
                tell(&mut topics, None);
                continue;
            }
            let peers = if change.recipients.contains(&PEERS) { board.sharing.peers(owner) } else { BTreeMap::new() };
            let peers = peers.iter().filter(|(_, since)| **since <= change.newest).map(|(org, _)| org);
            for org in change.recipients.iter().chain([&owner]).chain(peers) {
                tell(&mut topics, Some(*org));
            }
        }
        Self { seq: board.seq, public: topics.public(), topics, rules, moved: HashMap::new(), told: Mutex::default() }
    }

    /// Where an organisation's people stand who must read everything again, because other rules mean something else for them.
    #[must_use]
    pub fn moved(&self, org: OrgId) -> Option<Position> {
        self.moved.get(&org).copied()
    }

    /// The frame for one audience; `None` where nothing it may learn changed.
    #[must_use]
    pub fn for_org(&self, org: OrgId) -> Option<Told> {
        let sharing = &self.rules.board.sharing;
        if self.rules.is_open && !self.topics.names(org) {
            return self.public.clone();
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.entry(org).or_insert_with(|| self.topics.told(org, sharing, (0, Timestamp(0)))).clone()
    }
}

/// The frames of this node: sent to whoever listens, summed up for whoever was away.
pub struct Frames {
    sender: broadcast::Sender<Arc<Frame>>,
    kept: Mutex<Kept>,
}

struct Kept {
    /// The outbox is told up to here.
    seq: i64,
    /// The place at which this hub began: what came before it is not known here.
    origin: i64,
    /// Everything since.
    topics: Topics,
    rules: Arc<Rules>,
    /// What those organisations know whose people asked.
    known: HashMap<OrgId, Versions>,
}

impl Kept {
    fn versions(&mut self, org: OrgId) -> Versions {
        if let Some(known) = self.known.get(&org) {
            return *known;
        }
        let known = self.versions_now(org);
        self.known.insert(org, known);
        known
    }

    fn versions_now(&self, org: OrgId) -> Versions {
        Versions { rules: self.rules.meaning_for(org), ..self.topics.newest(org, &self.rules.board.sharing) }
    }
}

/// How a stream begins.
pub enum Start {
    /// With what was missed, if anything was.
    Hello(Option<Arc<str>>),
    /// With everything: what was missed cannot be told.
    Resync,
}

/// A stream's part of the frames, from a position on.
pub struct Listening {
    pub receiver: broadcast::Receiver<Arc<Frame>>,
    pub start: Start,
    pub position: Position,
}

impl Frames {
    pub(super) fn new(seq: i64, board: &Board) -> Self {
        let kept = Kept { seq, origin: origin_at(seq), topics: Topics::default(), rules: Rules::of(board), known: HashMap::new() };
        Self { sender: broadcast::channel(1_024).0, kept: Mutex::new(kept) }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn publish(&self, mut frame: Frame) {
        if !Arc::ptr_eq(&self.rules(), &frame.rules) {
            let asked: Vec<OrgId> = self.kept().known.keys().copied().collect();
            // What rules mean takes a while to find out, and is remembered: not under the lock.
            for org in asked {
                let _ = frame.rules.meaning_for(org);
            }
        }
        let mut kept = self.kept();
        let others = !Arc::ptr_eq(&kept.rules, &frame.rules);
        kept.seq = frame.seq;
        kept.topics.take(&frame.topics);
        kept.rules = Arc::clone(&frame.rules);
        let public = frame.public.as_ref().map(|told| told.newest).unwrap_or_default();
        let mut known = std::mem::take(&mut kept.known);
        for (org, versions) in &mut known {
            if others && frame.rules.meaning_for(*org) != versions.rules {
                *versions = kept.versions_now(*org);
                frame.moved.insert(*org, versions.position(kept.origin));
            } else if frame.rules.is_open && !frame.topics.names(*org) {
                versions.advance(&public);
            } else {
                versions.advance(&frame.topics.newest(*org, &frame.rules.board.sharing));
            }
        }
        kept.known = known;
        let frame = Arc::new(frame);
        // Sent under the lock, so that nobody who asks for what they missed misses this one in between.
        let _ = self.sender.send(frame);
    }

    /// The outbox is told up to here.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.kept().seq
    }

    /// The rules as they were last published.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.kept().rules)
    }

    /// Takes on other rules, and tells nobody.
    pub(super) fn set_rules(&self, board: &Board) {
        let mut kept = self.kept();
        kept.rules = Rules::of(board);
        kept.known.clear();
    }

    /// Where an organisation's people stand who know everything by now.
    #[must_use]
    pub fn position(&self, org: OrgId) -> Position {
        let mut kept = self.kept();
        kept.versions(org).position(kept.origin)
    }

    /// What an organisation's people may know by now. Taken before any data is read, data is at least as new.
    #[must_use]
    pub fn versions(&self, org: OrgId) -> Versions {
        self.kept().versions(org)
    }

    /// The same, and what of it is of one owner.
    #[must_use]
    pub fn versions_of(&self, org: OrgId, owner: OrgId) -> (Versions, Versions) {
        let mut kept = self.kept();
        let all = kept.versions(org);
        let own = Versions { rules: all.rules, ..kept.topics.newest_of(owner, org, &kept.rules.board.sharing) };
        (all, own)
    }

    /// Listens from here on, for an organisation's people; `after` is what they brought, with `Some(None)` for what cannot be read.
    #[must_use]
    pub fn listen(&self, org: OrgId, after: Option<Option<Position>>) -> Listening {
        let mut kept = self.kept();
        let receiver = self.sender.subscribe();
        let position = kept.versions(org).position(kept.origin);
        let start = match after {
            None => Start::Hello(None),
            // Of before this hub began, of a database that is further, by other rules, or none at all.
            Some(after) => match after.filter(|a| a.rules == position.rules && (kept.origin..=origin_at(kept.seq)).contains(&a.place)) {
                None => Start::Resync,
                Some(a) => Start::Hello(kept.topics.told(org, &kept.rules.board.sharing, (a.place, a.aged)).map(|told| told.text)),
            },
        };
        Listening { receiver, start, position }
    }
}
