//! The revisions of incidents.

use super::{IncidentItem, Push, stored::Stored};
use crate::{
    StoreError,
    db::{Conn, Rows},
};
use domain::{IncidentStatus, Severity, Timestamp, Tlp};
use uuid::Uuid;

/// What a push changed of an incident.
pub(super) struct Revision {
    pub incident: Uuid,
    pub no: i64,
    pub at: Timestamp,
    pub receipt: i64,
    pub tlp: Tlp,
    pub summary: String,
}

pub(super) async fn write(conn: &mut Conn, push: &Push, revisions: &[Revision]) -> Result<(), StoreError> {
    const REVISE: &str = "INSERT INTO incident_revisions (incident_id, revision, org_id, at, received_at, receipt_no, tlp, summary) \
                          SELECT v.id, v.no, v.org, v.at, v.received_at, v.receipt, v.tlp, v.summary FROM v";
    Rows::of(revisions)
        .with("id", |one| one.incident)
        .with("no", |one| one.no)
        .with("org", |_| push.org.0)
        .with("at", |one| one.at.0)
        .with("received_at", |_| push.received_at.0)
        .with("receipt", |one| one.receipt)
        .with("tlp", |one| one.tlp.code())
        .with("summary", |one| one.summary.as_str())
        .execute(conn, REVISE)
        .await
}

/// What a revision changed, in words.
pub(super) fn changes(old: &Stored, new: &IncidentItem) -> String {
    let mut parts = Vec::new();
    let (severity, status) = (Severity::from_code(old.severity), IncidentStatus::from_code(old.status));
    if severity != new.severity {
        parts.push(format!("severity {severity} → {}", new.severity));
    }
    if status != new.status {
        parts.push(format!("status {} → {}", status.label().to_lowercase(), new.status.label().to_lowercase()));
    }
    if Tlp::from_code(old.tlp) != new.tlp {
        parts.push(format!("TLP:{} → TLP:{}", Tlp::from_code(old.tlp), new.tlp));
    }
    for (what, changed) in [
        ("title", old.title != new.title),
        ("classification", old.class != new.class),
        ("opening time", old.opened_at != new.opened_at.0),
        ("closing time", status.is_open() == new.status.is_open() && old.closed_at != new.closed_at.map(|t| t.0)),
    ] {
        if changed {
            parts.push(format!("{what} changed"));
        }
    }
    if parts.is_empty() {
        parts.push("details updated".to_owned());
    }
    let text = parts.join("; ");
    text[..1].to_uppercase() + &text[1..]
}
