//! What one policy has other than another, line by line; and what somebody changed, carried over to a newer one.

use super::{Domain, MetricDefinition, ScoringPolicy};
use serde::{Deserialize, Serialize};
use std::fmt::{self, Display, Formatter};

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// A metric's key, a domain's code, or empty for the policy's own numbers.
    pub subject: String,
    pub change: Change,
}

/// What became of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Change {
    /// A metric that was not there, with what it is.
    Added(String),
    Retired,
    Set {
        field: String,
        from: String,
        to: String,
    },
}

impl Display for Difference {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.subject.is_empty() {
            write!(f, "{}: ", self.subject)?;
        }
        match &self.change {
            Change::Added(what) => write!(f, "added, {what}"),
            Change::Retired => f.write_str("retired"),
            Change::Set { field, from, to } => write!(f, "{field} {from} → {to}"),
        }
    }
}

/// A field with its text in the old and in the new.
type Pair<'a> = (&'a str, String, String);

fn set<'a>(subject: &'a str, pairs: Vec<Pair<'a>>) -> impl Iterator<Item = Difference> + 'a {
    let one = |(field, from, to): Pair<'a>| Difference { subject: subject.to_owned(), change: Change::Set { field: field.to_owned(), from, to } };
    pairs.into_iter().filter(|(_, from, to)| from != to).map(one)
}

fn of_metric(old: &MetricDefinition, new: &MetricDefinition) -> Vec<Difference> {
    let pairs = vec![
        ("title", old.title.clone(), new.title.clone()),
        ("unit", old.unit.clone(), new.unit.clone()),
        ("function", old.domain.code().to_owned(), new.domain.code().to_owned()),
        ("target", old.target.to_string(), new.target.to_string()),
        ("floor", old.floor.to_string(), new.floor.to_string()),
        ("weight", old.weight.to_string(), new.weight.to_string()),
    ];
    set(&old.key, pairs).collect()
}

fn described(m: &MetricDefinition) -> String {
    format!("“{}”, {}, {}, target {}, floor {}, weight {}", m.title, m.unit, m.domain.code(), m.target, m.floor, m.weight)
}

/// What `new` has other than `old`, but for the version and the order of the metrics: neither makes another score.
#[must_use]
pub fn differences(old: &ScoringPolicy, new: &ScoringPolicy) -> Vec<Difference> {
    let own = vec![
        ("critical_cap", old.critical_cap.to_string(), new.critical_cap.to_string()),
        ("on_target", old.on_target.to_string(), new.on_target.to_string()),
        ("watch", old.watch.to_string(), new.watch.to_string()),
    ];
    let mut lines: Vec<Difference> = set("", own).collect();
    let text = |policy: &ScoringPolicy, domain, pick: fn(&super::DomainPolicy) -> f64| {
        policy.domains.iter().find(|d| d.domain == domain).map_or_else(|| "none".to_owned(), |d| pick(d).to_string())
    };
    for domain in Domain::ALL {
        let pairs = vec![
            ("weight", text(old, domain, |d| d.weight), text(new, domain, |d| d.weight)),
            ("target", text(old, domain, |d| d.target), text(new, domain, |d| d.target)),
        ];
        lines.extend(set(domain.code(), pairs));
    }
    for metric in &old.metrics {
        match new.metric(&metric.key) {
            Some(other) => lines.extend(of_metric(metric, other)),
            None => lines.push(Difference { subject: metric.key.clone(), change: Change::Retired }),
        }
    }
    for metric in new.metrics.iter().filter(|m| old.metric(&m.key).is_none()) {
        lines.push(Difference { subject: metric.key.clone(), change: Change::Added(described(metric)) });
    }
    lines
}

/// What was changed from `base`, else what is there now.
fn pick<T: PartialEq + Clone>(base: &T, mine: &T, now: &T) -> T {
    if mine == base { now.clone() } else { mine.clone() }
}

impl ScoringPolicy {
    /// The same with a definition put in place of the one of that key, or added.
    #[must_use]
    pub fn with_metric(mut self, metric: MetricDefinition) -> Self {
        match self.metrics.iter_mut().find(|m| m.key == metric.key) {
            Some(old) => *old = metric,
            None => self.metrics.push(metric),
        }
        self
    }

    /// The same without a metric.
    #[must_use]
    pub fn without_metric(mut self, key: &str) -> Self {
        self.metrics.retain(|m| m.key != key);
        self
    }

    /// What this one changed from `base`, on top of `now`: so that nobody takes back what others decided meanwhile. A metric that both changed is
    /// as this one has it; one that only one of them retired is retired.
    #[must_use]
    pub fn carried_over(&self, base: &Self, now: &Self) -> Self {
        let domain = |d: &super::DomainPolicy| {
            let of = |policy: &Self| policy.domains.iter().find(|o| o.domain == d.domain).cloned().unwrap_or_else(|| d.clone());
            let (base, mine) = (of(base), of(self));
            super::DomainPolicy { weight: pick(&base.weight, &mine.weight, &d.weight), target: pick(&base.target, &mine.target, &d.target), ..d.clone() }
        };
        let mut carried = Self {
            version: now.version + 1,
            critical_cap: pick(&base.critical_cap, &self.critical_cap, &now.critical_cap),
            on_target: pick(&base.on_target, &self.on_target, &now.on_target),
            watch: pick(&base.watch, &self.watch, &now.watch),
            domains: now.domains.iter().map(domain).collect(),
            metrics: now.metrics.clone(),
        };
        for metric in &base.metrics {
            if self.metric(&metric.key).is_none() {
                carried = carried.without_metric(&metric.key);
            }
        }
        for mine in &self.metrics {
            carried = match (base.metric(&mine.key), now.metric(&mine.key)) {
                (Some(base), Some(now)) => carried.with_metric(MetricDefinition {
                    key: mine.key.clone(),
                    title: pick(&base.title, &mine.title, &now.title),
                    unit: pick(&base.unit, &mine.unit, &now.unit),
                    domain: pick(&base.domain, &mine.domain, &now.domain),
                    target: pick(&base.target, &mine.target, &now.target),
                    floor: pick(&base.floor, &mine.floor, &now.floor),
                    weight: pick(&base.weight, &mine.weight, &now.weight),
                }),
                // Retired meanwhile.
                (Some(_), None) => carried,
                (None, _) => carried.with_metric(mine.clone()),
            };
        }
        carried
    }
}
