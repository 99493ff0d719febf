//! `GET /api/v1/whoami`

use super::{
    MAX_AGE_DAYS, MAX_AHEAD_SECONDS, MAX_BODY, MAX_DEPTH, MAX_INFLATED, MAX_ITEMS,
    alliance_key::{FormerKey, former},
    problem::Problem,
    request::Reader,
};
use crate::{App, audit, quotas};
use axum::{Json, extract::State};
use domain::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Whose key this is, and what it may do.
#[derive(Serialize, ToSchema)]
pub struct WhoAmI {
    /// The organisation's slug.
    organisation: String,
    /// The organisation's name.
    name: String,
    /// The key's name.
    key: String,
    /// What it may push: `metrics`, `incidents`, `events`, `indicators`; `backfill` for old data.
    scopes: Vec<String>,
    /// What one push may be.
    limits: Limits,
    /// What the organisation may take in all, and has taken.
    quotas: Vec<Quota>,
    /// Of a key with the scope `indicators`: how many new ones are compared with those of organisations that are not named.
    #[serde(skip_serializing_if = "Option::is_none")]
    comparisons: Option<Comparisons>,
    /// Of a key with the scope `indicators`, where the organisation takes part in comparing keyed hashes: which key of the alliance is in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    alliance_key: Option<KeyInUse>,
    /// What the audit trail's checkpoints are signed with; none on a hub without a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    audit_key: Option<AuditKey>,
}

/// New indicators that are compared with those of organisations that are not named. What goes beyond is kept, and compared on a later day.
#[derive(Serialize, ToSchema)]
pub struct Comparisons {
    /// Compared on one day, of the whole organisation.
    per_day: i64,
    /// Left today.
    left: i64,
    /// Kept and not compared yet.
    waiting: i64,
    /// When the next new one is compared, where none is left today: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    goes_on_at: Option<String>,
}

/// The alliance's key that is in use.
#[derive(Serialize, ToSchema)]
pub struct KeyInUse {
    /// The key's number.
    id: i64,
    /// The key before, while hashes under it are still compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    former: Option<FormerKey>,
}

/// What an organisation may take of something, and has taken.
#[derive(Serialize, ToSchema)]
pub struct Quota {
    /// `pushes per minute` (of this hub), `bytes per day`, `bytes in all`, `keys`.
    name: String,
    /// The most.
    limit: u64,
    /// Taken.
    used: u64,
    /// Whether four fifths are taken: time to ask the hub's operator for more.
    warning: bool,
}

/// The public key of the audit trail. Keep it apart from the hub: a trail that was signed with another one was made anew, unless it names the change.
#[derive(Serialize, ToSchema)]
pub struct AuditKey {
    /// Ed25519, 32 bytes in base64.
    public_key: String,
    /// `SHA256:` and the SHA-256 of the key, in base64 without padding.
    fingerprint: String,
}

/// What one push may be.
#[derive(Serialize, ToSchema)]
pub struct Limits {
    /// Items in one push.
    items_per_push: usize,
    /// Bytes of a body as sent.
    body_bytes: usize,
    /// Bytes of a body after inflating gzip or zstd.
    inflated_bytes: usize,
    /// Nesting of the JSON.
    depth: usize,
    /// Metric and labels, over all that the organisation ever pushed.
    series_per_organisation: usize,
    /// Pushes a minute and key.
    pushes_per_minute: u32,
    /// Requests a minute and key that read, as this one does.
    reads_per_minute: u32,
    /// How far `observed_at` may be ahead.
    max_ahead_seconds: u32,
    /// How old data may be without the scope `backfill`.
    max_age_days: u32,
}

/// Says whose key this is, what it may do, and the limits of a push.
///
/// A push that is refused for its size, number or age meets one of the limits here; the quotas say how much of them is left.
#[utoipa::path(
    get,
    path = "/whoami",
    tag = "read",
    operation_id = "whoami",
    responses(
        (status = 200, description = "The key's organisation, scopes, limits and quotas", body = WhoAmI),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn read(State(app): State<App>, Reader(key): Reader) -> Result<Json<WhoAmI>, Problem> {
    let (hub, now) = (app.store.hub(), app.clock.now());
    let (mut comparisons, mut alliance_key) = (None, None);
    if key.scopes.iter().any(|scope| scope == "indicators") {
        let state = hub.comparisons(key.org, now).await?;
        comparisons = Some(Comparisons {
            per_day: store::COMPARISONS_PER_DAY,
            left: state.left,
            waiting: state.waiting,
            goes_on_at: state.goes_on.map(Timestamp::rfc3339),
        });
        if hub.hashes_since(key.org).await?.is_some() {
            let keys = app.store.alliance_keys().await?;
            alliance_key = Some(KeyInUse { id: keys.current.no, former: former(&keys, now) });
        }
    }
    let used = quotas::used(&app, key.org).await?;
    let board = app.live.board();
    let org = board.org(key.org).ok_or_else(Problem::unavailable)?;
    Ok(Json(WhoAmI {
        organisation: org.info.slug.clone(),
        name: org.info.name.clone(),
        key: key.name.clone(),
        scopes: key.scopes.clone(),
        limits: Limits {
            items_per_push: MAX_ITEMS,
            body_bytes: MAX_BODY,
            inflated_bytes: MAX_INFLATED,
            depth: MAX_DEPTH,
            series_per_organisation: store::MAX_SERIES,
            pushes_per_minute: app.keys.limits().pushes,
            reads_per_minute: app.keys.limits().reads,
            max_ahead_seconds: MAX_AHEAD_SECONDS,
            max_age_days: MAX_AGE_DAYS,
        },
        comparisons,
        alliance_key,
        quotas: used.into_iter().map(|q| Quota { warning: q.is_near(), name: q.name, limit: q.limit, used: q.used }).collect(),
        audit_key: app.audit.public_key().map(|key| AuditKey { public_key: audit::public_key(&key), fingerprint: audit::fingerprint(&key) }),
    }))
}
