//! Opening the database, and the one place that knows which databases there are.

use crate::StoreError;
use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions},
};
use std::{path::Path, str::FromStr, time::Duration};

/// The readers of whichever database is in use.
pub(crate) enum Db {
    Sqlite(SqlitePool),
}

/// The writer's connection of whichever database is in use.
pub(crate) enum Conn {
    Sqlite(SqliteConnection),
}

/// Expands an expression once per database, with a pool bound to the name.
macro_rules! on_pool {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::db::Db::Sqlite($pool) => $body,
        }
    };
}

/// Expands an expression once per database, with a `&mut` connection bound to the name.
macro_rules! on_conn {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            $crate::db::Conn::Sqlite($c) => $body,
        }
    };
}

pub(crate) use {on_conn, on_pool};

/// Where the database is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite://path/to/file.db`
    pub url: String,
    /// Connections for reading.
    pub readers: u32,
}

/// How every connection to SQLite is set up.
pub(crate) const PRAGMAS: [(&str, &str); 8] = [
    ("journal_mode", "wal"),
    // WAL with NORMAL does not sync on commit; an acknowledgement promises that it did.
    ("synchronous", "full"),
    ("foreign_keys", "on"),
    ("busy_timeout", "10000"),
    ("cache_size", "-65536"),
    ("temp_store", "memory"),
    ("mmap_size", "268435456"),
    ("wal_autocheckpoint", "4000"),
];

pub(crate) async fn open(settings: &Settings) -> Result<(Db, Conn), StoreError> {
    let options = SqliteConnectOptions::from_str(&settings.url)?.create_if_missing(true).statement_cache_capacity(256);
    let options = PRAGMAS.into_iter().fold(options, |options, (name, value)| options.pragma(name, value));
    let file = options.get_filename().to_owned();
    if let Some(folder) = file.parent().filter(|f| !f.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| StoreError::Database(sqlx::Error::Io(e)))?;
    }
    let mut writer = {
        let _lock = lock_beside(&file).await?;
        let mut conn = options.clone().connect().await?;
        sqlx::migrate!("migrations/sqlite").run(&mut conn).await?;
        conn
    };
    sqlx::query("PRAGMA optimize").execute(&mut writer).await?;
    let pool = SqlitePoolOptions::new().max_connections(settings.readers).acquire_timeout(Duration::from_secs(5)).connect_with(options.read_only(true)).await?;
    Ok((Db::Sqlite(pool), Conn::Sqlite(writer)))
}

/// SQLite's migrator takes no lock of its own, so two processes that start at once would both migrate.
async fn lock_beside(file: &Path) -> Result<std::fs::File, StoreError> {
    let path = file.with_extension("lock");
    tokio::task::spawn_blocking(move || {
        let lock = std::fs::File::create(path)?;
        lock.lock()?;
        Ok(lock)
    })
    .await
    .map_err(|e| StoreError::Internal(e.to_string()))?
    .map_err(|e: std::io::Error| StoreError::Database(sqlx::Error::Io(e)))
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

/// Splits rows into pieces of few different lengths, so that the prepared statements stay few. Pushes of 100 items, the
/// usual size, need one.
pub(crate) fn pieces<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    const SIZES: [usize; 5] = [500, 100, 25, 5, 1];
    std::iter::from_fn(move || {
        let size = SIZES.into_iter().find(|s| *s <= rows.len())?;
        let (piece, rest) = rows.split_at(size);
        rows = rest;
        Some(piece)
    })
}
