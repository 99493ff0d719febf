//! The benchmark: how fast this hub takes pushes, tells open pages of them, and answers page requests, on this machine.
//!
//! It seeds databases of known size, runs the sibling binary `shieldwall serve` on them as a process of its own, and asks it
//! over loopback as partners and browsers do. Nothing here is timed in tests: figures belong to a machine. Results go to
//! standard output, progress to standard error. To add a figure: a stage in a file of its own, a variant of [`Stage`], and a
//! call in [`measure`].

mod body;
mod data;
mod http;
mod hub;
mod load;
mod machine;
mod pages;
mod parsing;
mod report;
mod rows;
mod streams;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use data::Plan;
use hub::Hub;
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
    only: Vec<Stage>,
    /// The server to measure [default: `shieldwall` beside this program]
    #[arg(long)]
    server: Option<PathBuf>,
    /// Where the databases are made, and removed again; on the disk that matters [default: beside this program]
    #[arg(long)]
    folder: Option<PathBuf>,
}

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Stage {
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
}

impl Options {
    fn wants(&self, stage: Stage) -> bool {
        self.only.is_empty() || self.only.contains(&stage)
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
    measure(options, &server, &folder).await
}

/// All stages, each database used for as many of them as fit.
async fn measure(options: &Options, server: &Path, folder: &Folder) -> anyhow::Result<()> {
    let period = options.period();
    let clients = usize::from(options.clients);
    if options.wants(Stage::Parsing) {
        report::parsing(&parsing::run(clients, period / 4).await?, clients);
    }
    if options.wants(Stage::Rows) {
        report::rows(&rows::run(&folder.0, period / 4)?);
    }
    if options.wants(Stage::Pushes) {
        let stage = prepare(server, folder, Plan::new(ALLIANCES[0], 0), options).await?;
        pushes(&stage, clients, period).await?;
        stage.end().await?;
    }
    let mut first_bytes = vec![];
    for organisations in ALLIANCES {
        let last = organisations == ALLIANCES[1];
        let (streams, viewers) = (options.wants(Stage::Streams) && last, options.wants(Stage::Viewers) && last);
        if options.wants(Stage::Pages) || streams || viewers {
            let small = prepare(server, folder, Plan::new(organisations, SMALL), options).await?;
            if options.wants(Stage::Pages) {
                let large = prepare(server, folder, Plan::new(organisations, options.large()), options).await?;
                first_bytes.push(pages(&small, &large, options.quick).await?);
                large.end().await?;
            }
            if streams {
                report::streams(&streams::run(&small.hub, &small.alliance, period, streams::BUSY).await?);
            }
            for scene in streams::CROWDS.into_iter().filter(|_| viewers) {
                report::streams(&streams::run(&small.hub, &small.alliance, period, scene).await?);
            }
            small.end().await?;
        }
        if options.wants(Stage::Pushes) && last {
            let stage = prepare(server, folder, Plan::new(organisations, options.large()), options).await?;
            stage.rest().await?;
            pushes(&stage, clients, period / 2).await?;
            stage.end().await?;
        }
    }
    report::growth(&first_bytes, options.large());
    Ok(())
}

/// Pushes acknowledged, after a round that makes the series.
async fn pushes(stage: &Prepared, clients: usize, period: Duration) -> anyhow::Result<()> {
    let round = load::first_round(&stage.hub, &stage.alliance, clients).await?;
    let figures = load::run(&stage.hub, &stage.alliance, clients, period).await?;
    report::pushes(&figures, &round, clients, &stage.plan);
    Ok(())
}

/// Pages with little and with much history, measured in turn once both hubs are at rest.
async fn pages(small: &Prepared, large: &Prepared, quick: bool) -> anyhow::Result<(usize, Vec<pages::Page>, Vec<pages::Page>)> {
    let (mut both, stages) = (vec![], [small, large]);
    for stage in stages {
        stage.rest().await?;
    }
    let figures = pages::run(&[(&small.hub, &small.alliance), (&large.hub, &large.alliance)], quick).await?;
    for (stage, pages) in stages.into_iter().zip(figures) {
        report::pages(&pages, &stage.plan, stage.alliance.loaded_per_second);
        both.push(pages);
    }
    let large = both.pop().unwrap_or_default();
    Ok((small.plan.organisations, both.pop().unwrap_or_default(), large))
}

/// A hub that serves a seeded database.
struct Prepared {
    plan: Plan,
    alliance: data::Alliance,
    hub: Hub,
    folder: PathBuf,
}

async fn prepare(server: &Path, folder: &Folder, plan: Plan, options: &Options) -> anyhow::Result<Prepared> {
    let folder = folder.0.join(format!("{}-{}", plan.organisations, plan.samples));
    std::fs::create_dir(&folder)?;
    let database = format!("sqlite://{}", folder.join("hub.db").display());
    let mut alliance = data::create(&database, &plan, usize::from(options.clients)).await?;
    let hub = Hub::start(server, &database, &folder).await?;
    if plan.samples > 0 {
        data::push_records(&hub, &mut alliance).await?;
    }
    Ok(Prepared { plan, alliance, hub, folder })
}

impl Prepared {
    /// Waits until what the seeding and the start left to do is done, and lies in the database's file and no longer in its log.
    async fn rest(&self) -> anyhow::Result<()> {
        self.hub.rest().await;
        let conn = rusqlite::Connection::open(self.folder.join("hub.db"))?;
        conn.busy_timeout(Duration::from_secs(10))?;
        let busy: bool = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        anyhow::ensure!(!busy, "the database's log cannot be emptied");
        Ok(())
    }

    /// Stops the hub and removes its database, which may be large.
    async fn end(self) -> anyhow::Result<()> {
        self.hub.stop().await?;
        std::fs::remove_dir_all(self.folder).context("the benchmark's database could not be removed")
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
