//! Forms that wait for their senders.

use crate::support::{Fixture, NOW};
use domain::{HOUR, Role};
use store::KeptForm;

on_both!(nobody_puts_other_peoples_forms_out);
async fn nobody_puts_other_peoples_forms_out(f: Fixture) {
    let hub = f.store.hub();
    let mut people = Vec::new();
    for name in ["ana", "bo"] {
        people.push(hub.add_user(f.orgs[0], format!("{name}@b.example"), name.into(), Role::Analyst, None, NOW).await.unwrap());
    }
    let form = |browser: u8, user: Option<i64>, second: i64| KeptForm {
        browser: [browser; 32],
        user,
        action: "/admin/users".into(),
        page: "/admin/users".into(),
        fields: "name=Ada".into(),
        whole: true,
        expires_at: NOW.plus(HOUR + second),
    };
    hub.keep_form([200; 32], form(1, Some(people[0]), 0), NOW).await.unwrap();
    hub.keep_form([201; 32], form(2, None, 0), NOW).await.unwrap();
    for n in 0..25_u8 {
        // From ever other browsers, and from one that nobody is signed in with.
        hub.keep_form([n; 32], form(100 + n, Some(people[1]), i64::from(n)), NOW).await.unwrap();
        hub.keep_form([100 + n; 32], form(3, None, i64::from(n)), NOW).await.unwrap();
    }
    let there = async |hash: u8, browser: u8| hub.kept_form([hash; 32], [browser; 32], NOW).await.unwrap().is_some();
    assert!(there(200, 1).await && there(201, 2).await, "those of others are there");
    for n in 0..25_u8 {
        assert_eq!((there(n, 100 + n).await, there(100 + n, 3).await), (n >= 5, n >= 5), "the newest twenty of each: {n}");
    }
}
