//! `/connect`: a partner's first push.

use super::{OrgRef, PushRow};
use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// The page before and after the first push.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connect {
    pub org: OrgRef,
    /// The hub's own address, as the browser reached it.
    pub base_url: String,
    /// Whether this viewer may create keys.
    pub may_create: bool,
    /// Whether the organisation's data counts for others: an administrator has confirmed what it shares.
    pub confirmed: bool,
    /// The key, only in the answer to the form that just created it.
    pub new_key: Option<String>,
    pub keys: Vec<KeyRow>,
    /// What the organisation may take of the hub, and has taken.
    pub quotas: Vec<QuotaRow>,
    /// The newest pushes of the organisation: the live receipt.
    pub pushes: Vec<PushRow>,
    /// A metric of the catalogue for the example, with a value of its unit.
    pub example: (String, f64),
    /// The moment of the example, now.
    pub now: Timestamp,
}

/// What an organisation may take of something, and has taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuotaRow {
    pub name: String,
    pub used: u64,
    pub limit: u64,
    /// Whether the numbers are bytes.
    pub bytes: bool,
}

impl QuotaRow {
    /// Whether four fifths are taken.
    #[must_use]
    pub fn is_near(&self) -> bool {
        u128::from(self.used) * 5 >= u128::from(self.limit) * 4
    }
}

/// An API key, without its secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyRow {
    pub name: String,
    /// `swk_` and the first four characters, for recognising it.
    pub hint: String,
    pub scopes: Vec<String>,
    /// Networks in CIDR, separated by blanks, from which it may be used; empty: from anywhere.
    pub addresses: String,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    pub revoked: bool,
}
