//! Backups of a SQLite database: one file, taken while the hub runs, checked before it is believed.

use crate::{
    StoreError,
    private::{self, Part},
};
use rusqlite::{Connection, OpenFlags};
use sqlx::sqlite::SqliteConnectOptions;
use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    str::FromStr,
};

/// Why there is no backup, or nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{0} exists already, and nothing is overwritten")]
    Exists(PathBuf),
    #[error("{0} is not a whole database of a hub: {1}")]
    NotWhole(PathBuf, String),
    #[error(transparent)]
    Database(#[from] rusqlite::Error),
    #[error(transparent)]
    File(#[from] io::Error),
    #[error(transparent)]
    Address(#[from] StoreError),
}

/// Copies the database at `url`, as it is at one moment, into a new file, which is on disk when this returns.
///
/// # Errors
/// Where the file exists, the database does not, or either fails; then there is no new file.
pub fn back_up(url: &str, file: &Path) -> Result<(), BackupError> {
    let from = path(url)?;
    free(file)?;
    let part = Part::beside(file);
    copy_of(&from, part.path())?;
    check(part.path())?;
    settle(part.path(), file)
}

/// Puts a backup in the place of the database at `url`, where none may be.
///
/// # Errors
/// Where there is a database already, the backup is not whole, or the disk fails; then there is no database.
pub fn restore(url: &str, file: &Path) -> Result<(), BackupError> {
    let to = path(url)?;
    // What an old database left beside it would be taken for the new one's.
    for beside in ["", "-wal", "-shm"] {
        free(&with(&to, beside))?;
    }
    private::make_folder_of(&to)?;
    let part = Part::beside(&to);
    io::copy(&mut File::open(file)?, &mut private::create(part.path())?)?;
    check(part.path())?;
    settle(part.path(), &to)
}

fn path(url: &str) -> Result<PathBuf, StoreError> {
    Ok(SqliteConnectOptions::from_str(url)?.get_filename().to_owned())
}

fn with(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn free(path: &Path) -> Result<(), BackupError> {
    if path.try_exists()? { Err(BackupError::Exists(path.to_owned())) } else { Ok(()) }
}

fn copy_of(from: &Path, part: &Path) -> Result<(), BackupError> {
    let conn = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    // An empty file is as good to SQLite as none, and has its mode already.
    private::create(part)?;
    conn.execute("VACUUM INTO ?", [part.to_string_lossy()])?;
    Ok(())
}

/// Reads all of a copy.
fn check(part: &Path) -> Result<(), BackupError> {
    let conn = Connection::open_with_flags(part, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    let not_whole = |why: String| BackupError::NotWhole(part.to_owned(), why);
    let verdict: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(|e| not_whole(e.to_string()))?;
    if verdict != "ok" {
        return Err(not_whole(verdict));
    }
    conn.query_row("SELECT count(*) FROM organisations", [], |_| Ok(())).map_err(|e| not_whole(e.to_string()))
}

/// Gives a whole copy its name. SQLite does not sync what it copies into. A link, unlike a renaming, overwrites nothing.
fn settle(part: &Path, file: &Path) -> Result<(), BackupError> {
    File::open(part)?.sync_all()?;
    fs::hard_link(part, file)?;
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(folder)?.sync_all()?)
}
