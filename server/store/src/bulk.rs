//! Loading long history at once: the demo's two years. One transaction, rows in key order, rollups made in memory.

use crate::{
    Hub, StoreError,
    db::{on_conn, pieces, values_sql},
    push::metrics::{DAYS, HOURS, SampleRow, add_rollups, number_series, roll, set_current},
};
use domain::{OrgId, Timestamp};
use sqlx::AssertSqlSafe;

/// The history of one series of one organisation.
#[derive(Clone, Debug)]
pub struct SeriesHistory {
    pub metric: String,
    /// Oldest first.
    pub values: Vec<(Timestamp, f64)>,
}

impl Hub<'_> {
    /// Loads history of an organisation that has none. Raw samples are kept from `raw_from` on; what is older lives on in
    /// the rollups alone, as retention would have left it. The samples belong to no push, so they have no receipt.
    ///
    /// # Errors
    /// When the database fails; then nothing is kept.
    pub async fn load_history(&self, org: OrgId, history: Vec<SeriesHistory>, raw_from: Timestamp, hours_from: Timestamp) -> Result<(), StoreError> {
        const SAMPLES: &str = "INSERT INTO samples (hour, org_id, observed_at, series_id, value, receipt_no) VALUES";
        const ALIVE: &str = "UPDATE organisations SET last_data_at = $2 WHERE id = $1 AND (last_data_at IS NULL OR last_data_at < $2)";
        self.write(move |conn| {
            Box::pin(async move {
                let mut rows = Vec::new();
                let numbers = number_series(conn, org, history.iter().map(|one| (one.metric.as_str(), ""))).await?;
                let numbers = numbers.ok_or_else(|| StoreError::Internal("too many series".into()))?;
                for one in history {
                    let id = numbers[&(one.metric, String::new())];
                    rows.extend(one.values.into_iter().map(|(observed_at, value)| SampleRow { observed_at, series: id, value }));
                }
                rows.sort_by_key(|r| (r.observed_at, r.series));
                let Some(newest) = rows.last().map(|r| r.observed_at) else { return Ok(()) };
                let raw = &rows[rows.partition_point(|r| r.observed_at < raw_from)..];
                for piece in pieces(raw) {
                    let sql = values_sql(SAMPLES, 6, piece.len(), "");
                    on_conn!(conn, c => {
                        let mut query = sqlx::query(AssertSqlSafe(sql));
                        for row in piece {
                            query = query.bind(row.observed_at.hour()).bind(org.0).bind(row.observed_at.0).bind(row.series).bind(row.value).bind(0_i64);
                        }
                        query.execute(&mut *c).await
                    })?;
                }
                let hourly = &rows[rows.partition_point(|r| r.observed_at < hours_from)..];
                add_rollups(conn, org, HOURS, &roll(hourly.iter(), Timestamp::hour)).await?;
                add_rollups(conn, org, DAYS, &roll(rows.iter(), Timestamp::day)).await?;
                set_current(conn, org, 0, &rows).await?;
                on_conn!(conn, c => sqlx::query(ALIVE).bind(org.0).bind(newest.0).execute(&mut *c).await)?;
                Ok(())
            })
        })
        .await
    }
}
