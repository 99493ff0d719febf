//! What the rules of the alliance mean for one organisation's people: who changes a rule, a group, a policy or the alert level tells it to
//! those for whom it changes something, and to nobody else.

use super::board::Board;
use domain::{DataClass, Level, OrgId};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    fmt::Write,
    sync::{Arc, Mutex, PoisonError},
};

/// The rules as a board knows them.
pub struct Rules {
    pub board: Board,
    meanings: Mutex<HashMap<OrgId, u64>>,
}

impl Rules {
    #[must_use]
    pub fn of(board: &Board) -> Arc<Self> {
        Arc::new(Self { board: board.clone(), meanings: Mutex::default() })
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
        let sharing = &self.sharing;
        let mut text = format!("{:?} {} {}", self.alert, self.policy.version, sharing.is_suspended(viewer));
        for owner in self.orgs() {
            let (id, info) = (owner.info.id, &owner.info);
            let _ = write!(text, "\n{} {:?} {:?} {:?}", id.0, info.slug, info.name, sharing.peers_since(viewer, id));
            for class in DataClass::ALL {
                let since = [Level::Summary, Level::Detail].map(|least| sharing.since(viewer, id, class, least));
                let _ = write!(text, " {:?} {since:?}", sharing.level(viewer, id, class));
            }
            if sharing.level(viewer, id, DataClass::Posture) >= Level::Summary {
                let _ = write!(text, " {:?} {:?} {:?} {} {}", info.sector, info.country, info.assets, info.interval, info.weight);
            }
        }
        // What it shows itself stands on its own pages.
        let _ = write!(text, "\n{:?} {}", sharing.rules_of(viewer).collect::<Vec<_>>(), sharing.is_confirmed(viewer));
        let counts = DataClass::ALL.map(|class| self.shown_counts.get(&(viewer, class)));
        let _ = write!(text, "\n{:?} {counts:?} {}", self.shown.get(&viewer), self.is_settled(viewer));
        let digest: [u8; 32] = Sha256::digest(text.as_bytes()).into();
        digest.first_chunk().copied().map_or(0, u64::from_be_bytes)
    }
}
