//! How long each class is kept. The large tables are deleted from in small pieces, so that pushes never wait long.

use super::Hub;
use crate::{
    StoreError,
    db::{Db, Scope, execute, on_conn, read},
    shown_lately::{self, Ended, STANDS, Until},
    withdrawn_records::marking,
    writer::Keep,
};
use domain::{DAY, DataClass, OrgId, Timestamp};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Days each class is kept; PostgreSQL drops samples by whole months. Daily rollups, daily scores, incidents and indicators stay.
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

/// Days after which nobody asks how many indicators an organisation compared.
const COMPARISONS: i64 = 31;

impl Hub<'_> {
    /// Deletes what is older than its class is kept; returns how many rows went. Also ends indicators whose time is over. A class that fails
    /// does not keep the others.
    ///
    /// # Errors
    /// The first failure of the database, after all classes had their turn; what was deleted stays deleted.
    pub async fn retain(&self, keep: Retention, now: Timestamp) -> Result<u64, StoreError> {
        let before = |days: u32| now.plus(-i64::from(days) * DAY);
        const SAMPLES: &str = "DELETE FROM samples WHERE (hour, org_id, observed_at, series_id) IN (SELECT hour, org_id, observed_at, series_id FROM samples WHERE hour < $1 LIMIT 5000)";
        // By whole months, which cost nothing to drop and much to delete.
        const SAMPLES_POSTGRES: &str = "SELECT drop_samples_months($1)";
        let rules: [(&'static str, i64); 14] = [
            (
                "DELETE FROM rollup_hours WHERE (bucket, org_id, series_id) IN (SELECT bucket, org_id, series_id FROM rollup_hours WHERE bucket < $1 LIMIT 5000)",
                before(keep.hours).hour(),
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
            ("DELETE FROM sharing_proposals WHERE expires_at <= $1", now.0),
            ("DELETE FROM group_proposals WHERE expires_at <= $1", now.0),
            ("DELETE FROM account_proposals WHERE expires_at <= $1", now.0),
            ("DELETE FROM sharing_confirmations WHERE expires_at <= $1", now.0),
            ("DELETE FROM overlap_comparisons WHERE day < $1", now.day() - COMPARISONS),
            ("DELETE FROM shown_lately WHERE until <= $1", now.plus(-STANDS).0),
            ("DELETE FROM withdrawn_records WHERE returned_at <= $1", now.plus(-STANDS).0),
            ("DELETE FROM sessions WHERE expires_at < $1 OR absolute_at < $1", now.0),
        ];
        let samples = before(keep.samples).hour();
        let mut results = vec![match &self.store.inner.db {
            Db::Postgres(_) => self.drop_months(SAMPLES_POSTGRES, samples).await,
            Db::Sqlite(_) => self.delete(SAMPLES, samples).await,
        }];
        // Before the receipts, which stay as long as their payloads do.
        results.push(self.delete_payloads(before(keep.payloads).0).await);
        for (sql, limit) in rules {
            results.push(self.delete(sql, limit).await);
        }
        results.push(self.expire_indicators(now).await.map(|()| 0));
        results.into_iter().sum()
    }

    /// Drops the partitions of samples before an hour; returns how many months went.
    async fn drop_months(&self, sql: &'static str, before: i64) -> Result<u64, StoreError> {
        let dropped: i64 =
            self.write(move |conn| Box::pin(async move { Ok(on_conn!(conn, c => sqlx::query_scalar(sql).bind(before).fetch_one(&mut *c).await)?) })).await?;
        self.store.inner.months.forget();
        Ok(dropped as u64)
    }

    /// Deletes with a statement that takes a piece, until there is none.
    async fn delete(&self, sql: &'static str, limit: i64) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let n = self.write(move |conn| Box::pin(async move { Ok(execute!(conn, c => sqlx::query(sql).bind(limit).execute(&mut *c).await)?) })).await?;
            deleted += n;
            if n < 500 {
                return Ok(deleted);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Deletes the payloads of pushes that came before a moment, and gives their bytes back to the quotas of their organisations.
    async fn delete_payloads(&self, before: i64) -> Result<u64, StoreError> {
        const DELETE: &str = "DELETE FROM payloads WHERE receipt_no IN (SELECT p.receipt_no FROM payloads p JOIN receipts r ON r.no = p.receipt_no \
                              WHERE r.received_at < $1 ORDER BY p.receipt_no LIMIT 500) RETURNING org_id, \
                              CAST(length(body) + (SELECT r.bytes + octet_length(r.failures) FROM receipts r WHERE r.no = payloads.receipt_no) AS BIGINT)";
        const FREE: &str = "UPDATE push_usage SET kept_bytes = CASE WHEN kept_bytes > $2 THEN kept_bytes - $2 ELSE 0 END WHERE org_id = $1";
        let mut deleted = 0;
        loop {
            let piece = self.write(move |conn| {
                Box::pin(async move {
                    let gone: Vec<(i64, i64)> = on_conn!(conn, c => sqlx::query_as(DELETE).bind(before).fetch_all(&mut *c).await)?;
                    let mut freed = BTreeMap::new();
                    for (org, bytes) in &gone {
                        *freed.entry(*org).or_insert(0) += bytes;
                    }
                    // In one order, so that two nodes never wait for each other.
                    for (org, bytes) in freed {
                        execute!(conn, c => sqlx::query(FREE).bind(org).bind(bytes).execute(&mut *c).await)?;
                    }
                    Ok(gone.len() as u64)
                })
            });
            let n = piece.await?;
            deleted += n;
            if n < 500 {
                return Ok(deleted);
            }
            tokio::task::yield_now().await;
        }
    }

    /// What an organisation's pushes have taken of its quotas: bytes of the day, and of all that is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn push_usage(&self, org: OrgId, now: Timestamp) -> Result<(u64, u64), StoreError> {
        const USED: &str = "SELECT CASE WHEN day = $2 THEN day_bytes ELSE 0 END, kept_bytes FROM push_usage WHERE org_id = $1";
        let used: Option<(i64, i64)> = read!(self, c => sqlx::query_as(USED).bind(org.0).bind(now.day()).fetch_optional(c).await)?;
        Ok(used.map_or((0, 0), |(day, kept)| (day.max(0) as u64, kept.max(0) as u64)))
    }

    /// Ends indicators whose `valid_until` has passed, with their totals: for each organisation in its turn, so that no push and no other node
    /// counts at the same time.
    async fn expire_indicators(&self, now: Timestamp) -> Result<(), StoreError> {
        // SQLite finds the index by its very condition.
        const DUE: [&str; 2] = [
            "SELECT DISTINCT org_id FROM indicators WHERE active = 1 AND valid_until <= $1",
            "SELECT DISTINCT org_id FROM indicators WHERE active AND valid_until <= $1",
        ];
        const END: [&str; 2] = [
            "UPDATE indicators SET active = FALSE WHERE active = 1 AND valid_until <= $1 AND org_id = $2 RETURNING id, kind, tlp, received_at",
            "UPDATE indicators SET active = FALSE WHERE active AND valid_until <= $1 AND org_id = $2 RETURNING id, kind, tlp, received_at",
        ];
        const OVER: &str = "UPDATE indicator_digests SET active = FALSE WHERE id = $1";
        let db = &self.store.inner.db;
        let (due, end) = (db.pick(DUE[0], DUE[1]), db.pick(END[0], END[1]));
        let orgs: Vec<i64> = read!(self, c => sqlx::query_scalar(due).bind(now.0).fetch_all(c).await)?;
        for org in orgs {
            let work = self.store.inner.writer.run(Scope::Partner(OrgId(org)), move |conn| {
                Box::pin(async move {
                    let ended: Vec<(Uuid, String, i64, i64)> = on_conn!(conn, c => sqlx::query_as(end).bind(now.0).bind(org).fetch_all(&mut *c).await)?;
                    let mut fewer = BTreeMap::new();
                    for (id, kind, tlp, received_at) in ended {
                        let state = Ended { id, marking: marking(conn, id, tlp, received_at).await?, opened_at: now };
                        shown_lately::keep(conn, OrgId(org), DataClass::Indicators, Until::Counted, &state, now).await?;
                        execute!(conn, c => sqlx::query(OVER).bind(id).execute(&mut *c).await)?;
                        *fewer.entry((kind, tlp)).or_insert(0) -= 1;
                    }
                    crate::push::add_indicator_totals(conn, OrgId(org), &fewer).await?;
                    Ok(Keep::Yes(()))
                })
            });
            work.await?;
        }
        Ok(())
    }
}
