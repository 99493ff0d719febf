//! Incidents: upsert by external id, each change a revision.

use super::{
    IncidentItem, Mode, Push, record,
    same::{Said, same},
};
use crate::{
    StoreError,
    db::{Conn, execute, on_conn},
    record_id,
    shown_before::{self, Marking, State},
    shown_lately::{self, Ended, Until},
    withdrawn_records::{self, Remarks},
    words,
};
use domain::{DataClass, IncidentStatus, OrgId, Severity, Timestamp, Tlp};
use std::collections::{BTreeMap, btree_map::Entry};
use uuid::Uuid;

pub(crate) enum Applied {
    /// The revision of the last item.
    Kept(Option<i64>),
    Mismatch(i64),
}

#[derive(sqlx::FromRow)]
struct Stored {
    id: Uuid,
    revision: i64,
    title: String,
    severity: i64,
    status: i64,
    tlp: i64,
    class: String,
    opened_at: i64,
    closed_at: Option<i64>,
    updated_at: i64,
    received_at: i64,
    raw: String,
    heard_at: i64,
    /// What was said last of one that a snapshot left out.
    stated_status: Option<i64>,
    stated_updated_at: Option<i64>,
}

impl Stored {
    /// Status and moment as its organisation said them last, whatever a snapshot left out since.
    fn stated(&self) -> (IncidentStatus, Timestamp) {
        (IncidentStatus::from_code(self.stated_status.unwrap_or(self.status)), Timestamp(self.stated_updated_at.unwrap_or(self.updated_at)))
    }

