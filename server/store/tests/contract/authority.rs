//! The second person is somebody whom the first could not be.

use super::support::{Fixture, NOW};
use domain::{DAY, DataClass, HOUR, Level, Role, Timestamp, sharing::Audience};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use store::{AccountChange, Agreed, Approval, Changed, Hub, NewLink, NewPasskey, OidcIdentity, OidcProvider, SessionRecord, Turned, audit::Actor};

on_both!(nobody_agrees_with_an_account_that_they_could_be);
on_both!(an_only_administrator_waits_a_day);
on_both!(nobody_becomes_the_only_administrator_by_removing_the_others);
on_both!(whoever_is_behind_both_agrees_to_neither);
on_both!(proposing_early_does_not_shorten_the_wait);
on_both!(whoever_comes_first_is_not_alone);
on_both!(the_newest_link_is_the_only_one);
on_both!(at_most_one_link_of_a_person_ever_works);
on_both!(an_administrators_account_takes_two);
on_both!(no_order_of_steps_makes_one_administrator_two);
on_both!(an_auditor_is_kept_out_by_two_and_everybody_is_told);
on_both!(the_hubs_own_roles_are_kept_out_by_two);
on_both!(an_operators_link_that_ends_unused_begins_the_wait);
on_both!(a_way_in_that_ends_with_the_provider_begins_the_wait);
on_both!(whoever_takes_back_what_they_did_stands_behind_nobody);

/// An administrator of the first organisation who can sign in, made by the operator.
pub async fn admin(f: &Fixture, name: &str) -> i64 {
    person(f, name, Role::OrgAdmin).await
}

async fn person(f: &Fixture, name: &str, role: Role) -> i64 {
    let hash = Some(format!("hash of {name}"));
    f.store.hub().add_user(f.orgs[0], format!("{name}@a.example"), name.into(), role, hash, NOW).await.unwrap()
}

/// The hub on behalf of somebody of the first organisation.
pub fn by(f: &Fixture, user: i64) -> Hub<'_> {
    f.store.hub().by(Actor { org: Some(f.orgs[0]), user: Some(user) })
}

/// What becomes of a wider rule that one proposes and another one agrees to a moment later.
async fn widening(f: &Fixture, proposer: i64, approver: i64, at: Timestamp) -> Approval {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    hub.set_rule(org, DataClass::Events, Audience::Everyone, Some(Level::None), at).await.unwrap();
    assert!(by(f, proposer).change_rule(org, DataClass::Events, Audience::Everyone, Some(Level::Detail), proposer, at).await.unwrap(), "it waits");
    let id = hub.proposals(org, at).await.unwrap()[0].id;
    let approval = by(f, approver).approve_rule(id, org, approver, at).await.unwrap();
    let level = hub.sharing().await.unwrap().level(f.orgs[1], org, DataClass::Events);
    assert_eq!(level == Level::Detail, approval == Approval::Done, "{approval:?}");
    approval
}

async fn nobody_agrees_with_an_account_that_they_could_be(f: Fixture) {
    let (ana, ben) = (admin(&f, "ana").await, admin(&f, "ben").await);
    let org = f.orgs[0];
    assert_eq!(widening(&f, ana, ben, NOW).await, Approval::Done, "both were made by the operator");
    assert_eq!(widening(&f, ana, ana, NOW).await, Approval::Own);
    let (mut at, mut token) = (NOW, [0; 32]);
    for act in ["made", "linked", "let in", "promoted", "enabled", "reset by the operator after a link"] {
        at = at.plus(30 * DAY);
        token[0] += 1;
        let cleo = person(&f, &act.replace(' ', "-"), if act == "promoted" { Role::Analyst } else { Role::OrgAdmin }).await;
        let mut from = at;
        match act {
            "made" => {
                let hash = Some("hash".into());
                let puppet = by(&f, ana).add_user(org, "puppet@a.example".into(), "P".into(), Role::OrgAdmin, hash, at).await.unwrap();
                assert_eq!(widening(&f, ana, puppet, at).await, Approval::Related);
                assert!(by(&f, ana).add_signin_link(cleo, token, at.plus(7 * DAY), at).await.unwrap());
            }
            "promoted" => assert_eq!(by(&f, ana).set_role(org, cleo, Role::OrgAdmin, at).await.unwrap(), Turned::Done),
            "enabled" => {
                by(&f, ben).disable_user(org, cleo, at).await.unwrap();
                by(&f, ana).enable_user(org, cleo, at).await.unwrap();
            }
            "let in" => {
                by(&f, ana).add_signin_link(cleo, token, at.plus(7 * DAY), at).await.unwrap();
                from = at.plus(6 * DAY);
                assert_eq!(f.store.hub().use_signin_link(token, "new".into(), from).await.unwrap(), Some(cleo));
            }
            _ => {
                by(&f, ana).add_signin_link(cleo, token, at.plus(7 * DAY), at).await.unwrap();
                if act.starts_with("reset") {
                    let new = NewPasskey { credential_id: token.to_vec(), name: "p".into(), credential: "{}".into() };
                    f.store.hub().add_passkey(cleo, new, 10, vec![], at).await.unwrap();
                    from = at.plus(5 * DAY);
                    assert!(f.store.hub().reset_factors(cleo, from).await.unwrap());
                }
            }
        }
        for (now, expected) in [(from, Approval::Related), (from.plus(7 * DAY - HOUR), Approval::Related), (from.plus(7 * DAY), Approval::Done)] {
            assert_eq!(widening(&f, ana, cleo, now).await, expected, "{act}, {}", now.since(from));
            assert_eq!(widening(&f, cleo, ana, now).await, expected, "{act}, the other way round");
        }
        assert_eq!(widening(&f, ben, cleo, from).await, Approval::Done, "{act}: who had no part in it");
    }
    let told = f.store.hub().user(f.store.hub().user_by_email("promoted@a.example").await.unwrap().unwrap().id).await.unwrap().unwrap();
    assert!(told.changed_at.is_some(), "the owner is told");
}

