//! What an alliance takes on disk: pushes a month of samples into an empty database, as partners do, and prints the bytes of each table.
//!
//! `cargo run --release -p store --example bytes -- sqlite:///tmp/bytes.db`, or an empty PostgreSQL database's URL.

use domain::{HOUR, OrgId, Timestamp};
use sqlx::{Connection, PgConnection, SqliteConnection};
use store::{Items, Mode, Org, Push, Sample, Settings, Store, What};

const ORGANISATIONS: i64 = 50;
const METRICS: usize = 30;
/// With the others above: a million samples.
const HOURS: i64 = 667;
const BEGIN: Timestamp = Timestamp(20_000 * domain::DAY);
/// What a payload of 30 samples takes after compression.
const PAYLOAD: usize = 630;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome<()> {
    let url = std::env::args().nth(1).ok_or("which database? sqlite://path or postgres://…")?;
    let store = Store::open(&Settings { url: url.clone(), readers: 2 }).await?;
    let mut organisations = vec![];
    for n in 0..ORGANISATIONS {
        let (slug, sector, country) = (format!("org-{n}"), "test".to_owned(), "XX".to_owned());
        let org =
            Org { id: OrgId(0), name: slug.clone(), slug, sector, country, assets: None, interval: HOUR, weight: 1.0, last_data_at: None, confirmed: true };
        organisations.push(store.hub().add_organisation(org, BEGIN).await?);
    }
    for hour in 0..HOURS {
        let at = BEGIN.plus(hour * HOUR);
        // All at once, as in the first minutes of an hour.
        futures_util::future::try_join_all(organisations.iter().map(|org| push(&store, *org, at))).await?;
        store.hub().fold_ended_hours(at).await?;
    }
    store.close().await;
    let sizes = if url.starts_with("postgres") { on_postgres(&url).await? } else { on_sqlite(&url).await? };
    println!("{:<20} {:>10} {:>14} {:>10}", "table", "rows", "bytes", "bytes/row");
    for (table, rows, bytes) in sizes.into_iter().filter(|(_, rows, _)| *rows >= 1_000) {
        println!("{table:<20} {rows:>10} {bytes:>14} {:>10.0}", bytes as f64 / rows as f64);
    }
    Ok(())
}

async fn push(store: &Store, org: OrgId, at: Timestamp) -> Result<(), store::StoreError> {
    let sample = |n: usize| Sample { metric: format!("metric_{n}_pct"), labels: String::new(), value: 90.0 + n as f64 / 7.0, observed_at: at };
    let id = store::record_id(at);
    let push = Push {
        id,
        org,
        key_id: None,
        key_name: "siem".into(),
        what: What::Metrics,
        mode: Mode::Delta,
        as_of: None,
        received_at: at,
        total: METRICS as u32,
        failures: vec![],
        bytes: 3_400,
        sha256: [7; 32],
        user_agent: "shieldwall/0.1.0".into(),
        idempotency: Some(store::Idempotency { route: "/metrics".into(), key: id.to_string(), fingerprint: [7; 32] }),
        payload: vec![7; PAYLOAD],
        dry_run: false,
        strict: false,
        quota: None,
        charged: false,
    };
    store.partner(org).push(push, Items::Metrics((0..METRICS).map(sample).collect())).await.map(drop)
}

/// Tables with their rows and their bytes, indexes included.
type Sizes = Vec<(String, i64, i64)>;

async fn on_sqlite(url: &str) -> Outcome<Sizes> {
    const PAGES: &str = "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name = s.name GROUP BY 1 ORDER BY 2 DESC";
    let mut conn = SqliteConnection::connect(url).await?;
    let mut sizes = vec![];
    for (table, bytes) in sqlx::query_as::<_, (String, i64)>(PAGES).fetch_all(&mut conn).await? {
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"))).fetch_one(&mut conn).await?;
        sizes.push((table, rows, bytes));
    }
    Ok(sizes)
}

async fn on_postgres(url: &str) -> Outcome<Sizes> {
    const TABLES: &str = "SELECT t.relname::text, sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid \
        JOIN pg_class t ON t.oid = coalesce(i.inhparent, c.oid) WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 2 DESC";
    let mut conn = PgConnection::connect(url).await?;
    sqlx::raw_sql("SET shieldwall.scope = 'hub'").execute(&mut conn).await?;
    let mut sizes = vec![];
    for (table, bytes) in sqlx::query_as::<_, (String, i64)>(TABLES).fetch_all(&mut conn).await? {
        let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"))).fetch_one(&mut conn).await?;
        sizes.push((table, rows, bytes));
    }
    Ok(sizes)
}
