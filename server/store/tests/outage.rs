//! PostgreSQL goes away and comes back. In a program of its own, because it takes the cluster from every test beside it.

use domain::{HOUR, OrgId, Timestamp};
use sqlx::Connection as _;
use std::time::{Duration, Instant};
use store::{Org, Settings, Store};

const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

fn organisation(slug: &str) -> Org {
    let (slug, name) = (slug.to_owned(), slug.to_owned());
    let (sector, country) = ("test".to_owned(), "XX".to_owned());
    Org { id: OrgId(0), slug, name, sector, country, assets: None, interval: HOUR, weight: 1.0, last_data_at: None, confirmed: true }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_are_answered_while_the_database_is_away_and_succeed_when_it_is_back() {
    let database = tokio::task::spawn_blocking(|| testing::Database::empty(testing::Kind::Postgres)).await.unwrap();
    let store = Store::open(&Settings { url: database.url.clone(), readers: 2 }).await.unwrap();
    store.hub().add_organisation(organisation("before"), NOW).await.unwrap();
    let away = store.clone();
    let handle = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        testing::restart_postgres(|| {
            handle.block_on(async {
                for slug in ["one", "two", "three"] {
                    let began = Instant::now();
                    let answer = away.hub().add_organisation(organisation(slug), NOW).await;
                    assert!(matches!(answer, Err(store::StoreError::Database(_))), "{answer:?}");
                    assert!(away.hub().organisations().await.is_err());
                    assert!(began.elapsed() < Duration::from_secs(12), "answered after {:?}", began.elapsed());
                }
            });
        });
    })
    .await
    .unwrap();
    let back = Instant::now();
    let added = loop {
        match store.hub().add_organisation(organisation("after"), NOW).await {
            Ok(id) => break id,
            Err(error) => assert!(back.elapsed() < Duration::from_secs(10), "still {error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let names: Vec<_> = store.hub().organisations().await.unwrap().into_iter().map(|o| o.slug).collect();
    assert_eq!(names, ["after", "before"]);
    assert!(added.0 > 0);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_to_a_demoted_primary_are_not_kept() {
    let (postgres, url) = tokio::task::spawn_blocking(|| {
        let postgres = testing::Postgres::start();
        let url = postgres.empty();
        (postgres, url)
    })
    .await
    .unwrap();
    let store = Store::open(&Settings { url: url.clone(), readers: 2 }).await.unwrap();
    store.hub().add_organisation(organisation("before"), NOW).await.unwrap();
    let postgres = tokio::task::spawn_blocking(move || {
        postgres.demote();
        postgres
    })
    .await
    .unwrap();
    // The first of each may have met the end of its old connection.
    for slug in ["one", "two"] {
        assert!(store.hub().add_organisation(organisation(slug), NOW).await.is_err());
        assert!(store.hub().organisations().await.is_err());
    }
    let mut look = sqlx::PgConnection::connect(&url).await.unwrap();
    const KEPT: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'shieldwall'";
    let began = Instant::now();
    // Who listens tries again each second, and is refused each time.
    while sqlx::query_scalar::<_, i64>(KEPT).fetch_one(&mut look).await.unwrap() > 0 {
        assert!(began.elapsed() < Duration::from_secs(10), "a connection to the standby stays");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let postgres = tokio::task::spawn_blocking(move || {
        postgres.promote();
        postgres
    })
    .await
    .unwrap();
    let back = Instant::now();
    while let Err(error) = store.hub().add_organisation(organisation("after"), NOW).await {
        assert!(back.elapsed() < Duration::from_secs(10), "still {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let names: Vec<_> = store.hub().organisations().await.unwrap().into_iter().map(|o| o.slug).collect();
    assert_eq!(names, ["after", "before"]);
    store.close().await;
    drop(postgres);
}
