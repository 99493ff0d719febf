//! Digests of indicators under the alliance's current key where there are none yet: those from before there were digests, and all whose value is known after a
//! new key took over. Those under a key that is no longer accepted go.

use super::Hub;
use crate::{
    AllianceKeys, NumberedKey, StoreError, alliance,
    db::{Scope, execute, on_conn, read},
    push::{Digested, write_digests},
    writer::Keep,
};
use domain::{OrgId, Timestamp, indicator::IndicatorType};
use uuid::Uuid;

/// Indicators in one transaction.
const PIECE: usize = 500;

impl Hub<'_> {
    /// Gives each indicator whose value is known and that has none under the current key its digest. For each organisation in its turn, so that no push of another node comes in
    /// between.
    ///
    /// # Errors
    /// When the database fails; what was done stays done.
    pub(crate) async fn digest_indicators(&self) -> Result<(), StoreError> {
        const ORGS: &str = "SELECT o.id FROM organisations o WHERE EXISTS (SELECT 1 FROM indicators t WHERE t.org_id = o.id \
                            AND NOT t.hashed AND NOT EXISTS (SELECT 1 FROM indicator_digests d WHERE d.org_id = t.org_id AND d.id = t.id AND d.key_no = $1))";
        // Before there is a key there is nothing to digest, and a database that nobody worked with stays empty.
        const ANY: &str = "SELECT count(*) FROM (SELECT 1 FROM indicators LIMIT 1) i";
        let any: i64 = read!(self, c => sqlx::query_scalar(ANY).fetch_one(c).await)?;
        if any == 0 {
            return Ok(());
        }
        let key = self.store.alliance_keys().await?.current;
        let orgs: Vec<i64> = read!(self, c => sqlx::query_scalar(ORGS).bind(key.no).fetch_all(c).await)?;
        for org in orgs {
            while self.digest_some(OrgId(org), key.clone()).await? == PIECE {}
        }
        Ok(())
    }

    /// Does what a change of the alliance's key leaves to be done: digests under a new one, and an end to those under one that is no longer accepted. To be
    /// called now and then; where there is nothing to do it reads one setting.
    pub async fn follow_alliance_key(&self, now: Timestamp) -> Result<(), StoreError> {
        const OVER: &str = "DELETE FROM indicator_digests WHERE key_no <> $1";
        let keys: AllianceKeys = self.store.alliance_keys().await?;
        if keys.undigested {
            self.digest_indicators().await?;
            let seen = keys.clone();
            self.write(move |conn| Box::pin(async move { alliance::settle(conn, &seen, true).await })).await?;
        }
        if keys.is_over(now) {
            self.write(move |conn| {
                Box::pin(async move {
                    execute!(conn, c => sqlx::query(OVER).bind(keys.current.no).execute(&mut *c).await)?;
                    alliance::settle(conn, &keys, false).await
                })
            })
            .await?;
        }
        Ok(())
    }

    async fn digest_some(&self, org: OrgId, key: NumberedKey) -> Result<usize, StoreError> {
        // When it was first received is not known any more; its newest receipt came no earlier.
        const MISSING: &str = "SELECT t.id, t.kind, t.value, t.tlp, t.active, t.received_at, \
                               coalesce((SELECT min(d.since) FROM indicator_digests d WHERE d.org_id = t.org_id AND d.id = t.id), r.received_at, t.last_seen), \
                               coalesce((SELECT min(d.compared_from) FROM indicator_digests d WHERE d.org_id = t.org_id AND d.id = t.id), 0) FROM indicators t \
                               LEFT JOIN receipts r ON r.no = t.receipt_no AND r.org_id = t.org_id \
                               WHERE t.org_id = $1 AND NOT t.hashed AND NOT EXISTS (SELECT 1 FROM indicator_digests d WHERE d.org_id = t.org_id AND d.id = t.id AND d.key_no = $2) LIMIT 500";
        type Row = (Uuid, String, String, i64, bool, i64, i64, i64);
        let work = self.store.inner.writer.run(Scope::Partner(org), move |conn| {
            Box::pin(async move {
                let rows: Vec<Row> = on_conn!(conn, c => sqlx::query_as(MISSING).bind(org.0).bind(key.no).fetch_all(&mut *c).await)?;
                let digested = rows.iter().map(|(id, kind, value, tlp, active, received_at, since, compared_from)| {
                    let kind: IndicatorType = kind.parse().map_err(StoreError::Internal)?;
                    let (digest, received_at, since) = (key.key.digest(kind, value), Timestamp(*received_at), Timestamp(*since));
                    let (tlp, active, compared_from) = (*tlp, *active, *compared_from);
                    Ok(Digested { id: *id, key_no: key.no, kind, digest, tlp, active, received_at, since, compared_from })
                });
                write_digests(conn, org, &digested.collect::<Result<Vec<_>, StoreError>>()?).await?;
                Ok(Keep::Yes(rows.len()))
            })
        });
        work.await
    }
}
