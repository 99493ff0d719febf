//! What every push leaves beside its data: receipt, payload, state of its organisation, outbox row.

use super::{Failure, LeftOut, Mode, Push, ReceiptRecord, Truth, state::State};
use crate::{
    StoreError,
    db::{Conn, OutboxRow, Rows, Scope, Table, execute_at_once, on_conn},
    samples::current::{Part, WRITE_PARTS},
};
use domain::{OrgId, Timestamp, Tlp};
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

/// How a snapshot stands to the newest of its class that was applied.
pub(crate) async fn truth(conn: &mut Conn, push: &Push) -> Result<Truth, StoreError> {
    const NEWEST: &str = "SELECT max(as_of) FROM receipts WHERE org_id = $1 AND what = $2 AND as_of IS NOT NULL AND outdated_by IS NULL";
    if push.mode != Mode::Snapshot {
        return Ok(Truth::Part);
    }
    let as_of = push.as_of.unwrap_or(push.received_at);
    conn.enter(Scope::Partner(push.org)).await?;
    let newest: Option<i64> = on_conn!(conn, c => sqlx::query_scalar(NEWEST).bind(push.org.0).bind(push.what.name()).fetch_one(&mut *c).await)?;
    Ok(match newest.map(Timestamp) {
        Some(by) if by > as_of => Truth::Outdated { as_of, by },
        _ => Truth::Whole { as_of },
    })
}

/// What is kept of a push, whatever it is of.
pub(super) struct Record<'p> {
    pub push: &'p Push,
    /// The number of its receipt.
    pub no: i64,
    /// Items that are kept.
    pub kept: usize,
    pub truth: Truth,
    /// What a snapshot left out.
    pub left_out: Option<LeftOut>,
    /// Who may learn of it; `None` where nothing changed.
    pub reach: Option<Reach>,
    /// The oldest moment it speaks of, where that is not its arrival.
    pub since: Option<Timestamp>,
    /// Whether a repetition of the request is answered with this receipt.
    pub remembered: bool,
    /// Points of metrics, packed, with the newest moment among them; `None` where they say nothing new.
    pub points: Option<(i64, Vec<u8>)>,
}

const RECEIPTS: &str = "INSERT INTO receipts (org_id, no, id, key_name, what, mode, received_at, total, kept, failures, bytes, sha256, user_agent, \
    idempotency_key, route, fingerprint, as_of, outdated_by, left_out) SELECT v.org, v.no, v.id, v.key_name, v.what, v.mode, v.received_at, v.total, \
    v.kept, v.failures, v.bytes, v.sha256, v.user_agent, v.idempotency_key, v.route, v.fingerprint, v.as_of, v.outdated_by, v.left_out FROM v";
const PAYLOADS: &str = "INSERT INTO payloads (org_id, receipt_no, body) SELECT v.org, v.no, v.body FROM v";
const STATES: &str = "UPDATE push_states SET last_no = v.last_no, day = v.day, day_bytes = v.day_bytes, kept_bytes = v.kept_bytes, last_data_at = v.last_data_at, signs = v.signs, \
    fresh_pushes = v.fresh_pushes, fresh_points = v.fresh_points, fresh_since = v.fresh_since FROM v WHERE push_states.org_id = v.org";
const POINTS: &str = "INSERT INTO pushed_samples (org_id, receipt_no, newest_at, body) SELECT v.org, v.no, v.newest_at, v.body FROM v";
const OUTBOX: &str = "INSERT INTO outbox (at, org_id, no, what, everyone, recipients, since, newest) SELECT v.at, v.org, v.no, v.what, v.everyone, \
    v.recipients, v.since, v.newest FROM v";

