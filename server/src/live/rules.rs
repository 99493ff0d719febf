//! What the rules of the alliance mean for one organisation's people: who changes a rule, a group, a policy or the alert level tells it to
//! those for whom it changes something, and to nobody else.

use super::board::Board;
use domain::{DataClass, Level, OrgId, Timestamp};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

/// The rules as a board knows them.
pub struct Rules {
    pub board: Board,
    /// Whether nobody withholds anything from anybody. Each stream asks for it with each frame.
    pub is_open: bool,
    meanings: Mutex<HashMap<OrgId, u64>>,
}

impl Rules {
    #[must_use]
    pub fn of(board: &Board) -> Arc<Self> {
        Arc::new(Self { is_open: board.sharing.is_open(), board: board.clone(), meanings: Mutex::default() })
    }

    /// A number that is another one as soon as the rules mean something else for an organisation's people: other levels, since other moments, other
    /// peers, totals, members of the alliance, another policy or alert level. The same on every node.
    #[must_use]
    pub fn meaning_for(&self, viewer: OrgId) -> u64 {
        let mut meanings = self.meanings.lock().unwrap_or_else(PoisonError::into_inner);
        *meanings.entry(viewer).or_insert_with(|| self.board.meaning_for(viewer))
    }
}

impl Board {
    fn meaning_for(&self, viewer: OrgId) -> u64 {
        let (sharing, peers) = (&self.sharing, self.sharing.peers(viewer));
        let mut all = Vec::with_capacity(64 * 1024);
        number(&mut all, self.orgs().count() as i64);
        // In bytes and not in words: it is written for each organisation whose people look, of all organisations, when any rule changes.
        for owner in self.orgs() {
            let (id, info) = (owner.info.id, &owner.info);
            number(&mut all, id.0);
            words(&mut all, [&info.slug, &info.name]);
            moment(&mut all, peers.get(&id).copied());
            for class in DataClass::ALL {
                number(&mut all, sharing.level(viewer, id, class).code());
                for least in [Level::Summary, Level::Detail] {
                    moment(&mut all, sharing.since(viewer, id, class, least));
                }
            }
            if sharing.level(viewer, id, DataClass::Posture) >= Level::Summary {
                words(&mut all, [&info.sector, &info.country]);
                number(&mut all, info.assets.unwrap_or(-1));
                number(&mut all, info.interval);
                all.extend(info.weight.to_be_bytes());
            }
        }
        let mut text = format!("\n{:?} {} {}", self.alert, self.policy.version, sharing.is_suspended(viewer));
        // What it shows itself stands on its own pages.
        let _ = write!(text, "\n{:?} {}", sharing.rules_of(viewer).collect::<Vec<_>>(), sharing.is_confirmed(viewer));
        let counts = DataClass::ALL.map(|class| self.shown_counts.get(&(viewer, class)));
        let _ = write!(text, "\n{:?} {counts:?} {}", self.shown.get(&viewer), self.is_settled(viewer));
        all.extend(text.into_bytes());
        let digest: [u8; 32] = Sha256::digest(&all).into();
        digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
    }
}

fn number(to: &mut Vec<u8>, number: i64) {
    to.extend(number.to_be_bytes());
}

/// No moment is before all others.
fn moment(to: &mut Vec<u8>, at: Option<Timestamp>) {
    number(to, at.map_or(i64::MIN, |at| at.0));
}

/// With their lengths, so that none can be taken for a part of its neighbour.
fn words(to: &mut Vec<u8>, words: [&str; 2]) {
    for word in words {
        number(to, word.len() as i64);
        to.extend(word.as_bytes());
    }
}
