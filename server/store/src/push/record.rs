//! What every push leaves beside its data: receipt, payload, outbox row, liveness, idempotency.

use super::{Failure, Idempotency, Items, LeftOut, Mode, Outcome, Push, ReceiptRecord, Truth};
use crate::{
    StoreError,
    db::{Conn, OutboxRow, execute, on_conn},
};
use domain::{DataClass, OrgId, Timestamp, Tlp};
use std::collections::BTreeSet;
use uuid::Uuid;

/// Who may learn that something changed.
#[derive(Default)]
pub(crate) struct Reach {
    everyone: bool,
    named: BTreeSet<i64>,
    /// The youngest arrival among the records.
    newest: Timestamp,
}

impl Reach {
    pub(crate) fn everyone(&mut self) {
        self.everyone = true;
        self.newest = Timestamp(i64::MAX);
    }

    /// Tells everyone of a sign of life, and of no record.
    pub(crate) fn sign(&mut self) {
        self.everyone = true;
    }

    pub(crate) fn record(&mut self, tlp: Tlp, recipients: &[OrgId], received_at: Timestamp) {
        self.newest = self.newest.max(received_at);
        self.everyone |= tlp.reaches_everyone();
        self.named.extend(recipients.iter().map(|o| o.0));
        if tlp == Tlp::Amber {
            self.named.insert(crate::hub::outbox::PEERS.0);
        }
    }
}

/// Takes an argument of each column, in this order.
pub(crate) const RECEIPT: &str = "INSERT INTO receipts (id, org_id, key_name, what, mode, received_at, total, kept, failures, bytes, sha256, user_agent, idempotency_key, \
    as_of, outdated_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING no";

/// How a snapshot stands to the newest of its class that was applied.
pub(crate) async fn truth(conn: &mut Conn, push: &Push) -> Result<Truth, StoreError> {
    const NEWEST: &str = "SELECT max(as_of) FROM receipts WHERE org_id = $1 AND what = $2 AND as_of IS NOT NULL AND outdated_by IS NULL";
    if push.mode != Mode::Snapshot {
        return Ok(Truth::Part);
    }
    let as_of = push.as_of.unwrap_or(push.received_at);
    let newest: Option<i64> = on_conn!(conn, c => sqlx::query_scalar(NEWEST).bind(push.org.0).bind(push.what.name()).fetch_one(&mut *c).await)?;
    Ok(match newest.map(Timestamp) {
        Some(by) if by > as_of => Truth::Outdated { as_of, by },
        _ => Truth::Whole { as_of },
    })
}

pub(crate) async fn receipt(conn: &mut Conn, push: &Push, kept: usize, truth: Truth) -> Result<i64, StoreError> {
    const PAYLOAD: &str = "INSERT INTO payloads (receipt_no, org_id, body) VALUES ($1, $2, $3)";
    let no = number(conn, push, kept, truth).await?;
    execute!(conn, c => sqlx::query(PAYLOAD).bind(no).bind(push.org.0).bind(&push.payload[..]).execute(&mut *c).await)?;
    Ok(no)
}

/// The receipt without its payload; returns its number.
pub(crate) async fn number(conn: &mut Conn, push: &Push, kept: usize, truth: Truth) -> Result<i64, StoreError> {
    let key = push.idempotency.as_ref().map_or("", |i| &i.key);
    let no = on_conn!(conn, c => {
        sqlx::query_scalar(RECEIPT)
            .bind(push.id)
            .bind(push.org.0)
            .bind(&push.key_name)
            .bind(push.what.name())
            .bind(push.mode.name())
            .bind(push.received_at.0)
            .bind(i64::from(push.total))
            .bind(kept as i64)
            .bind(render_failures(&push.failures))
            .bind(push.bytes as i64)
            .bind(&push.sha256[..])
            .bind(&push.user_agent)
            .bind(key)
            .bind(truth.as_of().map(|t| t.0))
            .bind(truth.outdated_by().map(|t| t.0))
            .fetch_one(&mut *c)
            .await
    })?;
    Ok(no)
}

