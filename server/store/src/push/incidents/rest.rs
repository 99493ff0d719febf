//! Incidents that a snapshot leaves out.

use super::revisions::{self, Revision};
use crate::{
    StoreError,
    db::{Conn, Rows, on_conn},
    push::{IncidentItem, Push, record},
    recipients,
    shown_before::Marking,
    shown_lately::{self, Ended, Until},
};
use domain::{DataClass, IncidentStatus, Severity, Timestamp, Tlp};
use std::collections::HashSet;
use uuid::Uuid;

/// An open incident.
#[derive(sqlx::FromRow)]
struct Open {
    id: Uuid,
    external_id: String,
    revision: i64,
    tlp: i64,
    received_at: i64,
    severity: i64,
    opened_at: i64,
}

/// Closes the open incidents that a snapshot does not name; returns their names.
pub(super) async fn close(conn: &mut Conn, push: &Push, receipt: i64, items: &[IncidentItem], reach: &mut record::Reach) -> Result<Vec<String>, StoreError> {
    const OPEN: &str =
        "SELECT id, external_id, revision, tlp, received_at, severity, opened_at FROM incidents WHERE org_id = $1 AND status < 3 AND heard_at <= $2";
    const CLOSE: &str = "UPDATE incidents SET stated_status = incidents.status, stated_updated_at = incidents.updated_at, status = v.status, \
        closed_at = CASE WHEN incidents.opened_at > v.at THEN incidents.opened_at ELSE v.at END, \
        updated_at = CASE WHEN incidents.updated_at > v.at THEN incidents.updated_at ELSE v.at END, \
        revision = incidents.revision + 1, heard_at = v.at FROM v WHERE incidents.org_id = v.org AND incidents.id = v.id";
    // Only what the snapshot could know of: a late one does not touch what came after it was taken.
    let taken = push.moment();
    let named: HashSet<&str> = items.iter().map(|i| i.external_id.as_str()).collect();
    let mut rest: Vec<Open> = on_conn!(conn, c => sqlx::query_as(OPEN).bind(push.org.0).bind(taken.0).fetch_all(&mut *c).await)?;
    rest.retain(|open| !named.contains(open.external_id.as_str()));
    let mut recipients = recipients::of(conn, push.org, &rest.iter().map(|open| open.id).collect::<Vec<_>>()).await?;
    let (mut ended, mut critical, mut closings) = (vec![], vec![], vec![]);
    for open in &rest {
        let (tlp, recipients) = (Tlp::from_code(open.tlp), recipients.remove(&open.id).unwrap_or_default());
        let marking = Marking { tlp, recipients, received_at: Timestamp(open.received_at) };
        reach.record(tlp, &marking.recipients, marking.received_at);
        let state = |marking| Ended { id: open.id, marking, opened_at: Timestamp(open.opened_at) };
        if Severity::from_code(open.severity) == Severity::Critical {
            critical.push(state(marking.clone()));
        }
        ended.push(state(marking));
        let summary = "Closed: left out of a snapshot".to_owned();
        closings.push(Revision { incident: open.id, no: open.revision + 1, at: taken, receipt, tlp, summary });
    }
    shown_lately::keep(conn, push.org, DataClass::Incidents, Until::Counted, &ended, push.received_at).await?;
    shown_lately::keep(conn, push.org, DataClass::Incidents, Until::Critical, &critical, push.received_at).await?;
    let rows = Rows::of(&rest).with("org", |_| push.org.0).with("id", |open| open.id).with("at", |_| taken.0);
    rows.with("status", |_| IncidentStatus::Closed.code()).execute(conn, CLOSE).await?;
    revisions::write(conn, push, &closings).await?;
    Ok(rest.into_iter().map(|open| open.external_id).collect())
}
