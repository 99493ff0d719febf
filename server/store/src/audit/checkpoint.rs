//! Checkpoints: the newest row of a moment, signed.

use super::bytes;
use crate::{
    Hub, StoreError,
    db::{execute, on_conn, read},
};
use domain::Timestamp;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use std::sync::Arc;

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
}

/// Says which row was the newest at a moment. Whoever keeps it can show later that the trail was cut or made anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// From 1, without gaps.
    pub number: i64,
    /// The number of the newest row.
    pub row: i64,
    /// That row's hash.
    pub hash: [u8; 32],
    pub at: Timestamp,
    pub public_key: [u8; 32],
    pub signature: [u8; 64],
}

impl Checkpoint {
    /// What is signed: five lines, each with its line end: `shieldwall audit checkpoint`, the checkpoint's number, the row's number, its hash in hex,
    /// the moment as RFC 3339 with microseconds.
    #[must_use]
    pub fn message(&self) -> String {
        let hash: String = self.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("shieldwall audit checkpoint\n{}\n{}\n{hash}\n{}\n", self.number, self.row, self.at.rfc3339_micros())
    }

    /// Whether the signature is one of its public key.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        let message = self.message();
        VerifyingKey::from_bytes(&self.public_key).is_ok_and(|key| key.verify_strict(message.as_bytes(), &Signature::from_bytes(&self.signature)).is_ok())
    }
}

type RawCheckpoint = (i64, i64, Vec<u8>, i64, Vec<u8>, Vec<u8>);

fn checkpoint((number, row, hash, at, public_key, signature): RawCheckpoint) -> Result<Checkpoint, StoreError> {
    Ok(Checkpoint { number, row, hash: bytes(hash)?, at: Timestamp(at), public_key: bytes(public_key)?, signature: bytes(signature)? })
}

const NEWEST: &str = "SELECT no, row_no, hash, at, public_key, signature FROM audit_checkpoints ORDER BY no DESC LIMIT 1";
const LAST: &str = "SELECT no, hash FROM audit ORDER BY no DESC LIMIT 1";

impl Hub<'_> {
    /// The newest checkpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        let row: Option<RawCheckpoint> = read!(self, c => sqlx::query_as(NEWEST).fetch_optional(c).await)?;
        row.map(checkpoint).transpose()
    }

    /// All checkpoints, oldest first. One takes 200 bytes, and there are at most twelve an hour and node.
    pub(super) async fn checkpoints(&self) -> Result<Vec<Checkpoint>, StoreError> {
        const ALL: &str = "SELECT no, row_no, hash, at, public_key, signature FROM audit_checkpoints ORDER BY no";
        let rows: Vec<RawCheckpoint> = read!(self, c => sqlx::query_as(ALL).fetch_all(c).await)?;
        rows.into_iter().map(checkpoint).collect()
    }

    /// Signs the newest row, unless a checkpoint has it already; returns the newest checkpoint, which is none while there are no rows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn make_checkpoint(&self, signer: Arc<Signer>, at: Timestamp) -> Result<Option<Checkpoint>, StoreError> {
        const ADD: &str = "INSERT INTO audit_checkpoints (no, row_no, hash, at, public_key, signature) VALUES ($1, $2, $3, $4, $5, $6)";
        let last: Option<(i64, Vec<u8>)> = read!(self, c => sqlx::query_as(LAST).fetch_optional(c).await)?;
        let newest = self.checkpoint().await?;
        // The usual case writes nothing.
        if last.map(|l| l.0) == newest.as_ref().map(|n| n.row) {
            return Ok(newest);
        }
        self.write(move |conn| {
            Box::pin(async move {
                let newest: Option<RawCheckpoint> = on_conn!(conn, c => sqlx::query_as(NEWEST).fetch_optional(&mut *c).await)?;
                let newest = newest.map(checkpoint).transpose()?;
                let last: Option<(i64, Vec<u8>)> = on_conn!(conn, c => sqlx::query_as(LAST).fetch_optional(&mut *c).await)?;
                // After a row that is gone nothing is signed: the trail was cut.
                let Some((row, hash)) = last.filter(|l| newest.as_ref().is_none_or(|n| n.row < l.0)) else { return Ok(newest) };
                let public_key = signer.public_key();
                let number = newest.map_or(0, |n| n.number) + 1;
                let mut made = Checkpoint { number, row, hash: bytes(hash)?, at, public_key, signature: [0; 64] };
                made.signature = signer.0.sign(made.message().as_bytes()).to_bytes();
                execute!(conn, c => {
                    sqlx::query(ADD)
                        .bind(made.number)
                        .bind(made.row)
                        .bind(&made.hash[..])
                        .bind(made.at.0)
                        .bind(&made.public_key[..])
                        .bind(&made.signature[..])
                        .execute(&mut *c)
                        .await
                })?;
                Ok(Some(made))
            })
        })
        .await
    }
}
