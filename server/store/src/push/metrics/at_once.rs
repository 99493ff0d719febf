//! The usual push of metrics, in one round trip to the database's thread.
//!
//! Step by step a push takes a dozen round trips, whose wake-ups cost more than its statements. So one execution does all of it, on the
//! assumption that nothing of it was there before. Where something was (a repeated request, a repeated or corrected sample), a key says so;
//! then everything is undone and the push goes its careful way.

use super::{DAYS, HOURS, JOIN, MOVE_ON, SampleRow, SeriesNumbers, rows};
use crate::{
    StoreError,
    db::{Conn, Db},
    push::{
        Items, Mode, Push,
        record::{ALIVE, OUTBOX, RECEIPT, bind_receipt},
    },
    writer::SEAL,
};
use domain::Timestamp;
use sqlx::{AssertSqlSafe, Execute, Sqlite, sqlite::SqliteArguments};

/// Rows at most: each number of rows is a prepared statement of its own.
const ROWS: usize = 128;

const IDEMPOTENCY: &str = "INSERT INTO idempotency (org_id, route, key, fingerprint, created_at, receipt_no) VALUES (?, ?, ?, ?, ?, last_insert_rowid())";
// Its key is the receipt's, so the last rowid stays what it was; the tables after it have none.
const PAYLOAD: &str = "INSERT INTO payloads (receipt_no, body) VALUES (last_insert_rowid(), ?)";
const SAMPLES: &str =
    "INSERT INTO samples (hour, org_id, observed_at, series_id, value, receipt_no) SELECT bucket, ?, at, series, value, last_insert_rowid() FROM v";
const ROLLUP: &str = "SELECT bucket, ?, series, 1, value, value, value, value, at FROM v WHERE true";
const CURRENT: &str = "INSERT INTO current_values AS t (org_id, series_id, value, observed_at, receipt_no) \
    SELECT ?, series, value, at, last_insert_rowid() FROM v WHERE true";

/// A push as one execution, made before it waits for the writer.
pub(crate) enum AtOnce {
    Sqlite { sql: String, arguments: SqliteArguments },
}

/// `None` where the push must go step by step.
pub(crate) fn prepare(db: &Db, push: &Push, items: &Items, known: &SeriesNumbers) -> Result<Option<AtOnce>, StoreError> {
    let Items::Metrics(samples) = items else { return Ok(None) };
    if push.dry_run || push.mode == Mode::Snapshot || (push.strict && !push.failures.is_empty()) || samples.is_empty() || samples.len() > ROWS {
        return Ok(None);
    }
    let Ok(rows) = rows(samples, known) else { return Ok(None) };
    match db {
        Db::Sqlite(_) => for_sqlite(push, items, &rows).map(Some),
    }
}

fn for_sqlite(push: &Push, items: &Items, rows: &[SampleRow]) -> Result<AtOnce, StoreError> {
    let values = format!("WITH v (bucket, at, series, value) AS (VALUES {})", vec!["(?, ?, ?, ?)"; rows.len()].join(", "));
    let idempotency = if push.idempotency.is_some() { IDEMPOTENCY } else { "" };
    let (hours, days) = (HOURS.head, DAYS.head);
    let sql = format!(
        "{RECEIPT}; {PAYLOAD}; {idempotency}; {values} {SAMPLES}; {values} {hours} {ROLLUP} {JOIN}; {values} {days} {ROLLUP} {JOIN}; \
         {values} {CURRENT} {MOVE_ON}; {ALIVE}; {OUTBOX}; {SEAL}"
    );
    let mut query = bind_receipt!(sqlx::query::<Sqlite>(""), push, items.len()).bind(&push.payload[..]);
    if let Some(i) = &push.idempotency {
        query = query.bind(push.org.0).bind(&i.route).bind(&i.key).bind(&i.fingerprint[..]).bind(push.received_at.0);
    }
    for bucket in [Timestamp::hour, Timestamp::hour, Timestamp::day, Timestamp::day] {
        for row in rows {
            query = query.bind(bucket(row.observed_at)).bind(row.observed_at.0).bind(row.series).bind(row.value);
        }
        query = query.bind(push.org.0);
    }
    query = query.bind(push.alive_at(items.newest()).0).bind(push.org.0);
    let since = items.oldest().unwrap_or(push.received_at);
    query = query.bind(push.received_at.0).bind(push.org.0).bind(push.what.name()).bind(true).bind("[]").bind(since.0);
    let arguments = query.take_arguments().map_err(|e| StoreError::Internal(e.to_string()))?.unwrap_or_default();
    Ok(AtOnce::Sqlite { sql, arguments })
}

/// Applies the push, its savepoint included, and returns its receipt's number; `None` where it must go step by step, from the savepoint.
pub(crate) async fn apply(conn: &mut Conn, push: AtOnce) -> Result<Option<i64>, StoreError> {
    let numbers: Result<Vec<i64>, sqlx::Error> = match (conn, push) {
        // To the last statement: `fetch_one` would stop at the first row.
        (Conn::Sqlite(c), AtOnce::Sqlite { sql, arguments }) => sqlx::query_scalar_with(AssertSqlSafe(sql), arguments).fetch_all(c).await,
    };
    match numbers {
        Ok(numbers) => numbers.first().copied().map(Some).ok_or_else(|| StoreError::Internal("a receipt has no number".into())),
        Err(sqlx::Error::Database(error)) if error.is_unique_violation() => Ok(None),
        Err(error) => Err(error.into()),
    }
}
