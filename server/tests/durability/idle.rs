//! Thousands of connections that say nothing.

use crate::hub::{Hub, client};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::{io::AsyncReadExt, net::TcpStream};

const CONNECTIONS: usize = 5_000;
/// Files that a process has open besides.
const SPARE: usize = 512;

/// How many files this process, and the hub it starts, may have open.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files")).unwrap_or_default();
    line.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(1_024)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_idle_connections_stop_no_push_and_are_ended() {
    let connections = CONNECTIONS.min(open_files() - SPARE);
    if connections < CONNECTIONS {
        eprintln!("{connections} instead of {CONNECTIONS} connections: no more files may be open (ulimit -n)");
    }
    let mut hub = Hub::prepare(1).await;
    hub.start().await;
    let mut idle = Vec::with_capacity(connections);
    for _ in 0..connections {
        idle.push(TcpStream::connect(hub.address).await.expect("a connection"));
    }
    let began = Instant::now();
    let push = client().post(hub.url("/api/v1/incidents")).bearer_auth(&hub.partners[0].key);
    let answer = push.json(&json!({ "items": [{ "external_id": "a", "title": "A", "severity": "low" }] })).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(began.elapsed() < Duration::from_secs(2), "the push took {:?}", began.elapsed());
    // Each is ended by the hub: the time for a request's head is ten seconds.
    let ended = async {
        for stream in &mut idle {
            assert_eq!(stream.read(&mut [0; 16]).await.unwrap_or(0), 0, "an idle connection is told nothing");
        }
    };
    tokio::time::timeout(Duration::from_secs(20), ended).await.expect("idle connections are ended");
    assert!(began.elapsed() > Duration::from_secs(5), "but not at once: {:?}", began.elapsed());
    hub.terminate().await;
}
