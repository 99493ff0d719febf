//! The command line: what the program can be told to do, and the options that its commands share.
//!
//! Options of a running hub have an environment variable too; `--help` names it. To add a command: a variant of [`Command`]
//! and a file under `cli/` with its arguments and a `run`.

mod admin;
mod audit;
mod backup;
mod batches;
pub(crate) mod client;
mod decisions;
mod demo;
pub(crate) mod hashes;
mod hub_key;
pub mod import;
pub mod items;
mod logging;
mod migrate_database;
mod oidc;
mod options;
mod push;
mod serve;
mod sharing;

pub use options::{HubOptions, parse_duration};

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A security dashboard that partner organisations share.
#[derive(Debug, Parser)]
#[command(name = "shieldwall", version, about, max_term_width = 110)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Runs the hub.
    Serve(serve::Args),
    /// Runs a hub with a fictional alliance: two years of history and partners that keep pushing.
    Demo(demo::Args),
    /// Organisations, people and API keys.
    Admin(admin::Args),
    /// The audit trail: lists it, finds what was tampered with.
    Audit(audit::Args),
    /// Loads a folder of CSV files: organisations, metrics, incidents.
    Import(import::Args),
    /// Pushes a file to a hub, as a partner.
    Push(push::Args),
    /// Copies a SQLite database into one new file, encrypted if you like; the hub may run meanwhile.
    Backup(backup::BackupArgs),
    /// Makes a SQLite database from a backup; overwrites none.
    Restore(backup::RestoreArgs),
    /// Moves an alliance from SQLite to PostgreSQL, or back: all of it or nothing, compared row by row.
    MigrateDatabase(migrate_database::Args),
    /// Prints the push API's description (OpenAPI 3.1, JSON).
    Openapi,
}

/// Runs the command given on the command line. Exit code 1: it failed, or something was refused.
pub async fn run() -> ExitCode {
    // Whatever this program makes, in whatever way, is its owner's only.
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    let cli = Cli::parse();
    logging::start(matches!(cli.command, Command::Push(_)));
    // Fails only when a provider is there already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let done = match cli.command {
        Command::Serve(args) => serve::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Admin(args) => admin::run(args).await,
        Command::Audit(args) => audit::run(args).await,
        Command::Import(args) => import::run(args).await,
        Command::Push(args) => push::run(args).await,
        Command::Backup(args) => backup::back_up(&args),
        Command::Restore(args) => backup::restore(&args),
        Command::MigrateDatabase(args) => migrate_database::run(args).await,
        Command::Openapi => print(&crate::api::openapi("/")),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("shieldwall: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Prints a line of result. Unlike `println!` it does not panic when the reader (`head`, say) has gone.
fn print(line: &str) -> anyhow::Result<ExitCode> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{line}").and_then(|()| out.flush()) {
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        done => done.map(|()| ExitCode::SUCCESS).map_err(Into::into),
    }
}

/// Refuses a database file that is not there, where opening it would make an empty one and answer from that.
fn must_exist(url: &str) -> anyhow::Result<()> {
    match store::file_of(url)? {
        Some(file) if !file.exists() => {
            anyhow::bail!("there is no database {}; --database or DATABASE_URL names another (the demo's is sqlite://data/demo.db)", file.display())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_secret_can_be_given_as_an_argument() {
        assert!(Cli::try_parse_from(["shieldwall", "push", "metrics", "x.csv", "--key", "swk_x"]).is_err());
    }
}
