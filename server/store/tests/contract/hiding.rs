//! What was shown and is no longer is kept for those that were shown it, and for nobody else.

use super::support::{Fixture, NOW, event, incident, indicator, sample};
use domain::{
    DAY, DataClass, IncidentStatus, Level, OrgId, Role, Severity, Timestamp, Tlp,
    sharing::{ALWAYS, Audience},
};
use store::{DayRow, IncidentItem, Items, WithdrawnCritical};

/// An incident as it is reported so many minutes later.
fn at(minutes: i64, item: IncidentItem) -> IncidentItem {
    IncidentItem { updated_at: NOW.plus(minutes), ..item }
}

fn critical(tlp: Tlp, status: IncidentStatus, recipients: &[OrgId]) -> IncidentItem {
    incident("a", Severity::Critical, status, tlp, recipients)
}

async fn people(f: &Fixture) {
    for (i, org) in f.orgs.iter().enumerate() {
        f.store.hub().add_user(*org, format!("{i}@b.example"), "A".into(), Role::Analyst, None, NOW).await.unwrap();
    }
}

/// From whom a critical incident is withdrawn now, by their places among the organisations.
async fn withdrawn(f: &Fixture) -> Vec<usize> {
    let all = f.store.hub().withdrawn_criticals(&f.orgs).await.unwrap();
    let open = all.iter().filter(|w| w.returned_day.is_none());
    open.map(|w| f.orgs.iter().position(|org| *org == w.viewer).expect("one of them")).collect()
}

on_both!(a_critical_incident_that_is_marked_for_fewer_counts_until_it_is_shown_again);
async fn a_critical_incident_that_is_marked_for_fewer_counts_until_it_is_shown_again(f: Fixture) {
    use IncidentStatus::{Closed, New};
    let send = async |minutes, item| drop(f.send_at(0, Items::Incidents(vec![at(minutes, item)]), NOW.plus(minutes)).await);
    send(0, critical(Tlp::Green, New, &[])).await;
    assert!(withdrawn(&f).await.is_empty());
    send(1, critical(Tlp::AmberStrict, New, &[f.orgs[1]])).await;
    assert_eq!(withdrawn(&f).await, [2], "the one that is named still sees it");
    send(2, critical(Tlp::Red, New, &[])).await;
    assert_eq!(withdrawn(&f).await, [1, 2]);
    // What happens meanwhile is not told.
    send(3, critical(Tlp::Red, Closed, &[])).await;
    assert_eq!(withdrawn(&f).await, [1, 2]);
    send(4, critical(Tlp::AmberStrict, Closed, &[f.orgs[2]])).await;
    assert_eq!(withdrawn(&f).await, [1], "who is shown that it is closed knows");
    send(5, critical(Tlp::Clear, Closed, &[])).await;
    assert!(withdrawn(&f).await.is_empty());
    // One that nobody was ever shown is in nobody's numbers.
    send(6, incident("secret", Severity::Critical, New, Tlp::Red, &[])).await;
    send(7, incident("secret", Severity::Critical, New, Tlp::AmberStrict, &[])).await;
    assert!(withdrawn(&f).await.is_empty());
}

