//! An incident, row by row.

use crate::{
    push::{IncidentItem, same::Said},
    shown_before::{Marking, State},
};
use domain::{IncidentStatus, OrgId, Severity, Timestamp, Tlp};
use uuid::Uuid;

/// An incident as it is in the database, or will be.
#[derive(sqlx::FromRow)]
pub(super) struct Stored {
    pub id: Uuid,
    pub external_id: String,
    pub revision: i64,
    pub title: String,
    pub severity: i64,
    pub status: i64,
    pub tlp: i64,
    pub class: String,
    pub opened_at: i64,
    pub closed_at: Option<i64>,
    pub updated_at: i64,
    pub received_at: i64,
    pub raw: String,
    pub heard_at: i64,
    /// What was said last of one that a snapshot left out.
    pub stated_status: Option<i64>,
    pub stated_updated_at: Option<i64>,
}

impl Stored {
    /// As an item makes it.
    pub(super) fn of(item: &IncidentItem, id: Uuid, revision: i64, received_at: i64, heard_at: i64) -> Self {
        Self {
            id,
            external_id: item.external_id.clone(),
            revision,
            title: item.title.clone(),
            severity: item.severity.code(),
            status: item.status.code(),
            tlp: item.tlp.code(),
            class: item.class.clone(),
            opened_at: item.opened_at.0,
            closed_at: item.closed_at.map(|at| at.0),
            updated_at: item.updated_at.0,
            received_at,
            raw: item.raw.clone(),
            heard_at,
            stated_status: None,
            stated_updated_at: None,
        }
    }

    /// Status and moment as its organisation said them last, whatever a snapshot left out since.
    pub(super) fn stated(&self) -> (IncidentStatus, Timestamp) {
        (IncidentStatus::from_code(self.stated_status.unwrap_or(self.status)), Timestamp(self.stated_updated_at.unwrap_or(self.updated_at)))
    }

    /// Whether an item says of the incident what is known of it.
    pub(super) fn says(&self, named: &[OrgId], item: &IncidentItem) -> bool {
        /// Fields compared through their columns.
        const COLUMNS: [&str; 9] = ["external_id", "title", "severity", "status", "tlp", "class", "opened_at", "closed_at", "updated_at"];
        let (status, updated_at) = self.stated();
        let closed_at = if self.stated_status.is_none() { self.closed_at } else { None };
        let known = (self.title.as_str(), self.severity, status, self.tlp, self.class.as_str(), self.opened_at, closed_at, updated_at);
        let said = (
            item.title.as_str(),
            item.severity.code(),
            item.status,
            item.tlp.code(),
            item.class.as_str(),
            item.opened_at.0,
            item.closed_at.map(|at| at.0),
            item.updated_at,
        );
        let said = Said { columns: said, named: &item.recipients, raw: &item.raw };
        Said { columns: known, named, raw: &self.raw }.is_same(&said, &COLUMNS)
    }

    pub(super) fn state(&self, recipients: Vec<OrgId>) -> State {
        State {
            marking: Marking { tlp: Tlp::from_code(self.tlp), recipients, received_at: Timestamp(self.received_at) },
            severity: Severity::from_code(self.severity),
            open: IncidentStatus::from_code(self.status).is_open(),
            opened_at: Timestamp(self.opened_at),
            closed_at: self.closed_at.map(Timestamp),
        }
    }
}
