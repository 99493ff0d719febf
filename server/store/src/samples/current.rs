//! Current values: the newest of each series, one packed row for each [`PART`] series of an organisation.
//!
//! They are kept in memory, too, as the last push of this program left them, under the number of its receipt. Who is about to write compares that
//! with the number in the database, in the transaction and under the organisation's turn: where they are the same, nothing has to be read. The live
//! view takes what was committed from here, and reads only what another program wrote.

use super::{
    body::{Newest, Point, pack_newest, unpack_newest},
    series::{MAX_SERIES, SeriesNames},
};
use crate::{
    Hub, StoreError,
    db::{Conn, Rows, Scope, on_conn, read},
};
use domain::{ByClass, DataClass, OrgId, Timestamp};
use sqlx::{Encode, Postgres, Sqlite, Type};
use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

/// Series whose values lie in one row: what a push of any of them rewrites.
pub(crate) const PART: u32 = 128;

/// The part that a series is in.
pub(crate) const fn part_of(series: u32) -> usize {
    (series / PART) as usize
}

/// Up to when an organisation is heard of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// By anything that it pushed: for its own eyes.
    pub any: Option<Timestamp>,
    /// By what is open to everyone to whom it shows the class.
    pub open: ByClass<Option<Timestamp>>,
}

impl Signs {
    /// Moves on by a push of a class, which speaks of a moment, and of one that is open to everyone where there is such.
    pub(crate) fn hear(&mut self, class: DataClass, moment: Timestamp, open: Option<Timestamp>) {
        self.any = self.any.max(Some(moment));
        self.open[class] = self.open[class].max(open);
    }

    /// The open ones as the database keeps them: JSON, by the names of the classes.
    pub(crate) fn to_json(self) -> String {
        serde_json::to_string(&self.open).unwrap_or_else(|_| "{}".into())
    }

    pub(crate) fn of(any: Option<i64>, json: &str) -> Result<Self, StoreError> {
        let open = serde_json::from_str(json).map_err(|e| StoreError::Internal(format!("signs of life: {e}")))?;
        Ok(Self { any: any.map(Timestamp), open })
    }
}

/// The newest value of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurrentRow<'v> {
    pub metric: &'v str,
    /// Canonical `key=value` pairs, sorted, comma-separated; empty without labels.
    pub labels: &'v str,
    pub value: f64,
    pub observed_at: Timestamp,
    /// Left out of a snapshot: when that was taken.
    pub left_out_at: Option<Timestamp>,
}

/// One organisation's current values, and up to when it is heard of.
#[derive(Clone, Debug)]
pub struct CurrentValues {
    pub org: OrgId,
    pub signs: Signs,
    /// The number of the newest receipt that is in them.
    pub(crate) no: i64,
    pub(crate) names: Arc<SeriesNames>,
    /// By part, each sorted by series.
    parts: Vec<Arc<Vec<Newest>>>,
}

impl CurrentValues {
    pub fn rows(&self) -> impl Iterator<Item = CurrentRow<'_>> {
        self.newest().filter_map(|one| {
            let (metric, labels) = self.names.of(one.point.series)?;
            let left_out_at = one.expired.then_some(one.heard_at);
            Some(CurrentRow { metric, labels, value: one.point.value, observed_at: one.point.at, left_out_at })
        })
    }

    fn newest(&self) -> impl Iterator<Item = &Newest> {
        self.parts.iter().flat_map(|part| part.iter())
    }

    pub(crate) fn of_series(&self, series: u32) -> Option<&Newest> {
        let part = self.parts.get(part_of(series))?;
        part.binary_search_by_key(&series, |one| one.point.series).ok().map(|place| &part[place])
    }

    /// The same, numbered by the receipt that is now the newest, with its signs of life.
    pub(crate) fn after(mut self, no: i64, signs: Signs) -> Self {
        (self.no, self.signs) = (no, signs);
        self
    }

    /// A part as the database keeps it.
    pub(crate) fn packed(&self, part: usize) -> Part {
        let all: &[Newest] = self.parts.get(part).map_or(&[], |part| part);
        let newest_at = all.iter().map(|one| one.point.at.0).max().unwrap_or_default();
        Part { org: self.org.0, part: part as i64, newest_at, body: pack_newest(all) }
    }

    /// The series of which later pushes have spoken than one that speaks of a moment.
    pub(crate) fn heard_since(&self, moment: Timestamp) -> BTreeSet<u32> {
        self.newest().filter(|one| one.heard_at > moment).map(|one| one.point.series).collect()
    }

    /// Moves the values on by points in the order of time, and returns the parts that are others now. An older value never replaces a newer one; a
    /// series that is named counts again, whatever snapshot left it out.
    pub(crate) fn take(&mut self, points: &[Point], heard_at: Timestamp) -> BTreeSet<usize> {
        let mut touched = BTreeSet::new();
        for point in points {
            let place = part_of(point.series);
            if self.parts.len() <= place {
                self.parts.resize_with(place + 1, Arc::default);
            }
            if touched.last() != Some(&place) {
                touched.insert(place);
            }
            let part = Arc::make_mut(&mut self.parts[place]);
            match part.binary_search_by_key(&point.series, |one| one.point.series) {
                Ok(place) => {
                    let one = &mut part[place];
                    if point.at >= one.point.at {
                        one.point = *point;
                    }
                    (one.heard_at, one.expired) = (one.heard_at.max(heard_at), false);
                }
                Err(place) => part.insert(place, Newest { point: *point, heard_at, expired: false }),
            }
        }
        touched
    }

    /// Ends the series that a snapshot leaves out, of which no later push has spoken; returns their numbers.
    pub(crate) fn leave_out(&mut self, named: &BTreeSet<u32>, moment: Timestamp) -> Vec<u32> {
        let ends = |one: &Newest| !one.expired && one.heard_at <= moment && !named.contains(&one.point.series);
        let mut ended = vec![];
        for part in self.parts.iter_mut().filter(|part| part.iter().any(ends)) {
            for one in Arc::make_mut(part).iter_mut().filter(|one| ends(one)) {
                (one.expired, one.heard_at) = (true, moment);
                ended.push(one.point.series);
            }
        }
        ended
    }
}

