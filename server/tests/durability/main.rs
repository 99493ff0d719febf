//! What was acknowledged is stored, exactly once, whatever happens to clients, processes and databases: the real program, killed and restarted
//! under load, alone on SQLite and as two nodes on PostgreSQL.
//!
//! `SHIELDWALL_OPERATIONS` (10000) and `SHIELDWALL_KILLS` (20) make the tests longer, on each database; `SHIELDWALL_SEED` draws others.

mod backup;
mod commands;
mod evidence;
mod hub;
mod idle;
mod load;
mod memory;
mod migrations;
mod modes;
mod moving;
mod nodes;
mod people;
mod postgres;
mod power;
mod stopping;
mod truth;

use hub::Hub;
use load::Load;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{env, sync::Arc, time::Duration};

/// A number from the environment.
fn number(name: &str, otherwise: usize) -> usize {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

fn seed() -> u64 {
    number("SHIELDWALL_SEED", 1) as u64
}

/// Clients push, repeat themselves and hang up; the hub is stopped and killed in between, six times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_once() {
    let operations = number("SHIELDWALL_OPERATIONS", 10_000);
    let mut hub = Hub::prepare(operations.div_ceil(250).max(32)).await;
    hub.start().await;
    let load = Arc::new(Load::new(&hub, seed(), Some(operations)));
    let clients = load.spawn(32);
    for part in 1..=6 {
        load.progress(operations * part / 7).await;
        if part % 2 == 0 {
            hub.terminate().await;
        } else {
            hub.kill().await;
        }
        hub.start().await;
    }
    for client in clients {
        client.await.expect("no client fails");
    }
    hub.terminate().await;
    let summary = truth::check(&truth::read(&hub.database).await, &load);
    eprintln!("{summary}");
    assert!(summary.acknowledged > operations * 9 / 10, "most operations are acknowledged in the end: {summary}");
    assert!(summary.repeated > operations / 10, "a fifth of the operations were repeated: {summary}");
}

/// Killed at a random moment, again and again; after each restart everything acknowledged until then is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9() {
    let kills = number("SHIELDWALL_KILLS", 20);
    let mut hub = Hub::prepare(32.max(kills)).await;
    let mut rng = StdRng::seed_from_u64(seed());
    hub.start().await;
    let load = Arc::new(Load::new(&hub, seed() + 1, None));
    let clients = load.spawn(16);
    for kill in 1..=kills {
        // Something is under way when the kill comes.
        let before = load.acknowledged().len();
        load.progress(before + 1).await;
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..300))).await;
        hub.kill().await;
        let acknowledged = load.acknowledged();
        hub.start().await;
        let lost = truth::read(&hub.database).await.lost(&acknowledged);
        assert!(lost.is_empty(), "kill {kill}: acknowledged and lost: {lost:?}");
    }
    load.stop();
    for client in clients {
        client.await.expect("no client fails");
    }
    hub.terminate().await;
    let summary = truth::check(&truth::read(&hub.database).await, &load);
    eprintln!("{kills} kills: {summary}");
    assert!(summary.acknowledged >= kills, "{summary}");
}
