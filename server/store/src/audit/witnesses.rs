//! Who took a checkpoint, and when: the organisations that could show that the trail was cut or made anew.

use super::EVERY;
use crate::{
    Hub, StoreError,
    db::{execute, read},
};
use domain::{OrgId, Timestamp};

impl Hub<'_> {
    /// An organisation's machine takes the newest checkpoint. Written once in five minutes, as often as there is another.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn checkpoint_taken(&self, org: OrgId, at: Timestamp) -> Result<(), StoreError> {
        const LAST: &str = "SELECT taken_at FROM audit_witnesses WHERE org_id = $1";
        const SET: &str = "INSERT INTO audit_witnesses (org_id, taken_at) VALUES ($1, $2) ON CONFLICT (org_id) DO UPDATE SET taken_at = excluded.taken_at";
        let last: Option<i64> = read!(self, c => sqlx::query_scalar(LAST).bind(org.0).fetch_optional(c).await)?;
        if last.is_some_and(|last| at.since(Timestamp(last)) < EVERY) {
            return Ok(());
        }
        self.write(move |conn| {
            Box::pin(async move {
                execute!(conn, c => sqlx::query(SET).bind(org.0).bind(at.0).execute(&mut *c).await)?;
                Ok(())
            })
        })
        .await
    }

    /// When organisations last took a checkpoint; those that never did are missing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn witnesses(&self) -> Result<Vec<(OrgId, Timestamp)>, StoreError> {
        const ALL: &str = "SELECT org_id, taken_at FROM audit_witnesses ORDER BY org_id";
        let rows: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(ALL).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(org, at)| (OrgId(org), Timestamp(at))).collect())
    }
}
