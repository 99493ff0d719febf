//! SQLite as an end of a move.

use super::{
    MoveError,
    catalogue::Table,
    cell::{Cell, Kind, Row},
};
use crate::{StoreError, db};
use futures_util::{StreamExt, stream::BoxStream};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Row as _, SqliteConnection,
    sqlite::{SqliteLockingMode, SqliteRow},
};
use std::time::Duration;

/// How long to wait for whoever has the file open.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens the file for this connection alone: a hub that still runs on it would go on acknowledging pushes that are not moved.
pub(super) async fn open_source(url: &str) -> Result<SqliteConnection, MoveError> {
    let options = db::sqlite_options(url)?.create_if_missing(false).disable_statement_logging();
    if !options.get_filename().exists() {
        return Err(MoveError::Missing(db::shown(url)));
    }
    let in_use = |error| match error {
        StoreError::Busy => MoveError::InUse(db::shown(url)),
        error => MoveError::Store(error),
    };
    let alone = options.locking_mode(SqliteLockingMode::Exclusive).busy_timeout(PATIENCE).pragma("busy_timeout", PATIENCE.as_millis().to_string());
    db::sqlite_migrated(&alone).await.map_err(in_use)
}

pub(super) async fn open_target(url: &str) -> Result<SqliteConnection, MoveError> {
    const OTHERS: &str = "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') \
        AND NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations') ORDER BY name";
    let options = db::sqlite_options(url)?.disable_statement_logging();
    if options.get_filename().exists() {
        let mut conn = options.clone().read_only(true).connect().await?;
        let others: Vec<String> = sqlx::query_scalar(OTHERS).fetch_all(&mut conn).await?;
        sqlx::Connection::close(conn).await?;
        if !others.is_empty() {
            return Err(MoveError::NotEmpty(db::shown(url), others.join(", ")));
        }
    }
    Ok(db::sqlite_migrated(&options).await?)
}

pub(super) async fn begin(conn: &mut SqliteConnection) -> Result<(), MoveError> {
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(conn).await?;
    Ok(())
}

pub(super) fn rows<'s>(conn: &'s mut SqliteConnection, table: &'s Table) -> BoxStream<'s, Result<Row, sqlx::Error>> {
    let key: Vec<_> = table.key.iter().map(|place| table.columns[*place].name.as_str()).collect();
    let sql = format!("SELECT {} FROM {} ORDER BY {}", table.names(), table.name, key.join(", "));
    sqlx::query(AssertSqlSafe(sql)).fetch(conn).map(|row| decode(&row?, table)).boxed()
}

fn decode(row: &SqliteRow, table: &Table) -> Result<Row, sqlx::Error> {
    let cell = |(i, column): (usize, &super::catalogue::Column)| {
        Ok(match column.kind {
            Kind::Int | Kind::Bool => row.try_get::<Option<i64>, _>(i)?.map(Cell::Int),
            Kind::Real => row.try_get::<Option<f64>, _>(i)?.map(Cell::Real),
            Kind::Text => row.try_get::<Option<String>, _>(i)?.map(Cell::Text),
            Kind::Bytes | Kind::Uuid => row.try_get::<Option<Vec<u8>>, _>(i)?.map(Cell::Bytes),
        }
        .unwrap_or(Cell::Null))
    };
    table.columns.iter().enumerate().map(cell).collect()
}

pub(super) async fn insert(conn: &mut SqliteConnection, table: &Table, rows: &[Row]) -> Result<(), MoveError> {
    let places = vec!["?"; table.columns.len()].join(", ");
    let sql = format!("INSERT INTO {} ({}) VALUES ({places})", table.name, table.names());
    for row in rows {
        let mut query = sqlx::query(AssertSqlSafe(sql.clone()));
        for cell in row {
            query = match cell {
                Cell::Null => query.bind(None::<i64>),
                Cell::Int(n) => query.bind(*n),
                Cell::Real(x) => query.bind(*x),
                Cell::Text(text) => query.bind(text.clone()),
                Cell::Bytes(bytes) => query.bind(bytes.clone()),
            };
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// SQLite remembers the numbers of tables that say AUTOINCREMENT; the others go on after the highest that is there.
pub(super) async fn position(conn: &mut SqliteConnection, table: &Table) -> Result<i64, MoveError> {
    const POSITION: &str = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = $1";
    Ok(sqlx::query_scalar(POSITION).bind(&table.name).fetch_one(conn).await?)
}

pub(super) async fn set_position(conn: &mut SqliteConnection, table: &Table, position: i64) -> Result<(), MoveError> {
    const REMEMBERED: &str = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = $1 AND sql LIKE '%AUTOINCREMENT%'";
    const MOVE: &str = "UPDATE sqlite_sequence SET seq = max(seq, $2) WHERE name = $1";
    const BEGIN: &str = "INSERT INTO sqlite_sequence (name, seq) SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = $1)";
    let remembered: i64 = sqlx::query_scalar(REMEMBERED).bind(&table.name).fetch_one(&mut *conn).await?;
    if remembered > 0 {
        for sql in [MOVE, BEGIN] {
            sqlx::query(sql).bind(&table.name).bind(position).execute(&mut *conn).await?;
        }
    }
    Ok(())
}