on_both!(a_rule_withdraws_what_it_hides_and_a_wider_one_returns_only_what_it_shows);
async fn a_rule_withdraws_what_it_hides_and_a_wider_one_returns_only_what_it_shows(f: Fixture) {
    people(&f).await;
    let hub = f.store.hub();
    f.send(0, Items::Metrics(vec![sample("m", 1.0, NOW)])).await;
    let day = DayRow {
        org: f.orgs[0],
        day: NOW.day(),
        policy_version: 1,
        score: Some(61.5),
        last: Some(61.5),
        low: 50.0,
        high: 70.0,
        coverage: 0.8,
        domains: [Some(61.5), None, None, None, None, None],
        critical_public: false,
        critical_any: false,
    };
    hub.set_days(vec![day]).await.unwrap();
    let two = ["a", "b"].map(|id| incident(id, Severity::Critical, IncidentStatus::New, Tlp::Green, &[]));
    f.send(0, Items::Incidents(two.to_vec())).await;
    let group = hub.add_group(f.orgs[0], "G".into(), true, NOW).await.unwrap();
    assert!(hub.invite(group, f.orgs[0], f.orgs[1], NOW).await.unwrap() && hub.join(group, f.orgs[1], NOW).await.unwrap());
    f.send(0, Items::Incidents(vec![incident("peers", Severity::Critical, IncidentStatus::New, Tlp::Amber, &[])])).await;

    hub.set_rule(f.orgs[0], DataClass::Incidents, Audience::Organisation(f.orgs[2]), Some(Level::Aggregate), NOW.plus(1)).await.unwrap();
    assert_eq!(withdrawn(&f).await, [2, 2], "what it was shown, and no more");
    hub.leave(group, f.orgs[1], NOW.plus(2)).await.unwrap();
    assert_eq!(withdrawn(&f).await, [1, 2, 2], "what reaches sharing groups no longer reaches it");
    // One of the two is hidden for good while nobody looks.
    f.send_at(0, Items::Incidents(vec![at(3, incident("b", Severity::Critical, IncidentStatus::New, Tlp::Red, &[]))]), NOW.plus(3)).await;
    hub.set_rule(f.orgs[0], DataClass::Incidents, Audience::Organisation(f.orgs[2]), None, NOW.plus(4)).await.unwrap();
    assert_eq!(withdrawn(&f).await, [1, 1, 2], "one of them is shown again");

    hub.set_rule(f.orgs[0], DataClass::Posture, Audience::Everyone, Some(Level::None), NOW.plus(5)).await.unwrap();
    let mut shown = hub.shown_before().await.unwrap();
    shown.sort_by_key(|before| before.class);
    let [posture, incidents] = shown.as_slice() else { panic!("{shown:?}") };
    assert_eq!((posture.viewer, posture.owner, posture.class), (None, f.orgs[0], DataClass::Posture), "one row for all of them");
    assert_eq!((posture.until, posture.since, posture.score, posture.domains[0]), (NOW.plus(5), ALWAYS, Some(61.5), Some(61.5)));
    assert_eq!((incidents.viewer, incidents.class, incidents.until), (Some(f.orgs[2]), DataClass::Incidents, NOW.plus(1)));
}

on_both!(earlier_days_keep_an_incident_that_everyone_could_see);
async fn earlier_days_keep_an_incident_that_everyone_could_see(f: Fixture) {
    let hub = f.store.hub();
    let opened = NOW.plus(-DAY);
    f.send(0, Items::Incidents(vec![critical(Tlp::Green, IncidentStatus::New, &[])])).await;
    let later = NOW.plus(2 * DAY);
    let hidden = IncidentItem { severity: Severity::Low, ..critical(Tlp::Red, IncidentStatus::New, &[]) };
    f.send_at(0, Items::Incidents(vec![IncidentItem { updated_at: later, ..hidden }]), later).await;
    let spans = async || {
        let spans = hub.critical_spans(f.orgs[0], NOW.plus(-9 * DAY)).await.unwrap();
        spans.into_iter().filter(|(_, _, everyone)| *everyone).map(|(from, to, _)| (from, to)).collect::<Vec<(Timestamp, Option<Timestamp>)>>()
    };
    assert_eq!(spans().await, [(opened, Some(later))], "until it was marked otherwise, though it is no critical one any more");
    let again = IncidentItem { updated_at: later.plus(1), ..critical(Tlp::Green, IncidentStatus::New, &[]) };
    f.send_at(0, Items::Incidents(vec![again]), later.plus(1)).await;
    assert_eq!(spans().await, [(opened, None)]);
}

