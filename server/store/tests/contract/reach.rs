//! The reach of records in SQL is the access policy's, and every total is the number of rows its viewer can list.

use super::support::{Fixture, NOW, event, incident, indicator, sample};
use domain::{DAY, DataClass, IncidentStatus, Level, OrgId, Severity, Sight, Tlp, query::Window, sharing::Audience};
use store::{Group, IncidentFacet, IncidentFilter, IndicatorFacet, IndicatorFilter, Items, StoreError, What};

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
    let group = hub.add_group(a, "Ports".into(), NOW).await.unwrap();
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
    hub.set_sharing_defaults([Level::Detail, Level::Detail, Level::None, Level::None], NOW).await.unwrap();
    check(&f, &cases).await;
    let org = store::Org { slug: "newcomer".into(), confirmed: false, ..hub.organisations().await.unwrap().remove(0) };
    let newcomer = hub.add_organisation(org, NOW).await.unwrap();
    let withheld = async || hub.sharing().await.unwrap().level(a, newcomer, DataClass::Posture);
    assert_eq!(withheld().await, Level::None);
    hub.confirm_sharing(newcomer, NOW).await.unwrap();
    assert_eq!(withheld().await, Level::Detail);
    assert!(hub.leave(group, a, NOW).await.unwrap() && !hub.leave(group, a, NOW).await.unwrap());
    check(&f, &cases).await;
    assert!(matches!(hub.add_group(b, "Ports".into(), NOW).await, Err(StoreError::Exists(_))));
    let groups = hub.groups().await.unwrap();
    assert_eq!(groups, [Group { id: group, name: "Ports".into(), owner: a, members: vec![(b, true)] }]);
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
        (points, rows, reads.pushes(None, Some(What::Metrics), "", 10).await.unwrap().rows.len())
    };
    assert_eq!((seen(0).await, seen(1).await), ((1, 1, 1), (1, 1, 1)));
    for level in [Level::None, Level::Aggregate, Level::Summary] {
        f.store.hub().set_rule(f.orgs[0], DataClass::Posture, Audience::Organisation(f.orgs[1]), Some(level), NOW).await.unwrap();
        assert_eq!((seen(0).await, seen(1).await, seen(2).await), ((1, 1, 1), (0, 0, 0), (1, 1, 1)), "{level:?}");
    }
}

async fn send_all_cases(f: &Fixture) -> Vec<(usize, Tlp, Vec<OrgId>)> {
    let cases = all_cases(&f.orgs);
    for (i, (owner, tlp, named)) in cases.iter().enumerate() {
        f.send(*owner, Items::Incidents(vec![incident(&format!("i{i}"), Severity::Critical, IncidentStatus::New, *tlp, named)])).await;
        f.send(*owner, Items::Indicators(vec![indicator(&format!("host{i}.example"), *tlp, named)])).await;
        f.send(*owner, Items::Events(vec![event(&format!("e{i}"), *tlp, Some(&format!("i{i}")), named)])).await;
    }
    cases
}

