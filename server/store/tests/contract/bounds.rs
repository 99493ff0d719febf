//! What an organisation may have of each thing.

use super::support::{Fixture, NOW, sample};
use domain::{
    DAY, HOUR, Role,
    decision::{AlertLevel, Effect},
};
use futures_util::future::join_all;
use store::{ByteQuota, Items, Outcome, OverQuota, Push, Retention, Settings, Store, StoreError, What};

on_both!(nodes_count_the_bytes_of_an_organisation_together);
async fn nodes_count_the_bytes_of_an_organisation_together(f: Fixture) {
    let other = Store::open(&Settings { url: f.database.url.clone(), readers: 4 }).await.unwrap();
    f.send(0, Items::Metrics(vec![sample("m", 0.0, NOW)])).await;
    let push = |i: u32, quota| Push { total: 1, bytes: 100, payload: vec![0; 10], quota, received_at: NOW.plus(i64::from(i)), ..f.push(0, What::Metrics) };
    let day = Some(ByteQuota { per_day: 1_002, total: 1 << 30 });
    let nodes = [&f.store, &other];
    let pushes = (0..24_u32).map(|i| {
        let partner = nodes[i as usize % 2].partner(f.orgs[0]);
        let push = push(i, day);
        // Both the usual way and the careful one.
        let items = if i % 3 == 0 { Items::Metrics(vec![]) } else { Items::Metrics(vec![sample("m", f64::from(i), NOW.plus(i64::from(i) + 1))]) };
        async move { partner.push(push, items).await.unwrap() }
    });
    let outcomes = join_all(pushes).await;
    let over = outcomes.iter().filter(|o| matches!(o, Outcome::OverQuota(OverQuota::Day))).count();
    assert_eq!((over, outcomes.len() - over), (14, 10), "{outcomes:?}");
    assert_eq!(f.store.hub().push_usage(f.orgs[0], NOW).await.unwrap(), (1_002, 100));
    assert_eq!(f.store.hub().push_usage(f.orgs[0], NOW.plus(DAY)).await.unwrap(), (0, 100));
    assert_eq!(f.store.hub().push_usage(f.orgs[1], NOW).await.unwrap(), (0, 0));
    // In all; and what the program itself sends has no quota.
    let total = Some(ByteQuota { per_day: 1 << 30, total: 105 });
    let send = async |quota| f.store.partner(f.orgs[0]).push(push(90, quota), Items::Metrics(vec![sample("m", 1.0, NOW.plus(HOUR))])).await.unwrap();
    assert!(matches!(send(total).await, Outcome::OverQuota(OverQuota::Total)));
    assert!(matches!(send(None).await, Outcome::Applied { .. }));
    assert_eq!(f.store.hub().push_usage(f.orgs[0], NOW).await.unwrap(), (1_102, 110));
    // Retention frees it.
    f.store.hub().retain(Retention { payloads: 1, ..Retention::default() }, NOW.plus(3 * DAY)).await.unwrap();
    assert_eq!(other.hub().push_usage(f.orgs[0], NOW).await.unwrap(), (1_102, 0));
    other.close().await;
}

on_both!(more_of_one_organisation_is_refused_and_the_bound_is_named);
async fn more_of_one_organisation_is_refused_and_the_bound_is_named(f: Fixture) {
    let hub = f.store.hub();
    let user = hub.add_user(f.orgs[0], "a@b.example".into(), "A".into(), Role::OrgAdmin, None, NOW).await.unwrap();
    let rights = hub.decision_rights().await.unwrap();
    let right = rights.first().expect("a right");
    let propose = async |org: usize| hub.propose(Effect::AlertLevel { level: AlertLevel::Guarded }, "because".into(), (f.orgs[org], user), right, NOW).await;
    for _ in 0..50 {
        propose(0).await.unwrap();
    }
    let Err(StoreError::TooMany { what, most }) = propose(0).await else { panic!("one too many") };
    assert_eq!((what, most), ("open decisions", 50));
    propose(1).await.unwrap();
    for n in 0..100 {
        hub.add_group(f.orgs[0], format!("group {n}"), false, NOW).await.unwrap();
    }
    assert!(matches!(hub.add_group(f.orgs[0], "one more".into(), false, NOW).await, Err(StoreError::TooMany { what: "sharing groups", most: 100 })));
    hub.add_group(f.orgs[1], "one more".into(), false, NOW).await.unwrap();
}
