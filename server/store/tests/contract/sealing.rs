//! Secrets are sealed anew under another key, all of them or none, and none is written under one that was replaced.

use super::support::{Fixture, NOW};
use domain::Role;
use store::{Sealed, StoreError};

async fn people(f: &Fixture) -> Vec<i64> {
    let mut people = vec![];
    for n in 0..3 {
        people.push(f.store.hub().add_user(f.orgs[0], format!("{n}@b.example"), "A".into(), Role::Analyst, None, NOW).await.unwrap());
    }
    people
}

fn sealed(key: &str, secret: u8) -> Sealed {
    Sealed { key: key.into(), secret: vec![secret; 48] }
}

on_both!(all_secrets_are_sealed_anew_or_none);
async fn all_secrets_are_sealed_anew_or_none(f: Fixture) {
    let (hub, people) = (f.store.hub(), people(&f).await);
    assert_eq!(hub.first_sealing_key("one".into()).await.unwrap(), "one");
    for (user, secret) in people.iter().zip(1..) {
        assert!(hub.offer_factor(*user, sealed("one", secret), NOW).await.unwrap());
    }
    assert!(matches!(hub.offer_factor(people[0], sealed("none", 9), NOW).await, Err(StoreError::Outdated(_))));
    let secrets = async || {
        let mut all = vec![];
        for user in &people {
            all.push(hub.factor(*user).await.unwrap().unwrap().secret[0]);
        }
        all
    };
    // One that does not open: nothing is changed.
    let last = people[2];
    let failing = move |user, secret: &[u8]| if user == last { Err(StoreError::Internal("no".into())) } else { Ok(vec![secret[0] + 10; 48]) };
    assert!(hub.reseal("one".into(), "two".into(), failing, NOW).await.is_err());
    assert_eq!((secrets().await, hub.sealing_key().await.unwrap().as_deref()), (vec![1, 2, 3], Some("one")));
    let again = |_, secret: &[u8]| Ok(vec![secret[0] + 10; 48]);
    assert_eq!(hub.reseal("other".into(), "two".into(), again, NOW).await.unwrap(), None);
    assert_eq!(hub.reseal("one".into(), "two".into(), again, NOW).await.unwrap(), Some(3));
    assert_eq!((secrets().await, hub.sealing_key().await.unwrap().as_deref()), (vec![11, 12, 13], Some("two")));
    let row = hub.audit_after(0).await.unwrap().pop().unwrap();
    assert_eq!((row.action.as_str(), row.detail.as_str()), ("sealing_key.rotated", r#"{"apps":3}"#));
    // A hub that has not heard of it seals nothing that nobody could open.
    assert!(matches!(hub.offer_factor(people[0], sealed("one", 9), NOW).await, Err(StoreError::Outdated(_))));
    assert!(hub.offer_factor(people[0], sealed("two", 9), NOW).await.unwrap());
}

on_both!(witnesses_are_known_by_when_they_took_a_checkpoint);
async fn witnesses_are_known_by_when_they_took_a_checkpoint(f: Fixture) {
    let hub = f.store.hub();
    assert_eq!(hub.witnesses().await.unwrap(), []);
    for (org, after) in [(1, 0), (1, 1), (2, 7), (1, store::audit::EVERY)] {
        hub.checkpoint_taken(f.orgs[org], NOW.plus(after)).await.unwrap();
    }
    assert_eq!(hub.witnesses().await.unwrap(), [(f.orgs[1], NOW.plus(store::audit::EVERY)), (f.orgs[2], NOW.plus(7))]);
}
