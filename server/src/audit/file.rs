//! A checkpoint as partners get and keep it: JSON.

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Timestamp;
use serde::{Deserialize, Serialize};
use store::audit::Checkpoint;
use utoipa::ToSchema;

/// A signed checkpoint of the audit trail. The signature is Ed25519, over five lines, each with its line end: `shieldwall audit checkpoint`,
/// `number`, `row`, `hash`, `at`. Keep it: it shows whether the trail was cut or made anew since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckpointFile {
    /// From 1, without gaps.
    pub number: i64,
    /// The number of the newest row.
    pub row: i64,
    /// That row's hash, in hex.
    pub hash: String,
    /// When it was signed: RFC 3339, UTC.
    pub at: String,
    /// The hub's public key, in base64.
    pub public_key: String,
    /// The signature, in base64.
    pub signature: String,
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl From<Checkpoint> for CheckpointFile {
    fn from(c: Checkpoint) -> Self {
        let (public_key, signature) = (STANDARD.encode(c.public_key), STANDARD.encode(c.signature));
        Self { number: c.number, row: c.row, hash: hex(&c.hash), at: c.at.rfc3339_micros(), public_key, signature }
    }
}

impl TryFrom<CheckpointFile> for Checkpoint {
    type Error = String;

    fn try_from(file: CheckpointFile) -> Result<Self, String> {
        fn decoded<const N: usize>(name: &str, text: &str) -> Result<[u8; N], String> {
            STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| format!("{name} is not {N} bytes in base64"))
        }
        let digits: Option<Vec<u8>> = file.hash.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
        // An odd digit at the end is no byte.
        let digits = digits.filter(|digits| digits.len() == 64).unwrap_or_default();
        let hash: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect();
        Ok(Self {
            number: file.number,
            row: file.row,
            hash: hash.try_into().map_err(|_| "hash is not 32 bytes in hex".to_owned())?,
            at: Timestamp::parse(&file.at)?,
            public_key: decoded("public_key", &file.public_key)?,
            signature: decoded("signature", &file.signature)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_comes_back_as_it_was() {
        let at = Timestamp(1_700_000_000_123_456);
        let checkpoint = Checkpoint { number: 3, row: 12, hash: [0xa7; 32], at, public_key: [1; 32], signature: [255; 64] };
        let file = CheckpointFile::from(checkpoint.clone());
        assert_eq!(Checkpoint::try_from(file.clone()), Ok(checkpoint));
        for hash in ["", "é", &file.hash[1..], &file.hash.replace('a', "g")] {
            assert!(Checkpoint::try_from(CheckpointFile { hash: hash.to_owned(), ..file.clone() }).is_err(), "{hash}");
        }
        assert!(Checkpoint::try_from(CheckpointFile { signature: "AA==".into(), ..file }).is_err());
    }
}
