//! Second factors of both kinds, the challenges that wait for a passkey, and the password that is changed.

use super::support::{Fixture, NOW};
use domain::{HOUR, MINUTE, Role, Timestamp};
use store::{Added, Factors, NewPasskey, Purpose, Removed, Sealed, SessionRecord, Used};

async fn user(f: &Fixture, email: &str) -> i64 {
    f.store.hub().add_user(f.orgs[0], email.into(), "A".into(), Role::OrgAdmin, Some("old".into()), NOW).await.unwrap()
}

async fn session(f: &Fixture, id: u8, user: i64) -> [u8; 32] {
    let record = SessionRecord { user: Some(user), data: "{}".into(), expires_at: NOW.plus(HOUR), absolute_at: NOW.plus(HOUR) };
    f.store.hub().create_session([id; 32], record, NOW).await.unwrap();
    [id; 32]
}

fn passkey(id: u8) -> NewPasskey {
    NewPasskey { credential_id: vec![id; 16], name: format!("no {id}"), credential: "{}".into() }
}

async fn actions(f: &Fixture) -> Vec<String> {
    let about = |action: &str| action.starts_with("passkey") || action.starts_with("factor") || action.starts_with("password");
    f.store.hub().audit_after(0).await.unwrap().into_iter().map(|row| row.action).filter(|action| about(action)).collect()
}

on_both!(recovery_codes_come_with_the_first_factor_and_go_with_the_last);
async fn recovery_codes_come_with_the_first_factor_and_go_with_the_last(f: Fixture) {
    let (hub, user, other) = (f.store.hub(), user(&f, "a@b.example").await, user(&f, "c@b.example").await);
    assert_eq!(hub.add_passkey(user, passkey(1), 2, vec![[1; 32], [2; 32]], NOW).await.unwrap(), Added::First);
    assert_eq!(hub.add_passkey(user, passkey(2), 2, vec![[3; 32]], NOW).await.unwrap(), Added::Another);
    assert_eq!(hub.add_passkey(user, passkey(3), 2, vec![[3; 32]], NOW).await.unwrap(), Added::Refused, "as many as there may be");
    assert_eq!(hub.add_passkey(other, passkey(1), 2, vec![[3; 32]], NOW).await.unwrap(), Added::Refused, "somebody else's");
    assert!(hub.offer_factor(user, Sealed { key: String::new(), secret: vec![3; 20] }, NOW).await.unwrap());
    assert_eq!(hub.confirm_factor(user, 1, vec![[4; 32]], NOW).await.unwrap(), Added::Another);
    assert_eq!(hub.confirm_factor(user, 2, vec![[4; 32]], NOW).await.unwrap(), Added::Refused, "nothing waits");
    assert_eq!(hub.factors(user).await.unwrap(), Factors { app: true, passkeys: 2, codes: 2 });
    assert_eq!(hub.factors(other).await.unwrap(), Factors::default());
    let ids: Vec<i64> = hub.passkeys(user).await.unwrap().iter().map(|p| p.id).collect();
    assert_eq!(hub.remove_passkey(other, ids[0], false, NOW).await.unwrap(), Removed::Gone, "not his");
    assert_eq!(hub.remove_passkey(user, ids[0], true, NOW).await.unwrap(), Removed::Done);
    assert_eq!(hub.remove_factor(user, true, NOW).await.unwrap(), Removed::Done);
    assert_eq!(hub.remove_passkey(user, ids[1], true, NOW).await.unwrap(), Removed::Last);
    assert_eq!(hub.factors(user).await.unwrap(), Factors { app: false, passkeys: 1, codes: 2 });
    assert_eq!(hub.remove_passkey(user, ids[1], false, NOW).await.unwrap(), Removed::Done);
    assert_eq!((hub.factors(user).await.unwrap(), hub.remove_factor(user, false, NOW).await.unwrap()), (Factors::default(), Removed::Gone));
    assert_eq!(hub.add_passkey(user, passkey(4), 2, vec![[1; 32]], NOW).await.unwrap(), Added::First);
    assert!(hub.reset_factors(user, NOW).await.unwrap() && !hub.reset_factors(user, NOW).await.unwrap());
    assert_eq!(hub.factors(user).await.unwrap(), Factors::default());
    let added = ["passkey.added", "passkey.added", "factor.offered", "factor.set"];
    let removed = ["passkey.removed", "factor.removed", "passkey.removed", "passkey.added", "factor.removed"];
    assert_eq!(actions(&f).await, [&added[..], &removed[..]].concat());
}

