//! Walking the whole trail, to find where it is not what it was.

use super::{
    AuditRow, Checkpoint, EVERY, Kept, Remembered,
    signer::{KeyChange, fingerprint, hex},
};
use crate::{Hub, StoreError};
use domain::Timestamp;
use std::{collections::HashMap, vec};

/// What the database itself cannot say: whoever can write to it could sign all of it with a key of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proofs {
    /// The fingerprint of the hub's public key, from outside.
    pub key: Option<[u8; 32]>,
    /// Checkpoints that partners kept.
    pub kept: Vec<Kept>,
}

/// What an unharmed trail has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub rows: i64,
    /// Those of them whose contents were erased: that they were there, when, and between which others is all that they still say.
    pub erased: i64,
    pub checkpoints: i64,
    /// The keys that signed, in their order.
    pub keys: Vec<KeyUse>,
    /// Rows after the newest checkpoint. Should somebody cut these off, nothing would show it.
    pub unsigned: i64,
    /// When the newest checkpoint was made.
    pub newest: Option<Timestamp>,
    /// Between which checkpoints there is none for more than five minutes: no hub ran then, or some were removed.
    pub gaps: Vec<(Timestamp, Timestamp)>,
    /// Rows that were more than five minutes old when the first checkpoint signed them.
    pub before_first: i64,
}

/// A key that signed, and who says that it may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    pub public_key: [u8; 32],
    pub since: Timestamp,
    pub vouched: Vouched,
}

/// Who says that a key may sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// Nobody: it is the first.
    First,
    /// The key before.
    ByTheOneBefore,
    /// Nobody but what the key given from outside signed later.
    Later,
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
    #[error("checkpoint {0} does not follow the one before it")]
    NotInOrder(i64),
    #[error("row {row} is not the one that checkpoint {number} signed: the trail was made anew")]
    MadeAnew { number: i64, row: i64 },
    #[error(
        "checkpoint {0}, the last one that this hub signed or saw, is not in the trail any more: it was cut, made anew, or an old copy was put in its place"
    )]
    Forgotten(i64),
    #[error("checkpoint {number} signed row {row}, and the trail ends with row {last}: it was cut")]
    RolledBack { number: i64, row: i64, last: i64 },
    #[error(
        "after row {row} another key signs, and the one before it did not agree. Where the hub's operator has lost the old key, give the new one as --public-key"
    )]
    KeyReplaced { row: i64 },
    #[error("the key that was given has signed nothing here: the trail was made anew with another key, or it is another hub's")]
    AnotherKey,
    #[error("the kept checkpoint of {at} ({hash}) is not in the trail: it was cut or made anew since, or an old copy was put in its place")]
    KeptIsGone { at: String, hash: String },
    #[error("the kept checkpoint of {0} was not signed by the key that it names, so that it proves nothing")]
    KeptNotSigned(String),
    #[error("the kept checkpoint of {0} is not in the trail, and was signed by a key that is not this hub's, so that it proves nothing")]
    KeptForeign(String),
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

/// Rows in their order, each checked against the one before.
struct Rows<'a> {
    hub: &'a Hub<'a>,
    chunk: vec::IntoIter<AuditRow>,
    last: i64,
    hash: [u8; 32],
    erased: i64,
}

impl Rows<'_> {
    async fn next(&mut self) -> Result<Option<AuditRow>, AuditError> {
        if self.chunk.len() == 0 {
            self.chunk = self.hub.audit_after(self.last).await?.into_iter();
        }
        let Some(row) = self.chunk.next() else { return Ok(None) };
        if row.no != self.last + 1 {
            return Err(Fault::Missing(self.last + 1, row.no - 1).into());
        }
        if row.expected(&self.hash) != row.hash || !row.is_whole() {
            return Err(Fault::Changed(row.no).into());
        }
        (self.last, self.hash) = (row.no, row.hash);
        self.erased += i64::from(row.erased);
        Ok(Some(row))
    }
}

