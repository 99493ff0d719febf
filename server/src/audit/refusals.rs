//! Refusals, failed sign-ins and files, of which anybody can make or take any number: none is lost, and nobody fills the trail, or the memory, with them.
//!
//! What is the same, from the same source, is a row at once, and from then on one row a minute that says how many there were, when the first and the
//! last. Sources share a *room* with their like only: each person, each key, each organisation's accounts, and strangers by kind have one of their own.
//! Where a room is full, the rest is counted in one row for all of it. So whatever strangers do, what concerns an organisation has its row.

use domain::{MINUTE, Timestamp};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use store::audit::Entry;

/// Sources that a room tells apart within a minute.
const SOURCES: usize = 64;

/// Which refusals share their space.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Room {
    /// Of one person.
    Person(i64),
    /// Files that one person takes away.
    Files(i64),
    /// Of one key.
    Key(i64),
    /// Of one key that was revoked or has expired, by its hash: it is refused before anything else is known of it.
    EndedKey([u8; 32]),
    /// Failed sign-ins at accounts of one organisation.
    Accounts(i64),
    /// Sign-ins at accounts of one organisation that were refused unseen.
    Throttled(i64),
    /// Of strangers, by kind.
    Strangers(&'static str),
}

/// What was refused, and to whom.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Source {
    room: Room,
    /// `None`: all that the room has no space for.
    hash: Option<[u8; 32]>,
}

/// What is known of a source since its row was written.
struct Seen {
    /// When the minute began.
    since: Timestamp,
    repeats: Option<Repeats>,
    /// The row, without how many there were.
    entry: Entry,
}

#[derive(Clone, Copy, Debug)]
struct Repeats {
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

/// What is counted of each room, by source; `None` is where those beyond its number are counted together.
type Rooms = HashMap<Room, HashMap<Option<[u8; 32]>, Seen>>;

/// Refusals of the last minute.
#[derive(Default)]
pub(super) struct Refusals {
    rooms: Mutex<Rooms>,
}

impl Source {
    pub fn new(room: Room, what: &str) -> Self {
        Self { room, hash: Some(Sha256::digest(what).into()) }
    }
}

impl Seen {
    fn repeat(&mut self, at: Timestamp) {
        let repeats = self.repeats.get_or_insert(Repeats { count: 0, first: at, last: at });
        repeats.count += 1;
        repeats.last = repeats.last.max(at);
    }

    /// The row about what was repeated; another minute begins.
    fn sum_up(&mut self, now: Timestamp) -> Option<Entry> {
        self.since = now;
        let Repeats { count, first, last } = self.repeats.take()?;
        let mut entry = Entry { at: now, ..self.entry.clone() };
        if let Some(detail) = entry.detail.as_object_mut() {
            detail.extend([("count".into(), json!(count)), ("first".into(), json!(first.rfc3339())), ("last".into(), json!(last.rfc3339()))]);
        }
        Some(entry)
    }
}

impl Refusals {
    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        // Nothing in here panics between two changes that belong together.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts what has its row, or shares one because its room is full. False where it must have a row of its own now: then [`Refusals::begin`].
    pub fn counted(&self, source: &Source, now: Timestamp) -> bool {
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(&source.room) else { return false };
        if let Some(seen) = room.get_mut(&source.hash) {
            // Where nothing was repeated and the minute is over, it is new.
            let repeats = seen.repeats.is_some() || now.since(seen.since) < MINUTE;
            if repeats {
                seen.repeat(now);
            }
            return repeats;
        }
        if room.len() >= SOURCES {
            room.retain(|_, seen| seen.repeats.is_some() || now.since(seen.since) < MINUTE);
        }
        let full = room.len() >= SOURCES;
        match room.get_mut(&None) {
            Some(rest) if full => {
                rest.repeat(now);
                true
            }
            _ => false,
        }
    }

    /// Remembers a row that is written now; says which.
    pub fn begin(&self, source: Source, entry: Entry) -> Entry {
        let (mut rooms, strangers) = (self.rooms(), matches!(source.room, Room::Strangers(_)));
        let room = rooms.entry(source.room).or_default();
        let full = room.len() >= SOURCES && !room.contains_key(&source.hash);
        let hash = source.hash.filter(|_| !full);
        let entry = if full { rest_of(entry, strangers) } else { entry };
        room.insert(hash, Seen { since: entry.at, repeats: None, entry: entry.clone() });
        entry
    }

    /// Forgets a row that could not be written, of what did not happen then. What was counted in it meanwhile did.
    pub fn forget(&self, source: &Source) {
        let mut rooms = self.rooms();
        let Some(room) = rooms.get_mut(&source.room) else { return };
        // It may have been the one of all that the room has no space for.
        for hash in [source.hash, None] {
            if room.get(&hash).is_some_and(|seen| seen.repeats.is_none()) {
                room.remove(&hash);
                return;
            }
        }
    }

