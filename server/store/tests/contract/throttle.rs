//! What holds across nodes and restarts: counted attempts, links that work once.

use super::support::{Fixture, NOW};
use domain::{HOUR, MINUTE, Role, SECOND};
use futures_util::future::join_all;
use store::{Settings, Store};

const WINDOW: i64 = 15 * MINUTE;

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
        async move { hub.count_try(vec![([1; 32], 5), ([100 + i; 32], 20)], WINDOW, NOW).await.unwrap() }
    });
    let admitted = join_all(attempts).await.into_iter().filter(|ok| *ok).count();
    assert_eq!(admitted, 5);
    let count = async |node: &Store, who: u8, limit, at| node.hub().count_try(vec![([who; 32], limit)], WINDOW, at).await.unwrap();
    assert!(!count(&other, 1, 5, NOW.plus(WINDOW - 1)).await);
    // What was refused for one of them is not counted for the other.
    let refused = (0..24_u8).map(|i| count(&other, 100 + i, 1, NOW));
    assert_eq!(join_all(refused).await.into_iter().filter(|ok| *ok).count(), 24 - 5);
    // A restart forgets nothing, the window's end does.
    other.close().await;
    let other = second(&f).await;
    assert!(!count(&other, 1, 5, NOW.plus(SECOND)).await);
    assert!(count(&other, 1, 5, NOW.plus(WINDOW)).await);
    // The clock was set back: a window that lies ahead is over.
    assert!(count(&f.store, 1, 1, NOW.plus(-HOUR)).await);
    other.close().await;
}

on_both!(a_right_password_begins_anew);
async fn a_right_password_begins_anew(f: Fixture) {
    let hub = f.store.hub();
    let count = async |who: u8, limit| hub.count_try(vec![([who; 32], limit)], WINDOW, NOW).await.unwrap();
    for _ in 0..3 {
        assert!(count(1, 3).await && count(2, 3).await);
    }
    hub.forgive_try(vec![[2; 32]], Some([1; 32])).await.unwrap();
    assert_eq!((count(1, 1).await, count(2, 3).await, count(2, 3).await), (true, true, false));
    hub.forgive_try(vec![[9; 32]], Some([8; 32])).await.unwrap();
}

on_both!(the_table_of_attempts_is_bounded);
async fn the_table_of_attempts_is_bounded(f: Fixture) {
    let hub = f.store.hub();
    for i in 0..20_u8 {
        assert!(hub.count_try(vec![([i; 32], 1)], WINDOW, NOW.plus(i64::from(i) * MINUTE)).await.unwrap());
    }
    let now = NOW.plus(20 * MINUTE);
    assert_eq!(hub.forget_tries(WINDOW, 100, now).await.unwrap(), 6, "their window is over");
    assert_eq!(hub.forget_tries(WINDOW, 4, now).await.unwrap(), 10, "the others are too many");
    assert_eq!(hub.forget_tries(WINDOW, 4, now).await.unwrap(), 0);
    assert!(!hub.count_try(vec![([19; 32], 1)], WINDOW, now).await.unwrap(), "the newest stay");
    assert!(hub.count_try(vec![([15; 32], 1)], WINDOW, now).await.unwrap());
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
