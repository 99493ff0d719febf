//! From a parsed body to a receipt. Pushes over HTTP, the importer and the demo all come through here.

use super::{
    large::{Place, SMALL},
    notes, parse, precondition,
    problem::{FieldError, Problem},
    request::{self, Accepted},
};
use crate::{App, audit::Newest, auth::keys::AuthFailure};
use axum::{
    Json,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{DAY, OrgId, SECOND, Timestamp};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::{cell::RefCell, sync::Arc};
use store::{Failure, Idempotency, Items, KeyEnd, Mode, Outcome, OverQuota, Push, ReceiptRecord, What};
use utoipa::ToSchema;
use uuid::Uuid;

/// A push on its way in.
#[derive(Clone, Debug)]
pub struct Submission {
    pub org: OrgId,
    pub org_slug: String,
    /// The key it came with; `None` for what the program itself sends.
    pub key_id: Option<i64>,
    pub key_name: String,
    pub what: What,
    pub mode: Mode,
    /// Of a snapshot the moment it was taken, where it says so.
    pub as_of: Option<Timestamp>,
    pub strict: bool,
    pub dry_run: bool,
    /// May bring data older than 30 days.
    pub backfill: bool,
    pub ndjson: bool,
    /// Inflated JSON or NDJSON.
    pub body: Vec<u8>,
    pub user_agent: String,
    /// Route and key.
    pub idempotency: Option<(String, String)>,
    /// The revision that a single incident must replace; 0: it must be new.
    pub expected_revision: Option<i64>,
}

/// A push that was answered with success.
#[derive(Debug)]
pub struct Submitted {
    pub receipt: Receipt,
    pub replayed: bool,
    /// The revision of a single incident.
    pub revision: Option<i64>,
}

/// The record of one accepted push, with TAXII's field names.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Receipt {
    /// Where it can be read again: `GET /api/v1/receipts/{id}`.
    pub id: Uuid,
    /// Always `complete`: what is answered is on disk.
    pub status: &'static str,
    /// When it came: RFC 3339, UTC.
    pub request_timestamp: String,
    /// Items in the push.
    pub total_count: u32,
    /// Items kept, those that were there already included; 0 of a snapshot that changed nothing (`outdated_by`).
    pub success_count: u32,
    /// Items refused; 0 of a snapshot that changed nothing (`outdated_by`).
    pub failure_count: u32,
    /// Always 0: nothing waits.
    pub pending_count: u32,
    /// The refused items, by all that is wrong with them; send only these again, corrected. Of the 21st refused item on, one fault each, without its particulars.
    pub failures: Vec<ItemFailure>,
    /// Of a snapshot that was applied: the moment it was taken. RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub as_of: Option<String>,
    /// Of a snapshot that changed nothing, because a newer one had been applied: the moment that one was taken. RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outdated_by: Option<String>,
    /// Of a snapshot that was applied: what it left out, and so ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// How the hub understands what it kept, in sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The newest checkpoint of the audit trail, from the first one on. Who keeps it is a witness.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_checkpoint: Option<Newest>,
}

/// What a snapshot left out: incidents are closed by it, events are withdrawn, indicators and values expire.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeftOut {
    /// How many it ended.
    pub count: u32,
    /// The first 20 of them: `external_id`s, the values of indicators, the metrics of values.
    pub names: Vec<String>,
}

impl From<store::LeftOut> for LeftOut {
    fn from(l: store::LeftOut) -> Self {
        Self { count: l.count, names: l.names }
    }
}

/// One fault of a refused item.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ItemFailure {
    /// Position in the push.
    pub index: u32,
    /// JSON Pointer into the body.
    pub pointer: String,
    /// A stable word for programs.
    pub code: String,
    /// What is wrong, and what would be right.
    pub detail: String,
}

impl From<Failure> for ItemFailure {
    fn from(f: Failure) -> Self {
        Self { index: f.index, pointer: f.pointer, code: f.code, detail: f.detail }
    }
}

