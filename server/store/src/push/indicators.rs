//! Indicators: one row per organisation, type and value, or keyed hash of one; their digests and totals kept as they come and go.

use super::{IndicatorItem, Mode, Push, comparisons::Comparisons, record, same::Said};
use crate::{
    AllianceKeys, StoreError, alliance,
    db::{Conn, execute, on_conn},
    record_id,
    shown_before::Marking,
    shown_lately::{self, Ended, Until},
    withdrawn_records::{Remarks, State, marking},
    words,
};
use domain::{
    DataClass, OrgId, Timestamp, Tlp,
    indicator::{IndicatorType, span},
};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Changes of `indicator_totals`, by kind and TLP code.
type Totals = BTreeMap<(String, i64), i64>;

pub(crate) async fn apply(
    conn: &mut Conn,
    push: &Push,
    receipt: i64,
    items: &[IndicatorItem],
    keys: Option<&AllianceKeys>,
    reach: &mut record::Reach,
    left_out: &mut Vec<String>,
) -> Result<(), StoreError> {
    const FIND: &str = "SELECT id, tlp, active, first_seen, last_seen, received_at, valid_until, left_out_at, heard_at, severity, confidence, hashed, receipt_no, raw \
                        FROM indicators WHERE org_id = $1 AND kind = $2 AND value = $3";
    const INSERT: &str = "INSERT INTO indicators (id, org_id, kind, value, tlp, severity, confidence, first_seen, last_seen, valid_until, active, receipt_no, raw, hashed, received_at, heard_at, words, address) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)";
    const UPDATE: &str = "UPDATE indicators SET tlp = $2, severity = $3, confidence = $4, first_seen = CASE WHEN $5 < first_seen THEN $5 ELSE first_seen END, \
                          last_seen = $6, valid_until = $7, active = $8, receipt_no = $9, raw = $10, hashed = $11, left_out_at = NULL, \
                          heard_at = CASE WHEN heard_at > $12 THEN heard_at ELSE $12 END WHERE id = $1";
    let mut totals = Totals::new();
    let mut comparisons: Option<Comparisons> = None;
    let mut remarks = Remarks::new(push.org, DataClass::Indicators);
    for item in items {
        let kind = item.kind.name();
        let active = item.valid_until.is_none_or(|until| until > push.received_at);
        let stored: Option<Stored> = on_conn!(conn, c => sqlx::query_as(FIND).bind(push.org.0).bind(kind).bind(&item.value).fetch_optional(&mut *c).await)?;
        let received_at = stored.as_ref().map_or(push.received_at, |found| Timestamp(found.received_at));
        reach.record(item.tlp, &item.recipients, received_at);
        let (mut moved, mut compared_from) = (false, 0);
        let existed = stored.is_some();
        let id = match stored {
            // An older sighting neither moves a newer one back nor changes its marking, nor does a snapshot that was taken before the last push; but
            // they say that the indicator is still meant.
            Some(old) if old.last_seen > item.last_seen.0 || (push.mode == Mode::Snapshot && old.heard_at > push.moment().0) => {
                if hear(conn, push, kind, &old, &mut totals, reach).await? {
                    let marking = marking(conn, old.id, old.tlp, old.received_at).await?;
                    remarks.changed(old.id, State { marking: marking.clone(), counted: old.active }, State { marking, counted: true });
                }
                continue;
            }
            Some(old) => {
                let (id, old_tlp, was_active) = (old.id, old.tlp, old.active);
                let before = marking(conn, id, old_tlp, received_at.0).await?;
                // Keep the payload as the organisation first spelled it when the push only repeats it.
                let (receipt, raw) = if old.says(&before.recipients, item) { (old.receipt_no, &old.raw) } else { (receipt, &item.raw) };
                moved = before.tlp.reaches_everyone() != item.tlp.reaches_everyone();
                reach.record(before.tlp, &before.recipients, received_at);
                let after = Marking { tlp: item.tlp, recipients: item.recipients.clone(), received_at };
                remarks.changed(id, State { marking: before, counted: was_active }, State { marking: after, counted: active });
                if was_active {
                    *totals.entry((kind.to_owned(), old_tlp)).or_default() -= 1;
                }
                execute!(conn, c => {
                    sqlx::query(UPDATE)
                        .bind(id)
                        .bind(item.tlp.code())
                        .bind(item.severity.map(domain::Severity::code))
                        .bind(item.confidence.map(i64::from))
                        .bind(item.first_seen.0)
                        .bind(item.last_seen.0)
                        .bind(item.valid_until.map(|t| t.0))
                        .bind(active)
                        .bind(receipt)
                        .bind(raw)
                        .bind(item.hashed)
                        .bind(push.moment().0)
                        .execute(&mut *c)
                        .await
                })?;
                id
            }
            None => {
                if comparisons.is_none() {
                    comparisons = Some(Comparisons::of(conn, push.org, push.received_at).await?);
                }
                compared_from = comparisons.as_mut().map_or(0, Comparisons::take);
                let id = record_id(push.received_at);
                remarks.added(id);
                execute!(conn, c => {
                    sqlx::query(INSERT)
                        .bind(id)
                        .bind(push.org.0)
                        .bind(kind)
                        .bind(&item.value)
                        .bind(item.tlp.code())
                        .bind(item.severity.map(domain::Severity::code))
                        .bind(item.confidence.map(i64::from))
                        .bind(item.first_seen.0)
                        .bind(item.last_seen.0)
                        .bind(item.valid_until.map(|t| t.0))
                        .bind(active)
                        .bind(receipt)
                        .bind(&item.raw)
                        .bind(item.hashed)
                        .bind(push.received_at.0)
                        .bind(push.moment().0)
                        .bind(words::fold(&item.value))
                        .bind(address(item))
                        .execute(&mut *c)
                        .await
                })?;
                id
            }
        };
        record::recipients(conn, id, &item.recipients, existed).await?;
        let digests = keys.map(|keys| digests(keys, item, push.received_at)).unwrap_or_default();
        if digests.is_empty() {
            return Err(StoreError::Internal("an indicator without a digest".into()));
        }
        for (key_no, digest) in digests {
            let (org, kind, tlp, since) = (push.org, item.kind, item.tlp.code(), push.received_at);
            write_digest(conn, &Digested { id, key_no, org, kind, digest, tlp, active, received_at, since, compared_from, moved }).await?;
        }
        if active {
            *totals.entry((kind.to_owned(), item.tlp.code())).or_default() += 1;
        }
    }
    if let Some(comparisons) = comparisons {
        comparisons.keep(conn, push.org).await?;
    }
    remarks.keep(conn, push.received_at).await?;
    if push.mode == Mode::Snapshot {
        *left_out = expire_the_rest(conn, push, items, &mut totals, reach).await?;
    }
    add_totals(conn, push.org, &totals).await
}