/// A part of an organisation's current values, packed.
pub(crate) struct Part {
    org: i64,
    part: i64,
    newest_at: i64,
    body: Vec<u8>,
}

/// Writes parts.
pub(crate) const WRITE_PARTS: &str = "INSERT INTO current_values (org_id, part, newest_at, body) SELECT v.org, v.part, v.newest_at, v.body FROM v WHERE TRUE \
    ON CONFLICT (org_id, part) DO UPDATE SET newest_at = excluded.newest_at, body = excluded.body";

impl Part {
    /// The rows that [`WRITE_PARTS`] takes.
    pub fn rows(parts: &[Self]) -> Rows<'_, Self> {
        Rows::of(parts).with("org", |p| p.org).with("part", |p| p.part).with("newest_at", |p| p.newest_at).with("body", |p| &p.body[..])
    }
}

/// The current values of organisations as this program knows them.
#[derive(Default)]
pub(crate) struct CurrentCache {
    /// With what transactions under way write; forgotten where one fails, or a part of it is undone.
    written: Mutex<HashMap<OrgId, Arc<CurrentValues>>>,
    committed: Mutex<HashMap<OrgId, Arc<CurrentValues>>>,
    /// How often all was forgotten.
    epoch: AtomicU64,
}

type Known = Mutex<HashMap<OrgId, Arc<CurrentValues>>>;

fn get(known: &Known, org: OrgId) -> Option<Arc<CurrentValues>> {
    known.lock().unwrap_or_else(PoisonError::into_inner).get(&org).cloned()
}

impl CurrentCache {
    /// Keeps what a transaction is about to commit, for the next one of the same organisation.
    pub fn write(&self, values: Arc<CurrentValues>) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(values.org, values);
    }

    /// Forgets what transactions wrote, one of which was undone.
    pub fn forget_written(&self) {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets everything: another database may have other receipts under the same numbers.
    pub fn forget(&self) {
        self.forget_written();
        let mut committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        self.epoch.fetch_add(1, Ordering::Relaxed);
        committed.clear();
    }

    /// To be asked before something is written or read that is to be [committed](Self::commit).
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// The values of an organisation whose newest receipt has this number, where they are known.
    pub fn known(&self, org: OrgId, no: i64) -> Option<Arc<CurrentValues>> {
        let known = |of: &Known| get(of, org).filter(|values| values.no == no);
        known(&self.written).or_else(|| known(&self.committed))
    }

    /// Publishes what was committed, unless all was forgotten since an epoch: then it may be of the database before.
    pub fn commit(&self, values: Arc<CurrentValues>, epoch: u64) {
        let mut committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        if self.epoch() != epoch {
            return;
        }
        match committed.get(&values.org) {
            Some(newer) if newer.no > values.no => {}
            _ => drop(committed.insert(values.org, values)),
        }
    }

    /// What is committed of an organisation, where that is at least as new as a receipt.
    pub fn committed(&self, org: OrgId, no: i64) -> Option<Arc<CurrentValues>> {
        get(&self.committed, org).filter(|values| values.no >= no)
    }

    /// The values of an organisation whose newest receipt has this number, in a transaction that holds its turn.
    pub(crate) async fn load(&self, conn: &mut Conn, org: OrgId, no: i64) -> Result<Arc<CurrentValues>, StoreError> {
        if let Some(known) = self.known(org, no) {
            return Ok(known);
        }
        conn.enter(Scope::Partner(org)).await?;
        let [states, parts, names] = OF_ONE;
        let states = on_conn!(conn, c => sqlx::query_as(states).bind(org.0).fetch_all(&mut *c).await)?;
        let parts = on_conn!(conn, c => sqlx::query_as(parts).bind(org.0).fetch_all(&mut *c).await)?;
        let names = on_conn!(conn, c => sqlx::query_as(names).bind(org.0).fetch_all(&mut *c).await)?;
        let loaded = assemble(states, parts, names).pop();
        let loaded = Arc::new(loaded.unwrap_or_else(|| Err(StoreError::Internal(format!("organisation {} has no state of its pushes", org.0))))?);
        self.write(Arc::clone(&loaded));
        Ok(loaded)
    }
}

