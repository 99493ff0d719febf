//! Whatever changes about who may see what: within five seconds an open stream tells what is still allowed and nothing else, lists and pages
//! agree with it, and the streams of those who may look no more have ended.

mod world;

use crate::support::*;
use domain::{DataClass, Level, MINUTE, Role, SECOND, Sharing, sharing::Audience};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::{collections::BTreeMap, time::Duration};
use world::{Done, Reader, Record, change, push};

/// How long a change may take to reach everybody.
const EFFECT: Duration = Duration::from_secs(5);

/// What a stream was told against what its reader may see, and the lists and pages against the same.
async fn check(app: &TestApp, sharing: &Sharing, records: &[Record], reader: &mut Reader<'_>, (base, end): (&str, &str)) {
    let told = reader.told(base, end).await;
    let me = app.org(reader.org);
    for owner in ORGS {
        for class in DataClass::of_records() {
            let new = records.iter().any(|r| r.owner == owner && r.class == class && r.counts(app, sharing, reader.org));
            let topic = format!("{}:{owner}", class.name());
            assert_eq!(told.contains(&topic), new, "{topic} to {}: {told:?}", reader.org);
        }
        let level = sharing.level(me, app.org(owner), DataClass::Posture);
        for (topic, least) in [("posture", Level::Summary), ("pushes", Level::Detail)] {
            assert!(level >= least || !told.contains(&format!("{topic}:{owner}")), "{topic}:{owner} to {} at {level:?}", reader.org);
        }
    }
    // The pages were read before the change, so what they show now is not what was kept of them.
    for (path, file, class) in [("/incidents", "/csv/incidents", DataClass::Incidents), ("/indicators", "/csv/indicators", DataClass::Indicators)] {
        let (page, list) = (reader.person.page(path).await, reader.person.get(file).await.text());
        for record in records.iter().filter(|r| r.class == class) {
            let seen = record.reaches(app, sharing, reader.org);
            assert_eq!((page.contains(&record.name), list.contains(&record.name)), (seen, seen), "{} to {} at {path}", record.name, reader.org);
        }
    }
    let orgs = reader.person.get("/csv/orgs").await.csv();
    let overview = reader.person.page("/orgs").await;
    for owner in ORGS {
        let named = sharing.level(me, app.org(owner), DataClass::Posture) >= Level::Summary;
        assert_eq!((orgs.iter().any(|row| row[0] == owner), overview.contains(&format!("/orgs/{owner}\""))), (named, named), "{owner} to {}", reader.org);
    }
}

/// Mattermost CVE-2026-9162 for every kind of change: no stream outlives what it was opened by.
#[tokio::test]
async fn mattermost_cve_2026_9162_a_change_of_rights_is_in_force_within_five_seconds() {
    let app = TestApp::start().await;
    let seed = rand::random::<u64>();
    let mut rng = StdRng::seed_from_u64(seed);
    let hub = app.app.store.hub();
    let mut partners = BTreeMap::new();
    let mut people = BTreeMap::new();
    let mut readers = Vec::new();
    for org in ORGS {
        partners.insert(org, app.partner(org).await);
        // Somebody who stays, so that each has an administrator.
        people.insert(org, app.account(org, Role::OrgAdmin).await.0);
        for _ in 0..2 {
            readers.push(Reader::of(&app, org).await);
        }
    }
    let group = hub.add_group(app.org("alpha"), "Ports".into(), true, app.now()).await.expect("a group");
    let mut suspended = None;
    let mut records = Vec::new();
    for round in 0..14 {
        println!("seed {seed}, round {round}");
        for reader in &readers {
            for path in ["/incidents", "/indicators", "/orgs", "/"] {
                reader.person.page(path).await;
            }
        }
        let began = tokio::time::Instant::now();
        let done = change(&app, &mut rng, &readers, group, &mut suspended, &people).await;
        app.obeyed().await;
        if let Done::Ended(who) = done {
            let mut gone = readers.remove(who);
            tokio::time::timeout(EFFECT, gone.stream.ended()).await.expect("the stream ends within five seconds");
            assert_eq!(gone.person.get("/incidents").await.status, 303, "and no page opens");
            readers.push(Reader::of(&app, gone.org).await);
        }
        assert!(began.elapsed() <= EFFECT, "in force after {:?}", began.elapsed());
        let sharing = hub.sharing().await.expect("rules");
        let bases = ORGS.map(|org| (org, app.position(org)));
        let bases = BTreeMap::from(bases);
        // What was there before is seen by the new rules, what comes is told by them.
        let new = push(&app, &partners, &mut rng, round).await;
        let mut ends = BTreeMap::new();
        for org in ORGS {
            partners[org].push("metrics", &items([sample(rng.random_range(0.0..100.0), &app.at(-SECOND))])).await;
            ends.insert(org, app.position(org));
        }
        for reader in &mut readers {
            check(&app, &sharing, &new, reader, (&bases[reader.org], &ends[reader.org])).await;
        }
        for reader in &readers {
            let page = reader.person.page("/incidents").await;
            for record in records.iter().filter(|r: &&Record| r.class == DataClass::Incidents) {
                assert_eq!(page.contains(&record.name), record.reaches(&app, &sharing, reader.org), "{} to {}", record.name, reader.org);
            }
        }
        records = new;
    }
}

