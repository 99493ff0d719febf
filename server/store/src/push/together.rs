//! The one way in which pushes are applied, on both databases: one statement reads what they find, each is decided on in its turn, one statement writes what they leave.
//!
//! Pushes of metrics are applied in crowds: the usual one costs a share of that read and that write. New series, snapshots, repetitions, and values that are not in memory cost
//! more. Of other pushes the records are written as each is decided on, so they come one by one.

use super::{
    Items, LeftOut, Mode, Outcome, Push, ReceiptRecord, Truth, counts, events, incidents, indicators, metrics,
    record::{self, Reach, Record},
    state::{self, Found, State},
};
use crate::{
    AllianceKeys, StoreError,
    db::{Conn, Scope},
    samples::{
        current::{CurrentCache, CurrentValues},
        fold::{MAX_POINTS, MAX_PUSHES},
    },
    writer::Keep,
};
use domain::OrgId;
use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
    time::Instant,
};

/// A push on its way into the database.
pub(crate) struct Incoming {
    pub push: Push,
    pub items: Items,
    /// Of a push of indicators.
    pub alliance: Option<AllianceKeys>,
    /// When it was handed over.
    pub since: Instant,
}

/// What became of a push, and what is to be known of it.
pub(crate) struct Applied {
    pub outcome: Outcome,
    /// The organisation's current values, where this program knows them.
    pub values: Option<Arc<CurrentValues>>,
    /// So many pushes wait to be folded that they should be.
    pub folds: bool,
}

impl From<Outcome> for Applied {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, values: None, folds: false }
    }
}

/// Applies pushes in a transaction that holds the turns of their organisations. Those of metrics that are not kept have left nothing.
pub(crate) async fn apply(conn: &mut Conn, current: &CurrentCache, pushes: &[Arc<Incoming>]) -> Result<Vec<Keep<Applied>>, StoreError> {
    let mut done = Vec::with_capacity(pushes.len());
    let scope = Scope::sql_of(pushes.iter().map(|one| Scope::Partner(one.push.org)));
    let mut rest = pushes;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(independent(rest));
        conn.enter_with(scope.clone()).await?;
        let found = state::find(conn, &now.iter().map(|one| &one.push).collect::<Vec<_>>()).await?;
        let mut together = Together { current, orgs: BTreeMap::new(), records: vec![] };
        for (one, found) in now.iter().zip(found) {
            done.push(together.decide(conn, one, found).await?);
        }
        conn.enter_with(scope.clone()).await?;
        together.write(conn).await?;
        rest = later;
    }
    Ok(done)
}

/// How many pushes from the front one read can serve: up to a snapshot after a push of the same organisation, which reads what that wrote, or a repetition of a request.
fn independent<'p>(pushes: &'p [Arc<Incoming>]) -> usize {
    let (mut orgs, mut requests) = (HashSet::new(), HashSet::new());
    let mut reads = |push: &'p Push| {
        let snapshot = push.mode == Mode::Snapshot && orgs.contains(&push.org);
        let again = push.idempotency.as_ref().is_some_and(|request| !requests.insert((push.org, &request.route, &request.key)));
        orgs.insert(push.org);
        snapshot || again
    };
    pushes.iter().position(|one| reads(&one.push)).unwrap_or(pushes.len())
}

/// An organisation, as the pushes that were decided on leave it.
struct Org {
    state: State,
    values: Option<Arc<CurrentValues>>,
    /// The parts of its current values that are to be written.
    parts: BTreeSet<usize>,
    is_moved: bool,
}

/// Pushes that are applied together.
struct Together<'p> {
    current: &'p CurrentCache,
    orgs: BTreeMap<OrgId, Org>,
    records: Vec<Record<'p>>,
}