/// What is known of an indicator that comes again.
#[derive(sqlx::FromRow)]
struct Stored {
    id: Uuid,
    tlp: i64,
    active: bool,
    first_seen: i64,
    last_seen: i64,
    received_at: i64,
    valid_until: Option<i64>,
    left_out_at: Option<i64>,
    heard_at: i64,
    severity: Option<i64>,
    confidence: Option<i64>,
    hashed: bool,
    receipt_no: i64,
    raw: String,
}

impl Stored {
    /// Whether an item says of the value what is known of it. A hash has one spelling, and may be meant for another key.
    fn says(&self, named: &[OrgId], item: &IndicatorItem) -> bool {
        /// Fields compared through their columns.
        const COLUMNS: [&str; 8] = ["type", "value", "tlp", "severity", "confidence", "first_seen", "last_seen", "valid_until"];
        let known = (self.tlp, self.severity, self.confidence, self.first_seen, self.last_seen, self.valid_until);
        let said = (
            item.tlp.code(),
            item.severity.map(domain::Severity::code),
            item.confidence.map(i64::from),
            item.first_seen.0,
            item.last_seen.0,
            item.valid_until.map(|until| until.0),
        );
        let said = Said { columns: said, named: &item.recipients, raw: &item.raw };
        !self.hashed && !item.hashed && Said { columns: known, named, raw: &self.raw }.is_same(&said, &COLUMNS)
    }
}

/// Notes that an indicator was named; what a snapshot left out is in force again. Whether this changed anything.
async fn hear(conn: &mut Conn, push: &Push, kind: &str, old: &Stored, totals: &mut Totals, reach: &mut record::Reach) -> Result<bool, StoreError> {
    const HEAR: &str = "UPDATE indicators SET heard_at = CASE WHEN heard_at > $2 THEN heard_at ELSE $2 END, left_out_at = NULL, active = $3 WHERE id = $1";
    const AGAIN: &str = "UPDATE indicator_digests SET active = $2 WHERE id = $1";
    let again = old.left_out_at.is_some() && old.valid_until.is_none_or(|until| until > push.received_at.0);
    let active = old.active || again;
    execute!(conn, c => sqlx::query(HEAR).bind(old.id).bind(push.moment().0).bind(active).execute(&mut *c).await)?;
    if active != old.active {
        execute!(conn, c => sqlx::query(AGAIN).bind(old.id).bind(active).execute(&mut *c).await)?;
        reach.record(Tlp::from_code(old.tlp), &record::named(conn, old.id).await?, Timestamp(old.received_at));
        *totals.entry((kind.to_owned(), old.tlp)).or_default() += 1;
    }
    Ok(active != old.active)
}

/// Where an address or a network stands among the addresses; empty for all else, and for a hash, which is of nobody knows what.
fn address(item: &IndicatorItem) -> String {
    let span = if item.hashed { None } else { span(&item.value) };
    span.map_or_else(String::new, |(first, _)| first)
}

