//! Checkpoints: the newest row of a moment, signed.
//!
//! They go to partners, and must not tell them what they may not see: one is made every five minutes, whether there were rows or not, and what leaves the
//! hub of it is its time and a hash with salt, not the number or the hash of a row. A year of them takes some 30 MB.

use super::{AuditError, row::bytes, signer};
use crate::{
    Hub, StoreError,
    audit::{Signer, signer::KeyChange},
    db::{Conn, execute, on_conn, read},
};
use domain::{MINUTE, Timestamp};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// Between two checkpoints, in microseconds. What is cut off the trail sooner than it was signed leaves no trace.
pub const EVERY: i64 = 5 * MINUTE;
/// The setting with the public key that signs, in hex.
const KEY: &str = "signing_key";

/// Says which row was the newest at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// From 1, without gaps.
    pub number: i64,
    /// The beginning of the five minutes that it was made in.
    pub at: Timestamp,
    /// The number of the newest row, 0 where there was none.
    pub row: i64,
    /// That row's hash.
    pub row_hash: [u8; 32],
    /// The hash of the checkpoint before.
    pub previous: [u8; 32],
    pub salt: [u8; 32],
    pub hash: [u8; 32],
    pub public_key: [u8; 32],
    pub signature: [u8; 64],
}

/// What somebody keeps of a checkpoint, to show later whether the trail was cut or made anew since.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    pub at: Timestamp,
    pub hash: [u8; 32],
    /// Public key and signature; a receipt has neither.
    pub signed: Option<([u8; 32], [u8; 64])>,
}

impl Kept {
    /// What is signed: three lines, each with its line end: `shieldwall audit checkpoint`, the hash in hex, the moment as RFC 3339 with microseconds.
    #[must_use]
    pub fn message(&self) -> String {
        format!("shieldwall audit checkpoint\n{}\n{}\n", signer::hex(&self.hash), self.at.rfc3339_micros())
    }

    /// Whether it has no signature, or one of its public key.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.signed.is_none_or(|(key, signature)| signer::is_signed(&key, &self.message(), &signature))
    }
}

impl From<&Checkpoint> for Kept {
    fn from(c: &Checkpoint) -> Self {
        Self { at: c.at, hash: c.hash, signed: Some((c.public_key, c.signature)) }
    }
}

/// What a hub remembers of the last checkpoint that it signed or took from another hub, apart from the database: it signs only what goes on from there. The hash
/// is over all else of the checkpoint, so that the row which it signed, and through that all rows before, are fixed by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    pub number: i64,
    pub hash: [u8; 32],
}

impl From<&Checkpoint> for Remembered {
    fn from(c: &Checkpoint) -> Self {
        Self { number: c.number, hash: c.hash }
    }
}

impl Checkpoint {
    /// SHA-256 over a line with `shieldwall audit checkpoint`, the hash of the checkpoint before, the moment and the row's number as eight bytes each,
    /// big-endian, the row's hash, and the salt.
    #[must_use]
    pub fn expected(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update("shieldwall audit checkpoint\n");
        hash.update(self.previous);
        hash.update(self.at.0.to_be_bytes());
        hash.update(self.row.to_be_bytes());
        hash.update(self.row_hash);
        hash.update(self.salt);
        hash.finalize().into()
    }

    /// Whether the hash is its own, and the signature one of its public key.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.hash == self.expected() && Kept::from(self).is_sound()
    }
}

type RawCheckpoint = (i64, i64, i64, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);

fn checkpoint((number, at, row, row_hash, previous, salt, hash, public_key, signature): RawCheckpoint) -> Result<Checkpoint, StoreError> {
    Ok(Checkpoint {
        number,
        at: Timestamp(at),
        row,
        row_hash: bytes(row_hash)?,
        previous: bytes(previous)?,
        salt: bytes(salt)?,
        hash: bytes(hash)?,
        public_key: bytes(public_key)?,
        signature: bytes(signature)?,
    })
}