on_both!(the_flow_of_earlier_weeks_keeps_what_was_counted_then);
async fn the_flow_of_earlier_weeks_keeps_what_was_counted_then(f: Fixture) {
    people(&f).await;
    let hub = f.store.hub();
    let (from, to) = (NOW.plus(-7 * DAY), NOW.plus(7 * DAY));
    let flow = async |org: usize| {
        let before = hub.incident_flow_before(f.orgs[org], from, to, 14 * DAY).await.unwrap()[0];
        let now = f.store.viewer(f.viewer(org)).counts().incident_flow(from, to, 14 * DAY).await.unwrap()[0];
        (now.opened + before.opened, now.closed + before.closed)
    };
    let low = |id: &str, status, tlp| incident(id, Severity::Low, status, tlp, &[]);
    f.send_at(0, Items::Incidents(vec![low("a", IncidentStatus::New, Tlp::Green), low("b", IncidentStatus::Closed, Tlp::Green)]), NOW.plus(1)).await;
    f.send_at(0, Items::Incidents(vec![low("c", IncidentStatus::New, Tlp::Red)]), NOW.plus(1)).await;
    assert_eq!(flow(1).await, (2, 1));
    // Closed by the same push that hides it: that is not told.
    f.send_at(0, Items::Incidents(vec![at(2, low("a", IncidentStatus::Closed, Tlp::AmberStrict))]), NOW.plus(2)).await;
    let fewer = [1, 2].map(|org| (f.orgs[0], f.orgs[org], DataClass::Incidents));
    assert_eq!((flow(1).await, hub.shown_fewer(&f.orgs).await.unwrap()), ((2, 1), fewer.to_vec()));
    hub.set_rule(f.orgs[0], DataClass::Incidents, Audience::Organisation(f.orgs[1]), Some(Level::None), NOW.plus(3)).await.unwrap();
    assert_eq!((flow(1).await, flow(2).await), ((2, 1), (2, 1)), "hidden by a rule, and to the other by its marking alone");
    // What comes later was never shown.
    f.send_at(0, Items::Incidents(vec![at(4, low("d", IncidentStatus::New, Tlp::Green))]), NOW.plus(4)).await;
    assert_eq!((flow(1).await, flow(2).await), ((2, 1), (3, 1)));
}

/// Critical incidents, the first of them the oldest.
fn criticals(name: &str, n: i64, tlp: Tlp, recipients: &[OrgId]) -> Vec<IncidentItem> {
    let one = |i| IncidentItem { opened_at: NOW.plus(i - DAY), ..incident(&format!("{name}-{i}"), Severity::Critical, IncidentStatus::New, tlp, recipients) };
    (0..n).map(one).collect()
}

on_both!(what_was_never_shown_takes_no_place_among_what_a_rule_hides);
async fn what_was_never_shown_takes_no_place_among_what_a_rule_hides(f: Fixture) {
    people(&f).await;
    f.send(0, Items::Incidents(criticals("secret", 60, Tlp::Red, &[]))).await;
    f.send(0, Items::Incidents(criticals("shown", 3, Tlp::Green, &[]))).await;
    f.store.hub().set_rule(f.orgs[0], DataClass::Incidents, Audience::Everyone, Some(Level::None), NOW.plus(1)).await.unwrap();
    assert_eq!(withdrawn(&f).await, [1, 1, 1, 2, 2, 2]);
}

on_both!(what_is_hidden_from_one_takes_no_place_of_anothers_and_too_much_is_never_forgotten);
async fn what_is_hidden_from_one_takes_no_place_of_anothers_and_too_much_is_never_forgotten(f: Fixture) {
    people(&f).await;
    let send = async |minutes, items: Vec<IncidentItem>| {
        let items = items.into_iter().map(|item| at(minutes, item)).collect();
        drop(f.send_at(0, Items::Incidents(items), NOW.plus(minutes)).await);
    };
    let of = async |org: usize| withdrawn(&f).await.into_iter().filter(|viewer| *viewer == org).count();
    send(0, criticals("decoy", 60, Tlp::AmberStrict, &[f.orgs[2]])).await;
    send(0, criticals("shown", 3, Tlp::Green, &[])).await;
    send(1, criticals("decoy", 60, Tlp::Red, &[])).await;
    assert_eq!((of(1).await, of(2).await), (0, 51), "the last one stands for all that are not kept one by one");
    send(2, criticals("shown", 3, Tlp::Red, &[])).await;
    assert_eq!((of(1).await, of(2).await), (3, 51));
    // All that are kept are shown again: there are others.
    send(3, criticals("decoy", 60, Tlp::AmberStrict, &[f.orgs[2]])).await;
    send(3, criticals("shown", 3, Tlp::Green, &[])).await;
    assert_eq!((of(1).await, of(2).await), (0, 1));
}

