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
    let shown = hub.shown_before().await.unwrap();
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
    let records = [DataClass::Incidents, DataClass::Events, DataClass::Indicators];
    let of = |org: usize| records.map(|class| (f.orgs[org], class)).to_vec();
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
