//! What to measure, and with how much of what.

use crate::database::Choice;
use clap::{Parser, ValueEnum};
use serde::Serialize;
use std::{path::PathBuf, time::Duration};

/// Measures a hub on this machine: pushes, streams, pages.
#[derive(Debug, Parser)]
#[command(name = "shieldwall-bench", version, max_term_width = 110)]
pub struct Options {
    /// A short run with little data, at most 6 minutes for both databases.
    #[arg(long)]
    pub quick: bool,
    /// Seconds that each rate is measured [default: 20, quick 3]
    #[arg(long)]
    seconds: Option<u64>,
    /// Samples in the large databases [default: 10000000, quick 100000]
    #[arg(long)]
    samples: Option<usize>,
    /// Clients that push at once.
    #[arg(long, default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub clients: u16,
    /// What to measure [default: everything but the failover]
    #[arg(long, value_delimiter = ',')]
    only: Vec<Part>,
    /// The databases to measure on [default: both, without PostgreSQL's programs SQLite]
    #[arg(long)]
    pub database: Option<Choice>,
    /// Hubs that share each PostgreSQL database.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=2))]
    pub nodes: u8,
    /// The server to measure [default: `shieldwall` beside this program]
    #[arg(long)]
    pub server: Option<PathBuf>,
    /// Where the databases are made, and removed again; on the disk that matters [default: beside this program]
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Writes all figures as JSON, too; `-` is standard output, and what people read then goes to standard error.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// A bare axum handler that parses the same body and keeps nothing.
    Parsing,
    /// Bare batch inserts into the same database.
    Rows,
    /// Pages while strangers open more connections than there is room for.
    Flood,
    /// Pushes acknowledged, with little and with much history.
    Pushes,
    /// Pushes acknowledged by two hubs on one PostgreSQL.
    Hubs,
    /// Pushes of 1,000 indicators and of 1,000 events.
    Batches,
    /// Bytes on disk after many pushes.
    Disk,
    /// Time to first byte.
    Pages,
    /// From a start to the first page, with much history.
    Start,
    /// From a push to an event in a stream.
    Streams,
    /// The same with hundreds and thousands of viewers.
    Viewers,
    /// An alliance of 5,000 organisations.
    Alliance,
    /// Two hubs on three PostgreSQL under Patroni whose primary is lost in three ways; only where it is named.
    Failover,
}

impl Options {
    pub fn wants(&self, part: Part) -> bool {
        self.only.contains(&part) || self.only.is_empty() && part != Part::Failover
    }

    pub fn wants_any(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| self.wants(*part))
    }

    /// Whether anything is measured that the choice of databases concerns.
    pub fn wants_databases(&self) -> bool {
        Part::value_variants().iter().any(|part| self.wants(*part) && !matches!(part, Part::Parsing | Part::Failover))
    }

    pub fn period(&self) -> Duration {
        Duration::from_secs(self.seconds.unwrap_or(if self.quick { 3 } else { 20 }).max(1))
    }

    /// Samples in the large databases.
    pub fn large(&self) -> usize {
        self.samples.unwrap_or(if self.quick { 100_000 } else { 10_000_000 })
    }

    /// Samples that are pushed to see what they take on disk.
    pub const fn pushed(&self) -> usize {
        if self.quick { 200_000 } else { 1_000_000 }
    }
}
