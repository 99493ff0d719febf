//! What open streams are told: which topics changed, cut to what each audience may learn, written once per audience.

use super::board::Board;
use domain::{DataClass, Level, OrgId, Sharing, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};
use store::{Change, PEERS, What};
use tokio::sync::broadcast;

/// Younger than every record.
const ANY: Timestamp = Timestamp(i64::MAX);
/// Frames that can be replayed to a browser that was away.
const KEPT: usize = 2_048;

/// What changed of an organisation, and what it takes to learn of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Topic {
    /// Class and slug, as the browser asks for them.
    text: String,
    owner: OrgId,
    class: DataClass,
    /// The least that the owner must show of the class.
    level: Level,
    /// The youngest arrival among the records that changed: who is shown only younger ones learns nothing.
    newest: Timestamp,
}

impl Topic {
    fn reaches(&self, org: OrgId, sharing: &Sharing) -> bool {
        sharing.since(org, self.owner, self.class, self.level).is_some_and(|since| since <= self.newest)
    }
}

/// One beat of the live view.
#[derive(Debug)]
pub struct Frame {
    /// The outbox is told up to here.
    pub seq: i64,
    /// Whether everything must be read again, because other rules decide who sees what.
    pub resync: bool,
    /// Topics that everyone may learn whom their owner shows enough.
    everyone: BTreeSet<Topic>,
    /// Topics that, of those, only these organisations may learn.
    named: HashMap<OrgId, BTreeSet<Topic>>,
    /// The text for everyone whom no topic names, where nobody withholds anything.
    public: Option<Arc<str>>,
    sharing: Arc<Sharing>,
    /// The texts for the others, made when the first of an organisation asks.
    told: Mutex<HashMap<OrgId, Option<Arc<str>>>>,
}

impl Frame {
    pub(super) fn new<'a>(board: &Board, changes: &[Change], aged: impl IntoIterator<Item = &'a OrgId>) -> Self {
        let mut everyone = BTreeSet::new();
        let mut named: HashMap<OrgId, BTreeSet<Topic>> = HashMap::new();
        let topic = |owner: OrgId, text: &str, class, level, newest| {
            Some(Topic { text: format!("{text}:{}", board.org(owner)?.info.slug), owner, class, level, newest })
        };
        let posture = |owner| topic(owner, "posture", DataClass::Posture, Level::Summary, ANY);
        everyone.extend(aged.into_iter().filter_map(|owner| posture(*owner)));
        for change in changes {
            // Every push is a sign of life, which whoever sees the freshness may know.
            everyone.extend(posture(change.org));
            let Some(pushes) = topic(change.org, "pushes", DataClass::Posture, Level::Detail, ANY) else { continue };
            named.entry(change.org).or_default().insert(pushes.clone());
            if change.what == What::Metrics {
                everyone.insert(pushes);
                continue;
            }
            let class = change.what.class();
            // A summary counts records, so whoever is shown one learns that there is something to count again.
            let Some(topic) = topic(change.org, class.name(), class, Level::Summary, change.newest) else { continue };
            if change.everyone {
                everyone.insert(topic);
                continue;
            }
            let peers = if change.recipients.contains(&PEERS) { board.sharing.peers(change.org) } else { BTreeMap::new() };
            let peers = peers.iter().filter(|(_, since)| **since <= change.newest).map(|(org, _)| org);
            for org in change.recipients.iter().chain([&change.org]).chain(peers) {
                named.entry(*org).or_default().insert(topic.clone());
            }
        }
        Self::of(board.seq, everyone, named, Arc::clone(&board.sharing))
    }

    fn of(seq: i64, everyone: BTreeSet<Topic>, named: HashMap<OrgId, BTreeSet<Topic>>, sharing: Arc<Sharing>) -> Self {
        let public = text(everyone.iter().map(|topic| &topic.text));
        Self { seq, resync: false, everyone, named, public, sharing, told: Mutex::default() }
    }

    /// Tells everybody to read everything again.
    pub(super) fn resync(board: &Board) -> Self {
        Self { resync: true, ..Self::of(board.seq, BTreeSet::new(), HashMap::new(), Arc::clone(&board.sharing)) }
    }

    /// The frame for one audience; `None` where nothing it may learn changed.
    #[must_use]
    pub fn for_org(&self, org: OrgId) -> Option<Arc<str>> {
        if self.sharing.is_open() && !self.named.contains_key(&org) {
            return self.public.clone();
        }
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.entry(org).or_insert_with(|| text(self.topics(org, &self.sharing).into_iter())).clone()
    }

    fn topics(&self, org: OrgId, sharing: &Sharing) -> BTreeSet<&String> {
        let named = self.named.get(&org).into_iter().flatten();
        self.everyone.iter().chain(named).filter(|topic| topic.reaches(org, sharing)).map(|topic| &topic.text).collect()
    }
}