impl From<ReceiptRecord> for Receipt {
    fn from(r: ReceiptRecord) -> Self {
        let failure_count = r.refused();
        Self {
            id: r.id,
            status: "complete",
            request_timestamp: r.received_at.rfc3339_micros(),
            total_count: r.total,
            success_count: r.kept,
            failure_count,
            pending_count: 0,
            failures: r.failures.into_iter().map(Into::into).collect(),
            as_of: r.as_of.map(Timestamp::rfc3339_micros),
            outdated_by: r.outdated_by.map(Timestamp::rfc3339_micros),
            left_out: r.left_out.map(Into::into),
            notes: vec![],
            audit_checkpoint: None,
        }
    }
}

/// Keys in flight: the same key twice at once is answered 409, not applied twice.
#[derive(Default)]
pub struct InFlight(dashmap::DashSet<(OrgId, String, String)>);

struct Flight<'a>(&'a InFlight, (OrgId, String, String));

impl InFlight {
    fn enter(&self, key: (OrgId, String, String)) -> Option<Flight<'_>> {
        self.0.insert(key.clone()).then_some(Flight(self, key))
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.0.0.remove(&self.1);
    }
}

/// What is read of a body.
struct Read {
    parsed: parse::Parsed,
    sha256: [u8; 32],
    notes: Vec<String>,
    /// The body, zstd.
    payload: Vec<u8>,
}

/// Reads the body of a push.
///
/// # Errors
/// The refusal, naming the field.
fn read(app: &App, s: &Submission, received_at: Timestamp, alliance_keys: &[i64]) -> Result<Read, Problem> {
    let board = app.live.board();
    let said_at = s.as_of.unwrap_or(received_at).min(received_at);
    let context = parse::Context { board: &board, org: s.org, org_slug: &s.org_slug, now: received_at, said_at, backfill: s.backfill, alliance_keys };
    let mut parsed = parse::parse(s.what, s.ndjson, &s.body, &context)?;
    if let (Some(expected), Items::Incidents(items)) = (s.expected_revision, &mut parsed.items) {
        items.iter_mut().for_each(|i| i.expected_revision = Some(expected));
    }
    let payload = pack(&s.body).map_err(|_| Problem::internal())?;
    let notes = if parsed.failures.is_empty() { notes::of_kept(&parsed.items) } else { notes::of(s.what, &s.body) };
    Ok(Read { parsed, sha256: Sha256::digest(&s.body).into(), notes, payload })
}

/// A body as it is kept: zstd.
fn pack(body: &[u8]) -> std::io::Result<Vec<u8>> {
    thread_local! {
        /// Its tables are larger than most bodies, and take longer to make.
        static COMPRESSOR: RefCell<Option<zstd::bulk::Compressor<'static>>> = const { RefCell::new(None) };
    }
    COMPRESSOR.with_borrow_mut(|compressor| match compressor {
        Some(compressor) => compressor.compress(body),
        None => compressor.insert(zstd::bulk::Compressor::new(1)?).compress(body),
    })
}

/// Validates and keeps a push.
///
/// # Errors
/// The refusal, naming the field. Nothing is kept then but, where items were read, the receipt that says so.
pub async fn submit(app: &App, s: Submission) -> Result<Submitted, Problem> {
    submit_in_turn(app, s, None).await
}

