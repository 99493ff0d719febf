//! A push on its way into the database: parsed items in, a receipt out, in one transaction.

mod comparisons;
mod counts;
mod events;
mod incidents;
mod indicators;
mod key;
pub(crate) mod metrics;
pub(crate) mod record;
mod same;
mod usage;

pub use comparisons::COMPARISONS_PER_DAY;
pub(crate) use indicators::{Digested, add_totals as add_indicator_totals, write_digest};
pub use key::KeyEnd;
pub use metrics::MAX_SERIES;
pub use record::render_failures;
pub use usage::{ByteQuota, OverQuota};

use self::metrics::{
    SeriesNumbers,
    at_once::{self, AtOnce},
    together,
};
use crate::{
    AllianceKeys, StoreError,
    db::{Conn, Db, samples_months},
    writer::Keep,
};
use domain::{IncidentStatus, OrgId, Severity, Timestamp, Tlp, indicator::IndicatorType};
use serde::{Deserialize, Serialize};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, RwLock},
    time::{Duration, Instant},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

/// The endpoint a push came through.
///
/// To add one:
/// 1. Here: the variant with its lines in the functions below, its items in [`Items`], and their `apply` in a file under `push/`. Where others are shown its
///    records, their reads under `viewer/`, with what their own organisation said of them in `viewer/said.rs`. A new class of data is first of all a
///    `domain::DataClass`, which the compiler then asks for.
/// 2. In the server: its parser in `api/parse`, with an example in the tests of `words.rs` there; its scope in `api/request.rs`; its endpoint, of which
///    `api.rs` speaks; where its receipt leads to in `views/records.rs`; and its target in `server/fuzz`, with its line in `tests/fuzz.rs`.
/// 3. For the command line: its columns in `cli/items.rs`, its word in `cli/push.rs`, and its way into pushes in `cli/batches.rs`, where a body is no list of items.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    Metrics,
    Incidents,
    Events,
    Indicators,
    IndicatorCounts,
}

impl What {
    pub const ALL: [Self; 5] = [Self::Metrics, Self::Incidents, Self::Events, Self::Indicators, Self::IndicatorCounts];

    /// The word of URL, database and push log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metrics => "metrics",
            Self::Incidents => "incidents",
            Self::Events => "events",
            Self::Indicators => "indicators",
            Self::IndicatorCounts => "indicator-counts",
        }
    }

    /// Back from [`What::name`].
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|w| w.name() == name)
    }

    /// The class of data that sharing decides about.
    #[must_use]
    pub const fn class(self) -> domain::DataClass {
        match self {
            Self::Metrics => domain::DataClass::Posture,
            Self::Incidents => domain::DataClass::Incidents,
            Self::Events => domain::DataClass::Events,
            Self::Indicators | Self::IndicatorCounts => domain::DataClass::Indicators,
        }
    }

    /// Whether its items are records with a marking, which may name the organisations that are shown them.
    #[must_use]
    pub const fn is_marked(self) -> bool {
        match self {
            Self::Incidents | Self::Events | Self::Indicators => true,
            Self::Metrics | Self::IndicatorCounts => false,
        }
    }

    /// Whether its items change scores, also those of days that are over.
    #[must_use]
    pub const fn is_scored(self) -> bool {
        match self {
            Self::Metrics | Self::Incidents => true,
            Self::Events | Self::Indicators | Self::IndicatorCounts => false,
        }
    }

    /// Whether it may come as lines of JSON (NDJSON).
    #[must_use]
    pub const fn comes_as_lines(self) -> bool {
        match self {
            Self::Events => true,
            Self::Metrics | Self::Incidents | Self::Indicators | Self::IndicatorCounts => false,
        }
    }
}

/// Whether what a push leaves out still holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What is left out stays as it is.
    #[default]
    Delta,
    /// The whole truth of its class: what is left out is closed or expired.
    Snapshot,
}

impl Mode {
    /// The word of URL and database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Delta => "delta",
            Self::Snapshot => "snapshot",
        }
    }
}

