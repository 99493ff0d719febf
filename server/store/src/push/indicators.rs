//! Indicators: one row per organisation, type and value, or keyed hash of one; their digests and totals kept as they come and go.
//!
//! What is there of all that a push names is read at once, and what becomes of it is written at once; between the two each item finds what the ones before it left.

mod digests;
mod rest;
mod stored;

pub(crate) use digests::{Digested, write_digests};

use self::{
    digests::{Digests, Report, digests},
    stored::Stored,
};
use super::{IndicatorItem, Mode, Push, comparisons::Comparisons, record, same::Touched};
use crate::{
    AllianceKeys, StoreError,
    db::{Conn, Rows},
    recipients::{self, Naming},
    record_id,
    shown_before::Marking,
    withdrawn_records::{Remarks, State},
    words,
};
use domain::{DataClass, OrgId, Timestamp, Tlp, indicator::IndicatorType};
use std::collections::{BTreeMap, HashMap, HashSet};
use uuid::Uuid;

/// Changes of `indicator_totals`, by kind and TLP code.
type Totals = BTreeMap<(String, i64), i64>;

pub(crate) async fn apply(
    conn: &mut Conn,
    push: &Push,
    receipt: i64,
    items: &[IndicatorItem],
    keys: Option<&AllianceKeys>,
    reach: &mut record::Reach,
    left_out: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut indicators = Indicators::read(conn, push.org, items).await?;
    let mut comparisons = if indicators.has_new(items) { Some(Comparisons::of(conn, push.org, push.received_at).await?) } else { None };
    let mut changes = Changes { reach, remarks: Remarks::new(push.org, DataClass::Indicators), totals: Totals::new() };
    for item in items {
        let digests = keys.map(|keys| digests(keys, item, push.received_at)).filter(|digests| !digests.is_empty());
        let digests = digests.ok_or_else(|| StoreError::Internal("an indicator without a digest".into()))?;
        indicators.take(push, receipt, item, digests, &mut comparisons, &mut changes);
    }
    indicators.write(conn, push).await?;
    if let Some(comparisons) = comparisons {
        comparisons.keep(conn, push.org).await?;
    }
    let Changes { reach, remarks, mut totals } = changes;
    remarks.keep(conn, push.received_at).await?;
    if push.mode == Mode::Snapshot {
        *left_out = rest::expire(conn, push, items, &mut totals, reach).await?;
    }
    add_totals(conn, push.org, &totals).await
}

/// What others learn of, or count, by the items that were taken.
struct Changes<'r> {
    reach: &'r mut record::Reach,
    remarks: Remarks,
    totals: Totals,
}

impl Changes<'_> {
    fn count(&mut self, kind: IndicatorType, tlp: i64, n: i64) {
        *self.totals.entry((kind.name().to_owned(), tlp)).or_default() += n;
    }
}

/// An indicator that a push names.
struct Indicator {
    now: Stored,
    kind: IndicatorType,
    named: Vec<OrgId>,
    /// Who is named on it in the database.
    named_before: Vec<OrgId>,
    digests: Digests,
    touched: Touched,
}

impl Indicator {
    fn marking(&self) -> Marking {
        Marking { tlp: Tlp::from_code(self.now.tlp), recipients: self.named.clone(), received_at: Timestamp(self.now.received_at) }
    }

    /// Notes that it was named; what a snapshot left out is in force again.
    fn hear(&mut self, push: &Push, changes: &mut Changes<'_>) {
        let old = &mut self.now;
        let was_active = old.active;
        if old.heard_at < push.moment().0 {
            old.heard_at = push.moment().0;
            self.touched = self.touched.max(Touched::Heard);
        }
        if old.left_out_at.take().is_some() {
            old.active |= old.valid_until.is_none_or(|until| until > push.received_at.0);
            self.touched = Touched::All;
        }
        if self.now.active != was_active {
            self.digests.set_active(self.now.active);
            let marking = self.marking();
            changes.reach.record(marking.tlp, &marking.recipients, marking.received_at);
            changes.count(self.kind, self.now.tlp, 1);
            changes.remarks.changed(self.now.id, State { marking: marking.clone(), counted: was_active }, State { marking, counted: true });
        }
    }