/// As [`submit`], where a large body has its place, and its bytes of the day are counted.
///
/// # Errors
/// As [`submit`].
async fn submit_in_turn(app: &App, mut s: Submission, place: Option<Place>) -> Result<Submitted, Problem> {
    let received_at = app.clock.now();
    // What the program itself sends has no quota.
    let (quota, charged) = (s.key_id.map(|_| app.config.quotas.bytes), place.is_some());
    let alliance_keys = match s.what {
        What::Indicators => app.store.alliance_keys().await?.numbers(received_at),
        What::Metrics | What::Incidents | What::Events | What::IndicatorCounts => vec![],
    };
    let _flight = match &s.idempotency {
        None => None,
        Some((route, key)) => Some(app.live.in_flight.enter((s.org, route.clone(), key.clone())).ok_or_else(|| {
            Problem::new(StatusCode::CONFLICT, "in-flight", "Still at work", "A request with this Idempotency-Key is still being answered.")
                .with(header::RETRY_AFTER, "1")
        })?),
    };
    let bytes = s.body.len() as u64;
    let (turn, done) = if s.body.len() > SMALL {
        let place = match place {
            Some(place) => place,
            None => Place::take(app, s.org).await?,
        };
        let shared = app.clone();
        let work = move || {
            let done = read(&shared, &s, received_at, &alliance_keys);
            s.body = vec![];
            (s, done)
        };
        let (place, (submission, done)) = place.work(work).await?;
        s = submission;
        (Some(place.into_turn()), done)
    } else {
        (None, read(app, &s, received_at, &alliance_keys))
    };
    let Read { parsed, sha256, notes, payload } = match (done, quota) {
        (Ok(done), _) => done,
        (Err(problem), Some(quota)) if !charged => {
            // It was read for nothing, and not for free.
            if let Err(error) = app.store.partner(s.org).charge(bytes, quota, received_at).await {
                tracing::warn!(%error, bytes, "what was read for nothing is not counted");
            }
            return Err(problem);
        }
        (Err(problem), _) => return Err(problem),
    };
    let idempotency = s.idempotency.map(|(route, key)| {
        let mut hash = Sha256::new();
        hash.update(format!("{route}\0{:?}\0{}\0{}\0{:?}\0", s.mode, s.strict, s.dry_run, s.expected_revision));
        if let Some(as_of) = s.as_of {
            hash.update(as_of.0.to_be_bytes());
        }
        hash.update(sha256);
        Idempotency { route, key, fingerprint: hash.finalize().into() }
    });
    let push = Push {
        id: store::record_id(received_at),
        org: s.org,
        key_id: s.key_id,
        key_name: s.key_name,
        what: s.what,
        mode: s.mode,
        as_of: s.as_of,
        received_at,
        total: parsed.total,
        failures: parsed.failures,
        bytes,
        sha256,
        user_agent: s.user_agent,
        idempotency,
        payload,
        dry_run: s.dry_run,
        strict: s.strict,
        quota,
        charged,
    };
    match app.store.partner(s.org).push_in_turn(turn, push, parsed.items).await? {
        Outcome::Applied { receipt, revision } => Ok(Submitted { receipt: witnessed(app, receipt, notes), replayed: false, revision }),
        Outcome::Replayed(receipt) => Ok(Submitted { receipt: witnessed(app, receipt, notes), replayed: true, revision: None }),
        Outcome::Refused(receipt) => Err(refused(receipt)),
        Outcome::KeyEnded(end) => Err(request::refused(match end {
            KeyEnd::Revoked => AuthFailure::Revoked,
            KeyEnd::Expired => AuthFailure::Expired,
        })),
        Outcome::KeyReused => Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "idempotency-key-reused",
            "The Idempotency-Key belongs to another request",
            "Take a new key for a new content.",
        )),
        Outcome::TooManySeries => Err(Problem::invalid(format!(
            "An organisation may have {} series (metric and labels); with this push there would be more, so nothing of it was kept.",
            store::MAX_SERIES
        ))),
        Outcome::OverQuota(over) => Err(over_quota(app, over)),
        Outcome::RevisionMismatch { current } => Err(precondition::changed(current)),
    }
}