async fn whoever_is_behind_both_agrees_to_neither(f: Fixture) {
    let (ana, ben) = (admin(&f, "ana").await, admin(&f, "ben").await);
    let org = f.orgs[0];
    let mut made = Vec::new();
    for (by_whom, name) in [(ana, "one"), (ana, "two"), (ben, "three")] {
        made.push(by(&f, by_whom).add_user(org, format!("{name}@a.example"), name.into(), Role::OrgAdmin, Some("hash".into()), NOW).await.unwrap());
    }
    assert_eq!(widening(&f, made[0], made[1], NOW).await, Approval::Related, "two of one maker");
    assert_eq!(widening(&f, made[0], made[2], NOW).await, Approval::Done, "of two makers");
    let below = by(&f, made[0]).add_user(org, "four@a.example".into(), "four".into(), Role::OrgAdmin, Some("hash".into()), NOW).await.unwrap();
    for other in [ana, made[0], made[1]] {
        assert_eq!(widening(&f, other, below, NOW).await, Approval::Related, "made by what was made");
    }
    assert_eq!(widening(&f, ben, below, NOW).await, Approval::Done);
    f.store.hub().disable_user(org, ben, NOW).await.unwrap();
    assert_eq!(widening(&f, made[0], made[2], NOW.plus(DAY)).await, Approval::Done);
}

async fn an_only_administrator_waits_a_day(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let ana = admin(&f, "ana").await;
    person(&f, "analyst", Role::Analyst).await;
    // Invited, and never there: nobody who could agree.
    hub.add_user(org, "guest@a.example".into(), "G".into(), Role::OrgAdmin, None, NOW).await.unwrap();
    assert!(hub.is_sole_admin(org, ana, NOW).await.unwrap());
    hub.set_rule(org, DataClass::Events, Audience::Everyone, Some(Level::None), NOW).await.unwrap();
    let group = hub.add_group(org, "Ports".into(), false, NOW).await.unwrap();
    assert!(by(&f, ana).change_rule(org, DataClass::Events, Audience::Everyone, Some(Level::Detail), ana, NOW).await.unwrap());
    assert!(by(&f, ana).propose_member(org, group, f.orgs[1], ana, NOW).await.unwrap());
    assert_eq!(hub.sole_widenings(NOW).await.unwrap(), [(org, NOW.plus(DAY))], "the steward is told");
    let (rule, member) = (hub.proposals(org, NOW).await.unwrap()[0].id, hub.group_proposals(org, NOW).await.unwrap()[0].id);
    for at in [NOW, NOW.plus(DAY - 1)] {
        assert_eq!(by(&f, ana).approve_rule(rule, org, ana, at).await.unwrap(), Approval::TooEarly);
        assert_eq!(by(&f, ana).approve_member(member, org, ana, at).await.unwrap(), Approval::TooEarly);
    }
    let ben = admin(&f, "ben").await;
    assert_eq!(by(&f, ana).approve_rule(rule, org, ana, NOW.plus(DAY)).await.unwrap(), Approval::Own, "there is a second one now");
    assert_eq!(hub.sole_widenings(NOW).await.unwrap(), []);
    hub.disable_user(org, ben, NOW).await.unwrap();
    assert_eq!(by(&f, ana).approve_rule(rule, org, ana, NOW.plus(DAY)).await.unwrap(), Approval::Done, "the operator took the second one away");
    assert_eq!(by(&f, ana).approve_member(member, org, ana, NOW.plus(DAY)).await.unwrap(), Approval::Done);
}

