//! Events, by external id. Repeating one changes nothing; pushing it again with other content or another marking replaces it.
//!
//! What is there of all that a push names is read at once, and what becomes of it is written at once; between the two each item finds what the ones before it left.

use super::{
    EventItem, Mode, Push, record,
    same::{Said, Touched},
};
use crate::{
    StoreError,
    db::{Conn, Rows, on_conn},
    recipients::{self, Naming},
    record_id,
    shown_before::Marking,
    shown_lately::{self, Ended, Until},
    withdrawn_records::{Remarks, State},
    words,
};
use domain::{DataClass, OrgId, Timestamp, Tlp};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// An event as it is in the database, or will be.
#[derive(sqlx::FromRow)]
struct Stored {
    id: Uuid,
    external_id: String,
    kind: String,
    title: String,
    severity: i64,
    tlp: i64,
    observed_at: i64,
    incident: Option<String>,
    receipt_no: i64,
    raw: String,
    received_at: i64,
    heard_at: i64,
    withdrawn_at: Option<i64>,
}

impl Stored {
    /// Whether an item says of the event what is known of it.
    fn says(&self, named: &[OrgId], item: &EventItem) -> bool {
        /// Fields compared through their columns.
        const COLUMNS: [&str; 7] = ["external_id", "kind", "title", "severity", "tlp", "observed_at", "incident"];
        let known = (self.kind.as_str(), self.title.as_str(), self.severity, self.tlp, self.observed_at, self.incident.as_deref());
        let said = (item.kind.as_str(), item.title.as_str(), item.severity.code(), item.tlp.code(), item.observed_at.0, item.incident.as_deref());
        let said = Said { columns: said, named: &item.recipients, raw: &item.raw };
        Said { columns: known, named, raw: &self.raw }.is_same(&said, &COLUMNS)
    }

    fn of(item: &EventItem, push: &Push, receipt: i64, id: Uuid, received_at: i64) -> Self {
        Self {
            id,
            external_id: item.external_id.clone(),
            kind: item.kind.clone(),
            title: item.title.clone(),
            severity: item.severity.code(),
            tlp: item.tlp.code(),
            observed_at: item.observed_at.0,
            incident: item.incident.clone(),
            receipt_no: receipt,
            raw: item.raw.clone(),
            received_at,
            heard_at: push.moment().0,
            withdrawn_at: None,
        }
    }
}

/// An event that a push names.
struct Event {
    now: Stored,
    named: Vec<OrgId>,
    /// Who is named on it in the database.
    named_before: Vec<OrgId>,
    touched: Touched,
}

/// The events that a push names, by their external id.
struct Events<'i> {
    all: Vec<Event>,
    by_name: HashMap<&'i str, usize>,
}

pub(crate) async fn apply(
    conn: &mut Conn,
    push: &Push,
    receipt: i64,
    items: &[EventItem],
    reach: &mut record::Reach,
    left_out: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut remarks = Remarks::new(push.org, DataClass::Events);
    let mut events = Events::read(conn, push.org, items).await?;
    for item in items {
        events.take(push, receipt, item, reach, &mut remarks);
    }
    events.write(conn, push).await?;
    remarks.keep(conn, push.received_at).await?;
    if push.mode == Mode::Snapshot {
        *left_out = withdraw_the_rest(conn, push, items, reach).await?;
    }
    Ok(())
}

impl<'i> Events<'i> {
    async fn read(conn: &mut Conn, org: OrgId, items: &'i [EventItem]) -> Result<Self, StoreError> {
        const FIND: &str = "SELECT t.id, t.external_id, t.kind, t.title, t.severity, t.tlp, t.observed_at, t.incident, t.receipt_no, t.raw, t.received_at, \
                            t.heard_at, t.withdrawn_at FROM v CROSS JOIN events t WHERE t.org_id = v.org AND t.external_id = v.external_id";
        let mut seen = HashSet::new();
        let names: Vec<&str> = items.iter().map(|item| item.external_id.as_str()).filter(|name| seen.insert(*name)).collect();
        let found: Vec<Stored> = Rows::of(&names).with("org", |_| org.0).with("external_id", |name| *name).fetch(conn, FIND).await?;
        let mut named = recipients::of(conn, org, &found.iter().map(|event| event.id).collect::<Vec<_>>()).await?;
        let mut found: HashMap<String, Stored> = found.into_iter().map(|event| (event.external_id.clone(), event)).collect();
        let mut events = Self { all: Vec::with_capacity(names.len()), by_name: HashMap::with_capacity(names.len()) };
        for name in names {
            if let Some(now) = found.remove(name) {
                let named = named.remove(&now.id).unwrap_or_default();
                events.by_name.insert(name, events.all.len());
                events.all.push(Event { now, named: named.clone(), named_before: named, touched: Touched::No });
            }
        }
        Ok(events)
    }

