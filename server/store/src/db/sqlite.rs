//! Opening SQLite: a pool of readers and one writing connection.

use super::{Conn, Db, Opened, Reconnect, Settings};
use crate::{StoreError, private};
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use std::{path::Path, str::FromStr, time::Duration};

/// How every connection to SQLite is set up.
const PRAGMAS: [(&str, &str); 8] = [
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

/// How to connect to the file of a URL.
pub(crate) fn options(url: &str) -> Result<SqliteConnectOptions, StoreError> {
    let options = SqliteConnectOptions::from_str(url)?.create_if_missing(true).statement_cache_capacity(256);
    Ok(PRAGMAS.into_iter().fold(options, |options, (name, value)| options.pragma(name, value)))
}

/// A connection to a file whose schema was brought up to date.
pub(crate) async fn migrated(options: &SqliteConnectOptions) -> Result<SqliteConnection, StoreError> {
    let file = options.get_filename();
    only_ours(file).map_err(|e| StoreError::Database(sqlx::Error::Io(e)))?;
    let _lock = lock_beside(file).await?;
    let mut conn = options.clone().connect().await?;
    // Wholly or not at all.
    let mut whole = conn.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::migrate!("migrations/sqlite").run(&mut *whole).await?;
    whole.commit().await?;
    Ok(conn)
}

/// SQLite gives what it makes beside the database the database's own mode, so that must be right before it is opened.
fn only_ours(file: &Path) -> std::io::Result<()> {
    // One that is in memory has no file.
    if file.as_os_str().is_empty() || file.to_string_lossy().starts_with(':') || file.to_string_lossy().starts_with("file:") {
        return Ok(());
    }
    private::make_folder_of(file)?;
    private::keep(file)?;
    ["-wal", "-shm"].into_iter().try_for_each(|beside| {
        let mut name = file.as_os_str().to_owned();
        name.push(beside);
        private::narrow(Path::new(&name))
    })
}

pub(super) async fn open(settings: &Settings) -> Result<Opened, StoreError> {
    let options = options(&settings.url)?;
    let mut writer = migrated(&options).await?;
    sqlx::query("PRAGMA optimize").execute(&mut writer).await?;
    let options = options.read_only(true);
    // A file goes through all of a table once: what it has read is of no more use to it.
    let (few, frugal) = (SqlitePoolOptions::new().max_connections(3).acquire_timeout(Duration::from_secs(60)), options.clone());
    let files = few.connect_lazy_with(frugal.pragma("cache_size", "-4096").pragma("mmap_size", "0"));
    let pool = SqlitePoolOptions::new().max_connections(settings.readers).acquire_timeout(Duration::from_secs(5)).connect_with(options).await?;
    Ok(Opened { db: Db::Sqlite(pool), files: Db::Sqlite(files), conns: vec![Conn::Sqlite(writer)], reconnect: Reconnect::Sqlite })
}

/// SQLite's migrator takes no lock of its own, so two processes that start at once would both migrate.
async fn lock_beside(file: &Path) -> Result<std::fs::File, StoreError> {
    let path = file.with_extension("lock");
    tokio::task::spawn_blocking(move || {
        private::keep(&path)?;
        let lock = std::fs::OpenOptions::new().write(true).open(path)?;
        lock.lock()?;
        Ok(lock)
    })
    .await
    .map_err(|e| StoreError::Internal(e.to_string()))?
    .map_err(|e: std::io::Error| StoreError::Database(sqlx::Error::Io(e)))
}
