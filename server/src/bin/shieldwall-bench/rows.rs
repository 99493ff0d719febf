//! What the database can do at all: bare batch inserts of rows such as `samples` has, in key order, nothing else, each batch synced.

use anyhow::Context;
use rusqlite::Connection;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Rows a transaction.
const BATCHES: [usize; 2] = [100, 1_000];

const TABLE: &str = "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA cache_size = -65536; CREATE TABLE samples (hour INTEGER NOT NULL, \
    org_id INTEGER NOT NULL, observed_at INTEGER NOT NULL, series_id INTEGER NOT NULL, value REAL NOT NULL, receipt_no INTEGER NOT NULL, \
    PRIMARY KEY (hour, org_id, observed_at, series_id)) STRICT, WITHOUT ROWID";

/// Rows a second, by the size of the batch.
pub fn run(folder: &Path, period: Duration) -> anyhow::Result<Vec<(usize, f64)>> {
    BATCHES.into_iter().map(|batch| Ok((batch, insert(&folder.join(format!("rows-{batch}.db")), batch, period)?))).collect()
}

fn insert(file: &Path, batch: usize, period: Duration) -> anyhow::Result<f64> {
    let conn = Connection::open(file).context("cannot open a database for rows")?;
    conn.execute_batch(TABLE)?;
    let sql = format!("INSERT INTO samples VALUES {}", vec!["(?, ?, ?, ?, ?, ?)"; 100].join(", "));
    let (began, mut rows) = (Instant::now(), 0_i64);
    while began.elapsed() < period {
        conn.execute_batch("BEGIN IMMEDIATE")?;
        for _ in 0..batch / 100 {
            let mut statement = conn.prepare_cached(&sql)?;
            for row in 0..100 {
                let at = rows / 100;
                let values = [at / 3_600, at % 500, at, row];
                for (i, value) in values.iter().enumerate() {
                    statement.raw_bind_parameter(row as usize * 6 + i + 1, value)?;
                }
                statement.raw_bind_parameter(row as usize * 6 + 5, row as f64 / 7.0)?;
                statement.raw_bind_parameter(row as usize * 6 + 6, at)?;
            }
            rows += statement.raw_execute()? as i64;
        }
        conn.execute_batch("COMMIT")?;
    }
    Ok(rows as f64 / began.elapsed().as_secs_f64())
}
