//! The schema is the old one or the new one, never something between, however many hubs start at once and whatever is killed meanwhile.

use crate::hub::Hub;
use sqlx::{ConnectOptions, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    str::FromStr,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use testing::{Database, Kind};

const PATIENCE: Duration = Duration::from_secs(20);
/// How often a hub is killed while it makes the schema, evenly over the time that takes.
const KILLS: u32 = 20;

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

async fn empty(kind: Kind) -> Database {
    tokio::task::spawn_blocking(move || Database::empty(kind)).await.expect("a database")
}

/// Everything that makes a schema, sorted; empty for an empty database.
async fn schema(url: &str) -> Vec<String> {
    const SQLITE: &str = "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1";
    const POSTGRES: &str = "SELECT 'column ' || table_name || ' ' || column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public' \
        UNION ALL SELECT 'policy ' || tablename || ' ' || policyname FROM pg_policies \
        UNION ALL SELECT 'index ' || indexname FROM pg_indexes WHERE schemaname = 'public' \
        UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1";
    if url.starts_with("postgres") {
        let mut conn = PgConnection::connect(url).await.expect("a second connection");
        return sqlx::query_scalar(POSTGRES).fetch_all(&mut conn).await.expect("the schema");
    }
    let options = SqliteConnectOptions::from_str(url).expect("an address").create_if_missing(true);
    let mut conn: SqliteConnection = options.connect().await.expect("a second connection");
    sqlx::query_scalar(SQLITE).fetch_all(&mut conn).await.expect("the schema")
}

/// A hub's own schema, and how long it took to serve with it.
async fn whole(kind: Kind) -> (Vec<String>, Duration) {
    let database = empty(kind).await;
    let mut hub = Hub::at(database.url.clone(), folder());
    assert_eq!(schema(&database.url).await, Vec::<String>::new());
    let began = Instant::now();
    hub.start().await;
    let took = began.elapsed();
    hub.terminate().await;
    let schema = schema(&database.url).await;
    assert!(schema.len() > 40, "{schema:?}");
    (schema, took)
}

async fn two_hubs_start_at_once(kind: Kind) {
    let (whole, _) = whole(kind).await;
    for _ in 0..5 {
        let database = empty(kind).await;
        let mut one = Hub::at(database.url.clone(), folder());
        let mut other = one.another();
        tokio::join!(one.start(), other.start());
        assert_eq!(schema(&database.url).await, whole);
        one.terminate().await;
        other.terminate().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hubs_start_at_once_on_an_empty_sqlite_file() {
    two_hubs_start_at_once(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hubs_start_at_once_on_an_empty_postgresql_database() {
    two_hubs_start_at_once(Kind::Postgres).await;
}

async fn a_hub_killed_at_any_moment(kind: Kind) {
    let (whole, took) = whole(kind).await;
    let (mut old, mut new) = (0, 0);
    // A machine that has become busier since takes longer: then until a kill came after the migration.
    for kill in 0..5 * KILLS {
        if kill >= KILLS && new > 0 {
            break;
        }
        let database = empty(kind).await;
        let mut hub = Hub::at(database.url.clone(), folder());
        hub.spawn();
        tokio::time::sleep(took * kill / KILLS).await;
        hub.kill().await;
        settled(&database.url).await;
        let left = schema(&database.url).await;
        if left.is_empty() {
            old += 1;
        } else {
            let missing: Vec<_> = whole.iter().filter(|part| !left.contains(part)).collect();
            assert!(missing.is_empty(), "killed after {:?}: neither the old nor the new schema: {missing:?} missing", took * kill / KILLS);
            new += 1;
        }
        hub.start().await;
        assert_eq!(schema(&database.url).await, whole);
        hub.terminate().await;
    }
    eprintln!("{kind:?}: killed {} times, {KILLS} of them within {took:?}: {old} times the old schema, {new} times the new one", old + new);
    assert!(old > 0 && new > 0, "kills came on both sides of the migration: {old}, {new}");
}

/// Waits until PostgreSQL has ended what a killed hub began.
async fn settled(url: &str) {
    const OTHERS: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    if !url.starts_with("postgres") {
        return;
    }
    let mut conn = PgConnection::connect(url).await.expect("a second connection");
    let end = Instant::now() + PATIENCE;
    while sqlx::query_scalar::<_, i64>(OTHERS).fetch_one(&mut conn).await.expect("a count") > 0 {
        assert!(Instant::now() < end, "connections of a killed hub stay");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_killed_while_it_makes_sqlites_schema_leaves_the_old_or_the_new() {
    a_hub_killed_at_any_moment(Kind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_killed_while_it_makes_postgresqls_schema_leaves_the_old_or_the_new() {
    a_hub_killed_at_any_moment(Kind::Postgres).await;
}

/// The same for certain: a table of a later migration is in the way, so that the hub is half way when it is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_killed_between_two_migrations_leaves_nothing_behind() {
    const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let database = empty(Kind::Postgres).await;
    let mut conn = PgConnection::connect(&database.url).await.expect("a connection in the way");
    let mut hub = Hub::at(database.url.clone(), folder());
    let mut in_the_way = conn.begin().await.expect("a transaction");
    sqlx::query("CREATE TABLE indicators (id BIGINT)").execute(&mut *in_the_way).await.expect("a table in the way");
    hub.spawn();
    let end = Instant::now() + PATIENCE;
    let mut beside = PgConnection::connect(&database.url).await.expect("a connection beside");
    while sqlx::query_scalar::<_, i64>(WAITING).fetch_one(&mut beside).await.expect("a count") == 0 {
        assert!(Instant::now() < end, "the hub does not wait: {}", hub.log());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    hub.kill().await;
    in_the_way.rollback().await.expect("out of the way");
    drop((conn, beside));
    settled(&database.url).await;
    assert_eq!(schema(&database.url).await, Vec::<String>::new(), "half a schema is left");
    hub.start().await;
    hub.terminate().await;
    assert_eq!(schema(&database.url).await, whole(Kind::Postgres).await.0);
}
