//! What a storm of wrong passwords costs, and what of it stays.

use crate::hub::Hub;
use futures::future::join_all;
use std::{
    net::{IpAddr, Ipv4Addr},
    time::{Duration, Instant},
};
use testing::{Database, Kind};

/// While it lasts, in MiB.
const MOST: u64 = 120;
/// Afterwards, in MiB.
const STAYS: u64 = 20;

/// Resident memory of a process, in MiB.
fn resident(process: u32) -> u64 {
    let pages = std::fs::read_to_string(format!("/proc/{process}/statm")).expect("Linux says");
    pages.split(' ').nth(1).and_then(|n| n.parse::<u64>().ok()).expect("a number") * 4 / 1_024
}

/// A wrong password from an address of its own: an address is stopped long before it costs this much.
async fn wrong(hub: &Hub, n: usize) -> u16 {
    let address = IpAddr::V4(Ipv4Addr::new(127, 1, (n / 250) as u8, (n % 250) as u8 + 1));
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).redirect(reqwest::redirect::Policy::none()).local_address(address);
    let form = http.build().expect("a client").post(hub.url("/auth/signin")).header("sec-fetch-site", "same-origin");
    let form = form.header("content-type", "application/x-www-form-urlencoded").body(format!("email=somebody-{n}%40x.example&password=wrong"));
    form.send().await.expect("an answer").status().as_u16()
}

async fn wrong_passwords_cost_little_memory_and_give_it_back(mut hub: Hub) {
    hub.start().await;
    for n in 0..4 {
        assert_eq!(wrong(&hub, n).await, 303);
    }
    let process = hub.id();
    // The buffer of the hash that was just made is given back as well.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = resident(process);
    let (mut most, mut looked_at) = (0, 0);
    for round in 0..8 {
        let answers = join_all((0..60).map(|n| wrong(&hub, 1_000 + round * 60 + n)));
        let watched = async {
            loop {
                most = most.max(resident(process));
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let answers = tokio::select! { answers = answers => answers, () = watched => vec![] };
        assert!(answers.iter().all(|status| [303, 429].contains(status)), "{answers:?}");
        looked_at += answers.iter().filter(|status| **status == 303).count();
    }
    assert!(looked_at > 60, "{looked_at}");
    assert!(most <= before + MOST, "{before} MiB before, {most} MiB meanwhile");
    let end = Instant::now() + Duration::from_secs(10);
    while resident(process) > before + STAYS {
        assert!(Instant::now() < end, "{before} MiB before, {most} MiB meanwhile, {} MiB afterwards", resident(process));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    hub.terminate().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_cost_little_memory_and_give_it_back_on_sqlite() {
    wrong_passwords_cost_little_memory_and_give_it_back(Hub::prepare(1).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_cost_little_memory_and_give_it_back_on_postgres() {
    let database = tokio::task::spawn_blocking(|| Database::empty(Kind::Postgres)).await.expect("a database");
    wrong_passwords_cost_little_memory_and_give_it_back(Hub::prepare_at(database.url.clone(), 1).await).await;
}
