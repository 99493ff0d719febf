//! All parts on one database system, each database used for as many of them as fit.

use crate::{
    ALLIANCES, SMALL, alliance, batches,
    data::Plan,
    database::System,
    disk, flood, load,
    options::{Options, Part},
    pages,
    report::Report,
    rows, sections,
    stage::{self, Setup, Stage},
    streams,
};
use std::{path::Path, time::Instant};

/// The parts on one database system.
pub struct Run<'r> {
    pub options: &'r Options,
    pub setup: Setup<'r>,
    /// Pushes a second that are only parsed.
    pub parsing: Option<f64>,
    pub report: &'r mut Report,
    /// When the whole run began.
    pub began: Instant,
}

/// Times that two databases take turns at being pushed to.
const TURNS: u32 = 2;

impl<'r> Run<'r> {
    /// Runs the parts that are wanted.
    pub async fn measure(&mut self, folder: &Path) -> anyhow::Result<()> {
        let raw = self.rows(folder).await?;
        if self.options.wants_any(&[Part::Flood, Part::Pushes, Part::Batches]) {
            self.small_alliance(&raw).await?;
        }
        if self.options.wants(Part::Disk) {
            let stage = self.prepare(Plan::new(disk::ORGANISATIONS, 0)).await?;
            let figures = disk::run(&stage, self.options.pushed(), self.setup.clients).await?;
            sections::disk(self.report, &figures, &stage);
            stage.end().await?;
        }
        if self.options.wants(Part::Pages) && !self.options.quick {
            let (small, large) = self.little_and_much(ALLIANCES[0]).await?;
            self.pages(&small, &large).await?;
            small.end().await?;
            large.end().await?;
        }
        if self.options.wants_any(&[Part::Pages, Part::Start, Part::Streams, Part::Viewers, Part::Pushes, Part::Hubs]) {
            self.large_alliance(&raw).await?;
        }
        if self.options.wants(Part::Alliance) {
            let mut stage = self.prepare(alliance::PLAN).await?;
            let figures = alliance::run(&mut stage, self.setup.clients, self.options.quick).await?;
            sections::alliance(self.report, &figures, &stage);
            stage.end().await?;
        }
        Ok(())
    }