on_both!(who_was_shown_more_counts_at_least_and_nobody_else);
async fn who_was_shown_more_counts_at_least_and_nobody_else(f: Fixture) {
    people(&f).await;
    let hub = f.store.hub();
    let fewer = async || hub.shown_fewer(&f.orgs).await.unwrap().into_iter().map(|(_, viewer, class)| (viewer, class)).collect::<Vec<_>>();
    let send = async |minutes, tlp, recipients: &[OrgId]| {
        let low = incident("low", Severity::Low, IncidentStatus::New, tlp, recipients);
        f.send_at(0, Items::Incidents(vec![at(minutes, low)]), NOW.plus(minutes)).await;
        f.send_at(0, Items::Events(vec![event("e", tlp, None, recipients)]), NOW.plus(minutes)).await;
        f.send_at(0, Items::Indicators(vec![indicator("i.example", tlp, recipients)]), NOW.plus(minutes)).await;
    };
    let of = |org: usize| DataClass::of_records().map(|class| (f.orgs[org], class)).collect::<Vec<_>>();
    send(0, Tlp::AmberStrict, &[f.orgs[2]]).await;
    send(1, Tlp::Red, &[]).await;
    assert_eq!(fewer().await, of(2), "it tells the other nothing");
    send(2, Tlp::Green, &[]).await;
    assert!(fewer().await.is_empty(), "all of it is shown again");
    let group = hub.add_group(f.orgs[0], "G".into(), true, NOW).await.unwrap();
    assert!(hub.invite(group, f.orgs[0], f.orgs[1], NOW).await.unwrap() && hub.join(group, f.orgs[1], NOW).await.unwrap());
    f.send_at(0, Items::Indicators(vec![indicator("peers.example", Tlp::Amber, &[])]), NOW.plus(3)).await;
    hub.leave(group, f.orgs[1], NOW.plus(4)).await.unwrap();
    assert_eq!(fewer().await, [(f.orgs[1], DataClass::Indicators)], "what a group showed it");
}

#[test]
fn a_withdrawn_incident_counts_from_its_day_to_that_of_its_return() {
    let one = WithdrawnCritical { viewer: OrgId(1), owner: OrgId(2), opened_at: NOW, day: 10, returned_day: Some(12) };
    assert_eq!([9, 10, 11, 12].map(|day| one.counts_on(day)), [false, true, true, false]);
    assert!(WithdrawnCritical { returned_day: None, ..one }.counts_on(1_000));
}

/// What others are kept from: criticals by viewer, and whose counts are "at least".
async fn kept(f: &Fixture) -> (Vec<usize>, Vec<(OrgId, DataClass)>) {
    let fewer = f.store.hub().shown_fewer(&f.orgs).await.unwrap().into_iter().map(|(_, viewer, class)| (viewer, class)).collect();
    (withdrawn(f).await, fewer)
}

/// In microseconds: a state stands after some minutes.
const SHORT: i64 = domain::SECOND / 2;
const LONG: i64 = domain::HOUR;

on_both!(items_of_one_push_are_one_step);
async fn items_of_one_push_are_one_step(f: Fixture) {
    use IncidentStatus::{Closed, InProgress, New};
    let fewer = [1, 2].map(|org| (f.orgs[org], DataClass::Incidents)).to_vec();
    let low = |tlp| IncidentItem { severity: Severity::Low, ..critical(tlp, New, &[]) };
    for (i, first) in [critical(Tlp::Green, Closed, &[]), low(Tlp::Green), low(Tlp::Clear)].into_iter().enumerate() {
        let named = |item: IncidentItem, seconds: i64| IncidentItem { external_id: format!("z{i}"), updated_at: NOW.plus(seconds), ..item };
        f.send(0, Items::Incidents(vec![named(critical(Tlp::Green, New, &[]), 0)])).await;
        let hidden = named(critical(Tlp::Red, InProgress, &[]), 2);
        f.send_at(0, Items::Incidents(vec![named(first, 1), hidden]), NOW.plus(LONG)).await;
        assert_eq!(kept(&f).await, ([vec![1; i + 1], vec![2; i + 1]].concat(), fewer.clone()), "{i}");
    }
    // Nor does it return one that was withdrawn before.
    let shown = IncidentItem { external_id: "z0".into(), updated_at: NOW.plus(3 * domain::SECOND), ..low(Tlp::Green) };
    let hidden = IncidentItem { external_id: "z0".into(), updated_at: NOW.plus(4 * domain::SECOND), ..critical(Tlp::Red, New, &[]) };
    f.send_at(0, Items::Incidents(vec![shown, hidden]), NOW.plus(3 * LONG)).await;
    assert_eq!(kept(&f).await, (vec![1, 1, 1, 2, 2, 2], fewer));
    // What a push brings and hides at once was never shown.
    let new = |tlp, seconds: i64| IncidentItem { external_id: "new".into(), updated_at: NOW.plus(seconds), ..critical(tlp, New, &[f.orgs[1]]) };
    f.send_at(0, Items::Incidents(vec![new(Tlp::Green, 1), new(Tlp::AmberStrict, 2)]), NOW.plus(3 * LONG)).await;
    assert_eq!(withdrawn(&f).await, [1, 1, 1, 2, 2, 2]);
}