/// Writes pushes, and what they leave of their organisations: the states of their pushes, and parts of their current values. In one go, because each statement would be a trip
/// to PostgreSQL, or to the thread that SQLite works in, and back.
pub(super) async fn write(conn: &mut Conn, records: &[Record<'_>], states: &[(OrgId, &State)], parts: &[Part]) -> Result<(), StoreError> {
    let json = |record: &Record<'_>| record.left_out.as_ref().map(serde_json::to_string).transpose().map_err(|e| StoreError::Internal(e.to_string()));
    let left_out: Vec<Option<String>> = records.iter().map(json).collect::<Result<_, _>>()?;
    let failures: Vec<String> = records.iter().map(|record| render_failures(&record.push.failures)).collect();
    let kept: Vec<_> =
        records.iter().zip(&failures).zip(&left_out).map(|((record, failures), left_out)| (record, &failures[..], left_out.as_deref())).collect();
    let signs: Vec<String> = states.iter().map(|(_, state)| state.signs.to_json()).collect();
    let states: Vec<_> = states.iter().zip(&signs).map(|((org, state), signs)| (*org, *state, &signs[..])).collect();
    let points: Vec<_> = records.iter().filter_map(|record| record.points.as_ref().map(|(newest_at, body)| (record, *newest_at, &body[..]))).collect();
    let told: Vec<OutboxRow> = records.iter().filter_map(|record| record.reach.as_ref().map(|reach| OutboxRow::of(record, reach))).collect();
    let recipients: Vec<String> = told.iter().map(OutboxRow::recipients).collect();
    let rows: Vec<_> = told.iter().zip(&recipients).map(|(row, recipients)| (row, &recipients[..])).collect();
    let mut statements = vec![
        (receipt_rows(&kept), RECEIPTS),
        (Rows::of(records).with("org", |r| r.push.org.0).with("no", |r| r.no).with("body", |r| &r.push.payload[..]).table(), PAYLOADS),
        (state_rows(&states), STATES),
        (Rows::of(&points).with("org", |(r, ..)| r.push.org.0).with("no", |(r, ..)| r.no).with("newest_at", |p| p.1).with("body", |p| p.2).table(), POINTS),
        (Part::rows(parts).table(), WRITE_PARTS),
    ];
    if let Conn::Sqlite(_) = conn {
        statements.push((outbox_rows(&rows), OUTBOX));
    }
    execute_at_once(conn, &statements).await?;
    if let Conn::Postgres(lane) = conn {
        lane.outbox.extend(told);
    }
    Ok(())
}

/// Each with its failures and what it left out, as texts.
fn receipt_rows<'a>(kept: &'a [(&'a Record<'a>, &'a str, Option<&'a str>)]) -> Table<'a> {
    Rows::of(kept)
        .with("org", |(r, ..)| r.push.org.0)
        .with("no", |(r, ..)| r.no)
        .with("id", |(r, ..)| r.push.id)
        .with("key_name", |(r, ..)| r.push.key_name.as_str())
        .with("what", |(r, ..)| r.push.what.name())
        .with("mode", |(r, ..)| r.push.mode.name())
        .with("received_at", |(r, ..)| r.push.received_at.0)
        .with("total", |(r, ..)| i64::from(r.push.total))
        .with("kept", |(r, ..)| r.kept as i64)
        .with("failures", |(_, failures, _)| *failures)
        .with("bytes", |(r, ..)| r.push.bytes as i64)
        .with("sha256", |(r, ..)| &r.push.sha256[..])
        .with("user_agent", |(r, ..)| r.push.user_agent.as_str())
        .with("idempotency_key", |(r, ..)| r.push.idempotency.as_ref().map_or("", |request| request.key.as_str()))
        .with("route", |(r, ..)| r.push.idempotency.as_ref().map_or("", |request| request.route.as_str()))
        .with("fingerprint", |(r, ..)| r.push.idempotency.as_ref().filter(|_| r.remembered).map(|request| &request.fingerprint[..]))
        .with("as_of", |(r, ..)| r.truth.as_of().map(|at| at.0))
        .with("outdated_by", |(r, ..)| r.truth.outdated_by().map(|at| at.0))
        .with("left_out", |(.., left_out)| *left_out)
        .table()
}

/// Each with its signs of life, as text.
fn state_rows<'a>(states: &'a [(OrgId, &'a State, &'a str)]) -> Table<'a> {
    Rows::of(states)
        .with("org", |(org, ..)| org.0)
        .with("last_no", |(_, s, _)| s.last_no)
        .with("day", |(_, s, _)| s.day)
        .with("day_bytes", |(_, s, _)| s.day_bytes)
        .with("kept_bytes", |(_, s, _)| s.kept_bytes)
        .with("last_data_at", |(_, s, _)| s.signs.any.map(|at| at.0))
        .with("signs", |(.., signs)| *signs)
        .with("fresh_pushes", |(_, s, _)| s.fresh_pushes)
        .with("fresh_points", |(_, s, _)| s.fresh_points)
        .with("fresh_since", |(_, s, _)| s.fresh_since)
        .table()
}

/// Each with its recipients, as text.
fn outbox_rows<'a>(told: &'a [(&'a OutboxRow, &'a str)]) -> Table<'a> {
    Rows::of(told)
        .with("at", |(o, _)| o.at)
        .with("org", |(o, _)| o.org)
        .with("no", |(o, _)| o.no)
        .with("what", |(o, _)| o.what)
        .with("everyone", |(o, _)| o.everyone)
        .with("recipients", |(_, recipients)| *recipients)
        .with("since", |(o, _)| o.since)
        .with("newest", |(o, _)| o.newest)
        .table()
}

impl OutboxRow {
    fn of(record: &Record<'_>, reach: &Reach) -> Self {
        let push = record.push;
        Self {
            at: push.received_at.0,
            org: push.org.0,
            no: record.no,
            what: push.what.name(),
            everyone: reach.everyone,
            recipients: reach.named.iter().copied().collect(),
            since: record.since.unwrap_or(push.received_at).0,
            newest: reach.newest.0,
        }
    }
}

/// The receipt of an earlier push.
pub(super) async fn read(conn: &mut Conn, org: OrgId, no: i64) -> Result<ReceiptRecord, StoreError> {
    const FIND: &str = "SELECT id, received_at, total, kept, failures, as_of, outdated_by, left_out FROM receipts WHERE org_id = $1 AND no = $2";
    conn.enter(Scope::Partner(org)).await?;
    type Row = (Uuid, i64, i64, i64, String, Option<i64>, Option<i64>, Option<String>);
    let row: Row = on_conn!(conn, c => sqlx::query_as(FIND).bind(org.0).bind(no).fetch_one(&mut *c).await)?;
    let (id, received_at, total, kept, failures, as_of, outdated_by, left_out) = row;
    let failures = serde_json::from_str(&failures).map_err(|e| StoreError::Internal(e.to_string()))?;
    let (received_at, as_of, outdated_by) = (Timestamp(received_at), as_of.map(Timestamp), outdated_by.map(Timestamp));
    let left_out = read_left_out(left_out)?;
    Ok(ReceiptRecord { no, id, received_at, total: total as u32, kept: kept as u32, failures, as_of, outdated_by, left_out })
}

/// What a snapshot left out, from the JSON of its receipt.
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
