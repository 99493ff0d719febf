//! What the lists of records, `/incidents`, `/events` and `/indicators`, have in common.

use super::{Beside, EventRow, Facet, IncidentRow, IndicatorRow};
use crate::{Timestamp, Tlp};
use serde::{Deserialize, Serialize};

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct List<Row> {
    pub as_of: Timestamp,
    pub facets: Vec<Facet>,
    pub rows: Vec<Row>,
    /// All that match, on all pages, those that are only counted included.
    pub total: u64,
    /// Of indicators that several organisations reported: how many different ones; the total counts the reports.
    pub different: Option<u64>,
    pub beside: Beside,
    /// The next page's cursor; `None` on the last page.
    pub next: Option<String>,
    /// The narrowest marking among all that match.
    pub highest_tlp: Tlp,
}

/// `/incidents`: the queue.
pub type Incidents = List<IncidentRow>;
/// `/events`.
pub type Events = List<EventRow>;
/// `/indicators`.
pub type Indicators = List<IndicatorRow>;