    /// Whether an item says of the incident what is known of it.
    fn says(&self, named: &[OrgId], item: &IncidentItem) -> bool {
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

    fn state(&self, recipients: Vec<OrgId>) -> State {
        State {
            marking: Marking { tlp: Tlp::from_code(self.tlp), recipients, received_at: Timestamp(self.received_at) },
            severity: Severity::from_code(self.severity),
            open: IncidentStatus::from_code(self.status).is_open(),
            opened_at: Timestamp(self.opened_at),
            closed_at: self.closed_at.map(Timestamp),
        }
    }
}

const FIND: &str = "SELECT id, revision, title, severity, status, tlp, class, opened_at, closed_at, updated_at, received_at, raw, heard_at, stated_status, stated_updated_at FROM incidents WHERE org_id = $1 AND external_id = $2";

/// How each incident that a push touches stood before it, and how it stands now. `None` of those that were not there before the push: nobody was shown them.
type Steps = BTreeMap<Uuid, Option<(State, State)>>;

pub(crate) async fn apply(
    conn: &mut Conn,
    push: &Push,
    receipt: i64,
    items: &[IncidentItem],
    reach: &mut record::Reach,
    left_out: &mut Vec<String>,
) -> Result<Applied, StoreError> {
    let mut revision = None;
    let mut steps = Steps::new();
    for item in items {
        let stored: Option<Stored> = on_conn!(conn, c => sqlx::query_as(FIND).bind(push.org.0).bind(&item.external_id).fetch_optional(&mut *c).await)?;
        let current = stored.as_ref().map_or(0, |s| s.revision);
        if item.expected_revision.is_some_and(|expected| expected != current) {
            return Ok(Applied::Mismatch(current));
        }
        let mut named = vec![];
        if let Some(old) = &stored {
            // Those who could see it before learn that it changed, even if they cannot see it any more.
            named = record::named(conn, old.id).await?;
            reach.record(Tlp::from_code(old.tlp), &named, Timestamp(old.received_at));
            let (status, updated_at) = old.stated();
            let known = status == item.status && (same(&old.raw, &item.raw) || old.says(&named, item));
            // Of two reports of one moment the later push's stands; a snapshot came when it was taken.
            let late = push.mode == Mode::Snapshot && old.heard_at > push.moment().0 && updated_at == item.updated_at;
            if known || late || updated_at > item.updated_at {
                hear(conn, push, receipt, old).await?;
                if old.stated_status.is_some() {
                    let after = State { open: status.is_open(), closed_at: None, ..old.state(named.clone()) };
                    step(&mut steps, old.id, old.state(named), after);
                }
                revision = Some(current + i64::from(old.stated_status.is_some()));
                continue;
            }
        }
        let received_at = stored.as_ref().map_or(push.received_at, |old| Timestamp(old.received_at));
        reach.record(item.tlp, &item.recipients, received_at);
        let (id, summary) = match &stored {
            Some(old) => (old.id, changes(old, item)),
            None => (record_id(push.received_at), format!("Reported as {}, {}", item.severity, item.status.label().to_lowercase())),
        };
        write(conn, push, id, current + 1, item).await?;
        record::recipients(conn, id, &item.recipients, stored.is_some()).await?;
        match &stored {
            Some(old) => step(&mut steps, id, old.state(named), item.state(received_at)),
            None => drop(steps.insert(id, None)),
        }
        // Words about the step between two markings are for those who may know both.
        let tlp = stored.as_ref().map_or(item.tlp, |old| item.tlp.max(Tlp::from_code(old.tlp)));
        revise(conn, push, receipt, id, current + 1, item.updated_at, tlp, &summary).await?;
        revision = Some(current + 1);
    }
    keep_shown(conn, push, steps).await?;
    if push.mode == Mode::Snapshot {
        *left_out = close_the_rest(conn, push, receipt, items, reach).await?;
    }
    Ok(Applied::Kept(revision))
}

impl IncidentItem {
    fn state(&self, received_at: Timestamp) -> State {
        State {
            marking: Marking { tlp: self.tlp, recipients: self.recipients.clone(), received_at },
            severity: self.severity,
            open: self.status.is_open(),
            opened_at: self.opened_at,
            closed_at: self.closed_at,
        }
    }
}

/// Takes what an item made of an incident. Of several items on one the first one's `before` counts, and the last one's `after`: what lies between was never shown.
fn step(steps: &mut Steps, id: Uuid, before: State, after: State) {
    match steps.entry(id) {
        Entry::Vacant(free) => drop(free.insert(Some((before, after)))),
        Entry::Occupied(mut there) => {
            if let Some((_, now)) = there.get_mut() {
                *now = after;
            }
        }
    }
}

/// Keeps of the incidents that a push changed who was shown what of them.
async fn keep_shown(conn: &mut Conn, push: &Push, steps: Steps) -> Result<(), StoreError> {
    let mut remarks = Remarks::new(push.org, DataClass::Incidents);
    for (id, (before, after)) in steps.into_iter().filter_map(|(id, step)| step.map(|step| (id, step))) {
        let counted = |state: &State| withdrawn_records::State { marking: state.marking.clone(), counted: state.open };
        remarks.changed(id, counted(&before), counted(&after));
        shown_before::remarked(conn, push.org, id, before, &after, push.received_at).await?;
    }
    remarks.keep(conn, push.received_at).await
}

async fn write(conn: &mut Conn, push: &Push, id: Uuid, revision: i64, item: &IncidentItem) -> Result<(), StoreError> {
    const WRITE: &str = "INSERT INTO incidents (id, org_id, external_id, revision, title, severity, status, tlp, class, opened_at, closed_at, updated_at, raw, received_at, heard_at, words) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
        ON CONFLICT (org_id, external_id) DO UPDATE SET revision = excluded.revision, title = excluded.title, severity = excluded.severity, \
        status = excluded.status, tlp = excluded.tlp, class = excluded.class, opened_at = excluded.opened_at, closed_at = excluded.closed_at, \
        updated_at = excluded.updated_at, raw = excluded.raw, words = excluded.words, stated_status = NULL, stated_updated_at = NULL, \
        heard_at = CASE WHEN incidents.heard_at > excluded.heard_at THEN incidents.heard_at ELSE excluded.heard_at END";
    execute!(conn, c => {
        sqlx::query(WRITE)
            .bind(id)
            .bind(push.org.0)
            .bind(&item.external_id)
            .bind(revision)
            .bind(&item.title)
            .bind(item.severity.code())
            .bind(item.status.code())
            .bind(item.tlp.code())
            .bind(&item.class)
            .bind(item.opened_at.0)
            .bind(item.closed_at.map(|t| t.0))
            .bind(item.updated_at.0)
            .bind(&item.raw)
            .bind(push.received_at.0)
            .bind(push.moment().0)
            .bind(words::of_record(&item.title, &item.external_id))
            .execute(&mut *c)
            .await
    })?;
    Ok(())
}

/// Notes that an incident was named, with nothing new about it; what a snapshot left out is open again.
async fn hear(conn: &mut Conn, push: &Push, receipt: i64, old: &Stored) -> Result<(), StoreError> {
    const HEAR: &str = "UPDATE incidents SET heard_at = CASE WHEN heard_at > $2 THEN heard_at ELSE $2 END WHERE id = $1";
    const REOPEN: &str = "UPDATE incidents SET status = stated_status, updated_at = stated_updated_at, closed_at = NULL, stated_status = NULL, \
        stated_updated_at = NULL, revision = $3, heard_at = CASE WHEN heard_at > $2 THEN heard_at ELSE $2 END WHERE id = $1";
    if old.stated_status.is_none() {
        execute!(conn, c => sqlx::query(HEAR).bind(old.id).bind(push.moment().0).execute(&mut *c).await)?;
        return Ok(());
    }
    let next = old.revision + 1;
    execute!(conn, c => sqlx::query(REOPEN).bind(old.id).bind(push.moment().0).bind(next).execute(&mut *c).await)?;
    let summary = format!("Open again, as {}: named by a later push", old.stated().0.label().to_lowercase());
    revise(conn, push, receipt, old.id, next, push.moment(), Tlp::from_code(old.tlp), &summary).await
}

#[allow(clippy::too_many_arguments)]
async fn revise(conn: &mut Conn, push: &Push, receipt: i64, id: Uuid, revision: i64, at: Timestamp, tlp: Tlp, summary: &str) -> Result<(), StoreError> {
    const REVISE: &str =
        "INSERT INTO incident_revisions (incident_id, revision, org_id, at, received_at, receipt_no, tlp, summary) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    execute!(conn, c => {
        sqlx::query(REVISE).bind(id).bind(revision).bind(push.org.0).bind(at.0).bind(push.received_at.0).bind(receipt).bind(tlp.code()).bind(summary).execute(&mut *c).await
    })?;
    Ok(())
}

