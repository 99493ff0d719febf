//! The reach of records in SQL is the access policy's, and every total is the number of rows its viewer can list.

use super::support::{Fixture, NOW, event, incident, indicator, levels, sample};
use domain::{
    DAY, DataClass, HOUR, IncidentStatus, Level, OrgId, Role, Severity, Sight, Timestamp, Tlp,
    query::Window,
    sharing::{Audience, Marked},
    view::{IncidentRow, OrgRef},
};
use store::{EventFacet, EventFilter, Eyes, Group, IncidentFacet, IncidentFilter, IncidentItem, IndicatorFacet, IndicatorFilter, Items, StoreError};

/// A record as it was handed in.
struct Case {
    /// By its place among the fixture's organisations.
    owner: usize,
    tlp: Tlp,
    named: Vec<OrgId>,
    at: Timestamp,
}

impl Case {
    fn marked(&self) -> Marked<'_> {
        Marked { tlp: self.tlp, recipients: &self.named, received_at: self.at }
    }
}

/// Every marking, owner and list of recipients there can be among three organisations.
fn all_cases(orgs: &[OrgId]) -> Vec<(usize, Tlp, Vec<OrgId>)> {
    let mut cases = Vec::new();
    for owner in 0..orgs.len() {
        for tlp in Tlp::ALL {
            for mask in 0..(1_u32 << orgs.len()) {
                let named = (0..orgs.len()).filter(|i| *i != owner && mask & (1 << i) != 0).map(|i| orgs[i]).collect();
                cases.push((owner, tlp, named));
            }
        }
    }
    cases
}

on_both!(lists_totals_and_single_records_follow_the_policy);
async fn lists_totals_and_single_records_follow_the_policy(f: Fixture) {
    let cases = send_all_cases(&f).await;
    check(&f, &cases).await;
}

on_both!(they_follow_every_rule_and_group);
async fn they_follow_every_rule_and_group(f: Fixture) {
    let cases = send_all_cases(&f).await;
    let hub = f.store.hub();
    let (a, b, c) = (f.orgs[0], f.orgs[1], f.orgs[2]);
    let group = hub.add_group(a, "Ports".into(), true, NOW).await.unwrap();
    assert!(!hub.invite(group, b, c, NOW).await.unwrap(), "who is no member invites nobody");
    assert!(hub.invite(group, a, b, NOW).await.unwrap());
    assert!(!hub.sharing().await.unwrap().are_peers(a, b), "an invitation is no membership");
    assert!(hub.join(group, b, NOW).await.unwrap() && !hub.join(group, c, NOW).await.unwrap());
    assert!(hub.sharing().await.unwrap().are_peers(a, b));
    check(&f, &cases).await;
    // One step after the other, each checked whole: rules that widen, narrow, are replaced and taken away.
    let steps = [
        (a, DataClass::Incidents, Audience::Everyone, Some(Level::None)),
        (a, DataClass::Incidents, Audience::Group(group), Some(Level::Detail)),
        (a, DataClass::Events, Audience::Group(group), Some(Level::Summary)),
        (b, DataClass::Indicators, Audience::Organisation(c), Some(Level::Aggregate)),
        (c, DataClass::Indicators, Audience::Everyone, Some(Level::Summary)),
        (c, DataClass::Indicators, Audience::Organisation(a), Some(Level::Detail)),
        (a, DataClass::Incidents, Audience::Everyone, None),
    ];
    for (owner, class, audience, level) in steps {
        let before = hub.sharing_version().await.unwrap();
        hub.set_rule(owner, class, audience, level, NOW).await.unwrap();
        assert!(hub.sharing_version().await.unwrap() > before, "whoever keeps a copy learns of it");
        check(&f, &cases).await;
    }
    let two = levels(&[(DataClass::Posture, Level::Detail), (DataClass::Incidents, Level::Detail)]);
    hub.set_sharing_defaults(two, NOW).await.unwrap();
    check(&f, &cases).await;
    let org = store::Org { slug: "newcomer".into(), confirmed: false, ..hub.organisations().await.unwrap().remove(0) };
    let newcomer = hub.add_organisation(org, NOW).await.unwrap();
    let withheld = async || hub.sharing().await.unwrap().level(a, newcomer, DataClass::Posture);
    assert_eq!(withheld().await, Level::None);
    let admin = hub.add_user(newcomer, "a@n.example".into(), "A".into(), Role::OrgAdmin, None, NOW).await.unwrap();
    hub.confirm_sharing(newcomer, two, admin, NOW).await.unwrap();
    assert_eq!(withheld().await, Level::Detail);
    assert!(hub.leave(group, a, NOW).await.unwrap() && !hub.leave(group, a, NOW).await.unwrap());
    check(&f, &cases).await;
    assert!(matches!(hub.add_group(a, "Ports".into(), true, NOW).await, Err(StoreError::Exists(_))));
    let groups = hub.groups().await.unwrap();
    assert_eq!(groups, [Group { id: group, name: "Ports".into(), owner: a, earlier: true, members: vec![(b, true)] }]);
}

