//! Loading long history at once: the demo's two years. One transaction, and no pushes.

use crate::{
    Hub, StoreError,
    db::Scope,
    db::{execute, on_conn},
    samples::{
        body::{Point, Received},
        current::{Part, Signs, WRITE_PARTS},
        fold,
    },
    writer::Keep,
};
use domain::{DataClass, OrgId, Timestamp};
use std::sync::Arc;

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
        const STATE: &str = "SELECT last_no, last_data_at, signs FROM push_states WHERE org_id = $1";
        const MOVE_ON: &str = "UPDATE push_states SET last_no = $2, last_data_at = $3, signs = $4 WHERE org_id = $1";
        let current = Arc::clone(&self.store.inner.current);
        let work = self.store.inner.writer.run(Scope::Partner(org), move |conn| {
            Box::pin(async move {
                let (no, any, signs): (i64, Option<i64>, String) = on_conn!(conn, c => sqlx::query_as(STATE).bind(org.0).fetch_one(&mut *c).await)?;
                let mut values = current.load(conn, org, no).await?.as_ref().clone();
                let names = Arc::make_mut(&mut values.names);
                let first = names.add(history.iter().map(|one| (one.metric.as_str(), ""))).ok_or_else(|| StoreError::Internal("too many series".into()))?;
                names.write(conn, org, first).await?;
                let mut points = Vec::with_capacity(history.iter().map(|one| one.values.len()).sum());
                for one in history {
                    let series = values.names.number(&one.metric, "", &mut String::new()).unwrap_or_default();
                    points.extend(one.values.into_iter().map(|(at, value)| Received { point: Point { series, at, value }, receipt: 0 }));
                }
                points.sort_by_key(|one| (one.point.series, one.point.at));
                let Some(newest) = points.iter().map(|one| one.point.at).max() else { return Ok(Keep::Yes(())) };
                let last: Vec<Point> = points.chunk_by(|a, b| a.point.series == b.point.series).filter_map(|all| all.last()).map(|one| one.point).collect();
                fold::write(conn, org, &points, raw_from, hours_from).await?;
                let parts: Vec<Part> = values.take(&last, newest).into_iter().map(|part| values.packed(part)).collect();
                Part::rows(&parts).execute(conn, WRITE_PARTS).await?;
                let mut signs = Signs::of(any, &signs)?;
                signs.hear(DataClass::Posture, newest, Some(newest));
                execute!(conn, c => sqlx::query(MOVE_ON).bind(org.0).bind(no + 1).bind(signs.any.map(|t| t.0)).bind(signs.to_json()).execute(&mut *c).await)?;
                Ok(Keep::Yes(()))
            })
        });
        work.await
    }
}
