//! Pushes of 1,000 indicators and of 1,000 events, one after the other: such that the hub has not met, and the same again. Two organisations take
//! turns, and half of what one reports the other has reported, so that overlaps are found.

use crate::{data, http::Connection, machine, stage::Stage};
use domain::{HOUR, Timestamp};
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use server::clock::Clock;
use std::time::Duration;

/// Items in a push: as many as may be.
const ITEMS: usize = 1_000;
/// What one organisation reports anew with each batch; the rest the other one has reported with its last.
const OWN: usize = ITEMS / 2;

/// What was measured of one kind.
pub struct Figures {
    /// As in `/api/v1/indicators`.
    pub kind: &'static str,
    /// Of what is new, and of the same again.
    pub new: Batches,
    pub again: Batches,
}

/// Some batches.
pub struct Batches {
    /// Microseconds of each.
    pub times: Histogram<u64>,
    pub took: Duration,
}

impl Batches {
    pub fn items_per_second(&self) -> f64 {
        (self.times.len() * ITEMS as u64) as f64 / self.took.as_secs_f64()
    }
}

/// Pushes so many batches of each kind.
pub async fn run(stage: &Stage<'_>, count: usize) -> anyhow::Result<Vec<Figures>> {
    let now = Clock::default().now();
    let mut all = vec![];
    for (kind, make) in [("indicators", indicators as fn(usize, Timestamp) -> Vec<Value>), ("events", events)] {
        let batches: Vec<_> = (0..count).map(|batch| make(batch, now)).collect();
        all.push(Figures { kind, new: push(stage, kind, &batches).await?, again: push(stage, kind, &batches).await? });
    }
    Ok(all)
}

async fn push(stage: &Stage<'_>, kind: &str, batches: &[Vec<Value>]) -> anyhow::Result<Batches> {
    let hub = stage.first();
    let mut connection = Connection::open(hub.address).await?;
    let mut pushed = Batches { times: machine::histogram()?, took: Duration::ZERO };
    for (n, items) in batches.iter().enumerate() {
        let (_, key) = &stage.alliance.keys[n % 2];
        let took = data::push_items(&mut connection, hub, key, kind, items).await?;
        pushed.times.record(machine::micros(took))?;
        pushed.took += took;
    }
    Ok(pushed)
}

fn indicators(batch: usize, now: Timestamp) -> Vec<Value> {
    const TLP: [&str; 3] = ["CLEAR", "GREEN", "AMBER"];
    let at = now.plus(-HOUR).rfc3339();
    let one = |n: usize| {
        let (kind, value) = if n.is_multiple_of(2) {
            ("domain-name", format!("host{n}.batch{}.example", n % 97))
        } else {
            ("ipv4-addr", format!("185.{}.{}.{}", (n >> 16) & 255, (n >> 8) & 255, n & 255))
        };
        json!({ "type": kind, "value": value, "tlp": TLP[n % 3], "first_seen": at, "last_seen": at })
    };
    (batch * OWN..batch * OWN + ITEMS).map(one).collect()
}

fn events(batch: usize, now: Timestamp) -> Vec<Value> {
    const SEVERITIES: [&str; 4] = ["low", "medium", "high", "medium"];
    let one = |n: usize| {
        let at = now.plus(-HOUR - (n % 3_600) as i64 * domain::SECOND).rfc3339();
        json!({
            "external_id": format!("EV-{n}"), "title": format!("Blocked connection {}", n % 50), "kind": "alert", "severity": SEVERITIES[n % 4], "tlp": "GREEN",
            "observed_at": at, "attributes": { "rule": format!("R-{}", n % 40), "count": n % 9 },
        })
    };
    // Of events nothing overlaps: each organisation has names of its own.
    (batch * ITEMS..(batch + 1) * ITEMS).map(one).collect()
}
