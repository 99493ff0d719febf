//! PostgreSQL that goes away, cannot be reached, or is slow, as clients of the hub see it. In a program of its own, because it takes the
//! cluster from every test beside it.
//!
//! Where a fault's test belongs: a cut network or a held table of PostgreSQL here; killed hubs, two nodes and power cuts in `tests/durability`; a
//! full disk or a held file of SQLite in `tests/api/database.rs`; the store without a hub in `store/tests/outage.rs`; what people see of it in
//! `end2end/tests/outage.spec.ts`.

mod hub;
mod network;

use hub::{Answer, Hub, eventually};
use network::Network;
use std::time::Duration;
use tokio::sync::Mutex;

/// Everything must be well so soon after the database is.
const HEALS: Duration = Duration::from_secs(10);
/// One test at a time: they share the cluster.
static TURN: Mutex<()> = Mutex::const_new(());

const ROUTES: [&str; 2] = ["metrics", "incidents"];

fn assert_come_again(answer: &Answer, within: u64) {
    assert_eq!((answer.status.as_u16(), answer.retry_after.as_deref()), (503, Some("5")), "{answer:?}");
    assert!(answer.after < Duration::from_secs(within), "{answer:?}");
}

/// The hub answers everything again, and tells open pages of what comes.
async fn assert_well(hub: &Hub, seen: &std::sync::Mutex<String>) {
    eventually("ready", HEALS, async || hub.get("/readyz").await.status == 200).await;
    for route in ROUTES {
        eventually(route, HEALS, async || hub.push(route).await.status == 200).await;
    }
    for path in ["/", "/orgs/alpha", "/incidents"] {
        eventually(path, HEALS, async || hub.get(path).await.status == 200).await;
    }
    eventually("a sign-in", HEALS, async || hub.sign_in().await.is_some()).await;
    // Live again, and told of the push.
    let told = |seen: &str| {
        let after = seen.rsplit_once("{\"state\":\"reconnecting\"}").map_or("", |(_, after)| after);
        after.contains("{\"state\":\"live\"}") && after.contains("incidents:alpha")
    };
    eventually("open pages are told", HEALS, async || told(&seen.lock().expect("no panic"))).await;
    assert!(!seen.lock().expect("no panic").contains("END"), "the stream went on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_restarts() {
    let _turn = TURN.lock().await;
    let hub = Hub::start(async |url| url.to_owned()).await;
    let seen = hub.stream().await;
    for route in ROUTES {
        assert_eq!(hub.push(route).await.status, 200);
    }
    let before = hub.receipts().await;
    let handle = tokio::runtime::Handle::current();
    let (away, told) = (&hub, &seen);
    std::thread::scope(|threads| {
        let outage = threads.spawn(|| {
            testing::restart_postgres(|| {
                handle.block_on(async {
                    let pushes = futures::future::join_all((0..40).map(|i| away.push(ROUTES[i % 2])));
                    let pages = futures::future::join_all(["/", "/orgs/alpha", "/incidents", "/csv/incidents"].map(|path| away.get(path)));
                    let (pushes, pages) = tokio::join!(pushes, pages);
                    pushes.iter().chain(&pages).for_each(|answer| assert_come_again(answer, 12));
                    assert!(pages.iter().all(|page| page.text.contains("database")), "pages say why: {pages:?}");
                    assert_eq!(away.get("/healthz").await.status, 200);
                    assert_eq!(away.get("/readyz").await.status, 503);
                    eventually("open pages are told", HEALS, async || told.lock().expect("no panic").contains("{\"state\":\"reconnecting\"}")).await;
                });
            });
        });
        tokio::task::block_in_place(|| outage.join()).expect("the outage");
    });
    assert_well(&hub, &seen).await;
    assert_eq!(hub.receipts().await, before + 2, "what was refused was not kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_reached() {
    let _turn = TURN.lock().await;
    let network = Network::default();
    let hub = Hub::start(async |url| network.way_to(url).await).await;
    let seen = hub.stream().await;
    for route in ROUTES {
        assert_eq!(hub.push(route).await.status, 200);
    }
    let before = hub.receipts().await;
    // Nothing is refused and nothing closed: packets just do not come.
    network.cut();
    let pushes = futures::future::join_all((0..8).map(|i| hub.push(ROUTES[i % 2])));
    let meanwhile = async {
        let pages = futures::future::join_all(["/", "/orgs/alpha", "/incidents"].map(|path| hub.get(path))).await;
        pages.iter().for_each(|page| assert_come_again(page, 20));
        let ready = hub.get("/readyz").await;
        assert_eq!(ready.status, 503);
        assert!(ready.after < Duration::from_secs(5), "{ready:?}");
        assert_eq!(hub.get("/healthz").await.status, 200);
        eventually("open pages are told", HEALS, async || seen.lock().expect("no panic").contains("{\"state\":\"reconnecting\"}")).await;
        network.mend();
        assert_well(&hub, &seen).await;
    };
    let (pushes, ()) = tokio::join!(pushes, meanwhile);
    // Those that waited it out were kept, the others say that they were not.
    let kept = pushes.iter().filter(|push| push.status == 200).count() as i64;
    pushes.iter().filter(|push| push.status != 200).for_each(|push| assert_come_again(push, 90));
    assert_eq!(hub.receipts().await, before + kept + 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_slow() {
    let _turn = TURN.lock().await;
    let hub = Hub::start(async |url| url.to_owned()).await;
    for route in ROUTES {
        assert_eq!(hub.push(route).await.status, 200);
    }
    let before = hub.receipts().await;
    let mut held = hub.hold("receipts, incidents").await;
    let pushes = futures::future::join_all((0..400).map(|_| hub.push("incidents")));
    let pages = async {
        // Twice as many as there are connections, each for something else.
        let pages: Vec<_> = (0..16).map(|n| format!("/incidents?q=word{n}")).collect();
        let pages = futures::future::join_all(pages.iter().map(|path| hub.get(path))).await;
        pages.iter().for_each(|page| assert_come_again(page, 20));
        let file = hub.get("/csv/incidents?q=another").await;
        assert_come_again(&file, 20);
        assert_eq!(hub.get("/healthz").await.status, 200);
    };
    let (pushes, ()) = tokio::join!(pushes, pages);
    pushes.iter().for_each(|push| assert_come_again(push, 25));
    sqlx::raw_sql("ROLLBACK").execute(&mut held).await.expect("the lock is given back");
    for path in ["/", "/incidents", "/incidents?q=word1"] {
        eventually(path, HEALS, async || hub.get(path).await.status == 200).await;
    }
    for route in ROUTES {
        eventually(route, HEALS, async || hub.push(route).await.status == 200).await;
    }
    assert_eq!(hub.receipts().await, before + 2, "what was refused was not kept");
}