/// Every list, total and single record of every viewer against the policy.
async fn check(f: &Fixture, cases: &[(usize, Tlp, Vec<OrgId>)]) {
    let sharing = f.store.hub().sharing().await.unwrap();
    let everything: Vec<_> = {
        // The owner sees his own, so the three together see all there is.
        let mut all = Vec::new();
        for org in 0..3 {
            let mut filter = IncidentFilter { org: Some(f.orgs[org]), ..IncidentFilter::default() };
            loop {
                let page = f.store.viewer(f.viewer(org)).incidents(&filter).await.unwrap();
                all.extend(page.rows);
                match page.next {
                    Some(next) => filter.cursor = next,
                    None => break,
                }
            }
        }
        all
    };
    assert_eq!(everything.len(), cases.len());
    for org in 0..3 {
        let viewer = f.viewer(org);
        let sight = Sight { viewer, sharing: &sharing };
        let reads = f.store.viewer(viewer);
        let orgs = &f.orgs;
        let sees = |class| cases.iter().filter(move |(owner, tlp, named)| sight.sees_record(orgs[*owner], class, *tlp, named)).count() as u64;
        let page = reads.incidents(&IncidentFilter::default()).await.unwrap();
        assert_eq!(page.total, sees(DataClass::Incidents));
        assert_eq!(u64::from(reads.critical_at(NOW).await.unwrap()), page.total);
        assert_eq!(reads.open_by_org().await.unwrap().values().map(|n| u64::from(*n)).sum::<u64>(), page.total);
        for facet in [IncidentFacet::Severity, IncidentFacet::Status, IncidentFacet::Tlp, IncidentFacet::Org] {
            let facets = reads.incident_facet(&IncidentFilter::default(), facet).await.unwrap();
            assert_eq!(facets.iter().map(|x| x.2).sum::<u64>(), page.total, "{facet:?}");
        }
        let flow = reads.incident_flow(NOW.plus(-7 * DAY), NOW.plus(DAY), DAY).await.unwrap();
        assert_eq!(flow.iter().map(|b| b.opened).sum::<u64>(), page.total);
        for row in &everything {
            let (owner, tlp, named) = &cases[row.external_id[1..].parse::<usize>().unwrap()];
            let seen = reads.incident(row.id.parse().unwrap()).await.unwrap();
            assert_eq!(seen.is_some(), sight.sees_record(f.orgs[*owner], DataClass::Incidents, *tlp, named), "{row:?}");
            if let Some(seen) = seen {
                let its_event = sight.sees_record(f.orgs[*owner], DataClass::Events, *tlp, named);
                assert_eq!(seen.events.len(), usize::from(its_event), "an event marked like its incident");
            }
        }
        let indicators = reads.indicators(&IndicatorFilter::default()).await.unwrap();
        assert_eq!(indicators.total, sees(DataClass::Indicators));
        let (by_tlp, by_kind) = reads.indicator_totals(None).await.unwrap();
        assert_eq!(by_tlp.iter().map(|t| t.count).sum::<u64>(), indicators.total);
        assert_eq!(by_kind.iter().map(|t| t.count).sum::<u64>(), indicators.total);
        for total in by_tlp {
            let listed = reads.indicators(&IndicatorFilter { tlp: Some(total.tlp), ..IndicatorFilter::default() }).await.unwrap();
            assert_eq!(listed.total, total.count, "{}", total.tlp);
        }
        let facet = reads.indicator_facet(&IndicatorFilter::default(), IndicatorFacet::Org).await.unwrap();
        assert_eq!(facet.iter().map(|x| x.2).sum::<u64>(), indicators.total);
    }
}

on_both!(who_else_reported_a_value_counts_only_reports_one_may_see);
async fn who_else_reported_a_value_counts_only_reports_one_may_see(f: Fixture) {
    f.send(0, Items::Indicators(vec![indicator("shared.example", Tlp::Green, &[]), indicator("alone.example", Tlp::Green, &[])])).await;
    f.send(1, Items::Indicators(vec![indicator("shared.example", Tlp::Red, &[])])).await;
    let shared = async |org| f.store.viewer(f.viewer(org)).indicators_shared(NOW).await.unwrap();
    let listed = async |org| f.store.viewer(f.viewer(org)).indicators(&IndicatorFilter { shared: true, ..IndicatorFilter::default() }).await.unwrap();
    assert_eq!((shared(0).await, shared(1).await, shared(2).await), (0, 2, 0));
    assert_eq!(listed(1).await.total, 2);
    let row = &f.store.viewer(f.viewer(2)).indicators(&IndicatorFilter { words: "shared".into(), ..IndicatorFilter::default() }).await.unwrap().rows[0];
    assert_eq!(row.reporters, 1);
    let detail = f.store.viewer(f.viewer(1)).indicator(row.id.parse().unwrap(), NOW).await.unwrap().unwrap();
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
    let change = &f.store.hub().changes_after(0, 10).await.unwrap()[0];
    assert!(!change.everyone && change.recipients.is_empty());
}