/// The answer to a push beyond what its organisation may push. Of a day's quota it is worth waiting for the end; of the whole for retention, or for the
/// hub's operator.
pub(super) fn over_quota(app: &App, over: OverQuota) -> Problem {
    let quota = app.config.quotas.bytes;
    let nothing = "Nothing of this request was kept.";
    match over {
        OverQuota::Day => {
            let left = DAY - app.clock.now().0.rem_euclid(DAY);
            let detail = format!("An organisation may push {} bytes a day (UTC), after inflating. {nothing}", quota.per_day);
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "quota-bytes-per-day", "Too much in a day", detail)
                .with(header::RETRY_AFTER, &(left / SECOND + 1).to_string())
        }
        OverQuota::Total => {
            let detail = format!("Of an organisation's payloads {} bytes may be kept; the hub frees them with time. {nothing}", quota.total);
            Problem::new(StatusCode::INSUFFICIENT_STORAGE, "quota-bytes-total", "Too much in all", detail)
        }
    }
}

/// A receipt that makes its reader a witness of the audit trail.
fn witnessed(app: &App, receipt: ReceiptRecord, notes: Vec<String>) -> Receipt {
    Receipt { notes, audit_checkpoint: app.audit.newest(), ..receipt.into() }
}

fn refused(receipt: ReceiptRecord) -> Problem {
    let errors: Vec<FieldError> = receipt.failures.iter().map(Into::into).collect();
    let receipt = Receipt::from(receipt);
    let items: std::collections::BTreeSet<u32> = receipt.failures.iter().map(|f| f.index).collect();
    let mut problem = Problem::invalid(format!("{} of {} items are refused, and nothing was kept.", items.len(), receipt.total_count));
    problem.errors = errors;
    problem.receipt = serde_json::to_value(receipt).ok().map(Box::new);
    problem
}

/// Runs a push that came over HTTP, in a task of its own: a client that hangs up changes nothing about it.
///
/// # Errors
/// As [`submit`].
pub async fn push(app: &App, route: &str, what: What, accepted: Accepted) -> Result<Response, Problem> {
    push_revision(app, route, what, accepted, None).await
}

/// As [`push`], over a given revision of a single incident.
///
/// # Errors
/// As [`submit`].
pub async fn push_revision(app: &App, route: &str, what: What, accepted: Accepted, expected_revision: Option<i64>) -> Result<Response, Problem> {
    let board = app.live.board();
    let Some(org) = board.org(accepted.key.org) else { return Err(Problem::unavailable()) };
    let quota = app.keys.peek(&accepted.key, app.clock.now());
    let submission = Submission {
        org: accepted.key.org,
        org_slug: org.info.slug.clone(),
        key_id: Some(accepted.key.id),
        key_name: accepted.key.name.clone(),
        what,
        mode: accepted.query.mode.into(),
        as_of: accepted.as_of,
        strict: accepted.strict,
        dry_run: accepted.query.dry_run,
        backfill: accepted.key.scopes.iter().any(|s| s == "backfill"),
        ndjson: accepted.ndjson,
        body: accepted.body,
        user_agent: accepted.user_agent,
        idempotency: accepted.idempotency_key.map(|key| (route.to_owned(), key)),
        expected_revision,
    };
    let (dry_run, place) = (submission.dry_run, accepted.place);
    drop(board);
    let shared = Arc::new(app.clone());
    let done = tokio::spawn(async move { submit_in_turn(&shared, submission, place).await }).await.map_err(|_| Problem::internal())??;
    let mut response = Json(&done.receipt).into_response();
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, value: String| {
        headers.extend(HeaderValue::from_str(&value).map(|v| (name, v)));
    };
    for (name, said) in quota.headers() {
        set(name, said);
    }
    if done.replayed {
        set(HeaderName::from_static("idempotency-replayed"), "true".into());
    }
    if !dry_run {
        set(header::LOCATION, format!("/api/v1/receipts/{}", done.receipt.id));
    }
    if let Some(revision) = done.revision {
        set(header::ETAG, format!("\"{revision}\""));
    }
    Ok(response)
}
