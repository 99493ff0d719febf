//! How long each class is kept. The large tables are deleted from in small pieces, so that pushes never wait long.

use super::Hub;
use crate::{StoreError, db::on_conn};
use domain::{DAY, Timestamp};

/// Days each class is kept. Daily rollups, daily scores, incidents and indicators stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    pub samples: u32,
    pub hours: u32,
    pub payloads: u32,
    pub events: u32,
    pub receipts: u32,
    pub idempotency: u32,
    pub outbox: u32,
}

impl Default for Retention {
    fn default() -> Self {
        Self { samples: 90, hours: 400, payloads: 30, events: 400, receipts: 400, idempotency: 90, outbox: 7 }
    }
}

impl Hub<'_> {
    /// Deletes what is older than its class is kept; returns how many rows went. Also ends indicators whose time is over.
    ///
    /// # Errors
    /// When the database fails; what was deleted until then stays deleted.
    pub async fn retain(&self, keep: Retention, now: Timestamp) -> Result<u64, StoreError> {
        let before = |days: u32| now.plus(-i64::from(days) * DAY);
        let rules: [(&'static str, i64); 9] = [
            (
                "DELETE FROM samples WHERE (hour, org_id, observed_at, series_id) IN (SELECT hour, org_id, observed_at, series_id FROM samples WHERE hour < $1 LIMIT 5000)",
                before(keep.samples).hour(),
            ),
            (
                "DELETE FROM rollup_hours WHERE (bucket, org_id, series_id) IN (SELECT bucket, org_id, series_id FROM rollup_hours WHERE bucket < $1 LIMIT 5000)",
                before(keep.hours).hour(),
            ),
            (
                "DELETE FROM payloads WHERE receipt_no IN (SELECT p.receipt_no FROM payloads p JOIN receipts r ON r.no = p.receipt_no WHERE r.received_at < $1 ORDER BY p.receipt_no LIMIT 500)",
                before(keep.payloads).0,
            ),
            ("DELETE FROM recipients WHERE record_id IN (SELECT id FROM events WHERE observed_at < $1)", before(keep.events).0),
            ("DELETE FROM events WHERE id IN (SELECT id FROM events WHERE observed_at < $1 LIMIT 2000)", before(keep.events).0),
            (
                "DELETE FROM receipts WHERE no IN (SELECT no FROM receipts WHERE received_at < $1 AND no NOT IN (SELECT receipt_no FROM payloads) ORDER BY no LIMIT 2000)",
                before(keep.receipts).0,
            ),
            (
                "DELETE FROM idempotency WHERE (org_id, route, key) IN (SELECT org_id, route, key FROM idempotency WHERE created_at < $1 LIMIT 2000)",
                before(keep.idempotency).0,
            ),
            ("DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE at < $1 ORDER BY seq LIMIT 5000)", before(keep.outbox).0),
            ("DELETE FROM sessions WHERE expires_at < $1 OR absolute_at < $1", now.0),
        ];
        let mut deleted = 0;
        for (sql, limit) in rules {
            loop {
                let n = self
                    .write(move |conn| Box::pin(async move { Ok(on_conn!(conn, c => sqlx::query(sql).bind(limit).execute(&mut *c).await)?.rows_affected()) }))
                    .await?;
                deleted += n;
                if n < 500 {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        self.expire_indicators(now).await?;
        Ok(deleted)
    }

    /// Ends indicators whose `valid_until` has passed, with their totals.
    async fn expire_indicators(&self, now: Timestamp) -> Result<(), StoreError> {
        const DUE: &str = "SELECT org_id, kind, tlp, count(*) FROM indicators WHERE active = 1 AND valid_until <= $1 GROUP BY org_id, kind, tlp";
        const END: &str = "UPDATE indicators SET active = 0 WHERE active = 1 AND valid_until <= $1";
        self.write(move |conn| {
            Box::pin(async move {
                let due: Vec<(i64, String, i64, i64)> = on_conn!(conn, c => sqlx::query_as(DUE).bind(now.0).fetch_all(&mut *c).await)?;
                on_conn!(conn, c => sqlx::query(END).bind(now.0).execute(&mut *c).await)?;
                for (org, kind, tlp, n) in due {
                    crate::push::add_indicator_totals(conn, domain::OrgId(org), &[((kind, tlp), -n)].into()).await?;
                }
                Ok(())
            })
        })
        .await
    }
}
