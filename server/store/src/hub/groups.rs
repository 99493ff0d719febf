//! Sharing groups: who made them, whom they invited, who joined. A group is never deleted: rules and the trail speak of it by its number, which SQLite
//! would give to the next one.

use super::{
    Hub, bounds,
    sharing::{decide, load, rule_entry, write_rule},
};
use crate::{
    StoreError,
    audit::{self, Action, Actor, Entry},
    db::{Conn, execute, on_conn, random_number, read},
};
use domain::{OrgId, Timestamp, sharing::GroupId};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Groups that one organisation makes at most: every decision on who sees what goes through them.
pub const MOST_GROUPS: i64 = 100;

/// A sharing group, as its members see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub id: GroupId,
    pub name: String,
    /// The organisation that made it.
    pub owner: OrgId,
    /// Whether those who join later are shown what was handed in before they did.
    pub earlier: bool,
    /// Each with whether it joined; the others were invited.
    pub members: Vec<(OrgId, bool)>,
}

impl Hub<'_> {
    /// The sharing groups, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn groups(&self) -> Result<Vec<Group>, StoreError> {
        const GROUPS: &str = "SELECT id, name, org_id, earlier FROM sharing_groups ORDER BY name";
        const ALL: &str = "SELECT group_id, org_id, joined_at FROM sharing_group_members ORDER BY org_id";
        let groups: Vec<(i64, String, i64, bool)> = read!(self, c => sqlx::query_as(GROUPS).fetch_all(c).await)?;
        let mut members: BTreeMap<i64, Vec<(OrgId, bool)>> = BTreeMap::new();
        let rows: Vec<(i64, i64, Option<i64>)> = read!(self, c => sqlx::query_as(ALL).fetch_all(c).await)?;
        for (group, org, joined) in rows {
            members.entry(group).or_default().push((OrgId(org), joined.is_some()));
        }
        let group =
            |(id, name, owner, earlier)| Group { id: GroupId(id), name, owner: OrgId(owner), earlier, members: members.remove(&id).unwrap_or_default() };
        Ok(groups.into_iter().map(group).collect())
    }

    /// Makes a sharing group, of which its maker is the first member. `earlier`: whether those who join later are shown what was handed in before.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the organisation has made one of this name already, [`StoreError::TooMany`] when it has made [`MOST_GROUPS`].
    pub async fn add_group(&self, owner: OrgId, name: String, earlier: bool, at: Timestamp) -> Result<GroupId, StoreError> {
        const ADD: &str = "INSERT INTO sharing_groups (id, org_id, name, created_at, earlier) VALUES ($5, $1, $2, $3, $4) \
                           ON CONFLICT DO NOTHING RETURNING id";
        const FIRST: &str = "INSERT INTO sharing_group_members (group_id, org_id, invited_at, joined_at) VALUES ($1, $2, $3, $3)";
        let actor = self.actor;
        let id: Option<i64> = self
            .write(move |conn| {
                Box::pin(async move {
                    bounds::room(conn, owner, &bounds::GROUPS).await?;
                    let id: Option<i64> =
                        on_conn!(conn, c => sqlx::query_scalar(ADD).bind(owner.0).bind(&name).bind(at.0).bind(earlier).bind(random_number()).fetch_optional(&mut *c).await)?;
                    if let Some(id) = id {
                        execute!(conn, c => sqlx::query(FIRST).bind(id).bind(owner.0).bind(at.0).execute(&mut *c).await)?;
                        audit::append(conn, group_entry(Action::GroupMade, actor, owner, GroupId(id), json!({ "name": name, "earlier": earlier }), at)).await?;
                        decide(conn, at).await?;
                    }
                    Ok(id)
                })
            })
            .await?;
        id.map(GroupId).ok_or(StoreError::Exists("sharing group"))
    }

    /// Invites an organisation into a group, on behalf of a member; says whether `by` is one. Nothing is shared before the invited one joins. No second person
    /// is asked: it is the way of the hub's own command line; people's is [`Hub::propose_member`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn invite(&self, group: GroupId, by: OrgId, org: OrgId, at: Timestamp) -> Result<bool, StoreError> {
        let actor = self.actor;
        self.write(move |conn| Box::pin(async move { invite(conn, actor, None, group, (by, org), at).await })).await
    }

    /// Joins a group that invited the organisation; says whether one did. No second person is asked, as with [`Hub::invite`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn join(&self, group: GroupId, org: OrgId, at: Timestamp) -> Result<bool, StoreError> {
        let actor = self.actor;
        self.write(move |conn| Box::pin(async move { join(conn, actor, None, group, org, at).await })).await
    }

    /// Leaves a group, or declines its invitation; says whether there was anything to leave. Nobody sees more for it: where a rule for the group showed a
    /// class to a member less than the rule for everyone does, it goes on as a rule for that member.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave(&self, group: GroupId, org: OrgId, at: Timestamp) -> Result<bool, StoreError> {
        const LEAVE: &str = "DELETE FROM sharing_group_members WHERE group_id = $1 AND org_id = $2";
        // What waits speaks of a membership, or an invitation, that is gone.
        const FORGET: &str = "DELETE FROM group_proposals WHERE group_id = $1 AND org_id = $2";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let before = load(conn).await?;
                execute!(conn, c => sqlx::query(FORGET).bind(group.0).bind(org.0).execute(&mut *c).await)?;
                let left = execute!(conn, c => sqlx::query(LEAVE).bind(group.0).bind(org.0).execute(&mut *c).await)? > 0;
                if left {
                    audit::append(conn, group_entry(Action::GroupLeft, actor, org, group, json!({}), at)).await?;
                    let after = load(conn).await?;
                    for kept in before.kept_by_leaving(&after, group, org) {
                        write_rule(conn, kept.owner, kept.class, kept.audience, Some(kept.level), at).await?;
                        let entry = rule_entry(Action::SharingRuleSet, actor, kept.owner, kept.class, kept.audience, Some(kept.level), at);
                        audit::append(conn, entry).await?;
                    }
                    decide(conn, at).await?;
                }
                Ok(left)
            })
        })
        .await
    }
}