const NEWEST: &str = "SELECT no, at, row_no, row_hash, previous, salt, hash, public_key, signature FROM audit_checkpoints ORDER BY no DESC LIMIT 1";
const GET_KEY: &str = "SELECT value FROM meta WHERE key = $1";

/// Whether a checkpoint serves for these five minutes. One of the next may be there already, by another hub's clock.
fn serves(newest: Option<&Checkpoint>, slot: Timestamp, key: &[u8; 32]) -> bool {
    newest.is_some_and(|n| n.public_key == *key && (0..=EVERY).contains(&n.at.since(slot)))
}

/// Signs the newest row.
async fn sign(conn: &mut Conn, signer: &Signer, slot: Timestamp, newest: Option<Checkpoint>) -> Result<Checkpoint, StoreError> {
    const LAST: &str = "SELECT no, hash FROM audit ORDER BY no DESC LIMIT 1";
    const ADD: &str =
        "INSERT INTO audit_checkpoints (no, at, row_no, row_hash, previous, salt, hash, public_key, signature) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let last: Option<(i64, Vec<u8>)> = on_conn!(conn, c => sqlx::query_as(LAST).fetch_optional(&mut *c).await)?;
    let (row, row_hash) = last.map_or(Ok((0, [0; 32])), |(no, hash)| bytes(hash).map(|hash| (no, hash)))?;
    if newest.as_ref().is_some_and(|n| n.row > row) {
        return Err(StoreError::Internal("the audit trail ends before the row that its newest checkpoint signed; `shieldwall audit verify` says more".into()));
    }
    let (number, previous) = newest.map_or((1, [0; 32]), |n| (n.number + 1, n.hash));
    let public_key = signer.public_key();
    let mut made = Checkpoint { number, at: slot, row, row_hash, previous, salt: rand::random(), hash: [0; 32], public_key, signature: [0; 64] };
    made.hash = made.expected();
    made.signature = signer.sign(&Kept::from(&made).message());
    execute!(conn, c => {
        sqlx::query(ADD)
            .bind(made.number)
            .bind(made.at.0)
            .bind(made.row)
            .bind(&made.row_hash[..])
            .bind(&made.previous[..])
            .bind(&made.salt[..])
            .bind(&made.hash[..])
            .bind(&made.public_key[..])
            .bind(&made.signature[..])
            .execute(&mut *c)
            .await
    })?;
    Ok(made)
}

async fn newest_of(conn: &mut Conn) -> Result<Option<Checkpoint>, StoreError> {
    let newest: Option<RawCheckpoint> = on_conn!(conn, c => sqlx::query_as(NEWEST).fetch_optional(&mut *c).await)?;
    newest.map(checkpoint).transpose()
}

/// Why a checkpoint is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Another five minutes may have begun.
    Due,
    /// The hub stops: what came since the last one is to be signed, too.
    Stopping,
}

