//! Identity providers, identities, and flows to providers and back.

use super::support::{Fixture, NOW};
use domain::{HOUR, MINUTE, Role};
use std::collections::BTreeMap;
use store::{Linked, OidcIdentity, OidcProvider, SessionRecord};

const ISSUER: &str = "https://id.alpha.example";

async fn provider(f: &Fixture, org: usize, issuer: &str) -> u64 {
    let provider = OidcProvider { org: f.orgs[org], issuer: issuer.into(), client_id: "hub".into(), secret_file: "/secret".into() };
    f.store.hub().set_oidc_provider(provider, NOW).await.unwrap()
}

async fn somebody(f: &Fixture, org: usize, email: &str, password: Option<&str>) -> i64 {
    f.store.hub().add_user(f.orgs[org], email.into(), "A".into(), Role::OrgAdmin, password.map(Into::into), NOW).await.unwrap()
}

fn sub(subject: &str) -> OidcIdentity {
    OidcIdentity { issuer: ISSUER.into(), subject: subject.into() }
}

on_both!(an_answer_is_taken_once_from_the_browser_that_was_sent);
async fn an_answer_is_taken_once_from_the_browser_that_was_sent(f: Fixture) {
    let (hub, end) = (f.store.hub(), NOW.plus(10 * MINUTE));
    let [alpha, beta, _] = f.orgs[..] else { panic!("three organisations") };
    for browser in [1, 2] {
        hub.begin_oidc([browser; 32], [10 + browser; 32], alpha, format!("{browser}"), end, NOW).await.unwrap();
    }
    assert_eq!(hub.answer_oidc([1; 32], [12; 32], alpha, NOW).await.unwrap(), None, "the state of another browser");
    assert_eq!(hub.answer_oidc([1; 32], [11; 32], beta, NOW).await.unwrap(), None, "another organisation's provider");
    assert_eq!(hub.answer_oidc([1; 32], [11; 32], alpha, end).await.unwrap(), None, "too late");
    hub.prove_oidc([1; 32], sub("a")).await.unwrap();
    assert_eq!(hub.answer_oidc([1; 32], [11; 32], alpha, NOW).await.unwrap().map(|flow| flow.data), Some("1".into()));
    assert_eq!(hub.answer_oidc([1; 32], [11; 32], alpha, NOW).await.unwrap(), None, "a second time");
    hub.prove_oidc([1; 32], sub("b")).await.unwrap();
    hub.prove_oidc([1; 32], sub("c")).await.unwrap();
    assert_eq!(
        hub.end_oidc([1; 32], NOW).await.unwrap().and_then(|flow| flow.proved),
        Some(sub("b")),
        "nothing is proved before there was an answer, and then once"
    );
    assert_eq!(hub.end_oidc([1; 32], NOW).await.unwrap(), None);
    assert_eq!(hub.end_oidc([2; 32], end).await.unwrap(), None);
    // Whoever begins tidies up.
    hub.begin_oidc([3; 32], [13; 32], alpha, "3".into(), end.plus(HOUR), end).await.unwrap();
    assert_eq!(hub.end_oidc([2; 32], NOW).await.unwrap(), None);
}

on_both!(an_identity_is_one_persons_of_one_organisation);
async fn an_identity_is_one_persons_of_one_organisation(f: Fixture) {
    let hub = f.store.hub();
    let (ana, ben, other) =
        (somebody(&f, 0, "a@a.example", Some("x")).await, somebody(&f, 0, "b@a.example", None).await, somebody(&f, 1, "c@b.example", Some("x")).await);
    assert_eq!(hub.link_identity(ana, sub("1"), NOW).await.unwrap(), Linked::Not, "no provider");
    provider(&f, 0, ISSUER).await;
    let elsewhere = OidcIdentity { issuer: "https://id.evil.example".into(), subject: "1".into() };
    assert_eq!(hub.link_identity(ana, elsewhere, NOW).await.unwrap(), Linked::Not, "not the organisation's provider");
    assert_eq!(hub.link_identity(other, sub("1"), NOW).await.unwrap(), Linked::Not, "not this person's provider");
    assert_eq!(hub.link_identity(ana, sub("1"), NOW).await.unwrap(), Linked::Done);
    assert_eq!(hub.link_identity(ben, sub("1"), NOW).await.unwrap(), Linked::Not, "taken");
    assert_eq!(hub.link_identity(ana, sub("2"), NOW).await.unwrap(), Linked::Not, "one each");
    // Two organisations may use the same provider, and know their own people only.
    provider(&f, 1, ISSUER).await;
    assert_eq!(hub.person_of_identity(f.orgs[1], &sub("1")).await.unwrap(), None);
    assert_eq!(hub.link_identity(other, sub("1"), NOW).await.unwrap(), Linked::Done);
    assert_eq!(hub.person_of_identity(f.orgs[0], &sub("1")).await.unwrap(), Some(ana));
    assert_eq!(hub.person_of_identity(f.orgs[1], &sub("1")).await.unwrap(), Some(other));
    assert!(hub.unlink_identity(ana, NOW).await.unwrap() && !hub.unlink_identity(ana, NOW).await.unwrap());
    assert_eq!(hub.person_of_identity(f.orgs[0], &sub("1")).await.unwrap(), None);
}