on_both!(a_state_that_stood_for_a_moment_was_not_shown);
async fn a_state_that_stood_for_a_moment_was_not_shown(f: Fixture) {
    use IncidentStatus::{Closed, New};
    let send =
        async |at: i64, item: IncidentItem| drop(f.send_at(0, Items::Incidents(vec![IncidentItem { updated_at: NOW.plus(at), ..item }]), NOW.plus(at)).await);
    send(0, critical(Tlp::AmberStrict, New, &[f.orgs[1]])).await;
    send(LONG, critical(Tlp::Green, Closed, &[])).await;
    send(LONG + SHORT, critical(Tlp::Red, New, &[])).await;
    assert_eq!(withdrawn(&f).await, [1], "the other was shown that it is closed, and nothing else");
    // Shown again for a moment, and hidden again.
    send(3 * LONG, IncidentItem { severity: Severity::Low, ..critical(Tlp::Green, New, &[]) }).await;
    assert!(withdrawn(&f).await.is_empty());
    send(3 * LONG + SHORT, critical(Tlp::Red, New, &[])).await;
    assert_eq!(kept(&f).await, (vec![1], vec![(f.orgs[1], DataClass::Incidents), (f.orgs[2], DataClass::Incidents)]));
    // After a while it is known to be closed.
    send(5 * LONG, critical(Tlp::Green, Closed, &[])).await;
    send(7 * LONG, critical(Tlp::Red, New, &[])).await;
    assert_eq!(kept(&f).await, (vec![], vec![]));
}

on_both!(a_snapshot_that_leaves_out_for_a_moment_ends_nothing);
async fn a_snapshot_that_leaves_out_for_a_moment_ends_nothing(f: Fixture) {
    let records = |tlp, at: i64| {
        let open = IncidentItem { updated_at: NOW.plus(at), ..critical(tlp, IncidentStatus::New, &[]) };
        let active = store::IndicatorItem { last_seen: NOW.plus(at), ..indicator("i.example", tlp, &[]) };
        [Items::Incidents(vec![open]), Items::Events(vec![event("e", tlp, None, &[])]), Items::Indicators(vec![active])]
    };
    for items in records(Tlp::Green, 0) {
        f.send(0, items).await;
    }
    for what in [store::What::Incidents, store::What::Events, store::What::Indicators] {
        let empty = match what {
            store::What::Incidents => Items::Incidents(vec![]),
            store::What::Events => Items::Events(vec![]),
            _ => Items::Indicators(vec![]),
        };
        let push = store::Push { mode: store::Mode::Snapshot, received_at: NOW.plus(LONG), as_of: Some(NOW), ..f.push(0, what) };
        f.store.partner(f.orgs[0]).push(push, empty).await.unwrap();
    }
    for items in records(Tlp::Red, LONG + SHORT) {
        f.send_at(0, items, NOW.plus(LONG + SHORT)).await;
    }
    let fewer: Vec<_> =
        [1, 2].into_iter().flat_map(|org| DataClass::of_records().map(move |class| (org, class))).map(|(org, class)| (f.orgs[org], class)).collect();
    let (criticals, found) = kept(&f).await;
    assert_eq!((criticals, found), (vec![1, 2], fewer));
}

