//! The benchmark: how fast this hub takes pushes, tells open pages of them, and answers page requests, on this machine.
//!
//! It seeds databases of known size, SQLite's and those of a PostgreSQL that it starts for itself, runs the sibling binary `shieldwall serve` on
//! them as a process of its own, or as two, and asks it over loopback as partners and browsers do. Beside each rate stands what the machine
//! could do at all, measured in the same run. Nothing here is timed in tests: figures belong to a machine. Results go to standard output,
//! progress to standard error. To add a figure: a part in a file of its own, a variant of [`Part`], and a call in [`Run::measure`].

mod body;
mod cluster;
mod data;
mod database;
mod flood;
mod http;
mod hub;
mod load;
mod machine;
mod pages;
mod parsing;
mod report;
mod rows;
mod stage;
mod streams;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use data::Plan;
use database::{Choice, System};
use stage::Stage;
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

/// Measures a hub on this machine: pushes, streams, pages.
#[derive(Debug, Parser)]
#[command(name = "shieldwall-bench", version, max_term_width = 110)]
struct Options {
    /// A short run with little data, to see that everything works.
    #[arg(long)]
    quick: bool,
    /// Seconds that each rate is measured [default: 20, quick 3]
    #[arg(long)]
    seconds: Option<u64>,
    /// Samples in the large databases [default: 10000000, quick 100000]
    #[arg(long)]
    samples: Option<usize>,
    /// Clients that push at once.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=64))]
    clients: u16,
    /// What to measure; everything, where this is not given.
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// The databases to measure on [default: both, without PostgreSQL's programs SQLite]
    #[arg(long)]
    database: Option<Choice>,
    /// Hubs that share each PostgreSQL database.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    nodes: u8,
    /// The server to measure [default: `shieldwall` beside this program]
    #[arg(long)]
    server: Option<PathBuf>,
    /// Where the databases are made, and removed again; on the disk that matters [default: beside this program]
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// A bare axum handler that parses the same body and keeps nothing.
    Parsing,
    /// Pushes acknowledged.
    Pushes,
    /// Bare batch inserts into the same database.
    Rows,
    /// From a push to an event in a stream.
    Streams,
    /// The same with hundreds and thousands of viewers.
    Viewers,
    /// Time to first byte.
    Pages,
    /// Pages while strangers open more connections than there is room for.
    Flood,
}

impl Options {
    fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    fn period(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(if self.quick { 3 } else { 20 }).max(1))
    }

    fn large(&self) -> usize {
        self.samples.unwrap_or(if self.quick { 100_000 } else { 10_000_000 })
    }
}

/// Samples in the small databases.
const SMALL: usize = 10_000;
/// A small and a large alliance.
const ALLIANCES: [usize; 2] = [12, 500];

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let done = tokio::select! {
        done = run(&options) => done,
        // Dropping the run ends its server and removes its databases.
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shieldwall-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> anyhow::Result<()> {
    let own = std::env::current_exe().context("cannot find this program's own file")?;
    let beside = own.parent().unwrap_or(Path::new("."));
    let server = options.server.clone().unwrap_or_else(|| beside.join(format!("shieldwall{}", std::env::consts::EXE_SUFFIX)));
    anyhow::ensure!(server.is_file(), "there is no server at {} (--server names another)", server.display());
    let parent = options.folder.clone().unwrap_or_else(|| beside.to_path_buf());
    let folder = Folder::create(parent.join(format!("bench-{}", std::process::id())))?;
    report::machine(&machine::facts(&folder.0)?);
    if cfg!(debug_assertions) {
        println!("  a debug build: the figures say nothing about the product's speed");
    }
    anyhow::ensure!(options.nodes == 1 || options.database != Some(Choice::Sqlite), "a SQLite database has one node");
    let parsing = if options.wants(Part::Parsing) {
        let figures = parsing::run(usize::from(options.clients), options.period() / 4).await?;
        report::parsing(&figures, options.clients);
        Some(figures.pushes_per_second())
    } else {
        None
    };
    for choice in database::named(options.database)? {
        let system = if choice == Choice::Postgres { System::postgres(&folder.0).await? } else { System::sqlite(&folder.0) };
        report::system(&system);
        let nodes = if choice == Choice::Postgres { usize::from(options.nodes) } else { 1 };
        Run { options, server: &server, system: &system, nodes, parsing }.measure(&folder.0).await?;
        system.stop().await?;
    }
    Ok(())
}

/// All parts on one database system.
struct Run<'r> {
    options: &'r Options,
    server: &'r Path,
    system: &'r System,
    nodes: usize,
    /// Pushes a second that are only parsed.
    parsing: Option<f64>,
}

