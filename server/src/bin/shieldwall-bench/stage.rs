//! A seeded database with the hubs that serve it.

use crate::{
    data::{self, Alliance, Plan},
    database::{Database, System},
    hub::Hub,
    report::Scene,
};
use futures::future::{join_all, try_join_all};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};
use store::{Settings, Store};

/// How stages are made.
#[derive(Clone, Copy)]
pub struct Setup<'s> {
    /// The program `shieldwall`.
    pub server: &'s Path,
    pub system: &'s System,
    /// Hubs on each database.
    pub nodes: usize,
    /// Clients that will push.
    pub clients: usize,
    pub quick: bool,
}

/// What one part of the benchmark measures. Parts that change much come after those that need it as it was made.
pub struct Stage<'s> {
    pub plan: Plan,
    pub alliance: Alliance,
    /// One or more, all on the same database.
    pub hubs: Vec<Hub>,
    setup: Setup<'s>,
    database: Database,
}

impl<'s> Setup<'s> {
    /// Makes and seeds a database, and starts the hubs on it.
    pub async fn prepare(self, plan: Plan) -> anyhow::Result<Stage<'s>> {
        let database = self.system.create(format!("alliance_{}_{}", plan.organisations, plan.samples)).await?;
        let alliance = data::create(&database.url, &plan, self.clients).await?;
        let mut stage = Stage { plan, alliance, hubs: vec![], setup: self, database };
        for _ in 0..self.nodes {
            stage.add_hub().await?;
        }
        if plan.samples > 0 {
            data::push_records(stage.first(), &stage.alliance).await?;
        }
        Ok(stage)
    }
}

impl Stage<'_> {
    fn log(&self, node: usize) -> PathBuf {
        self.database.folder.join(format!("hub-{node}.log"))
    }

    /// Starts one more hub on the database.
    pub async fn add_hub(&mut self) -> anyhow::Result<()> {
        let hub = Hub::start(self.setup.server, &self.database.url, self.log(self.hubs.len())).await?;
        self.hubs.push(hub);
        Ok(())
    }

    /// Stops the first hub as an operator would, and starts it anew, at another port.
    pub async fn restart(&mut self) -> anyhow::Result<()> {
        self.hubs.remove(0).stop().await?;
        let hub = Hub::start(self.setup.server, &self.database.url, self.log(0)).await?;
        self.hubs.insert(0, hub);
        Ok(())
    }

    /// The hub for what one browser does.
    pub fn first(&self) -> &Hub {
        &self.hubs[0]
    }

    /// Waits until what the seeding and the start left to do is done.
    pub async fn rest(&self) -> anyhow::Result<()> {
        join_all(self.hubs.iter().map(|hub| hub.rest(self.setup.quick))).await;
        self.setup.system.tidy(&self.database).await
    }

    /// Folds what was pushed, as the hub itself does when the hour ends.
    pub async fn fold(&self) -> anyhow::Result<()> {
        let store = Store::open(&Settings { url: self.database.url.clone(), readers: 1 }).await?;
        store.hub().fold_all().await?;
        store.close().await;
        Ok(())
    }

    /// The bytes of each table on disk, indexes included, largest first.
    pub async fn sizes(&self) -> anyhow::Result<Vec<(String, i64)>> {
        self.setup.system.sizes(&self.database).await
    }

    /// The processor time that all hubs together have used.
    pub fn busy(&self) -> Duration {
        self.hubs.iter().map(Hub::busy).sum()
    }

    /// The processor time that the database's own processes have used.
    pub fn database_busy(&self) -> Duration {
        self.setup.system.busy()
    }

    /// The memory that all hubs together hold, in bytes.
    pub fn memory(&self) -> u64 {
        self.hubs.iter().map(Hub::memory).sum()
    }

    /// The most memory that each hub has held since its start, in bytes.
    pub fn peaks(&self) -> Vec<u64> {
        self.hubs.iter().map(Hub::peak).collect()
    }

    /// What the figures belong to: `SQLite`, `PostgreSQL, 2 hubs`.
    pub fn name(&self) -> String {
        match self.hubs.len() {
            1 => self.setup.system.name().to_owned(),
            hubs => format!("{}, {hubs} hubs", self.setup.system.name()),
        }
    }

    /// The same for programs.
    pub fn scene(&self) -> Scene {
        let Plan { organisations, samples } = self.plan;
        Scene {
            database: Some(self.setup.system.name()),
            hubs: Some(self.hubs.len()),
            organisations: Some(organisations),
            samples: Some(samples),
            ..Scene::ANY
        }
    }

    /// Stops the hubs and removes their database.
    pub async fn end(self) -> anyhow::Result<()> {
        for hub in self.hubs {
            hub.stop().await?;
        }
        self.setup.system.remove(self.database).await
    }
}

/// Waits for several stages at once.
pub async fn rest(stages: &[&Stage<'_>]) -> anyhow::Result<()> {
    try_join_all(stages.iter().map(|stage| stage.rest())).await.map(drop)
}
