//! One end of a move, whichever database it is.

use super::{MoveError, catalogue::Table, cell::Row, postgres, sqlite};
use crate::db;
use futures_util::stream::BoxStream;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// A connection to either database, as the owner of what is in it.
pub(super) enum Side {
    Sqlite(SqliteConnection),
    Postgres(Box<PgConnection>),
}

impl Side {
    /// Opens a database that must be there, with this program's schema, and keeps others away from a SQLite file.
    pub(super) async fn open_source(url: &str) -> Result<Self, MoveError> {
        Ok(if db::is_postgres(url) { Self::Postgres(Box::new(db::postgres_owner(url).await?)) } else { Self::Sqlite(sqlite::open_source(url).await?) })
    }

    /// Opens a database in which nobody else keeps anything, and makes this program's schema.
    pub(super) async fn open_target(url: &str) -> Result<Self, MoveError> {
        Ok(if db::is_postgres(url) { Self::Postgres(Box::new(postgres::open_target(url).await?)) } else { Self::Sqlite(sqlite::open_target(url).await?) })
    }

    pub(super) fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Begins a transaction that sees one moment, and that nobody writes beside.
    pub(super) async fn begin_source(&mut self, tables: &[Table]) -> Result<(), MoveError> {
        match self {
            Self::Sqlite(conn) => sqlite::begin(conn).await,
            Self::Postgres(conn) => postgres::begin(conn, tables, "SHARE").await,
        }
    }

    /// Begins a transaction that nobody reads or writes beside.
    pub(super) async fn begin_target(&mut self, tables: &[Table]) -> Result<(), MoveError> {
        match self {
            Self::Sqlite(conn) => sqlite::begin(conn).await,
            Self::Postgres(conn) => postgres::begin(conn, tables, "ACCESS EXCLUSIVE").await,
        }
    }

    pub(super) async fn count(&mut self, table: &Table) -> Result<u64, MoveError> {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {}", table.name));
        let rows: i64 = match self {
            Self::Sqlite(conn) => sqlx::query_scalar(sql).fetch_one(conn).await?,
            Self::Postgres(conn) => sqlx::query_scalar(sql).fetch_one(&mut **conn).await?,
        };
        Ok(rows as u64)
    }

    /// All rows in the order of their key, byte by byte where it is text.
    pub(super) fn rows<'s>(&'s mut self, table: &'s Table) -> BoxStream<'s, Result<Row, sqlx::Error>> {
        match self {
            Self::Sqlite(conn) => sqlite::rows(conn, table),
            Self::Postgres(conn) => postgres::rows(conn, table),
        }
    }

    /// Writes rows.
    pub(super) async fn insert(&mut self, table: &Table, rows: &[Row]) -> Result<(), MoveError> {
        match self {
            Self::Sqlite(conn) => sqlite::insert(conn, table, rows).await,
            Self::Postgres(conn) => postgres::insert(conn, table, rows).await,
        }
    }

    /// The last number that the database gave out for a table's numbered column; 0 where it has not given one or does not remember.
    pub(super) async fn position(&mut self, table: &Table) -> Result<i64, MoveError> {
        match self {
            Self::Sqlite(conn) => sqlite::position(conn, table).await,
            Self::Postgres(conn) => postgres::position(conn, table).await,
        }
    }

    /// Goes on numbering after `position`, and after the highest number that is there.
    pub(super) async fn set_position(&mut self, table: &Table, position: i64) -> Result<(), MoveError> {
        match self {
            Self::Sqlite(conn) => sqlite::set_position(conn, table, position).await,
            Self::Postgres(conn) => postgres::set_position(conn, table, position).await,
        }
    }

    /// Keeps what was written.
    pub(super) async fn commit(&mut self) -> Result<(), MoveError> {
        match self {
            Self::Sqlite(conn) => sqlx::raw_sql("COMMIT").execute(conn).await.map(drop)?,
            Self::Postgres(conn) => sqlx::raw_sql("COMMIT").execute(&mut **conn).await.map(drop)?,
        }
        Ok(())
    }

    /// Tells the planner what rows there are; otherwise the first hours would be slow. Only a hint, so its failure is none of a move.
    pub(super) async fn analyze(&mut self, tables: &[Table]) {
        let done = match self {
            Self::Sqlite(conn) => sqlx::raw_sql("ANALYZE").execute(conn).await.map(drop),
            Self::Postgres(conn) => postgres::analyze(conn, tables).await,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the moved database was not analysed");
        }
    }

    pub(super) async fn close(self) -> Result<(), MoveError> {
        match self {
            Self::Sqlite(conn) => conn.close().await?,
            Self::Postgres(conn) => conn.close().await?,
        }
        Ok(())
    }
}