    /// The rows about what was repeated for a minute, or, at the end of the program, at all.
    pub fn due(&self, now: Timestamp, all: bool) -> Vec<(Source, Entry)> {
        let mut rooms = self.rooms();
        let mut due = vec![];
        rooms.retain(|name, room| {
            room.retain(|hash, seen| {
                if !all && now.since(seen.since) < MINUTE {
                    return true;
                }
                let row = seen.sum_up(now);
                let goes_on = row.is_some();
                due.extend(row.map(|entry| (Source { room: name.clone(), hash: *hash }, entry)));
                goes_on
            });
            !room.is_empty()
        });
        due
    }

    /// Takes back what could not be written: it goes into the next row.
    pub fn put_back(&self, source: &Source, entry: &Entry) {
        let mut rooms = self.rooms();
        let seen = rooms.entry(source.room.clone()).or_default().entry(source.hash);
        let count = entry.detail["count"].as_u64().unwrap_or(1);
        let first = entry.detail["first"].as_str().and_then(|at| Timestamp::parse(at).ok()).unwrap_or(entry.at);
        let mut plain = entry.clone();
        if let Some(detail) = plain.detail.as_object_mut() {
            for name in ["count", "first", "last"] {
                detail.remove(name);
            }
        }
        let seen = seen.or_insert(Seen { since: entry.at, repeats: None, entry: plain });
        let repeats = seen.repeats.get_or_insert(Repeats { count: 0, first, last: entry.at });
        repeats.count += count;
        repeats.first = repeats.first.min(first);
    }
}

/// The row of all that a room has no space for.
fn rest_of(entry: Entry, strangers: bool) -> Entry {
    let org = entry.org.filter(|_| !strangers);
    Entry { object: "further sources, counted together".into(), detail: json!({}), org, ..entry }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::audit::{Action, Actor};

    const NOW: Timestamp = Timestamp(20_000 * domain::DAY);

    fn entry(at: Timestamp) -> Entry {
        Entry { at, actor: Actor::default(), action: Action::SignInThrottled, org: None, object: "an account".into(), detail: json!({ "address": "x" }) }
    }

    /// What is written when it happens.
    fn happens(refusals: &Refusals, room: &Room, what: &str, at: Timestamp) -> Option<Entry> {
        let source = Source::new(room.clone(), what);
        (!refusals.counted(&source, at)).then(|| refusals.begin(source, entry(at)))
    }

    #[test]
    fn a_flood_is_a_row_at_once_and_one_a_minute_with_its_count() {
        let (refusals, room) = (Refusals::default(), Room::Strangers("throttled"));
        assert_eq!(happens(&refusals, &room, "a", NOW), Some(entry(NOW)));
        for n in 1..=10_400 {
            assert_eq!(happens(&refusals, &room, "a", NOW.plus(n)), None);
        }
        assert_eq!(refusals.due(NOW.plus(MINUTE - 1), false), []);
        let rows = refusals.due(NOW.plus(MINUTE), false);
        let row = &rows[0].1;
        assert_eq!((rows.len(), row.at, row.object.as_str()), (1, NOW.plus(MINUTE), "an account"));
        assert_eq!(row.detail, json!({ "address": "x", "count": 10_400, "first": NOW.rfc3339(), "last": NOW.rfc3339() }));
        // It goes on: counted. It ends: forgotten, and new where it comes again.
        assert_eq!(happens(&refusals, &room, "a", NOW.plus(MINUTE + 1)), None);
        assert_eq!(refusals.due(NOW.plus(2 * MINUTE), false)[0].1.detail["count"], 1);
        assert_eq!(refusals.due(NOW.plus(3 * MINUTE), false), []);
        assert!(refusals.rooms().is_empty());
        assert!(happens(&refusals, &room, "a", NOW.plus(3 * MINUTE)).is_some());
    }

    #[test]
    fn no_room_takes_space_from_another_and_none_grows() {
        let (refusals, strangers) = (Refusals::default(), Room::Strangers("throttled"));
        let written = (0..100_000).filter_map(|n: u32| happens(&refusals, &strangers, &n.to_string(), NOW)).collect::<Vec<_>>();
        assert_eq!((written.len(), written[SOURCES].object.as_str()), (SOURCES + 1, "further sources, counted together"));
        assert_eq!(refusals.rooms()[&strangers].len(), SOURCES + 1);
        for room in [Room::Strangers("failed"), Room::Accounts(1), Room::Throttled(1), Room::Person(1), Room::Files(1), Room::Key(1)] {
            assert_eq!(happens(&refusals, &room, "a", NOW), Some(entry(NOW)), "{room:?}");
        }
        let rows = refusals.due(NOW.plus(MINUTE), false);
        assert_eq!(rows.iter().map(|(_, row)| row.detail["count"].as_u64()).collect::<Vec<_>>(), [Some(100_000 - written.len() as u64)]);
        // What the database did not take is in the next row.
        refusals.put_back(&rows[0].0, &rows[0].1);
        refusals.put_back(&Source::new(Room::Key(9), "b"), &entry(NOW));
        let again: Vec<_> = refusals.due(NOW.plus(2 * MINUTE), true).into_iter().map(|(_, row)| row.detail["count"].as_u64()).collect();
        assert!(again.len() == 2 && again.contains(&rows[0].1.detail["count"].as_u64()) && again.contains(&Some(1)), "{again:?}");
    }
}
