//! Decisions of the alliance. Whatever ends a decision applies its effect in the same transaction.

use super::{
    Hub, bounds,
    confirmation::put_defaults,
    sharing::{bad, decide},
};
use crate::{
    StoreError, alliance,
    audit::{self, Action, Actor, Entry},
    db::{Conn, execute, on_conn, read},
};
use domain::{
    DAY, OrgId, Role, Timestamp,
    decision::{AlertLevel, DecisionKind, Effect, Outcome, Right, Tally},
};
use serde_json::json;
use std::collections::BTreeMap;

/// The setting with the alliance's alert level.
const ALERT: &str = "alert_level";

const RIGHTS: &str = "SELECT kind, proposers, voters, quorum, days FROM decision_rights ORDER BY kind";
const VOTES: &str = "SELECT decision_id, org_id, choice, reason FROM decision_votes ORDER BY voted_at";
const DELEGATES: &str = "SELECT kind, org_id, delegate_id FROM decision_delegates";
const MEMBERS: &str = "SELECT id FROM organisations WHERE sharing_confirmed_at IS NOT NULL AND suspended_at IS NULL ORDER BY id";
const OPEN: &str = "SELECT id, effect, expires_at FROM decisions WHERE outcome IS NULL";

/// A decision, open or ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub id: i64,
    pub effect: Effect,
    pub reason: String,
    /// The person who proposed it, by number.
    pub by: i64,
    pub org: OrgId,
    pub proposed_at: Timestamp,
    pub expires_at: Timestamp,
    pub outcome: Option<(Outcome, Timestamp)>,
    /// Each organisation's own vote, with its reason.
    pub votes: Vec<(OrgId, bool, String)>,
    /// Of an open decision as it stands, of another as it ended.
    pub tally: Tally,
}

/// Delegates of each kind.
pub type Delegates = BTreeMap<DecisionKind, BTreeMap<OrgId, OrgId>>;

type RightRow = (String, String, String, i64, i64);

#[derive(sqlx::FromRow)]
struct DecisionSql {
    id: i64,
    effect: String,
    reason: String,
    proposed_by: i64,
    org_id: i64,
    proposed_at: i64,
    expires_at: i64,
    outcome: Option<String>,
    decided_at: Option<i64>,
    votes_for: Option<i64>,
    votes_against: Option<i64>,
    votes_of: Option<i64>,
}

type Vote = (i64, i64, i64, String);

fn right((kind, proposers, voters, quorum, days): RightRow) -> Result<Right, StoreError> {
    let roles = |text: &str| text.split_whitespace().map(str::parse).collect::<Result<Vec<_>, _>>().map_err(StoreError::Internal);
    Ok(Right {
        kind: kind.parse().map_err(StoreError::Internal)?,
        proposers: roles(&proposers)?,
        voters: roles(&voters)?,
        quorum: quorum.clamp(0, 100) as u32,
        days: days.max(1),
    })
}

/// The rights of all kinds: as they were set, else as a new hub has them.
fn rights(rows: Vec<RightRow>) -> Result<Vec<Right>, StoreError> {
    let mut set: Vec<Right> = rows.into_iter().map(right).collect::<Result<_, _>>()?;
    let missing = DecisionKind::ALL.into_iter().filter(|kind| set.iter().all(|r| r.kind != *kind)).collect::<Vec<_>>();
    set.extend(missing.into_iter().map(Right::default_of));
    set.sort_by_key(|r| r.kind);
    Ok(set)
}

fn delegates(rows: Vec<(String, i64, i64)>) -> Result<Delegates, StoreError> {
    let mut of = Delegates::new();
    for (kind, org, to) in rows {
        of.entry(kind.parse().map_err(StoreError::Internal)?).or_default().insert(OrgId(org), OrgId(to));
    }
    Ok(of)
}

