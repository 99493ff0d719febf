//! Incidents and their revisions.

use super::support::{Beside, Fixture, NOW, event, incident, indicator};
use domain::{DAY, IncidentStatus, MINUTE, Severity, Timestamp, Tlp};
use store::{EventFilter, EventItem, IncidentFilter, IncidentItem, IndicatorFilter, Items, Mode, Outcome, Push, Search, Settings, Spellings, Store, What};

use IncidentStatus::{InProgress, New, Resolved};

on_both!(a_change_makes_a_revision_and_an_older_report_none);
async fn a_change_makes_a_revision_and_an_older_report_none(f: Fixture) {
    let first = incident("a", Severity::High, New, Tlp::Green, &[]);
    f.send(0, Items::Incidents(vec![first.clone()])).await;
    f.send(0, Items::Incidents(vec![first.clone()])).await;
    let second = IncidentItem { updated_at: NOW.plus(1), ..incident("a", Severity::Critical, InProgress, Tlp::Green, &[]) };
    f.send(0, Items::Incidents(vec![second])).await;
    let late = IncidentItem { updated_at: NOW.plus(-DAY), ..incident("a", Severity::Low, Resolved, Tlp::Green, &[]) };
    f.send(0, Items::Incidents(vec![late])).await;
    f.send(0, Items::Events(vec![event("e", Tlp::Green, Some("a"), &[]), event("f", Tlp::Red, Some("a"), &[])])).await;
    let page = f.store.viewer(f.viewer(1)).incidents(&IncidentFilter::default()).await.unwrap();
    assert_eq!((page.total, page.rows[0].severity, page.rows[0].status), (1, Severity::Critical, InProgress));
    let detail = f.store.viewer(f.viewer(1)).incident(page.rows[0].id.parse().unwrap()).await.unwrap().unwrap();
    let said: Vec<_> = detail.revisions.iter().map(|r| r.summary.as_str()).collect();
    assert_eq!(said, ["Reported as high, new", "Severity high → critical; status new → in progress"]);
    assert_eq!(detail.events.iter().map(|e| e.title.as_str()).collect::<Vec<_>>(), ["Event e"], "the RED event stays at home");
    let at_home = f.store.viewer(f.viewer(0)).incident(page.rows[0].id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(at_home.events.len(), 2);
}

on_both!(a_snapshot_closes_what_it_leaves_out_and_an_empty_one_all);
async fn a_snapshot_closes_what_it_leaves_out_and_an_empty_one_all(f: Fixture) {
    let open = |id| incident(id, Severity::Low, New, Tlp::Green, &[]);
    f.send(0, Items::Incidents(vec![open("a"), open("b"), open("c")])).await;
    f.send(1, Items::Incidents(vec![open("a")])).await;
    let snapshot = |n| Push { mode: Mode::Snapshot, total: n, received_at: NOW.plus(5), ..f.push(0, What::Incidents) };
    f.store.partner(f.orgs[0]).push(snapshot(1), Items::Incidents(vec![open("b")])).await.unwrap();
    let still = async |org: usize| {
        let filter = IncidentFilter { open: true, org: Some(f.orgs[org]), ..IncidentFilter::default() };
        let rows = f.store.viewer(f.viewer(2)).incidents(&filter).await.unwrap().rows;
        rows.into_iter().map(|r| r.external_id).collect::<Vec<_>>()
    };
    assert_eq!(still(0).await, ["b"]);
    f.store.partner(f.orgs[0]).push(snapshot(0), Items::Incidents(vec![])).await.unwrap();
    assert!(still(0).await.is_empty());
    assert_eq!(still(1).await, ["a"], "another organisation's incidents are not touched");
}

on_both!(a_revision_can_be_demanded);
async fn a_revision_can_be_demanded(f: Fixture) {
    let with = |expected| IncidentItem { expected_revision: Some(expected), ..incident("a", Severity::Low, New, Tlp::Green, &[]) };
    let put = async |item| f.store.partner(f.orgs[0]).push(Push { total: 1, ..f.push(0, What::Incidents) }, Items::Incidents(vec![item])).await.unwrap();
    assert!(matches!(put(with(1)).await, Outcome::RevisionMismatch { current: 0 }));
    assert!(matches!(put(with(0)).await, Outcome::Applied { revision: Some(1), .. }));
    assert!(matches!(put(with(0)).await, Outcome::RevisionMismatch { current: 1 }));
    let changed = IncidentItem { raw: "{\"x\":1}".into(), ..with(1) };
    assert!(matches!(put(changed).await, Outcome::Applied { revision: Some(2), .. }));
}

on_both!(what_is_known_makes_no_revision_in_whatever_fields_it_comes);
async fn what_is_known_makes_no_revision_in_whatever_fields_it_comes(f: Fixture) {
    let first = incident("a", Severity::Low, New, Tlp::Amber, &[f.orgs[1], f.orgs[2]]);
    let put = async |item: IncidentItem| {
        let push = Push { total: 1, ..f.push(0, What::Incidents) };
        match f.store.partner(f.orgs[0]).push(push, Items::Incidents(vec![item])).await.unwrap() {
            Outcome::Applied { revision, .. } => revision,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(put(first.clone()).await, Some(1));
    let raw = r#"{"org":"x","title":"Incident a","external_id":"a","opened_at":"long ago","description":" ","attributes":{}}"#;
    assert_eq!(put(IncidentItem { raw: raw.into(), recipients: vec![f.orgs[2], f.orgs[1]], ..first.clone() }).await, Some(1));
    for (n, changed) in [
        IncidentItem { raw: r#"{"description":"More"}"#.into(), ..first.clone() },
        IncidentItem { raw: r#"{"description":"More","recipients":["beta"]}"#.into(), recipients: vec![f.orgs[1]], ..first.clone() },
        IncidentItem { raw: r#"{"description":"More","attributes":{"n":1}}"#.into(), recipients: vec![f.orgs[1]], ..first },
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(put(changed.clone()).await, Some(n as i64 + 2), "{changed:?}");
    }
}

on_both!(an_event_that_says_only_what_is_known_changes_nothing_and_tells_nobody);
async fn an_event_that_says_only_what_is_known_changes_nothing_and_tells_nobody(f: Fixture) {
    let raw = r#"{"external_id":"e","title":" Event e","note":"x"}"#;
    let first = EventItem { raw: raw.into(), ..event("e", Tlp::Green, Some("a"), &[f.orgs[1], f.orgs[2]]) };
    let other_words = r#"{"org":"x","title":"Event e","kind":"alert","attributes":{},"note":"x"}"#;
    let back = EventItem { raw: other_words.into(), recipients: vec![f.orgs[2], f.orgs[1]], ..first.clone() };
    let window = EventFilter { from: NOW.plus(-DAY), to: NOW.plus(DAY), ..EventFilter::default() };
    let stands = async || {
        let reads = f.store.viewer(f.viewer(0));
        let ids = reads.event_ids(&window).await.unwrap();
        let raw: Vec<String> = reads.said(What::Events, &ids.piece(0)).await.unwrap().into_values().map(|said| said.raw).collect();
        (raw, reads.events(&window).await.unwrap().rows.len())
    };
    // Whether the newest push told anybody of a record.
    let told = async || {
        let (newest, _) = f.store.hub().outbox_bounds().await.unwrap();
        let change = f.store.hub().changes_after(newest - 1, 1).await.unwrap().remove(0);
        change.newest > Timestamp(0)
    };
    let as_pushed = (vec![raw.to_owned()], 1);
    f.send(0, Items::Events(vec![first.clone()])).await;
    assert_eq!((stands().await, told().await), (as_pushed.clone(), true));
    for (minute, item) in [(1, first.clone()), (2, back.clone())] {
        f.send_at(0, Items::Events(vec![item]), NOW.plus(minute * MINUTE)).await;
        assert_eq!((stands().await, told().await), (as_pushed.clone(), false), "{minute}");
    }
    // It was heard of: a snapshot that was taken before does not leave it out, and one that was taken later does.
    let empty = async |received: i64, taken: i64| {
        let push = Push { mode: Mode::Snapshot, as_of: Some(NOW.plus(taken)), total: 0, received_at: NOW.plus(received), ..f.push(0, What::Events) };
        f.store.partner(f.orgs[0]).push(push, Items::Events(vec![])).await.unwrap();
    };
    empty(3 * MINUTE, MINUTE).await;
    assert_eq!(stands().await, as_pushed);
    empty(5 * MINUTE, 4 * MINUTE).await;
    assert_eq!(stands().await.1, 0);
    // One that was left out stands again, in the words in which it was pushed first, and is told.
    f.send_at(0, Items::Events(vec![back.clone()]), NOW.plus(6 * MINUTE)).await;
    assert_eq!((stands().await, told().await), (as_pushed, true));
    for (minute, changed) in [(7, EventItem { raw: r#"{"note":"y"}"#.into(), ..first.clone() }), (8, EventItem { tlp: Tlp::Amber, ..first.clone() }), (9, back)]
    {
        f.send_at(0, Items::Events(vec![changed.clone()]), NOW.plus(minute * MINUTE)).await;
        assert_eq!((stands().await, told().await), ((vec![changed.raw.clone()], 1), true), "{changed:?}");
    }
}

on_both!(every_page_of_the_queue_together_is_the_whole_queue);
async fn every_page_of_the_queue_together_is_the_whole_queue(f: Fixture) {
    let items: Vec<_> = (0..130)
        .map(|i| IncidentItem { opened_at: NOW.plus(-(i % 7) * DAY), ..incident(&format!("i{i}"), Severity::ALL[(i % 5) as usize], New, Tlp::Green, &[]) })
        .collect();
    f.send(0, Items::Incidents(items)).await;
    for sort in ["", "-opened", "opened", "-updated"] {
        let mut filter = IncidentFilter { sort: sort.into(), ..IncidentFilter::default() };
        let mut seen = Vec::new();
        loop {
            let page = f.store.viewer(f.viewer(1)).incidents(&filter).await.unwrap();
            assert_eq!(page.total, 130);
            seen.extend(page.rows);
            match page.next {
                Some(next) => filter.cursor = next,
                None => break,
            }
        }
        assert_eq!(seen.len(), 130, "sort {sort:?}");
        let reads = f.store.viewer(f.viewer(1));
        let ids = reads.incident_ids(&filter).await.unwrap();
        assert_eq!(reads.incidents_by(&ids.piece(0)).await.unwrap(), seen, "the file has the list's rows in the list's order, sort {sort:?}");
        let unique: std::collections::HashSet<_> = seen.iter().map(|r| &r.id).collect();
        assert_eq!(unique.len(), 130, "sort {sort:?}");
        if sort.is_empty() {
            assert!(seen.is_sorted_by_key(|r| (r.severity, std::cmp::Reverse(r.opened_at))));
        }
    }
}

on_both!(a_search_finds_words_without_regard_to_case_and_marks);
async fn a_search_finds_words_without_regard_to_case_and_marks(f: Fixture) {
    let titled = |id: &str, title: &str| IncidentItem { title: title.into(), ..incident(id, Severity::Low, New, Tlp::Green, &[]) };
    f.send(0, Items::Incidents(vec![titled("OEFF-1", "Öffentlicher Dienst gestört"), titled("GR-2", "Επίθεση στον ΟΔΥΣΣΕΥΣ"), titled("x_3", "100 % Straße")]))
        .await;
    f.send(0, Items::Indicators(vec![indicator("login.example", Tlp::Green, &[])])).await;
    f.send(0, Items::Events(vec![EventItem { title: "Ложный Йод".into(), ..event("EV-9", Tlp::Green, None, &[]) }])).await;
    let reads = f.store.viewer(f.viewer(1));
    for (typed, found) in [
        ("Öffentlicher", 1),
        ("OFFENTLICHER", 1),
        ("öFFENTLICHER dienst", 1),
        ("dienst offentlicher", 1),
        ("oeff-1", 1),
        ("επιθεση οδυσσευς", 1),
        ("strasse", 1),
        ("100 %", 1),
        ("x_3", 1),
        ("x.3", 0),
        ("dienst strasse", 0),
        ("", 3),
    ] {
        let filter = IncidentFilter { words: typed.into(), ..IncidentFilter::default() };
        let page = reads.incidents(&filter).await.unwrap();
        assert_eq!((page.rows.len(), page.total, reads.incident_ids(&filter).await.unwrap().len()), (found, found as u64, found), "{typed}");
    }
    let named = |typed: &str| Search::new(typed, |_| Spellings::default(), [(f.orgs[0], "Hafenbehörde Nord"), (f.orgs[1], "Bahn")]);
    for (typed, found) in [("hafenbehorde", 3), ("NORD dienst", 1), ("Bahn", 0), ("bahn dienst", 0)] {
        assert_eq!(reads.incidents(&IncidentFilter { words: named(typed), ..IncidentFilter::default() }).await.unwrap().total, found, "{typed}");
    }
    let all = EventFilter { from: NOW.plus(-DAY), to: NOW.plus(DAY), words: "ЙОД ложныи".into(), ..EventFilter::default() };
    assert_eq!(reads.events(&all).await.unwrap().total, 1);
    let other = Search::new("hxxp://LOGIN[.]example", |_| Spellings { whole: vec!["login.example".into()], ..Spellings::default() }, []);
    for (words, found) in [("LOGIN.Example".into(), 1), (other, 1), ("logon".into(), 0)] {
        assert_eq!(reads.indicators(&IndicatorFilter { words, ..IndicatorFilter::default() }).await.unwrap().total, found);
    }
}

on_both!(what_has_no_words_yet_gets_them_when_the_database_is_opened);
async fn what_has_no_words_yet_gets_them_when_the_database_is_opened(f: Fixture) {
    f.send(0, Items::Incidents(vec![incident("Älter", Severity::Low, New, Tlp::Green, &[])])).await;
    f.send(0, Items::Events(vec![event("Älter", Tlp::Green, None, &[])])).await;
    f.send(0, Items::Indicators(vec![indicator("old.example", Tlp::Green, &[])])).await;
    let mut beside = Beside::open(&f).await;
    beside.run("UPDATE incidents SET words = NULL; UPDATE events SET words = NULL; UPDATE indicators SET words = NULL").await;
    let store = Store::open(&Settings { url: f.database.url.clone(), readers: 1 }).await.unwrap();
    let reads = store.viewer(f.viewer(1));
    assert_eq!(reads.incidents(&IncidentFilter { words: "alter".into(), ..IncidentFilter::default() }).await.unwrap().total, 1);
    let all = EventFilter { from: NOW.plus(-DAY), to: NOW.plus(DAY), words: "ÄLTER".into(), ..EventFilter::default() };
    assert_eq!(reads.events(&all).await.unwrap().total, 1);
    assert_eq!(reads.indicators(&IndicatorFilter { words: "old".into(), ..IndicatorFilter::default() }).await.unwrap().total, 1);
}

on_both!(the_newest_parts_of_an_incident_are_shown_and_the_others_counted);
async fn the_newest_parts_of_an_incident_are_shown_and_the_others_counted(f: Fixture) {
    let at = |i: i64| NOW.plus(i * domain::SECOND);
    for i in 0..203 {
        let item = IncidentItem { updated_at: at(i), raw: format!("{{\"n\":{i}}}"), ..incident("a", Severity::Low, New, Tlp::Green, &[]) };
        f.send(0, Items::Incidents(vec![item])).await;
    }
    f.send(0, Items::Events((0..205).map(|i| EventItem { observed_at: at(i), ..event(&format!("e{i}"), Tlp::Green, Some("a"), &[]) }).collect())).await;
    let reads = f.store.viewer(f.viewer(1));
    let row = reads.incidents(&IncidentFilter::default()).await.unwrap().rows.remove(0);
    let found = reads.incident(row.id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((found.earlier_revisions, found.earlier_events, found.revisions.len(), found.events.len()), (3, 5, 200, 200));
    assert_eq!((found.revisions[0].at, found.revisions[199].at), (at(3), at(202)), "the newest, in their order");
    assert_eq!((found.events[0].observed_at, found.events[199].observed_at), (at(5), at(204)));
}
