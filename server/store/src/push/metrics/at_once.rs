//! The usual push of metrics on SQLite: statement after statement in the thread that runs SQLite, on the assumption that nothing of it was
//! there before. Where something was (a repeated request, a repeated or corrected sample), a key says so; then everything is undone and the
//! push goes its careful way, step by step.

use super::{DAYS, HOURS, JOIN, MOVE_ON, SampleRow};
use crate::push::{
    Items, Mode, Push, key,
    record::{ALIVE_BY_POSTURE, OUTBOX, RECEIPT},
    render_failures,
    usage::USE,
};
use domain::Timestamp;
use rusqlite::{CachedStatement, Connection, ErrorCode, ToSql, params};
use std::time::Instant;

/// Rows at most: each number of rows is a prepared statement of its own.
const ROWS: usize = 128;

const PAYLOAD: &str = "INSERT INTO payloads (receipt_no, org_id, body) VALUES (?, ?, ?)";
const IDEMPOTENCY: &str = "INSERT INTO idempotency (org_id, route, key, fingerprint, receipt_no, created_at) VALUES (?, ?, ?, ?, ?, ?)";
const SAMPLES: &str = "INSERT INTO samples (hour, org_id, observed_at, series_id, value, receipt_no) SELECT bucket, ?, at, series, value, ? FROM v";
const ROLLUP: &str = "SELECT bucket, ?, series, 1, value, value, value, value, at FROM v WHERE true";
const CURRENT: &str =
    "INSERT INTO current_values AS t (org_id, series_id, value, observed_at, receipt_no, heard_at) SELECT ?, series, value, at, ?, ? FROM v WHERE true";

/// A push that may go this way.
pub(crate) struct AtOnce {
    pub push: Push,
    pub items: Items,
    pub rows: Vec<SampleRow>,
    /// When it was handed to the store.
    pub since: Instant,
}

/// Whether a push is one of the usual ones.
pub(crate) fn is_usual(push: &Push, items: &Items) -> bool {
    let refused = push.strict && !push.failures.is_empty();
    let some = matches!(items, Items::Metrics(samples) if !samples.is_empty() && samples.len() <= ROWS);
    some && !push.dry_run && !refused && push.mode == Mode::Delta
}

/// Applies a push and returns its receipt's number; `None`, with nothing changed, where it must go step by step.
pub(crate) fn apply(conn: &Connection, one: &AtOnce) -> rusqlite::Result<Option<i64>> {
    if key::ended_at_once(conn, &one.push, one.since)?.is_some() {
        // The careful way finds the same, and says it.
        return Ok(None);
    }
    conn.prepare_cached("SAVEPOINT job")?.execute([])?;
    let no = match write(conn, one) {
        Ok(Some(no)) => Some(no),
        // The organisation's quota; the careful way says so.
        Ok(None) => {
            conn.prepare_cached("ROLLBACK TO job")?.execute([])?;
            None
        }
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            conn.prepare_cached("ROLLBACK TO job")?.execute([])?;
            None
        }
        // The whole group is undone; on a full disk SQLite has done so already.
        Err(error) => return Err(error),
    };
    conn.prepare_cached("RELEASE job")?.execute([])?;
    Ok(no)
}

fn write(conn: &Connection, AtOnce { push, items, rows, .. }: &AtOnce) -> rusqlite::Result<Option<i64>> {
    let org = push.org.0;
    let key = push.idempotency.as_ref().map_or("", |i| &i.key);
    let receipt = params![
        push.id.as_bytes(),
        org,
        push.key_name,
        push.what.name(),
        push.mode.name(),
        push.received_at.0,
        push.total,
        items.len() as i64,
        render_failures(&push.failures),
        push.bytes as i64,
        push.sha256,
        push.user_agent,
        key,
        // No snapshot comes this way.
        None::<i64>,
        None::<i64>
    ];
    let no: i64 = conn.prepare_cached(RECEIPT)?.query_row(receipt, |row| row.get(0))?;
    conn.prepare_cached(PAYLOAD)?.execute(params![no, org, push.payload])?;
    let used = conn.prepare_cached(USE)?.query_row(push.usage(), |row| Ok((row.get(0)?, row.get(1)?)))?;
    if push.over(used).is_some() {
        return Ok(None);
    }
    if let Some(i) = &push.idempotency {
        conn.prepare_cached(IDEMPOTENCY)?.execute(params![org, i.route, i.key, i.fingerprint, no, push.received_at.0])?;
    }
    let values = format!("WITH v (bucket, at, series, value) AS (VALUES {})", vec!["(?, ?, ?, ?)"; rows.len()].join(", "));
    let (hours, days) = (HOURS.head, DAYS.head);
    wide(conn, &format!("{values} {SAMPLES}"), rows, Timestamp::hour, &[org, no])?;
    wide(conn, &format!("{values} {hours} {ROLLUP} {JOIN}"), rows, Timestamp::hour, &[org])?;
    wide(conn, &format!("{values} {days} {ROLLUP} {JOIN}"), rows, Timestamp::day, &[org])?;
    wide(conn, &format!("{values} {CURRENT} {MOVE_ON}"), rows, Timestamp::day, &[org, no, push.moment().0])?;
    conn.prepare_cached(ALIVE_BY_POSTURE)?.execute(params![push.alive_at(items.newest()).0, org])?;
    let since = items.oldest().unwrap_or(push.received_at);
    conn.prepare_cached(OUTBOX)?.execute(params![push.received_at.0, org, push.what.name(), true, "[]", since.0, i64::MAX])?;
    Ok(Some(no))
}

/// Runs a statement over all rows, and what comes after them.
fn wide(conn: &Connection, sql: &str, rows: &[SampleRow], bucket: fn(Timestamp) -> i64, after: &[i64]) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached(sql)?;
    let mut next = 0;
    let mut bind = |statement: &mut CachedStatement<'_>, value: &dyn ToSql| {
        next += 1;
        statement.raw_bind_parameter(next, value)
    };
    for row in rows {
        bind(&mut statement, &bucket(row.observed_at))?;
        bind(&mut statement, &row.observed_at.0)?;
        bind(&mut statement, &row.series)?;
        bind(&mut statement, &row.value)?;
    }
    for value in after {
        bind(&mut statement, value)?;
    }
    statement.raw_execute()?;
    Ok(())
}