fn tally(members: &[OrgId], votes: &[Vote], id: i64, kind: DecisionKind, delegates: &Delegates) -> Tally {
    let votes = votes.iter().filter(|v| v.0 == id).map(|v| (OrgId(v.1), v.2 != 0)).collect();
    Tally::of(members, &votes, delegates.get(&kind).unwrap_or(&BTreeMap::new()))
}

fn effect(json: &str) -> Result<Effect, StoreError> {
    serde_json::from_str(json).map_err(|e| StoreError::Internal(format!("decision: {e}")))
}

impl Hub<'_> {
    /// Who may propose and vote on what.
    ///
    /// # Errors
    /// When the database fails or holds a right that cannot be read.
    pub async fn decision_rights(&self) -> Result<Vec<Right>, StoreError> {
        rights(read!(self, c => sqlx::query_as(RIGHTS).fetch_all(c).await)?)
    }

    /// Sets who may propose and vote on a kind of decision, and how many votes it takes. Open decisions of that kind go by it, too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_decision_right(&self, right: Right, at: Timestamp) -> Result<(), StoreError> {
        const SET: &str = "INSERT INTO decision_rights (kind, proposers, voters, quorum, days) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (kind) DO UPDATE SET \
                           proposers = excluded.proposers, voters = excluded.voters, quorum = excluded.quorum, days = excluded.days";
        let words = |roles: &[Role]| roles.iter().map(|r| r.name()).collect::<Vec<_>>().join(" ");
        let (proposers, voters, actor) = (words(&right.proposers), words(&right.voters), self.actor);
        let detail = json!({ "proposers": proposers, "voters": voters, "quorum": right.quorum, "days": right.days });
        let entry = Entry { at, actor, action: Action::DecisionRightSet, org: None, object: right.kind.name().to_owned(), detail };
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => {
                    let set = sqlx::query(SET).bind(right.kind.name()).bind(proposers).bind(voters);
                    set.bind(i64::from(right.quorum)).bind(right.days).execute(&mut *c).await
                })?;
                audit::append(conn, entry).await
            })
        })
        .await
    }

    /// To whom organisations delegated their votes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delegates(&self) -> Result<Delegates, StoreError> {
        delegates(read!(self, c => sqlx::query_as(DELEGATES).fetch_all(c).await)?)
    }

    /// The open decisions and the newest hundred that ended, the newest first.
    ///
    /// # Errors
    /// When the database fails or holds a decision that cannot be read.
    pub async fn decisions(&self) -> Result<Vec<Decision>, StoreError> {
        const LIST: &str = "SELECT id, effect, reason, proposed_by, org_id, proposed_at, expires_at, outcome, decided_at, votes_for, votes_against, votes_of \
                            FROM decisions ORDER BY CASE WHEN outcome IS NULL THEN 0 ELSE 1 END, id DESC LIMIT 100";
        self.counted(read!(self, c => sqlx::query_as(LIST).fetch_all(c).await)?).await
    }

    /// One decision.
    ///
    /// # Errors
    /// When the database fails or holds a decision that cannot be read.
    pub async fn decision(&self, id: i64) -> Result<Option<Decision>, StoreError> {
        const ONE: &str = "SELECT id, effect, reason, proposed_by, org_id, proposed_at, expires_at, outcome, decided_at, votes_for, votes_against, votes_of \
                           FROM decisions WHERE id = $1";
        Ok(self.counted(read!(self, c => sqlx::query_as(ONE).bind(id).fetch_all(c).await)?).await?.pop())
    }

    /// The organisations that have a vote.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn voters(&self) -> Result<Vec<OrgId>, StoreError> {
        let members: Vec<i64> = read!(self, c => sqlx::query_scalar(MEMBERS).fetch_all(c).await)?;
        Ok(members.into_iter().map(OrgId).collect())
    }

    async fn counted(&self, rows: Vec<DecisionSql>) -> Result<Vec<Decision>, StoreError> {
        let votes: Vec<Vote> = read!(self, c => sqlx::query_as(VOTES).fetch_all(c).await)?;
        let (members, delegates) = (self.voters().await?, self.delegates().await?);
        let decision = |d: DecisionSql| {
            let effect = effect(&d.effect)?;
            let outcome = d.outcome.map(|o| o.parse().map_err(StoreError::Internal)).transpose()?;
            let own = votes.iter().filter(|v| v.0 == d.id).map(|v| (OrgId(v.1), v.2 != 0, v.3.clone())).collect();
            let ended = d.votes_for.zip(d.votes_against).zip(d.votes_of);
            let ended = ended.map(|((yes, no), members)| Tally { yes: yes as u32, no: no as u32, members: members as u32 });
            Ok(Decision {
                tally: ended.unwrap_or_else(|| tally(&members, &votes, d.id, effect.kind(), &delegates)),
                id: d.id,
                effect,
                reason: d.reason,
                by: d.proposed_by,
                org: OrgId(d.org_id),
                proposed_at: Timestamp(d.proposed_at),
                expires_at: Timestamp(d.expires_at),
                outcome: outcome.zip(d.decided_at.map(Timestamp)),
                votes: own,
            })
        };
        rows.into_iter().map(decision).collect()
    }

    /// Proposes a decision. Who may is the caller's to ask. A scoring policy takes the place of the draft that it was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn propose(&self, effect: Effect, reason: String, (org, user): (OrgId, i64), right: &Right, at: Timestamp) -> Result<i64, StoreError> {
        const ADD: &str = "INSERT INTO decisions (effect, reason, proposed_by, org_id, proposed_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id";
        const PROPOSED: &str = "DELETE FROM policy_drafts WHERE org_id = $1 AND user_id = $2";
        let (actor, kind, ends) = (self.actor, effect.kind(), at.plus(right.days * DAY));
        let json = serde_json::to_string(&effect).map_err(|e| StoreError::Internal(e.to_string()))?;
        self.write(move |conn| {
            Box::pin(async move {
                bounds::room(conn, org, &bounds::DECISIONS).await?;
                let id: i64 = on_conn!(conn, c => {
                    sqlx::query_scalar(ADD).bind(json).bind(reason).bind(user).bind(org.0).bind(at.0).bind(ends.0).fetch_one(&mut *c).await
                })?;
                if kind == DecisionKind::ScoringPolicy {
                    execute!(conn, c => sqlx::query(PROPOSED).bind(org.0).bind(user).execute(&mut *c).await)?;
                }
                let detail = json!({ "kind": kind.name() });
                audit::append(conn, Entry { at, actor, action: Action::DecisionProposed, org: None, object: format!("decision {id}"), detail }).await?;
                Ok(id)
            })
        })
        .await
    }

    /// Votes for an organisation, in place of an earlier vote of it, and ends the decision where that is enough. False where it is not open.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn vote(&self, id: i64, (org, user): (OrgId, i64), choice: bool, reason: String, at: Timestamp) -> Result<bool, StoreError> {
        const VOTE: &str = "INSERT INTO decision_votes (decision_id, org_id, user_id, choice, reason, voted_at) \
                            SELECT d.id, $2, $3, $4, $5, $6 FROM decisions d WHERE d.id = $1 AND d.outcome IS NULL AND d.expires_at > $6 \
                            ON CONFLICT (org_id, decision_id) DO UPDATE SET user_id = excluded.user_id, choice = excluded.choice, \
                            reason = excluded.reason, voted_at = excluded.voted_at";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let voted = execute!(conn, c => {
                    sqlx::query(VOTE).bind(id).bind(org.0).bind(user).bind(i64::from(choice)).bind(reason).bind(at.0).execute(&mut *c).await
                })?;
                if voted == 0 {
                    return Ok(false);
                }
                let detail = json!({ "for": choice });
                audit::append(conn, Entry { at, actor, action: Action::DecisionVoted, org: Some(org), object: format!("decision {id}"), detail }).await?;
                settle(conn, at).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Lets another organisation's vote count for one that does not vote itself; `None` takes that back.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn delegate(&self, org: OrgId, kind: DecisionKind, to: Option<OrgId>, at: Timestamp) -> Result<(), StoreError> {
        const NONE: &str = "DELETE FROM decision_delegates WHERE org_id = $1 AND kind = $2";
        const SET: &str = "INSERT INTO decision_delegates (org_id, kind, delegate_id) VALUES ($1, $2, $3)";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(NONE).bind(org.0).bind(kind.name()).execute(&mut *c).await)?;
                if let Some(to) = to {
                    execute!(conn, c => sqlx::query(SET).bind(org.0).bind(kind.name()).bind(to.0).execute(&mut *c).await)?;
                }
                let detail = json!({ "to": to.map(|to| to.0) });
                audit::append(conn, Entry { at, actor, action: Action::DecisionDelegated, org: Some(org), object: kind.name().to_owned(), detail }).await
            })
        })
        .await
    }

    /// Takes back an open decision that this person proposed. False where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn withdraw(&self, id: i64, (org, user): (OrgId, i64), at: Timestamp) -> Result<bool, StoreError> {
        const MINE: &str = "SELECT effect FROM decisions WHERE id = $1 AND proposed_by = $2 AND outcome IS NULL AND expires_at > $3";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let mine: Option<String> = on_conn!(conn, c => sqlx::query_scalar(MINE).bind(id).bind(user).bind(at.0).fetch_optional(&mut *c).await)?;
                let Some(json) = mine else { return Ok(false) };
                let tally = standing(conn, id, effect(&json)?.kind()).await?;
                end(conn, id, Outcome::Withdrawn, tally, at).await?;
                let (action, object) = (Action::DecisionWithdrawn, format!("decision {id}"));
                audit::append(conn, Entry { at, actor, action, org: Some(org), object, detail: json!({}) }).await?;
                Ok(true)
            })
        })
        .await
    }

    /// Ends what is over. To be called now and then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn settle_decisions(&self, at: Timestamp) -> Result<(), StoreError> {
        let open: Vec<(i64, String, i64)> = read!(self, c => sqlx::query_as(OPEN).fetch_all(c).await)?;
        if open.iter().all(|(_, _, ends)| *ends > at.0) {
            return Ok(());
        }
        self.write(move |conn| Box::pin(settle(conn, at))).await
    }

    /// The alliance's alert level.
    ///
    /// # Errors
    /// When the database fails or holds something else.
    pub async fn alert_level(&self) -> Result<AlertLevel, StoreError> {
        let level = self.meta(ALERT).await?;
        level.map_or(Ok(AlertLevel::Normal), |text| serde_json::from_str(&text)).map_err(|_| bad(ALERT))
    }
}