    /// Takes the newest word on it.
    fn replace(&mut self, push: &Push, receipt: i64, item: &IndicatorItem, digests: Vec<(i64, [u8; 32])>, changes: &mut Changes<'_>) {
        let before = self.marking();
        let after = Marking { tlp: item.tlp, recipients: item.recipients.clone(), received_at: before.received_at };
        let old = &self.now;
        let mut said = Stored {
            first_seen: old.first_seen.min(item.first_seen.0),
            heard_at: old.heard_at.max(push.moment().0),
            received_at: old.received_at,
            ..Stored::of(item, push, receipt, old.id)
        };
        if old.says(&self.named, item) {
            // Keep the payload as the organisation first spelled it when the push only repeats it.
            (said.receipt_no, said.raw) = (old.receipt_no, old.raw.clone());
        }
        let same = old.receipt_no == said.receipt_no && old.active == said.active && old.left_out_at.is_none();
        let touched = match (same, old.heard_at == said.heard_at) {
            (false, _) => Touched::All,
            (true, false) => Touched::Heard,
            (true, true) => Touched::No,
        };
        let moved = before.tlp.reaches_everyone() != after.tlp.reaches_everyone();
        self.digests.take(digests.into_iter(), &Report { tlp: said.tlp, active: said.active, at: push.received_at, compared_from: 0, moved });
        changes.reach.record(before.tlp, &before.recipients, before.received_at);
        if old.active {
            changes.count(self.kind, old.tlp, -1);
        }
        if said.active {
            changes.count(self.kind, said.tlp, 1);
        }
        changes.remarks.changed(old.id, State { marking: before, counted: old.active }, State { marking: after, counted: said.active });
        self.named.clone_from(&item.recipients);
        (self.now, self.touched) = (said, self.touched.max(touched));
    }
}

/// The indicators that a push names, by type and value.
struct Indicators<'i> {
    all: Vec<Indicator>,
    by_value: HashMap<(IndicatorType, &'i str), usize>,
}

impl<'i> Indicators<'i> {
    async fn read(conn: &mut Conn, org: OrgId, items: &'i [IndicatorItem]) -> Result<Self, StoreError> {
        const FIND: &str = "SELECT t.id, t.kind, t.value, t.tlp, t.active, t.first_seen, t.last_seen, t.received_at, t.valid_until, t.left_out_at, t.heard_at, \
                            t.severity, t.confidence, t.hashed, t.receipt_no, t.raw FROM v CROSS JOIN indicators t \
                            WHERE t.org_id = v.org AND t.kind = v.kind AND t.value = v.value";
        let mut seen = HashSet::new();
        let values: Vec<(IndicatorType, &str)> = items.iter().map(|item| (item.kind, item.value.as_str())).filter(|one| seen.insert(*one)).collect();
        let rows = Rows::of(&values).with("org", |_| org.0).with("kind", |(kind, _)| kind.name()).with("value", |(_, value)| *value);
        let found: Vec<Stored> = rows.fetch(conn, FIND).await?;
        let ids: Vec<Uuid> = found.iter().map(|one| one.id).collect();
        let mut named = recipients::of(conn, org, &ids).await?;
        let mut digests = Digests::of(conn, org, &ids).await?;
        let mut found: HashMap<(String, String), Stored> = found.into_iter().map(|one| ((one.kind.clone(), one.value.clone()), one)).collect();
        let mut indicators = Self { all: Vec::with_capacity(values.len()), by_value: HashMap::with_capacity(values.len()) };
        for (kind, value) in values {
            if let Some(now) = found.remove(&(kind.name().to_owned(), value.to_owned())) {
                let (named, digests) = (named.remove(&now.id).unwrap_or_default(), digests.remove(&now.id).unwrap_or_default());
                indicators.by_value.insert((kind, value), indicators.all.len());
                indicators.all.push(Indicator { now, kind, named: named.clone(), named_before: named, digests, touched: Touched::No });
            }
        }
        Ok(indicators)
    }

    /// Whether any of the items is of one that is not there.
    fn has_new(&self, items: &[IndicatorItem]) -> bool {
        items.iter().any(|item| !self.by_value.contains_key(&(item.kind, item.value.as_str())))
    }

    /// Takes what an item says.
    fn take(
        &mut self,
        push: &Push,
        receipt: i64,
        item: &'i IndicatorItem,
        digests: Vec<(i64, [u8; 32])>,
        comparisons: &mut Option<Comparisons>,
        changes: &mut Changes<'_>,
    ) {
        let Some(indicator) = self.by_value.get(&(item.kind, item.value.as_str())).and_then(|at| self.all.get_mut(*at)) else {
            let now = Stored::of(item, push, receipt, record_id(push.received_at));
            let compared_from = comparisons.as_mut().map_or(0, Comparisons::take);
            let mut of_it = Digests::default();
            of_it.take(digests.into_iter(), &Report { tlp: now.tlp, active: now.active, at: push.received_at, compared_from, moved: false });
            changes.reach.record(item.tlp, &item.recipients, push.received_at);
            changes.remarks.added(now.id);
            if now.active {
                changes.count(item.kind, now.tlp, 1);
            }
            self.by_value.insert((item.kind, &item.value), self.all.len());
            let (kind, named) = (item.kind, item.recipients.clone());
            self.all.push(Indicator { now, kind, named, named_before: vec![], digests: of_it, touched: Touched::All });
            return;
        };
        let old = &indicator.now;
        changes.reach.record(item.tlp, &item.recipients, Timestamp(old.received_at));
        // An older sighting neither moves a newer one back nor changes its marking, nor does a snapshot that was taken before the last push; but they say that the
        // indicator is still meant.
        if old.last_seen > item.last_seen.0 || (push.mode == Mode::Snapshot && old.heard_at > push.moment().0) {
            indicator.hear(push, changes);
        } else {
            indicator.replace(push, receipt, item, digests, changes);
        }
    }

