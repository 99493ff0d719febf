//! `/account`, `/stepup`: the reader's own sign-in.

use super::Person;
use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// The reader's own account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub person: Person,
    /// Whether codes of an app are asked for.
    pub has_factor: bool,
    /// Whether the role needs a second factor here.
    pub needs_factor: bool,
    /// Recovery codes that are left.
    pub codes_left: u32,
    /// A secret that waits for its first code: its picture as SVG, and as text to type.
    pub offer: Option<(String, String)>,
    /// Whether there is a password.
    pub has_password: bool,
    /// The issuer of the organisation's identity provider, if it has one.
    pub provider: Option<String>,
    /// Since when the person can sign in there; `None`: not linked.
    pub identity_since: Option<Timestamp>,
    /// New recovery codes, only in the answer to the form that just made them.
    pub codes: Vec<String>,
    pub sessions: Vec<SessionRow>,
}

/// One session of the reader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRow {
    /// The hash of its id, in hex.
    pub id: String,
    pub begun_at: Timestamp,
    /// When it ends by itself unless it is used.
    pub idle_until: Timestamp,
    pub address: String,
    pub agent: String,
    /// Whether it is the one that reads this.
    pub current: bool,
}
