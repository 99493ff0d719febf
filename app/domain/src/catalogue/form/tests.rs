//! Forms, checks and differences as properties.

use super::{
    super::{DomainPolicy, UNITS, check::MOST_METRICS, differences},
    *,
};
use proptest::prelude::*;

fn metric() -> impl Strategy<Value = MetricDefinition> {
    let numbers = (0..=40_u32, 41..=100_u32, any::<bool>(), 1..=40_u32);
    ("[a-z][a-z0-9]{0,8}", "[A-Z][a-z ]{0,20}[a-z]", 0..UNITS.len(), 0..6_usize, numbers).prop_map(|(key, title, unit, domain, (low, high, lower, weight))| {
        let (low, high) = (f64::from(low) / 2.0, f64::from(high));
        let (target, floor) = if lower { (low, high) } else { (high, low) };
        let key = if UNITS[unit] == "percent" { format!("{key}_pct") } else { key };
        MetricDefinition { key, title, unit: UNITS[unit].into(), domain: Domain::ALL[domain], target, floor, weight: f64::from(weight) / 8.0 }
    })
}

/// A sound policy: one metric of each function, and others.
fn policy() -> impl Strategy<Value = ScoringPolicy> {
    let numbers = (0..=100_u32, 0..=50_u32, 50..=100_u32);
    let domains = prop::collection::vec((1..=80_u32, 0..=100_u32), 6);
    (prop::collection::vec(metric(), 6..14), numbers, domains).prop_map(|(metrics, (cap, watch, on_target), domains)| {
        let mut made = ScoringPolicy {
            version: 1,
            critical_cap: cap.into(),
            on_target: on_target.into(),
            watch: watch.into(),
            domains: Domain::ALL
                .into_iter()
                .zip(domains)
                .map(|(domain, (w, t))| DomainPolicy { domain, weight: f64::from(w) / 8.0, target: t.into() })
                .collect(),
            metrics: vec![],
        };
        for (i, mut metric) in metrics.into_iter().enumerate() {
            if let Some(domain) = Domain::ALL.get(i) {
                metric.domain = *domain;
                metric.key = format!("base{i}{}", if metric.unit == "percent" { "_pct" } else { "" });
            }
            made = made.with_metric(metric);
        }
        made
    })
}

fn sorted(policy: &ScoringPolicy) -> ScoringPolicy {
    let mut policy = ScoringPolicy { version: 0, ..policy.clone() };
    policy.metrics.sort_by(|a, b| a.key.cmp(&b.key));
    policy
}

proptest! {
    #[test]
    fn what_is_shown_is_read_back(metric in metric(), policy in policy()) {
        prop_assert_eq!(MetricDefinition::read(&metric.typed()), Ok(metric));
        prop_assert_eq!(policy.clone().with_numbers(&policy.numbers()), Ok(policy.clone()));
        prop_assert_eq!(policy.check(), Ok(()));
    }

    #[test]
    fn whatever_is_typed_is_a_sound_metric_or_named_faults(values in prop::collection::vec(".{0,12}", 7)) {
        let fields = ["key", "title", "unit", "domain", "target", "floor", "weight"];
        let typed: Typed = fields.iter().map(|f| (*f).to_owned()).zip(values).collect();
        match MetricDefinition::read(&typed) {
            Ok(metric) => prop_assert!(metric.faults().is_empty()),
            Err(faults) => prop_assert!(!faults.is_empty() && faults.keys().all(|field| fields.contains(&field.as_str()))),
        }
    }

    #[test]
    fn two_policies_differ_in_a_line_or_are_the_same(a in policy(), b in policy()) {
        prop_assert!(differences(&a, &a).is_empty());
        prop_assert_eq!(differences(&a, &b).is_empty(), sorted(&a) == sorted(&b));
    }

    #[test]
    fn changes_are_carried_over(base in policy(), mine in policy(), now in policy()) {
        prop_assert_eq!(sorted(&mine.carried_over(&base, &base)), sorted(&mine), "nothing was decided meanwhile");
        prop_assert_eq!(sorted(&base.carried_over(&base, &now)), sorted(&now), "nothing was changed");
        let carried = mine.carried_over(&base, &now);
        prop_assert_eq!(carried.version, now.version + 1);
        for metric in &now.metrics {
            if base.metric(&metric.key).is_none() && mine.metric(&metric.key).is_none() {
                prop_assert_eq!(carried.metric(&metric.key), Some(metric), "what was added meanwhile stays");
            }
        }
    }
}

