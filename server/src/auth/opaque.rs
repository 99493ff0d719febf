//! Places in something that counts everybody's: what leaves the hub and comes back, as texts that nobody can read, count with, or compare with another
//! organisation's.
//!
//! AES-256-GCM-SIV under a key that all hubs of a database have. One nonce for all, so that the same place is the same text, which is all that a reader
//! learns: such encryption tells no more where a nonce is used again.

use super::seal::Seal;
use aes_gcm_siv::{
    Aes256GcmSiv, Key, Nonce,
    aead::{Aead, KeyInit, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::OrgId;

/// Writes and reads texts of one kind.
pub struct Opaque(Aes256GcmSiv);

impl Opaque {
    /// `label` says what they are, so that none is taken for another kind.
    #[must_use]
    pub fn new(seal: &Seal, label: &str) -> Self {
        Self(Aes256GcmSiv::new(&Key::<Aes256GcmSiv>::from(seal.subkey(label))))
    }

    /// As an organisation's people hold it.
    #[must_use]
    pub fn write(&self, org: OrgId, plain: &[u8]) -> String {
        let sealed = self.0.encrypt(&Nonce::default(), Payload { msg: plain, aad: &org.0.to_be_bytes() });
        sealed.map(|bytes| URL_SAFE_NO_PAD.encode(bytes)).unwrap_or_default()
    }

    /// What somebody of an organisation brought back; `None` for everything that no hub of this database wrote for it.
    #[must_use]
    pub fn read(&self, org: OrgId, text: &str) -> Option<Vec<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        self.0.decrypt(&Nonce::default(), Payload { msg: &sealed, aad: &org.0.to_be_bytes() }).ok()
    }

    /// A number.
    #[must_use]
    pub fn write_number(&self, org: OrgId, number: i64) -> String {
        self.write(org, &number.to_be_bytes())
    }

    #[must_use]
    pub fn read_number(&self, org: OrgId, text: &str) -> Option<i64> {
        Some(i64::from_be_bytes(self.read(org, text)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_by_its_own_organisation_alone() {
        let seal = Seal::default();
        let (one, kind, key) = (Opaque::new(&seal, "one"), Opaque::new(&seal, "other"), Opaque::new(&Seal::default(), "one"));
        let text = one.write_number(OrgId(1), 7);
        assert_eq!(text, one.write_number(OrgId(1), 7), "the same place is the same text");
        assert_eq!(one.read_number(OrgId(1), &text), Some(7));
        let (foreign, next) = (one.write_number(OrgId(2), 7), one.write_number(OrgId(1), 8));
        assert!(foreign != text && next != text && next.len() == text.len());
        for (opaque, text) in [(&kind, text.as_str()), (&key, &text), (&one, &foreign), (&one, ""), (&one, "7"), (&one, &text[1..]), (&one, "é~")] {
            assert_eq!(opaque.read_number(OrgId(1), text), None, "{text}");
        }
    }
}
