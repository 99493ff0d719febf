//! `/orgs`, `/orgs/:org`, `/orgs/:org/metrics/:metric`.

use super::{Chart, IncidentRow, OrgRef, PushRow, Sparkline, TlpCount};
use crate::{
    ByClass, Freshness, Level, Severity, Timestamp, Tlp,
    catalogue::{Domain, MetricDefinition},
    verdict::Standing,
};
use serde::{Deserialize, Serialize};

/// The matrix organisation × domain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Organisations {
    /// Organisations that do not share their posture with the viewer: not listed, and unknown, 0 to 100, in the index.
    pub unshared: u32,
    /// Organisations that showed the viewer their posture by name, and do so no longer.
    pub no_longer_shared: u32,
    /// All that do not share their posture by name.
    pub hidden: u32,
    /// What those that share only totals bring into the index, in a sentence.
    pub totals_only: Option<String>,
    pub as_of: Timestamp,
    pub policy_version: u32,
    pub rows: Vec<OrgRow>,
    /// All that match, on all pages.
    pub total: u32,
    /// Opaque; `None` on the last page.
    pub next: Option<String>,
}

/// One row of the matrix.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrgRow {
    pub org: OrgRef,
    pub sector: String,
    pub standing: Standing,
    pub freshness: Freshness,
    pub seen: Option<Timestamp>,
    /// The lower end of what it can be.
    pub score: Option<f64>,
    /// The upper end, where critical incidents are not shown.
    pub at_most: Option<f64>,
    /// What it does not show, in words; empty where it shows all.
    pub hidden: String,
    pub last: Option<f64>,
    pub change: Option<f64>,
    pub coverage: f64,
    /// In the order of [`Domain::ALL`]; `None` is unknown, not 0.
    pub domains: [Option<f64>; 6],
    /// `None` where the organisation shares no number of them.
    pub open_incidents: Option<u32>,
    /// Whether there may be more of them.
    pub incidents_partial: bool,
}

/// One organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Organisation {
    /// How much of its posture it shows the viewer: at least a summary.
    pub shared: Level,
    pub as_of: Timestamp,
    pub policy_version: u32,
    pub org: OrgRef,
    pub sector: String,
    pub country: String,
    /// Number of assets; `None` where it was not said.
    pub assets: Option<u64>,
    /// Expected push interval, microseconds.
    pub interval: i64,
    pub freshness: Freshness,
    pub seen: Option<Timestamp>,
    pub standing: Standing,
    /// The lower end of what it can be.
    pub score: Option<f64>,
    /// The upper end, where critical incidents are not shown.
    pub at_most: Option<f64>,
    /// What it does not show, in words; empty where it shows all.
    pub hidden: String,
    pub last: Option<f64>,
    pub low: f64,
    pub high: f64,
    pub coverage: f64,
    pub held: bool,
    /// The score without the cap of an open critical incident, where it took effect.
    pub uncapped: Option<f64>,
    pub change: Option<f64>,
    /// What moved the score in 30 days, largest first, to a tenth of a point; `change` is the difference of rounded scores.
    pub causes: Vec<CauseRow>,
    /// Score over the range of the query.
    pub history: Chart,
    pub peers: Option<Peers>,
    pub domains: Vec<OrgDomain>,
    /// How much of each class it shows the viewer.
    pub levels: ByClass<Level>,
    pub incidents: Vec<IncidentRow>,
    pub open_incidents: u32,
    /// Whether there may be more of them.
    pub incidents_partial: bool,
    /// The same number by severity, worst first.
    pub open_by_severity: Vec<(Severity, u64)>,
    /// Events of the last 30 days.
    pub events: u64,
    pub indicators: Vec<TypeCount>,
    pub indicators_by_tlp: Vec<TlpCount>,
    /// Indicator counts pushed without values: the newest window.
    pub counts: Option<CountsWindow>,
    pub pushes: Vec<PushRow>,
    pub highest_tlp: Tlp,
}

/// Where the others stand; only with five or more of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Peers {
    pub n: u32,
    pub lower_quartile: f64,
    pub median: f64,
    pub upper_quartile: f64,
}

/// One named part of a change, in points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CauseRow {
    pub text: String,
    pub points: f64,
    /// Empty where there is nothing to open.
    pub href: String,
}

/// One CSF function of one organisation with its metrics.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrgDomain {
    pub domain: Domain,
    pub score: Option<f64>,
    pub last: Option<f64>,
    pub target: f64,
    pub change: Option<f64>,
    pub history: Sparkline,
    pub metrics: Vec<MetricRow>,
}

/// One metric of one organisation. `value` is `None` where it was never reported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricRow {
    pub metric: MetricDefinition,
    pub value: Option<f64>,
    pub score: Option<f64>,
    pub at: Option<Timestamp>,
    pub freshness: Freshness,
}

/// Active indicators of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeCount {
    pub kind: String,
    pub count: u64,
}

/// Pushed indicator counts of one window.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountsWindow {
    pub from: Timestamp,
    pub to: Timestamp,
    /// `(type, TLP, severity, count)`
    pub rows: Vec<(String, Tlp, String, u64)>,
}

/// One metric of one organisation over time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPage {
    pub as_of: Timestamp,
    pub policy_version: u32,
    pub org: OrgRef,
    pub metric: MetricDefinition,
    pub interval: i64,
    pub freshness: Freshness,
    /// The newest value.
    pub value: Option<f64>,
    pub score: Option<f64>,
    pub at: Option<Timestamp>,
    pub series: Chart,
    pub peers: Option<Peers>,
    /// What the value is made of, where the organisation reports none of the whole; else empty.
    pub basis: String,
    /// The newest values that carry labels, the first by their labels.
    pub parts: Vec<PartRow>,
    /// How many there are.
    pub parts_total: u64,
    /// Newest first.
    pub samples: Vec<SampleRow>,
    /// Of how many series they are, the first by their labels, and how many there are.
    pub samples_of: (u64, u64),
    pub next: Option<String>,
}

/// The newest value of a part of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartRow {
    /// `key=value` pairs.
    pub labels: String,
    pub value: f64,
    pub at: Timestamp,
    /// Whether a snapshot left it out, so that it counts no more.
    pub left_out: bool,
}

/// One metric across all organisations whose single values the viewer is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricAcross {
    pub as_of: Timestamp,
    pub policy_version: u32,
    pub metric: MetricDefinition,
    /// As the query sorts them; unknown values last.
    pub rows: Vec<MetricOfOrg>,
    /// Organisations whose single values are not shown.
    pub hidden: u32,
    /// Where those with current values stand; only with five or more of them.
    pub peers: Option<Peers>,
}

/// One organisation's newest value of a metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricOfOrg {
    pub org: OrgRef,
    /// `None` where it was never reported.
    pub value: Option<f64>,
    /// `None` where there is no current value.
    pub score: Option<f64>,
    pub at: Option<Timestamp>,
    pub freshness: Freshness,
}

/// One raw value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleRow {
    pub observed_at: Timestamp,
    pub received_at: Timestamp,
    pub value: f64,
    /// `key=value` pairs, empty for the unlabelled series.
    pub labels: String,
    /// The receipt that brought it.
    pub receipt: String,
    /// The name of the key that pushed it.
    pub key: String,
}