/// A snapshot closes the open incidents it does not name; returns their names.
async fn close_the_rest(conn: &mut Conn, push: &Push, receipt: i64, items: &[IncidentItem], reach: &mut record::Reach) -> Result<Vec<String>, StoreError> {
    const OPEN: &str =
        "SELECT id, external_id, revision, tlp, received_at, severity, opened_at FROM incidents WHERE org_id = $1 AND status < 3 AND heard_at <= $2";
    const CLOSE: &str = "UPDATE incidents SET stated_status = status, stated_updated_at = updated_at, status = $2, \
        closed_at = CASE WHEN opened_at > $3 THEN opened_at ELSE $3 END, updated_at = CASE WHEN updated_at > $3 THEN updated_at ELSE $3 END, \
        revision = $4, heard_at = $3 WHERE id = $1";
    // Only what the snapshot could know of: a late one does not touch what came after it was taken.
    let taken = push.moment();
    let named: std::collections::HashSet<&str> = items.iter().map(|i| i.external_id.as_str()).collect();
    let open: Vec<(Uuid, String, i64, i64, i64, i64, i64)> = on_conn!(conn, c => sqlx::query_as(OPEN).bind(push.org.0).bind(taken.0).fetch_all(&mut *c).await)?;
    let mut closed = vec![];
    for (id, external_id, revision, tlp, received_at, severity, opened_at) in open {
        if named.contains(external_id.as_str()) {
            continue;
        }
        let (tlp, received_at, recipients) = (Tlp::from_code(tlp), Timestamp(received_at), record::named(conn, id).await?);
        reach.record(tlp, &recipients, received_at);
        let ended = Ended { id, marking: Marking { tlp, recipients, received_at }, opened_at: Timestamp(opened_at) };
        shown_lately::keep(conn, push.org, DataClass::Incidents, Until::Counted, &ended, push.received_at).await?;
        if Severity::from_code(severity) == Severity::Critical {
            shown_lately::keep(conn, push.org, DataClass::Incidents, Until::Critical, &ended, push.received_at).await?;
        }
        execute!(conn, c => sqlx::query(CLOSE).bind(id).bind(IncidentStatus::Closed.code()).bind(taken.0).bind(revision + 1).execute(&mut *c).await)?;
        revise(conn, push, receipt, id, revision + 1, taken, tlp, "Closed: left out of a snapshot").await?;
        closed.push(external_id);
    }
    Ok(closed)
}

/// What a revision changed, in words.
fn changes(old: &Stored, new: &IncidentItem) -> String {
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
