//! Whether scores can be made with a policy, and which field says that they cannot.

use super::{Domain, MetricDefinition, ScoringPolicy, UNITS};
use std::collections::BTreeMap;

/// What is wrong, by field: a sentence for people. Of a metric the fields are its own, of a policy they are paths: `critical_cap`,
/// `domains/PR/weight`, `metrics/mfa_coverage_pct/target`.
pub type Faults = BTreeMap<String, String>;

/// Metrics that one catalogue may hold: more than anybody reads, few enough for a page and a push.
pub const MOST_METRICS: usize = 200;
/// Letters of a key, and of a title.
pub const LONGEST: usize = 100;
/// The greatest weight: beyond it the others mean nothing.
pub const HEAVIEST: f64 = 1_000.0;

fn is_weight(weight: f64) -> bool {
    weight > 0.0 && weight <= HEAVIEST
}

fn is_points(points: f64) -> bool {
    (0.0..=100.0).contains(&points)
}

const WEIGHT: &str = "Must be a number above 0, at most 1000.";
const POINTS: &str = "Must be a number of points from 0 to 100.";

impl MetricDefinition {
    /// What is wrong with this definition alone; empty where nothing is.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        let mut fault = |field: &str, text: String| {
            faults.entry(field.to_owned()).or_insert(text);
        };
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(self.key.starts_with(|c: char| c.is_ascii_lowercase()) && self.key.chars().all(lower) && self.key.len() <= LONGEST) {
            fault("key", format!("Must be small letters, digits and _, a letter first, at most {LONGEST}."));
        } else if self.key.ends_with("_pct") != (self.unit == "percent") {
            fault("key", "Keys of percentages end in _pct, others do not.".to_owned());
        }
        if !crate::text::is_visible(&self.title) || self.title.chars().count() > LONGEST || self.title.chars().any(char::is_control) {
            fault("title", format!("Must have 1 to {LONGEST} letters."));
        }
        if !UNITS.contains(&self.unit.as_str()) {
            fault("unit", format!("Must be one of {}.", UNITS.join(", ")));
        }
        let (low, high) = self.bounds();
        for (field, value) in [("target", self.target), ("floor", self.floor)] {
            if !(low..=high).contains(&value) {
                fault(field, if high > 100.0 { "Must be a number from 0 on.".to_owned() } else { "Must be a number from 0 to 100.".to_owned() });
            }
        }
        if self.target == self.floor {
            fault("floor", "Must differ from the target: between the two points rise from 0 to 100.".to_owned());
        }
        if !is_weight(self.weight) {
            fault("weight", WEIGHT.to_owned());
        }
        faults
    }
}

impl ScoringPolicy {
    /// What is wrong; empty where scores can be made with this policy.
    #[must_use]
    pub fn faults(&self) -> Faults {
        let mut faults = Faults::new();
        for (field, value) in [("critical_cap", self.critical_cap), ("on_target", self.on_target), ("watch", self.watch)] {
            if !is_points(value) {
                faults.insert(field.to_owned(), POINTS.to_owned());
            }
        }
        if self.watch > self.on_target {
            faults.entry("watch".to_owned()).or_insert_with(|| "Must not be above the points of on target.".to_owned());
        }
        for domain in Domain::ALL {
            let (code, title) = (domain.code(), domain.title());
            let found: Vec<_> = self.domains.iter().filter(|d| d.domain == domain).collect();
            let [only] = found[..] else {
                faults.insert(format!("domains/{code}"), format!("{title} must stand there once."));
                continue;
            };
            if !is_weight(only.weight) {
                faults.insert(format!("domains/{code}/weight"), WEIGHT.to_owned());
            }
            if !is_points(only.target) {
                faults.insert(format!("domains/{code}/target"), POINTS.to_owned());
            }
            // A function that nothing measures would leave every score without a word.
            if self.of_domain(domain).next().is_none() {
                faults.insert(format!("domains/{code}/metrics"), format!("{title} must have at least one metric."));
            }
        }
        if self.metrics.len() > MOST_METRICS {
            faults.insert("metrics".to_owned(), format!("Must be at most {MOST_METRICS}."));
        }
        for (i, metric) in self.metrics.iter().enumerate() {
            let path = |field: &str| format!("metrics/{}/{field}", metric.key);
            faults.extend(metric.faults().into_iter().map(|(field, text)| (path(&field), text)));
            if self.position(&metric.key) != Some(i) {
                faults.insert(path("key"), "Stands there twice.".to_owned());
            }
        }
        faults
    }

    /// Whether scores can be made with this policy.
    ///
    /// # Errors
    /// Names the first field that is wrong.
    pub fn check(&self) -> Result<(), String> {
        self.faults().into_iter().next().map_or(Ok(()), |(field, text)| Err(format!("{field}: {text}")))
    }
}
