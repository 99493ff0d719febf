//! What is in force: a snapshot is the whole truth of its class at the moment it was taken, and a later push lifts what it left out.

use super::support::{Fixture, NOW, event, incident, indicator, key, sample};
use domain::{HOUR, IncidentStatus, MINUTE, Severity, Timestamp, Tlp, query::Window};
use store::{CountItem, EventFilter, IncidentFilter, IncidentItem, IndicatorFilter, IndicatorItem, Items, Mode, Outcome, Push, ReceiptRecord, What};

use IncidentStatus::{Closed, InProgress};

const CLASSES: [What; 4] = [What::Metrics, What::Incidents, What::Events, What::Indicators];

/// Items of these names, all of one old moment.
fn items(what: What, names: &[&str]) -> Items {
    let old = NOW.plus(-HOUR);
    match what {
        What::Metrics => Items::Metrics(names.iter().map(|name| sample(name, 50.0, old)).collect()),
        What::Incidents => {
            let one = |name: &&str| IncidentItem { updated_at: old, ..incident(name, Severity::Critical, InProgress, Tlp::Green, &[]) };
            Items::Incidents(names.iter().map(one).collect())
        }
        What::Events => Items::Events(names.iter().map(|name| event(name, Tlp::Green, None, &[])).collect()),
        _ => Items::Indicators(names.iter().map(|name| IndicatorItem { first_seen: old, last_seen: old, ..indicator(name, Tlp::Green, &[]) }).collect()),
    }
}

/// The names that are in force, as another organisation's person reads them.
async fn in_force(f: &Fixture, what: What) -> Vec<String> {
    let reads = f.store.viewer(f.viewer(1));
    let mut names: Vec<String> = match what {
        What::Metrics => {
            let current = f.store.hub().current(&[f.orgs[0]]).await.unwrap();
            current[0].rows().filter(|r| r.left_out_at.is_none()).map(|r| r.metric.to_owned()).collect()
        }
        What::Incidents => {
            let open = reads.incidents(&IncidentFilter { open: true, ..IncidentFilter::default() }).await.unwrap();
            open.rows.into_iter().map(|r| r.external_id).collect()
        }
        What::Events => {
            let all = EventFilter { from: NOW.plus(-HOUR), to: NOW.plus(HOUR), ..EventFilter::default() };
            reads.events(&all).await.unwrap().rows.into_iter().map(|r| r.title.trim_start_matches("Event ").to_owned()).collect()
        }
        _ => reads.indicators(&IndicatorFilter::default()).await.unwrap().rows.into_iter().map(|r| r.observed.to_string()).collect(),
    };
    names.sort();
    names
}

async fn send(f: &Fixture, push: Push, items: Items) -> ReceiptRecord {
    match f.store.partner(f.orgs[0]).push(push, items).await.unwrap() {
        Outcome::Applied { receipt, .. } | Outcome::Replayed(receipt) => receipt,
        other => panic!("{other:?}"),
    }
}

async fn delta(f: &Fixture, what: What, names: &[&str], at: Timestamp) {
    send(f, Push { total: names.len() as u32, received_at: at, ..f.push(0, what) }, items(what, names)).await;
}

async fn snapshot(f: &Fixture, what: What, names: &[&str], at: Timestamp, as_of: Option<Timestamp>) -> ReceiptRecord {
    let push = Push { mode: Mode::Snapshot, as_of, total: names.len() as u32, received_at: at, ..f.push(0, what) };
    send(f, push, items(what, names)).await
}