/// Which keys may sign. A checkpoint signs all that was before it, so what the key from outside has signed vouches for earlier keys, whoever they were;
/// after that, and without such a key from the first one on, each must have been named by the one before.
struct Keys {
    outside: Option<[u8; 32]>,
    /// Whether the key from outside has signed.
    met: bool,
    used: Vec<KeyUse>,
}

impl Keys {
    fn current(&self) -> Option<[u8; 32]> {
        self.used.last().map(|used| used.public_key)
    }

    fn change(&mut self, public_key: [u8; 32], since: Timestamp, signed: bool, row: i64) -> Result<(), Fault> {
        let vouched = match self.current() {
            None => Vouched::First,
            Some(_) if signed => Vouched::ByTheOneBefore,
            Some(_) if self.outside.is_some() && !self.met => Vouched::Later,
            Some(_) => return Err(Fault::KeyReplaced { row }),
        };
        self.used.push(KeyUse { public_key, since, vouched });
        Ok(())
    }

    fn row(&mut self, row: &AuditRow) -> Result<(), Fault> {
        match KeyChange::of(row) {
            Some(change) => {
                let signed = change.is_signed() && self.current().is_none_or(|current| current == change.from);
                self.change(change.to, row.at, signed, row.no - 1)
            }
            None => Ok(()),
        }
    }

    fn checkpoint(&mut self, c: &Checkpoint) -> Result<(), Fault> {
        if self.current() != Some(c.public_key) {
            self.change(c.public_key, c.at, false, c.row)?;
        }
        self.met |= self.outside == Some(fingerprint(&c.public_key));
        Ok(())
    }
}

/// Checkpoints and rows in their order, from the beginning or from a checkpoint that is known.
struct Walk<'a> {
    rows: Rows<'a>,
    keys: Keys,
    /// Of the last checkpoint: number, hash, row and time.
    number: i64,
    before: [u8; 32],
    signed: i64,
    newest: Option<Timestamp>,
    gaps: Vec<(Timestamp, Timestamp)>,
    before_first: i64,
}

impl<'a> Walk<'a> {
    fn new(hub: &'a Hub<'a>, keys: Keys) -> Self {
        let rows = Rows { hub, chunk: vec![].into_iter(), last: 0, hash: [0; 32], erased: 0 };
        Self { rows, keys, number: 0, before: [0; 32], signed: 0, newest: None, gaps: vec![], before_first: 0 }
    }

    /// After a checkpoint that is known.
    fn after(hub: &'a Hub<'a>, keys: Keys, c: &Checkpoint) -> Self {
        let rows = Rows { hub, chunk: vec![].into_iter(), last: c.row, hash: c.row_hash, erased: 0 };
        Self { rows, number: c.number, before: c.hash, signed: c.row, newest: Some(c.at), ..Self::new(hub, keys) }
    }

    /// As far as a checkpoint; `met` is told of each.
    async fn to(&mut self, last: i64, mut met: impl FnMut(&Checkpoint)) -> Result<(), AuditError> {
        while self.number < last {
            let some = self.rows.hub.checkpoints(self.number, last).await?;
            if some.is_empty() {
                return Err(Fault::CheckpointMissing(self.number + 1).into());
            }
            for c in some {
                self.checkpoint(&c).await?;
                met(&c);
            }
        }
        Ok(())
    }

    async fn checkpoint(&mut self, c: &Checkpoint) -> Result<(), AuditError> {
        self.number += 1;
        let number = self.number;
        if c.number != number {
            return Err(Fault::CheckpointMissing(number).into());
        }
        if !c.is_signed() {
            return Err(Fault::NotSigned(number).into());
        }
        if c.previous != self.before || c.row < self.signed {
            return Err(Fault::NotInOrder(number).into());
        }
        while self.rows.last < c.row {
            let Some(row) = self.rows.next().await? else { return Err(Fault::RolledBack { number, row: c.row, last: self.rows.last }.into()) };
            self.keys.row(&row)?;
            self.before_first += i64::from(number == 1 && c.at.since(row.at) > EVERY);
        }
        if self.rows.hash != c.row_hash {
            return Err(Fault::MadeAnew { number, row: c.row }.into());
        }
        self.keys.checkpoint(c)?;
        self.gaps.extend(self.newest.filter(|before| c.at.since(*before) > EVERY).map(|before| (before, c.at)));
        (self.before, self.signed, self.newest) = (c.hash, c.row, Some(c.at));
        Ok(())
    }

