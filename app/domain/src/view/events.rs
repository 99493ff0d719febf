//! `/events`.

use super::OrgRef;
use crate::{Severity, Timestamp, Tlp};
use serde::{Deserialize, Serialize};

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
