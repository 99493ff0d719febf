//! Comparing indicators: who takes part with keyed hashes, how much an organisation compares, and what those are told with whose it is compared.

use super::Hub;
use crate::{
    StoreError,
    audit::{self, Action, Entry},
    db::{execute, read},
    push::COMPARISONS_PER_DAY,
};
use domain::{DAY, OrgId, Timestamp};
use serde_json::json;
use std::collections::BTreeMap;

/// What an organisation may still compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComparisonState {
    /// New indicators that are compared at once today.
    pub left: i64,
    /// Kept ones that are compared on later days.
    pub waiting: i64,
    /// The begin of the day on which the next new one is compared, where none is left today.
    pub goes_on: Option<Timestamp>,
}

impl Hub<'_> {
    /// Since when an organisation takes part in comparing keyed hashes, and so is given the alliance's key.
    pub async fn hashes_since(&self, org: OrgId) -> Result<Option<Timestamp>, StoreError> {
        const SINCE: &str = "SELECT hashes_since FROM organisations WHERE id = $1";
        let since: Option<Option<i64>> = read!(self, c => sqlx::query_scalar(SINCE).bind(org.0).fetch_optional(c).await)?;
        Ok(since.flatten().map(Timestamp))
    }

    /// Lets an organisation take part in comparing keyed hashes, or ends that. Whoever was given the key keeps it until the alliance replaces it.
    pub async fn set_hashes(&self, org: OrgId, takes_part: bool, at: Timestamp) -> Result<(), StoreError> {
        const SET: &str =
            "UPDATE organisations SET hashes_since = $2 WHERE id = $1 AND ((hashes_since IS NULL AND $3) OR (hashes_since IS NOT NULL AND NOT $3))";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let since = takes_part.then_some(at.0);
                let done = execute!(conn, c => sqlx::query(SET).bind(org.0).bind(since).bind(takes_part).execute(&mut *c).await)?;
                if done == 1 {
                    let object = format!("organisation {}", org.0);
                    let detail = json!({ "takes_part": takes_part });
                    audit::append(conn, Entry { at, actor, action: Action::HashesSet, org: Some(org), object, detail }).await?;
                }
                Ok(())
            })
        })
        .await
    }

    /// What an organisation may still compare.
    pub async fn comparisons(&self, org: OrgId, now: Timestamp) -> Result<ComparisonState, StoreError> {
        const TAKEN: &str = "SELECT day, n FROM overlap_comparisons WHERE org_id = $1 AND day >= $2";
        let taken: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(TAKEN).bind(org.0).bind(now.day()).fetch_all(c).await)?;
        let taken: BTreeMap<i64, i64> = taken.into_iter().collect();
        let left = |day: i64| COMPARISONS_PER_DAY - taken.get(&day).copied().unwrap_or(0);
        let goes_on = (now.day()..).find(|day| left(*day) > 0).filter(|day| *day > now.day()).map(Timestamp::of_day);
        Ok(ComparisonState { left: left(now.day()).max(0), waiting: taken.range(now.day() + 1..).map(|(_, n)| n).sum(), goes_on })
    }

    /// How many new indicators others compared with those of organisations that are not named, over the seven days before today. Of several organisations
    /// together, so that none is told of one; `None` where `askers` are fewer than that takes.
    pub async fn compared_lately(&self, askers: &[OrgId], now: Timestamp) -> Result<Option<u64>, StoreError> {
        const SUM: &str = "SELECT CAST(coalesce(sum(c.n), 0) AS BIGINT) FROM overlap_comparisons c JOIN json_each($1) e ON e.value = c.org_id \
                           WHERE c.day >= $2 AND c.day < $3";
        if askers.len() < domain::aggregate::LEAST {
            return Ok(None);
        }
        let ids = serde_json::to_string(&askers.iter().map(|org| org.0).collect::<Vec<_>>()).map_err(|e| StoreError::Internal(e.to_string()))?;
        let (today, week_ago) = (now.day(), now.plus(-7 * DAY).day());
        let n: i64 = read!(self, c => sqlx::query_scalar(SUM).bind(&ids).bind(week_ago).bind(today).fetch_one(c).await)?;
        Ok(Some(n as u64))
    }
}