    /// Takes what an item says.
    fn take(&mut self, push: &Push, receipt: i64, item: &'i EventItem, reach: &mut record::Reach, remarks: &mut Remarks) {
        let Some(event) = self.by_name.get(item.external_id.as_str()).and_then(|at| self.all.get_mut(*at)) else {
            let said = Stored::of(item, push, receipt, record_id(push.received_at), push.received_at.0);
            reach.record(item.tlp, &item.recipients, push.received_at);
            remarks.added(said.id);
            self.by_name.insert(&item.external_id, self.all.len());
            self.all.push(Event { now: said, named: item.recipients.clone(), named_before: vec![], touched: Touched::All });
            return;
        };
        let old = &mut event.now;
        if push.mode == Mode::Snapshot && old.heard_at > push.moment().0 {
            // A push that came after the snapshot was taken knew more.
            return;
        }
        let (known, counted) = (old.says(&event.named, item), old.withdrawn_at.is_none());
        if known && counted {
            if old.heard_at < push.moment().0 {
                old.heard_at = push.moment().0;
                event.touched = event.touched.max(Touched::Heard);
            }
            return;
        }
        let mut said = Stored::of(item, push, receipt, old.id, old.received_at);
        if known {
            // Keep the payload as the organisation first spelled it: the push only says that the event stands again.
            (said.receipt_no, said.raw) = (old.receipt_no, std::mem::take(&mut old.raw));
        }
        let received_at = Timestamp(old.received_at);
        let before = Marking { tlp: Tlp::from_code(old.tlp), recipients: std::mem::replace(&mut event.named, item.recipients.clone()), received_at };
        let after = Marking { tlp: item.tlp, recipients: item.recipients.clone(), received_at };
        // Those who could see it before learn that it changed, even if they cannot see it any more.
        reach.record(before.tlp, &before.recipients, received_at);
        reach.record(after.tlp, &after.recipients, received_at);
        remarks.changed(said.id, State { marking: before, counted }, State { marking: after, counted: true });
        (event.now, event.touched) = (said, Touched::All);
    }

    async fn write(&self, conn: &mut Conn, push: &Push) -> Result<(), StoreError> {
        const HEAR: &str = "UPDATE events SET heard_at = v.at FROM v WHERE events.org_id = v.org AND events.id = v.id";
        const WRITE: &str = "INSERT INTO events (id, org_id, external_id, kind, title, severity, tlp, observed_at, incident, receipt_no, raw, received_at, heard_at, words) \
                             SELECT v.id, v.org, v.external_id, v.kind, v.title, v.severity, v.tlp, v.observed_at, v.incident, v.receipt, v.raw, v.received_at, v.heard_at, v.words \
                             FROM v WHERE TRUE ON CONFLICT (org_id, external_id) DO UPDATE SET kind = excluded.kind, \
                             title = excluded.title, severity = excluded.severity, tlp = excluded.tlp, observed_at = excluded.observed_at, \
                             incident = excluded.incident, receipt_no = excluded.receipt_no, raw = excluded.raw, heard_at = excluded.heard_at, words = excluded.words, withdrawn_at = NULL";
        let touched = |by: Touched| self.all.iter().filter(move |event| event.touched == by);
        let heard: Vec<Uuid> = touched(Touched::Heard).map(|event| event.now.id).collect();
        Rows::of(&heard).with("org", |_| push.org.0).with("id", |id| *id).with("at", |_| push.moment().0).execute(conn, HEAR).await?;
        let written: Vec<(&Stored, String)> =
            touched(Touched::All).map(|event| (&event.now, words::of_record(&event.now.title, &event.now.external_id))).collect();
        Rows::of(&written)
            .with("id", |(event, _)| event.id)
            .with("org", |_| push.org.0)
            .with("external_id", |(event, _)| event.external_id.as_str())
            .with("kind", |(event, _)| event.kind.as_str())
            .with("title", |(event, _)| event.title.as_str())
            .with("severity", |(event, _)| event.severity)
            .with("tlp", |(event, _)| event.tlp)
            .with("observed_at", |(event, _)| event.observed_at)
            .with("incident", |(event, _)| event.incident.as_deref())
            .with("receipt", |(event, _)| event.receipt_no)
            .with("raw", |(event, _)| event.raw.as_str())
            .with("received_at", |(event, _)| event.received_at)
            .with("heard_at", |(event, _)| event.heard_at)
            .with("words", |(_, words)| words.as_str())
            .execute(conn, WRITE)
            .await?;
        recipients::name(conn, push.org, self.all.iter().map(|event| Naming { record: event.now.id, before: &event.named_before, now: &event.named })).await
    }
}

/// A snapshot withdraws the events that it does not name; returns their names.
async fn withdraw_the_rest(conn: &mut Conn, push: &Push, items: &[EventItem], reach: &mut record::Reach) -> Result<Vec<String>, StoreError> {
    const NAMES: &str = "SELECT id, external_id, tlp, received_at FROM events WHERE org_id = $1 AND withdrawn_at IS NULL AND heard_at <= $2";
    const WITHDRAW: &str = "UPDATE events SET withdrawn_at = v.at, heard_at = v.at FROM v WHERE events.org_id = v.org AND events.id = v.id";
    // Only what the snapshot could know of: a late one does not touch what came after it was taken.
    let taken = push.moment();
    let named: HashSet<&str> = items.iter().map(|i| i.external_id.as_str()).collect();
    let mut rest: Vec<(Uuid, String, i64, i64)> = on_conn!(conn, c => sqlx::query_as(NAMES).bind(push.org.0).bind(taken.0).fetch_all(&mut *c).await)?;
    rest.retain(|(_, name, ..)| !named.contains(name.as_str()));
    let mut recipients = recipients::of(conn, push.org, &rest.iter().map(|(id, ..)| *id).collect::<Vec<_>>()).await?;
    let mut ended = Vec::with_capacity(rest.len());
    for (id, _, tlp, received_at) in &rest {
        let marking = Marking { tlp: Tlp::from_code(*tlp), recipients: recipients.remove(id).unwrap_or_default(), received_at: Timestamp(*received_at) };
        reach.record(marking.tlp, &marking.recipients, marking.received_at);
        ended.push(Ended { id: *id, marking, opened_at: push.received_at });
    }
    shown_lately::keep(conn, push.org, DataClass::Events, Until::Counted, &ended, push.received_at).await?;
    Rows::of(&rest).with("org", |_| push.org.0).with("id", |(id, ..)| *id).with("at", |_| taken.0).execute(conn, WITHDRAW).await?;
    Ok(rest.into_iter().map(|(_, name, ..)| name).collect())
}
