//! `/events`.

use super::{Beside, Facet, OrgRef};
use crate::{Severity, Timestamp, Tlp};
use serde::{Deserialize, Serialize};

/// The list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Events {
    pub as_of: Timestamp,
    pub facets: Vec<Facet>,
    pub rows: Vec<EventRow>,
    /// All that match, on all pages, those that are only counted included.
    pub total: u64,
    pub beside: Beside,
    pub next: Option<String>,
    pub highest_tlp: Tlp,
}

/// One event in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRow {
    pub id: String,
    pub org: OrgRef,
    pub external_id: String,
    pub kind: String,
    pub title: String,
    pub severity: Severity,
    pub tlp: Tlp,
    pub observed_at: Timestamp,
}
