//! What an organisation confirmed that everyone sees of it: nobody else makes it more.

use super::support::{Beside, Fixture, NOW};
use domain::{
    ByClass, DAY, DataClass, Level, OrgId, Role, Sharing, Timestamp,
    decision::{DecisionKind, Effect},
    sharing::Audience,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::collections::BTreeMap;
use store::{Approval, Confirmation, Hub, Org, audit::Actor};
use testing::Kind;

const ALL: ByClass<Level> = ByClass::filled(Level::Detail);

/// An organisation that shares nothing yet, with administrators.
async fn newcomer(hub: &Hub<'_>, slug: &str, admins: usize) -> (OrgId, Vec<i64>) {
    let org = Org { slug: slug.into(), confirmed: false, ..hub.organisations().await.unwrap().remove(0) };
    let org = hub.add_organisation(org, NOW).await.unwrap();
    let mut people = vec![];
    for no in 0..admins {
        people.push(hub.add_user(org, format!("{no}@{slug}.example"), "A".into(), Role::OrgAdmin, Some("hash".into()), NOW).await.unwrap());
    }
    (org, people)
}

/// What each organisation sees of each that has confirmed, by class: the level, and since when it is summaries and details.
type Seen = BTreeMap<(OrgId, OrgId, DataClass), (Level, [Option<Timestamp>; 2])>;

fn seen(sharing: &Sharing, orgs: &[OrgId]) -> Seen {
    let mut seen = Seen::new();
    for (owner, viewer) in orgs.iter().flat_map(|owner| orgs.iter().map(move |viewer| (*owner, *viewer))) {
        for class in DataClass::ALL.into_iter().filter(|_| owner != viewer && sharing.is_confirmed(owner)) {
            let since = [Level::Summary, Level::Detail].map(|least| sharing.since(viewer, owner, class, least));
            seen.insert((owner, viewer, class), (sharing.level(viewer, owner, class), since));
        }
    }
    seen
}

/// Fails where something is shown in `after` that was not in `before`.
fn assert_no_more(before: &Seen, after: &Seen, at: &str) {
    for (key, (level, since)) in before {
        let (then, then_since) = &after[key];
        let earlier = since.iter().zip(then_since).any(|(old, new)| new.is_some_and(|new| old.is_none_or(|old| new < old)));
        assert!(then <= level && !earlier, "{at}: {key:?} saw {level:?} {since:?}, now {then:?} {then_since:?}");
    }
}

on_both!(no_decision_shows_more_of_who_has_confirmed);
async fn no_decision_shows_more_of_who_has_confirmed(mut f: Fixture) {
    let seed = rand::random::<u64>();
    let mut rng = StdRng::seed_from_u64(seed);
    let hub = f.store.hub();
    let mut admins: BTreeMap<OrgId, i64> = BTreeMap::new();
    for (no, org) in f.orgs.iter().enumerate() {
        admins.insert(*org, hub.add_user(*org, format!("{no}@old.example"), "A".into(), Role::OrgAdmin, None, NOW).await.unwrap());
    }
    let group = hub.add_group(f.orgs[0], "Ports".into(), false, NOW.plus(-DAY)).await.unwrap();
    for org in &f.orgs[1..] {
        assert!(hub.invite(group, f.orgs[0], *org, NOW).await.unwrap() && hub.join(group, *org, NOW).await.unwrap());
    }
    let right = hub.decision_rights().await.unwrap().into_iter().find(|r| r.kind == DecisionKind::SharingDefault).unwrap();
    let (mut kept, mut narrowed, mut offered) = (0, 0, 0);
    for round in 0..40 {
        let at = format!("seed {seed}, round {round}");
        let owner = f.orgs[rng.random_range(0..f.orgs.len())];
        match rng.random_range(0..4) {
            0 => {
                let other = f.orgs[rng.random_range(0..f.orgs.len())];
                let audience = [Audience::Everyone, Audience::Group(group), Audience::Organisation(other)][rng.random_range(0..3)];
                let level = [None, Some(Level::None), Some(Level::Aggregate), Some(Level::Summary), Some(Level::Detail)][rng.random_range(0..5)];
                hub.set_rule(owner, DataClass::ALL[rng.random_range(0..DataClass::ALL.len())], audience, level, NOW).await.unwrap();
            }
            1 if f.orgs.len() < 7 => {
                let (org, people) = newcomer(&hub, &format!("new-{round}"), 1).await;
                f.orgs.push(org);
                admins.insert(org, people[0]);
                let sharing = hub.sharing().await.unwrap();
                let would_see = ByClass::from_fn(|class| sharing.for_everyone(org, class));
                assert_eq!(hub.confirm_sharing(org, would_see, people[0], NOW).await.unwrap(), Confirmation::Done, "{at}");
                let sharing = hub.sharing().await.unwrap();
                assert_eq!(ByClass::from_fn(|class| sharing.level(owner, org, class)), would_see, "{at}: what was confirmed is shown");
            }
            _ => {
                let before = hub.sharing().await.unwrap();
                let levels = ByClass::from_fn(|_| Level::ALL[rng.random_range(0..4)]);
                let decision = hub.propose(Effect::SharingDefault { levels }, "a".into(), (f.orgs[0], admins[&f.orgs[0]]), &right, NOW).await.unwrap();
                for (org, admin) in &admins {
                    hub.vote(decision, (*org, *admin), true, String::new(), NOW).await.unwrap();
                }
                let after = hub.sharing().await.unwrap();
                assert_eq!(ByClass::from_fn(|class| after.default_of(class)), levels, "{at}: it was adopted");
                let (was, is) = (seen(&before, &f.orgs), seen(&after, &f.orgs));
                assert_no_more(&was, &is, &at);
                for owner in &f.orgs {
                    for class in DataClass::ALL.into_iter().filter(|class| after.rule(*owner, *class, Audience::Everyone).is_none()) {
                        assert!(after.for_everyone(*owner, class) <= after.default_of(class), "{at}: a narrower default applies");
                    }
                    offered += after.offered(*owner).count();
                }
                kept += usize::from(was == is);
                narrowed += usize::from(was != is);
            }
        }
    }
    assert!(kept > 0 && narrowed > 0 && offered > 0, "seed {seed}: nothing of one kind was met: {kept} {narrowed} {offered}");
}

on_both!(a_confirmation_is_of_what_was_seen_by_two_where_there_are_two);
async fn a_confirmation_is_of_what_was_seen_by_two_where_there_are_two(f: Fixture) {
    let hub = f.store.hub();
    let (org, admins) = newcomer(&hub, "new", 2).await;
    let (first, second) = (admins[0], admins[1]);
    let confirm = async |seen, by, at| hub.confirm_sharing(org, seen, by, at).await.unwrap();
    assert_eq!(confirm(ByClass::filled(Level::Summary), first, NOW).await, Confirmation::Changed, "that is not what everyone would see");
    assert_eq!(confirm(ALL, first, NOW).await, Confirmation::Waits);
    assert_eq!(confirm(ALL, first, NOW).await, Confirmation::Refused(Approval::Own));
    // After a week the first one's word is over, as it is when they may no longer speak for the organisation.
    assert!(hub.first_confirmation(org, NOW).await.unwrap().is_some_and(|c| c.by.0 == first && c.levels == ALL));
    let later = NOW.plus(7 * DAY);
    assert_eq!(hub.first_confirmation(org, later).await.unwrap(), None);
    assert_eq!(confirm(ALL, second, later).await, Confirmation::Waits);
    // A rule of its own is part of what is confirmed.
    hub.set_rule(org, DataClass::Events, Audience::Everyone, Some(Level::Aggregate), later).await.unwrap();
    assert_eq!(confirm(ALL, first, later).await, Confirmation::Changed);
    let mut seen = ALL;
    seen[DataClass::Events] = Level::Aggregate;
    assert_eq!(confirm(seen, first, later).await, Confirmation::Waits, "the second saw another thing before");
    assert_eq!(hub.sharing().await.unwrap().level(f.orgs[0], org, DataClass::Posture), Level::None);
    assert_eq!(confirm(seen, second, later).await, Confirmation::Done);
    let sharing = hub.sharing().await.unwrap();
    assert_eq!(ByClass::from_fn(|class| sharing.level(f.orgs[0], org, class)), seen);
    assert_eq!(confirm(ALL, second, later).await, Confirmation::Done, "it is confirmed already, and nothing changes by it");
    assert_eq!(hub.sharing().await.unwrap().level(f.orgs[0], org, DataClass::Events), Level::Aggregate);
    assert_eq!(hub.first_confirmation(org, later).await.unwrap(), None);
    // Without its rule, that of which it showed less than the default is what it was.
    hub.set_rule(org, DataClass::Events, Audience::Everyone, None, later).await.unwrap();
    assert_eq!(hub.sharing().await.unwrap().level(f.orgs[0], org, DataClass::Events), Level::Aggregate);
}

on_both!(a_class_that_nobody_confirmed_is_shown_to_nobody);
async fn a_class_that_nobody_confirmed_is_shown_to_nobody(f: Fixture) {
    let hub = f.store.hub();
    let (org, admins) = newcomer(&hub, "new", 1).await;
    assert_eq!(hub.confirm_sharing(org, ALL, admins[0], NOW).await.unwrap(), Confirmation::Done);
    let mut beside = Beside::open(&f).await;
    if let Kind::Postgres = f.kind {
        beside.run("ALTER TABLE sharing_pins DISABLE ROW LEVEL SECURITY").await;
    }
    // As if there had been no such class when it confirmed.
    beside.run("DELETE FROM sharing_pins WHERE class = 'events'").await;
    let sharing = hub.sharing().await.unwrap();
    for class in DataClass::ALL {
        let level = if class == DataClass::Events { Level::None } else { Level::Detail };
        assert_eq!(sharing.level(f.orgs[0], org, class), level, "{class:?}");
    }
    assert_eq!(sharing.offered(org).collect::<Vec<_>>(), [(DataClass::Events, Level::None, Level::Detail)], "it is asked");
    // A row of a class that this program does not know, such as a newer one wrote, is not passed over.
    beside.run("UPDATE sharing_pins SET class = 'weather' WHERE class = 'incidents'").await;
    let said = hub.sharing().await.unwrap_err().to_string();
    assert!(said.contains(r#""weather" is no class of data"#), "{said}");
}

on_both!(one_administrator_alone_confirms_at_once_only_if_the_operator_made_them);
async fn one_administrator_alone_confirms_at_once_only_if_the_operator_made_them(f: Fixture) {
    let hub = f.store.hub();
    let (org, admins) = newcomer(&hub, "first", 1).await;
    assert_eq!(hub.confirm_sharing(org, ALL, admins[0], NOW).await.unwrap(), Confirmation::Done);
    // Made by somebody else: a day, in which the hub's steward sees it.
    let (org, _) = newcomer(&hub, "later", 0).await;
    let foreign = hub.by(Actor { org: Some(org), user: Some(admins[0]) });
    let only = foreign.add_user(org, "only@later.example".into(), "O".into(), Role::OrgAdmin, Some("hash".into()), NOW).await.unwrap();
    assert_eq!(hub.confirm_sharing(org, ALL, only, NOW).await.unwrap(), Confirmation::Waits);
    assert_eq!(hub.sole_widenings(NOW).await.unwrap(), [(org, NOW.plus(DAY))]);
    let early = NOW.plus(DAY - 1);
    assert_eq!(hub.confirm_sharing(org, ALL, only, early).await.unwrap(), Confirmation::Refused(Approval::TooEarly));
    assert_eq!(hub.confirm_sharing(org, ALL, only, NOW.plus(DAY)).await.unwrap(), Confirmation::Done);
    let (org, admins) = newcomer(&hub, "second", 1).await;
    let by = hub.by(Actor { org: Some(org), user: Some(admins[0]) });
    let made = by.add_user(org, "puppet@second.example".into(), "P".into(), Role::OrgAdmin, Some("hash".into()), NOW).await.unwrap();
    let confirm = async |by, at| hub.confirm_sharing(org, ALL, by, at).await.unwrap();
    assert_eq!(confirm(admins[0], NOW).await, Confirmation::Waits);
    assert_eq!(confirm(made, NOW).await, Confirmation::Refused(Approval::Related), "who makes an account could be it");
    assert!(!hub.sharing().await.unwrap().is_confirmed(org));
}
