//! `/incidents` and `/incidents/:id`.

use super::{OrgRef, Reach};
use crate::{IncidentStatus, Severity, Timestamp, Tlp};
use serde::{Deserialize, Serialize};

/// One incident in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IncidentRow {
    pub id: String,
    pub org: OrgRef,
    pub external_id: String,
    pub title: String,
    pub severity: Severity,
    pub status: IncidentStatus,
    pub tlp: Tlp,
    /// RSIT, in words.
    pub class: String,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub updated_at: Timestamp,
}

/// One incident, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    pub row: IncidentRow,
    pub description: String,
    /// Who works on it, as the organisation says.
    pub owner: String,
    /// The organisations named on the record.
    pub recipients: Vec<OrgRef>,
    pub reach: Reach,
    /// The narrowest marking on the page: of the incident and its events.
    pub highest_tlp: Tlp,
    /// The newest revisions and events, the oldest of them first.
    pub timeline: Vec<TimelineEntry>,
    /// Revisions and events that came before those.
    pub earlier_revisions: u64,
    pub earlier_events: u64,
    /// Fields as pushed that we keep but have no column for.
    pub attributes: Vec<(String, String)>,
    /// The newest revision, as pushed, a field a line.
    pub raw: String,
    /// What the hub made of it, in a sentence.
    pub made: String,
}

/// One entry of an incident's timeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TimelineEntry {
    pub at: Timestamp,
    /// `revision` or `event`.
    pub kind: String,
    /// What happened or changed, in words.
    pub text: String,
    pub severity: Option<Severity>,
    /// The receipt or the event behind it.
    pub href: String,
}
