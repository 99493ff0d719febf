//! `shieldwall migrate-database`: an alliance from SQLite to PostgreSQL, or back.

use super::{print, push::progress};
use anyhow::Context;
use std::process::ExitCode;
use store::moving;

/// Digits of a checksum that are shown: enough for people to compare two runs by eye.
const DIGITS: usize = 16;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The database to move: sqlite://path or postgres://user@host/database. Its hub must be stopped.
    from: String,
    /// The empty database to move to, of the other kind. A password of PostgreSQL comes from PGPASSWORD or ~/.pgpass.
    to: String,
}

/// Moves everything and prints what arrived; fails with nothing moved.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let to = store::shown(&args.to);
    let bar = progress(0);
    let moved = moving::move_database(&args.from, &args.to, |p| {
        bar.set_length(p.total);
        bar.set_position(p.done);
        bar.set_message(p.table.to_owned());
    })
    .await;
    bar.finish_and_clear();
    let moved = moved.with_context(|| format!("nothing was moved from {} to {to}", store::shown(&args.from)))?;
    print(&format!("{:<20} {:>12}  {:<DIGITS$}", "table", "rows", "sha256, the same in both"))?;
    for one in &moved {
        print(&format!("{:<20} {:>12}  {:.DIGITS$}", one.table, one.rows, one.checksum))?;
    }
    print(&format!("{} rows moved, read back and compared; start the hub with DATABASE_URL={to}", moved.iter().map(|m| m.rows).sum::<u64>()))
}
