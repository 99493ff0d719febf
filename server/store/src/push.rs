//! A push on its way into the database: parsed items in, a receipt out, in one transaction.

mod apply;
mod comparisons;
mod counts;
mod events;
mod incidents;
mod indicators;
mod metrics;
pub(crate) mod record;
mod same;
mod state;
pub(crate) mod together;
mod turns;

pub use comparisons::COMPARISONS_PER_DAY;
pub(crate) use indicators::{Digested, add_totals as add_indicator_totals, write_digests};
pub use record::render_failures;
pub use turns::Turn;
pub(crate) use turns::Turns;

use domain::{IncidentStatus, OrgId, Severity, Timestamp, Tlp, indicator::IndicatorType};
use serde::{Deserialize, Serialize};
use std::time::Instant;
use uuid::Uuid;

/// The endpoint a push came through.
///
/// To add one:
/// 1. Here: the variant with its lines in the functions below, its items in [`Items`], and their `apply` in a file under `push/`, with its arm in `together.rs`. Where others are shown its
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

    /// Whether applying them takes no longer than other forms: metrics are a row and some current values.
    fn is_short(&self) -> bool {
        matches!(self, Self::Metrics(samples) if samples.len() <= 1_000)
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

/// Why a key no longer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEnd {
    /// Somebody revoked it, or it is gone.
    Revoked,
    /// Its time is over.
    Expired,
}

/// How many bytes an organisation may push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteQuota {
    /// In a day (UTC), as they come in, inflated.
    pub per_day: u64,
    /// Of all pushes whose payloads are kept: the payloads as they are kept, what was in them, and why items were refused. Retention frees it with the
    /// payloads.
    pub total: u64,
}

impl ByteQuota {
    /// Which quota is exceeded by so many bytes of a day, and in all.
    fn over(self, (day, kept): (i64, i64)) -> Option<OverQuota> {
        let exceeds = |used: i64, most: u64| u64::try_from(used).is_ok_and(|used| used > most);
        if exceeds(kept, self.total) {
            return Some(OverQuota::Total);
        }
        exceeds(day, self.per_day).then_some(OverQuota::Day)
    }
}

/// The quota that a push would exceed; nothing of it was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverQuota {
    Day,
    Total,
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
    /// The organisation would have more than [`MAX_SERIES`](crate::MAX_SERIES) series.
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
