//! Changes of sharing rules that show somebody more: proposed by one person, in force once a second one of the organisation agrees.

use super::{
    Hub,
    authority::{Consent, consent},
    bounds,
    sharing::{bad, decide, read_audience, rule_entry, words, write_rule},
};
use crate::{
    StoreError,
    audit::{self, Action},
    db::{Conn, execute, on_conn, random_number, read},
};
use domain::{DAY, DataClass, Level, OrgId, Timestamp, sharing::Audience};

/// How long a proposal waits.
pub(super) const LIFE: i64 = 7 * DAY;

/// A change that waits for a second person.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    pub id: i64,
    pub class: DataClass,
    pub audience: Audience,
    /// `None` takes the rule away.
    pub level: Option<Level>,
    /// The user who proposed it, and his name.
    pub by: (i64, String),
    pub expires_at: Timestamp,
}

/// What became of an approval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approval {
    /// The change is in force.
    Done,
    /// Who proposed a change cannot be the second person.
    Own,
    /// One of the two made, promoted, re-linked, reset or enabled the other lately, or the same person both.
    Related,
    /// The organisation's only administrator has to wait before it agrees alone.
    TooEarly,
    /// There is no such proposal of this organisation any more.
    Gone,
}

impl Approval {
    /// Why nothing is done by an agreement; `None` where it is.
    pub(super) const fn refused(consent: Consent) -> Option<Self> {
        match consent {
            Consent::Given => None,
            Consent::Own => Some(Self::Own),
            Consent::Related => Some(Self::Related),
            Consent::TooEarly => Some(Self::TooEarly),
        }
    }
}

type Row = (String, String, i64, Option<String>, i64);

impl Hub<'_> {
    /// Keeps a change until somebody else agrees; one for the same audience and class replaces it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn propose_rule(
        &self,
        owner: OrgId,
        class: DataClass,
        audience: Audience,
        level: Option<Level>,
        by: i64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let entry = rule_entry(Action::SharingRuleProposed, self.actor, owner, class, audience, level, at);
        self.write(move |conn| {
            Box::pin(async move {
                write_proposal(conn, owner, class, audience, level, by, at).await?;
                audit::append(conn, entry).await
            })
        })
        .await
    }

    /// The changes of an organisation that wait, the oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn proposals(&self, owner: OrgId, now: Timestamp) -> Result<Vec<Proposal>, StoreError> {
        const WAITING: &str = "SELECT p.id, p.class, p.audience, p.audience_id, p.level, p.proposed_by, u.name, p.expires_at \
                               FROM sharing_proposals p JOIN users u ON u.org_id = p.org_id AND u.id = p.proposed_by \
                               WHERE p.org_id = $1 AND p.expires_at > $2 AND u.role = 'org_admin' AND u.disabled_at IS NULL ORDER BY p.proposed_at, p.id";
        type Waiting = (i64, String, String, i64, Option<String>, i64, String, i64);
        let rows: Vec<Waiting> = read!(self, c => sqlx::query_as(WAITING).bind(owner.0).bind(now.0).fetch_all(c).await)?;
        let proposal = |(id, class, kind, audience, level, by, name, expires): Waiting| {
            let (class, audience, level) = read_row(&class, &kind, audience, level.as_deref())?;
            Ok(Proposal { id, class, audience, level, by: (by, name), expires_at: Timestamp(expires) })
        };
        rows.into_iter().map(proposal).collect()
    }

    /// Agrees to a change of the own organisation, which puts it in force at once. An only administrator agrees alone, a day after proposing it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn approve_rule(&self, id: i64, owner: OrgId, by: i64, at: Timestamp) -> Result<Approval, StoreError> {
        // A proposal is worth what its proposer's word is worth now.
        const FIND: &str = "SELECT p.class, p.audience, p.audience_id, p.level, p.proposed_by, p.proposed_at FROM sharing_proposals p JOIN users u ON u.org_id = p.org_id AND u.id = p.proposed_by \
                            WHERE p.id = $1 AND p.org_id = $2 AND p.expires_at > $3 AND u.role = 'org_admin' AND u.disabled_at IS NULL";
        const DONE: &str = "DELETE FROM sharing_proposals WHERE org_id = $1 AND id = $2";
        type Waiting = (String, String, i64, Option<String>, i64, i64);
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let row: Option<Waiting> = on_conn!(conn, c => sqlx::query_as(FIND).bind(id).bind(owner.0).bind(at.0).fetch_optional(&mut *c).await)?;
                let Some((class, kind, audience, level, proposed_by, proposed_at)) = row else { return Ok(Approval::Gone) };
                if let Some(refused) = Approval::refused(consent(conn, owner, (proposed_by, Timestamp(proposed_at)), by, at).await?) {
                    return Ok(refused);
                }
                let (class, audience, level) = read_row(&class, &kind, audience, level.as_deref())?;
                write_rule(conn, owner, class, audience, level, at).await?;
                let mut entry = rule_entry(Action::SharingRuleSet, actor, owner, class, audience, level, at);
                entry.detail["proposed_by"] = proposed_by.into();
                audit::append(conn, entry).await?;
                execute!(conn, c => sqlx::query(DONE).bind(owner.0).bind(id).execute(&mut *c).await)?;
                decide(conn, at).await?;
                Ok(Approval::Done)
            })
        })
        .await
    }

    /// Takes back or declines a change of the own organisation.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn drop_proposal(&self, id: i64, owner: OrgId, at: Timestamp) -> Result<(), StoreError> {
        const DROP: &str = "DELETE FROM sharing_proposals WHERE id = $1 AND org_id = $2 RETURNING class, audience, audience_id, level, proposed_by";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let dropped: Option<Row> = on_conn!(conn, c => sqlx::query_as(DROP).bind(id).bind(owner.0).fetch_optional(&mut *c).await)?;
                if let Some((class, kind, audience, level, _)) = dropped {
                    let (class, audience, level) = read_row(&class, &kind, audience, level.as_deref())?;
                    audit::append(conn, rule_entry(Action::SharingRuleDropped, actor, owner, class, audience, level, at)).await?;
                }
                Ok(())
            })
        })
        .await
    }
}

