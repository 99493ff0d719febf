//! How many of each thing an organisation may have: counted where one more is made, in the same transaction, so that no page, list or decision grows
//! without end by one partner's doing.
//!
//! To add one: a [`Bound`], [`room`] before the INSERT in the same job, and a step in `tests/contract/bounds.rs`.

use crate::{
    StoreError,
    db::{Conn, on_conn},
};
use domain::OrgId;

/// A number of things that an organisation may have.
pub(super) struct Bound {
    /// In the plural, for people.
    what: &'static str,
    most: i64,
    /// Counts what an organisation has.
    count: &'static str,
}

pub(super) const PEOPLE: Bound = Bound { what: "people", most: 2_000, count: "SELECT count(*) FROM users WHERE org_id = $1" };
pub(super) const GROUPS: Bound =
    Bound { what: "sharing groups", most: super::groups::MOST_GROUPS, count: "SELECT count(*) FROM sharing_groups WHERE org_id = $1" };
pub(super) const INVITATIONS: Bound = Bound {
    what: "open invitations into sharing groups",
    most: 500,
    // Of the groups that it is a member of, whoever invited.
    count: "SELECT count(*) FROM sharing_group_members m JOIN sharing_group_members own ON own.group_id = m.group_id AND own.org_id = $1 \
            WHERE own.joined_at IS NOT NULL AND m.joined_at IS NULL",
};
pub(super) const GROUP_PROPOSALS: Bound =
    Bound { what: "proposals about sharing groups", most: 200, count: "SELECT count(*) FROM group_proposals WHERE org_id = $1" };
pub(super) const RULE_PROPOSALS: Bound =
    Bound { what: "proposals about sharing rules", most: 200, count: "SELECT count(*) FROM sharing_proposals WHERE org_id = $1" };
pub(super) const DECISIONS: Bound = Bound { what: "open decisions", most: 50, count: "SELECT count(*) FROM decisions WHERE org_id = $1 AND outcome IS NULL" };

/// Whether an organisation may have one more.
///
/// # Errors
/// [`StoreError::TooMany`] where it has as many as it may.
pub(super) async fn room(conn: &mut Conn, org: OrgId, bound: &Bound) -> Result<(), StoreError> {
    let there: i64 = on_conn!(conn, c => sqlx::query_scalar(bound.count).bind(org.0).fetch_one(&mut *c).await)?;
    if there < bound.most { Ok(()) } else { Err(StoreError::TooMany { what: bound.what, most: bound.most }) }
}
