//! The usual push of metrics on PostgreSQL: all that follows its receipt in one statement, because each is a round trip, on the assumption that
//! nothing of it was there before. Where something was (a repeated request, a repeated or corrected sample), a key says so; then everything is
//! undone and the push goes its careful way, step by step.

use super::{DAYS, HOURS, JOIN, MOVE_ON, SampleRow, columns, roll};
use crate::{
    StoreError,
    db::{Conn, Scope},
    push::{Items, Push, Truth, record, usage::USE},
};
use domain::Timestamp;
use sqlx::{AssertSqlSafe, Row as _};
use std::{collections::BTreeMap, sync::LazyLock};

/// Takes organisation, receipt, payload; route, key and fingerprint of the request; the moments of its arrival and of its newest sample; then
/// the columns of samples, hours, days and current values; then the day and the bytes that it takes of its organisation's quota, of which it returns the
/// sums.
static STORE: LazyLock<String> = LazyLock::new(|| {
    let (hours, days) = (columns::rollup_rows(13), columns::rollup_rows(21));
    let used = USE.replace("$2", "$32::bigint").replace("$3,", "$33::bigint,").replace("$4", "$34::bigint");
    format!(
        "WITH payload AS (INSERT INTO payloads (receipt_no, org_id, body) VALUES ($2, $1, $3)), \
         request AS (INSERT INTO idempotency (org_id, route, key, fingerprint, receipt_no, created_at) \
            SELECT $1, $4::text, $5::text, $6::bytea, $2, $7::bigint WHERE $5::text IS NOT NULL), \
         sample AS (INSERT INTO samples (hour, org_id, observed_at, series_id, value, receipt_no) SELECT hour, $1, at, series, value, $2 \
            FROM UNNEST($9::bigint[], $10::bigint[], $11::bigint[], $12::double precision[]) AS v (hour, at, series, value)), \
         hourly AS ({} {hours} {JOIN}), daily AS ({} {days} {JOIN}), \
         newest AS (INSERT INTO current_values AS t (org_id, series_id, value, observed_at, receipt_no, heard_at) SELECT $1, series, value, at, $2, $7 \
            FROM UNNEST($29::bigint[], $30::double precision[], $31::bigint[]) AS v (series, value, at) {MOVE_ON}), \
         alive AS (UPDATE organisations SET last_data_at = CASE WHEN last_data_at > $8 THEN last_data_at ELSE $8 END, posture_sign_at = $8 \
            WHERE id = $1 AND (posture_sign_at IS NULL OR posture_sign_at < $8)), used AS ({used}) \
         SELECT day_bytes, kept_bytes FROM used",
        HOURS.head, DAYS.head
    )
});

/// Applies a usual push, its row of the outbox excepted, and returns its receipt's number; `None`, with nothing changed, where it must go step
/// by step.
pub(crate) async fn apply(conn: &mut Conn, push: &Push, items: &Items, rows: &[SampleRow]) -> Result<Option<i64>, StoreError> {
    let done = match write(conn, push, items, rows).await {
        Err(StoreError::Database(sqlx::Error::Database(error))) if error.is_unique_violation() => Ok(None),
        done => done,
    };
    match done {
        // Something was there, or the organisation's quota is exceeded; the careful way finds the same, and says it.
        Ok(None) => {
            if let Conn::Postgres(lane) = conn {
                let again = format!("ROLLBACK TO job; {}", Scope::Partner(push.org).sql());
                sqlx::raw_sql(AssertSqlSafe(again)).execute(&mut lane.conn).await?;
            }
            Ok(None)
        }
        done => done,
    }
}

async fn write(conn: &mut Conn, push: &Push, items: &Items, rows: &[SampleRow]) -> Result<Option<i64>, StoreError> {
    let no = record::number(conn, push, items.len(), Truth::Part).await?;
    let Conn::Postgres(lane) = conn else { return Ok(None) };
    let request = push.idempotency.as_ref();
    let newest: BTreeMap<i64, &SampleRow> = rows.iter().map(|r| (r.series, r)).collect();
    let query = sqlx::query(STORE.as_str())
        .bind(push.org.0)
        .bind(no)
        .bind(&push.payload[..])
        .bind(request.map(|i| &i.route))
        .bind(request.map(|i| &i.key))
        .bind(request.map(|i| &i.fingerprint[..]))
        .bind(push.received_at.0)
        .bind(push.alive_at(items.newest()).0)
        .bind(rows.iter().map(|r| r.observed_at.hour()).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.observed_at.0).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.series).collect::<Vec<_>>())
        .bind(rows.iter().map(|r| r.value).collect::<Vec<_>>());
    let (hours, days) = (roll(rows.iter(), Timestamp::hour), roll(rows.iter(), Timestamp::day));
    let query = columns::bind_rollups(query, hours.iter());
    let query = columns::bind_rollups(query, days.iter());
    let [_, day, bytes, kept] = push.usage();
    let query = query
        .bind(newest.keys().copied().collect::<Vec<_>>())
        .bind(newest.values().map(|r| r.value).collect::<Vec<_>>())
        .bind(newest.values().map(|r| r.observed_at.0).collect::<Vec<_>>())
        .bind(day)
        .bind(bytes)
        .bind(kept);
    let row = query.fetch_one(&mut lane.conn).await?;
    Ok(if push.over((row.try_get(0)?, row.try_get(1)?)).is_some() { None } else { Some(no) })
}