/// Keeps a change until a second person agrees; one for the same audience and class is replaced, and so is its number: who agrees means what he saw.
pub(super) async fn write_proposal(
    conn: &mut Conn,
    owner: OrgId,
    class: DataClass,
    audience: Audience,
    level: Option<Level>,
    by: i64,
    at: Timestamp,
) -> Result<(), StoreError> {
    const REPLACE: &str = "DELETE FROM sharing_proposals WHERE org_id = $1 AND class = $2 AND audience = $3 AND audience_id = $4";
    const PROPOSE: &str = "INSERT INTO sharing_proposals (id, org_id, class, audience, audience_id, level, proposed_by, proposed_at, expires_at) \
                           VALUES ($9, $1, $2, $3, $4, $5, $6, $7, $8)";
    let (kind, id) = words(audience);
    execute!(conn, c => sqlx::query(REPLACE).bind(owner.0).bind(class.name()).bind(kind).bind(id).execute(&mut *c).await)?;
    bounds::room(conn, owner, &bounds::RULE_PROPOSALS).await?;
    execute!(conn, c => {
        let propose = sqlx::query(PROPOSE).bind(owner.0).bind(class.name()).bind(kind).bind(id).bind(level.map(Level::name));
        propose.bind(by).bind(at.0).bind(at.plus(LIFE).0).bind(random_number()).execute(&mut *c).await
    })?;
    Ok(())
}

fn read_row(class: &str, kind: &str, audience: i64, level: Option<&str>) -> Result<(DataClass, Audience, Option<Level>), StoreError> {
    let level = level.map(str::parse).transpose().map_err(|_| bad("level"))?;
    Ok((DataClass::named(class).map_err(StoreError::Internal)?, read_audience(kind, audience)?, level))
}