/// The idempotency key of a request, with what it must be the key of.
#[derive(Clone, Debug)]
pub struct Idempotency {
    pub route: String,
    pub key: String,
    /// SHA-256 over route, query and body.
    pub fingerprint: [u8; 32],
}

/// Why one item was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Position of the item in the push.
    pub index: u32,
    /// JSON Pointer into the payload.
    pub pointer: String,
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub detail: String,
}

/// Everything about a push but its items.
#[derive(Clone, Debug)]
pub struct Push {
    pub id: Uuid,
    pub org: OrgId,
    /// The key it came with, which must still hold when the push is written; `None` for what the program itself sends.
    pub key_id: Option<i64>,
    pub key_name: String,
    pub what: What,
    pub mode: Mode,
    /// Of a snapshot the moment it was taken, where it says so; without it that is its arrival.
    pub as_of: Option<Timestamp>,
    pub received_at: Timestamp,
    /// Items sent, the refused ones included.
    pub total: u32,
    pub failures: Vec<Failure>,
    /// Size of the payload, inflated.
    pub bytes: u64,
    pub sha256: [u8; 32],
    pub user_agent: String,
    pub idempotency: Option<Idempotency>,
    /// The payload, zstd.
    pub payload: Vec<u8>,
    /// Answer as the real push would, keep nothing.
    pub dry_run: bool,
    /// Refuse the whole push when an item is refused.
    pub strict: bool,
    /// What its organisation may push; `None` for what the program itself sends.
    pub quota: Option<ByteQuota>,
    /// Its bytes of the day are counted ([`Partner::charge`](crate::Partner::charge)).
    pub charged: bool,
}

/// One value of one metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    pub metric: String,
    /// Canonical `key=value` pairs, sorted, comma-separated; empty without labels.
    pub labels: String,
    pub value: f64,
    pub observed_at: Timestamp,
}

/// The newest word on one incident.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentItem {
    pub index: u32,
    pub external_id: String,
    pub title: String,
    pub severity: Severity,
    pub status: IncidentStatus,
    pub tlp: Tlp,
    /// An RSIT class or class/entry.
    pub class: String,
    pub opened_at: Timestamp,
    pub closed_at: Option<Timestamp>,
    pub updated_at: Timestamp,
    pub recipients: Vec<OrgId>,
    /// As pushed, digit by digit; only the blanks between the words are left out.
    pub raw: String,
    /// The revision it must replace, from `If-Match`; 0 for "must not exist yet".
    pub expected_revision: Option<i64>,
}

/// One security event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventItem {
    pub external_id: String,
    pub kind: String,
    pub title: String,
    pub severity: Severity,
    pub tlp: Tlp,
    pub observed_at: Timestamp,
    /// The incident's external id.
    pub incident: Option<String>,
    pub recipients: Vec<OrgId>,
    pub raw: String,
}

/// One threat indicator.
#[derive(Clone, Debug, PartialEq)]
pub struct IndicatorItem {
    pub kind: IndicatorType,
    /// In canonical spelling; of a hashed one its keyed hash, 64 lower-case hexadecimal digits.
    pub value: String,
    /// Whether the organisation tells no value, only its keyed hash ([`AllianceKey::hmac`](crate::AllianceKey::hmac)).
    pub hashed: bool,
    /// Of a hashed one the number of the alliance's key, where it says so.
    pub key_no: Option<i64>,
    pub tlp: Tlp,
    pub severity: Option<Severity>,
    /// 0 to 100.
    pub confidence: Option<u8>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub valid_until: Option<Timestamp>,
    pub recipients: Vec<OrgId>,
    pub raw: String,
}

/// How many indicators of a kind a partner holds.
#[derive(Clone, Debug, PartialEq)]
pub struct CountItem {
    pub kind: IndicatorType,
    pub tlp: Tlp,
    pub severity: Severity,
    pub count: u64,
}

/// The accepted items of a push.
#[derive(Clone, Debug)]
pub enum Items {
    Metrics(Vec<Sample>),
    Incidents(Vec<IncidentItem>),
    Events(Vec<EventItem>),
    Indicators(Vec<IndicatorItem>),
    Counts { window: (Timestamp, Timestamp), counts: Vec<CountItem> },
}

