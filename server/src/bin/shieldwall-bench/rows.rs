//! What a database can do at all with a row for each sample: bare batch inserts in the order of the key into a plain table with nothing else, each batch durable.
//!
//! A hub packs samples, so it may well be faster. There are no foreign keys, partitions, policies, receipts or rollups: the yardstick is what the machine could do, not what a hub would.

use crate::{cluster::Cluster, database};
use anyhow::Context;
use sqlx::{Connection as _, PgConnection};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Rows at one moment of one organisation, as in a push.
const PUSH: i64 = 100;
/// Pushes an hour, all organisations together, and how many of those there are.
const PUSHES_AN_HOUR: i64 = 360_000;
const ORGANISATIONS: i64 = 500;
const HOUR: i64 = 3_600_000_000;
/// The hour the rows begin with: one of November 2026, so that numbers are as long as a hub's.
const FIRST_HOUR: i64 = 498_900;

/// Rows a second.
pub struct Rate {
    /// Rows a transaction.
    pub rows: usize,
    pub connections: usize,
    pub per_second: f64,
}

/// One sample.
struct Row {
    hour: i64,
    org: i64,
    at: i64,
    series: i64,
    value: f64,
    receipt: i64,
}

/// The rows of a push; the next one's come after them in the order of the key.
fn rows(push: i64) -> impl Iterator<Item = Row> {
    let (hour, place) = (FIRST_HOUR + push / PUSHES_AN_HOUR, push % PUSHES_AN_HOUR);
    let org = place * ORGANISATIONS / PUSHES_AN_HOUR + 1;
    (0..PUSH).map(move |n| Row {
        hour,
        org,
        at: hour * HOUR + place * (HOUR / PUSHES_AN_HOUR),
        series: org * PUSH + n,
        value: (n + push % 7) as f64 / 7.0,
        receipt: push + 1,
    })
}

/// SQLite, set up as the hub sets it up: one connection, because it has one writer.
pub fn sqlite(folder: &Path, period: Duration) -> anyhow::Result<Vec<Rate>> {
    const TABLE: &str = "PRAGMA journal_mode = wal; PRAGMA synchronous = full; PRAGMA cache_size = -65536; PRAGMA mmap_size = 268435456; \
        PRAGMA wal_autocheckpoint = 4000; CREATE TABLE samples (hour INTEGER NOT NULL, org_id INTEGER NOT NULL, observed_at INTEGER NOT NULL, \
        series_id INTEGER NOT NULL, value REAL NOT NULL, receipt_no INTEGER NOT NULL, PRIMARY KEY (hour, org_id, observed_at, series_id)) STRICT, WITHOUT ROWID";
    let mut rates = vec![];
    for batch in [100, 1_000] {
        let conn = rusqlite::Connection::open(folder.join(format!("rows-{batch}.db"))).context("cannot open a database for rows")?;
        conn.execute_batch(TABLE)?;
        let sql = format!("INSERT INTO samples VALUES {}", vec!["(?, ?, ?, ?, ?, ?)"; PUSH as usize].join(", "));
        let (began, mut inserted, mut push) = (Instant::now(), 0, 0);
        while began.elapsed() < period {
            conn.execute_batch("BEGIN IMMEDIATE")?;
            for _ in 0..batch / PUSH as usize {
                let mut statement = conn.prepare_cached(&sql)?;
                for (n, row) in rows(push).enumerate() {
                    for (i, value) in [row.hour, row.org, row.at, row.series].into_iter().enumerate() {
                        statement.raw_bind_parameter(n * 6 + i + 1, value)?;
                    }
                    statement.raw_bind_parameter(n * 6 + 5, row.value)?;
                    statement.raw_bind_parameter(n * 6 + 6, row.receipt)?;
                }
                inserted += statement.raw_execute()?;
                push += 1;
            }
            conn.execute_batch("COMMIT")?;
        }
        rates.push(Rate { rows: batch, connections: 1, per_second: inserted as f64 / began.elapsed().as_secs_f64() });
    }
    Ok(rates)
}

/// PostgreSQL: several connections, because their commits can wait for the disk together; a statement of arrays is a transaction.
pub async fn postgres(cluster: &Cluster, period: Duration) -> anyhow::Result<Vec<Rate>> {
    const TABLE: &str = "CREATE TABLE samples (hour BIGINT NOT NULL, org_id BIGINT NOT NULL, observed_at BIGINT NOT NULL, series_id BIGINT NOT NULL, \
        value DOUBLE PRECISION NOT NULL, receipt_no BIGINT NOT NULL, PRIMARY KEY (hour, org_id, observed_at, series_id))";
    let mut rates = vec![];
    for (batch, connections) in [(100, 8), (1_000, 4)] {
        let name = format!("rows_{batch}");
        database::execute(&cluster.url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE template0")).await?;
        let url = cluster.url(&name);
        database::execute(&url, TABLE).await?;
        let mut opened = vec![];
        for _ in 0..connections {
            opened.push(PgConnection::connect(&url).await?);
        }
        let next = Arc::new(AtomicI64::new(0));
        let began = Instant::now();
        let mut tasks: JoinSet<_> = opened.into_iter().map(|conn| insert(conn, batch, Arc::clone(&next), began + period)).collect();
        let mut inserted = 0;
        while let Some(done) = tasks.join_next().await {
            inserted += done??;
        }
        rates.push(Rate { rows: batch, connections, per_second: inserted as f64 / began.elapsed().as_secs_f64() });
        database::execute(&cluster.url("postgres"), &format!("DROP DATABASE {name} WITH (FORCE)")).await?;
    }
    Ok(rates)
}

/// Inserts batches until the end, sharing their numbers with the other connections; returns how many rows.
async fn insert(mut conn: PgConnection, batch: usize, next: Arc<AtomicI64>, until: Instant) -> anyhow::Result<u64> {
    const INSERT: &str =
        "INSERT INTO samples SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::double precision[], $6::bigint[])";
    let (mut inserted, pushes) = (0, batch as i64 / PUSH);
    while Instant::now() < until {
        let first = next.fetch_add(pushes, Ordering::Relaxed);
        let rows: Vec<Row> = (first..first + pushes).flat_map(rows).collect();
        let numbers = |of: fn(&Row) -> i64| rows.iter().map(of).collect::<Vec<_>>();
        let query = sqlx::query(INSERT).bind(numbers(|r| r.hour)).bind(numbers(|r| r.org)).bind(numbers(|r| r.at)).bind(numbers(|r| r.series));
        let query = query.bind(rows.iter().map(|r| r.value).collect::<Vec<_>>()).bind(numbers(|r| r.receipt));
        inserted += query.execute(&mut conn).await?.rows_affected();
    }
    conn.close().await?;
    Ok(inserted)
}