on_both!(secrets_that_lay_open_are_sealed_and_forgotten_with_a_lost_key);
async fn secrets_that_lay_open_are_sealed_and_forgotten_with_a_lost_key(f: Fixture) {
    let (hub, user, other) = (f.store.hub(), user(&f, "a@b.example").await, user(&f, "c@b.example").await);
    for who in [user, other] {
        assert!(hub.offer_factor(who, Sealed { key: String::new(), secret: vec![who as u8; 20] }, NOW).await.unwrap());
        hub.confirm_factor(who, 1, vec![[who as u8; 32]], NOW).await.unwrap();
    }
    let mut open = hub.open_secrets().await.unwrap();
    open.sort();
    let mut both = [(user, vec![user as u8; 20]), (other, vec![other as u8; 20])];
    both.sort();
    assert_eq!(open, both);
    hub.seal_secret(user, vec![user as u8; 20], Sealed { key: String::new(), secret: vec![1; 48] }).await.unwrap();
    hub.seal_secret(other, vec![9; 20], Sealed { key: String::new(), secret: vec![2; 48] }).await.unwrap();
    assert_eq!(hub.open_secrets().await.unwrap(), [(other, vec![other as u8; 20])], "one that was replaced meanwhile stays");
    assert_eq!(hub.factor(user).await.unwrap().map(|f| f.secret), Some(vec![1; 48]));
    let first = async |key: &str| hub.first_meta("sealing_key", key.into()).await.unwrap();
    assert_eq!((first("one").await.as_str(), first("two").await.as_str()), ("one", "one"));
    assert_eq!(hub.forget_apps(NOW).await.unwrap(), 2);
    assert_eq!((hub.factors(user).await.unwrap(), hub.meta("sealing_key").await.unwrap()), (Factors::default(), None));
    assert_eq!(actions(&f).await, ["factor.offered", "factor.set", "factor.offered", "factor.set", "factor.removed", "factor.removed"]);
}

on_both!(a_count_of_uses_only_grows);
async fn a_count_of_uses_only_grows(f: Fixture) {
    let (hub, user, other) = (f.store.hub(), user(&f, "a@b.example").await, user(&f, "c@b.example").await);
    hub.add_passkey(user, passkey(1), 10, vec![], NOW).await.unwrap();
    let used = async |who: i64, counter: u32, at: Timestamp| hub.use_passkey(who, vec![1; 16], format!("{{\"n\":{counter}}}"), counter, at).await.unwrap();
    assert_eq!((used(user, 0, NOW).await, used(user, 0, NOW.plus(1)).await), (Used::Yes, Used::Yes), "one that does not count");
    assert_eq!((used(user, 7, NOW.plus(2)).await, used(user, 7, NOW).await, used(user, 0, NOW).await), (Used::Yes, Used::Cloned, Used::Cloned));
    assert_eq!((used(other, 9, NOW).await, hub.passkey_cloned(other, vec![1; 16], NOW).await.unwrap()), (Used::Gone, Used::Gone));
    let kept = &hub.passkeys(user).await.unwrap()[0];
    assert_eq!((kept.credential.as_str(), kept.last_used_at, kept.created_at), ("{\"n\":7}", Some(NOW.plus(2)), NOW));
    // At once: the one that comes first has it.
    let at_once = futures_util::future::join_all((0..8).map(|_| used(user, 8, NOW))).await;
    assert_eq!(at_once.iter().filter(|u| **u == Used::Yes).count(), 1, "{at_once:?}");
    assert_eq!(actions(&f).await.iter().filter(|a| *a == "passkey.cloned").count(), 2 + 7);
}