/// As [`Hub::invite`], `by` a member. `proposed_by`: the user to whose proposal `actor` agreed.
pub(super) async fn invite(
    conn: &mut Conn,
    actor: Actor,
    proposed_by: Option<i64>,
    group: GroupId,
    (by, org): (OrgId, OrgId),
    at: Timestamp,
) -> Result<bool, StoreError> {
    const INVITE: &str = "INSERT INTO sharing_group_members (group_id, org_id, invited_at) SELECT m.group_id, $3, $4 FROM sharing_group_members m \
                          WHERE m.group_id = $1 AND m.org_id = $2 AND m.joined_at IS NOT NULL ON CONFLICT DO NOTHING";
    const MEMBER: &str = "SELECT count(*) FROM sharing_group_members WHERE group_id = $1 AND org_id = $2 AND joined_at IS NOT NULL";
    bounds::room(conn, by, &bounds::INVITATIONS).await?;
    if execute!(conn, c => sqlx::query(INVITE).bind(group.0).bind(by.0).bind(org.0).bind(at.0).execute(&mut *c).await)? > 0 {
        // It concerns both.
        for of in [by, org] {
            audit::append(conn, group_entry(Action::GroupInvited, actor, of, group, json!({ "invited": org.0, "proposed_by": proposed_by }), at)).await?;
        }
    }
    let member: i64 = on_conn!(conn, c => sqlx::query_scalar(MEMBER).bind(group.0).bind(by.0).fetch_one(&mut *c).await)?;
    Ok(member > 0)
}

/// As [`Hub::join`]. `proposed_by`: the user to whose proposal `actor` agreed.
pub(super) async fn join(conn: &mut Conn, actor: Actor, proposed_by: Option<i64>, group: GroupId, org: OrgId, at: Timestamp) -> Result<bool, StoreError> {
    const JOIN: &str = "UPDATE sharing_group_members SET joined_at = coalesce(joined_at, $3) WHERE group_id = $1 AND org_id = $2";
    let joined = execute!(conn, c => sqlx::query(JOIN).bind(group.0).bind(org.0).bind(at.0).execute(&mut *c).await)? > 0;
    if joined {
        audit::append(conn, group_entry(Action::GroupJoined, actor, org, group, json!({ "proposed_by": proposed_by }), at)).await?;
        decide(conn, at).await?;
    }
    Ok(joined)
}

/// What the trail says of a group.
pub(super) fn group_entry(action: Action, actor: Actor, org: OrgId, group: GroupId, detail: Value, at: Timestamp) -> Entry {
    Entry { at, actor, action, org: Some(org), object: format!("group {}", group.0), detail }
}