fn text<'a>(topics: impl Iterator<Item = &'a String>) -> Option<Arc<str>> {
    let list: BTreeSet<_> = topics.collect();
    if list.is_empty() {
        return None;
    }
    serde_json::to_string(&BTreeMap::from([("topics", list)])).ok().map(Into::into)
}

/// The frames of this node: sent to whoever listens, kept for whoever was away.
pub struct Frames {
    sender: broadcast::Sender<Arc<Frame>>,
    kept: Mutex<(i64, VecDeque<Arc<Frame>>)>,
}

/// What a browser that knew everything up to some frame has missed.
pub enum Missed {
    /// Nothing, or these topics, up to a sequence number.
    Topics(i64, Option<Arc<str>>),
    /// More than is kept: it must read everything again.
    TooMuch(i64),
}

impl Frames {
    pub(super) fn new(seq: i64) -> Self {
        Self { sender: broadcast::channel(1_024).0, kept: Mutex::new((seq, VecDeque::new())) }
    }

    pub(super) fn publish(&self, frame: Frame) {
        let frame = Arc::new(frame);
        if let Ok(mut kept) = self.kept.lock() {
            if kept.1.len() == KEPT
                && let Some(gone) = kept.1.pop_front()
            {
                kept.0 = gone.seq;
            }
            kept.1.push_back(Arc::clone(&frame));
            // Sent under the lock, so that nobody who asks for what he missed misses this one in between.
            let _ = self.sender.send(frame);
        }
    }

    /// Listens from here on, with what was missed since `after` (all, where it is `None`).
    #[must_use]
    pub fn listen(&self, after: Option<i64>, org: OrgId, sharing: &Sharing) -> (broadcast::Receiver<Arc<Frame>>, Missed) {
        let Ok(kept) = self.kept.lock() else { return (self.sender.subscribe(), Missed::TooMuch(0)) };
        let receiver = self.sender.subscribe();
        let newest = kept.1.back().map_or(kept.0, |f| f.seq);
        let missed = match after {
            None => Missed::Topics(newest, None),
            // A number from before a restart, from another database, or from too long ago.
            Some(seq) if seq < kept.0 || seq > newest => Missed::TooMuch(newest),
            Some(seq) if kept.1.iter().any(|f| f.resync && f.seq >= seq) => Missed::TooMuch(newest),
            Some(seq) => {
                let mut topics = BTreeSet::new();
                // Frames of passing time share the number of the change before them, hence `>=`.
                for frame in kept.1.iter().filter(|f| f.seq >= seq) {
                    topics.extend(frame.topics(org, sharing));
                }
                Missed::Topics(newest, text(topics.into_iter()))
            }
        };
        (receiver, missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(seq: i64) -> Frame {
        let topic = Topic { text: format!("posture:{seq}"), owner: OrgId(2), class: DataClass::Posture, level: Level::Summary, newest: ANY };
        Frame::of(seq, BTreeSet::from([topic]), HashMap::new(), Arc::default())
    }

    #[test]
    fn who_missed_more_than_is_kept_must_read_again() {
        let frames = Frames::new(0);
        let after = |seq| frames.listen(Some(seq), OrgId(1), &Sharing::default()).1;
        (1..=KEPT as i64).for_each(|seq| frames.publish(frame(seq)));
        assert!(matches!(after(0), Missed::Topics(_, Some(topics)) if topics.contains("posture:1\"")), "everything is kept");
        (0..2).for_each(|n| frames.publish(frame(KEPT as i64 + 1 + n)));
        assert!(matches!(after(0), Missed::TooMuch(newest) if newest == KEPT as i64 + 2));
        assert!(matches!(after(2), Missed::Topics(..)));
    }
}
