//! A row of the trail: its contents under a digest with salt, and its place under a hash.
//!
//! The contents of a row (who did what to whom) are hashed once, with 16 random bytes beside them, into its *digest*. The chain goes over the digests: the
//! *hash* of a row is over the hash of the row before, the row's number and moment, and its digest. So the contents of a row can be erased, and their salt
//! with them, while the chain stays what it was: the row keeps number, moment, digest and hash, and a mark that it was erased. Without its salt a
//! digest says nothing, not even to whoever guesses the contents and tries.
//!
//! A row that has contents must have the digest of them; one that has none must bear the mark, and nothing else. The row of a [signing key](super::Signer)
//! that took over is not to be erased: the keys after it would have nobody who vouches for them.

use super::Actor;
use crate::StoreError;
use domain::{OrgId, Timestamp};
use sha2::{Digest, Sha256};

/// The columns of a [`RawRow`], in its order.
macro_rules! audit_columns {
    () => {
        "no, at, actor_org, actor_user, action, org_id, object, detail, salt, digest, erased, hash"
    };
}
pub(crate) use audit_columns;

pub(crate) type RawRow = (i64, i64, Option<i64>, Option<i64>, String, Option<i64>, String, String, Option<Vec<u8>>, Vec<u8>, bool, Vec<u8>);

/// A row as it is kept. Where its contents were erased, nobody did nothing to nothing: the actor is nobody, the texts are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// From 1, without gaps.
    pub no: i64,
    pub at: Timestamp,
    pub actor: Actor,
    /// An [`Action`](super::Action)'s name, or a word of another version of this program.
    pub action: String,
    pub org: Option<OrgId>,
    pub object: String,
    /// JSON.
    pub detail: String,
    /// `None` where the contents were erased.
    pub salt: Option<[u8; 16]>,
    /// Of the contents.
    pub digest: [u8; 32],
    /// Whether the contents were erased.
    pub erased: bool,
    /// Of the row in its place.
    pub hash: [u8; 32],
}

impl AuditRow {
    /// The digest of the contents with a salt: SHA-256 over a line with `shieldwall audit contents`, the 16 bytes of the salt, and then actor_org,
    /// actor_user, action, org_id, object and detail. Numbers are eight bytes, big-endian; texts come after their length as such a number; before an
    /// optional one stands 1, or 0 in its place.
    #[must_use]
    pub fn digest_with(&self, salt: &[u8; 16]) -> [u8; 32] {
        let mut hash = Sha256::new();
        let optional = |hash: &mut Sha256, n: Option<i64>| match n {
            Some(n) => {
                hash.update([1]);
                hash.update(n.to_be_bytes());
            }
            None => hash.update([0]),
        };
        let text = |hash: &mut Sha256, text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        };
        hash.update("shieldwall audit contents\n");
        hash.update(salt);
        optional(&mut hash, self.actor.org.map(|o| o.0));
        optional(&mut hash, self.actor.user);
        text(&mut hash, &self.action);
        optional(&mut hash, self.org.map(|o| o.0));
        text(&mut hash, &self.object);
        text(&mut hash, &self.detail);
        hash.finalize().into()
    }

    /// The hash that this row must have after one with the hash `before` (zeros before the first row): SHA-256 over a line with `shieldwall audit row`,
    /// `before`, number and moment as eight bytes each, big-endian, and the digest.
    #[must_use]
    pub fn expected(&self, before: &[u8; 32]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update("shieldwall audit row\n");
        hash.update(before);
        hash.update(self.no.to_be_bytes());
        hash.update(self.at.0.to_be_bytes());
        hash.update(self.digest);
        hash.finalize().into()
    }

    /// Whether the contents are those of the digest, or were erased whole and the row says so.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        match self.salt {
            Some(salt) => !self.erased && self.digest == self.digest_with(&salt),
            None => self.erased && self.is_empty(),
        }
    }

    fn is_empty(&self) -> bool {
        self.actor == Actor::default() && self.org.is_none() && [&self.action, &self.object, &self.detail].iter().all(|text| text.is_empty())
    }
}

