//! `shieldwall backup` and `shieldwall restore`: a SQLite database into one file and back.

use super::{print, serve::DATABASE};
use anyhow::Context;
use std::{path::PathBuf, process::ExitCode};
use store::backup;

#[derive(clap::Args, Debug)]
pub struct Args {
    /// The backup; one file.
    file: PathBuf,
    /// The database.
    #[arg(long, env = "DATABASE_URL", default_value = DATABASE)]
    database: String,
}

/// Writes a backup. The hub may run.
pub fn back_up(args: &Args) -> anyhow::Result<ExitCode> {
    backup::back_up(&args.database, &args.file).with_context(|| format!("no backup of {}", args.database))?;
    print(&format!("{} is in {}", args.database, args.file.display()))
}

/// Makes a database from a backup. No hub may run on it yet: there must be none.
pub fn restore(args: &Args) -> anyhow::Result<ExitCode> {
    backup::restore(&args.database, &args.file).with_context(|| format!("{} was not restored", args.file.display()))?;
    print(&format!("{} is in {}", args.file.display(), args.database))
}