on_both!(what_is_below_detail_shows_no_single_value);
async fn what_is_below_detail_shows_no_single_value(f: Fixture) {
    let window = Window { from: NOW.plus(-DAY), to: NOW.plus(DAY) };
    f.send(0, Items::Metrics(vec![sample("m", 50.0, NOW)])).await;
    f.send(0, Items::Indicators(vec![indicator("a.example", Tlp::Green, &[])])).await;
    let seen = async |org: usize| {
        let reads = f.store.viewer(f.viewer(org));
        let points = reads.metric_series(f.orgs[0], "m", window).await.unwrap().len();
        let rows = reads.samples(f.orgs[0], "m", "").await.unwrap().rows.len();
        (points, rows, reads.pushes(None, Some(DataClass::Posture), "", 10).await.unwrap().rows.len())
    };
    assert_eq!((seen(0).await, seen(1).await), ((1, 1, 1), (1, 1, 1)));
    for level in [Level::None, Level::Aggregate, Level::Summary] {
        f.store.hub().set_rule(f.orgs[0], DataClass::Posture, Audience::Organisation(f.orgs[1]), Some(level), NOW).await.unwrap();
        assert_eq!((seen(0).await, seen(1).await, seen(2).await), ((1, 1, 1), (0, 0, 0), (1, 1, 1)), "{level:?}");
    }
}

async fn send_all_cases(f: &Fixture) -> Vec<Case> {
    let mut cases = Vec::new();
    add_all_cases(f, &mut cases, NOW).await;
    cases
}

/// Records of every kind, handed in at a moment.
async fn add_all_cases(f: &Fixture, cases: &mut Vec<Case>, at: Timestamp) {
    let first = cases.len();
    cases.extend(all_cases(&f.orgs).into_iter().map(|(owner, tlp, named)| Case { owner, tlp, named, at }));
    for (i, Case { owner, tlp, named, .. }) in cases.iter().enumerate().skip(first) {
        f.send_at(*owner, Items::Incidents(vec![incident(&format!("i{i}"), Severity::Critical, IncidentStatus::New, *tlp, named)]), at).await;
        f.send_at(*owner, Items::Indicators(vec![indicator(&format!("host{i}.example"), *tlp, named)]), at).await;
        f.send_at(*owner, Items::Events(vec![event(&format!("e{i}"), *tlp, Some(&format!("i{i}")), named)]), at).await;
    }
}

