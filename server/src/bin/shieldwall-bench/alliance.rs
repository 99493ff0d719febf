//! An alliance as large as one hub is meant to hold: 5,000 organisations with 30 series each.

use crate::{data::Plan, load, load::Round, pages, pages::Page, stage::Stage};
use std::time::Duration;

/// Organisations, and the series of each.
pub const PLAN: Plan = Plan { organisations: 5_000, samples: 0 };
pub const SERIES: usize = 30;

/// What was measured.
pub struct Figures {
    /// Every organisation's first push, and its next.
    pub first: Round,
    pub second: Round,
    /// From a start to being ready.
    pub ready: Duration,
    /// Bytes of memory of the hub, after pages were shown.
    pub memory: u64,
    pub pages: Vec<Page>,
}

/// Measures it.
pub async fn run(stage: &mut Stage<'_>, clients: usize, quick: bool) -> anyhow::Result<Figures> {
    let first = load::round(stage, clients, SERIES).await?;
    let second = load::round(stage, clients, SERIES).await?;
    // What the pushes themselves took is not what the alliance takes.
    stage.restart().await?;
    let ready = stage.first().started_in;
    stage.rest().await?;
    let pages = pages::run(&[&*stage], &[pages::OVERVIEW], SERIES, quick).await?.pop().unwrap_or_default();
    Ok(Figures { first, second, ready, memory: stage.first().memory(), pages })
}