impl<'r> Run<'r> {
    /// Runs the parts that are wanted, each database used for as many of them as fit.
    async fn measure(&self, folder: &Path) -> anyhow::Result<()> {
        let (options, period) = (self.options, self.options.period());
        let mut raw = vec![];
        if options.wants(Part::Rows) {
            raw = match self.system {
                System::Sqlite { .. } => rows::sqlite(folder, period / 4)?,
                System::Postgres { cluster, .. } => rows::postgres(cluster, period / 4).await?,
            };
            report::rows(self.system.name(), &raw);
        }
        if options.wants(Part::Pushes) {
            let stage = self.prepare(Plan::new(ALLIANCES[0], 0)).await?;
            self.pushes(&stage, period, &raw).await?;
            stage.end().await?;
        }
        if options.wants(Part::Flood) {
            let stage = self.prepare(Plan::new(ALLIANCES[0], SMALL)).await?;
            stage.rest().await?;
            let offered = if options.quick { 2_000 } else { 20_000 };
            report::flood(&flood::run(&stage, offered, period).await?, &stage);
            stage.end().await?;
        }
        let mut first_bytes = vec![];
        for organisations in ALLIANCES {
            let last = organisations == ALLIANCES[1];
            let (streams, viewers) = (options.wants(Part::Streams) && last, options.wants(Part::Viewers) && last);
            if options.wants(Part::Pages) || streams || viewers {
                let small = self.prepare(Plan::new(organisations, SMALL)).await?;
                if options.wants(Part::Pages) {
                    let large = self.prepare(Plan::new(organisations, options.large())).await?;
                    first_bytes.push(self.pages(&small, &large).await?);
                    large.end().await?;
                }
                if streams || viewers {
                    // While the live view makes history again, it tells nobody of pushes.
                    small.rest().await?;
                }
                let scenes = [streams::BUSY].into_iter().filter(|_| streams).chain(streams::CROWDS.into_iter().filter(|_| viewers));
                for scene in scenes {
                    report::streams(&streams::run(&small, period, scene).await?, &small);
                }
                small.end().await?;
            }
            if options.wants(Part::Pushes) && last {
                let stage = self.prepare(Plan::new(organisations, options.large())).await?;
                stage.rest().await?;
                self.pushes(&stage, period / 2, &raw).await?;
                stage.end().await?;
            }
        }
        report::growth(self.system.name(), &first_bytes, options.large());
        Ok(())
    }

    async fn prepare(&self, plan: Plan) -> anyhow::Result<Stage<'r>> {
        Stage::prepare(self.server, self.system, plan, self.nodes, usize::from(self.options.clients)).await
    }

    /// Pushes acknowledged, after a round that makes the series.
    async fn pushes(&self, stage: &Stage<'_>, period: Duration, raw: &[rows::Rate]) -> anyhow::Result<()> {
        let clients = usize::from(self.options.clients);
        let round = load::first_round(stage, clients).await?;
        let figures = load::run(stage, clients, period).await?;
        report::pushes(&figures, &round, stage, clients);
        report::shares(&figures, raw, self.parsing);
        report::peaks(stage);
        Ok(())
    }

    /// Pages with little and with much history, measured in turn once all hubs are at rest.
    async fn pages(&self, small: &Stage<'_>, large: &Stage<'_>) -> anyhow::Result<(usize, Vec<pages::Page>, Vec<pages::Page>)> {
        let (mut both, stages) = (vec![], [small, large]);
        for stage in stages {
            stage.rest().await?;
        }
        let figures = pages::run(&stages, self.options.quick).await?;
        for (stage, pages) in stages.into_iter().zip(figures) {
            report::pages(&pages, stage);
            report::peaks(stage);
            both.push(pages);
        }
        let large = both.pop().unwrap_or_default();
        Ok((small.plan.organisations, both.pop().unwrap_or_default(), large))
    }
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