pub(crate) fn row((no, at, actor_org, actor_user, action, org, object, detail, salt, digest, erased, hash): RawRow) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        no,
        at: Timestamp(at),
        actor: Actor { org: actor_org.map(OrgId), user: actor_user },
        action,
        org: org.map(OrgId),
        object,
        detail,
        salt: salt.map(bytes).transpose()?,
        digest: bytes(digest)?,
        erased,
        hash: bytes(hash)?,
    })
}

pub(super) fn bytes<const N: usize>(bytes: Vec<u8>) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Internal("a salt, digest, hash, key or signature of the audit trail has another length".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> AuditRow {
        let mut row = AuditRow {
            no: 7,
            at: Timestamp(1_700_000_000_000_000),
            actor: Actor { org: Some(OrgId(1)), user: Some(2) },
            action: "key.created".into(),
            org: Some(OrgId(1)),
            object: "key siem".into(),
            detail: "{}".into(),
            salt: Some([5; 16]),
            digest: [0; 32],
            erased: false,
            hash: [0; 32],
        };
        row.digest = row.digest_with(&[5; 16]);
        row
    }

    #[test]
    fn what_stands_in_a_row_is_in_its_digest_and_where_it_stands_in_its_hash() {
        let row = written();
        assert!(row.is_whole());
        type Change = fn(&mut AuditRow);
        let contents: [Change; 7] = [
            |r| r.actor.org = None,
            |r| r.actor.user = Some(3),
            |r| r.action.push('x'),
            |r| r.org = Some(OrgId(2)),
            |r| (r.object, r.detail) = ("key siem{".into(), "}".into()),
            |r| r.detail.clear(),
            |r| r.salt = Some([6; 16]),
        ];
        for (i, change) in contents.iter().enumerate() {
            let mut other = row.clone();
            change(&mut other);
            assert!(!other.is_whole(), "{i}");
            assert_eq!(other.expected(&[1; 32]), row.expected(&[1; 32]), "{i}: the chain knows the digest alone");
        }
        let place: [Change; 3] = [|r| r.no += 1, |r| r.at = Timestamp(r.at.0 + 1), |r| r.digest[31] ^= 1];
        for (i, change) in place.iter().enumerate() {
            let mut other = row.clone();
            change(&mut other);
            assert_ne!(other.expected(&[1; 32]), row.expected(&[1; 32]), "{i}");
        }
        assert_ne!(row.expected(&[2; 32]), row.expected(&[1; 32]));
    }

    #[test]
    fn an_erased_row_has_its_mark_and_no_contents() {
        let (row, empty) = (written(), String::new);
        let erased =
            AuditRow { actor: Actor::default(), org: None, action: empty(), object: empty(), detail: empty(), salt: None, erased: true, ..row.clone() };
        assert!(erased.is_whole() && erased.expected(&[1; 32]) == row.expected(&[1; 32]));
        let wrong = [
            ("without a mark", AuditRow { erased: false, ..erased.clone() }),
            ("some is left", AuditRow { object: "key siem".into(), ..erased.clone() }),
            ("who did it is left", AuditRow { actor: row.actor, ..erased.clone() }),
            ("whom it concerns is left", AuditRow { org: row.org, ..erased.clone() }),
            ("the salt is left, so that one could guess", AuditRow { salt: row.salt, ..erased.clone() }),
            ("marked, and nothing is gone", AuditRow { erased: true, ..row.clone() }),
            ("the salt alone is gone", AuditRow { salt: None, ..row.clone() }),
            ("and marked", AuditRow { salt: None, erased: true, ..row }),
        ];
        for (what, row) in wrong {
            assert!(!row.is_whole(), "{what}");
        }
    }
}
