//! PostgreSQL as an end of a move. COPY would be quicker than INSERT, and does not work under row level security.

use super::{
    MoveError,
    catalogue::Table,
    cell::{Cell, Kind, Row},
};
use crate::db::{self, Scope};
use futures_util::{StreamExt, stream::BoxStream};
use sqlx::{AssertSqlSafe, PgConnection, Row as _, postgres::PgRow};
use uuid::Uuid;

pub(super) async fn open_target(url: &str) -> Result<PgConnection, MoveError> {
    const OTHERS: &str = "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'f') \
        AND to_regclass('public._sqlx_migrations') IS NULL ORDER BY 1";
    let mut conn = db::postgres_connection(url).await?;
    let others: Vec<String> = sqlx::query_scalar(OTHERS).fetch_all(&mut conn).await?;
    sqlx::Connection::close(conn).await?;
    if !others.is_empty() {
        return Err(MoveError::NotEmpty(db::shown(url), others.join(", ")));
    }
    Ok(db::postgres_owner(url).await?)
}

/// Begins a transaction that sees everything, with all tables locked before the moment that it sees.
pub(super) async fn begin(conn: &mut PgConnection, tables: &[Table], lock: &str) -> Result<(), MoveError> {
    let sql = format!("BEGIN ISOLATION LEVEL REPEATABLE READ; {}; LOCK TABLE {} IN {lock} MODE", Scope::Hub.sql(), all(tables));
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}

pub(super) async fn analyze(conn: &mut PgConnection, tables: &[Table]) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(format!("ANALYZE {}", all(tables)))).execute(conn).await.map(drop)
}

fn all(tables: &[Table]) -> String {
    tables.iter().map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ")
}

pub(super) fn rows<'s>(conn: &'s mut PgConnection, table: &'s Table) -> BoxStream<'s, Result<Row, sqlx::Error>> {
    let key = |place: &usize| {
        let column = &table.columns[*place];
        // Not as the database's language sorts, but as SQLite does.
        if column.kind == Kind::Text { format!("{} COLLATE \"C\"", column.name) } else { column.name.clone() }
    };
    let key: Vec<_> = table.key.iter().map(key).collect();
    let sql = format!("SELECT {} FROM {} ORDER BY {}", table.names(), table.name, key.join(", "));
    sqlx::query(AssertSqlSafe(sql)).fetch(conn).map(|row| decode(&row?, table)).boxed()
}

fn decode(row: &PgRow, table: &Table) -> Result<Row, sqlx::Error> {
    let cell = |(i, column): (usize, &super::catalogue::Column)| {
        Ok(match column.kind {
            Kind::Int => row.try_get::<Option<i64>, _>(i)?.map(Cell::Int),
            Kind::Bool => row.try_get::<Option<bool>, _>(i)?.map(|b| Cell::Int(b.into())),
            Kind::Real => row.try_get::<Option<f64>, _>(i)?.map(Cell::Real),
            Kind::Text => row.try_get::<Option<String>, _>(i)?.map(Cell::Text),
            Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(i)?.map(Cell::Bytes),
            Kind::Uuid => row.try_get::<Option<Uuid>, _>(i)?.map(|id| Cell::Bytes(id.as_bytes().to_vec())),
        }
        .unwrap_or(Cell::Null))
    };
    table.columns.iter().enumerate().map(cell).collect()
}

/// A column is one argument, whatever the number of rows.
pub(super) async fn insert(conn: &mut PgConnection, table: &Table, rows: &[Row]) -> Result<(), MoveError> {
    let array = |(i, column): (usize, &super::catalogue::Column)| {
        let of = match column.kind {
            Kind::Int => "bigint",
            Kind::Bool => "boolean",
            Kind::Real => "double precision",
            Kind::Text => "text",
            Kind::Bytes => "bytea",
            Kind::Uuid => "uuid",
        };
        format!("${}::{of}[]", i + 1)
    };
    let arrays: Vec<_> = table.columns.iter().enumerate().map(array).collect();
    let sql = format!("INSERT INTO {} ({}) SELECT * FROM UNNEST({})", table.name, table.names(), arrays.join(", "));
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for (i, column) in table.columns.iter().enumerate() {
        let cells = rows.iter().map(|row| &row[i]);
        query = match column.kind {
            Kind::Int => query.bind(cells.map(Cell::int).collect::<Vec<_>>()),
            Kind::Bool => query.bind(cells.map(|c| c.int().map(|n| n != 0)).collect::<Vec<_>>()),
            Kind::Real => query.bind(cells.map(Cell::real).collect::<Vec<_>>()),
            Kind::Text => query.bind(cells.map(|c| c.text().map(str::to_owned)).collect::<Vec<_>>()),
            Kind::Bytes => query.bind(cells.map(|c| c.bytes().map(<[u8]>::to_vec)).collect::<Vec<_>>()),
            Kind::Uuid => query.bind(cells.map(|c| c.bytes().and_then(|b| Uuid::from_slice(b).ok())).collect::<Vec<_>>()),
        };
    }
    query.execute(conn).await?;
    Ok(())
}

/// The column that the database numbers.
fn numbered(table: &Table) -> Option<&str> {
    table.columns.iter().find(|c| c.numbered).map(|c| c.name.as_str())
}

pub(super) async fn position(conn: &mut PgConnection, table: &Table) -> Result<i64, MoveError> {
    const SEQUENCE: &str = "SELECT pg_get_serial_sequence($1, $2)";
    let Some(column) = numbered(table) else { return Ok(0) };
    let sequence: String = sqlx::query_scalar(SEQUENCE).bind(&table.name).bind(column).fetch_one(&mut *conn).await?;
    // Before a sequence is used its `last_value` is what comes next.
    let sql = format!("SELECT last_value - (NOT is_called)::int FROM {sequence}");
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(conn).await?)
}

/// `ALTER TABLE` and not `setval`, which a rollback does not undo.
pub(super) async fn set_position(conn: &mut PgConnection, table: &Table, position: i64) -> Result<(), MoveError> {
    let Some(column) = numbered(table) else { return Ok(()) };
    let highest: i64 = sqlx::query_scalar(AssertSqlSafe(format!("SELECT coalesce(max({column}), 0) FROM {}", table.name))).fetch_one(&mut *conn).await?;
    let next = highest.max(position) + 1;
    let sql = format!("ALTER TABLE {} ALTER COLUMN {column} RESTART WITH {next}", table.name);
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await?;
    Ok(())
}
