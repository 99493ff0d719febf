//! What samples take on disk once they were pushed as partners push them: hour by hour, 100 a push, into an alliance of 50 organisations, until the
//! hub has come to rest. Payloads do not count: what they take depends on the partner, and they go early.

use crate::{http::Connection, stage::Stage};
use anyhow::ensure;
use domain::{HOUR, MINUTE, Timestamp};
use server::clock::Clock;
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// Organisations that push.
pub const ORGANISATIONS: usize = 50;
/// Samples in a push.
const ITEMS: usize = 100;
/// The table that does not count.
const PAYLOADS: &str = "payloads";

/// What was measured.
pub struct Figures {
    pub samples: usize,
    /// Until the last one was acknowledged.
    pub took: Duration,
    /// Bytes of each table, less what it took when it was empty; largest first.
    pub tables: Vec<(String, i64)>,
}

impl Figures {
    /// Bytes a sample of a table.
    pub fn each(&self, bytes: i64) -> f64 {
        bytes as f64 / self.samples as f64
    }

    pub fn without_payloads(&self) -> f64 {
        self.each(self.tables.iter().filter(|(table, _)| table != PAYLOADS).map(|(_, bytes)| bytes).sum())
    }
}

/// Pushes so many samples.
pub async fn run(stage: &Stage<'_>, samples: usize, clients: usize) -> anyhow::Result<Figures> {
    stage.rest().await?;
    let before: BTreeMap<String, i64> = stage.sizes().await?.into_iter().collect();
    let hours = samples / ITEMS / ORGANISATIONS;
    let begin = Timestamp(Clock::default().now().hour() * HOUR).plus(-(hours as i64) * HOUR);
    let began = Instant::now();
    // Each client has organisations of its own, whose pushes so come in order.
    futures::future::try_join_all((0..clients.min(ORGANISATIONS)).map(|client| push(stage, (client..ORGANISATIONS).step_by(clients), begin, hours))).await?;
    let took = began.elapsed();
    stage.rest().await?;
    stage.fold().await?;
    let less = |(table, bytes): (String, i64)| {
        let bytes = bytes - before.get(&table).copied().unwrap_or_default();
        (table, bytes)
    };
    let mut tables: Vec<_> = stage.sizes().await?.into_iter().map(less).filter(|(_, bytes)| *bytes > 0).collect();
    tables.sort_by_key(|(_, bytes)| -bytes);
    Ok(Figures { samples: hours * ORGANISATIONS * ITEMS, took, tables })
}

async fn push(stage: &Stage<'_>, organisations: impl Iterator<Item = usize>, begin: Timestamp, hours: usize) -> anyhow::Result<()> {
    let hub = stage.first();
    let mut connection = Connection::open(hub.address).await?;
    let mut organisations: Vec<_> = organisations.map(|org| (org, stage.alliance.push_of(hub, org, ITEMS), stage.alliance.keys_of(org))).collect();
    for hour in 0..hours {
        for (org, push, keys) in &mut organisations {
            let at = begin.plus(hour as i64 * HOUR + (*org as i64 % 60) * MINUTE);
            let answer = connection.exchange(push.fresh(&keys[hour % keys.len()], (hour * ORGANISATIONS + *org) as u64, at)).await?;
            ensure!(answer.head.status == 200, "a push was refused: {}", String::from_utf8_lossy(&answer.body));
        }
    }
    Ok(())
}