/// Every list, number and single record of every viewer against the policy.
async fn check(f: &Fixture, cases: &[Case]) {
    let sharing = f.store.hub().sharing().await.unwrap();
    for org in 0..3 {
        let viewer = f.viewer(org);
        let sight = Sight { viewer, sharing: &sharing };
        let (reads, numbers) = (f.store.viewer(viewer), f.store.viewer(viewer).counts());
        let of = |class, counted: bool| {
            let reached = |c: &&Case| {
                if counted { sight.counts_record(f.orgs[c.owner], class, &c.marked()) } else { sight.sees_record(f.orgs[c.owner], class, &c.marked()) }
            };
            cases.iter().filter(reached).count() as u64
        };
        let sum = |rows: Vec<(OrgRef, u64)>| rows.iter().map(|(_, n)| n).sum::<u64>();

        let (seen, counted) = (of(DataClass::Incidents, false), of(DataClass::Incidents, true));
        let listed = all_incidents(f, org).await;
        assert_eq!((listed.len() as u64, reads.incidents(&IncidentFilter::default()).await.unwrap().total), (seen, seen));
        assert_eq!(reads.incident_ids(&IncidentFilter::default()).await.unwrap().len() as u64, seen, "as a file");
        assert_eq!(sum(numbers.incidents_unlisted(&IncidentFilter::default()).await.unwrap()), counted - seen);
        assert_eq!(u64::from(numbers.critical_at(NOW).await.unwrap()), counted);
        assert_eq!(numbers.open_by_org().await.unwrap().values().map(|n| u64::from(*n)).sum::<u64>(), counted);
        for facet in [IncidentFacet::Severity, IncidentFacet::Status, IncidentFacet::Tlp, IncidentFacet::Class, IncidentFacet::Org] {
            let facets = numbers.incident_facet(&IncidentFilter::default(), facet).await.unwrap();
            assert_eq!(facets.iter().map(|x| x.2).sum::<u64>(), counted, "{facet:?}");
        }
        let flow = numbers.incident_flow(NOW.plus(-7 * DAY), NOW.plus(DAY), DAY).await.unwrap();
        assert_eq!(flow.iter().map(|b| b.opened).sum::<u64>(), counted);
        for row in everything(f, cases.len()).await {
            let case = &cases[row.external_id[1..].parse::<usize>().unwrap()];
            let seen = reads.incident(row.id.parse().unwrap()).await.unwrap();
            assert_eq!(seen.is_some(), sight.sees_record(f.orgs[case.owner], DataClass::Incidents, &case.marked()), "{row:?}");
            if let Some(seen) = seen {
                let its_event = sight.sees_record(f.orgs[case.owner], DataClass::Events, &case.marked());
                assert_eq!(seen.events.len(), usize::from(its_event), "an event marked like its incident");
            }
        }

        let all = EventFilter { from: NOW.plus(-DAY), to: NOW.plus(DAY), ..EventFilter::default() };
        let (seen, counted) = (of(DataClass::Events, false), of(DataClass::Events, true));
        assert_eq!(reads.events(&all).await.unwrap().total, seen);
        assert_eq!(reads.event_ids(&all).await.unwrap().len() as u64, seen, "as a file");
        assert_eq!(sum(numbers.events_unlisted(&all).await.unwrap()), counted - seen);
        assert_eq!(numbers.event_facet(&all, EventFacet::Org).await.unwrap().iter().map(|x| x.2).sum::<u64>(), counted);

        let (seen, counted) = (of(DataClass::Indicators, false), of(DataClass::Indicators, true));
        assert_eq!(reads.indicators(&IndicatorFilter::default()).await.unwrap().total, seen);
        assert_eq!(reads.indicator_ids(&IndicatorFilter::default()).await.unwrap().len() as u64, seen, "as a file");
        assert_eq!(sum(numbers.indicators_unlisted(&IndicatorFilter::default()).await.unwrap()), counted - seen);
        let (by_tlp, by_kind) = numbers.indicator_totals(None).await.unwrap();
        assert_eq!(by_tlp.iter().map(|t| t.count).sum::<u64>(), counted);
        assert_eq!(by_kind.iter().map(|t| t.count).sum::<u64>(), counted);
        for total in by_tlp {
            let only = IndicatorFilter { tlp: Some(total.tlp), ..IndicatorFilter::default() };
            let beside = sum(numbers.indicators_unlisted(&only).await.unwrap());
            assert_eq!(reads.indicators(&only).await.unwrap().total + beside, total.count, "{}", total.tlp);
        }
        let facet = numbers.indicator_facet(&IndicatorFilter::default(), IndicatorFacet::Org).await.unwrap();
        assert_eq!(facet.iter().map(|x| x.2).sum::<u64>(), counted);

        // The owner is told the same of the viewer's eyes.
        for owner in (0..3).filter(|owner| *owner != org) {
            let own = f.store.viewer(f.viewer(owner));
            let eyes = |class| Eyes {
                org: viewer.org,
                since: sharing.since(viewer.org, f.orgs[owner], class, Level::Detail),
                peers_since: sharing.peers_since(viewer.org, f.orgs[owner]),
            };
            let of = |class| cases.iter().filter(|c| c.owner == owner && sight.sees_record(f.orgs[owner], class, &c.marked())).count() as u64;
            assert_eq!(own.incidents_as(eyes(DataClass::Incidents)).await.unwrap().1, of(DataClass::Incidents));
            assert_eq!(own.events_as(eyes(DataClass::Events)).await.unwrap().1, of(DataClass::Events));
            let (rows, seen, all) = own.indicators_as(eyes(DataClass::Indicators)).await.unwrap();
            assert_eq!((rows.len() as u64, seen), (seen.min(10), of(DataClass::Indicators)));
            assert_eq!(all, cases.iter().filter(|c| c.owner == owner).count() as u64);
        }
    }
}

