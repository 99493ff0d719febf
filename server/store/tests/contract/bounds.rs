//! What an organisation may have of each thing.

use super::support::{Fixture, NOW, incident, sample};
use domain::{
    DAY, HOUR, IncidentStatus, Role, Severity, Tlp,
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
    let kept = 2 + 2 + 10 * (100 + 10 + 2);
    assert_eq!(f.store.hub().push_usage(f.orgs[0], NOW).await.unwrap(), (1_002, kept));
    assert_eq!(f.store.hub().push_usage(f.orgs[0], NOW.plus(DAY)).await.unwrap(), (0, kept));
    assert_eq!(f.store.hub().push_usage(f.orgs[1], NOW).await.unwrap(), (0, 0));
    // In all; and what the program itself sends has no quota.
    let total = Some(ByteQuota { per_day: 1 << 30, total: kept + 105 });
    let send = async |quota| f.store.partner(f.orgs[0]).push(push(90, quota), Items::Metrics(vec![sample("m", 1.0, NOW.plus(HOUR))])).await.unwrap();
    assert!(matches!(send(total).await, Outcome::OverQuota(OverQuota::Total)));
    assert!(matches!(send(None).await, Outcome::Applied { .. }));
    assert_eq!(f.store.hub().push_usage(f.orgs[0], NOW).await.unwrap(), (1_102, kept + 112));
    // Retention frees it.
    f.store.hub().retain(Retention { payloads: 1, ..Retention::default() }, NOW.plus(3 * DAY)).await.unwrap();
    assert_eq!(other.hub().push_usage(f.orgs[0], NOW).await.unwrap(), (1_102, 0));
    other.close().await;
}

on_both!(a_push_that_leaves_nothing_behind_takes_of_the_day);
async fn a_push_that_leaves_nothing_behind_takes_of_the_day(f: Fixture) {
    let quota = Some(ByteQuota { per_day: 450, total: 1 << 30 });
    let push = || Push { total: 1, bytes: 100, quota, dry_run: true, ..f.push(0, What::Metrics) };
    let partner = f.store.partner(f.orgs[0]);
    let items = || Items::Metrics(vec![sample("m", 1.0, NOW)]);
    for n in 1..=4 {
        assert!(matches!(partner.push(push(), items()).await.unwrap(), Outcome::Applied { .. }), "{n}");
        assert_eq!(f.store.hub().push_usage(f.orgs[0], NOW).await.unwrap(), (100 * n, 0));
    }
    for _ in 0..2 {
        assert!(matches!(partner.push(push(), items()).await.unwrap(), Outcome::OverQuota(OverQuota::Day)));
    }
    let many = Items::Metrics((0..=store::MAX_SERIES).map(|i| sample(&format!("m{i}"), 1.0, NOW)).collect());
    let undone = Push { dry_run: false, org: f.orgs[1], ..push() };
    assert!(matches!(f.store.partner(f.orgs[1]).push(undone, many).await.unwrap(), Outcome::TooManySeries));
    assert_eq!(f.store.hub().push_usage(f.orgs[1], NOW).await.unwrap(), (100, 0));
}

on_both!(one_organisations_large_pushes_are_few_in_the_queue);
async fn one_organisations_large_pushes_are_few_in_the_queue(f: Fixture) {
    let partner = f.store.partner(f.orgs[0]);
    let items = || Items::Incidents(vec![incident("i", Severity::Low, IncidentStatus::New, Tlp::Green, &[])]);
    let all = (0..200).map(|_| partner.push(Push { total: 1, dry_run: true, ..f.push(0, What::Incidents) }, items()));
    let (all, other) =
        tokio::join!(join_all(all), async { f.store.partner(f.orgs[1]).push(Push { total: 1, ..f.push(1, What::Metrics) }, Items::Metrics(vec![])).await });
    let kept = all.iter().filter(|outcome| !matches!(outcome, Err(StoreError::Busy))).count();
    assert!((64..200).contains(&kept) && other.is_ok(), "{kept} of 200");
}

on_both!(more_of_one_organisation_is_refused_and_the_bound_is_named);
async fn more_of_one_organisation_is_refused_and_the_bound_is_named(f: Fixture) {
    let hub = f.store.hub();
    let mut people = vec![];
    for org in &f.orgs {
        people.push((*org, hub.add_user(*org, "a@b.example".into(), "A".into(), Role::OrgAdmin, None, NOW).await.unwrap()));
    }
    let rights = hub.decision_rights().await.unwrap();
    let right = rights.first().expect("a right");
    let propose = async |org: usize| hub.propose(Effect::AlertLevel { level: AlertLevel::Guarded }, "because".into(), people[org], right, NOW).await;
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