/// Notes with the receipt of a snapshot what that left out, which is known only once its items are applied.
pub(crate) async fn left_out(conn: &mut Conn, no: i64, left_out: &LeftOut) -> Result<(), StoreError> {
    const NOTE: &str = "UPDATE receipts SET left_out = $2 WHERE no = $1";
    let json = serde_json::to_string(left_out).map_err(|e| StoreError::Internal(e.to_string()))?;
    execute!(conn, c => sqlx::query(NOTE).bind(no).bind(&json).execute(&mut *c).await)?;
    Ok(())
}

/// The same, read back.
pub(crate) fn read_left_out(json: Option<String>) -> Result<Option<LeftOut>, StoreError> {
    json.map(|json| serde_json::from_str(&json).map_err(|e| StoreError::Internal(e.to_string()))).transpose()
}

/// Failures as the JSON the receipt keeps.
#[must_use]
pub fn render_failures(failures: &[Failure]) -> String {
    if failures.is_empty() {
        return "[]".into();
    }
    serde_json::to_string(failures).unwrap_or_else(|_| "[]".into())
}

/// Notes up to which moment its organisation is heard of, and the same for those who see only what is open to everyone.
pub(crate) async fn liveness(conn: &mut Conn, push: &Push, items: &Items) -> Result<(), StoreError> {
    const ALIVE: &str = "UPDATE organisations SET last_data_at = $1 WHERE id = $2 AND (last_data_at IS NULL OR last_data_at < $1)";
    const INCIDENTS: &str = "UPDATE organisations SET incidents_sign_at = $1 WHERE id = $2 AND (incidents_sign_at IS NULL OR incidents_sign_at < $1)";
    const EVENTS: &str = "UPDATE organisations SET events_sign_at = $1 WHERE id = $2 AND (events_sign_at IS NULL OR events_sign_at < $1)";
    const INDICATORS: &str = "UPDATE organisations SET indicators_sign_at = $1 WHERE id = $2 AND (indicators_sign_at IS NULL OR indicators_sign_at < $1)";
    let sign = match push.what.class() {
        DataClass::Posture => ALIVE_BY_POSTURE,
        DataClass::Incidents => INCIDENTS,
        DataClass::Events => EVENTS,
        DataClass::Indicators => INDICATORS,
    };
    execute!(conn, c => sqlx::query(ALIVE).bind(push.alive_at(items.newest()).0).bind(push.org.0).execute(&mut *c).await)?;
    if let Some(moment) = items.sign(push.moment()) {
        execute!(conn, c => sqlx::query(sign).bind(push.alive_at(Some(moment)).0).bind(push.org.0).execute(&mut *c).await)?;
    }
    Ok(())
}

/// What a push of metrics says of its organisation's life. Takes the moment and the organisation; an older moment changes nothing.
pub(crate) const ALIVE_BY_POSTURE: &str = "UPDATE organisations SET last_data_at = CASE WHEN last_data_at > $1 THEN last_data_at ELSE $1 END, posture_sign_at = $1 \
    WHERE id = $2 AND (posture_sign_at IS NULL OR posture_sign_at < $1)";
/// Takes an argument of each column, in this order.
pub(crate) const OUTBOX: &str = "INSERT INTO outbox (at, org_id, what, everyone, recipients, since, newest) VALUES ($1, $2, $3, $4, $5, $6, $7)";

pub(crate) async fn outbox(conn: &mut Conn, push: &Push, reach: &Reach, oldest: Option<Timestamp>) -> Result<(), StoreError> {
    let since = oldest.unwrap_or(push.received_at).0;
    match conn {
        Conn::Sqlite(c) => {
            let recipients = serde_json::to_string(&reach.named).map_err(|e| StoreError::Internal(e.to_string()))?;
            let row = sqlx::query(OUTBOX).bind(push.received_at.0).bind(push.org.0).bind(push.what.name());
            row.bind(reach.everyone).bind(recipients).bind(since).bind(reach.newest.0).execute(c).await?;
        }
        Conn::Postgres(lane) => {
            let (what, recipients) = (push.what.name(), reach.named.iter().copied().collect());
            lane.outbox.push(OutboxRow { at: push.received_at.0, org: push.org.0, what, everyone: reach.everyone, recipients, since, newest: reach.newest.0 });
        }
    }
    Ok(())
}