impl Items {
    fn len(&self) -> usize {
        match self {
            Self::Metrics(v) => v.len(),
            Self::Incidents(v) => v.len(),
            Self::Events(v) => v.len(),
            Self::Indicators(v) => v.len(),
            Self::Counts { counts, .. } => counts.len(),
        }
    }

    /// The oldest moment the items speak of.
    fn oldest(&self) -> Option<Timestamp> {
        match self {
            Self::Metrics(v) => v.iter().map(|i| i.observed_at).min(),
            Self::Incidents(v) => v.iter().map(|i| i.opened_at).min(),
            Self::Events(_) | Self::Indicators(_) | Self::Counts { .. } => None,
        }
    }

    /// The newest moment the items speak of.
    fn newest(&self) -> Option<Timestamp> {
        match self {
            Self::Metrics(v) => v.iter().map(|i| i.observed_at).max(),
            Self::Incidents(v) => v.iter().map(|i| i.updated_at).max(),
            Self::Events(v) => v.iter().map(|i| i.observed_at).max(),
            Self::Indicators(v) => v.iter().map(|i| i.last_seen).max(),
            Self::Counts { window, .. } => Some(window.1),
        }
    }
}

impl Items {
    /// The newest moment of what is open to everyone among the items; that of an empty push is its own. `None` where nothing is: such a push
    /// is no sign of life to those who may not see it.
    fn sign(&self, moment: Timestamp) -> Option<Timestamp> {
        if self.len() == 0 {
            return Some(moment);
        }
        match self {
            Self::Metrics(_) => self.newest(),
            Self::Incidents(v) => v.iter().filter(|i| i.tlp.reaches_everyone()).map(|i| i.updated_at).max(),
            Self::Events(v) => v.iter().filter(|i| i.tlp.reaches_everyone()).map(|i| i.observed_at).max(),
            Self::Indicators(v) => v.iter().filter(|i| i.tlp.reaches_everyone()).map(|i| i.last_seen).max(),
            Self::Counts { window, counts } => counts.iter().any(|i| i.tlp.reaches_everyone()).then_some(window.1),
        }
    }
}

/// What a snapshot left out, and so ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub count: u32,
    /// The first of them, as their organisation calls them.
    pub names: Vec<String>,
}

impl LeftOut {
    /// How many are named.
    pub const NAMED: usize = 20;

    fn of(mut names: Vec<String>) -> Self {
        names.sort_unstable();
        let count = names.len() as u32;
        names.truncate(Self::NAMED);
        Self { count, names }
    }

    /// `2 ended: A, B`, with another verb for what was only tried; `None` where nothing was left out.
    #[must_use]
    pub fn words(&self, verb: &str) -> Option<String> {
        let more = match (self.count as usize).saturating_sub(self.names.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (self.count > 0).then(|| format!("{} {verb}: {}{more}", self.count, self.names.join(", ")))
    }
}

/// The record of one accepted push.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptRecord {
    pub no: i64,
    pub id: Uuid,
    pub received_at: Timestamp,
    pub total: u32,
    pub kept: u32,
    pub failures: Vec<Failure>,
    /// Of a snapshot the moment it was taken; `None` where it was refused.
    pub as_of: Option<Timestamp>,
    /// Of a snapshot that changed nothing: the moment of the newer one that was applied before. Nothing of it was kept, and nothing refused.
    pub outdated_by: Option<Timestamp>,
    /// Of a snapshot that was applied.
    pub left_out: Option<LeftOut>,
}

impl ReceiptRecord {
    /// Items refused.
    #[must_use]
    pub const fn refused(&self) -> u32 {
        refused(self.total, self.kept, self.outdated_by.is_some())
    }
}

/// Items of a push that were refused: of an outdated snapshot nothing was kept, and nothing refused.
pub(crate) const fn refused(total: u32, kept: u32, outdated: bool) -> u32 {
    if outdated { 0 } else { total - kept }
}

