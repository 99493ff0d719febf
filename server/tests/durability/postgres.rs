//! The same with two nodes on one PostgreSQL, which crashes too.

use crate::{hub::Hub, load::Load, number, people, seed, truth};
use domain::Role;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sqlx::{Connection, PgConnection};
use std::{sync::Arc, time::Duration};
use testing::Postgres;

/// How long a hub may take to serve again once its database is back.
const HEALED: Duration = Duration::from_secs(10);

/// A PostgreSQL of the test's own, and two nodes on a database there, which nobody has started yet.
async fn two_nodes(keys: usize) -> (Postgres, [Hub; 2]) {
    let postgres = tokio::task::spawn_blocking(Postgres::start).await.expect("PostgreSQL starts");
    let first = Hub::prepare_at(postgres.empty(), keys).await;
    let second = first.another();
    (postgres, [first, second])
}

/// PostgreSQL stops at once, as in a crash, and starts again; the hubs go on without being started anew.
async fn crash(postgres: &Postgres, nodes: &[Hub]) {
    tokio::task::block_in_place(|| postgres.restart(|| {}));
    for node in nodes {
        node.ready(HEALED).await;
    }
}

/// Clients ask either node, and the other one where they are not answered; nodes are stopped and killed, and PostgreSQL crashes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exactly_once() {
    let operations = number("SHIELDWALL_OPERATIONS", 10_000);
    let (postgres, mut nodes) = two_nodes(operations.div_ceil(250).max(32)).await;
    people::add(&nodes[0], Role::Analyst).await;
    for node in &mut nodes {
        node.start().await;
    }
    let load = Arc::new(Load::on(&nodes, seed(), Some(operations)));
    let clients = load.spawn(32);
    for part in 1..=6 {
        load.progress(operations * part / 7).await;
        match part {
            1 => nodes[0].kill().await,
            2 | 5 => crash(&postgres, &nodes).await,
            3 => drop(nodes[1].terminate().await),
            4 => {
                for node in &mut nodes {
                    node.kill().await;
                }
            }
            _ => drop(nodes[0].terminate().await),
        }
        for node in &mut nodes {
            node.start_again().await;
        }
    }
    for client in clients {
        client.await.expect("no client fails");
    }
    let cookie = people::sign_in(&nodes[0]).await;
    people::see_the_same(&nodes, &cookie).await;
    for node in &mut nodes {
        node.terminate().await;
    }
    let summary = truth::check(&truth::read(&nodes[0].database).await, &load);
    eprintln!("two nodes: {summary}");
    assert!(summary.acknowledged > operations * 9 / 10, "most operations are acknowledged in the end: {summary}");
    assert!(summary.repeated > operations / 10, "a fifth of the operations were repeated: {summary}");
}

/// One of the nodes is killed at a random moment, again and again; everything acknowledged until then is there, and the other one goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9() {
    const DEADLOCKS: &str = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let kills = number("SHIELDWALL_KILLS", 20);
    let (_postgres, mut nodes) = two_nodes(32.max(kills)).await;
    let mut rng = StdRng::seed_from_u64(seed());
    for node in &mut nodes {
        node.start().await;
    }
    let load = Arc::new(Load::on(&nodes, seed() + 1, None));
    let clients = load.spawn(16);
    for kill in 1..=kills {
        // Something is under way when the kill comes.
        let before = load.acknowledged().len();
        load.progress(before + 1).await;
        tokio::time::sleep(Duration::from_millis(rng.random_range(0..300))).await;
        let killed = rng.random_range(0..2);
        nodes[killed].kill().await;
        let acknowledged = load.acknowledged();
        // Nobody waits for the killed one.
        load.progress(acknowledged.len() + 1).await;
        let lost = truth::read(&nodes[0].database).await.lost(&acknowledged);
        assert!(lost.is_empty(), "kill {kill}: acknowledged and lost: {lost:?}");
        nodes[killed].start().await;
    }
    load.stop();
    for client in clients {
        client.await.expect("no client fails");
    }
    for node in &mut nodes {
        node.terminate().await;
    }
    let mut conn = PgConnection::connect(&nodes[0].database).await.expect("a connection beside");
    let deadlocks: i64 = sqlx::query_scalar(DEADLOCKS).fetch_one(&mut conn).await.expect("a count");
    assert_eq!(deadlocks, 0, "the nodes stood in each other's way");
    let summary = truth::check(&truth::read(&nodes[0].database).await, &load);
    eprintln!("{kills} kills of one of two nodes: {summary}");
    assert!(summary.acknowledged >= kills, "{summary}");
}
