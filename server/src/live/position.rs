//! Where an audience stands in what it was told, as browsers hold it and bring it back: a text that nobody can read, compare with another
//! organisation's or count with.
//!
//! The same position is the same text, on every node: it moves when something moves that the audience may see, and stays when anything else happens.

use crate::auth::{opaque::Opaque, seal::Seal};
use domain::{OrgId, Timestamp};

/// What the key is for, so that it is no other key of the hub.
const LABEL: &str = "positions in the stream";

/// An audience's place. Its parts never leave the hub unsealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// [`place_of`] the newest change that the audience may know, or the hub's [`origin_at`] its start where there was none since.
    pub(super) place: i64,
    /// The newest moment at which something that it sees grew old by time alone.
    pub(super) aged: Timestamp,
    /// What the sharing rules mean for it: [`super::rules::Rules::meaning_for`].
    pub(super) rules: u64,
}

/// The place of a change of the outbox.
pub(super) const fn place_of(seq: i64) -> i64 {
    2 * seq
}

/// The place of a hub that began when the outbox was there; no change has it, so a place is known for the origin it is.
pub(super) const fn origin_at(seq: i64) -> i64 {
    2 * seq + 1
}

/// Writes positions and reads them.
pub struct Positions(Opaque);

impl Positions {
    #[must_use]
    pub fn new(seal: &Seal) -> Self {
        Self(Opaque::new(seal, LABEL))
    }

    /// The position of an organisation's people, as they hold it.
    #[must_use]
    pub fn write(&self, org: OrgId, position: Position) -> String {
        self.0.write(org, &[position.place.to_be_bytes(), position.aged.0.to_be_bytes(), position.rules.to_be_bytes()].concat())
    }

    /// Reads what somebody of an organisation brought; `None` for everything that no hub of this database wrote for it.
    #[must_use]
    pub fn read(&self, org: OrgId, text: &str) -> Option<Position> {
        let plain = self.0.read(org, text)?;
        let (parts, rest) = plain.as_chunks::<8>();
        let [place, aged, rules] = parts else { return None };
        rest.is_empty().then_some(Position { place: i64::from_be_bytes(*place), aged: Timestamp(i64::from_be_bytes(*aged)), rules: u64::from_be_bytes(*rules) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_comes_back_as_it_went() {
        let positions = Positions::new(&Seal::default());
        let position = Position { place: 7, aged: Timestamp(9), rules: u64::MAX };
        assert_eq!(positions.read(OrgId(1), &positions.write(OrgId(1), position)), Some(position));
        assert_eq!(positions.read(OrgId(2), &positions.write(OrgId(1), position)), None);
    }
}
