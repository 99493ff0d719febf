//! The benchmark: how fast this hub takes pushes, tells open pages of them, and answers page requests, on this machine.
//!
//! It seeds databases of known size, SQLite's and those of a PostgreSQL that it starts for itself, runs the sibling binary `shieldwall serve` on
//! them as a process of its own, or as two, and asks it over loopback as partners and browsers do. Beside each rate stands what the machine
//! could do at all, measured in the same run, and at the end what was reached of [`targets`]. Nothing here is timed in tests: figures belong to a
//! machine. Results go to standard output, progress to standard error. To add a figure: a part in a file of its own, a variant of
//! [`options::Part`], its section of the report in [`sections`], a call in [`run::Run::measure`], and, for what is to be reached, a row of [`targets`] with the same
//! part and measure.

mod alliance;
mod batches;
mod body;
mod cluster;
mod data;
mod database;
mod disk;
mod failover;
mod flood;
mod http;
mod hub;
mod load;
mod machine;
mod options;
mod pages;
mod parsing;
mod report;
mod rows;
mod run;
mod sections;
mod stage;
mod streams;
mod targets;

use anyhow::Context;
use clap::Parser;
use database::{Choice, System};
use options::{Options, Part};
use report::Report;
use run::Run;
use stage::Setup;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

/// Samples in the small databases.
const SMALL: usize = 10_000;
/// A small and a large alliance.
const ALLIANCES: [usize; 2] = [12, 500];

fn main() -> ExitCode {
    let options = Options::parse();
    if options.wants(Part::Failover) {
        failover::network::enter();
    }
    match start(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shieldwall-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn start(options: &Options) -> anyhow::Result<()> {
    let began = Instant::now();
    let aside = options.json.as_deref().is_some_and(|file| file == Path::new("-"));
    let mut report = Report::new(aside);
    let done = tokio::select! {
        done = run(options, &mut report, began) => done,
        // Dropping the run ends its server and removes its databases.
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    // What was measured until then is not lost with a run that fails.
    report.verdict(began.elapsed());
    if let Some(file) = &options.json {
        let text = format!("{:#}\n", report.json(began.elapsed()));
        if aside {
            print!("{text}");
        } else {
            std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
        }
    }
    done
}

async fn run(options: &Options, report: &mut Report, began: Instant) -> anyhow::Result<()> {
    let own = std::env::current_exe().context("cannot find this program's own file")?;
    let beside = own.parent().unwrap_or(Path::new("."));
    let server = options.server.clone().unwrap_or_else(|| beside.join(format!("shieldwall{}", std::env::consts::EXE_SUFFIX)));
    anyhow::ensure!(server.is_file(), "there is no server at {} (--server names another)", server.display());
    anyhow::ensure!(options.nodes == 1 || options.database != Some(Choice::Sqlite), "a SQLite database has one node");
    let parent = options.folder.clone().unwrap_or_else(|| beside.to_path_buf());
    let folder = Folder::create(parent.join(format!("bench-{}", std::process::id())))?;
    report.machine(&machine::facts(&folder.0)?);
    let mut parsed = None;
    if options.wants(Part::Parsing) {
        let figures = parsing::run(usize::from(options.clients), options.period() / 4).await?;
        sections::parsing(report, &figures, options.clients);
        parsed = Some(figures.pushes_per_second());
    }
    let choices = if options.wants_databases() { database::named(options.database)? } else { vec![] };
    for choice in choices {
        let system = if choice == Choice::Postgres { System::postgres(&folder.0).await? } else { System::sqlite(&folder.0) };
        sections::system(report, &system);
        let nodes = if choice == Choice::Postgres { usize::from(options.nodes) } else { 1 };
        let setup = Setup { server: &server, system: &system, nodes, clients: usize::from(options.clients), quick: options.quick };
        Run { options, setup, parsing: parsed, report, began }.measure(&folder.0).await?;
        system.stop().await?;
    }
    if options.wants(Part::Failover) {
        failover::run(&server, &folder.0, report).await?;
    }
    Ok(())
}

/// A folder that goes with the run.
struct Folder(PathBuf);

impl Folder {
    fn create(path: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
