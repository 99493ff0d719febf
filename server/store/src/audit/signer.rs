//! The hub's signing key, and how one takes over from another.

use super::{Action, AuditRow, Entry};
use domain::Timestamp;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// The hub's signing key.
pub struct Signer(SigningKey);

impl Signer {
    /// From the 32 secret bytes of an Ed25519 key.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(secret))
    }

    /// What its signatures are checked with.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    pub(super) fn sign(&self, message: &str) -> [u8; 64] {
        self.0.sign(message.as_bytes()).to_bytes()
    }
}

/// What people compare a public key by: its SHA-256.
#[must_use]
pub fn fingerprint(public_key: &[u8; 32]) -> [u8; 32] {
    Sha256::digest(public_key).into()
}

pub(super) fn is_signed(public_key: &[u8; 32], message: &str, signature: &[u8; 64]) -> bool {
    VerifyingKey::from_bytes(public_key).is_ok_and(|key| key.verify_strict(message.as_bytes(), &Signature::from_bytes(signature)).is_ok())
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(super) fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    if digits.len() != 2 * N {
        return None;
    }
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<u8>>().try_into().ok()
}

/// What the old key signs: four lines, each with its line end: `shieldwall signing key`, the old public key in hex, the new one, the moment as RFC 3339
/// with microseconds.
fn statement(from: &[u8; 32], to: &[u8; 32], at: Timestamp) -> String {
    format!("shieldwall signing key\n{}\n{}\n{}\n", hex(from), hex(to), at.rfc3339_micros())
}

/// A row that names the key which signs from now on.
pub(super) struct KeyChange {
    pub from: [u8; 32],
    pub to: [u8; 32],
    /// The old key's, over the row's statement.
    signature: Option<[u8; 64]>,
    at: Timestamp,
}

impl KeyChange {
    /// The row for it; without the old key, which is lost, nobody vouches for the new one.
    pub fn entry(at: Timestamp, from: [u8; 32], old: Option<&Signer>, to: [u8; 32]) -> Entry {
        let signature = old.map(|old| hex(&old.sign(&statement(&from, &to, at))));
        let detail = serde_json::json!({ "from": hex(&from), "to": hex(&to), "signature": signature });
        Entry { at, actor: super::Actor::default(), action: Action::SigningKeyRotated, org: None, object: "signing key".into(), detail }
    }

    /// What a row says of a change, where it says that.
    pub fn of(row: &AuditRow) -> Option<Self> {
        if row.action != Action::SigningKeyRotated.name() {
            return None;
        }
        let detail: serde_json::Value = serde_json::from_str(&row.detail).ok()?;
        let text = |name: &str| detail.get(name)?.as_str();
        Some(Self { from: unhex(text("from")?)?, to: unhex(text("to")?)?, signature: text("signature").and_then(unhex), at: row.at })
    }

    /// Whether the old key vouches for the new one.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some_and(|signature| is_signed(&self.from, &statement(&self.from, &self.to, self.at), &signature))
    }
}