on_both!(a_challenge_is_its_sessions_and_is_used_up_by_the_first_answer);
async fn a_challenge_is_its_sessions_and_is_used_up_by_the_first_answer(f: Fixture) {
    let (hub, user, other) = (f.store.hub(), user(&f, "a@b.example").await, user(&f, "c@b.example").await);
    let (one, two) = (session(&f, 1, user).await, session(&f, 2, user).await);
    let until = NOW.plus(5 * MINUTE);
    let keep = async |session, state: &str| hub.keep_challenge(session, user, Purpose::SignIn, state.into(), until).await.unwrap();
    let take = async |session, who, purpose, at| hub.take_challenge(session, who, purpose, at).await.unwrap();
    keep(one, "first").await;
    keep(one, "second").await;
    assert_eq!(take(two, user, Purpose::SignIn, NOW).await, None, "another session's");
    assert_eq!(take(one, user, Purpose::SignIn, NOW).await.as_deref(), Some("second"));
    assert_eq!(take(one, user, Purpose::SignIn, NOW).await, None, "used up");
    for (who, purpose, at) in [(other, Purpose::SignIn, NOW), (user, Purpose::StepUp, NOW), (user, Purpose::Register, NOW), (user, Purpose::SignIn, until)] {
        keep(one, "x").await;
        assert_eq!(take(one, who, purpose, at).await, None);
        assert_eq!(take(one, user, Purpose::SignIn, NOW).await, None, "the wrong answer used it up");
    }
    keep(one, "x").await;
    let at_once = futures_util::future::join_all((0..8).map(|_| take(one, user, Purpose::SignIn, NOW))).await;
    assert_eq!(at_once.iter().flatten().count(), 1, "{at_once:?}");
    // It goes with its session, and comes with none.
    keep(one, "x").await;
    hub.delete_session(one, NOW).await.unwrap();
    assert_eq!(take(one, user, Purpose::SignIn, NOW).await, None);
    assert!(hub.keep_challenge(one, user, Purpose::SignIn, "x".into(), until).await.is_err());
}

on_both!(a_password_is_changed_once_by_who_knows_it);
async fn a_password_is_changed_once_by_who_knows_it(f: Fixture) {
    // Another administrator, without whom nobody could be disabled.
    let (hub, _, user) = (f.store.hub(), user(&f, "c@b.example").await, user(&f, "a@b.example").await);
    let (here, there) = (session(&f, 1, user).await, session(&f, 2, user).await);
    hub.add_signin_link(user, [7; 32], NOW.plus(HOUR), NOW).await.unwrap();
    assert!(!hub.change_password(user, "wrong".into(), "new".into(), here, NOW).await.unwrap());
    assert!(hub.session(there, NOW).await.unwrap().is_some(), "nothing has changed");
    assert!(hub.change_password(user, "old".into(), "new".into(), here, NOW).await.unwrap());
    assert!(!hub.change_password(user, "old".into(), "other".into(), here, NOW).await.unwrap(), "set meanwhile");
    assert_eq!(hub.user(user).await.unwrap().and_then(|u| u.password_hash).as_deref(), Some("new"));
    assert!(hub.session(here, NOW).await.unwrap().is_some() && hub.session(there, NOW).await.unwrap().is_none());
    assert!(!hub.signin_link([7; 32], NOW).await.unwrap());
    hub.disable_user(f.orgs[0], user, NOW).await.unwrap();
    assert!(!hub.change_password(user, "new".into(), "other".into(), here, NOW).await.unwrap(), "disabled");
    assert_eq!(actions(&f).await, ["password.set"]);
}
