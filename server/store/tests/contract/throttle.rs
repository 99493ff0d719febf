//! What holds across nodes and restarts: counted attempts, links that work once.

use super::support::{Fixture, NOW};
use domain::{DAY, HOUR, MINUTE, Role, SECOND};
use futures_util::future::join_all;
use store::{Budget, Settings, Store};

const EVERY: i64 = 15 * MINUTE;

fn budget(who: u8, tries: u32) -> Budget {
    Budget { who: [who; 32], tries, every: EVERY }
}

/// Another node on the same database.
async fn second(f: &Fixture) -> Store {
    Store::open(&Settings { url: f.database.url.clone(), readers: 4 }).await.unwrap()
}

on_both!(nodes_count_attempts_together);
async fn nodes_count_attempts_together(f: Fixture) {
    let other = second(&f).await;
    let nodes = [&f.store, &other];
    // One account from many addresses, at once and on both nodes.
    let attempts = (0..24_u8).map(|i| {
        let hub = nodes[usize::from(i % 2)].hub();
        async move { hub.count_try(vec![budget(1, 5), budget(100 + i, 20)], NOW).await.unwrap() }
    });
    let admitted = join_all(attempts).await.into_iter().filter(|ok| *ok).count();
    assert_eq!(admitted, 5);
    let count = async |node: &Store, who: u8, tries, at| node.hub().count_try(vec![budget(who, tries)], at).await.unwrap();
    assert!(!count(&other, 1, 5, NOW.plus(EVERY - 1)).await);
    // What was refused for one of them is not counted for the other.
    let refused = (0..24_u8).map(|i| count(&other, 100 + i, 1, NOW));
    assert_eq!(join_all(refused).await.into_iter().filter(|ok| *ok).count(), 24 - 5);
    // A restart forgets nothing; with time one attempt after the other comes back.
    other.close().await;
    let other = second(&f).await;
    assert!(!count(&other, 1, 5, NOW.plus(SECOND)).await);
    assert!(count(&other, 1, 5, NOW.plus(EVERY)).await);
    assert!(!count(&f.store, 1, 5, NOW.plus(EVERY)).await);
    assert!(count(&other, 1, 5, NOW.plus(3 * EVERY)).await && count(&f.store, 1, 5, NOW.plus(3 * EVERY)).await);
    assert!(!count(&other, 1, 5, NOW.plus(3 * EVERY)).await);
    // A node whose clock is a little behind believes what the other has counted; a clock that was set back by days does not lock for days.
    assert!(!count(&f.store, 1, 5, NOW.plus(2 * EVERY)).await);
    assert!(count(&f.store, 1, 5, NOW.plus(-3 * DAY)).await);
    other.close().await;
}

on_both!(attempts_are_given_back_one_by_one_or_all_at_once);
async fn attempts_are_given_back_one_by_one_or_all_at_once(f: Fixture) {
    let hub = f.store.hub();
    let count = async |who: u8| hub.count_try(vec![budget(who, 3)], NOW).await.unwrap();
    for _ in 0..3 {
        assert!(count(1).await && count(2).await);
    }
    assert!(!count(1).await && !count(2).await);
    hub.forgive_try(vec![budget(2, 3)], NOW).await.unwrap();
    hub.refill_tries(vec![budget(1, 3)]).await.unwrap();
    assert_eq!((count(2).await, count(2).await), (true, false));
    assert_eq!((count(1).await, count(1).await, count(1).await, count(1).await), (true, true, true, false));
    // What was given back too often is no credit.
    for _ in 0..9 {
        hub.forgive_try(vec![budget(1, 3), budget(9, 3)], NOW).await.unwrap();
    }
    assert_eq!((count(1).await, count(1).await, count(1).await, count(1).await), (true, true, true, false));
}

on_both!(the_table_of_attempts_is_bounded);
async fn the_table_of_attempts_is_bounded(f: Fixture) {
    let hub = f.store.hub();
    for i in 0..20_u8 {
        assert!(hub.count_try(vec![budget(i, 1)], NOW.plus(i64::from(i) * MINUTE)).await.unwrap());
    }
    let now = NOW.plus(20 * MINUTE);
    assert_eq!(hub.forget_tries(100, now).await.unwrap(), 6, "they are whole again");
    assert_eq!(hub.forget_tries(4, now).await.unwrap(), 10, "the others are too many");
    assert_eq!(hub.forget_tries(4, now).await.unwrap(), 0);
    assert!(!hub.count_try(vec![budget(19, 1)], now).await.unwrap(), "those used most stay");
    assert!(hub.count_try(vec![budget(15, 1)], now).await.unwrap());
}

on_both!(a_link_works_once_on_all_nodes);
async fn a_link_works_once_on_all_nodes(f: Fixture) {
    let other = second(&f).await;
    let nodes = [&f.store, &other];
    let user = f.store.hub().add_user(f.orgs[0], "a@b.example".into(), "A".into(), Role::Analyst, None, NOW).await.unwrap();
    for round in 0..10_u8 {
        f.store.hub().add_signin_link(user, [round; 32], NOW.plus(HOUR), NOW).await.unwrap();
        let uses = (0..6_usize).map(|i| {
            let node = nodes[i % 2];
            async move { node.hub().use_signin_link([round; 32], format!("hash {i}"), NOW).await.unwrap() }
        });
        assert_eq!(join_all(uses).await.into_iter().filter(|one| *one == Some(user)).count(), 1);
    }
    other.close().await;
}