/// How a decision stands.
async fn standing(conn: &mut Conn, id: i64, kind: DecisionKind) -> Result<Tally, StoreError> {
    let votes: Vec<Vote> = on_conn!(conn, c => sqlx::query_as(VOTES).fetch_all(&mut *c).await)?;
    let members: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(MEMBERS).fetch_all(&mut *c).await)?;
    let delegates = delegates(on_conn!(conn, c => sqlx::query_as(DELEGATES).fetch_all(&mut *c).await)?)?;
    let members: Vec<OrgId> = members.into_iter().map(OrgId).collect();
    Ok(tally(&members, &votes, id, kind, &delegates))
}

async fn end(conn: &mut Conn, id: i64, outcome: Outcome, tally: Tally, at: Timestamp) -> Result<(), StoreError> {
    const END: &str = "UPDATE decisions SET outcome = $2, decided_at = $3, votes_for = $4, votes_against = $5, votes_of = $6 WHERE id = $1";
    let [yes, no, members] = [tally.yes, tally.no, tally.members].map(i64::from);
    execute!(conn, c => sqlx::query(END).bind(id).bind(outcome.name()).bind(at.0).bind(yes).bind(no).bind(members).execute(&mut *c).await)?;
    Ok(())
}

/// Ends every decision that is decided or over, and does what the adopted ones say.
async fn settle(conn: &mut Conn, at: Timestamp) -> Result<(), StoreError> {
    let open: Vec<(i64, String, i64)> = on_conn!(conn, c => sqlx::query_as(OPEN).fetch_all(&mut *c).await)?;
    for (id, json, ends) in open {
        // Anew for each: the one before may have changed who has a vote.
        let rights = rights(on_conn!(conn, c => sqlx::query_as(RIGHTS).fetch_all(&mut *c).await)?)?;
        let effect = effect(&json)?;
        let tally = standing(conn, id, effect.kind()).await?;
        let quorum = rights.into_iter().find(|r| r.kind == effect.kind()).map_or(100, |r| r.quorum);
        let Some(outcome) = tally.outcome(quorum, ends <= at.0) else { continue };
        end(conn, id, outcome, tally, at).await?;
        let detail = json!({ "outcome": outcome.name(), "for": tally.yes, "against": tally.no, "of": tally.members });
        let entry = Entry { at, actor: Actor::default(), action: Action::DecisionEnded, org: None, object: format!("decision {id}"), detail };
        audit::append(conn, entry).await?;
        if outcome == Outcome::Adopted {
            apply(conn, effect, id, at).await?;
        }
    }
    Ok(())
}

