//! The shared catalogue: which metrics exist, what they mean, how they score.

pub mod check;
pub mod difference;
pub mod form;

pub use check::Faults;
pub use difference::{Change, Difference, differences};
pub use form::Typed;

use serde::{Deserialize, Serialize};

/// One function of NIST CSF 2.0 (<https://doi.org/10.6028/NIST.CSWP.29>), the default axis of posture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Domain {
    Gv,
    Id,
    Pr,
    De,
    Rs,
    Rc,
}

impl Domain {
    pub const ALL: [Self; 6] = [Self::Gv, Self::Id, Self::Pr, Self::De, Self::Rs, Self::Rc];

    /// The framework's own code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Gv => "GV",
            Self::Id => "ID",
            Self::Pr => "PR",
            Self::De => "DE",
            Self::Rs => "RS",
            Self::Rc => "RC",
        }
    }

    /// The framework's own name.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Gv => "Govern",
            Self::Id => "Identify",
            Self::Pr => "Protect",
            Self::De => "Detect",
            Self::Rs => "Respond",
            Self::Rc => "Recover",
        }
    }

    /// Its place in [`Domain::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Back from [`Domain::code`].
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.code() == code)
    }
}

/// What a metric can be measured in.
pub const UNITS: [&str; 5] = ["percent", "days", "hours", "count", "per_1000_assets"];

/// One entry of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricDefinition {
    /// The stable name partners push under, such as `mfa_coverage_pct`.
    pub key: String,
    pub title: String,
    /// One of [`UNITS`].
    pub unit: String,
    pub domain: Domain,
    /// The value that earns 100 points. Below `floor` where lower is better.
    pub target: f64,
    /// The value that earns 0 points.
    pub floor: f64,
    /// Its weight among the metrics of its domain; more than 0.
    pub weight: f64,
}

impl MetricDefinition {
    /// Whether smaller values are better.
    #[must_use]
    pub fn lower_is_better(&self) -> bool {
        self.target < self.floor
    }

    /// The closed range a value of this unit can take at all.
    #[must_use]
    pub fn bounds(&self) -> (f64, f64) {
        if self.unit == "percent" { (0.0, 100.0) } else { (0.0, 1e12) }
    }

    /// Whether every value of this unit is a whole number, so that a fraction shows a number read wrongly.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.unit == "count"
    }

    /// The value with its unit, for people: `61 %`, `3.5 d`.
    #[must_use]
    pub fn format(&self, value: f64) -> String {
        format_value(value, &self.unit)
    }
}

/// A value with its unit's sign, at most one decimal.
#[must_use]
pub fn format_value(value: f64, unit: &str) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    let number = if rounded.fract() == 0.0 { format!("{rounded:.0}") } else { format!("{rounded:.1}") };
    match unit {
        "percent" => format!("{number} %"),
        "days" => format!("{number} d"),
        "hours" => format!("{number} h"),
        "per_1000_assets" => format!("{number} /1000"),
        _ => number,
    }
}

/// How scores are made: every target, floor, weight and cap, under one version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoringPolicy {
    /// Increases with every adopted change; every stored or printed score names it.
    pub version: u32,
    /// An open critical incident caps its organisation's score at this.
    pub critical_cap: f64,
    /// Scores from here up are on target.
    pub on_target: f64,
    /// Scores from here up, but below `on_target`, are to be watched.
    pub watch: f64,
    /// Weight and target of each domain, in the order of [`Domain::ALL`].
    pub domains: Vec<DomainPolicy>,
    pub metrics: Vec<MetricDefinition>,
}

/// A domain's part in the organisation's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DomainPolicy {
    pub domain: Domain,
    pub weight: f64,
    /// Where the alliance wants the domain's score to be; the mark on the bullet.
    pub target: f64,
}

impl ScoringPolicy {
    /// The position of a metric in the catalogue.
    #[must_use]
    pub fn position(&self, key: &str) -> Option<usize> {
        self.metrics.iter().position(|m| m.key == key)
    }

    /// A metric of the catalogue.
    #[must_use]
    pub fn metric(&self, key: &str) -> Option<&MetricDefinition> {
        self.metrics.iter().find(|m| m.key == key)
    }

    /// The metrics of a domain with their positions.
    pub fn of_domain(&self, domain: Domain) -> impl Iterator<Item = (usize, &MetricDefinition)> {
        self.metrics.iter().enumerate().filter(move |(_, m)| m.domain == domain)
    }

    /// The domain's policy.
    ///
    /// # Panics
    /// When the policy was never [checked](Self::check) and lacks a domain.
    #[must_use]
    pub fn domain(&self, domain: Domain) -> &DomainPolicy {
        self.domains.iter().find(|d| d.domain == domain).expect("a checked policy has every domain")
    }
}
