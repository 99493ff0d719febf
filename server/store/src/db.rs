//! The one place that knows which databases there are.

mod postgres;
mod rows;
mod scope;
mod sqlite;

pub(crate) use postgres::{Lane, OutboxRow, connection as postgres_connection, owner as postgres_owner};
pub(crate) use rows::{Rows, Table, execute_at_once, fetch_at_once};
pub(crate) use scope::Scope;
pub(crate) use sqlite::{migrated as sqlite_migrated, options as sqlite_options};

use crate::StoreError;
use sqlx::{AssertSqlSafe, PgPool, SqliteConnection, postgres::PgConnectOptions, sqlite::SqlitePool};
use std::{ops::Range, time::Duration};

/// A number for something that people meet by it. Random, because whoever makes two things with numbers in sequence learns how many others made in
/// between. Below 2^53, which every reader of JSON takes for the number it is.
pub(crate) fn random_number() -> i64 {
    rand::random_range(1..1 << 53)
}

/// The readers of whichever database is in use.
pub(crate) enum Db {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Db {
    /// The text of a statement where the two databases want different ones.
    pub(crate) fn pick(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }
}

/// A writing connection of whichever database is in use.
pub(crate) enum Conn {
    Sqlite(SqliteConnection),
    Postgres(Box<Lane>),
}

/// How to open a writing connection again that was lost. One to a file is not.
#[derive(Clone)]
pub(crate) enum Reconnect {
    Sqlite,
    Postgres(Box<PgConnectOptions>),
}

impl Reconnect {
    pub(crate) async fn connect(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Sqlite => Err(StoreError::Internal("the writing connection is gone".into())),
            Self::Postgres(options) => Ok(Conn::Postgres(Box::new(Lane::connect(options).await?))),
        }
    }
}

/// The longest that a read may take, the wait for a connection included: whoever asked has given up by then.
pub(crate) const READ: Duration = Duration::from_secs(10);

/// A read, or an error where it takes too long.
pub(crate) async fn in_time<T>(limit: Duration, read: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(limit, read).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// Runs a read in the scope of its handle, expanded once per database; the name is bound to what executes it. PostgreSQL takes the scope
/// with a transaction, which the connection's way back into the pool ends.
macro_rules! read {
    ($handle:expr, $c:ident => $body:expr) => {
        $crate::db::read_from!($handle.store.inner.db, $crate::db::READ, $handle, $c => $body)
    };
}

/// As [`read!`], from other connections and with more time.
macro_rules! read_from {
    ($db:expr, $limit:expr, $handle:expr, $c:ident => $body:expr) => {
        $crate::db::in_time($limit, async {
            match &$db {
                $crate::db::Db::Sqlite($c) => $body,
                $crate::db::Db::Postgres(pool) => match $handle.scope().begin(pool).await {
                    Ok(mut conn) => {
                        let $c = &mut *conn;
                        $body
                    }
                    Err(error) => Err(error),
                },
            }
        })
        .await
    };
}

/// Expands an expression once per database, with a `&mut` connection bound to the name.
macro_rules! on_conn {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($c) => $body,
            $crate::db::Conn::Postgres(lane) => {
                let $c = &mut lane.conn;
                $body
            }
        }
    };
}

/// As [`on_conn!`], for statements that write: says how many rows they touched.
macro_rules! execute {
    ($conn:expr, $c:ident => $body:expr) => {
        $crate::db::on_conn!($conn, $c => { $body }.map(|done| done.rows_affected()))
    };
}

pub(crate) use {execute, on_conn, read, read_from};

/// Where the database is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite://path/to/file.db` or `postgres://user:password@host/database`
    pub url: String,
    /// Connections for reading.
    pub readers: u32,
}

/// A database's URL as people may see it: without the password.
#[must_use]
pub fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let rest = rest.split('?').next().unwrap_or_default();
    let Some((user, host)) = rest.rsplit_once('@') else { return format!("{scheme}://{rest}") };
    format!("{scheme}://{}@{host}", user.split(':').next().unwrap_or_default())
}

/// The file of a SQLite URL; `None` for PostgreSQL's.
///
/// # Errors
/// When it cannot be read as a URL.
pub fn file_of(url: &str) -> Result<Option<std::path::PathBuf>, StoreError> {
    if is_postgres(url) { Ok(None) } else { Ok(Some(sqlite::options(url)?.get_filename().to_owned())) }
}

/// The opened database: readers, writing connections, and how to make one of these again.
pub(crate) struct Opened {
    pub db: Db,
    /// What long files are read through, so that they neither fill the others' caches nor take their connections.
    pub files: Db,
    pub conns: Vec<Conn>,
    pub reconnect: Reconnect,
}

pub(crate) async fn open(settings: &Settings) -> Result<Opened, StoreError> {
    if is_postgres(&settings.url) { postgres::open(settings).await } else { sqlite::open(settings).await }
}

/// Whether a URL is PostgreSQL's; the others are SQLite's.
pub(crate) fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres:") || url.starts_with("postgresql:")
}

/// `prefix (…), (…), … suffix` with placeholders for `rows` rows of `columns` columns.
///
/// SQLite looks up the name of a numbered placeholder in a list, one by one, so that binding hundreds of them takes longer than inserting
/// the rows; nameless ones cost nothing.
pub(crate) fn values_sql(prefix: &str, columns: usize, rows: usize, suffix: &str) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    let values = vec![row; rows].join(",");
    format!("{prefix} {values} {suffix}")
}

impl Conn {
    /// Sets the scope until another is set or the transaction ends, unless it is that already.
    pub(crate) async fn enter(&mut self, scope: Scope) -> Result<(), StoreError> {
        self.enter_with(scope.sql()).await
    }

    /// The same with the [statement](Scope::sql_of) that sets it.
    pub(crate) async fn enter_with(&mut self, sql: String) -> Result<(), StoreError> {
        if let Self::Postgres(lane) = self
            && lane.scope != sql
        {
            sqlx::raw_sql(AssertSqlSafe(&sql[..])).execute(&mut lane.conn).await?;
            lane.scope = sql;
        }
        Ok(())
    }

    /// The text of [`values_sql`] as this database wants it: PostgreSQL knows numbered placeholders only.
    pub(crate) fn placeholders(&self, sql: String) -> String {
        match self {
            Self::Sqlite(_) => sql,
            Self::Postgres(_) => {
                let mut parts = sql.split('?');
                let first = parts.next().unwrap_or_default().to_owned();
                parts.zip(1..).fold(first, |sql, (part, n)| sql + "$" + &n.to_string() + part)
            }
        }
    }
}

/// Splits so many rows into pieces of few different lengths, so that the prepared statements stay few. Pushes of 100 items, the
/// usual size, need one.
pub(crate) fn pieces(rows: usize) -> impl Iterator<Item = Range<usize>> {
    const SIZES: [usize; 5] = [500, 100, 25, 5, 1];
    let mut done = 0;
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|size| *size <= rows - done)?;
        done += size;
        Some(done - size..done)
    })
}
