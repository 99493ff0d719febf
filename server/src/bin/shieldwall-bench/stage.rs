//! A seeded database with the hubs that serve it.

use crate::{
    data::{self, Alliance, Plan},
    database::{Database, System},
    hub::Hub,
};
use std::{path::Path, time::Duration};

/// What one part of the benchmark measures. Each part that changes much has one of its own.
pub struct Stage<'s> {
    pub plan: Plan,
    pub alliance: Alliance,
    /// One or more, all on the same database.
    pub hubs: Vec<Hub>,
    system: &'s System,
    database: Database,
}

impl<'s> Stage<'s> {
    /// Makes and seeds a database, and starts so many hubs on it.
    pub async fn prepare(server: &Path, system: &'s System, plan: Plan, nodes: usize, clients: usize) -> anyhow::Result<Self> {
        let database = system.create(format!("alliance_{}_{}", plan.organisations, plan.samples)).await?;
        let alliance = data::create(&database.url, &plan, clients).await?;
        let mut hubs = vec![];
        for node in 0..nodes {
            hubs.push(Hub::start(server, &database.url, database.folder.join(format!("hub-{node}.log"))).await?);
        }
        let stage = Self { plan, hubs, system, database, alliance };
        if plan.samples > 0 {
            data::push_records(stage.first(), &stage.alliance).await?;
        }
        Ok(stage)
    }

    /// The hub for what one browser does.
    pub fn first(&self) -> &Hub {
        &self.hubs[0]
    }

    /// Waits until what the seeding and the start left to do is done.
    pub async fn rest(&self) -> anyhow::Result<()> {
        for hub in &self.hubs {
            hub.rest().await;
        }
        self.system.tidy(&self.database).await
    }

    /// The processor time that all hubs together have used.
    pub fn busy(&self) -> Duration {
        self.hubs.iter().map(Hub::busy).sum()
    }

    /// The processor time that the database's own processes have used.
    pub fn database_busy(&self) -> Duration {
        self.system.busy()
    }

    /// The memory that all hubs together hold, in bytes.
    pub fn memory(&self) -> u64 {
        self.hubs.iter().map(Hub::memory).sum()
    }

    /// The most memory that each hub has held since its start, in bytes.
    pub fn peaks(&self) -> Vec<u64> {
        self.hubs.iter().map(Hub::peak).collect()
    }

    /// What the figures belong to: `SQLite`, `PostgreSQL, 2 nodes`.
    pub fn name(&self) -> String {
        match self.hubs.len() {
            1 => self.system.name().to_owned(),
            nodes => format!("{}, {nodes} nodes", self.system.name()),
        }
    }

    /// Stops the hubs and removes their database.
    pub async fn end(self) -> anyhow::Result<()> {
        for hub in self.hubs {
            hub.stop().await?;
        }
        self.system.remove(self.database).await
    }
}