impl Hub<'_> {
    /// The newest checkpoint.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checkpoint(&self) -> Result<Option<Checkpoint>, StoreError> {
        let row: Option<RawCheckpoint> = read!(self, c => sqlx::query_as(NEWEST).fetch_optional(c).await)?;
        row.map(checkpoint).transpose()
    }

    /// Checkpoints after a number and up to another, oldest first, at most 1,000.
    pub(super) async fn checkpoints(&self, after: i64, last: i64) -> Result<Vec<Checkpoint>, StoreError> {
        const SOME: &str = "SELECT no, at, row_no, row_hash, previous, salt, hash, public_key, signature FROM audit_checkpoints \
             WHERE no > $1 AND no <= $2 ORDER BY no LIMIT $3";
        let rows: Vec<RawCheckpoint> = read!(self, c => sqlx::query_as(SOME).bind(after).bind(last).bind(super::CHUNK as i64).fetch_all(c).await)?;
        rows.into_iter().map(checkpoint).collect()
    }

    /// The public key that signs, in hex; none before the first hub started.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn signing_key(&self) -> Result<Option<String>, StoreError> {
        self.meta(KEY).await
    }

    /// Makes a key the one that signs, where there is none yet. False where another is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn take_signing_key(&self, signer: &Signer) -> Result<bool, StoreError> {
        let own = signer::hex(&signer.public_key());
        Ok(self.first_meta(KEY, own.clone()).await? == own)
    }

    /// Whether the database names another key than this one.
    async fn another_signs(&self, key: &[u8; 32]) -> Result<bool, StoreError> {
        Ok(self.signing_key().await?.is_some_and(|signs| signs != signer::hex(key)))
    }

    /// Signs the newest row once in five minutes, whichever hub comes first, and whether it is new or not. Returns the newest checkpoint; it is another
    /// hub's where this signer's key is not the one that signs. Of a hub that `remembered` one, only what goes on from there is signed.
    ///
    /// # Errors
    /// When the database fails, or the trail is not what it was when the remembered checkpoint was signed.
    pub async fn make_checkpoint(
        &self,
        signer: Arc<Signer>,
        occasion: Occasion,
        now: Timestamp,
        remembered: Option<Remembered>,
    ) -> Result<Option<Checkpoint>, AuditError> {
        let (slot, key) = (Timestamp(now.0 - now.0.rem_euclid(EVERY)), signer.public_key());
        loop {
            let there = self.checkpoint().await?;
            if self.another_signs(&key).await? {
                return Ok(there);
            }
            if let Some(remembered) = remembered
                && let Err(error) = self.goes_on_from(remembered, there.as_ref(), key).await
            {
                // Another key may have taken over at this moment.
                return if self.another_signs(&key).await? { Ok(there) } else { Err(error) };
            }
            if occasion == Occasion::Due && serves(there.as_ref(), slot, &key) {
                return Ok(there);
            }
            let (signer, checked) = (Arc::clone(&signer), there.map(|c| c.hash));
            let made = self.write(move |conn| {
                Box::pin(async move {
                    let newest = newest_of(conn).await?;
                    let signs: Option<String> = on_conn!(conn, c => sqlx::query_scalar(GET_KEY).bind(KEY).fetch_optional(&mut *c).await)?;
                    // Another hub was quicker, or another key takes over: all is looked at again.
                    if newest.as_ref().map(|c| c.hash) != checked || signs.is_some_and(|signs| signs != signer::hex(&key)) {
                        return Ok(None);
                    }
                    sign(conn, &signer, slot, newest).await.map(Some)
                })
            });
            if let Some(made) = made.await? {
                return Ok(Some(made));
            }
        }
    }

    /// Lets another key sign from now on: the old one vouches for it in a row of the trail, and a checkpoint of the new one follows at once. Without
    /// the old one, which is lost, nobody vouches for the new one, and `audit verify` says so. False where the old one is not the one that signs.
    ///
    /// # Errors
    /// When the database fails, or the trail was cut.
    pub async fn rotate_signing_key(&self, old: Option<Signer>, new: Signer, now: Timestamp) -> Result<bool, StoreError> {
        const SET: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        let slot = Timestamp(now.0 - now.0.rem_euclid(EVERY));
        self.write(move |conn| {
            Box::pin(async move {
                let signs: Option<String> = on_conn!(conn, c => sqlx::query_scalar(GET_KEY).bind(KEY).fetch_optional(&mut *c).await)?;
                let from = signs.as_deref().and_then(signer::unhex).unwrap_or([0; 32]);
                if old.as_ref().is_some_and(|old| old.public_key() != from) {
                    return Ok(false);
                }
                let to = new.public_key();
                super::append(conn, KeyChange::entry(now, from, old.as_ref(), to)).await?;
                execute!(conn, c => sqlx::query(SET).bind(KEY).bind(signer::hex(&to)).execute(&mut *c).await)?;
                let newest = newest_of(conn).await?;
                sign(conn, &new, slot, newest).await.map(|_| true)
            })
        })
        .await
    }
}