/// What became of a push.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Kept, on disk.
    Applied { receipt: ReceiptRecord, revision: Option<i64> },
    /// The same request was applied before; this is its receipt.
    Replayed(ReceiptRecord),
    /// The idempotency key belongs to another request.
    KeyReused,
    /// The key ended while the push was on its way; nothing was kept.
    KeyEnded(KeyEnd),
    /// `If-Match` names a revision that is not the newest.
    RevisionMismatch { current: i64 },
    /// The organisation would have more than [`MAX_SERIES`] series.
    TooManySeries,
    /// The organisation would have pushed more than it may.
    OverQuota(OverQuota),
    /// Nothing was kept: every item was refused, or one was and the push is all or nothing.
    Refused(ReceiptRecord),
}

impl Outcome {
    /// Whether the push was worked on, and nothing of it kept, so that its bytes of the day are not counted yet.
    fn was_undone(&self) -> bool {
        matches!(self, Self::RevisionMismatch { .. } | Self::TooManySeries | Self::Replayed(_) | Self::KeyReused)
    }
}

/// The numbers of series by organisation, so that a usual push does not ask for them. Filled only after a commit.
#[derive(Default)]
pub(crate) struct SeriesCache {
    by_org: RwLock<HashMap<OrgId, Arc<SeriesNumbers>>>,
}

impl SeriesCache {
    fn of(&self, org: OrgId) -> Arc<SeriesNumbers> {
        self.by_org.read().ok().and_then(|map| map.get(&org).cloned()).unwrap_or_default()
    }

    fn set(&self, org: OrgId, numbers: SeriesNumbers) {
        if let Ok(mut map) = self.by_org.write() {
            map.insert(org, Arc::new(numbers));
        }
    }
}

/// Pushes of one organisation in the writer's queue at once, but for the usual ones, which are short.
const AT_WORK: usize = 2;
/// Those that wait for their turn.
const WAITING: usize = 62;
/// How long each of them waits. Where the database hangs, whoever comes last would otherwise wait for all the others' failures.
const TURN: Duration = Duration::from_secs(10);

/// The turn of one organisation for a large push, given back when dropped.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

/// Whose pushes are at work.
#[derive(Default)]
pub(crate) struct Turns {
    by_org: Mutex<HashMap<OrgId, Arc<Semaphore>>>,
}

impl Turns {
    /// Waits for a turn of an organisation.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where as many are waiting as may, or the turn does not come.
    async fn take(&self, org: OrgId) -> Result<Turn, StoreError> {
        let lost = |_| StoreError::Internal("the turns of pushes are lost".into());
        let turns = {
            let mut all = self.by_org.lock().map_err(|_| StoreError::Internal("the turns of pushes are lost".into()))?;
            Arc::clone(all.entry(org).or_insert_with(|| Arc::new(Semaphore::new(AT_WORK))))
        };
        // One is the map's, one is in hand.
        if Arc::strong_count(&turns) > 1 + AT_WORK + WAITING {
            return Err(StoreError::Busy);
        }
        let permit = tokio::time::timeout(TURN, turns.acquire_owned()).await.map_err(|_| StoreError::Busy)?.map_err(lost)?;
        Ok(Turn { _permit: permit })
    }
}

/// The months that PostgreSQL has partitions of samples for, as far as they were needed.
#[derive(Default)]
pub(crate) struct Months {
    known: RwLock<HashSet<(i32, u8)>>,
}

impl Months {
    /// Makes the months of a push that are not there.
    async fn add(&self, db: &Db, items: &Items) -> Result<(), StoreError> {
        match items {
            Items::Metrics(samples) => self.add_moments(db, samples.iter().map(|s| s.observed_at)).await,
            Items::Incidents(_) | Items::Events(_) | Items::Indicators(_) | Items::Counts { .. } => Ok(()),
        }
    }

