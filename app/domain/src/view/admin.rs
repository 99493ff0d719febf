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
    /// Whether this viewer is the only administrator, so that nobody could agree to what they propose.
    pub sole_admin: bool,
    /// Changes of accounts that wait for a second administrator; empty unless this viewer may change.
    pub waiting: Vec<WaitingAccount>,
    /// What lately became of the hub's auditors; empty unless this viewer may change.
    pub auditors: Vec<AuditorNews>,
}

/// A change of an account that waits for a second administrator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingAccount {
    pub id: i64,
    pub change: AccountChangeKind,
    pub name: String,
    pub email: String,
    /// The role that is to be given, where one is.
    pub role: Option<Role>,
    /// The role that the account has now, and whether it can sign in, where there is one.
    pub now: Option<(Role, PersonState)>,
    /// The name of who proposed it.
    pub by: String,
    /// Whether that was this viewer, who then cannot agree.
    pub own: bool,
    pub expires_at: Timestamp,
}

/// What is to become of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountChangeKind {
    Invite,
    /// A new one-time link.
    Link,
    Role,
    Enable,
    Disable,
}

/// The hub lost an auditor, or got one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditorNews {
    pub at: Timestamp,
    /// Whose person the auditor is.
    pub org: Option<OrgRef>,
    /// Whether the auditor may not sign in any more, or has another role.
    pub removed: bool,
    /// Whether the hub's operator did it, and not two administrators.
    pub operator: bool,
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
    /// When the newest checkpoint was signed, for people.
    pub checkpoint: Option<String>,
}

/// One row of the audit trail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuditLine {
    /// For those who read the whole trail: it says how much others do.
    pub no: Option<i64>,
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
