//! `/account`, `/stepup`, `/signin/code`: the reader's own sign-in.

use super::Person;
use crate::Timestamp;
use serde::{Deserialize, Serialize};

/// The reader's own account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    pub person: Person,
    pub factors: SecondFactors,
    /// Whether the role needs a second factor here.
    pub needs_factor: bool,
    /// Whether there is a password to change.
    pub has_password: bool,
    /// Recovery codes that are left.
    pub codes_left: u32,
    /// A secret that waits for its first code: its picture as SVG, and as text to type.
    pub offer: Option<(String, String)>,
    /// The issuer of the organisation's identity provider, if it has one.
    pub provider: Option<String>,
    /// Since when the person can sign in there; `None`: not linked.
    pub identity_since: Option<Timestamp>,
    /// New recovery codes, only in the answer to the form that just made them.
    pub codes: Vec<String>,
    pub passkeys: Vec<PasskeyRow>,
    pub sessions: Vec<SessionRow>,
    /// What was changed of the account, the newest first.
    pub changes: Vec<AccountChangeRow>,
    /// Whether somebody else changed something since the reader last said to have seen it.
    pub unseen: bool,
}

/// Something that was changed of the account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AccountChangeRow {
    pub at: Timestamp,
    /// The word of the audit trail.
    pub action: String,
    /// More of it, such as the role that was given.
    pub detail: String,
    /// Who did it.
    pub by: String,
    /// Whether that was the reader.
    pub own: bool,
}

/// By what somebody can prove to be who he is, beside the password.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondFactors {
    /// Codes of an authenticator app.
    pub app: bool,
    /// One of the own passkeys.
    pub passkey: bool,
    /// Where passkeys work, as browsers write it (`https://hub.example`); `None`: nowhere, because the hub has no address that they can belong to.
    pub passkeys_at: Option<String>,
}

impl SecondFactors {
    /// Whether a second factor is asked for.
    #[must_use]
    pub const fn any(&self) -> bool {
        self.app || self.passkey
    }
}

/// One passkey of the reader.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PasskeyRow {
    pub id: i64,
    pub name: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
    /// Whether it may be taken away: not the last second factor of somebody who needs one.
    pub may_go: bool,
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