/// Who may not see a record any more is not told that it changes, closes or is marked for others: not by a topic, an event or a replay.
#[tokio::test]
async fn who_may_not_see_a_record_any_more_gets_no_hint_of_it() {
    let app = TestApp::start().await;
    let (alpha, gamma) = (app.partner("alpha").await, app.partner("gamma").await);
    // Alpha shows its posture to nobody, so that not even a sign of life is told.
    app.rule("alpha", DataClass::Posture, Audience::Everyone, Some(Level::None)).await;
    alpha.push("incidents", &items([incident("a", "critical", "GREEN")])).await;
    let mut reader = Reader::of(&app, "gamma").await;
    let known = reader.person.stream(None).await.event().await.id;
    app.rule("alpha", DataClass::Incidents, Audience::Organisation(app.org("gamma")), Some(Level::None)).await;
    assert_eq!(reader.stream.event().await.kind, "resync");
    let before = reader.stream.seen.len();
    for (severity, tlp) in [("high", "GREEN"), ("critical", "CLEAR"), ("low", "RED"), ("low", "AMBER")] {
        alpha.push("incidents", &items([incident("a", severity, tlp)])).await;
    }
    alpha.push("incidents?mode=snapshot", &items([])).await;
    alpha.push("metrics", &items([sample(10.0, &app.at(-MINUTE))])).await;
    gamma.push("metrics", &items([sample(10.0, &app.at(-MINUTE))])).await;
    // Six changes of alpha's, one own: one event.
    assert_eq!(reader.stream.event().await.topics(), ["posture:gamma", "pushes:gamma"]);
    let told = &reader.stream.seen[before..];
    assert!(told.matches("event:").count() == 1 && !told.contains("alpha"), "{told}");
    // Nor is it replayed to who comes back: what was told before has to be read again.
    let mut back = reader.person.stream(Some(&known)).await;
    assert_eq!(back.event().await.kind, "resync");
    let newest = reader.person.stream(None).await.event().await.id;
    alpha.push("incidents", &items([incident("b", "critical", "GREEN")])).await;
    gamma.push("metrics", &items([sample(20.0, &app.at(-SECOND))])).await;
    let mut back = reader.person.stream(Some(&newest)).await;
    back.event().await;
    assert!(back.event().await.topics().iter().all(|topic| topic.ends_with(":gamma")), "{}", back.seen);
}

/// ASVS 7.4.2, 7.4.5, 8.3.2: a session that ends by its idle time, by its absolute end or by another's hand ends its streams, wherever they are.
#[tokio::test]
async fn streams_of_a_session_that_ended_itself_end_on_every_node() {
    let app = TestApp::start().await;
    let reader = Reader::of(&app, "alpha").await;
    let (person, mut first) = (reader.person, reader.stream);
    let mut second = person.stream(None).await;
    assert_eq!(second.event().await.kind, "hello");
    app.app.store.hub().disable_user(app.org("alpha"), person.id, app.now()).await.expect("disabled");
    for stream in [&mut first, &mut second] {
        tokio::time::timeout(EFFECT, stream.ended()).await.expect("both tabs end");
    }
    let answer = app.request(reqwest::Method::GET, "/live").header("cookie", &person.cookie).send().await.expect("an answer");
    assert_eq!(answer.status(), 204, "and none begins");
    eventually("nothing is left open", async || (app.app.live.streams() == 0).then_some(())).await;
}
