//! Incidents and their revisions.

use super::support::{Fixture, NOW, event, incident};
use domain::{DAY, IncidentStatus, Severity, Tlp};
use store::{IncidentFilter, IncidentItem, Items, Mode, Outcome, Push, What};

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
        let unique: std::collections::HashSet<_> = seen.iter().map(|r| &r.id).collect();
        assert_eq!(unique.len(), 130, "sort {sort:?}");
        if sort.is_empty() {
            assert!(seen.is_sorted_by_key(|r| (r.severity, std::cmp::Reverse(r.opened_at))));
        }
    }
}