on_both!(an_indicator_that_ends_for_a_moment_is_no_end);
async fn an_indicator_that_ends_for_a_moment_is_no_end(f: Fixture) {
    let fewer = [1, 2].map(|org| (f.orgs[org], DataClass::Indicators)).to_vec();
    let item = |name: &str, tlp, at: i64, until: Option<i64>| store::IndicatorItem {
        last_seen: NOW.plus(at),
        valid_until: until.map(|until| NOW.plus(until)),
        ..indicator(name, tlp, &[])
    };
    // In one push, and in two.
    f.send(0, Items::Indicators(vec![item("one.example", Tlp::Green, 0, None)])).await;
    let both = vec![item("one.example", Tlp::Green, 1, Some(1)), item("one.example", Tlp::Red, 2, None)];
    f.send_at(0, Items::Indicators(both), NOW.plus(LONG)).await;
    assert_eq!(kept(&f).await.1, fewer);
    f.send_at(0, Items::Indicators(vec![item("one.example", Tlp::Green, LONG, Some(1))]), NOW.plus(2 * LONG)).await;
    assert!(kept(&f).await.1.is_empty(), "shown again");
    f.send_at(0, Items::Indicators(vec![item("one.example", Tlp::Red, LONG + 1, None)]), NOW.plus(2 * LONG + SHORT)).await;
    assert_eq!(kept(&f).await.1, fewer, "for a moment");
    f.send_at(0, Items::Indicators(vec![item("one.example", Tlp::Green, LONG + 2, None)]), NOW.plus(3 * LONG)).await;
    // What ends by itself, noticed by the hub.
    f.send_at(0, Items::Indicators(vec![item("one.example", Tlp::Green, LONG + 3, Some(4 * LONG))]), NOW.plus(3 * LONG)).await;
    f.store.hub().retain(store::Retention::default(), NOW.plus(4 * LONG + 1)).await.unwrap();
    f.send_at(0, Items::Indicators(vec![item("one.example", Tlp::Red, LONG + 4, None)]), NOW.plus(4 * LONG + SHORT)).await;
    assert_eq!(kept(&f).await.1, fewer);
}

on_both!(a_rule_hides_what_stood_until_a_moment_before);
async fn a_rule_hides_what_stood_until_a_moment_before(f: Fixture) {
    use IncidentStatus::{Closed, New};
    people(&f).await;
    let hub = f.store.hub();
    let send =
        async |at: i64, item: IncidentItem| drop(f.send_at(0, Items::Incidents(vec![IncidentItem { updated_at: NOW.plus(at), ..item }]), NOW.plus(at)).await);
    let rule = async |at: i64, level| hub.set_rule(f.orgs[0], DataClass::Incidents, Audience::Everyone, level, NOW.plus(at)).await.unwrap();
    send(0, critical(Tlp::Green, New, &[])).await;
    send(LONG, critical(Tlp::Green, Closed, &[])).await;
    rule(LONG + SHORT, Some(Level::None)).await;
    assert_eq!(withdrawn(&f).await, [1, 2], "it was open a moment ago");
    // Lifted for a moment, while it is closed.
    rule(3 * LONG, None).await;
    assert!(withdrawn(&f).await.is_empty());
    rule(3 * LONG + SHORT, Some(Level::None)).await;
    assert_eq!(withdrawn(&f).await, [1, 2]);
    // One that opened and closed while nobody was shown it.
    send(5 * LONG, incident("secret", Severity::Critical, New, Tlp::Green, &[])).await;
    send(5 * LONG + 1, incident("secret", Severity::Critical, Closed, Tlp::Green, &[])).await;
    rule(5 * LONG + 2, None).await;
    rule(7 * LONG, Some(Level::None)).await;
    assert!(withdrawn(&f).await.is_empty(), "long enough shown as closed, and the other was never shown open");
    rule(9 * LONG, None).await;
    send(9 * LONG, incident("b", Severity::Critical, New, Tlp::Green, &[])).await;
    rule(9 * LONG + 1, Some(Level::None)).await;
    send(9 * LONG + 2, incident("never", Severity::Critical, New, Tlp::Green, &[])).await;
    send(9 * LONG + 3, incident("never", Severity::Critical, Closed, Tlp::Green, &[])).await;
    rule(9 * LONG + 4, None).await;
    rule(9 * LONG + 5, Some(Level::None)).await;
    assert_eq!(withdrawn(&f).await, [1, 2], "of the one that was shown, not of the other");
}