async fn proposing_early_does_not_shorten_the_wait(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let (ana, ben) = (admin(&f, "ana").await, admin(&f, "ben").await);
    hub.set_rule(org, DataClass::Events, Audience::Everyone, Some(Level::None), NOW).await.unwrap();
    by(&f, ana).disable_user(org, ben, NOW).await.unwrap();
    assert_eq!(hub.sole_widenings(NOW).await.unwrap(), [(org, NOW.plus(8 * DAY))], "told at once, whatever is proposed");
    let proposed = NOW.plus(2 * DAY);
    assert!(by(&f, ana).change_rule(org, DataClass::Events, Audience::Everyone, Some(Level::Detail), ana, proposed).await.unwrap());
    assert_eq!(hub.sole_widenings(proposed).await.unwrap(), [(org, NOW.plus(8 * DAY))]);
    let id = hub.proposals(org, proposed).await.unwrap()[0].id;
    for (at, expected) in [(7 * DAY - 1, Approval::Own), (7 * DAY, Approval::TooEarly), (8 * DAY - 1, Approval::TooEarly), (8 * DAY, Approval::Done)] {
        assert_eq!(by(&f, ana).approve_rule(id, org, ana, NOW.plus(at)).await.unwrap(), expected, "{at}");
    }
}

async fn whoever_comes_first_is_not_alone(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let ana = admin(&f, "ana").await;
    let ben = hub.add_user(org, "ben@a.example".into(), "Ben".into(), Role::OrgAdmin, None, NOW).await.unwrap();
    assert!(hub.add_signin_link(ben, [1; 32], NOW.plus(7 * DAY), NOW).await.unwrap());
    assert!(!hub.is_sole_admin(org, ana, NOW).await.unwrap(), "the operator's other one is on the way");
    let change = AccountChange::Link { user: ben };
    assert_eq!(by(&f, ana).change_account(org, change, ana, link(2), NOW).await.unwrap(), Changed::Waits, "nobody takes the way in from them");
    by(&f, ana).disable_user(org, ben, NOW.plus(DAY)).await.unwrap();
    assert!(!hub.is_sole_admin(org, ana, NOW.plus(8 * DAY - 1)).await.unwrap() && hub.is_sole_admin(org, ana, NOW.plus(8 * DAY)).await.unwrap());
    let late = hub.add_user(org, "late@a.example".into(), "Late".into(), Role::OrgAdmin, None, NOW).await.unwrap();
    assert!(hub.add_signin_link(late, [3; 32], NOW.plus(9 * DAY), NOW).await.unwrap());
    assert!(!hub.is_sole_admin(org, ana, NOW.plus(9 * DAY - 1)).await.unwrap() && hub.is_sole_admin(org, ana, NOW.plus(9 * DAY)).await.unwrap());
}

async fn nobody_becomes_the_only_administrator_by_removing_the_others(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let (ana, ben, cleo) = (admin(&f, "ana").await, admin(&f, "ben").await, admin(&f, "cleo").await);
    assert_eq!(by(&f, ana).disable_user(org, ben, NOW).await.unwrap(), Turned::Done);
    assert_eq!(by(&f, ana).set_role(org, cleo, Role::Analyst, NOW).await.unwrap(), Turned::Done);
    assert_eq!(widening(&f, ana, ana, NOW.plus(DAY)).await, Approval::Own);
    assert!(!hub.is_sole_admin(org, ana, NOW.plus(7 * DAY - 1)).await.unwrap());
    assert!(hub.is_sole_admin(org, ana, NOW.plus(7 * DAY)).await.unwrap());
    // Whoever leaves by themselves holds nobody up.
    let dora = admin(&f, "dora").await;
    assert_eq!(by(&f, dora).set_role(org, dora, Role::Analyst, NOW.plus(8 * DAY)).await.unwrap(), Turned::Done);
    assert!(hub.is_sole_admin(org, ana, NOW.plus(8 * DAY)).await.unwrap());
}

async fn the_newest_link_is_the_only_one(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let ana = admin(&f, "ana").await;
    let other = person(&f, "other", Role::Analyst).await;
    assert!(hub.add_signin_link(other, [8; 32], NOW.plus(HOUR), NOW).await.unwrap());
    for link in [[1; 32], [2; 32]] {
        assert!(by(&f, ana).add_signin_link(ana, link, NOW.plus(HOUR), NOW).await.unwrap());
    }
    assert!(!hub.signin_link([1; 32], NOW).await.unwrap(), "replaced");
    assert_eq!(hub.use_signin_link([1; 32], "new".into(), NOW).await.unwrap(), None);
    assert_eq!(hub.use_signin_link([2; 32], "new".into(), NOW).await.unwrap(), Some(ana));
    assert_eq!(hub.use_signin_link([2; 32], "again".into(), NOW).await.unwrap(), None, "used");
    hub.set_role(org, other, Role::Executive, NOW).await.unwrap();
    assert!(!hub.signin_link([8; 32], NOW).await.unwrap(), "made for another role");
    hub.disable_user(org, other, NOW).await.unwrap();
    assert!(!hub.add_signin_link(other, [9; 32], NOW.plus(HOUR), NOW).await.unwrap() && !hub.signin_link([9; 32], NOW).await.unwrap(), "disabled");
}

