//! Walking the whole trail, to find where it is not what it was.

use super::{CHUNK, Checkpoint};
use crate::{Hub, StoreError};
use std::collections::BTreeSet;

/// What an unharmed trail has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub rows: i64,
    pub checkpoints: usize,
    /// The keys that signed the checkpoints.
    pub keys: BTreeSet<[u8; 32]>,
    /// Rows after the newest checkpoint. Should somebody cut these off, nothing would show it.
    pub unsigned: i64,
}

/// How a trail is not what it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("rows {0} to {1} are missing")]
    Missing(i64, i64),
    #[error("row {0} was changed, or is not in its place")]
    Changed(i64),
    #[error("checkpoint {0} is missing")]
    CheckpointMissing(i64),
    #[error("checkpoint {0} was not signed by its key")]
    NotSigned(i64),
    #[error("row {row} is not the one that checkpoint {number} signed: the trail was made anew")]
    MadeAnew { number: i64, row: i64 },
    #[error("checkpoint {number} signed row {row}, and the trail ends with row {last}: it was cut, or an old copy was put in its place")]
    RolledBack { number: i64, row: i64, last: i64 },
}

/// Why a trail is not believed.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    #[error("the audit trail was tampered with: {0}")]
    Tampered(Fault),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Fault> for AuditError {
    fn from(fault: Fault) -> Self {
        Self::Tampered(fault)
    }
}

impl Hub<'_> {
    /// Checks every row, every checkpoint, and those that somebody else has kept. Rows that are added meanwhile do no harm.
    ///
    /// # Errors
    /// The first [`Fault`], or the database's.
    pub async fn verify_audit(&self, witnesses: &[Checkpoint]) -> Result<Verified, AuditError> {
        // Before the rows, so that none is met whose row is still to come.
        let own = self.checkpoints().await?;
        for (checkpoint, number) in own.iter().zip(1..) {
            if checkpoint.number != number {
                return Err(Fault::CheckpointMissing(number).into());
            }
        }
        let mut signed: Vec<&Checkpoint> = own.iter().chain(witnesses).collect();
        if let Some(bad) = signed.iter().find(|c| !c.is_signed()) {
            return Err(Fault::NotSigned(bad.number).into());
        }
        signed.sort_by_key(|c| (c.row, c.number));
        let mut signed = signed.into_iter().peekable();
        let (mut last, mut hash) = (0, [0; 32]);
        loop {
            let rows = self.audit_after(last).await?;
            for row in &rows {
                if row.no != last + 1 {
                    return Err(Fault::Missing(last + 1, row.no - 1).into());
                }
                hash = row.expected(&hash);
                if hash != row.hash {
                    return Err(Fault::Changed(row.no).into());
                }
                last = row.no;
                while let Some(checkpoint) = signed.next_if(|c| c.row <= last) {
                    if checkpoint.row != last || checkpoint.hash != hash {
                        return Err(Fault::MadeAnew { number: checkpoint.number, row: checkpoint.row }.into());
                    }
                }
            }
            if (rows.len() as i64) < CHUNK {
                break;
            }
        }
        if let Some(c) = signed.next() {
            return Err(Fault::RolledBack { number: c.number, row: c.row, last }.into());
        }
        let unsigned = last - own.last().map_or(0, |c| c.row);
        Ok(Verified { rows: last, checkpoints: own.len(), keys: own.iter().map(|c| c.public_key).collect(), unsigned })
    }
}
