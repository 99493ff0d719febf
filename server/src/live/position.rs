//! Where an audience stands in what it was told, as browsers hold it and bring it back: a text that nobody can read, compare with another
//! organisation's or count with.
//!
//! It is encrypted under a key that all hubs of a database have, and the same position is the same text, on every node: it moves when something
//! moves that the audience may see, and stays when anything else happens.

use crate::auth::seal::Seal;
use aes_gcm_siv::{
    Aes256GcmSiv, Key, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
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
pub struct Positions(Aes256GcmSiv);

impl Positions {
    #[must_use]
    pub fn new(seal: &Seal) -> Self {
        Self(Aes256GcmSiv::new(&Key::<Aes256GcmSiv>::from(seal.subkey(LABEL))))
    }

    /// The position of an organisation's people, as they hold it.
    #[must_use]
    pub fn write(&self, org: OrgId, position: Position) -> String {
        let plain = [position.place.to_be_bytes(), position.aged.0.to_be_bytes(), position.rules.to_be_bytes()].concat();
        // One nonce for all, so that equal positions are equal texts; AES-GCM-SIV tells no more than that.
        let sealed = self.0.encrypt(&Nonce::default(), Payload { msg: &plain, aad: &org.0.to_be_bytes() });
        sealed.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default()
    }

    /// Reads what somebody of an organisation brought; `None` for everything that no hub of this database wrote for it.
    #[must_use]
    pub fn read(&self, org: OrgId, text: &str) -> Option<Position> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let plain = self.0.decrypt(&Nonce::default(), Payload { msg: &sealed, aad: &org.0.to_be_bytes() }).ok()?;
        let (parts, rest) = plain.as_chunks::<8>();
        let [place, aged, rules] = parts else { return None };
        rest.is_empty().then_some(Position { place: i64::from_be_bytes(*place), aged: Timestamp(i64::from_be_bytes(*aged)), rules: u64::from_be_bytes(*rules) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_read_by_its_own_organisation_alone() {
        let (one, other) = (Positions::new(&Seal::default()), Positions::new(&Seal::default()));
        let position = Position { place: 7, aged: Timestamp(9), rules: u64::MAX };
        let text = one.write(OrgId(1), position);
        assert_eq!(text, one.write(OrgId(1), position), "the same position is the same text");
        assert_eq!(one.read(OrgId(1), &text), Some(position));
        assert_ne!(text, one.write(OrgId(2), position));
        let next = one.write(OrgId(1), Position { place: 9, ..position });
        assert_eq!((next.len(), next == text), (text.len(), false));
        for (positions, org, text) in [(&one, 2, text.as_str()), (&other, 1, &text), (&one, 1, ""), (&one, 1, "7"), (&one, 1, &text[1..]), (&one, 1, "é~")] {
            assert_eq!(positions.read(OrgId(org), text), None, "{text}");
        }
    }
}