    /// Makes the months of moments that are not there; on SQLite there is nothing to make. In transactions of its own, because a table is in
    /// everybody's way until its maker's commit.
    pub(crate) async fn add_moments(&self, db: &Db, moments: impl Iterator<Item = Timestamp>) -> Result<(), StoreError> {
        let Db::Postgres(pool) = db else { return Ok(()) };
        for (month, hour) in samples_months(moments) {
            if self.known.read().is_ok_and(|known| known.contains(&month)) {
                continue;
            }
            sqlx::query("SELECT add_samples_month($1)").bind(hour).execute(pool).await?;
            if let Ok(mut known) = self.known.write() {
                known.insert(month);
            }
        }
        Ok(())
    }

    /// Knows none any more: some were dropped, here or by another node.
    pub(crate) fn forget(&self) {
        if let Ok(mut known) = self.known.write() {
            known.clear();
        }
    }
}

impl crate::Partner<'_> {
    /// Applies a push: data, receipt, outbox and idempotency in one transaction, on disk when this returns.
    ///
    /// # Errors
    /// When the database fails or is overloaded; then nothing of the push is kept.
    pub async fn push(&self, push: Push, items: Items) -> Result<Outcome, StoreError> {
        self.push_in_turn(None, push, items).await
    }

    /// Waits for a turn of the organisation, for a push that is large before its items are known.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where as many are waiting as may, or the turn does not come.
    pub async fn turn(&self) -> Result<Turn, StoreError> {
        self.store.inner.turns.take(self.org).await
    }

    /// Counts bytes of the day that were read, whether anything comes of them; says whether the organisation has more than it may.
    ///
    /// # Errors
    /// When the database fails or is overloaded.
    pub async fn charge(&self, bytes: u64, quota: ByteQuota, at: Timestamp) -> Result<Option<OverQuota>, StoreError> {
        let org = self.org;
        let work =
            self.store.inner.writer.run(self.scope(), move |conn| Box::pin(async move { Ok(Keep::Yes(usage::charge(conn, org, bytes, quota, at).await?)) }));
        work.await
    }

    /// As [`Partner::push`](crate::Partner::push), in the turn that was taken for it.
    ///
    /// # Errors
    /// As [`Partner::push`](crate::Partner::push).
    pub async fn push_in_turn(&self, turn: Option<Turn>, push: Push, items: Items) -> Result<Outcome, StoreError> {
        debug_assert_eq!(push.org, self.org, "a partner pushes for itself");
        let org = self.org;
        let inner = &self.store.inner;
        let since = Instant::now();
        let (mut push, mut items) = (push, items);
        if let Some(express) = &inner.express
            && at_once::is_usual(&push, &items)
            && let Some(rows) = self.usual_rows(&items)
        {
            let (one, number) = express.apply(AtOnce { push, items, rows, since }).await?;
            if let Some(no) = number {
                return Ok(one.push.applied(no, one.items.len(), None));
            }
            (push, items) = (one.push, one.items);
        }
        let alliance = match &items {
            Items::Indicators(_) => Some(self.store.alliance_keys().await?),
            _ => None,
        };
        let dry_run = push.dry_run;
        let one = Arc::new((push, items));
        // One organisation's large pushes take turns among themselves, not with everybody's forms.
        let _turn = match turn {
            None if !at_once::is_usual(&one.0, &one.1) => Some(inner.turns.take(org).await?),
            turn => turn,
        };
        let (bytes, received_at) = (one.0.bytes, one.0.received_at);
        let uncharged = one.0.quota.filter(|_| !one.0.charged);
        // Else the work on what leaves nothing behind would be free.
        if let Some(quota) = uncharged.filter(|_| dry_run)
            && let Some(over) = self.charge(bytes, quota, received_at).await?
        {
            return Ok(Outcome::OverQuota(over));
        }
        let mut races = 0;
        loop {
            inner.months.add(&inner.db, &one.1).await?;
            let (known, job, alliance) = (inner.series.of(org), Arc::clone(&one), alliance.clone());
            let work = inner.writer.run(self.scope(), move |conn| Box::pin(async move { apply(conn, &job.0, &job.1, &known, alliance.as_ref(), since).await }));
            let applied = work.await;
            match applied {
                Ok((outcome, numbers)) => {
                    if let Some(numbers) = numbers.filter(|_| !dry_run) {
                        inner.series.set(org, numbers);
                    }
                    if let Some(quota) = uncharged.filter(|_| !dry_run && outcome.was_undone()) {
                        self.charge(bytes, quota, received_at).await?;
                    }
                    return Ok(outcome);
                }
                Err(error) if error.is_race() && races < RACES => {
                    tracing::info!(%error, org = org.0, "a push met another node's; once more");
                    races += 1;
                    inner.months.forget();
                }
                Err(error) => return Err(error),
            }
        }
    }

    fn usual_rows(&self, items: &Items) -> Option<Vec<metrics::SampleRow>> {
        let Items::Metrics(samples) = items else { return None };
        metrics::rows(samples, &self.store.inner.series.of(self.org)).ok()
    }
}

