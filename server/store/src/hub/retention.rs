//! How long each class is kept. The large tables are deleted from in small pieces, so that pushes never wait long.

mod events;

use super::Hub;
use crate::{
    StoreError,
    db::{Conn, Rows, Scope, execute, on_conn, read},
    recipients,
    shown_before::Marking,
    shown_lately::{self, Ended, STANDS, Until},
    writer::{Boxed, Keep},
};
use domain::{DAY, DataClass, OrgId, Timestamp, Tlp};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Days each class is kept; Daily rollups, daily scores, incidents and indicators stay.
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

/// No receipt that came at a moment or later has a smaller id.
fn oldest_id(at: Timestamp) -> Uuid {
    let millis = u128::try_from(at.0 / 1_000).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

impl Hub<'_> {
    /// Deletes what is older than its class is kept; returns how many rows went. Also ends indicators whose time is over. A class that fails
    /// does not keep the others.
    ///
    /// # Errors
    /// The first failure of the database, after all classes had their turn; what was deleted stays deleted.
    pub async fn retain(&self, keep: Retention, now: Timestamp) -> Result<u64, StoreError> {
        let before = |days: u32| now.plus(-i64::from(days) * DAY);
        let rules: [(&'static str, i64); 9] = [
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
        // What was pushed lately may be of long ago.
        let mut results = vec![self.fold_all().await, self.delete_samples(before(keep.samples), before(keep.hours)).await];
        // Before the receipts, which stay as long as their payloads do.
        results.push(self.delete_payloads(before(keep.payloads).0).await);
        results.push(self.delete_events(before(keep.events).0).await);
        results.push(self.delete_receipts(before(keep.receipts), before(keep.idempotency)).await);
        for (sql, limit) in rules {
            results.push(self.delete(sql, limit).await);
        }
        results.push(self.expire_indicators(now).await.map(|()| 0));
        results.into_iter().sum()
    }

    /// Deletes the samples and hours of before two moments, an organisation and a part after the other; returns how many rows. What was not folded yet is, first.
    async fn delete_samples(&self, samples: Timestamp, hours: Timestamp) -> Result<u64, StoreError> {
        const PARTS: &str = "SELECT org_id, part FROM current_values ORDER BY org_id, part";
        const SAMPLES: &str = "DELETE FROM samples WHERE org_id = $1 AND part = $2 AND newest_at < $3";
        const HOURS: &str = "DELETE FROM rollup_hours WHERE org_id = $1 AND part = $2 AND bucket < $3";
        let parts: Vec<(i64, i64)> = read!(self, c => sqlx::query_as(PARTS).fetch_all(c).await)?;
        let mut deleted = 0;
        for (org, part) in parts {
            let work = self.store.inner.writer.run(Scope::Partner(OrgId(org)), move |conn| {
                Box::pin(async move {
                    let old = execute!(conn, c => sqlx::query(SAMPLES).bind(org).bind(part).bind(samples.0).execute(&mut *c).await)?;
                    let over = execute!(conn, c => sqlx::query(HOURS).bind(org).bind(part).bind(hours.hour()).execute(&mut *c).await)?;
                    Ok(Keep::Yes(old + over))
                })
            });
            deleted += work.await?;
        }
        Ok(deleted)
    }

    /// Deletes the receipts of before a moment whose payloads are gone, and lets the idempotency keys of before another be used again; returns how many receipts went.
    async fn delete_receipts(&self, receipts: Timestamp, keys: Timestamp) -> Result<u64, StoreError> {
        // Ids are of the order of arrival, so these are the oldest. A payload that stays for longer keeps all receipts that came after.
        const RECEIPTS: &str = "DELETE FROM receipts WHERE id IN (SELECT o.id FROM (SELECT r.org_id, r.no, r.id FROM receipts r WHERE r.id < $1 ORDER BY r.id LIMIT 2000) o \
                                WHERE NOT EXISTS (SELECT 1 FROM payloads p WHERE p.org_id = o.org_id AND p.receipt_no = o.no))";
        const KEYS: &str = "UPDATE receipts SET fingerprint = NULL WHERE id IN \
                            (SELECT r.id FROM receipts r WHERE r.id < $1 AND r.id >= $2 AND r.fingerprint IS NOT NULL ORDER BY r.id LIMIT 2000)";
        let deleted = self
            .delete_by(move |conn| Box::pin(async move { Ok(execute!(conn, c => sqlx::query(RECEIPTS).bind(oldest_id(receipts)).execute(&mut *c).await)?) }))
            .await?;
        // What is older was done in earlier runs, and is not looked through again.
        let since = oldest_id(keys.plus(-30 * DAY));
        self.delete_by(move |conn| {
            Box::pin(async move { Ok(execute!(conn, c => sqlx::query(KEYS).bind(oldest_id(keys)).bind(since).execute(&mut *c).await)?) })
        })
        .await?;
        Ok(deleted)
    }

    /// Runs a statement that deletes a piece, until there is none.
    async fn delete_by(&self, piece: impl for<'c> Fn(&'c mut Conn) -> Boxed<'c, Result<u64, StoreError>> + Clone + Send + 'static) -> Result<u64, StoreError> {
        let mut deleted = 0;
        loop {
            let piece = piece.clone();
            let n = self.write(move |conn| Box::pin(async move { piece(conn).await })).await?;
            deleted += n;
            if n < 500 {
                return Ok(deleted);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Deletes with a statement that takes a piece.
    async fn delete(&self, sql: &'static str, limit: i64) -> Result<u64, StoreError> {
        self.delete_by(move |conn| Box::pin(async move { Ok(execute!(conn, c => sqlx::query(sql).bind(limit).execute(&mut *c).await)?) })).await
    }

    /// Deletes the payloads of pushes that came before a moment, and gives their bytes back to the quotas of their organisations.
    async fn delete_payloads(&self, before: i64) -> Result<u64, StoreError> {
        // The oldest of them, whose receipts say when they came; an organisation's numbers are in that order.
        const DELETE: &str = "DELETE FROM payloads WHERE org_id = $1 AND receipt_no IN (SELECT o.no FROM (SELECT r.no, r.received_at FROM payloads p \
                              JOIN receipts r ON r.org_id = p.org_id AND r.no = p.receipt_no WHERE p.org_id = $1 ORDER BY p.receipt_no LIMIT 500) o WHERE o.received_at < $2) \
                              RETURNING CAST(length(body) + (SELECT r.bytes + octet_length(r.failures) FROM receipts r WHERE r.org_id = payloads.org_id AND r.no = payloads.receipt_no) AS BIGINT)";
        const FREE: &str = "UPDATE push_states SET kept_bytes = CASE WHEN kept_bytes > $2 THEN kept_bytes - $2 ELSE 0 END WHERE org_id = $1";
        const ORGS: &str = "SELECT org_id FROM push_states WHERE last_no > 0 ORDER BY org_id";
        let orgs: Vec<i64> = read!(self, c => sqlx::query_scalar(ORGS).fetch_all(c).await)?;
        let mut deleted = 0;
        for org in orgs {
            loop {
                let piece = self.store.inner.writer.run(Scope::Partner(OrgId(org)), move |conn| {
                    Box::pin(async move {
                        let freed: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(DELETE).bind(org).bind(before).fetch_all(&mut *c).await)?;
                        if !freed.is_empty() {
                            execute!(conn, c => sqlx::query(FREE).bind(org).bind(freed.iter().sum::<i64>()).execute(&mut *c).await)?;
                        }
                        Ok(Keep::Yes(freed.len() as u64))
                    })
                });
                let n = piece.await?;
                deleted += n;
                if n < 500 {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        Ok(deleted)
    }

    /// What an organisation's pushes have taken of its quotas: bytes of the day, and of all that is kept.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn push_usage(&self, org: OrgId, now: Timestamp) -> Result<(u64, u64), StoreError> {
        const USED: &str = "SELECT CASE WHEN day = $2 THEN day_bytes ELSE 0 END, kept_bytes FROM push_states WHERE org_id = $1";
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
        const OVER: &str = "UPDATE indicator_digests SET active = FALSE FROM v WHERE indicator_digests.org_id = v.org AND indicator_digests.id = v.id";
        let db = &self.store.inner.db;
        let (due, end) = (db.pick(DUE[0], DUE[1]), db.pick(END[0], END[1]));
        let orgs: Vec<i64> = read!(self, c => sqlx::query_scalar(due).bind(now.0).fetch_all(c).await)?;
        for org in orgs {
            let work = self.store.inner.writer.run(Scope::Partner(OrgId(org)), move |conn| {
                Box::pin(async move {
                    let ended: Vec<(Uuid, String, i64, i64)> = on_conn!(conn, c => sqlx::query_as(end).bind(now.0).bind(org).fetch_all(&mut *c).await)?;
                    let ids: Vec<Uuid> = ended.iter().map(|(id, ..)| *id).collect();
                    let mut named = recipients::of(conn, OrgId(org), &ids).await?;
                    let (mut fewer, mut states) = (BTreeMap::new(), Vec::with_capacity(ids.len()));
                    for (id, kind, tlp, received_at) in ended {
                        let recipients = named.remove(&id).unwrap_or_default();
                        let marking = Marking { tlp: Tlp::from_code(tlp), recipients, received_at: Timestamp(received_at) };
                        states.push(Ended { id, marking, opened_at: now });
                        *fewer.entry((kind, tlp)).or_insert(0) -= 1;
                    }
                    shown_lately::keep(conn, OrgId(org), DataClass::Indicators, Until::Counted, &states, now).await?;
                    Rows::of(&ids).with("org", |_| org).with("id", |id| *id).execute(conn, OVER).await?;
                    crate::push::add_indicator_totals(conn, OrgId(org), &fewer).await?;
                    Ok(Keep::Yes(()))
                })
            });
            work.await?;
        }
        Ok(())
    }
}
