//! Sessions and one-time links.

use super::support::{Fixture, NOW};
use domain::{DAY, HOUR, Role};
use store::SessionRecord;

on_both!(a_slow_save_does_not_revive_a_session_that_was_signed_out);
async fn a_slow_save_does_not_revive_a_session_that_was_signed_out(f: Fixture) {
    let hub = f.store.hub();
    let user = hub.add_user(f.orgs[0], "A@b.example".into(), "A".into(), Role::Analyst, None, NOW).await.unwrap();
    let record = SessionRecord { user: Some(user), data: "{}".into(), expires_at: NOW.plus(HOUR), absolute_at: NOW.plus(2 * HOUR) };
    hub.create_session([1; 32], record.clone(), NOW).await.unwrap();
    assert_eq!(hub.session([1; 32], NOW).await.unwrap(), Some(record));
    // The absolute expiry is not moved by use.
    hub.save_session([1; 32], Some(user), "{}".into(), NOW.plus(DAY)).await.unwrap();
    assert_eq!(hub.session([1; 32], NOW).await.unwrap().map(|s| s.expires_at), Some(NOW.plus(2 * HOUR)));
    assert_eq!(hub.session([1; 32], NOW.plus(3 * HOUR)).await.unwrap(), None);
    hub.delete_session([1; 32], NOW).await.unwrap();
    hub.save_session([1; 32], Some(user), "{}".into(), NOW.plus(DAY)).await.unwrap();
    assert_eq!(hub.session([1; 32], NOW).await.unwrap(), None);
}

on_both!(a_link_works_once_and_ends_open_sessions);
async fn a_link_works_once_and_ends_open_sessions(f: Fixture) {
    let hub = f.store.hub();
    let user = hub.add_user(f.orgs[0], "a@b.example".into(), "A".into(), Role::Analyst, None, NOW).await.unwrap();
    assert_eq!(hub.user_by_email(" A@B.example ").await.unwrap().map(|u| u.id), Some(user));
    hub.create_session([1; 32], SessionRecord { user: Some(user), data: "{}".into(), expires_at: NOW.plus(HOUR), absolute_at: NOW.plus(HOUR) }, NOW)
        .await
        .unwrap();
    hub.add_signin_link(user, [7; 32], NOW.plus(HOUR), NOW).await.unwrap();
    assert_eq!(hub.use_signin_link([7; 32], "hash".into(), NOW.plus(2 * HOUR)).await.unwrap(), None, "expired");
    assert_eq!(hub.use_signin_link([7; 32], "hash".into(), NOW).await.unwrap(), Some(user));
    assert_eq!(hub.use_signin_link([7; 32], "other".into(), NOW).await.unwrap(), None, "used");
    assert_eq!(hub.user(user).await.unwrap().and_then(|u| u.password_hash).as_deref(), Some("hash"));
    assert_eq!(hub.session([1; 32], NOW).await.unwrap(), None);
}