fn small() -> ScoringPolicy {
    let metric = |domain: Domain| MetricDefinition {
        key: format!("{}_pct", domain.code().to_lowercase()),
        title: domain.title().into(),
        unit: "percent".into(),
        domain,
        target: 95.0,
        floor: 60.0,
        weight: 1.0,
    };
    ScoringPolicy {
        version: 1,
        critical_cap: 60.0,
        on_target: 80.0,
        watch: 70.0,
        domains: Domain::ALL.map(|domain| DomainPolicy { domain, weight: 1.0, target: 90.0 }).to_vec(),
        metrics: Domain::ALL.map(metric).to_vec(),
    }
}

#[test]
fn the_field_that_is_wrong_is_named() {
    type Break = fn(&mut ScoringPolicy);
    let cases: [(&str, Break); 17] = [
        ("critical_cap", |p| p.critical_cap = 101.0),
        ("critical_cap", |p| p.critical_cap = f64::NAN),
        ("on_target", |p| p.on_target = f64::INFINITY),
        ("watch", |p| p.watch = 81.0),
        ("domains/PR", |p| p.domains.retain(|d| d.domain != Domain::Pr)),
        ("domains/PR", |p| p.domains.push(p.domains[2].clone())),
        ("domains/ID/weight", |p| p.domains[1].weight = 0.0),
        ("domains/ID/weight", |p| p.domains[1].weight = 1e9),
        ("domains/ID/target", |p| p.domains[1].target = -1.0),
        ("domains/GV/metrics", |p| drop(p.metrics.remove(0))),
        ("metrics/gv_pct/floor", |p| p.metrics[0].floor = 95.0),
        ("metrics/gv_pct/target", |p| p.metrics[0].target = f64::NAN),
        ("metrics/gv_pct/target", |p| p.metrics[0].target = 101.0),
        ("metrics/gv_pct/key", |p| p.metrics[0].unit = "days".into()),
        ("metrics/gv_pct/unit", |p| p.metrics[0].unit = "furlongs".into()),
        ("metrics/gv_pct/weight", |p| p.metrics[0].weight = -1.0),
        ("metrics/gv_pct/title", |p| p.metrics[0].title = " ".into()),
    ];
    assert_eq!(small().check(), Ok(()));
    for (field, breaks) in cases {
        let mut policy = small();
        breaks(&mut policy);
        assert!(policy.faults().contains_key(field), "{field}: {:?}", policy.faults());
    }
    let mut twice = small();
    twice.metrics.push(twice.metrics[0].clone());
    assert_eq!(twice.check(), Err("metrics/gv_pct/key: Stands there twice.".to_owned()));
    let mut many = small();
    let first = many.metrics[0].clone();
    many.metrics.extend((0..MOST_METRICS).map(|i| MetricDefinition { key: format!("m{i}_pct"), ..first.clone() }));
    assert_eq!(many.check(), Err("metrics: Must be at most 200.".to_owned()));
}

#[test]
fn a_difference_reads_as_a_line() {
    let (old, mut new) = (small(), small());
    new.watch = 65.5;
    new.domains[2].weight = 2.0;
    new.metrics[0].target = 97.0;
    new.metrics.remove(1);
    new.metrics.push(MetricDefinition { key: "age_days".into(), title: "Age".into(), unit: "days".into(), target: 5.0, floor: 9.0, ..old.metrics[0].clone() });
    let lines: Vec<String> = differences(&old, &new).iter().map(ToString::to_string).collect();
    assert_eq!(
        lines,
        ["watch 70 → 65.5", "PR: weight 1 → 2", "gv_pct: target 95 → 97", "id_pct: retired", "age_days: added, “Age”, days, GV, target 5, floor 9, weight 1"]
    );
}