/// Reads an organisation's current values. In this order: what a later one knows more of, the earlier ones lack at worst.
pub(crate) const OF_ONE: [&str; 3] = [
    "SELECT org_id, last_no, last_data_at, signs FROM push_states WHERE org_id = $1",
    "SELECT org_id, part, body FROM current_values WHERE org_id = $1 ORDER BY part",
    "SELECT org_id, number, metric, labels FROM series WHERE org_id = $1 ORDER BY number",
];
/// The same of those in a JSON array. For one of them PostgreSQL would go through the tables whole, not knowing how few it names.
const OF_SEVERAL: [&str; 3] = [
    "SELECT org_id, last_no, last_data_at, signs FROM push_states WHERE org_id IN (SELECT value FROM json_each($1)) ORDER BY org_id",
    "SELECT org_id, part, body FROM current_values WHERE org_id IN (SELECT value FROM json_each($1)) ORDER BY org_id, part",
    "SELECT org_id, number, metric, labels FROM series WHERE org_id IN (SELECT value FROM json_each($1)) ORDER BY org_id, number",
];

/// Reads the current values of some organisations, by organisation. One whose rows are damaged is left out, and the log says so: the others are not to go without for its sake.
pub(crate) async fn read_several(hub: &Hub<'_>, orgs: &[OrgId]) -> Result<Vec<CurrentValues>, StoreError> {
    if let [org] = orgs {
        return read_with(hub, OF_ONE, org.0).await;
    }
    let ids = serde_json::to_string(orgs).map_err(|e| StoreError::Internal(e.to_string()))?;
    read_with(hub, OF_SEVERAL, ids).await
}

async fn read_with<B>(hub: &Hub<'_>, [states, parts, names]: [&'static str; 3], orgs: B) -> Result<Vec<CurrentValues>, StoreError>
where
    B: Clone + Send + 'static + for<'q> Encode<'q, Sqlite> + Type<Sqlite> + for<'q> Encode<'q, Postgres> + Type<Postgres>,
{
    let states = read!(hub, c => sqlx::query_as(states).bind(orgs.clone()).fetch_all(c).await)?;
    let parts = read!(hub, c => sqlx::query_as(parts).bind(orgs.clone()).fetch_all(c).await)?;
    let names = read!(hub, c => sqlx::query_as(names).bind(orgs.clone()).fetch_all(c).await)?;
    let sound = |one: Result<CurrentValues, StoreError>| one.inspect_err(|error| tracing::error!(%error, "an organisation is shown without values")).ok();
    Ok(assemble(states, parts, names).into_iter().filter_map(sound).collect())
}

pub(crate) type StateSql = (i64, i64, Option<i64>, String);
pub(crate) type PartSql = (i64, i64, Vec<u8>);
pub(crate) type NameSql = (i64, i64, String, String);

/// Puts the rows of the three statements together: an organisation each, or what is damaged of it.
pub(crate) fn assemble(states: Vec<StateSql>, parts: Vec<PartSql>, names: Vec<NameSql>) -> Vec<Result<CurrentValues, StoreError>> {
    let (mut of, mut missing): (HashMap<i64, SeriesNames>, HashMap<i64, usize>) = Default::default();
    for (org, number, metric, labels) in names {
        let names = of.entry(org).or_default();
        if number != names.len() as i64 {
            missing.entry(org).or_insert(names.len());
        }
        names.push(&metric, &labels);
    }
    let mut bodies: HashMap<i64, Vec<(i64, Vec<u8>)>> = HashMap::new();
    for (org, part, body) in parts {
        bodies.entry(org).or_default().push((part, body));
    }
    let one = |(org, no, any, signs): StateSql| {
        let names = of.remove(&org).unwrap_or_default();
        if let Some(number) = missing.get(&org) {
            return Err(StoreError::Internal(format!("the series of organisation {org}: number {number} is missing")));
        }
        let damaged = |error| match error {
            StoreError::Internal(what) => StoreError::Internal(format!("the current values of organisation {org}: {what}")),
            other => other,
        };
        let parts = unpack_parts(bodies.remove(&org).unwrap_or_default()).map_err(damaged)?;
        Ok(CurrentValues { org: OrgId(org), signs: Signs::of(any, &signs)?, no, names: Arc::new(names), parts })
    };
    states.into_iter().map(one).collect()
}

/// The parts of an organisation, which come in their order.
fn unpack_parts(bodies: Vec<(i64, Vec<u8>)>) -> Result<Vec<Arc<Vec<Newest>>>, StoreError> {
    let mut parts: Vec<Arc<Vec<Newest>>> = vec![];
    for (part, body) in bodies {
        let place = usize::try_from(part).ok().filter(|place| *place < MAX_SERIES.div_ceil(PART as usize));
        let place = place.ok_or_else(|| StoreError::Internal(format!("no series is in part {part}")))?;
        parts.resize_with(place, Arc::default);
        parts.push(Arc::new(unpack_newest(&body)?));
    }
    Ok(parts)
}
