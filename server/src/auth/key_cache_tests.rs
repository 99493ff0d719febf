//! Keys against a real database and a clock that is moved by hand.

use super::*;
use crate::auth::{keys, testing};

async fn add_key(hub: &testing::Fixture, expires_at: Option<Timestamp>) -> HeaderValue {
    let text = keys::generate(&mut rand::rng());
    let record = KeyRecord {
        id: 0,
        org: hub.org,
        name: "collector".to_owned(),
        hint: keys::hint(&text),
        scopes: "metrics events".to_owned(),
        created_at: hub.clock.now(),
        expires_at,
        revoked_at: None,
        last_used_at: None,
        addresses: String::new(),
    };
    hub.store.hub().add_key(record, keys::hash(&text)).await.unwrap();
    HeaderValue::from_str(&format!("Bearer {text}")).unwrap()
}

fn cache(pushes: u32, pushes_of_all: u32) -> KeyCache {
    KeyCache::new(PerMinute { pushes, pushes_of_all, reads: 2 })
}

#[tokio::test]
async fn a_revoked_key_ends_within_seconds() {
    let hub = testing::fixture().await;
    let header = add_key(&hub, None).await;
    let cache = cache(600, 1_200);
    let key = cache.check(&hub.store, hub.clock.now(), Some(&header)).await.unwrap();
    assert_eq!(key.org, hub.org);
    assert!(key.may("metrics") && key.may("events") && !key.may("backfill") && !key.may("metrics events"));
    let now = hub.clock.now();
    assert!(hub.store.hub().revoke_key(hub.org, "collector".to_owned(), now).await.unwrap());
    hub.clock.advance(BELIEVED);
    assert!(matches!(cache.check(&hub.store, hub.clock.now(), Some(&header)).await, Err(AuthFailure::Revoked)));
}

#[tokio::test]
async fn an_expiry_holds_for_remembered_keys_too() {
    let hub = testing::fixture().await;
    let header = add_key(&hub, Some(hub.clock.now().plus(SECOND))).await;
    let cache = cache(600, 1_200);
    assert!(cache.check(&hub.store, hub.clock.now(), Some(&header)).await.is_ok());
    hub.clock.advance(SECOND);
    assert!(matches!(cache.check(&hub.store, hub.clock.now(), Some(&header)).await, Err(AuthFailure::Expired)));
}

#[tokio::test]
async fn what_is_no_key_is_refused() {
    let hub = testing::fixture().await;
    let cache = cache(600, 1_200);
    assert!(matches!(cache.check(&hub.store, hub.clock.now(), None).await, Err(AuthFailure::Missing)));
    for text in ["", "Bearer", "Bearer ", "Basic dXNlcjpwYXNz", "Bearer swk_000000000000000000000000000000000000"] {
        let header = HeaderValue::from_str(text).unwrap();
        assert!(matches!(cache.check(&hub.store, hub.clock.now(), Some(&header)).await, Err(AuthFailure::Malformed)), "{text}");
    }
    let stranger = HeaderValue::from_str(&format!("bearer {}", keys::generate(&mut rand::rng()))).unwrap();
    assert!(matches!(cache.check(&hub.store, hub.clock.now(), Some(&stranger)).await, Err(AuthFailure::Unknown)));
    assert!(cache.found.is_empty());
}

#[tokio::test]
async fn last_use_is_written_down() {
    let hub = testing::fixture().await;
    let header = add_key(&hub, None).await;
    let cache = cache(600, 1_200);
    cache.check(&hub.store, hub.clock.now(), Some(&header)).await.unwrap();
    cache.flush(&hub.store, hub.clock.now()).await.unwrap();
    assert!(hub.store.hub().keys(hub.org).await.unwrap()[0].last_used_at.is_some());
    assert!(cache.used.is_empty());
}

fn key(id: i64, org: i64) -> ApiKey {
    ApiKey { id, org: OrgId(org), name: String::new(), scopes: vec![], addresses: vec![] }
}

#[test]
fn a_quota_is_for_a_minute_and_a_key() {
    let (cache, now) = (cache(2, 100), Timestamp(0));
    let quota = |remaining, reset_s, allowed| Quota { name: "push", limit: 2, remaining, reset_s, allowed };
    assert_eq!(cache.peek(&key(1, 1), now), quota(2, 60, true));
    assert_eq!(cache.take(&key(1, 1), now), quota(1, 60, true));
    assert!(cache.take(&key(1, 1), now).allowed);
    let late = now.plus(59 * SECOND + 1);
    assert_eq!(cache.take(&key(1, 1), late), quota(0, 1, false));
    assert!(!cache.peek(&key(1, 1), late).allowed);
    assert!(cache.take(&key(2, 1), late).allowed);
    assert!(cache.take(&key(1, 1), now.plus(MINUTE)).allowed);
}

#[test]
fn the_keys_of_an_organisation_share_its_quota() {
    let (cache, now) = (cache(3, 4), Timestamp(0));
    assert!((0..3).all(|_| cache.take(&key(1, 1), now).allowed));
    assert_eq!(cache.take(&key(2, 1), now), Quota { name: "organisation", limit: 4, remaining: 0, reset_s: 60, allowed: true });
    assert_eq!(cache.take(&key(2, 1), now), Quota { name: "organisation", limit: 4, remaining: 0, reset_s: 60, allowed: false });
    assert!(!cache.peek(&key(3, 1), now).allowed && cache.take(&key(4, 2), now).allowed);
    assert_eq!((cache.pushed(OrgId(1), now), cache.pushed(OrgId(1), now.plus(MINUTE))), (4, 0), "what was refused is not counted");
    assert!(cache.take(&key(2, 1), now.plus(MINUTE)).allowed);
}

#[test]
fn reads_are_counted_by_themselves() {
    let (cache, now) = (cache(3, 4), Timestamp(0));
    let quota = |remaining, reset_s, allowed| Quota { name: "read", limit: 2, remaining, reset_s, allowed };
    assert_eq!(cache.read(&key(1, 1), now), quota(1, 60, true));
    assert_eq!(cache.read(&key(1, 1), now), quota(0, 60, true));
    assert_eq!(cache.read(&key(1, 1), now.plus(MINUTE - 1)), quota(0, 1, false));
    assert!(cache.read(&key(2, 1), now).allowed && cache.take(&key(1, 1), now).allowed);
    assert_eq!(cache.read(&key(1, 1), now.plus(MINUTE)), quota(1, 60, true));
    assert_eq!(quota(1, 60, true).headers().map(|(_, said)| said), ["\"read\";q=2;w=60", "\"read\";r=1;t=60"]);
}