/// All incidents that an organisation's people can list, page by page.
async fn all_incidents(f: &Fixture, org: usize) -> Vec<IncidentRow> {
    let (mut all, mut filter) = (Vec::new(), IncidentFilter::default());
    loop {
        let page = f.store.viewer(f.viewer(org)).incidents(&filter).await.unwrap();
        all.extend(page.rows);
        match page.next {
            Some(next) => filter.cursor = next,
            None => return all,
        }
    }
}

/// All that there is: each owner sees his own.
async fn everything(f: &Fixture, number: usize) -> Vec<IncidentRow> {
    let mut all = Vec::new();
    for (org, slug) in ["alpha", "beta", "gamma"].into_iter().enumerate() {
        all.extend(all_incidents(f, org).await.into_iter().filter(|row| row.org.slug == slug));
    }
    assert_eq!(all.len(), number);
    all
}

on_both!(a_group_keeps_earlier_data_from_who_joins_later);
async fn a_group_keeps_earlier_data_from_who_joins_later(f: Fixture) {
    let hub = f.store.hub();
    let (a, b, c) = (f.orgs[0], f.orgs[1], f.orgs[2]);
    hub.set_sharing_defaults(levels(&[(DataClass::Incidents, Level::Summary)]), NOW).await.unwrap();
    let group = hub.add_group(a, "Ports".into(), false, NOW.plus(-DAY)).await.unwrap();
    hub.invite(group, a, b, NOW.plus(-DAY)).await.unwrap();
    hub.join(group, b, NOW.plus(-DAY)).await.unwrap();
    for (owner, class) in [(a, DataClass::Posture), (a, DataClass::Incidents), (a, DataClass::Indicators), (b, DataClass::Events), (c, DataClass::Indicators)] {
        hub.set_rule(owner, class, Audience::Group(group), Some(Level::Detail), NOW).await.unwrap();
    }
    let mut cases = Vec::new();
    add_all_cases(&f, &mut cases, NOW.plus(-HOUR)).await;
    f.send_at(0, Items::Metrics(vec![sample("m", 1.0, NOW.plus(-HOUR))]), NOW.plus(-HOUR)).await;
    check(&f, &cases).await;
    hub.invite(group, b, c, NOW).await.unwrap();
    hub.join(group, c, NOW).await.unwrap();
    check(&f, &cases).await;
    add_all_cases(&f, &mut cases, NOW.plus(1)).await;
    f.send_at(0, Items::Metrics(vec![sample("m", 2.0, NOW)]), NOW).await;
    check(&f, &cases).await;
    // One value of two; its receipt, and not the other's.
    let values = async |org: usize| {
        let reads = f.store.viewer(f.viewer(org));
        let window = Window { from: NOW.plus(-DAY), to: NOW.plus(DAY) };
        let samples = reads.samples(a, "m", "").await.unwrap().rows.len();
        (reads.metric_series(a, "m", window).await.unwrap().len(), samples, reads.pushes(Some(a), Some(DataClass::Posture), "", 10).await.unwrap().rows.len())
    };
    assert_eq!((values(0).await, values(1).await, values(2).await), ((2, 2, 2), (2, 2, 2), (1, 1, 1)));
    // What changes of earlier records is no news for who may not see them: the change says how young its youngest is.
    let newest = async || f.store.hub().changes_after(0, 10_000).await.unwrap().last().unwrap().newest;
    let again = |title: &str| IncidentItem {
        title: title.into(),
        raw: format!("{{\"title\":\"{title}\"}}"),
        ..incident("i0", Severity::Low, IncidentStatus::New, Tlp::Green, &[])
    };
    f.send_at(cases[0].owner, Items::Incidents(vec![again("again")]), NOW.plus(2)).await;
    assert_eq!(newest().await, NOW.plus(-HOUR));
    f.send_at(0, Items::Incidents(vec![incident("new", Severity::Low, IncidentStatus::New, Tlp::Green, &[])]), NOW.plus(3)).await;
    assert_eq!(newest().await, NOW.plus(3));
    // Whoever leaves and comes back begins anew.
    hub.leave(group, b, NOW.plus(4)).await.unwrap();
    hub.invite(group, a, b, NOW.plus(4)).await.unwrap();
    hub.join(group, b, NOW.plus(5)).await.unwrap();
    assert_eq!(hub.sharing().await.unwrap().since(b, a, DataClass::Posture, Level::Detail), Some(NOW.plus(5)));
    assert_eq!(values(1).await, (0, 0, 0));
}