on_both!(a_one_time_link_may_bring_an_identity_in_place_of_a_password);
async fn a_one_time_link_may_bring_an_identity_in_place_of_a_password(f: Fixture) {
    let hub = f.store.hub();
    provider(&f, 0, ISSUER).await;
    let (ana, ben) = (somebody(&f, 0, "a@a.example", Some("stolen")).await, somebody(&f, 0, "b@a.example", None).await);
    hub.create_session([1; 32], SessionRecord { user: Some(ana), data: "{}".into(), expires_at: NOW.plus(HOUR), absolute_at: NOW.plus(HOUR) }, NOW)
        .await
        .unwrap();
    hub.add_signin_link(ana, [7; 32], NOW.plus(HOUR), NOW).await.unwrap();
    hub.add_signin_link(ben, [8; 32], NOW.plus(HOUR), NOW).await.unwrap();
    assert_eq!(hub.use_signin_link_for([7; 32], sub("1"), NOW.plus(2 * HOUR)).await.unwrap(), None, "expired");
    assert_eq!(hub.use_signin_link_for([7; 32], sub("1"), NOW).await.unwrap(), Some(ana));
    assert_eq!(hub.use_signin_link_for([7; 32], sub("1"), NOW).await.unwrap(), None, "used");
    assert_eq!((hub.user(ana).await.unwrap().unwrap().password_hash, hub.session([1; 32], NOW).await.unwrap()), (None, None));
    assert!(!hub.unlink_identity(ana, NOW).await.unwrap(), "nobody locks himself out");
    assert_eq!(hub.use_signin_link_for([8; 32], sub("1"), NOW).await.unwrap(), None, "Ana's");
    assert!(hub.signin_link([8; 32], NOW).await.unwrap(), "and the link still works");
    let people = hub.people(Some(f.orgs[0])).await.unwrap();
    assert_eq!(people.iter().map(|p| (p.id, p.joined)).collect::<BTreeMap<_, _>>(), [(ana, true), (ben, false)].into());
    // She counts as an administrator who can sign in.
    assert_eq!(hub.disable_user(f.orgs[0], ana, NOW).await.unwrap(), store::Turned::LastAdmin);
}

on_both!(without_its_provider_an_identity_opens_nothing);
async fn without_its_provider_an_identity_opens_nothing(f: Fixture) {
    let hub = f.store.hub();
    provider(&f, 0, ISSUER).await;
    let ana = somebody(&f, 0, "a@a.example", Some("x")).await;
    let session = SessionRecord { user: Some(ana), data: "{}".into(), expires_at: NOW.plus(HOUR), absolute_at: NOW.plus(HOUR) };
    for gone in ["changed", "removed"] {
        hub.link_identity(ana, sub("1"), NOW).await.unwrap();
        hub.create_session([1; 32], session.clone(), NOW).await.unwrap();
        hub.begin_oidc([2; 32], [3; 32], f.orgs[0], "{}".into(), NOW.plus(MINUTE), NOW).await.unwrap();
        if gone == "changed" {
            assert_eq!(provider(&f, 0, ISSUER).await, 0, "the same issuer");
            assert_eq!(hub.person_of_identity(f.orgs[0], &sub("1")).await.unwrap(), Some(ana));
            assert_eq!(provider(&f, 0, "https://other.example").await, 1);
            assert_eq!(provider(&f, 0, ISSUER).await, 0);
        } else {
            assert_eq!(hub.remove_oidc_provider(f.orgs[0], NOW).await.unwrap(), Some(1));
            assert_eq!(hub.remove_oidc_provider(f.orgs[0], NOW).await.unwrap(), None);
        }
        assert_eq!(hub.person_of_identity(f.orgs[0], &sub("1")).await.unwrap(), None, "{gone}");
        assert_eq!((hub.session([1; 32], NOW).await.unwrap(), hub.end_oidc([2; 32], NOW).await.unwrap()), (None, None), "{gone}");
    }
    let rows = hub.audit_after(0).await.unwrap();
    let said: Vec<_> = rows.iter().filter(|r| r.action.starts_with("oidc.")).map(|r| r.action.as_str()).collect();
    let set = "oidc.provider_set";
    assert_eq!(said, [set, "oidc.linked", set, set, set, "oidc.linked", "oidc.provider_removed"]);
}
