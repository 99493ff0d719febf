//! Moving an alliance from one database to the other: every table, in one transaction on the new database, compared before it is kept.
//!
//! What there is to move is read from the two schemas, so a table or a column that a migration adds is moved without a word here; where the
//! two do not have the same, nothing is moved, and a test fails. A hub on the new database meets all of the alliance or nothing of it.

mod catalogue;
mod cell;
mod postgres;
mod side;
mod sqlite;

use crate::{StoreError, db};
use catalogue::Table;
use cell::{Cell, Digest};
use futures_util::TryStreamExt;
use side::Side;

/// Rows, and about as many bytes, that are written at once.
const CHUNK: (usize, usize) = (2_000, 4 << 20);

/// Why nothing was moved.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error("moves go from SQLite to PostgreSQL or back; for a copy on the same kind of database there are `shieldwall backup` and pg_dump")]
    SameKind,
    #[error("{0} does not exist")]
    Missing(String),
    #[error("{0} is in use: stop the hub that works on it first")]
    InUse(String),
    #[error("{0} is not empty and nothing is overwritten; it has {1}")]
    NotEmpty(String, String),
    #[error("the two schemas differ: {0}")]
    Schemas(String),
    #[error("{0} has text with a NUL character, which PostgreSQL cannot keep, in the row with the key {1}")]
    Nul(String, String),
    #[error("{0} is not the same after the move: {1} rows, checksum {2}, became {3} rows, checksum {4}")]
    Differs(String, u64, String, u64, String),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MoveError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A table that arrived whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    pub table: String,
    pub rows: u64,
    /// SHA-256, in hex, over the rows in the order of their key; the same on both databases.
    pub checksum: String,
}

/// How far a move is. Each row counts twice: written, and read back.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'t> {
    pub table: &'t str,
    pub done: u64,
    pub total: u64,
}

/// Moves everything in the database at the URL `from` into the empty one at `to`, and says for each table what arrived. `from` is brought up to
/// this program's schema and otherwise left as it was; nobody writes to it meanwhile.
///
/// # Errors
/// Whatever the reason, `to` then holds nothing of the alliance.
pub async fn move_database(from: &str, to: &str, mut progress: impl FnMut(Progress<'_>)) -> Result<Vec<Moved>, MoveError> {
    if db::is_postgres(from) == db::is_postgres(to) {
        return Err(MoveError::SameKind);
    }
    let mut source = Side::open_source(from).await?;
    let mut target = Side::open_target(to).await?;
    let tables = catalogue::tables(&mut source, &mut target).await?;
    source.begin_source(&tables).await?;
    target.begin_target(&tables).await?;
    refuse_rows(&mut target, &tables, to).await?;

    let mut total = 0;
    for table in &tables {
        total += 2 * source.count(table).await?;
    }
    let (mut done, mut moved) = (0, vec![]);
    for table in &tables {
        let mut step = |rows| {
            done += rows;
            progress(Progress { table: &table.name, done, total });
        };
        let sent = copy(&mut source, &mut target, table, &mut step).await?;
        let position = source.position(table).await?;
        target.set_position(table, position).await?;
        let arrived = digest(&mut target, table, &mut step).await?;
        if sent != arrived {
            return Err(MoveError::Differs(table.name.clone(), sent.rows, sent.checksum, arrived.rows, arrived.checksum));
        }
        moved.push(arrived);
    }
    target.commit().await?;
    target.analyze(&tables).await;
    target.close().await?;
    source.close().await?;
    Ok(moved)
}

/// Refuses a database that holds anything.
async fn refuse_rows(target: &mut Side, tables: &[Table], to: &str) -> Result<(), MoveError> {
    let mut held = vec![];
    for table in tables {
        match target.count(table).await? {
            0 => {}
            rows => held.push(format!("{rows} in {}", table.name)),
        }
    }
    if held.is_empty() { Ok(()) } else { Err(MoveError::NotEmpty(db::shown(to), format!("rows: {}", held.join(", ")))) }
}

async fn copy(source: &mut Side, target: &mut Side, table: &Table, step: &mut impl FnMut(u64)) -> Result<Moved, MoveError> {
    let (mut digest, mut chunk, mut bytes) = (Digest::default(), vec![], 0);
    let mut rows = source.rows(table);
    loop {
        let row = rows.try_next().await?;
        let last = row.is_none();
        if let Some(row) = row {
            if target.is_postgres() && row.iter().any(Cell::has_nul) {
                return Err(MoveError::Nul(table.name.clone(), table.key_of(&row)));
            }
            digest.add(&row);
            bytes += row.iter().map(Cell::size).sum::<usize>();
            chunk.push(row);
        }
        if !chunk.is_empty() && (last || chunk.len() >= CHUNK.0 || bytes >= CHUNK.1) {
            target.insert(table, &chunk).await?;
            step(chunk.len() as u64);
            chunk.clear();
            bytes = 0;
        }
        if last {
            return Ok(digest.of(table));
        }
    }
}

/// Reads a table back.
async fn digest(side: &mut Side, table: &Table, step: &mut impl FnMut(u64)) -> Result<Moved, MoveError> {
    let (mut digest, mut unsaid) = (Digest::default(), 0);
    let mut rows = side.rows(table);
    while let Some(row) = rows.try_next().await? {
        digest.add(&row);
        unsaid += 1;
        if unsaid == CHUNK.0 as u64 {
            step(std::mem::take(&mut unsaid));
        }
    }
    step(unsaid);
    Ok(digest.of(table))
}
