//! A push on its way into the database: parsed items in, a receipt out, in one transaction.

mod counts;
mod events;
mod incidents;
mod indicators;
pub(crate) mod metrics;
mod record;

pub(crate) use indicators::add_totals as add_indicator_totals;
pub use record::render_failures;

use crate::{StoreError, db::Conn, writer::Keep};
use domain::{IncidentStatus, OrgId, Severity, Timestamp, Tlp, indicator::IndicatorType};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};
use uuid::Uuid;

/// The endpoint a push came through.
///
/// A new one needs: its items in [`Items`] and their `apply` under `push/`, a parser in the server's `api::parse`, its scope in
/// `api::request`, its place among the versions of `live::board`, and a word for the command line's `push`.
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
    pub key_name: String,
    pub what: What,
    pub mode: Mode,
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
    /// As pushed, compact JSON.
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
    /// In canonical spelling.
    pub value: String,
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

/// The record of one accepted push.
#[derive(Clone, Debug, PartialEq)]
pub struct ReceiptRecord {
    pub no: i64,
    pub id: Uuid,
    pub received_at: Timestamp,
    pub total: u32,
    pub kept: u32,
    pub failures: Vec<Failure>,
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
    /// `If-Match` names a revision that is not the newest.
    RevisionMismatch { current: i64 },
    /// Nothing was kept: every item was refused, or one was and the push is all or nothing.
    Refused(ReceiptRecord),
}

/// The numbers of one organisation's series, by metric and labels.
type SeriesOfOrg = HashMap<(String, String), i64>;

/// The numbers of series, by organisation, metric and labels. Filled only after a commit.
#[derive(Default)]
pub(crate) struct SeriesCache {
    by_org: RwLock<HashMap<OrgId, Arc<SeriesOfOrg>>>,
}

impl SeriesCache {
    pub(crate) fn of(&self, org: OrgId) -> Arc<HashMap<(String, String), i64>> {
        self.by_org.read().ok().and_then(|map| map.get(&org).cloned()).unwrap_or_default()
    }

    pub(crate) fn add(&self, org: OrgId, new: Vec<((String, String), i64)>) {
        if let Ok(mut map) = self.by_org.write() {
            let entry = map.entry(org).or_default();
            Arc::make_mut(entry).extend(new);
        }
    }
}

impl crate::Partner<'_> {
    /// Applies a push: data, receipt, outbox and idempotency in one transaction, on disk when this returns.
    ///
    /// # Errors
    /// When the database fails or is overloaded; then nothing of the push is kept.
    pub async fn push(&self, push: Push, items: Items) -> Result<Outcome, StoreError> {
        debug_assert_eq!(push.org, self.org, "a partner pushes for itself");
        let org = self.org;
        let known = self.store.inner.series.of(org);
        let dry_run = push.dry_run;
        let (outcome, new_series) = self.store.inner.writer.run(move |conn| Box::pin(async move { apply(conn, push, items, &known).await })).await?;
        if !dry_run && !new_series.is_empty() {
            self.store.inner.series.add(org, new_series);
        }
        Ok(outcome)
    }
}

type Applied = (Outcome, Vec<((String, String), i64)>);

async fn apply(conn: &mut Conn, push: Push, items: Items, known: &HashMap<(String, String), i64>) -> Result<Keep<Applied>, StoreError> {
    if let Some(idempotency) = &push.idempotency
        && let Some(before) = record::replay(conn, push.org, idempotency).await?
    {
        return Ok(Keep::No((before, vec![])));
    }
    let kept = items.len() as u32;
    let all_or_nothing = push.strict || push.mode == Mode::Snapshot;
    if (push.total > 0 && kept == 0) || (all_or_nothing && !push.failures.is_empty()) {
        let no = record::receipt(conn, &push, 0).await?;
        let receipt = ReceiptRecord { no, id: push.id, received_at: push.received_at, total: push.total, kept: 0, failures: push.failures };
        let refused = (Outcome::Refused(receipt), vec![]);
        return Ok(if push.dry_run { Keep::No(refused) } else { Keep::Yes(refused) });
    }
    let no = record::receipt(conn, &push, kept).await?;
    let (oldest, newest) = (items.oldest(), items.newest());
    let mut reach = record::Reach::default();
    let mut new_series = vec![];
    let mut revision = None;
    match &items {
        Items::Metrics(samples) => new_series = metrics::apply(conn, &push, no, samples, known, &mut reach).await?,
        Items::Incidents(list) => match incidents::apply(conn, &push, no, list, &mut reach).await? {
            incidents::Applied::Kept(newest) => revision = newest,
            incidents::Applied::Mismatch(current) => return Ok(Keep::No((Outcome::RevisionMismatch { current }, vec![]))),
        },
        Items::Events(list) => events::apply(conn, &push, no, list, &mut reach).await?,
        Items::Indicators(list) => indicators::apply(conn, &push, no, list, &mut reach).await?,
        Items::Counts { window, counts } => counts::apply(conn, &push, no, *window, counts, &mut reach).await?,
    }
    record::liveness(conn, &push, newest).await?;
    record::outbox(conn, &push, &reach, oldest).await?;
    if let Some(idempotency) = &push.idempotency {
        record::remember(conn, &push, idempotency, no).await?;
    }
    let receipt = ReceiptRecord { no, id: push.id, received_at: push.received_at, total: push.total, kept, failures: push.failures };
    let applied = (Outcome::Applied { receipt, revision }, new_series);
    Ok(if push.dry_run { Keep::No(applied) } else { Keep::Yes(applied) })
}
