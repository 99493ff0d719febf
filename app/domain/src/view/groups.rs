//! `/admin/groups`: the sharing groups of the viewer's organisation.

use super::OrgRef;
use crate::{DataClass, Level, Timestamp};
use serde::{Deserialize, Serialize};

/// The page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Groups {
    pub org: OrgRef,
    /// Whether this viewer may make, join and leave groups.
    pub may_change: bool,
    /// The groups that the organisation belongs to.
    pub joined: Vec<GroupRow>,
    /// Those that invited it.
    pub invited: Vec<GroupRow>,
    /// Invitations and consents that wait for a second person.
    pub waiting: Vec<WaitingMember>,
    /// The other organisations: whom an invitation can go to.
    pub others: Vec<OrgRef>,
}

/// One sharing group, as its members and those it invited see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GroupRow {
    pub id: i64,
    pub name: String,
    /// Whether those who join later are shown what was handed in before they did.
    pub earlier: bool,
    pub members: Vec<OrgRef>,
    /// Invited, and not joined yet.
    pub invited: Vec<OrgRef>,
}

/// What some organisations would see more of a class, all of them from the same level to the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShownMore {
    pub class: DataClass,
    pub before: Level,
    pub after: Level,
    /// Whether they would see also what was handed in earlier.
    pub earlier: bool,
    pub orgs: Vec<OrgRef>,
}

/// An invitation into a group, or the consent to one, that waits for a second person of the organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WaitingMember {
    pub id: i64,
    pub group: String,
    /// Who is to be invited; `None` where the organisation itself is to join.
    pub invited: Option<OrgRef>,
    /// The members that would see more of the organisation's, or the one that is to be invited.
    pub eyes: Vec<OrgRef>,
    /// Whether the group shows those who join later what was handed in before.
    pub earlier: bool,
    /// What of the organisation's would be shown then that is not shown now, by its own rules.
    pub shows: Vec<ShownMore>,
    /// Who proposed it.
    pub by: String,
    /// Whether this viewer did, so that somebody else must agree.
    pub own: bool,
    pub expires_at: Timestamp,
}
