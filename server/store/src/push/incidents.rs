//! Incidents: upsert by external id, each change a revision.
//!
//! What is there of all that a push names is read at once, and what becomes of it is written at once; between the two each item finds what the ones before it left.

mod rest;
mod revisions;
mod stored;

use self::{
    revisions::{Revision, changes},
    stored::Stored,
};
use super::{
    IncidentItem, Mode, Push, record,
    same::{Touched, same},
};
use crate::{
    StoreError,
    db::{Conn, Rows},
    recipients::{self, Naming},
    record_id,
    shown_before::{self, Marking, State},
    withdrawn_records::{self, Remarks},
    words,
};
use domain::{DataClass, OrgId, Timestamp, Tlp};
use std::collections::{BTreeMap, HashMap, HashSet, btree_map::Entry};
use uuid::Uuid;

pub(crate) enum Applied {
    /// The revision of the last item.
    Kept(Option<i64>),
    Mismatch(i64),
}

/// An incident that a push names.
struct Incident {
    now: Stored,
    named: Vec<OrgId>,
    /// Who is named on it in the database.
    named_before: Vec<OrgId>,
    touched: Touched,
}

impl Incident {
    /// Notes that it was named, with nothing new about it; what a snapshot left out is open again.
    fn hear(&mut self, push: &Push, receipt: i64, revisions: &mut Vec<Revision>, steps: &mut Steps) {
        let old = &mut self.now;
        if old.heard_at < push.moment().0 {
            old.heard_at = push.moment().0;
            self.touched = self.touched.max(Touched::Heard);
        }
        if old.stated_status.is_none() {
            return;
        }
        let (status, updated_at) = old.stated();
        let before = old.state(self.named.clone());
        (old.status, old.updated_at, old.closed_at, old.revision) = (status.code(), updated_at.0, None, old.revision + 1);
        (old.stated_status, old.stated_updated_at) = (None, None);
        let summary = format!("Open again, as {}: named by a later push", status.label().to_lowercase());
        revisions.push(Revision { incident: old.id, no: old.revision, at: push.moment(), receipt, tlp: Tlp::from_code(old.tlp), summary });
        step(steps, old.id, before, old.state(self.named.clone()));
        self.touched = Touched::All;
    }
}

/// The incidents that a push names, by their external id.
struct Incidents<'i> {
    all: Vec<Incident>,
    by_name: HashMap<&'i str, usize>,
    revisions: Vec<Revision>,
    steps: Steps,
}

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
    let mut incidents = Incidents::read(conn, push.org, items).await?;
    let mut revision = None;
    for item in items {
        match incidents.take(push, receipt, item, reach) {
            Ok(now) => revision = Some(now),
            Err(current) => return Ok(Applied::Mismatch(current)),
        }
    }
    incidents.write(conn, push).await?;
    keep_shown(conn, push, incidents.steps).await?;
    if push.mode == Mode::Snapshot {
        *left_out = rest::close(conn, push, receipt, items, reach).await?;
    }
    Ok(Applied::Kept(revision))
}

impl<'i> Incidents<'i> {
    async fn read(conn: &mut Conn, org: OrgId, items: &'i [IncidentItem]) -> Result<Self, StoreError> {
        const FIND: &str = "SELECT t.id, t.external_id, t.revision, t.title, t.severity, t.status, t.tlp, t.class, t.opened_at, t.closed_at, t.updated_at, \
                            t.received_at, t.raw, t.heard_at, t.stated_status, t.stated_updated_at FROM v CROSS JOIN incidents t \
                            WHERE t.org_id = v.org AND t.external_id = v.external_id";
        let mut seen = HashSet::new();
        let names: Vec<&str> = items.iter().map(|item| item.external_id.as_str()).filter(|name| seen.insert(*name)).collect();
        let found: Vec<Stored> = Rows::of(&names).with("org", |_| org.0).with("external_id", |name| *name).fetch(conn, FIND).await?;
        let mut named = recipients::of(conn, org, &found.iter().map(|one| one.id).collect::<Vec<_>>()).await?;
        let mut found: HashMap<String, Stored> = found.into_iter().map(|one| (one.external_id.clone(), one)).collect();
        let mut incidents = Self { all: vec![], by_name: HashMap::new(), revisions: vec![], steps: Steps::new() };
        for name in names {
            if let Some(now) = found.remove(name) {
                let named = named.remove(&now.id).unwrap_or_default();
                incidents.by_name.insert(name, incidents.all.len());
                incidents.all.push(Incident { now, named: named.clone(), named_before: named, touched: Touched::No });
            }
        }
        Ok(incidents)
    }

