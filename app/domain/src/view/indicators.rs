//! `/indicators` and `/indicators/:id`.

use super::{Beside, Facet, OrgRef, Reach};
use crate::{Severity, Timestamp, Tlp};
use serde::{Deserialize, Serialize};

/// The list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indicators {
    pub as_of: Timestamp,
    pub facets: Vec<Facet>,
    pub rows: Vec<IndicatorRow>,
    /// All that match, on all pages, those that are only counted included.
    pub total: u64,
    pub beside: Beside,
    pub next: Option<String>,
    pub highest_tlp: Tlp,
}

/// One organisation's report of one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndicatorRow {
    pub id: String,
    pub org: OrgRef,
    pub kind: String,
    pub value: String,
    pub tlp: Tlp,
    pub severity: Option<Severity>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub active: bool,
    /// How many organisations, of those this viewer may see, reported the value.
    pub reporters: u32,
}

/// One indicator, with everyone who reported the same value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    pub row: IndicatorRow,
    pub description: String,
    /// 0 to 100, as the organisation says.
    pub confidence: Option<u32>,
    pub valid_until: Option<Timestamp>,
    /// All reports this viewer may see, this one included, earliest first.
    pub reports: Vec<IndicatorReport>,
    pub reach: Reach,
    /// The narrowest marking on the page: of all reports.
    pub highest_tlp: Tlp,
    pub raw: String,
}

/// One organisation's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndicatorReport {
    pub id: String,
    pub org: OrgRef,
    pub tlp: Tlp,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub receipt: String,
}
