//! An alliance moves from SQLite to PostgreSQL and goes on there.

use crate::{
    hub::{Hub, client},
    load::Load,
};
use std::{
    process::{Command, Output},
    sync::Arc,
};

fn migrate_database(from: &str, to: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shieldwall")).args(["migrate-database", from, to]).output().expect("the program runs")
}

fn refuses(output: &Output, why: &str) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains(why), "{} {said}", output.status);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_alliance_is_served_from_postgresql() {
    let there = tokio::task::spawn_blocking(|| testing::Database::empty(testing::Kind::Postgres)).await.expect("a database");
    let mut hub = Hub::prepare(16).await;
    hub.start().await;
    let load = Arc::new(Load::new(&hub, 1, None));
    let clients = load.spawn(4);
    load.progress(100).await;
    let (from, to) = (hub.database.clone(), there.url.clone());
    let running = tokio::task::spawn_blocking(move || migrate_database(&from, &to)).await.expect("an answer");
    refuses(&running, "is in use: stop the hub");
    load.stop();
    for client in clients {
        client.await.expect("no client fails");
    }
    hub.terminate().await;

    let moved = migrate_database(&hub.database, &there.url);
    assert!(moved.status.success(), "{}", String::from_utf8_lossy(&moved.stderr));
    let said = String::from_utf8_lossy(&moved.stdout);
    let rows: u64 = said.lines().find_map(|line| line.strip_prefix("receipts ")?.split_whitespace().next()?.parse().ok()).expect("a line on receipts");
    assert!(rows >= load.acknowledged().len() as u64 && said.contains("rows moved, read back and compared"), "{said}");
    refuses(&migrate_database(&hub.database, &there.url), "is not empty and nothing is overwritten; it has rows");

    hub.database.clone_from(&there.url);
    hub.start().await;
    let asked = client().get(hub.url("/api/v1/whoami")).bearer_auth(&hub.partners[0].key).send().await.expect("an answer");
    assert_eq!(asked.status(), 200, "keys work as before");
    hub.terminate().await;
}