/// How often a push that met another node's is tried again.
const RACES: u32 = 5;

/// What became of a push, and its organisation's series where there are new ones.
type Applied = (Outcome, Option<SeriesNumbers>);

async fn apply(
    conn: &mut Conn,
    push: &Push,
    items: &Items,
    known: &SeriesNumbers,
    alliance: Option<&AllianceKeys>,
    since: Instant,
) -> Result<Keep<Applied>, StoreError> {
    if let Some(end) = key::ended(conn, push, since).await? {
        return Ok(Keep::No((Outcome::KeyEnded(end), None)));
    }
    if let Conn::Postgres(_) = conn
        && at_once::is_usual(push, items)
        && let Items::Metrics(samples) = items
        && let Ok(rows) = metrics::rows(samples, known)
        && let Some(no) = together::apply(conn, push, items, &rows).await?
    {
        let mut reach = record::Reach::default();
        reach.everyone();
        record::outbox(conn, push, &reach, items.oldest()).await?;
        return Ok(Keep::Yes((push.applied(no, items.len(), None), None)));
    }
    if let Some(idempotency) = &push.idempotency
        && let Some(before) = record::replay(conn, push.org, idempotency).await?
    {
        return Ok(Keep::No((before, None)));
    }
    let all_or_nothing = push.strict || push.mode == Mode::Snapshot;
    // Which makes the organisation's pushes of all nodes take turns from here on.
    if let Some(over) = usage::count(conn, push).await? {
        return Ok(Keep::No((Outcome::OverQuota(over), None)));
    }
    if (push.total > 0 && items.len() == 0) || (all_or_nothing && !push.failures.is_empty()) {
        let no = record::receipt(conn, push, 0, Truth::Part).await?;
        let refused = (Outcome::Refused(push.receipt(no, 0)), None);
        return Ok(if push.dry_run { Keep::No(refused) } else { Keep::Yes(refused) });
    }
    let truth = record::truth(conn, push).await?;
    let kept = if truth.outdated_by().is_some() { 0 } else { items.len() };
    let no = record::receipt(conn, push, kept, truth).await?;
    if let Truth::Outdated { .. } = truth {
        // Its own organisation sees it in the push log; nobody sees anything else of it.
        record::outbox(conn, push, &record::Reach::default(), None).await?;
        if let Some(idempotency) = &push.idempotency {
            record::remember(conn, push, idempotency, no).await?;
        }
        let receipt = ReceiptRecord { as_of: truth.as_of(), outdated_by: truth.outdated_by(), ..push.receipt(no, kept) };
        let outdated = Outcome::Applied { receipt, revision: None };
        return Ok(if push.dry_run { Keep::No((outdated, None)) } else { Keep::Yes((outdated, None)) });
    }
    let mut reach = record::Reach::default();
    let mut numbers = None;
    let mut revision = None;
    let mut left_out = vec![];
    match items {
        Items::Metrics(samples) => {
            let rows = match metrics::rows(samples, known) {
                Ok(rows) => rows,
                Err(_) => {
                    let keys = samples.iter().map(|s| (s.metric.as_str(), s.labels.as_str()));
                    let Some(all) = metrics::number_series(conn, push.org, keys).await? else { return Ok(Keep::No((Outcome::TooManySeries, None))) };
                    metrics::rows(samples, numbers.insert(all)).map_err(|(metric, _)| StoreError::Internal(format!("a series of {metric} has no number")))?
                }
            };
            metrics::apply(conn, push, no, &rows, &mut reach, &mut left_out).await?;
        }
        Items::Incidents(list) => match incidents::apply(conn, push, no, list, &mut reach, &mut left_out).await? {
            incidents::Applied::Kept(newest) => revision = newest,
            incidents::Applied::Mismatch(current) => return Ok(Keep::No((Outcome::RevisionMismatch { current }, None))),
        },
        Items::Events(list) => events::apply(conn, push, no, list, &mut reach, &mut left_out).await?,
        Items::Indicators(list) => indicators::apply(conn, push, no, list, alliance, &mut reach, &mut left_out).await?,
        Items::Counts { window, counts } => counts::apply(conn, push, no, *window, counts, &mut reach).await?,
    }
    if items.sign(push.moment()).is_some() {
        reach.sign();
    }
    record::liveness(conn, push, items).await?;
    // What a snapshot leaves out ended when it was taken.
    let ended = (push.mode == Mode::Snapshot).then(|| push.moment());
    record::outbox(conn, push, &reach, items.oldest().into_iter().chain(ended).min()).await?;
    if let Some(idempotency) = &push.idempotency {
        record::remember(conn, push, idempotency, no).await?;
    }
    let mut receipt = push.receipt(no, items.len());
    if push.mode == Mode::Snapshot {
        record::left_out(conn, no, receipt.left_out.insert(LeftOut::of(left_out))).await?;
    }
    let applied = (Outcome::Applied { receipt, revision }, numbers);
    Ok(if push.dry_run { Keep::No(applied) } else { Keep::Yes(applied) })
}

