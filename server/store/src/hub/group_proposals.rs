//! Invitations into sharing groups and consents to them: either shows somebody more of the organisation, so a second person of it agrees.

use super::{
    Hub,
    authority::consent,
    bounds,
    groups::{group_entry, invite, join},
    proposals::{Approval, LIFE},
};
use crate::{
    StoreError,
    audit::{self, Action},
    db::{execute, on_conn, random_number, read},
};
use domain::{OrgId, Timestamp, sharing::GroupId};
use serde_json::{Value, json};

/// An invitation, or a consent to one, that waits for a second person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupProposal {
    pub id: i64,
    pub group: GroupId,
    /// Who is to be invited; `None` where the organisation itself is to join.
    pub invited: Option<OrgId>,
    /// The user who proposed it, and his name.
    pub by: (i64, String),
    pub expires_at: Timestamp,
}

/// Group, member, and who proposed it.
type Row = (i64, i64, i64);

impl Hub<'_> {
    /// Keeps an invitation of another organisation, or the own consent to one, until somebody else of the organisation agrees. Says whether there is
    /// such a thing to agree to: to invite, the organisation is a member; to join, it is invited; and the member is not in the group yet.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn propose_member(&self, org: OrgId, group: GroupId, member: OrgId, by: i64, at: Timestamp) -> Result<bool, StoreError> {
        const STANDING: &str = "SELECT org_id, joined_at IS NOT NULL FROM sharing_group_members WHERE group_id = $1 AND (org_id = $2 OR org_id = $3)";
        const PROPOSE: &str = "INSERT INTO group_proposals (id, org_id, group_id, member_id, proposed_by, expires_at) VALUES ($6, $1, $2, $3, $4, $5) \
                               ON CONFLICT (org_id, group_id, member_id) DO UPDATE SET proposed_by = excluded.proposed_by, expires_at = excluded.expires_at";
        let entry = group_entry(Action::GroupProposed, self.actor, org, group, detail(org, member), at);
        self.write(move |conn| {
            Box::pin(async move {
                let standing: Vec<(i64, bool)> =
                    on_conn!(conn, c => sqlx::query_as(STANDING).bind(group.0).bind(org.0).bind(member.0).fetch_all(&mut *c).await)?;
                let possible = if member == org { standing == [(org.0, false)] } else { standing == [(org.0, true)] };
                if possible {
                    bounds::room(conn, org, &bounds::GROUP_PROPOSALS).await?;
                    execute!(conn, c => {
                        let propose = sqlx::query(PROPOSE).bind(org.0).bind(group.0).bind(member.0);
                        propose.bind(by).bind(at.plus(LIFE).0).bind(random_number()).execute(&mut *c).await
                    })?;
                    audit::append(conn, entry).await?;
                }
                Ok(possible)
            })
        })
        .await
    }

    /// What of an organisation's groups waits, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn group_proposals(&self, org: OrgId, now: Timestamp) -> Result<Vec<GroupProposal>, StoreError> {
        const WAITING: &str = "SELECT p.id, p.group_id, p.member_id, p.proposed_by, u.name, p.expires_at FROM group_proposals p \
                               JOIN users u ON u.org_id = p.org_id AND u.id = p.proposed_by \
                               WHERE p.org_id = $1 AND p.expires_at > $2 AND u.role = 'org_admin' AND u.disabled_at IS NULL ORDER BY p.expires_at, p.id";
        type Waiting = (i64, i64, i64, i64, String, i64);
        let rows: Vec<Waiting> = read!(self, c => sqlx::query_as(WAITING).bind(org.0).bind(now.0).fetch_all(c).await)?;
        let proposal = |(id, group, member, by, name, expires): Waiting| GroupProposal {
            id,
            group: GroupId(group),
            invited: Some(OrgId(member)).filter(|member| *member != org),
            by: (by, name),
            expires_at: Timestamp(expires),
        };
        Ok(rows.into_iter().map(proposal).collect())
    }

    /// Agrees to what somebody else of the organisation proposed, which puts it in force at once. An only administrator agrees alone, a day after
    /// proposing it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn approve_member(&self, id: i64, org: OrgId, by: i64, at: Timestamp) -> Result<Approval, StoreError> {
        // A proposal is worth what its proposer's word is worth now.
        const FIND: &str = "SELECT p.group_id, p.member_id, p.proposed_by, p.expires_at FROM group_proposals p JOIN users u ON u.org_id = p.org_id AND u.id = p.proposed_by \
                            WHERE p.id = $1 AND p.org_id = $2 AND p.expires_at > $3 AND u.role = 'org_admin' AND u.disabled_at IS NULL";
        const DONE: &str = "DELETE FROM group_proposals WHERE org_id = $1 AND id = $2";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let row: Option<(i64, i64, i64, i64)> =
                    on_conn!(conn, c => sqlx::query_as(FIND).bind(id).bind(org.0).bind(at.0).fetch_optional(&mut *c).await)?;
                let Some((group, member, proposed_by, expires_at)) = row else { return Ok(Approval::Gone) };
                if let Some(refused) = Approval::refused(consent(conn, org, (proposed_by, Timestamp(expires_at).plus(-LIFE)), by, at).await?) {
                    return Ok(refused);
                }
                execute!(conn, c => sqlx::query(DONE).bind(org.0).bind(id).execute(&mut *c).await)?;
                let (group, member) = (GroupId(group), OrgId(member));
                let by = Some(proposed_by);
                let done = if member == org { join(conn, actor, by, group, org, at).await? } else { invite(conn, actor, by, group, (org, member), at).await? };
                Ok(if done { Approval::Done } else { Approval::Gone })
            })
        })
        .await
    }

    /// Takes back or declines what waits.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_group_proposal(&self, id: i64, org: OrgId, at: Timestamp) -> Result<(), StoreError> {
        const DROP: &str = "DELETE FROM group_proposals WHERE id = $1 AND org_id = $2 RETURNING group_id, member_id, proposed_by";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let dropped: Option<Row> = on_conn!(conn, c => sqlx::query_as(DROP).bind(id).bind(org.0).fetch_optional(&mut *c).await)?;
                if let Some((group, member, _)) = dropped {
                    let detail = detail(org, OrgId(member));
                    audit::append(conn, group_entry(Action::GroupProposalDropped, actor, org, GroupId(group), detail, at)).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// What the trail says of it.
fn detail(org: OrgId, member: OrgId) -> Value {
    if member == org { json!({ "joining": true }) } else { json!({ "invited": member.0 }) }
}
