//! Loading long history at once: the demo's two years. One transaction, rows in key order, rollups made in memory.

use crate::{
    Hub, StoreError,
    db::{execute, pieces},
    push::{
        metrics::{DAYS, HOURS, SampleRow, add_rollups, insert_new, number_series, roll, set_current},
        record::ALIVE_BY_POSTURE,
    },
};
use domain::{OrgId, Timestamp};

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
        let inner = &self.store.inner;
        let moments = history.iter().flat_map(|one| one.values.iter().map(|(at, _)| *at)).filter(|at| *at >= raw_from);
        inner.months.add_moments(&inner.db, moments).await?;
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
                    insert_new(conn, org, 0, piece).await?;
                }
                let hourly = &rows[rows.partition_point(|r| r.observed_at < hours_from)..];
                add_rollups(conn, org, HOURS, &roll(hourly.iter(), Timestamp::hour)).await?;
                add_rollups(conn, org, DAYS, &roll(rows.iter(), Timestamp::day)).await?;
                set_current(conn, org, (0, newest), &rows).await?;
                execute!(conn, c => sqlx::query(ALIVE_BY_POSTURE).bind(newest.0).bind(org.0).execute(&mut *c).await)?;
                Ok(())
            })
        })
        .await
    }
}
