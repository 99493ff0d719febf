//! `/admin/groups`: the sharing groups of the viewer's organisation.

use super::OrgRef;
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
