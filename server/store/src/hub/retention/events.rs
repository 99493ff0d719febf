//! The end of events, and of who is named on them.

use crate::{
    Hub, StoreError,
    db::{Rows, on_conn},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Events in one transaction.
const PIECE: usize = 2_000;

impl Hub<'_> {
    /// Deletes the events that were observed before a moment; returns how many went. Those of a piece go organisation by organisation: SQLite would look for pairs of
    /// organisation and id by the organisation alone, and go through all of its events each time.
    pub(super) async fn delete_events(&self, before: i64) -> Result<u64, StoreError> {
        const OVER: &str = "SELECT org_id, id FROM events WHERE observed_at < $1 ORDER BY observed_at, id LIMIT 2000";
        const RECIPIENTS: &str = "DELETE FROM recipients WHERE org_id = (SELECT v.org FROM v LIMIT 1) AND record_id IN (SELECT v.id FROM v)";
        const EVENTS: &str = "DELETE FROM events WHERE org_id = (SELECT v.org FROM v LIMIT 1) AND id IN (SELECT v.id FROM v)";
        let mut deleted = 0;
        loop {
            let piece = self.write(move |conn| {
                Box::pin(async move {
                    let over: Vec<(i64, Uuid)> = on_conn!(conn, c => sqlx::query_as(OVER).bind(before).fetch_all(&mut *c).await)?;
                    // In one order, so that two nodes never wait for each other.
                    let mut by_org: BTreeMap<i64, Vec<Uuid>> = BTreeMap::new();
                    for (org, id) in &over {
                        by_org.entry(*org).or_default().push(*id);
                    }
                    for (org, ids) in &by_org {
                        let rows = Rows::of(ids).with("org", |_| *org).with("id", |id| *id);
                        rows.execute(conn, RECIPIENTS).await?;
                        rows.execute(conn, EVENTS).await?;
                    }
                    Ok(over.len())
                })
            });
            let n = piece.await?;
            deleted += n as u64;
            if n < PIECE {
                return Ok(deleted);
            }
            tokio::task::yield_now().await;
        }
    }
}
