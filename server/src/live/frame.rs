//! What open streams are told: which topics changed, cut to what each audience may learn, written once per audience.

use super::board::Board;
use domain::OrgId;
use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::{Arc, Mutex},
};
use store::{Change, What};
use tokio::sync::broadcast;

/// Frames that can be replayed to a browser that was away.
const KEPT: usize = 2_048;

/// One beat of the live view.
#[derive(Debug)]
pub struct Frame {
    /// The outbox is told up to here.
    pub seq: i64,
    /// Topics that everyone may learn.
    everyone: BTreeSet<String>,
    /// Topics that only these organisations may learn.
    named: HashMap<OrgId, BTreeSet<String>>,
    /// The text for everyone whom no topic names.
    public: Option<Arc<str>>,
}

impl Frame {
    pub(super) fn new<'a>(board: &Board, changes: &[Change], aged: impl IntoIterator<Item = &'a OrgId>) -> Self {
        let mut everyone = BTreeSet::new();
        let mut named: HashMap<OrgId, BTreeSet<String>> = HashMap::new();
        let slug = |id: OrgId| board.org(id).map(|o| o.info.slug.as_str());
        for id in aged {
            everyone.extend(slug(*id).map(|s| format!("posture:{s}")));
        }
        for change in changes {
            let Some(slug) = slug(change.org) else { continue };
            // Every push is a sign of life, which everyone may see in the freshness.
            everyone.insert(format!("posture:{slug}"));
            let pushes = format!("pushes:{slug}");
            named.entry(change.org).or_default().insert(pushes.clone());
            if change.what == What::Metrics {
                everyone.insert(pushes);
                continue;
            }
            let topic = format!("{}:{slug}", change.what.class().name());
            if change.everyone {
                everyone.insert(topic);
            } else {
                for org in change.recipients.iter().chain([&change.org]) {
                    named.entry(*org).or_default().insert(topic.clone());
                }
            }
        }
        let public = text(everyone.iter());
        Self { seq: board.seq, everyone, named, public }
    }

    /// The frame for one audience; `None` where nothing it may learn changed.
    #[must_use]
    pub fn for_org(&self, org: OrgId) -> Option<Arc<str>> {
        match self.named.get(&org) {
            None => self.public.clone(),
            Some(more) => text(self.everyone.union(more)),
        }
    }
}

fn text<'a>(topics: impl Iterator<Item = &'a String>) -> Option<Arc<str>> {
    let list: Vec<_> = topics.collect();
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
    pub fn listen(&self, after: Option<i64>, org: OrgId) -> (broadcast::Receiver<Arc<Frame>>, Missed) {
        let Ok(kept) = self.kept.lock() else { return (self.sender.subscribe(), Missed::TooMuch(0)) };
        let receiver = self.sender.subscribe();
        let newest = kept.1.back().map_or(kept.0, |f| f.seq);
        let missed = match after {
            None => Missed::Topics(newest, None),
            // A number from before a restart, from another database, or from too long ago.
            Some(seq) if seq < kept.0 || seq > newest => Missed::TooMuch(newest),
            Some(seq) => {
                let mut topics = BTreeSet::new();
                // Frames of passing time share the number of the change before them, hence `>=`.
                for frame in kept.1.iter().filter(|f| f.seq >= seq) {
                    topics.extend(frame.everyone.iter().chain(frame.named.get(&org).into_iter().flatten()).cloned());
                }
                Missed::Topics(newest, text(topics.iter()))
            }
        };
        (receiver, missed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(seq: i64) -> Frame {
        let everyone = BTreeSet::from([format!("posture:{seq}")]);
        Frame { seq, public: text(everyone.iter()), everyone, named: HashMap::new() }
    }

    #[test]
    fn who_missed_more_than_is_kept_must_read_again() {
        let frames = Frames::new(0);
        let after = |seq| frames.listen(Some(seq), OrgId(1)).1;
        (1..=KEPT as i64).for_each(|seq| frames.publish(frame(seq)));
        assert!(matches!(after(0), Missed::Topics(_, Some(topics)) if topics.contains("posture:1\"")), "everything is kept");
        (0..2).for_each(|n| frames.publish(frame(KEPT as i64 + 1 + n)));
        assert!(matches!(after(0), Missed::TooMuch(newest) if newest == KEPT as i64 + 2));
        assert!(matches!(after(2), Missed::Topics(..)));
    }
}