    /// Takes what an item says, and returns the revision that the incident has now; where it is another than the item wants to replace, that is the error.
    fn take(&mut self, push: &Push, receipt: i64, item: &'i IncidentItem, reach: &mut record::Reach) -> Result<i64, i64> {
        let place = self.by_name.get(item.external_id.as_str()).copied();
        let current = place.and_then(|at| self.all.get(at)).map_or(0, |incident| incident.now.revision);
        if item.expected_revision.is_some_and(|expected| expected != current) {
            return Err(current);
        }
        let Some(incident) = place.and_then(|at| self.all.get_mut(at)) else {
            let now = Stored::of(item, record_id(push.received_at), 1, push.received_at.0, push.moment().0);
            reach.record(item.tlp, &item.recipients, push.received_at);
            let summary = format!("Reported as {}, {}", item.severity, item.status.label().to_lowercase());
            self.revisions.push(Revision { incident: now.id, no: 1, at: item.updated_at, receipt, tlp: item.tlp, summary });
            self.steps.insert(now.id, None);
            self.by_name.insert(&item.external_id, self.all.len());
            self.all.push(Incident { now, named: item.recipients.clone(), named_before: vec![], touched: Touched::All });
            return Ok(1);
        };
        let old = &incident.now;
        let received_at = Timestamp(old.received_at);
        // Those who could see it before learn that it changed, even if they cannot see it any more.
        reach.record(Tlp::from_code(old.tlp), &incident.named, received_at);
        let (status, updated_at) = old.stated();
        let known = status == item.status && (same(&old.raw, &item.raw) || old.says(&incident.named, item));
        // Of two reports of one moment the later push's stands; a snapshot came when it was taken.
        let late = push.mode == Mode::Snapshot && old.heard_at > push.moment().0 && updated_at == item.updated_at;
        if known || late || updated_at > item.updated_at {
            incident.hear(push, receipt, &mut self.revisions, &mut self.steps);
            return Ok(incident.now.revision);
        }
        reach.record(item.tlp, &item.recipients, received_at);
        // Words about the step between two markings are for those who may know both.
        let (tlp, summary) = (item.tlp.max(Tlp::from_code(old.tlp)), changes(old, item));
        self.revisions.push(Revision { incident: old.id, no: current + 1, at: item.updated_at, receipt, tlp, summary });
        let now = Stored::of(item, old.id, current + 1, old.received_at, old.heard_at.max(push.moment().0));
        step(&mut self.steps, old.id, old.state(std::mem::take(&mut incident.named)), item.state(received_at));
        (incident.now, incident.named, incident.touched) = (now, item.recipients.clone(), Touched::All);
        Ok(current + 1)
    }

    async fn write(&self, conn: &mut Conn, push: &Push) -> Result<(), StoreError> {
        const HEAR: &str = "UPDATE incidents SET heard_at = v.at FROM v WHERE incidents.org_id = v.org AND incidents.id = v.id";
        const WRITE: &str = "INSERT INTO incidents (id, org_id, external_id, revision, title, severity, status, tlp, class, opened_at, closed_at, updated_at, raw, received_at, heard_at, words) \
            SELECT v.id, v.org, v.external_id, v.revision, v.title, v.severity, v.status, v.tlp, v.class, v.opened_at, v.closed_at, v.updated_at, v.raw, v.received_at, v.heard_at, v.words \
            FROM v WHERE TRUE ON CONFLICT (org_id, external_id) DO UPDATE SET revision = excluded.revision, title = excluded.title, severity = excluded.severity, \
            status = excluded.status, tlp = excluded.tlp, class = excluded.class, opened_at = excluded.opened_at, closed_at = excluded.closed_at, \
            updated_at = excluded.updated_at, raw = excluded.raw, words = excluded.words, stated_status = NULL, stated_updated_at = NULL, heard_at = excluded.heard_at";
        let touched = |by: Touched| self.all.iter().filter(move |incident| incident.touched == by).map(|incident| &incident.now);
        let heard: Vec<Uuid> = touched(Touched::Heard).map(|one| one.id).collect();
        Rows::of(&heard).with("org", |_| push.org.0).with("id", |id| *id).with("at", |_| push.moment().0).execute(conn, HEAR).await?;
        let written: Vec<(&Stored, String)> = touched(Touched::All).map(|one| (one, words::of_record(&one.title, &one.external_id))).collect();
        Rows::of(&written)
            .with("id", |(one, _)| one.id)
            .with("org", |_| push.org.0)
            .with("external_id", |(one, _)| one.external_id.as_str())
            .with("revision", |(one, _)| one.revision)
            .with("title", |(one, _)| one.title.as_str())
            .with("severity", |(one, _)| one.severity)
            .with("status", |(one, _)| one.status)
            .with("tlp", |(one, _)| one.tlp)
            .with("class", |(one, _)| one.class.as_str())
            .with("opened_at", |(one, _)| one.opened_at)
            .with("closed_at", |(one, _)| one.closed_at)
            .with("updated_at", |(one, _)| one.updated_at)
            .with("raw", |(one, _)| one.raw.as_str())
            .with("received_at", |(one, _)| one.received_at)
            .with("heard_at", |(one, _)| one.heard_at)
            .with("words", |(_, words)| words.as_str())
            .execute(conn, WRITE)
            .await?;
        recipients::name(conn, push.org, self.all.iter().map(|one| Naming { record: one.now.id, before: &one.named_before, now: &one.named })).await?;
        revisions::write(conn, push, &self.revisions).await
    }
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
    let mut remarked = vec![];
    for (id, (before, after)) in steps.into_iter().filter_map(|(id, step)| step.map(|step| (id, step))) {
        let counted = |state: &State| withdrawn_records::State { marking: state.marking.clone(), counted: state.open };
        remarks.changed(id, counted(&before), counted(&after));
        remarked.push((id, before, after));
    }
    shown_before::remarked(conn, push.org, remarked, push.received_at).await?;
    remarks.keep(conn, push.received_at).await
}
