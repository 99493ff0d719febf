//! A checkpoint as partners get and keep it: JSON.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::audit::{self, Checkpoint, Kept};
use utoipa::ToSchema;

/// A signed checkpoint of the audit trail. The signature is Ed25519, over three lines, each with its line end: `shieldwall audit checkpoint`, `hash`,
/// `at` with six digits of seconds. Keep it, with the hub's public key: it shows whether the trail was cut or made anew since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointFile {
    /// What the checkpoint is found by, in hex.
    pub hash: String,
    /// The beginning of the five minutes that it was made in: RFC 3339, UTC.
    pub at: String,
    /// The hub's public key, in base64.
    pub public_key: String,
    /// The signature, in base64.
    pub signature: String,
}

/// Bytes as digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl From<Checkpoint> for CheckpointFile {
    fn from(c: Checkpoint) -> Self {
        Self { hash: hex(&c.hash), at: c.at.rfc3339_micros(), public_key: STANDARD.encode(c.public_key), signature: STANDARD.encode(c.signature) }
    }
}

impl TryFrom<CheckpointFile> for Kept {
    type Error = String;

    fn try_from(file: CheckpointFile) -> Result<Self, String> {
        fn decoded<const N: usize>(name: &str, text: &str) -> Result<[u8; N], String> {
            STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| format!("{name} is not {N} bytes in base64"))
        }
        let signed = Some((decoded("public_key", &file.public_key)?, decoded("signature", &file.signature)?));
        Ok(Self { at: Timestamp::parse(&file.at)?, hash: hash(&file.hash)?, signed })
    }
}

/// What people compare the hub's public key by, such as `SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU`.
#[must_use]
pub fn fingerprint(public_key: &[u8; 32]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(audit::fingerprint(public_key)))
}

/// A public key as people write it down.
#[must_use]
pub fn public_key(public_key: &[u8; 32]) -> String {
    STANDARD.encode(public_key)
}

/// The fingerprint of the public key that a text is, in base64, or of which it is the fingerprint.
#[must_use]
pub fn key_or_fingerprint(text: &str) -> Option<[u8; 32]> {
    let text = text.split_whitespace().next()?;
    match text.strip_prefix("SHA256:") {
        Some(fingerprint) => STANDARD_NO_PAD.decode(fingerprint.trim_end_matches('=')).ok()?.try_into().ok(),
        None => STANDARD.decode(text).ok()?.try_into().ok().map(|key| audit::fingerprint(&key)),
    }
}

/// The bytes of a hash in hex.
pub(super) fn hash(text: &str) -> Result<[u8; 32], String> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|digits| digits.len() == 64).unwrap_or_default();
    let hash: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
    hash.try_into().map_err(|_| "hash is not 32 bytes in hex".to_owned())
}

/// What a partner kept: a checkpoint, or a receipt, which names one.
///
/// # Errors
/// Where the text is neither.
pub fn kept(text: &str) -> Result<Kept, String> {
    let json: Value = serde_json::from_str(text).map_err(|e| e.to_string())?;
    let Some(named) = json.get("audit_checkpoint") else {
        let file: CheckpointFile = serde_json::from_value(json).map_err(|e| e.to_string())?;
        return file.try_into();
    };
    let word = |name: &str| named.get(name).and_then(Value::as_str).ok_or_else(|| format!("the receipt's audit_checkpoint has no {name}"));
    Ok(Kept { at: Timestamp::parse(word("at")?)?, hash: hash(word("hash")?)?, signed: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_as_it_was() {
        let (at, hash) = (Timestamp(1_700_000_000_123_456), [0xa7; 32]);
        let checkpoint =
            Checkpoint { number: 3, at, row: 12, row_hash: [2; 32], previous: [3; 32], salt: [4; 32], hash, public_key: [1; 32], signature: [255; 64] };
        let file = CheckpointFile::from(checkpoint.clone());
        assert_eq!(kept(&serde_json::to_string(&file).unwrap()), Ok(Kept::from(&checkpoint)));
        for hash in ["", "é", &file.hash[1..], &file.hash.replace('a', "g")] {
            assert!(Kept::try_from(CheckpointFile { hash: hash.to_owned(), ..file.clone() }).is_err(), "{hash}");
        }
        assert!(Kept::try_from(CheckpointFile { signature: "AA==".into(), ..file.clone() }).is_err());
        let key = [9; 32];
        for text in [public_key(&key), fingerprint(&key), format!("{}\n", fingerprint(&key))] {
            assert_eq!(key_or_fingerprint(&text), Some(audit::fingerprint(&key)), "{text}");
        }
        assert!(key_or_fingerprint("").is_none() && key_or_fingerprint("SHA256:AA").is_none() && key_or_fingerprint("AA==").is_none());
        let receipt = serde_json::json!({ "id": 1, "audit_checkpoint": { "hash": file.hash, "at": "2023-11-14T22:10:00Z" } });
        assert_eq!(kept(&receipt.to_string()).map(|k| (k.hash, k.signed)), Ok((hash, None)));
        assert!(kept("{}").is_err() && kept("{\"audit_checkpoint\": {}}").is_err());
    }
}