on_both!(who_else_reported_a_value_counts_only_reports_one_may_see);
async fn who_else_reported_a_value_counts_only_reports_one_may_see(f: Fixture) {
    f.send(0, Items::Indicators(vec![indicator("shared.example", Tlp::Green, &[]), indicator("alone.example", Tlp::Green, &[])])).await;
    f.send(1, Items::Indicators(vec![indicator("shared.example", Tlp::Red, &[])])).await;
    let shared = async |org| f.store.viewer(f.viewer(org)).indicators_shared(NOW, NOW).await.unwrap().0;
    let listed = async |org| f.store.viewer(f.viewer(org)).indicators(&IndicatorFilter { shared: true, ..IndicatorFilter::default() }).await.unwrap();
    assert_eq!((shared(0).await, shared(1).await, shared(2).await), (0, 2, 0));
    assert_eq!(listed(1).await.total, 2);
    let row = &f.store.viewer(f.viewer(2)).indicators(&IndicatorFilter { words: "shared".into(), ..IndicatorFilter::default() }).await.unwrap().rows[0];
    assert_eq!(row.reporters, 1);
    let detail = f.store.viewer(f.viewer(1)).indicator(row.id.parse().unwrap(), NOW, NOW).await.unwrap().unwrap();
    assert_eq!(detail.reports.len(), 2);
}

on_both!(another_organisations_pushes_of_records_are_not_counted);
async fn another_organisations_pushes_of_records_are_not_counted(f: Fixture) {
    f.send(0, Items::Incidents(vec![incident("a", Severity::Low, IncidentStatus::New, Tlp::Red, &[])])).await;
    let own = f.store.viewer(f.viewer(0)).pushes(None, None, "", 10).await.unwrap();
    assert_eq!(own.rows.len(), 1);
    let foreign = f.store.viewer(f.viewer(1));
    assert!(foreign.pushes(None, None, "", 10).await.unwrap().rows.is_empty());
    assert!(foreign.receipt(own.rows[0].receipt.parse().unwrap()).await.unwrap().is_none());
    // A page of the log ends with a receipt's id, and none that somebody else may see is a place in their log.
    for n in 0..3 {
        f.send_at(1, Items::Incidents(vec![incident(&format!("{n}"), Severity::Low, IncidentStatus::New, Tlp::Red, &[])]), NOW.plus(n * 1_000)).await;
    }
    let (mut cursor, mut read) = (String::new(), Vec::new());
    loop {
        let page = foreign.pushes(None, None, &cursor, 1).await.unwrap();
        read.extend(page.rows.iter().map(|row| row.received_at));
        let Some(next) = page.next else { break };
        assert_eq!(next, page.rows[0].receipt);
        cursor = next;
    }
    assert_eq!(read, [NOW.plus(2_000), NOW.plus(1_000), NOW]);
    for unknown in [own.rows[0].receipt.as_str(), "1", "nonsense"] {
        assert_eq!(foreign.pushes(None, None, unknown, 10).await.unwrap().rows.len(), 3, "{unknown}");
    }
    let change = &f.store.hub().changes_after(0, 10).await.unwrap()[0];
    assert!(!change.everyone && change.recipients.is_empty());
}