/// One row of `indicator_digests`.
pub(crate) struct Digested {
    pub id: Uuid,
    /// The number of the alliance's key.
    pub key_no: i64,
    pub org: OrgId,
    pub kind: IndicatorType,
    pub digest: [u8; 32],
    pub tlp: i64,
    pub active: bool,
    /// When the indicator first came.
    pub received_at: Timestamp,
    /// Of an indicator that has a digest already, only where it `moved`.
    pub since: Timestamp,
    /// From which day on its organisation is told whether unnamed ones reported the same; of an indicator that has a digest already it stays.
    pub compared_from: i64,
    /// Whether it reaches everyone since now, or no longer does, so that it counts from `since` on for those who are shown totals only.
    pub moved: bool,
}

pub(crate) async fn write_digest(conn: &mut Conn, row: &Digested) -> Result<(), StoreError> {
    const WRITE: &str = "INSERT INTO indicator_digests (id, key_no, org_id, digest, tlp, active, received_at, since, compared_from, kind) VALUES ($1, $2, $3, $4, $5, $6, $7, \
                         CASE WHEN $10 THEN $8 ELSE coalesce((SELECT min(e.since) FROM indicator_digests e WHERE e.id = $1), $8) END, \
                         coalesce((SELECT min(e.compared_from) FROM indicator_digests e WHERE e.id = $1), $9), $11) \
                         ON CONFLICT (id, key_no) DO UPDATE SET digest = excluded.digest, tlp = excluded.tlp, active = excluded.active, since = excluded.since";
    execute!(conn, c => {
        sqlx::query(WRITE)
            .bind(row.id)
            .bind(row.key_no)
            .bind(row.org.0)
            .bind(&row.digest[..])
            .bind(row.tlp)
            .bind(row.active)
            .bind(row.received_at.0)
            .bind(row.since.0)
            .bind(row.compared_from)
            .bind(row.moved)
            .bind(row.kind.name())
            .execute(&mut *c)
            .await
    })?;
    Ok(())
}

/// What reports of the same thing have in common, whether they tell it or not: by the number of the key. A value has a digest under each key that is accepted;
/// a hash is one under the key that it says, and where it says none, under the key that goes out first.
fn digests(keys: &AllianceKeys, item: &IndicatorItem, now: Timestamp) -> Vec<(i64, [u8; 32])> {
    if item.hashed {
        let no = item.key_no.or(keys.former(now).map(|(key, _)| key.no)).unwrap_or(keys.current.no);
        return alliance::from_hex(&item.value).map(|digest| (no, digest)).into_iter().collect();
    }
    keys.accepted(now).map(|key| (key.no, key.key.digest(item.kind, &item.value))).collect()
}

async fn expire_the_rest(
    conn: &mut Conn,
    push: &Push,
    items: &[IndicatorItem],
    totals: &mut Totals,
    reach: &mut record::Reach,
) -> Result<Vec<String>, StoreError> {
    const ACTIVE: &str = "SELECT id, kind, value, tlp, received_at FROM indicators WHERE org_id = $1 AND active AND heard_at <= $2";
    const EXPIRE: &str = "UPDATE indicators SET active = FALSE, left_out_at = $2, heard_at = $2 WHERE id = $1";
    const OVER: &str = "UPDATE indicator_digests SET active = FALSE WHERE id = $1";
    // Only what the snapshot could know of: a late one does not touch what came after it was taken.
    let taken = push.moment();
    let named: std::collections::HashSet<(&str, &str)> = items.iter().map(|i| (i.kind.name(), i.value.as_str())).collect();
    let all: Vec<(Uuid, String, String, i64, i64)> = on_conn!(conn, c => sqlx::query_as(ACTIVE).bind(push.org.0).bind(taken.0).fetch_all(&mut *c).await)?;
    let mut expired = vec![];
    for (id, kind, value, tlp, received_at) in all {
        if !named.contains(&(kind.as_str(), value.as_str())) {
            execute!(conn, c => sqlx::query(EXPIRE).bind(id).bind(taken.0).execute(&mut *c).await)?;
            execute!(conn, c => sqlx::query(OVER).bind(id).execute(&mut *c).await)?;
            let marking = marking(conn, id, tlp, received_at).await?;
            reach.record(marking.tlp, &marking.recipients, marking.received_at);
            let ended = Ended { id, marking, opened_at: push.received_at };
            shown_lately::keep(conn, push.org, DataClass::Indicators, Until::Counted, &ended, push.received_at).await?;
            *totals.entry((kind, tlp)).or_default() -= 1;
            expired.push(value);
        }
    }
    Ok(expired)
}

/// Adds to the totals of an organisation; differences may be negative.
pub(crate) async fn add_totals(conn: &mut Conn, org: OrgId, totals: &Totals) -> Result<(), StoreError> {
    const ADD: &str = "INSERT INTO indicator_totals AS t (org_id, kind, tlp, n) VALUES ($1, $2, $3, $4) \
                       ON CONFLICT (org_id, kind, tlp) DO UPDATE SET n = t.n + excluded.n";
    for ((kind, tlp), n) in totals.iter().filter(|(_, n)| **n != 0) {
        execute!(conn, c => sqlx::query(ADD).bind(org.0).bind(kind).bind(*tlp).bind(*n).execute(&mut *c).await)?;
    }
    Ok(())
}