/// Does what a decision says.
async fn apply(conn: &mut Conn, effect: Effect, decision: i64, at: Timestamp) -> Result<(), StoreError> {
    const SET: &str = "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    const ADOPT: &str = "INSERT INTO policies (version, body, adopted_at, decision_id) VALUES ($1, $2, $3, $4)";
    const NEXT: &str = "SELECT coalesce(max(version), 0) + 1 FROM policies";
    const SUSPEND: &str = "UPDATE organisations SET suspended_at = $2 WHERE id = $1 AND suspended_at IS NULL";
    const ADMIT: &str = "UPDATE organisations SET suspended_at = NULL WHERE id = $1";
    let text = |e: serde_json::Error| StoreError::Internal(e.to_string());
    match effect {
        Effect::AlertLevel { level } => {
            let level = serde_json::to_string(&level).map_err(text)?;
            execute!(conn, c => sqlx::query(SET).bind(ALERT).bind(level).execute(&mut *c).await)?;
        }
        Effect::ScoringPolicy { mut policy } => {
            // Another may have been adopted since it was proposed.
            let version: i64 = on_conn!(conn, c => sqlx::query_scalar(NEXT).fetch_one(&mut *c).await)?;
            policy.version = version as u32;
            let body = serde_json::to_string(&policy).map_err(text)?;
            execute!(conn, c => sqlx::query(ADOPT).bind(version).bind(body).bind(at.0).bind(decision).execute(&mut *c).await)?;
            let (action, object) = (Action::PolicyAdopted, format!("policy {version}"));
            audit::append(conn, Entry { at, actor: Actor::default(), action, org: None, object, detail: json!({ "decision": decision }) }).await?;
        }
        Effect::SuspendOrganisation { org } => drop(execute!(conn, c => sqlx::query(SUSPEND).bind(org).bind(at.0).execute(&mut *c).await)?),
        Effect::AdmitOrganisation { org } => drop(execute!(conn, c => sqlx::query(ADMIT).bind(org).execute(&mut *c).await)?),
        Effect::SharingDefault { levels } => put_defaults(conn, levels).await?,
        Effect::AllianceKey => alliance::rotate(conn, decision, at).await?,
    }
    // What everybody sees may be other now; boards go by the version that this counts.
    decide(conn, at).await
}
