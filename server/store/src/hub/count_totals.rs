//! Counts of records over organisations that share them only in totals, week by week.

use super::Hub;
use crate::{
    StoreError,
    db::{execute, read},
};
use domain::{DAY, DataClass, OrgId, Timestamp, aggregate::counts::CountTotal};

/// A count that an organisation's people are shown in one week.
#[derive(Clone, Debug, PartialEq)]
pub struct WeekCount {
    pub viewer: OrgId,
    pub class: DataClass,
    /// By [`domain::aggregate::week_of`].
    pub week: i64,
    pub total: CountTotal,
}

impl Hub<'_> {
    /// The counts since a week, the newest first.
    ///
    /// # Errors
    /// When the database fails or holds a count that cannot be read.
    pub async fn count_totals(&self, since: i64) -> Result<Vec<WeekCount>, StoreError> {
        const LIST: &str = "SELECT viewer_id, class, week, body FROM count_totals WHERE week >= $1 ORDER BY week DESC, viewer_id, class";
        let rows: Vec<(i64, String, i64, String)> = read!(self, c => sqlx::query_as(LIST).bind(since).fetch_all(c).await)?;
        let count = |(viewer, class, week, body): (i64, String, i64, String)| {
            let total = serde_json::from_str(&body).map_err(|e| StoreError::Internal(format!("count total: {e}")))?;
            Ok(WeekCount { viewer: OrgId(viewer), class: DataClass::named(&class).map_err(StoreError::Internal)?, week, total })
        };
        rows.into_iter().map(count).collect()
    }

    /// Keeps counts. One that stands already, by this node or another, is not replaced.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn keep_count_totals(&self, totals: Vec<WeekCount>) -> Result<(), StoreError> {
        const KEEP: &str = "INSERT INTO count_totals (viewer_id, class, week, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
        self.write(move |conn| {
            Box::pin(async move {
                for WeekCount { viewer, class, week, total } in totals {
                    let body = serde_json::to_string(&total).map_err(|e| StoreError::Internal(e.to_string()))?;
                    execute!(conn, c => sqlx::query(KEEP).bind(viewer.0).bind(class.name()).bind(week).bind(body).execute(&mut *c).await)?;
                }
                Ok(())
            })
        })
        .await
    }

    /// How many records of a class that reach everyone each organisation has: incidents open and indicators active now, events observed in the seven days
    /// before. Organisations without any are missing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn public_counts(&self, class: DataClass, now: Timestamp) -> Result<Vec<(OrgId, u64)>, StoreError> {
        const INCIDENTS: &str = "SELECT org_id, count(*) FROM incidents WHERE tlp <= 1 AND status < 3 AND opened_at <= $1 AND opened_at > $2 GROUP BY org_id";
        const EVENTS: &str =
            "SELECT org_id, count(*) FROM events WHERE tlp <= 1 AND withdrawn_at IS NULL AND observed_at <= $1 AND observed_at > $2 GROUP BY org_id";
        const INDICATORS: &str = "SELECT org_id, count(*) FROM indicators WHERE tlp <= 1 AND active AND first_seen <= $1 AND first_seen > $2 GROUP BY org_id";
        let (sql, since) = match class {
            DataClass::Posture => return Ok(vec![]),
            DataClass::Incidents => (INCIDENTS, i64::MIN),
            DataClass::Events => (EVENTS, now.plus(-7 * DAY).0),
            DataClass::Indicators => (INDICATORS, i64::MIN),
        };
        let rows: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(sql).bind(now.0).bind(since).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(org, n)| (OrgId(org), n as u64)).collect())
    }
}