/// What happens to somebody's account.
#[derive(Clone, Copy, Debug)]
enum Step {
    Link,
    /// One of the links made so far, by its number.
    Use(usize),
    Disable,
    Enable,
    Role(Role),
    Password,
    SignIn,
    Reset,
    /// Days pass.
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<(usize, Step)>> {
    let role = prop_oneof![Just(Role::Analyst), Just(Role::Executive), Just(Role::OrgAdmin)];
    let step = prop_oneof![
        3 => Just(Step::Link),
        3 => (0_usize..8).prop_map(Step::Use),
        1 => Just(Step::Disable),
        1 => Just(Step::Enable),
        1 => role.prop_map(Step::Role),
        1 => Just(Step::Password),
        1 => Just(Step::SignIn),
        1 => Just(Step::Reset),
        1 => (1_i64..5).prop_map(Step::Wait),
    ];
    prop::collection::vec((0_usize..2, step), 1..24)
}

/// An account, as it must be.
struct Model {
    id: i64,
    role: Role,
    password: String,
    disabled: bool,
    /// Those ever made.
    links: Vec<[u8; 32]>,
    /// The only one that works, and until when.
    live: Option<([u8; 32], Timestamp)>,
}

async fn at_most_one_link_of_a_person_ever_works(f: Fixture) {
    let mut runner = TestRunner::deterministic();
    // So that nobody is the last administrator.
    admin(&f, "ana").await;
    let mut number = 0_u32;
    for round in 0..40 {
        let steps = steps().new_tree(&mut runner).unwrap().current();
        let mut people = Vec::new();
        for name in ["x", "y"] {
            let id = person(&f, &format!("{name}{round}"), Role::Analyst).await;
            let password = format!("hash of {name}{round}");
            people.push(Model { id, role: Role::Analyst, password, disabled: false, links: vec![], live: None });
        }
        let mut now = NOW;
        for (whose, step) in &steps {
            number += 1;
            let mut unique = [0; 32];
            unique[..4].copy_from_slice(&number.to_be_bytes());
            if let Step::Wait(days) = step {
                now = now.plus(days * DAY);
            }
            play(&f, &mut people[*whose], *step, unique, now).await;
            for person in &people {
                let expected = person.live.filter(|(_, until)| *until > now).map(|(link, _)| link);
                for link in &person.links {
                    let works = f.store.hub().signin_link(*link, now).await.unwrap();
                    assert_eq!(works, expected == Some(*link), "after {step:?} of {steps:?}");
                }
            }
        }
    }
}

async fn play(f: &Fixture, person: &mut Model, step: Step, unique: [u8; 32], now: Timestamp) {
    let (hub, org, id) = (f.store.hub(), f.orgs[0], person.id);
    match step {
        Step::Link => {
            let made = hub.add_signin_link(id, unique, now.plus(7 * DAY), now).await.unwrap();
            assert_eq!(made, !person.disabled);
            person.links.push(unique);
            person.live = made.then_some((unique, now.plus(7 * DAY)));
        }
        Step::Use(n) => {
            let Some(link) = person.links.get(n).copied() else { return };
            let works = person.live.is_some_and(|(live, until)| live == link && until > now);
            let hash = format!("hash {}", unique[3]);
            assert_eq!(hub.use_signin_link(link, hash.clone(), now).await.unwrap(), works.then_some(id));
            if works {
                (person.live, person.password) = (None, hash);
            }
            assert_eq!(hub.user(id).await.unwrap().unwrap().password_hash.as_deref(), Some(&*person.password));
        }
        Step::Disable => {
            hub.disable_user(org, id, now).await.unwrap();
            (person.disabled, person.live) = (true, None);
        }
        Step::Enable => {
            hub.enable_user(org, id, now).await.unwrap();
            person.disabled = false;
        }
        Step::Role(role) => {
            hub.set_role(org, id, role, now).await.unwrap();
            if person.role != role {
                (person.role, person.live) = (role, None);
            }
        }
        Step::Password => {
            let hash = format!("hash {unique:?}");
            let set = hub.change_password(id, person.password.clone(), hash.clone(), [0; 32], now).await.unwrap();
            assert_eq!(set, !person.disabled);
            if set {
                (person.password, person.live) = (hash, None);
            }
        }
        Step::SignIn => {
            let record = SessionRecord { user: Some(id), data: "{}".into(), expires_at: now.plus(HOUR), absolute_at: now.plus(DAY) };
            hub.create_session(unique, record, now).await.unwrap();
        }
        Step::Reset => {
            let new = NewPasskey { credential_id: unique.to_vec(), name: "p".into(), credential: "{}".into() };
            hub.add_passkey(id, new, 10, vec![], now).await.unwrap();
            assert!(hub.reset_factors(id, now).await.unwrap());
        }
        Step::Wait(_) => {}
    }
}

fn link(number: u32) -> NewLink {
    let mut hash = [0; 32];
    hash[..4].copy_from_slice(&number.to_be_bytes());
    NewLink { hash_for: Box::new(move |_| hash), expires_at: NOW.plus(100_000 * DAY) }
}

fn invitation(name: &str, role: Role) -> AccountChange {
    AccountChange::Invite { email: format!("{name}@a.example"), name: name.into(), role }
}

async fn an_administrators_account_takes_two(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let (ana, ben) = (admin(&f, "ana").await, admin(&f, "ben").await);
    let change = async |change, who, number| by(&f, who).change_account(org, change, who, link(number), NOW).await.unwrap();
    let waiting = async || hub.account_proposals(org, NOW).await.unwrap();
    // Those who agree to nothing are one administrator's affair.
    let Changed::Linked(cleo) = change(invitation("cleo", Role::Analyst), ana, 1).await else { panic!("a link") };
    assert_eq!(change(AccountChange::Link { user: cleo }, ana, 2).await, Changed::Linked(cleo));
    assert_eq!(change(AccountChange::Role { user: cleo, role: Role::Executive }, ana, 0).await, Changed::Done);
    assert_eq!(change(invitation("cleo", Role::OrgAdmin), ana, 0).await, Changed::Exists);
    for change_of in [
        invitation("dora", Role::OrgAdmin),
        AccountChange::Role { user: cleo, role: Role::OrgAdmin },
        AccountChange::Link { user: ben },
        AccountChange::Link { user: ana },
    ] {
        assert_eq!(change(change_of, ana, 3).await, Changed::Waits);
    }
    assert_eq!(waiting().await.len(), 4);
    assert_eq!(change(invitation("dora", Role::OrgAdmin), ben, 3).await, Changed::Waits, "in place of the same");
    let all = waiting().await;
    let of = |by: i64| all.iter().find(|waits| waits.by.0 == by).expect("one of theirs");
    assert_eq!((all.len(), of(ben).whom.1.as_str()), (4, "dora@a.example"));
    assert!(hub.user_by_email("dora@a.example").await.unwrap().is_none() && !hub.signin_link(hash(3), NOW).await.unwrap(), "nothing is done yet");
    let (relink, invite) = (of(ana).id, of(ben).id);
    assert_eq!(by(&f, ana).approve_account(relink, org, ana, link(4), NOW).await.unwrap(), Agreed::Not(Approval::Own));
    assert_eq!(by(&f, ben).approve_account(relink, f.orgs[1], ben, link(4), NOW).await.unwrap(), Agreed::Not(Approval::Gone), "of another organisation");
    assert_eq!(by(&f, ben).approve_account(relink, org, ben, link(4), NOW.plus(7 * DAY)).await.unwrap(), Agreed::Not(Approval::Gone), "too old");
    assert_eq!(by(&f, ana).approve_account(relink, org, cleo, link(4), NOW).await.unwrap(), Agreed::Not(Approval::Related), "no administrator");
    let Agreed::To(Changed::Linked(dora)) = by(&f, ana).approve_account(invite, org, ana, link(5), NOW).await.unwrap() else { panic!("a link") };
    assert_eq!(hub.use_signin_link(hash(5), "dora's".into(), NOW).await.unwrap(), Some(dora));
    assert_eq!((widening(&f, ana, dora, NOW).await, widening(&f, dora, ben, NOW).await), (Approval::Related, Approval::Related));
    by(&f, ben).drop_account_proposal(relink, org, NOW).await.unwrap();
    assert_eq!(waiting().await.len(), 2);
    hub.disable_user(org, ana, NOW).await.unwrap();
    assert_eq!(waiting().await, [], "whose proposer may not sign in");
    let said: Vec<String> = hub.audit_after(0).await.unwrap().into_iter().map(|row| row.action).filter(|action| action.starts_with("user.p")).collect();
    assert_eq!(said, [vec!["user.proposed"; 5], vec!["user.proposal_dropped"]].concat());
}

fn hash(number: u32) -> [u8; 32] {
    (link(number).hash_for)(0)
}

/// What somebody who wants to be two administrators tries.
#[derive(Clone, Copy, Debug)]
enum Attempt {
    Invite(Role),
    Link(usize),
    Promote(usize),
    Demote(usize),
    Disable(usize),
    Enable(usize),
    /// The honest administrator agrees to whatever waits, and hands the link to the attacker.
    NaiveConsent,
    /// One of the attacker's own accounts agrees.
    OwnConsent(usize),
    OperatorResets(usize),
    Wait(i64),
    Widen(usize, usize),
}

fn attempts() -> impl Strategy<Value = Vec<(usize, Attempt)>> {
    let who = || 0_usize..6;
    let attempt = prop_oneof![
        3 => prop_oneof![Just(Role::OrgAdmin), Just(Role::Analyst)].prop_map(Attempt::Invite),
        3 => who().prop_map(Attempt::Link),
        3 => who().prop_map(Attempt::Promote),
        1 => who().prop_map(Attempt::Demote),
        2 => who().prop_map(Attempt::Disable),
        2 => who().prop_map(Attempt::Enable),
        4 => Just(Attempt::NaiveConsent),
        2 => who().prop_map(Attempt::OwnConsent),
        1 => who().prop_map(Attempt::OperatorResets),
        1 => (1_i64..200).prop_map(|hours| Attempt::Wait(hours * HOUR)),
        8 => (who(), who()).prop_map(|(a, b)| Attempt::Widen(a, b)),
    ];
    prop::collection::vec((who(), attempt), 20..50)
}

/// The organisation under attack.
struct Siege {
    now: Timestamp,
    honest: i64,
    /// Everybody, in the order in which they came.
    all: Vec<i64>,
    /// The attacker's accounts with since when; the first was theirs from the beginning.
    held: Vec<(i64, Timestamp)>,
    links: u32,
}

async fn no_order_of_steps_makes_one_administrator_two(f: Fixture) {
    let mut runner = TestRunner::deterministic();
    let (mut tried, mut through) = (0, 0);
    for round in 0_u32..30 {
        let attempts = attempts().new_tree(&mut runner).unwrap().current();
        let start = NOW.plus(i64::from(round) * 100 * DAY);
        let hub = f.store.hub();
        let mut all = Vec::new();
        for (name, role) in [("mallory", Role::OrgAdmin), ("honest", Role::OrgAdmin), ("colleague", Role::Analyst)] {
            let hash = Some("hash".to_owned());
            all.push(hub.add_user(f.orgs[0], format!("{name}{round}@a.example"), name.into(), role, hash, start).await.unwrap());
        }
        // An organisation of its own each time would be slow: those of the last round are nobody any more.
        for old in hub.people(Some(f.orgs[0])).await.unwrap().into_iter().filter(|p| !all.contains(&p.id)) {
            hub.set_role(f.orgs[0], old.id, Role::Executive, start).await.unwrap();
        }
        let mut siege = Siege { now: start, honest: all[1], held: vec![(all[0], start.plus(-100 * DAY))], all, links: 10_000 * (round + 1) };
        for (index, (who, attempt)) in attempts.iter().enumerate() {
            let (by_whom, _) = siege.held[who % siege.held.len()];
            if let Attempt::Widen(a, b) = attempt {
                let (proposer, approver) = (siege.held[a % siege.held.len()].0, siege.held[b % siege.held.len()].0);
                if !may_propose(&f, proposer).await {
                    continue;
                }
                tried += 1;
                let done = widening(&f, proposer, approver, siege.now).await == Approval::Done;
                let patient = siege.held[1..].iter().any(|(_, since)| siege.now.since(*since) >= 7 * DAY);
                through += u32::from(done);
                assert!(!done || patient, "step {index} of {attempts:?}");
            } else {
                attack(&f, &mut siege, by_whom, *attempt).await;
            }
        }
    }
    assert!(tried > 60, "{tried} tried, {through} through");
}

async fn may_propose(f: &Fixture, user: i64) -> bool {
    let user = f.store.hub().user(user).await.unwrap().unwrap();
    user.role == Role::OrgAdmin && !user.disabled
}

async fn attack(f: &Fixture, siege: &mut Siege, by_whom: i64, attempt: Attempt) {
    let (hub, org, now) = (f.store.hub(), f.orgs[0], siege.now);
    siege.links += 1;
    let (number, whom) = (siege.links, |n: usize| siege.all[n % siege.all.len()]);
    let change = match attempt {
        Attempt::Invite(role) => invitation(&format!("puppet{number}"), role),
        Attempt::Link(n) => AccountChange::Link { user: whom(n) },
        Attempt::Promote(n) => AccountChange::Role { user: whom(n), role: Role::OrgAdmin },
        Attempt::Demote(n) => AccountChange::Role { user: whom(n), role: Role::Analyst },
        Attempt::Disable(n) => AccountChange::Disable { user: whom(n) },
        Attempt::Enable(n) => AccountChange::Enable { user: whom(n) },
        Attempt::NaiveConsent | Attempt::OwnConsent(_) => {
            let approver = match attempt {
                Attempt::OwnConsent(n) => siege.held[n % siege.held.len()].0,
                _ => siege.honest,
            };
            for waiting in hub.account_proposals(org, now).await.unwrap() {
                siege.links += 1;
                let agreed = by(f, approver).approve_account(waiting.id, org, approver, link(siege.links), now).await.unwrap();
                if let Agreed::To(Changed::Linked(user)) = agreed {
                    take_over(f, siege, user, siege.links).await;
                }
            }
            return;
        }
        Attempt::OperatorResets(n) => {
            let new = NewPasskey { credential_id: number.to_be_bytes().to_vec(), name: "p".into(), credential: "{}".into() };
            hub.add_passkey(whom(n), new, 100, vec![], now).await.unwrap();
            hub.reset_factors(whom(n), now).await.unwrap();
            return;
        }
        Attempt::Wait(time) => {
            siege.now = now.plus(time);
            return;
        }
        Attempt::Widen(..) => return,
    };
    // As the handlers do: only administrators come this far.
    if !may_propose(f, by_whom).await {
        return;
    }
    if let Changed::Linked(user) = by(f, by_whom).change_account(org, change, by_whom, link(number), now).await.unwrap() {
        take_over(f, siege, user, number).await;
    }
}

/// The attacker uses a link at once.
async fn take_over(f: &Fixture, siege: &mut Siege, user: i64, number: u32) {
    assert_eq!(f.store.hub().use_signin_link(hash(number), "theirs".into(), siege.now).await.unwrap(), Some(user));
    if !siege.all.contains(&user) {
        siege.all.push(user);
    }
    if !siege.held.iter().any(|(held, _)| *held == user) {
        siege.held.push((user, siege.now));
    }
}

async fn an_auditor_is_kept_out_by_two_and_everybody_is_told(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let ana = admin(&f, "ana").await;
    let ines = person(&f, "ines", Role::Auditor).await;
    let disable = async |who| by(&f, who).change_account(org, AccountChange::Disable { user: ines }, who, link(1), NOW).await.unwrap();
    assert_eq!(disable(ana).await, Changed::TakesTwo, "the only administrator");
    let ben = admin(&f, "ben").await;
    assert_eq!(disable(ana).await, Changed::Waits);
    assert!(hub.auditor_news(Timestamp(0)).await.unwrap().is_empty());
    let role = AccountChange::Role { user: ines, role: Role::Executive };
    assert_eq!(by(&f, ana).change_account(org, role, ana, link(1), NOW).await.unwrap(), Changed::NotHere);
    let id = hub.account_proposals(org, NOW).await.unwrap()[0].id;
    assert_eq!(by(&f, ben).approve_account(id, org, ben, link(1), NOW).await.unwrap(), Agreed::To(Changed::Done));
    assert!(hub.user(ines).await.unwrap().unwrap().disabled);
    hub.enable_user(org, ines, NOW.plus(1)).await.unwrap();
    hub.set_role(org, ines, Role::Executive, NOW.plus(2)).await.unwrap();
    let news = hub.auditor_news(Timestamp(0)).await.unwrap();
    assert_eq!(news, [(org, true, true, NOW.plus(2)), (org, false, true, NOW.plus(1)), (org, true, false, NOW)]);
    let rows = hub.audit_after(0).await.unwrap();
    for told in &f.orgs {
        assert_eq!(rows.iter().filter(|row| row.action == "auditor.changed" && row.org == Some(*told)).count(), 3, "{told:?}");
    }
}

async fn the_hubs_own_roles_are_kept_out_by_two(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let ana = admin(&f, "ana").await;
    let people = [person(&f, "stella", Role::Steward).await, person(&f, "cosima", Role::Coordinator).await];
    let disable = async |user| by(&f, ana).change_account(org, AccountChange::Disable { user }, ana, link(1), NOW).await.unwrap();
    for user in people {
        assert_eq!(disable(user).await, Changed::TakesTwo, "the only administrator");
    }
    let ben = admin(&f, "ben").await;
    for user in people {
        assert_eq!(disable(user).await, Changed::Waits);
        let id = hub.account_proposals(org, NOW).await.unwrap()[0].id;
        assert_eq!(by(&f, ben).approve_account(id, org, ben, link(1), NOW).await.unwrap(), Agreed::To(Changed::Done));
        assert!(hub.user(user).await.unwrap().unwrap().disabled);
    }
}

/// A wider rule of an administrator's own, which waits.
async fn proposed(f: &Fixture, by_whom: i64, at: Timestamp) -> i64 {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    hub.set_rule(org, DataClass::Events, Audience::Everyone, Some(Level::None), at).await.unwrap();
    assert!(by(f, by_whom).change_rule(org, DataClass::Events, Audience::Everyone, Some(Level::Detail), by_whom, at).await.unwrap());
    hub.proposals(org, at).await.unwrap()[0].id
}

async fn an_operators_link_that_ends_unused_begins_the_wait(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let ana = admin(&f, "ana").await;
    for (n, deed) in ["none", "another link", "disabled", "another role"].into_iter().enumerate() {
        let start = NOW.plus(n as i64 * 100 * DAY);
        let guest = hub.add_user(org, format!("guest{n}@a.example"), "G".into(), Role::OrgAdmin, None, start).await.unwrap();
        assert!(hub.add_signin_link(guest, [100 + n as u8; 32], start.plus(7 * DAY), start).await.unwrap());
        let id = proposed(&f, ana, start.plus(6 * DAY)).await;
        let agree = async |at: i64| by(&f, ana).approve_rule(id, org, ana, start.plus(at)).await.unwrap();
        assert_eq!(agree(7 * DAY - 1).await, Approval::Own, "{deed}");
        let change = match deed {
            "another link" => Some(AccountChange::Link { user: guest }),
            "disabled" => Some(AccountChange::Disable { user: guest }),
            "another role" => Some(AccountChange::Role { user: guest, role: Role::Analyst }),
            _ => None,
        };
        if let Some(change) = change {
            let done = by(&f, ana).change_account(org, change, ana, link(n as u32), start.plus(7 * DAY + 1)).await.unwrap();
            assert!(matches!(done, Changed::Done | Changed::Linked(_)), "{deed}: {done:?}");
        }
        for (at, expected) in [(7 * DAY + 1, Approval::TooEarly), (8 * DAY - 1, Approval::TooEarly), (8 * DAY, Approval::Done)] {
            assert_eq!(agree(at).await, expected, "{deed}, {at}");
        }
    }
}

async fn a_way_in_that_ends_with_the_provider_begins_the_wait(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let ana = admin(&f, "ana").await;
    let ben = hub.add_user(org, "ben@a.example".into(), "Ben".into(), Role::OrgAdmin, None, NOW).await.unwrap();
    let issuer = |name: &str| OidcProvider { org, issuer: format!("https://{name}.example"), client_id: "hub".into(), secret_file: "/secret".into() };
    for (n, removed) in [(0, true), (1, false)] {
        let start = NOW.plus(n * 100 * DAY);
        hub.set_oidc_provider(issuer("one"), start).await.unwrap();
        let identity = OidcIdentity { issuer: "https://one.example".into(), subject: "ben".into() };
        hub.link_identity(ben, identity, start).await.unwrap();
        let id = proposed(&f, ana, start).await;
        let agree = async |at: i64| by(&f, ana).approve_rule(id, org, ana, start.plus(at)).await.unwrap();
        assert_eq!(agree(2 * DAY - 1).await, Approval::Own);
        if removed {
            assert_eq!(hub.remove_oidc_provider(org, start.plus(2 * DAY)).await.unwrap(), Some(1));
        } else {
            assert_eq!(hub.set_oidc_provider(issuer("two"), start.plus(2 * DAY)).await.unwrap(), 1);
        }
        for (at, expected) in [(2 * DAY, Approval::TooEarly), (3 * DAY - 1, Approval::TooEarly), (3 * DAY, Approval::Done)] {
            assert_eq!(agree(at).await, expected, "{at}");
        }
    }
}

async fn whoever_takes_back_what_they_did_stands_behind_nobody(f: Fixture) {
    let (hub, org) = (f.store.hub(), f.orgs[0]);
    let (ana, ben, cleo) = (admin(&f, "ana").await, admin(&f, "ben").await, admin(&f, "cleo").await);
    for user in [ben, cleo] {
        assert_eq!(by(&f, ana).disable_user(org, user, NOW).await.unwrap(), Turned::Done);
        assert_eq!(by(&f, ana).enable_user(org, user, NOW.plus(1)).await.unwrap(), Turned::Done);
    }
    assert_eq!((widening(&f, ana, ben, NOW.plus(2)).await, widening(&f, ben, cleo, NOW.plus(3)).await), (Approval::Done, Approval::Done));
    // Not where somebody could have come in meanwhile, nor where somebody else takes it back.
    let new = NewPasskey { credential_id: vec![1], name: "p".into(), credential: "{}".into() };
    hub.add_passkey(ben, new, 10, vec![], NOW.plus(4)).await.unwrap();
    by(&f, ana).disable_user(org, ben, NOW.plus(5)).await.unwrap();
    assert!(hub.reset_factors(ben, NOW.plus(6)).await.unwrap());
    by(&f, ana).enable_user(org, ben, NOW.plus(7)).await.unwrap();
    assert_eq!(widening(&f, ana, ben, NOW.plus(8)).await, Approval::Related);
    hub.disable_user(org, cleo, NOW.plus(9)).await.unwrap();
    by(&f, ana).enable_user(org, cleo, NOW.plus(10)).await.unwrap();
    assert_eq!(widening(&f, ana, cleo, NOW.plus(11)).await, Approval::Related);
}