    async fn prepare(&self, plan: Plan) -> anyhow::Result<Stage<'r>> {
        let seconds = self.began.elapsed().as_secs();
        eprintln!("· {seconds} s: {}, {} organisations, {} samples", self.setup.system.name(), plan.organisations, plan.samples);
        self.setup.prepare(plan).await
    }

    /// The same alliance with little and with much history, at rest.
    async fn little_and_much(&self, organisations: usize) -> anyhow::Result<(Stage<'r>, Stage<'r>)> {
        let small = self.prepare(Plan::new(organisations, SMALL)).await?;
        let large = self.prepare(Plan::new(organisations, self.options.large())).await?;
        stage::rest(&[&small, &large]).await?;
        Ok((small, large))
    }

    async fn rows(&mut self, folder: &Path) -> anyhow::Result<Vec<rows::Rate>> {
        if !self.options.wants(Part::Rows) {
            return Ok(vec![]);
        }
        let period = self.options.period() / 4;
        let raw = match self.setup.system {
            System::Sqlite { .. } => rows::sqlite(folder, period)?,
            System::Postgres { cluster, .. } => rows::postgres(cluster, period).await?,
        };
        sections::rows(self.report, self.setup.system.name(), &raw);
        Ok(raw)
    }

    async fn small_alliance(&mut self, raw: &[rows::Rate]) -> anyhow::Result<()> {
        let options = self.options;
        let stage = self.prepare(Plan::new(ALLIANCES[0], SMALL)).await?;
        stage.rest().await?;
        if options.wants(Part::Flood) {
            let offered = if options.quick { 2_000 } else { 20_000 };
            sections::flood(self.report, &flood::run(&stage, offered, options.period()).await?, &stage);
        }
        if options.wants(Part::Batches) {
            sections::batches(self.report, &batches::run(&stage, if options.quick { 5 } else { 20 }).await?, &stage);
        }
        if options.wants(Part::Pushes) {
            load::round(&stage, self.setup.clients, crate::body::ITEMS).await?;
            let figures = load::run(&stage, self.setup.clients, options.period()).await?;
            sections::pushes(self.report, Part::Pushes, &figures, &stage, self.setup.clients, (raw, self.parsing));
        }
        stage.end().await
    }

    async fn large_alliance(&mut self, raw: &[rows::Rate]) -> anyhow::Result<()> {
        let (options, period) = (self.options, self.options.period());
        // What streams and two hubs are measured on needs no history.
        if !options.wants_any(&[Part::Pages, Part::Start, Part::Pushes]) {
            let small = self.prepare(Plan::new(ALLIANCES[1], SMALL)).await?;
            small.rest().await?;
            self.streams(&small).await?;
            return self.two_hubs(small).await;
        }
        let (small, mut large) = self.little_and_much(ALLIANCES[1]).await?;
        if options.wants(Part::Pages) {
            self.pages(&small, &large).await?;
        }
        if options.wants(Part::Start) {
            large.restart().await?;
            let figures = (large.first().started_in, pages::first(&large).await?);
            sections::start(self.report, figures, &large);
        }
        if options.wants_any(&[Part::Streams, Part::Viewers]) {
            // While the live view makes history again, it tells nobody of pushes.
            small.rest().await?;
        }
        self.streams(&small).await?;
        if options.wants(Part::Pushes) {
            stage::rest(&[&small, &large]).await?;
            for stage in [&small, &large] {
                load::round(stage, self.setup.clients, crate::body::ITEMS).await?;
            }
            let (mut of_small, mut of_large) = (None, None);
            for _ in 0..TURNS {
                for (stage, all) in [(&small, &mut of_small), (&large, &mut of_large)] {
                    let figures = load::run(stage, self.setup.clients, period / TURNS).await?;
                    *all = Some(match all.take() {
                        Some(before) => figures.and(before)?,
                        None => figures,
                    });
                }
            }
            if let (Some(of_small), Some(of_large)) = (of_small, of_large) {
                for (stage, figures) in [(&small, &of_small), (&large, &of_large)] {
                    sections::pushes(self.report, Part::Pushes, figures, stage, self.setup.clients, (raw, self.parsing));
                }
                let growth = of_small.pushes_per_second() / of_large.pushes_per_second();
                sections::ratio(self.report, Part::Pushes, "Pushes with little history against those with much", "growth", &large, growth);
            }
        }
        large.end().await?;
        self.two_hubs(small).await
    }

    /// Pages with little and with much history.
    async fn pages(&mut self, small: &Stage<'_>, large: &Stage<'_>) -> anyhow::Result<()> {
        let (stages, names) = ([small, large], [pages::OVERVIEW, pages::ORGANISATION]);
        let figures = pages::run(&stages, &names, crate::body::ITEMS, self.options.quick).await?;
        for (stage, pages) in stages.into_iter().zip(&figures) {
            sections::pages(self.report, pages, stage);
        }
        if let [of_small, of_large] = &figures[..] {
            sections::growth(self.report, large, of_small, of_large);
        }
        Ok(())
    }

    async fn streams(&mut self, stage: &Stage<'_>) -> anyhow::Result<()> {
        let options = self.options;
        let mut scenes = vec![];
        if options.wants(Part::Streams) {
            scenes.push((Part::Streams, streams::BUSY));
        }
        if options.wants(Part::Viewers) {
            // The first of them has no target.
            scenes.extend(streams::CROWDS.into_iter().skip(usize::from(options.quick)).map(|scene| (Part::Viewers, scene)));
        }
        let most = scenes.iter().map(|(_, scene)| scene.viewers).max().unwrap_or_default();
        let cookies = streams::sign_in(stage, most).await?;
        for (part, scene) in scenes {
            sections::streams(self.report, part, &streams::run(stage, options.period(), scene, &cookies).await?, stage);
        }
        Ok(())
    }

    /// What a second hub on the same database adds, which only PostgreSQL can have. Ends the stage.
    async fn two_hubs(&mut self, mut stage: Stage<'_>) -> anyhow::Result<()> {
        if self.options.wants(Part::Hubs) && matches!(self.setup.system, System::Postgres { .. }) && stage.hubs.len() == 1 {
            let (clients, period) = (self.setup.clients, self.options.period() / TURNS);
            load::round(&stage, clients, crate::body::ITEMS).await?;
            let one = load::run(&stage, clients, period).await?;
            stage.add_hub().await?;
            let two = load::run(&stage, clients, period).await?;
            sections::pushes(self.report, Part::Hubs, &two, &stage, clients, (&[], None));
            let share = two.pushes_per_second() / one.pushes_per_second();
            sections::ratio(self.report, Part::Hubs, "Two hubs on one PostgreSQL against one", "of_one_hub", &stage, share);
        }
        stage.end().await
    }
}