/// How a push stands to what came before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    /// No snapshot, or one that is refused.
    Part,
    /// The newest snapshot of its class, taken at this moment.
    Whole { as_of: Timestamp },
    /// A snapshot that is older than one that was applied: it changes nothing.
    Outdated { as_of: Timestamp, by: Timestamp },
}

impl Truth {
    pub(crate) fn as_of(self) -> Option<Timestamp> {
        match self {
            Self::Part => None,
            Self::Whole { as_of } | Self::Outdated { as_of, .. } => Some(as_of),
        }
    }

    pub(crate) fn outdated_by(self) -> Option<Timestamp> {
        if let Self::Outdated { by, .. } = self { Some(by) } else { None }
    }
}

impl Push {
    /// The moment that the push speaks of: a snapshot's is when it was taken. A sender's clock that is ahead makes nothing end only later.
    fn moment(&self) -> Timestamp {
        self.as_of.unwrap_or(self.received_at).min(self.received_at)
    }

    fn applied(&self, no: i64, kept: usize, revision: Option<i64>) -> Outcome {
        Outcome::Applied { receipt: self.receipt(no, kept), revision }
    }

    fn receipt(&self, no: i64, kept: usize) -> ReceiptRecord {
        let as_of = (self.mode == Mode::Snapshot && (kept > 0 || self.total == 0)).then(|| self.as_of.unwrap_or(self.received_at));
        let (total, failures) = (self.total, self.failures.clone());
        ReceiptRecord { no, id: self.id, received_at: self.received_at, total, kept: kept as u32, failures, as_of, outdated_by: None, left_out: None }
    }

    /// The moment it is by now, given when the push was handed over. The store has no clock, but knows how long something waited.
    fn now(&self, since: Instant) -> Timestamp {
        self.received_at.plus(i64::try_from(since.elapsed().as_micros()).unwrap_or(i64::MAX))
    }

    /// The moment up to which its organisation is heard of. An empty push is a sign of life: "nothing to report" is a report. Data cannot be
    /// younger than its arrival.
    fn alive_at(&self, newest: Option<Timestamp>) -> Timestamp {
        newest.unwrap_or(self.moment()).min(self.received_at)
    }
}