impl<'p> Together<'p> {
    /// Decides on a push, by what it found and what those before it leave.
    async fn decide(&mut self, conn: &mut Conn, one: &'p Incoming, found: Found) -> Result<Keep<Applied>, StoreError> {
        let (push, items) = (&one.push, &one.items);
        let (key_end, earlier) = (found.key_end(push, one.since), found.earlier);
        let org = self.orgs.entry(push.org).or_insert_with(|| {
            let values = self.current.known(push.org, found.state.last_no);
            Org { state: found.state, values, parts: BTreeSet::new(), is_moved: false }
        });
        let (mut state, mut values) = (org.state.clone(), org.values.clone());
        if let Some(end) = key_end {
            return Ok(Keep::No(Outcome::KeyEnded(end).into()));
        }
        if let (Some(request), Some((no, fingerprint))) = (&push.idempotency, earlier) {
            let before = if fingerprint == request.fingerprint { Outcome::Replayed(record::read(conn, push.org, no).await?) } else { Outcome::KeyReused };
            return Ok(Keep::No(before.into()));
        }
        if let Some(over) = state.count(push) {
            return Ok(Keep::No(Outcome::OverQuota(over).into()));
        }
        let all_or_nothing = push.strict || push.mode == Mode::Snapshot;
        let refused = (push.total > 0 && items.len() == 0) || (all_or_nothing && !push.failures.is_empty());
        let truth = if refused { Truth::Part } else { record::truth(conn, push).await? };
        let kept = if refused || truth.outdated_by().is_some() { 0 } else { items.len() };
        let no = state.last_no + 1;
        let mut record = Record { push, no, kept, truth, left_out: None, reach: None, since: None, remembered: !refused, points: None };
        let mut receipt = push.receipt(no, kept);
        if refused {
            return Ok(self.keep(record, state, values, BTreeSet::new(), Outcome::Refused(receipt)));
        }
        if let Truth::Outdated { .. } = truth {
            // Its own organisation sees it in the push log; nobody sees anything else of it.
            record.reach = Some(Reach::default());
            receipt = ReceiptRecord { as_of: truth.as_of(), outdated_by: truth.outdated_by(), ..receipt };
            return Ok(self.keep(record, state, values, BTreeSet::new(), Outcome::Applied { receipt, revision: None }));
        }
        let (mut reach, mut left_out, mut parts) = (Reach::default(), vec![], BTreeSet::new());
        let mut revision = None;
        match items {
            Items::Metrics(samples) => {
                let known = match values {
                    Some(known) => known,
                    None => self.current.load(conn, push.org, state.last_no).await?,
                };
                let mut moved = CurrentValues::clone(&known);
                let Some(written) = metrics::apply(conn, push, samples, &mut moved).await? else { return Ok(Keep::No(Outcome::TooManySeries.into())) };
                if written.pushed.is_some() {
                    state.fresh_pushes += 1;
                    state.fresh_points += written.points as i64;
                    state.fresh_since.get_or_insert(push.received_at.0);
                }
                (record.points, left_out, parts) = (written.pushed, written.left_out, written.parts);
                values = Some(Arc::new(moved));
                reach.everyone();
            }
            Items::Incidents(list) => match incidents::apply(conn, push, no, list, &mut reach, &mut left_out).await? {
                incidents::Applied::Kept(newest) => revision = newest,
                incidents::Applied::Mismatch(current) => return Ok(Keep::No(Outcome::RevisionMismatch { current }.into())),
            },
            Items::Events(list) => events::apply(conn, push, no, list, &mut reach, &mut left_out).await?,
            Items::Indicators(list) => indicators::apply(conn, push, no, list, one.alliance.as_ref(), &mut reach, &mut left_out).await?,
            Items::Counts { window, counts } => counts::apply(conn, push, no, *window, counts, &mut reach).await?,
        }
        let sign = items.sign(push.moment());
        if sign.is_some() {
            reach.sign();
        }
        state.signs.hear(push.what.class(), push.alive_at(items.newest()), sign.map(|moment| push.alive_at(Some(moment))));
        // What a snapshot leaves out ended when it was taken.
        let ended = (push.mode == Mode::Snapshot).then(|| push.moment());
        (record.reach, record.since) = (Some(reach), items.oldest().into_iter().chain(ended).min());
        if push.mode == Mode::Snapshot {
            record.left_out = Some(receipt.left_out.insert(LeftOut::of(left_out)).clone());
        }
        Ok(self.keep(record, state, values, parts, Outcome::Applied { receipt, revision }))
    }

    /// Takes in what is to be written of a push, and what the next one of its organisation starts from.
    fn keep(&mut self, record: Record<'p>, mut state: State, values: Option<Arc<CurrentValues>>, parts: BTreeSet<usize>, outcome: Outcome) -> Keep<Applied> {
        if record.push.dry_run {
            return Keep::No(outcome.into());
        }
        state.last_no = record.no;
        let values = values.map(|values| Arc::new(Arc::unwrap_or_clone(values).after(state.last_no, state.signs)));
        let folds = state.fresh_pushes >= MAX_PUSHES || state.fresh_points >= MAX_POINTS;
        if let Some(org) = self.orgs.get_mut(&record.push.org) {
            (org.state, org.values, org.is_moved) = (state, values.clone(), true);
            org.parts.extend(parts);
        }
        self.records.push(record);
        Keep::Yes(Applied { outcome, values, folds })
    }

    async fn write(self, conn: &mut Conn) -> Result<(), StoreError> {
        if self.records.is_empty() {
            return Ok(());
        }
        let moved: Vec<(OrgId, &Org)> = self.orgs.iter().filter(|(_, org)| org.is_moved).map(|(id, org)| (*id, org)).collect();
        let states: Vec<(OrgId, &State)> = moved.iter().map(|(id, org)| (*id, &org.state)).collect();
        let mut parts = vec![];
        for (_, org) in &moved {
            parts.extend(org.values.iter().flat_map(|values| org.parts.iter().map(|part| values.packed(*part))));
        }
        record::write(conn, &self.records, &states, &parts).await?;
        for values in moved.iter().filter_map(|(_, org)| org.values.as_ref()) {
            self.current.write(Arc::clone(values));
        }
        Ok(())
    }
}

/// Applies one push of records, which may have to be undone.
pub(crate) async fn apply_one(conn: &mut Conn, current: &CurrentCache, one: Arc<Incoming>) -> Result<Keep<Applied>, StoreError> {
    apply(conn, current, &[one]).await?.pop().ok_or_else(|| StoreError::Internal("a push was not applied".into()))
}