pub(crate) async fn remember(conn: &mut Conn, push: &Push, idempotency: &Idempotency, no: i64) -> Result<(), StoreError> {
    const REMEMBER: &str = "INSERT INTO idempotency (org_id, route, key, fingerprint, receipt_no, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
    execute!(conn, c => {
        sqlx::query(REMEMBER)
            .bind(push.org.0)
            .bind(&idempotency.route)
            .bind(&idempotency.key)
            .bind(&idempotency.fingerprint[..])
            .bind(no)
            .bind(push.received_at.0)
            .execute(&mut *c)
            .await
    })?;
    Ok(())
}

/// The outcome of an earlier request under the same idempotency key, if there was one.
pub(crate) async fn replay(conn: &mut Conn, org: OrgId, idempotency: &Idempotency) -> Result<Option<Outcome>, StoreError> {
    const FIND: &str = "SELECT i.fingerprint, r.no, r.id, r.received_at, r.total, r.kept, r.failures, r.as_of, r.outdated_by, r.left_out \
                        FROM idempotency i JOIN receipts r ON r.no = i.receipt_no AND r.org_id = i.org_id WHERE i.org_id = $1 AND i.route = $2 AND i.key = $3";
    type Row = (Vec<u8>, i64, Uuid, i64, i64, i64, String, Option<i64>, Option<i64>, Option<String>);
    let row: Option<Row> = on_conn!(conn, c => sqlx::query_as(FIND).bind(org.0).bind(&idempotency.route).bind(&idempotency.key).fetch_optional(&mut *c).await)?;
    let Some((fingerprint, no, id, received_at, total, kept, failures, as_of, outdated_by, left_out)) = row else { return Ok(None) };
    if fingerprint != idempotency.fingerprint {
        return Ok(Some(Outcome::KeyReused));
    }
    let failures = serde_json::from_str(&failures).map_err(|e| StoreError::Internal(e.to_string()))?;
    let (received_at, as_of, outdated_by) = (Timestamp(received_at), as_of.map(Timestamp), outdated_by.map(Timestamp));
    let left_out = read_left_out(left_out)?;
    Ok(Some(Outcome::Replayed(ReceiptRecord { no, id, received_at, total: total as u32, kept: kept as u32, failures, as_of, outdated_by, left_out })))
}

/// The organisations named on a record.
pub(crate) async fn named(conn: &mut Conn, record: Uuid) -> Result<Vec<OrgId>, StoreError> {
    const NAMED: &str = "SELECT org_id FROM recipients WHERE record_id = $1";
    let named: Vec<i64> = on_conn!(conn, c => sqlx::query_scalar(NAMED).bind(record).fetch_all(&mut *c).await)?;
    Ok(named.into_iter().map(OrgId).collect())
}

/// Whether these are the same organisations, in whatever order.
pub(crate) fn same_orgs(a: &[OrgId], b: &[OrgId]) -> bool {
    let all = |orgs: &[OrgId]| orgs.iter().map(|org| org.0).collect::<BTreeSet<_>>();
    all(a) == all(b)
}

/// Replaces the organisations named on a record.
pub(crate) async fn recipients(conn: &mut Conn, record: Uuid, recipients: &[OrgId], existed: bool) -> Result<(), StoreError> {
    const CLEAR: &str = "DELETE FROM recipients WHERE record_id = $1";
    const NAME: &str = "INSERT INTO recipients (org_id, record_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    if existed {
        execute!(conn, c => sqlx::query(CLEAR).bind(record).execute(&mut *c).await)?;
    }
    for org in recipients {
        execute!(conn, c => sqlx::query(NAME).bind(org.0).bind(record).execute(&mut *c).await)?;
    }
    Ok(())
}
