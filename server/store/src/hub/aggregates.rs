//! Totals over organisations that are shown to nobody by name, week by week.

use super::Hub;
use crate::{
    StoreError,
    db::{execute, read},
};
use domain::{OrgId, aggregate::Aggregate};

/// A total that an organisation's people are shown in one week.
#[derive(Clone, Debug, PartialEq)]
pub struct WeekTotal {
    pub viewer: OrgId,
    /// By [`domain::aggregate::week_of`].
    pub week: i64,
    pub total: Aggregate,
}

impl Hub<'_> {
    /// The totals since a week, the newest first.
    ///
    /// # Errors
    /// When the database fails or holds a total that cannot be read.
    pub async fn aggregates(&self, since: i64) -> Result<Vec<WeekTotal>, StoreError> {
        const LIST: &str = "SELECT viewer_id, week, body FROM aggregates WHERE week >= $1 ORDER BY week DESC, viewer_id";
        let rows: Vec<(i64, i64, String)> = read!(self, c => sqlx::query_as(LIST).bind(since).fetch_all(c).await)?;
        let total = |(viewer, week, body): (i64, i64, String)| {
            let total = serde_json::from_str(&body).map_err(|e| StoreError::Internal(format!("aggregate: {e}")))?;
            Ok(WeekTotal { viewer: OrgId(viewer), week, total })
        };
        rows.into_iter().map(total).collect()
    }

    /// Keeps totals. One that stands already, by this node or another, is not replaced.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_aggregates(&self, totals: Vec<WeekTotal>) -> Result<(), StoreError> {
        const KEEP: &str = "INSERT INTO aggregates (viewer_id, week, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        self.write(move |conn| {
            Box::pin(async move {
                for WeekTotal { viewer, week, total } in totals {
                    let body = serde_json::to_string(&total).map_err(|e| StoreError::Internal(e.to_string()))?;
                    execute!(conn, c => sqlx::query(KEEP).bind(viewer.0).bind(week).bind(body).execute(&mut *c).await)?;
                }
                Ok(())
            })
        })
        .await
    }
}
