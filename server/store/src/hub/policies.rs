//! Scoring policies: those that were adopted, and those that somebody prepares.

use super::Hub;
use crate::{
    StoreError,
    audit::{self, Action, Entry},
    db::{execute, read},
};
use domain::{OrgId, Timestamp, catalogue::ScoringPolicy};
use serde_json::json;

/// A policy that is or was in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Adopted {
    pub policy: ScoringPolicy,
    pub at: Timestamp,
    /// By which decision; `None` where the hub began with it.
    pub decision: Option<i64>,
}

/// The policy that somebody prepares.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicyDraft {
    /// Its version is the one after that which it was begun on.
    pub policy: ScoringPolicy,
    pub changed_at: Timestamp,
}

fn parsed(body: &str) -> Result<ScoringPolicy, StoreError> {
    serde_json::from_str(body).map_err(|e| StoreError::Internal(format!("policy: {e}")))
}

impl Hub<'_> {
    /// Every policy that was adopted, the newest first.
    ///
    /// # Errors
    /// When the database fails or holds a policy that cannot be read.
    pub async fn policies(&self) -> Result<Vec<Adopted>, StoreError> {
        const ALL: &str = "SELECT body, adopted_at, decision_id FROM policies ORDER BY version DESC";
        let rows: Vec<(String, i64, Option<i64>)> = read!(self, c => sqlx::query_as(ALL).fetch_all(c).await)?;
        rows.into_iter().map(|(body, at, decision)| Ok(Adopted { policy: parsed(&body)?, at: Timestamp(at), decision })).collect()
    }

    /// What a person prepares.
    ///
    /// # Errors
    /// When the database fails or holds a policy that cannot be read.
    pub async fn policy_draft(&self, user: i64) -> Result<Option<PolicyDraft>, StoreError> {
        const MINE: &str = "SELECT body, changed_at FROM policy_drafts WHERE user_id = $1";
        let row: Option<(String, i64)> = read!(self, c => sqlx::query_as(MINE).bind(user).fetch_optional(c).await)?;
        row.map(|(body, at)| Ok(PolicyDraft { policy: parsed(&body)?, changed_at: Timestamp(at) })).transpose()
    }

    /// Keeps what a person prepares, in place of what he had. `lines` say what it changes, for the audit trail.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_policy_draft(&self, (org, user): (OrgId, i64), policy: &ScoringPolicy, lines: Vec<String>, at: Timestamp) -> Result<(), StoreError> {
        const KEEP: &str = "INSERT INTO policy_drafts (user_id, org_id, body, changed_at) VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, user_id) DO UPDATE SET \
                            body = excluded.body, changed_at = excluded.changed_at";
        let body = serde_json::to_string(policy).map_err(|e| StoreError::Internal(e.to_string()))?;
        let detail = json!({ "changes": lines });
        let entry = Entry { at, actor: self.actor, action: Action::PolicyDrafted, org: Some(org), object: format!("policy {}", policy.version), detail };
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(KEEP).bind(user).bind(org.0).bind(body).bind(at.0).execute(&mut *c).await)?;
                audit::append(conn, entry).await
            })
        })
        .await
    }

    /// Forgets what a person prepares; false where that was nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn discard_policy_draft(&self, (org, user): (OrgId, i64), at: Timestamp) -> Result<bool, StoreError> {
        const DISCARD: &str = "DELETE FROM policy_drafts WHERE org_id = $1 AND user_id = $2";
        let entry = Entry { at, actor: self.actor, action: Action::PolicyDraftDiscarded, org: Some(org), object: "policy draft".to_owned(), detail: json!({}) };
        self.write(move |conn| {
            Box::pin(async move {
                if execute!(conn, c => sqlx::query(DISCARD).bind(org.0).bind(user).execute(&mut *c).await)? == 0 {
                    return Ok(false);
                }
                audit::append(conn, entry).await?;
                Ok(true)
            })
        })
        .await
    }
}