on_both!(a_snapshot_ends_what_it_leaves_out_however_new_and_a_later_push_lifts_that);
async fn a_snapshot_ends_what_it_leaves_out_however_new_and_a_later_push_lifts_that(f: Fixture) {
    for what in CLASSES {
        let at = |minutes| NOW.plus(minutes * MINUTE);
        snapshot(&f, what, &["a", "n"], at(1), None).await;
        // Nothing in the second push is as new as what is missing from it.
        snapshot(&f, what, &["a"], at(2), None).await;
        assert_eq!(in_force(&f, what).await, ["a"], "{what:?}");
        snapshot(&f, what, &["n"], at(3), None).await;
        assert_eq!(in_force(&f, what).await, ["n"], "{what:?}");
        // Unchanged, but contained again.
        snapshot(&f, what, &["a", "n"], at(4), None).await;
        assert_eq!(in_force(&f, what).await, ["a", "n"], "{what:?}");
        let again = Push { total: 1, received_at: at(5), idempotency: Some(key("again", 1)), ..f.push(0, what) };
        let again = Push { idempotency: again.idempotency.map(|i| store::Idempotency { route: format!("/{}", what.name()), ..i }), ..again };
        send(&f, again.clone(), items(what, &["a"])).await;
        snapshot(&f, what, &[], at(6), None).await;
        assert!(in_force(&f, what).await.is_empty(), "{what:?}");
        send(&f, Push { received_at: at(7), ..again }, items(what, &["a"])).await;
        assert!(in_force(&f, what).await.is_empty(), "{what:?}: a replay says nothing new");
        delta(&f, what, &["a"], at(8)).await;
        assert_eq!(in_force(&f, what).await, ["a"], "{what:?}: a later delta does");
    }
}

on_both!(a_snapshot_says_what_it_ended);
async fn a_snapshot_says_what_it_ended(f: Fixture) {
    for what in CLASSES {
        let at = |minutes| NOW.plus(minutes * MINUTE);
        let ended = |receipt: &ReceiptRecord| receipt.left_out.as_ref().map(|left_out| left_out.count);
        delta(&f, what, &["a", "b", "c"], at(0)).await;
        let tried = Push { mode: Mode::Snapshot, total: 1, received_at: at(1), dry_run: true, ..f.push(0, what) };
        let tried = send(&f, tried, items(what, &["b"])).await;
        let applied = snapshot(&f, what, &["b"], at(2), None).await;
        assert_eq!((ended(&tried), ended(&applied)), (Some(2), Some(2)), "{what:?}");
        let names = applied.left_out.as_ref().map_or(0, |left_out| left_out.names.len());
        assert_eq!(names, 2, "{what:?}: {applied:?}");
        // It is read again as it was answered, and by its own organisation alone.
        let read = f.store.partner(f.orgs[0]).receipt(applied.id).await.unwrap();
        assert_eq!(read.as_ref(), Some(&applied), "{what:?}");
        for (org, shown) in [(0, true), (1, false)] {
            let read = f.store.viewer(f.viewer(org)).receipt(applied.id).await.unwrap();
            assert_eq!(read.is_some_and(|receipt| receipt.left_out.is_some()), shown, "{what:?}: {org}");
        }
        let again = snapshot(&f, what, &["b"], at(3), None).await;
        assert_eq!(ended(&again), Some(0), "{what:?}: what has ended does not end again");
        let late = snapshot(&f, what, &[], at(4), Some(at(2))).await;
        assert_eq!((late.outdated_by.is_some(), late.left_out), (true, None), "{what:?}: it changed nothing");
        snapshot(&f, what, &[], at(5), None).await;
    }
}

on_both!(a_snapshot_speaks_of_the_moment_it_was_taken);
async fn a_snapshot_speaks_of_the_moment_it_was_taken(f: Fixture) {
    for what in CLASSES {
        let at = |minutes| NOW.plus(minutes * MINUTE);
        delta(&f, what, &["a", "b"], at(0)).await;
        delta(&f, what, &["c"], at(10)).await;
        // Taken before c came, and sent after.
        let receipt = snapshot(&f, what, &["a"], at(20), Some(at(5))).await;
        assert_eq!((receipt.as_of, receipt.outdated_by), (Some(at(5)), None), "{what:?}");
        assert_eq!(in_force(&f, what).await, ["a", "c"], "{what:?}");
        // Taken before that one: nothing of it changes anything.
        let receipt = snapshot(&f, what, &["b", "d"], at(21), Some(at(4))).await;
        assert_eq!((receipt.as_of, receipt.outdated_by), (Some(at(4)), Some(at(5))), "{what:?}");
        assert_eq!((receipt.total, receipt.kept, receipt.refused()), (2, 0, 0), "{what:?}: none of it is kept, and nothing was wrong with it");
        assert_eq!(f.store.partner(f.orgs[0]).receipt(receipt.id).await.unwrap(), Some(receipt), "{what:?}");
        assert_eq!(in_force(&f, what).await, ["a", "c"], "{what:?}");
        // A later one goes by when that was taken, not by when it came.
        snapshot(&f, what, &["b"], at(22), Some(at(6))).await;
        assert_eq!(in_force(&f, what).await, ["b", "c"], "{what:?}");
        // A sender's clock that is ahead ends nothing only later.
        snapshot(&f, what, &["b"], at(23), Some(at(26))).await;
        delta(&f, what, &["c"], at(24)).await;
        assert_eq!(in_force(&f, what).await, ["b", "c"], "{what:?}");
        assert!(snapshot(&f, what, &[], at(25), None).await.outdated_by.is_some(), "{what:?}");
        snapshot(&f, what, &[], at(27), None).await;
        assert!(in_force(&f, what).await.is_empty(), "{what:?}");
    }
}

