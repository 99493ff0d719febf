//! `/admin/users`, `/admin/keys`, `/admin/audit`: people, machines, and what they did.

use super::{KeyRow, OrgRef};
use crate::{Role, Timestamp};
use serde::{Deserialize, Serialize};

/// The people of the viewer's organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct People {
    pub org: OrgRef,
    /// Whether this viewer invites, changes and disables.
    pub may_change: bool,
    pub rows: Vec<PersonRow>,
    /// The address of a one-time link, only in the answer to the form that just made it.
    pub link: Option<String>,
}

/// One person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PersonRow {
    pub id: i64,
    pub name: String,
    pub email: String,
    pub role: Role,
    pub state: PersonState,
    pub last_signed_in_at: Option<Timestamp>,
}

/// Whether a person can sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PersonState {
    /// Has set no password yet.
    Invited,
    Active,
    Disabled,
}

/// The API keys of the viewer's organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keys {
    pub org: OrgRef,
    /// Whether this viewer makes, replaces and revokes keys.
    pub may_change: bool,
    /// The key, only in the answer to the form that just made it.
    pub new_key: Option<String>,
    pub keys: Vec<KeyRow>,
    pub now: Timestamp,
}

/// The audit trail, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditTrail {
    pub as_of: Timestamp,
    /// Whether it is the whole alliance's, or what concerns the viewer's organisation.
    pub whole: bool,
    /// Organisations to narrow by; empty unless it is the whole trail.
    pub orgs: Vec<OrgRef>,
    pub rows: Vec<AuditLine>,
    pub next: Option<String>,
    /// The newest signed checkpoint: its number, and the number of the last row that it covers.
    pub checkpoint: Option<i64>,
}

/// One row of the audit trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditLine {
    pub no: i64,
    pub at: Timestamp,
    /// Who did it, as far as this viewer may know people by name.
    pub actor: String,
    /// The organisation that it concerns.
    pub org: Option<OrgRef>,
    pub action: String,
    pub object: String,
    /// `name: value` pairs.
    pub detail: String,
}
