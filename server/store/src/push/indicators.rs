//! Indicators: one row per organisation, type and value; their totals kept as they come and go.

use super::{IndicatorItem, Mode, Push, record};
use crate::{
    StoreError,
    db::{Conn, execute, on_conn},
};
use domain::{OrgId, Timestamp, Tlp};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Changes of `indicator_totals`, by kind and TLP code.
type Totals = BTreeMap<(String, i64), i64>;

pub(crate) async fn apply(conn: &mut Conn, push: &Push, receipt: i64, items: &[IndicatorItem], reach: &mut record::Reach) -> Result<(), StoreError> {
    const FIND: &str = "SELECT id, tlp, active, last_seen, received_at FROM indicators WHERE org_id = $1 AND kind = $2 AND value = $3";
    const INSERT: &str = "INSERT INTO indicators (id, org_id, kind, value, tlp, severity, confidence, first_seen, last_seen, valid_until, active, receipt_no, raw, received_at) \
                          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    const UPDATE: &str = "UPDATE indicators SET tlp = $2, severity = $3, confidence = $4, first_seen = CASE WHEN $5 < first_seen THEN $5 ELSE first_seen END, \
                          last_seen = $6, valid_until = $7, active = $8, receipt_no = $9, raw = $10 WHERE id = $1";
    let mut totals = Totals::new();
    for item in items {
        let kind = item.kind.name();
        let active = item.valid_until.is_none_or(|until| until > push.received_at);
        let stored: Option<(Uuid, i64, bool, i64, i64)> =
            on_conn!(conn, c => sqlx::query_as(FIND).bind(push.org.0).bind(kind).bind(&item.value).fetch_optional(&mut *c).await)?;
        let received_at = stored.map_or(push.received_at, |found| Timestamp(found.4));
        reach.record(item.tlp, &item.recipients, received_at);
        let id = match stored {
            // An older sighting neither moves a newer one back nor changes its marking.
            Some((_, _, _, last_seen, _)) if last_seen > item.last_seen.0 => continue,
            Some((id, old_tlp, was_active, ..)) => {
                reach.record(Tlp::from_code(old_tlp), &record::named(conn, id).await?, received_at);
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
                        .bind(&item.raw)
                        .execute(&mut *c)
                        .await
                })?;
                id
            }
            None => {
                let id = Uuid::now_v7();
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
                        .bind(push.received_at.0)
                        .execute(&mut *c)
                        .await
                })?;
                id
            }
        };
        record::recipients(conn, id, &item.recipients, stored.is_some()).await?;
        if active {
            *totals.entry((kind.to_owned(), item.tlp.code())).or_default() += 1;
        }
    }
    if push.mode == Mode::Snapshot {
        expire_the_rest(conn, push, items, &mut totals, reach).await?;
    }
    add_totals(conn, push.org, &totals).await
}

async fn expire_the_rest(conn: &mut Conn, push: &Push, items: &[IndicatorItem], totals: &mut Totals, reach: &mut record::Reach) -> Result<(), StoreError> {
    const ACTIVE: &str = "SELECT id, kind, value, tlp, received_at FROM indicators WHERE org_id = $1 AND active AND last_seen <= $2";
    const EXPIRE: &str = "UPDATE indicators SET active = FALSE, valid_until = $2 WHERE id = $1";
    // Only what the snapshot could know of: a late one does not touch what came after it.
    let cut = items.iter().map(|i| i.last_seen).max().unwrap_or(push.received_at);
    let named: std::collections::HashSet<(&str, &str)> = items.iter().map(|i| (i.kind.name(), i.value.as_str())).collect();
    let all: Vec<(Uuid, String, String, i64, i64)> = on_conn!(conn, c => sqlx::query_as(ACTIVE).bind(push.org.0).bind(cut.0).fetch_all(&mut *c).await)?;
    for (id, kind, value, tlp, received_at) in all {
        if !named.contains(&(kind.as_str(), value.as_str())) {
            execute!(conn, c => sqlx::query(EXPIRE).bind(id).bind(push.received_at.0).execute(&mut *c).await)?;
            reach.record(Tlp::from_code(tlp), &record::named(conn, id).await?, Timestamp(received_at));
            *totals.entry((kind, tlp)).or_default() -= 1;
        }
    }
    Ok(())
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