on_both!(an_incident_that_was_left_out_has_one_truth);
async fn an_incident_that_was_left_out_has_one_truth(f: Fixture) {
    delta(&f, What::Incidents, &["a"], NOW).await;
    let taken = NOW.plus(MINUTE);
    snapshot(&f, What::Incidents, &[], NOW.plus(2 * MINUTE), Some(taken)).await;
    let of_a = async || {
        let row = f.store.viewer(f.viewer(1)).incidents(&IncidentFilter::default()).await.unwrap().rows.remove(0);
        let detail = f.store.viewer(f.viewer(1)).incident(row.id.parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(detail.row, row);
        (row, detail.left_out_at, f.store.partner(f.orgs[0]).incident_revision("a").await.unwrap().unwrap())
    };
    let (row, left_out_at, own) = of_a().await;
    assert_eq!((row.status, row.closed_at, left_out_at), (Closed, Some(taken), Some(taken)));
    assert_eq!((own.number, own.left_out_at), (2, Some(taken)));
    assert!(f.store.hub().open_incidents(&[f.orgs[0]]).await.unwrap().is_empty());
    delta(&f, What::Incidents, &["a"], NOW.plus(3 * MINUTE)).await;
    let (row, left_out_at, own) = of_a().await;
    assert_eq!((row.status, row.closed_at, row.updated_at, left_out_at), (InProgress, None, NOW.plus(-HOUR), None));
    assert_eq!((own.number, own.left_out_at), (3, None));
    assert_eq!(f.store.hub().open_incidents(&[f.orgs[0]]).await.unwrap().len(), 1);
    // An older report than the one that stands says that it is there, and nothing else.
    snapshot(&f, What::Incidents, &[], NOW.plus(4 * MINUTE), None).await;
    let older = IncidentItem { updated_at: NOW.plus(-2 * HOUR), raw: "{}".into(), ..incident("a", Severity::Low, IncidentStatus::New, Tlp::Green, &[]) };
    f.send_at(0, Items::Incidents(vec![older]), NOW.plus(5 * MINUTE)).await;
    let (row, ..) = of_a().await;
    assert_eq!((row.status, row.severity, row.updated_at), (InProgress, Severity::Critical, NOW.plus(-HOUR)));
}

on_both!(a_late_snapshot_takes_no_later_word_back);
async fn a_late_snapshot_takes_no_later_word_back(f: Fixture) {
    let marked = |what, tlp| match items(what, &["a"]) {
        Items::Incidents(v) => Items::Incidents(v.into_iter().map(|i| IncidentItem { tlp, raw: format!("{{\"tlp\":\"{tlp}\"}}"), ..i }).collect()),
        Items::Events(v) => Items::Events(v.into_iter().map(|i| store::EventItem { tlp, ..i }).collect()),
        Items::Indicators(v) => Items::Indicators(v.into_iter().map(|i| IndicatorItem { tlp, ..i }).collect()),
        other => other,
    };
    for what in [What::Incidents, What::Events, What::Indicators] {
        f.send_at(0, marked(what, Tlp::Green), NOW).await;
        f.send_at(0, marked(what, Tlp::Red), NOW.plus(10 * MINUTE)).await;
        let late = Push { mode: Mode::Snapshot, as_of: Some(NOW.plus(5 * MINUTE)), total: 1, received_at: NOW.plus(20 * MINUTE), ..f.push(0, what) };
        send(&f, late, marked(what, Tlp::Green)).await;
        assert!(in_force(&f, what).await.is_empty(), "{what:?}: it was marked RED after the snapshot was taken");
    }
}

on_both!(a_late_snapshot_takes_no_correction_back);
async fn a_late_snapshot_takes_no_correction_back(f: Fixture) {
    let at = NOW.plus(-HOUR);
    f.send_at(0, Items::Metrics(vec![sample("m", 50.0, at)]), NOW).await;
    f.send_at(0, Items::Metrics(vec![sample("m", 70.0, at)]), NOW.plus(10 * MINUTE)).await;
    let late = Push { mode: Mode::Snapshot, as_of: Some(NOW.plus(5 * MINUTE)), total: 2, received_at: NOW.plus(20 * MINUTE), ..f.push(0, What::Metrics) };
    send(&f, late, Items::Metrics(vec![sample("m", 50.0, at), sample("m", 40.0, at.plus(-MINUTE))])).await;
    let current = f.store.hub().current(&[f.orgs[0]]).await.unwrap();
    assert_eq!(current[0].rows().map(|r| r.value).collect::<Vec<_>>(), [70.0]);
    let samples = f.store.viewer(f.viewer(0)).samples(f.orgs[0], "m", "").await.unwrap();
    assert_eq!(samples.rows.iter().map(|r| r.value).collect::<Vec<_>>(), [70.0, 40.0]);
}

on_both!(counts_of_a_snapshot_replace_the_windows_that_came_before_it_was_taken);
async fn counts_of_a_snapshot_replace_the_windows_that_came_before_it_was_taken(f: Fixture) {
    let window = |hours: i64| (NOW.plus(-hours * HOUR), NOW.plus((1 - hours) * HOUR));
    let count = |n| vec![CountItem { kind: domain::indicator::IndicatorType::Url, tlp: Tlp::Green, severity: Severity::Low, count: n }];
    let push = |at| Push { total: 1, received_at: NOW.plus(at * MINUTE), ..f.push(0, What::IndicatorCounts) };
    send(&f, push(0), Items::Counts { window: window(1), counts: count(1) }).await;
    send(&f, push(10), Items::Counts { window: window(2), counts: count(2) }).await;
    let late = Push { mode: Mode::Snapshot, as_of: Some(NOW.plus(5 * MINUTE)), ..push(20) };
    send(&f, late, Items::Counts { window: window(2), counts: count(40) }).await;
    let mut beside = super::support::Beside::open(&f).await;
    assert_eq!(beside.number("SELECT CAST(sum(n) AS BIGINT) FROM indicator_counts").await, 2);
}

on_both!(a_day_without_a_word_of_it_is_not_made_up);
async fn a_day_without_a_word_of_it_is_not_made_up(f: Fixture) {
    // What a snapshot leaves out keeps its last value, which is shown, and does not count.
    delta(&f, What::Metrics, &["m"], NOW).await;
    snapshot(&f, What::Metrics, &[], NOW.plus(MINUTE), None).await;
    let current = f.store.hub().current(&[f.orgs[0]]).await.unwrap();
    assert_eq!(current[0].rows().map(|r| (r.value, r.left_out_at.is_some())).collect::<Vec<_>>(), [(50.0, true)]);
    // A value that is older than the last one says that the metric is measured still.
    let window = Window { from: NOW.plus(-24 * HOUR), to: NOW.plus(HOUR) };
    f.send_at(0, Items::Metrics(vec![sample("m", 10.0, NOW.plus(-3 * HOUR))]), NOW.plus(2 * MINUTE)).await;
    let current = f.store.hub().current(&[f.orgs[0]]).await.unwrap();
    assert_eq!(current[0].rows().map(|r| (r.value, r.left_out_at.is_some())).collect::<Vec<_>>(), [(50.0, false)]);
    assert_eq!(f.store.viewer(f.viewer(0)).metric_series(f.orgs[0], "m", window).await.unwrap().len(), 2);
}
