//! Readers with open pages, records as somebody pushes them, and whatever may change about who sees them.

use crate::support::*;
use domain::{
    DataClass, Level, MINUTE, OrgId, Role, Sharing, Sight, Timestamp, Tlp, Viewer,
    decision::Effect,
    sharing::{Audience, GroupId, Marked},
};
use rand::{RngExt, rngs::StdRng};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Somebody with an open page.
pub struct Reader<'a> {
    pub org: &'static str,
    pub person: Person<'a>,
    pub stream: Stream,
    /// The newest id that the stream told.
    at: String,
}

impl Reader<'_> {
    pub async fn of<'a>(app: &'a TestApp, org: &'static str) -> Reader<'a> {
        let person = app.person_of(org, Role::Analyst).await;
        let mut stream = person.stream(None).await;
        let hello = stream.event().await;
        assert_eq!(hello.kind, "hello");
        Reader { org, person, stream, at: hello.id }
    }

    async fn next(&mut self) -> Event {
        let event = self.stream.event().await;
        self.at.clone_from(&event.id);
        event
    }

    /// The topics that came after the position `base`, up to `end`, the own organisation's push that ends the round.
    pub async fn told(&mut self, base: &str, end: &str) -> BTreeSet<String> {
        // What was told before the change was in force is not this round's.
        while self.at != base {
            self.next().await;
        }
        let mut all = BTreeSet::new();
        while self.at != end {
            let before = self.at.clone();
            let event = self.next().await;
            let topics = event.topics();
            assert!(!topics.is_empty(), "an empty change is a hint, too");
            assert_ne!(before, event.id, "who is told something stands elsewhere");
            all.extend(topics);
        }
        all
    }
}

fn sight<'s>(app: &TestApp, sharing: &'s Sharing, org: &str) -> Sight<'s> {
    Sight { viewer: Viewer { org: app.org(org), role: Role::Analyst }, sharing }
}

/// A record of a round.
pub struct Record {
    pub owner: &'static str,
    pub class: DataClass,
    pub name: String,
    tlp: Tlp,
    recipients: Vec<OrgId>,
    at: Timestamp,
}

impl Record {
    pub fn reaches(&self, app: &TestApp, sharing: &Sharing, org: &str) -> bool {
        sight(app, sharing, org).sees_record(app.org(self.owner), self.class, &self.marked())
    }

    /// Whether it is in numbers that the organisation's people are shown, so that they are told that there is something to count again.
    pub fn counts(&self, app: &TestApp, sharing: &Sharing, org: &str) -> bool {
        sight(app, sharing, org).counts_record(app.org(self.owner), self.class, &self.marked())
    }

    fn marked(&self) -> Marked<'_> {
        Marked { tlp: self.tlp, recipients: &self.recipients, received_at: self.at }
    }
}

/// Each organisation pushes a record of each class, as it is told who may see it.
pub async fn push(app: &TestApp, partners: &BTreeMap<&'static str, Partner<'_>>, rng: &mut StdRng, round: usize) -> Vec<Record> {
    let mut records = Vec::new();
    for owner in ORGS {
        let partner = &partners[owner];
        for class in DataClass::of_records() {
            // Sometimes nobody has anything new of a class, so that a topic is no constant.
            if rng.random_bool(0.3) {
                continue;
            }
            let (tlp, named) = (Tlp::ALL[rng.random_range(0..Tlp::ALL.len())], ORGS[rng.random_range(0..3)]);
            let name = format!("r{round}-{owner}");
            let item = match class {
                DataClass::Incidents => incident(&name, "critical", tlp.name()),
                DataClass::Events => event(&name, tlp.name(), &app.at(-MINUTE)),
                DataClass::Indicators => indicator(&format!("{name}.example"), tlp.name()),
                DataClass::Posture => unreachable!("it has no records"),
            };
            let recipients = if named == owner { vec![] } else { vec![named] };
            partner.push(class.name(), &items([with(item, "recipients", json!(recipients))])).await;
            records.push(Record { owner, class, name, tlp, recipients: recipients.into_iter().map(|org| app.org(org)).collect(), at: app.now() });
        }
    }
    records
}

/// Suspends an organisation, or admits it again, by the votes of the two others.
async fn decide(app: &TestApp, effect: Effect, people: &BTreeMap<&'static str, i64>, org: &str) {
    let hub = app.app.store.hub();
    let right = hub.decision_rights().await.expect("rights").into_iter().find(|r| r.kind == effect.kind()).expect("the right");
    let voters: Vec<&str> = ORGS.into_iter().filter(|o| *o != org).collect();
    let by = |org: &str| (app.org(org), people[org]);
    let id = hub.propose(effect, "a reason".into(), by(voters[0]), &right, app.now()).await.expect("a decision");
    for org in voters {
        hub.vote(id, by(org), true, String::new(), app.now()).await.expect("a vote");
    }
}

/// What happened to whom.
pub enum Done {
    /// Other rules, memberships or roles.
    Rules,
    /// This reader may look no more.
    Ended(usize),
}

/// One change, of a random kind.
pub async fn change(
    app: &TestApp,
    rng: &mut StdRng,
    readers: &[Reader<'_>],
    group: GroupId,
    suspended: &mut Option<&'static str>,
    people: &BTreeMap<&'static str, i64>,
) -> Done {
    let hub = app.app.store.hub();
    let (owner, other) = (ORGS[rng.random_range(0..3)], ORGS[rng.random_range(0..3)]);
    let who = rng.random_range(0..readers.len());
    let reader = &readers[who];
    match rng.random_range(0..9) {
        0..3 => {
            let class = DataClass::ALL[rng.random_range(0..DataClass::ALL.len())];
            let audience = [Audience::Everyone, Audience::Group(group), Audience::Organisation(app.org(other))][rng.random_range(0..3)];
            let levels = Level::ALL;
            let level = if rng.random_bool(0.2) { None } else { Some(levels[rng.random_range(0..levels.len())]) };
            println!("{owner} shows {audience:?} {class:?} as {level:?}");
            hub.set_rule(app.org(owner), class, audience, level, app.now()).await.expect("a rule");
        }
        3 => {
            println!("{other} leaves the group");
            hub.leave(group, app.org(other), app.now()).await.expect("the database");
        }
        4 => {
            println!("{other} joins the group");
            for org in ORGS {
                hub.invite(group, app.org(org), app.org(other), app.now()).await.expect("the database");
            }
            hub.join(group, app.org(other), app.now()).await.expect("the database");
        }
        5 => {
            let effect = match suspended.take() {
                Some(org) => {
                    println!("{org} is admitted again");
                    decide(app, Effect::AdmitOrganisation { org: app.org(org).0 }, people, org).await;
                    return Done::Rules;
                }
                None => Effect::SuspendOrganisation { org: app.org(owner).0 },
            };
            println!("{owner} is suspended");
            *suspended = Some(owner);
            decide(app, effect, people, owner).await;
        }
        6 => {
            let role = Role::ALL[rng.random_range(0..Role::ALL.len())];
            println!("{} becomes {role}", reader.person.email);
            hub.set_role(app.org(reader.org), reader.person.id, role, app.now()).await.expect("the database");
        }
        7 => {
            println!("{} is disabled", reader.person.email);
            hub.disable_user(app.org(reader.org), reader.person.id, app.now()).await.expect("the database");
            return Done::Ended(who);
        }
        _ => {
            println!("{} signs out elsewhere", reader.person.email);
            hub.end_sessions(reader.person.id, None, [0; 32], app.now()).await.expect("the database");
            return Done::Ended(who);
        }
    }
    Done::Rules
}
