//! Sessions against a real database and a clock that is moved by hand.

use super::*;
use crate::auth::testing;
use serde_json::json;
use std::collections::HashMap;

fn record(user: i64) -> Record {
    Record { id: Id::default(), data: HashMap::from([(USER.to_owned(), json!(user))]), expiry_date: OffsetDateTime::UNIX_EPOCH }
}

async fn begun() -> (testing::Fixture, HubSessions, Record) {
    let hub = testing::fixture().await;
    let sessions = HubSessions { store: hub.store.clone(), clock: hub.clock.clone() };
    let mut record = record(hub.user);
    sessions.create(&mut record).await.unwrap();
    (hub, sessions, record)
}

/// ASVS 7.4.1: a slow request's save revives nothing.
#[tokio::test]
async fn a_slow_save_revives_nothing() {
    let (_hub, sessions, record) = begun().await;
    let slow = sessions.load(&record.id).await.unwrap().unwrap();
    sessions.delete(&record.id).await.unwrap();
    sessions.save(&slow).await.unwrap();
    assert_eq!(sessions.load(&record.id).await.unwrap(), None);
}

#[tokio::test]
async fn idle_sessions_end() {
    let (hub, sessions, record) = begun().await;
    hub.clock.advance(IDLE - MINUTE);
    assert!(sessions.load(&record.id).await.unwrap().is_some());
    hub.settle(&record.id, IDLE).await;
    hub.clock.advance(IDLE - MINUTE);
    assert!(sessions.load(&record.id).await.unwrap().is_some(), "use moves the idle end");
    hub.settle(&record.id, IDLE).await;
    hub.clock.advance(IDLE);
    assert!(sessions.load(&record.id).await.unwrap().is_none());
}

#[tokio::test]
async fn no_session_outlives_twelve_hours() {
    let (hub, sessions, record) = begun().await;
    let mut passed = 0;
    while passed + 25 * MINUTE < ABSOLUTE {
        hub.clock.advance(25 * MINUTE);
        passed += 25 * MINUTE;
        assert!(sessions.load(&record.id).await.unwrap().is_some(), "after {} minutes", passed / MINUTE);
        hub.settle(&record.id, IDLE.min(ABSOLUTE - passed)).await;
    }
    hub.clock.advance(ABSOLUTE - passed);
    assert!(sessions.load(&record.id).await.unwrap().is_none());
}

#[tokio::test]
async fn the_database_does_not_know_the_cookie() {
    let (hub, _sessions, record) = begun().await;
    let now = hub.clock.now();
    let row = hub.store.hub().session(hash(&record.id), now).await.unwrap().unwrap();
    assert_eq!(row.user, Some(hub.user));
    assert!(!row.data.contains(&record.id.to_string()));
}