    async fn write(&self, conn: &mut Conn, push: &Push) -> Result<(), StoreError> {
        const HEAR: &str = "UPDATE indicators SET heard_at = v.at FROM v WHERE indicators.org_id = v.org AND indicators.id = v.id";
        const WRITE: &str = "INSERT INTO indicators (id, org_id, kind, value, tlp, severity, confidence, first_seen, last_seen, valid_until, active, receipt_no, raw, hashed, received_at, heard_at, words, address) \
                             SELECT v.id, v.org, v.kind, v.value, v.tlp, v.severity, v.confidence, v.first_seen, v.last_seen, v.valid_until, v.active, v.receipt, v.raw, v.hashed, v.received_at, v.heard_at, v.words, v.address \
                             FROM v WHERE TRUE ON CONFLICT (org_id, kind, value) DO UPDATE SET tlp = excluded.tlp, severity = excluded.severity, confidence = excluded.confidence, \
                             first_seen = excluded.first_seen, last_seen = excluded.last_seen, valid_until = excluded.valid_until, active = excluded.active, \
                             receipt_no = excluded.receipt_no, raw = excluded.raw, hashed = excluded.hashed, left_out_at = NULL, heard_at = excluded.heard_at";
        let touched = |by: Touched| self.all.iter().filter(move |indicator| indicator.touched == by).map(|indicator| &indicator.now);
        let heard: Vec<Uuid> = touched(Touched::Heard).map(|one| one.id).collect();
        Rows::of(&heard).with("org", |_| push.org.0).with("id", |id| *id).with("at", |_| push.moment().0).execute(conn, HEAR).await?;
        let written: Vec<(&Stored, String, String)> = touched(Touched::All).map(|one| (one, words::fold(&one.value), one.address())).collect();
        Rows::of(&written)
            .with("id", |(one, ..)| one.id)
            .with("org", |_| push.org.0)
            .with("kind", |(one, ..)| one.kind.as_str())
            .with("value", |(one, ..)| one.value.as_str())
            .with("tlp", |(one, ..)| one.tlp)
            .with("severity", |(one, ..)| one.severity)
            .with("confidence", |(one, ..)| one.confidence)
            .with("first_seen", |(one, ..)| one.first_seen)
            .with("last_seen", |(one, ..)| one.last_seen)
            .with("valid_until", |(one, ..)| one.valid_until)
            .with("active", |(one, ..)| one.active)
            .with("receipt", |(one, ..)| one.receipt_no)
            .with("raw", |(one, ..)| one.raw.as_str())
            .with("hashed", |(one, ..)| one.hashed)
            .with("received_at", |(one, ..)| one.received_at)
            .with("heard_at", |(one, ..)| one.heard_at)
            .with("words", |(_, words, _)| words.as_str())
            .with("address", |(.., address)| address.as_str())
            .execute(conn, WRITE)
            .await?;
        recipients::name(conn, push.org, self.all.iter().map(|one| Naming { record: one.now.id, before: &one.named_before, now: &one.named })).await?;
        let digests: Vec<Digested> = self.all.iter().flat_map(|one| one.digests.changed(one.now.id, one.kind, Timestamp(one.now.received_at))).collect();
        write_digests(conn, push.org, &digests).await
    }
}

/// Adds to the totals of an organisation; differences may be negative.
pub(crate) async fn add_totals(conn: &mut Conn, org: OrgId, totals: &Totals) -> Result<(), StoreError> {
    const ADD: &str = "INSERT INTO indicator_totals AS t (org_id, kind, tlp, n) SELECT v.org, v.kind, v.tlp, v.n FROM v WHERE TRUE \
                       ON CONFLICT (org_id, kind, tlp) DO UPDATE SET n = t.n + excluded.n";
    let changed: Vec<_> = totals.iter().filter(|(_, n)| **n != 0).collect();
    let rows = Rows::of(&changed).with("org", |_| org.0).with("kind", |((kind, _), _)| kind.as_str());
    rows.with("tlp", |((_, tlp), _)| *tlp).with("n", |(_, n)| **n).execute(conn, ADD).await
}