    /// The rows after the last checkpoint.
    async fn read_to_end(&mut self) -> Result<(), AuditError> {
        while let Some(row) = self.rows.next().await? {
            self.keys.row(&row)?;
        }
        Ok(())
    }
}

impl Hub<'_> {
    /// Checks that the trail goes on from a checkpoint that a hub remembers: that it is there, that the row which it signed is, that checkpoints and rows since
    /// follow from it, and that the key `own`, or one that it vouches for, signed them. Whoever can only write to the database can make none of that.
    pub(super) async fn goes_on_from(&self, remembered: Remembered, newest: Option<&Checkpoint>, own: [u8; 32]) -> Result<(), AuditError> {
        let number = remembered.number;
        let there = self.checkpoints(number - 1, number).await?.pop();
        let Some(from) = there.filter(|c| c.hash == remembered.hash && c.is_signed()) else { return Err(Fault::Forgotten(number).into()) };
        if from.row > 0 {
            let row = self.audit_after(from.row - 1).await?.into_iter().next();
            if !row.is_some_and(|row| row.no == from.row && row.hash == from.row_hash) {
                return Err(Fault::MadeAnew { number, row: from.row }.into());
            }
        }
        let since = KeyUse { public_key: from.public_key, since: from.at, vouched: Vouched::First };
        let keys = Keys { outside: Some(fingerprint(&own)), met: from.public_key == own, used: vec![since] };
        let mut walk = Walk::after(self, keys, &from);
        walk.to(newest.map_or(0, |c| c.number), |_| ()).await?;
        walk.read_to_end().await?;
        if walk.keys.current() == Some(own) { Ok(()) } else { Err(Fault::KeyReplaced { row: walk.signed }.into()) }
    }

    /// Checks every row, every checkpoint, and what is known from outside. Rows that are added meanwhile do no harm.
    ///
    /// # Errors
    /// The first [`Fault`], or the database's.
    pub async fn verify_audit(&self, proofs: &Proofs) -> Result<Verified, AuditError> {
        if let Some(bad) = proofs.kept.iter().find(|kept| !kept.is_sound()) {
            return Err(Fault::KeptNotSigned(bad.at.rfc3339()).into());
        }
        let mut missing: HashMap<[u8; 32], &Kept> = proofs.kept.iter().map(|kept| (kept.hash, kept)).collect();
        // Before the rows, so that none is met whose row is still to come.
        let last = self.checkpoint().await?.map_or(0, |newest| newest.number);
        let mut walk = Walk::new(self, Keys { outside: proofs.key, met: false, used: vec![] });
        walk.to(last, |c| {
            missing.remove(&c.hash);
        })
        .await?;
        walk.read_to_end().await?;
        let Walk { rows, keys, number, signed, newest, gaps, before_first, .. } = walk;
        if keys.outside.is_some() && !keys.met {
            return Err(Fault::AnotherKey.into());
        }
        if let Some(gone) = missing.values().min_by_key(|kept| kept.at) {
            let foreign = |key| keys.outside.is_some_and(|outside| outside != fingerprint(&key)) && keys.used.iter().all(|used| used.public_key != key);
            if gone.signed.is_some_and(|(key, _)| foreign(key)) {
                return Err(Fault::KeptForeign(gone.at.rfc3339()).into());
            }
            return Err(Fault::KeptIsGone { at: gone.at.rfc3339(), hash: hex(&gone.hash) }.into());
        }
        Ok(Verified { rows: rows.last, erased: rows.erased, checkpoints: number, keys: keys.used, unsigned: rows.last - signed, newest, gaps, before_first })
    }
}
