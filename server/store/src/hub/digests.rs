//! Digests of indicators that have none yet: those that were there before there were digests.

use super::Hub;
use crate::{
    AllianceKey, StoreError,
    alliance::from_hex,
    db::{Scope, on_conn, read},
    push::{Digested, write_digest},
    writer::Keep,
};
use domain::{OrgId, Timestamp, indicator::IndicatorType};
use uuid::Uuid;

/// Indicators in one transaction.
const PIECE: usize = 500;

impl Hub<'_> {
    /// Gives each indicator that has none its digest. For each organisation in its turn, so that no push of another node comes in between.
    ///
    /// # Errors
    /// When the database fails; what was done stays done.
    pub(crate) async fn digest_indicators(&self) -> Result<(), StoreError> {
        const ORGS: &str = "SELECT o.id FROM organisations o WHERE EXISTS (SELECT 1 FROM indicators t WHERE t.org_id = o.id \
                            AND NOT EXISTS (SELECT 1 FROM indicator_digests d WHERE d.id = t.id))";
        let orgs: Vec<i64> = read!(self, c => sqlx::query_scalar(ORGS).fetch_all(c).await)?;
        for org in orgs {
            let key = self.store.alliance_key().await?;
            while self.digest_some(OrgId(org), key.clone()).await? == PIECE {}
        }
        Ok(())
    }

    async fn digest_some(&self, org: OrgId, key: AllianceKey) -> Result<usize, StoreError> {
        // When it was first received is not known any more; its newest receipt came no earlier.
        const MISSING: &str = "SELECT t.id, t.kind, t.value, t.hashed, t.tlp, t.active, t.received_at, coalesce(r.received_at, t.last_seen) FROM indicators t \
                               LEFT JOIN receipts r ON r.no = t.receipt_no AND r.org_id = t.org_id \
                               WHERE t.org_id = $1 AND NOT EXISTS (SELECT 1 FROM indicator_digests d WHERE d.id = t.id) LIMIT 500";
        type Row = (Uuid, String, String, bool, i64, bool, i64, i64);
        let work = self.store.inner.writer.run(Scope::Partner(org), move |conn| {
            Box::pin(async move {
                let rows: Vec<Row> = on_conn!(conn, c => sqlx::query_as(MISSING).bind(org.0).fetch_all(&mut *c).await)?;
                for (id, kind, value, hashed, tlp, active, received_at, since) in &rows {
                    let kind: IndicatorType = kind.parse().map_err(StoreError::Internal)?;
                    let digest = if *hashed { from_hex(value) } else { Some(key.digest(kind, value)) };
                    let digest = digest.ok_or_else(|| StoreError::Internal("a keyed hash that is none".into()))?;
                    write_digest(
                        conn,
                        &Digested {
                            id: *id,
                            org,
                            digest,
                            tlp: *tlp,
                            active: *active,
                            received_at: Timestamp(*received_at),
                            since: Timestamp(*since),
                            moved: false,
                        },
                    )
                    .await?;
                }
                Ok(Keep::Yes(rows.len()))
            })
        });
        work.await
    }
}
