//! From an HTTP request to a body that is worth parsing: key, scope, quota, type, size, encoding; each refused before the
//! next costs anything.

use super::{
    MAX_AHEAD_SECONDS, MAX_BODY, MAX_INFLATED,
    large::{Place, SMALL},
    problem::Problem,
    submit::over_quota,
};
use crate::{
    App, audit,
    auth::{
        ClientAddress,
        keys::{ApiKey, AuthFailure, Quota},
    },
    serving::{Member, Party, Seat, is_late},
};
use async_compression::tokio::bufread::{GzipDecoder, ZstdDecoder};
use axum::{
    body::{Body, Bytes},
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::Response,
};
use domain::{SECOND, Timestamp};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use std::sync::{Arc, OnceLock};
use store::{Mode, What};
use tokio::io::AsyncReadExt;
use utoipa::{IntoParams, ToSchema};

/// The title of a refusal for a key that was sent.
const NOT_VALID: &str = "The API key is not valid";

/// Query of a push.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct PushQuery {
    /// `delta` (default): what is left out stays as it is. `snapshot`: this push is the whole truth of its class at the moment `as_of`; what it leaves out, and no
    /// later push named, is closed (incidents), withdrawn (events), expired (indicators) or silent (metrics), until a later push names it. An empty list closes everything.
    #[param(inline)]
    pub mode: PushMode,
    /// Of a snapshot the moment it was taken, RFC 3339 with a zone, at most 5 minutes ahead of the hub's clock; without it the moment it comes. One that was taken
    /// before the newest that was applied changes nothing, and its receipt says so in `outdated_by`.
    #[param(value_type = Option<String>, format = DateTime, example = "2026-05-01T12:00:00Z")]
    pub as_of: Option<String>,
    /// Answer as the real push would, and keep nothing.
    pub dry_run: bool,
}

/// Whether what a push leaves out still holds.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PushMode {
    #[default]
    Delta,
    Snapshot,
}

impl From<PushMode> for Mode {
    fn from(mode: PushMode) -> Self {
        match mode {
            PushMode::Delta => Self::Delta,
            PushMode::Snapshot => Self::Snapshot,
        }
    }
}

/// A push that was let in.
pub struct Accepted {
    pub key: ApiKey,
    pub query: PushQuery,
    /// `as_of` of the query.
    pub as_of: Option<Timestamp>,
    /// Inflated.
    pub body: Vec<u8>,
    /// Of a large body, whose bytes of the day are counted.
    pub place: Option<Place>,
    pub ndjson: bool,
    pub strict: bool,
    pub idempotency_key: Option<String>,
    pub user_agent: String,
}

/// Checks the key of a request.
///
/// # Errors
/// 401 with the reason; 503 when the database does not answer.
pub async fn authenticate(app: &App, ClientAddress(address): ClientAddress, headers: &HeaderMap) -> Result<ApiKey, Problem> {
    let failure = match app.keys.authenticate(app, headers.get(header::AUTHORIZATION), address).await {
        Ok(key) => {
            app.live.know(key.org).await;
            return Ok(key);
        }
        Err(failure) => failure,
    };
    match &failure {
        AuthFailure::Revoked | AuthFailure::Expired => audit::key_ended(app, headers).await,
        AuthFailure::Unknown => audit::key_unknown(app, address).await,
        AuthFailure::Elsewhere(key) => audit::key_elsewhere(app, key, address).await,
        _ => {}
    }
    Err(refused(failure))
}

/// A key that reads. The request is counted before anything is read for it.
pub struct Reader(pub ApiKey);

impl FromRequestParts<App> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let key = authenticate(app, ClientAddress::of(parts), &parts.headers).await?;
        let quota = app.keys.read(&key, app.clock.now());
        if !quota.allowed {
            return Err(used_up(&quota));
        }
        if let Some(Counted(counted)) = parts.extensions.get() {
            let _ = counted.set(quota);
        }
        Ok(Self(key))
    }
}

/// Where a read notes what is left after it, for the answer to say.
#[derive(Clone, Default)]
struct Counted(Arc<OnceLock<Quota>>);

/// The answer to a key, or its organisation, that has asked as often in this minute as it may.
fn used_up(quota: &Quota) -> Problem {
    let (title, what) = match quota.name {
        "read" => ("Too many reads", "reads a minute of a key"),
        "push" => ("Too many pushes", "pushes a minute of a key"),
        _ => ("Too many pushes", "pushes a minute of an organisation, with all its keys"),
    };
    let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "quota", title, format!("At most {} {what}.", quota.limit))
        .with(header::RETRY_AFTER, &quota.reset_s.max(1).to_string());
    quota.headers().into_iter().fold(problem, |problem, (name, said)| problem.with(name, &said))
}

/// Answers to reads say what is left of their quota; and a key that was good for something keeps its connection when connections run short. With
/// `axum::middleware::from_fn_with_state`, around what takes keys alone.
pub async fn identified(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let seat = request.extensions().get::<Arc<Seat>>().cloned();
    let (key, address) = (request.headers().get(header::AUTHORIZATION).cloned(), request.extensions().get::<ClientAddress>().and_then(|a| a.0));
    let counted = Counted::default();
    request.extensions_mut().insert(counted.clone());
    let mut response = next.run(request).await;
    for (name, said) in counted.0.get().into_iter().flat_map(Quota::headers) {
        response.headers_mut().extend(HeaderValue::from_str(&said).map(|said| (name, said)));
    }
    if let Some(seat) = seat.filter(|seat| response.status().is_success() && seat.is_anonymous())
        // It was good a moment ago, so it is remembered and the database is not asked again.
        && let Ok(key) = app.keys.authenticate(&app, key.as_ref(), address).await
    {
        seat.identify(Party { member: Member::Key(key.id), org: key.org });
    }
    response
}

/// The answer to a request that speaks for nobody.
pub(super) fn refused(failure: AuthFailure) -> Problem {
    let (title, detail) = match failure {
        AuthFailure::Missing => ("An API key is needed", "Send the header Authorization: Bearer swk_…."),
        AuthFailure::Malformed => (NOT_VALID, "This is not a Shieldwall key; a character may be missing or wrong."),
        AuthFailure::Unknown => (NOT_VALID, "This key is not known here."),
        AuthFailure::Revoked => (NOT_VALID, "This key was revoked."),
        AuthFailure::Expired => (NOT_VALID, "This key has expired."),
        AuthFailure::Elsewhere(_) => (NOT_VALID, "This key may not be used from your address."),
        AuthFailure::Unavailable(error) => return error.into(),
    };
    tracing::info!(detail, "key refused");
    Problem::unauthorized(title, detail)
}

/// Lets a push in, or says why not.
///
/// # Errors
/// 400, 401, 403, 408, 413, 415, 429.
pub async fn accept(app: &App, parts: &Parts, body: Body, what: What) -> Result<Accepted, Problem> {
    let key = authenticate(app, ClientAddress::of(parts), &parts.headers).await?;
    require(app, &key, scope_of(what)).await?;
    let quota = app.keys.take(&key, app.clock.now());
    if !quota.allowed {
        return Err(used_up(&quota));
    }
    let query = parts.uri.query().unwrap_or_default();
    let query: PushQuery = serde_urlencoded::from_str(query)
        .map_err(|e| Problem::malformed(format!("The query cannot be read: {}.", super::parse::syntax::query(&e.to_string()))))?;
    let as_of = as_of(&query, app.clock.now())?;
    let ndjson = content_type(&parts.headers, what)?;
    let idempotency_key = idempotency_key(&parts.headers)?;
    let strict = parts
        .headers
        .get_all("prefer")
        .iter()
        .filter_map(|v| v.to_str().ok())
        .any(|v| v.split([',', ';']).any(|p| p.trim().eq_ignore_ascii_case("handling=strict")));
    let user_agent = parts.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let user_agent: String = user_agent.chars().filter(|c| !c.is_control()).take(200).collect();
    let bytes = read_body(body, &parts.headers).await?;
    let encoding = parts.headers.get(header::CONTENT_ENCODING).map(|v| v.to_str().unwrap_or("?").trim().to_ascii_lowercase());
    let (body, place) = inflate_in_turn(app, &key, encoding, bytes, idempotency_key.is_some()).await?;
    // A body takes its time, in which the key may have been revoked.
    let key = authenticate(app, ClientAddress::of(parts), &parts.headers).await?;
    require(app, &key, scope_of(what)).await?;
    Ok(Accepted { key, query, as_of, body, place, ndjson, strict, idempotency_key, user_agent })
}

/// Whether a key has the scope of a kind of push; where it has not, the audit trail has a row of it.
///
/// # Errors
/// 403 that names the scope.
pub async fn require(app: &App, key: &ApiKey, scope: &'static str) -> Result<(), Problem> {
    if key.may(scope) {
        return Ok(());
    }
    audit::key_denied(app, key, scope).await;
    Err(Problem::forbidden(format!("This key lacks the scope {scope}.")))
}

fn scope_of(what: What) -> &'static str {
    match what {
        What::Metrics => "metrics",
        What::Incidents => "incidents",
        What::Events => "events",
        What::Indicators | What::IndicatorCounts => "indicators",
    }
}

/// The moment a snapshot was taken, where it says so.
///
/// # Errors
/// 400 where it is no moment, lies ahead, or is said of a push that is no snapshot.
fn as_of(query: &PushQuery, now: Timestamp) -> Result<Option<Timestamp>, Problem> {
    let Some(text) = query.as_of.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { return Ok(None) };
    if !matches!(query.mode, PushMode::Snapshot) {
        return Err(Problem::malformed("as_of: only a snapshot was taken at a moment; add mode=snapshot, or leave it out."));
    }
    // A plus sign in a query is a blank, unless it is written %2B.
    let text = match text.rsplit_once(' ') {
        Some((moment, zone)) if moment.contains('T') && zone.contains(':') => format!("{moment}+{zone}"),
        _ => text.to_owned(),
    };
    let at = Timestamp::parse(&text).map_err(|e| Problem::malformed(format!("as_of {e}.")))?;
    if text.len() <= 10 {
        return Err(Problem::malformed("as_of must be a date-time, such as 2026-05-01T12:00:00Z: a day has many moments."));
    }
    if at.0 < 0 {
        return Err(Problem::malformed("as_of is before 1970."));
    }
    if at > now.plus(i64::from(MAX_AHEAD_SECONDS) * SECOND) {
        return Err(Problem::malformed(format!("as_of is more than 5 minutes ahead of the hub's clock ({now}).")));
    }
    Ok(Some(at))
}

/// True for NDJSON.
fn content_type(headers: &HeaderMap, what: What) -> Result<bool, Problem> {
    let sent = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let media = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media.as_str() {
        "application/json" => Ok(false),
        "application/x-ndjson" | "application/ndjson" if what.comes_as_lines() => Ok(true),
        _ => Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "Unsupported media type",
            if what.comes_as_lines() { "Send Content-Type: application/json or application/x-ndjson." } else { "Send Content-Type: application/json." },
        )),
    }
}

/// The Idempotency-Key header (IETF draft 07), quoted or bare.
///
/// # Errors
/// 400 where there are several, or one that is empty, too long, or not of visible ASCII characters.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut all = headers.get_all("idempotency-key").iter();
    let Some(value) = all.next() else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let key = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(text);
    let ok = all.next().is_none() && (1..=200).contains(&key.len()) && key.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'"' && b != b'\\');
    if ok { Ok(Some(key.to_owned())) } else { Err(Problem::malformed("Idempotency-Key: must be one value of 1 to 200 visible ASCII characters.")) }
}

async fn read_body(body: Body, headers: &HeaderMap) -> Result<Bytes, Problem> {
    let too_large = || Problem::too_large(format!("The body may have {MAX_BODY} bytes."));
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if declared.is_some_and(|n| n > MAX_BODY as u64) {
        return Err(too_large());
    }
    match Limited::new(body, MAX_BODY).collect().await {
        Ok(all) => Ok(all.to_bytes()),
        Err(e) if e.downcast_ref::<LengthLimitError>().is_some() => Err(too_large()),
        Err(e) if is_late(&*e) => Err(Problem::late()),
        Err(_) => Err(Problem::malformed("The body ended before its end.")),
    }
}

/// Undoes the encoding of a push's body: a small one at once, a large one in its organisation's turn. What is inflated for nothing is counted, too; so
/// is every large body, before it is read. `again`: it may be a request that was answered before, which no quota refuses.
///
/// # Errors
/// As [`decode`]; 429 or 507 beyond the organisation's quota of bytes; 503 where too many of its large pushes wait.
async fn inflate_in_turn(app: &App, key: &ApiKey, encoding: Option<String>, bytes: Bytes, again: bool) -> Result<(Vec<u8>, Option<Place>), Problem> {
    let plain = matches!(encoding.as_deref(), None | Some("identity"));
    if plain && bytes.len() <= SMALL {
        return Ok((bytes.into(), None));
    }
    let partner = app.store.partner(key.org);
    let (quota, now) = (app.config.quotas.bytes, app.clock.now());
    if !plain {
        let small = inflate(encoding.as_deref(), bytes.clone(), SMALL).await?;
        match small.end {
            End::Whole => return Ok((small.body, None)),
            End::Broken => {
                partner.charge(small.body.len() as u64, quota, now).await?;
                return Err(small.whole().err().unwrap_or_else(Problem::internal));
            }
            End::More => {}
        }
    }
    let place = Place::take(app, key.org).await?;
    let runtime = tokio::runtime::Handle::current();
    // It reads from memory and waits for nothing.
    let (place, inflated) = place.work(move || runtime.block_on(inflate(encoding.as_deref(), bytes, MAX_INFLATED))).await?;
    let inflated = inflated?;
    let over = partner.charge(inflated.body.len() as u64, quota, now).await?;
    let body = inflated.whole()?;
    match over.filter(|_| !again) {
        Some(over) => Err(over_quota(app, over)),
        None => Ok((body, Some(place))),
    }
}

/// Undoes the encoding of a body.
///
/// # Errors
/// 400 where it does not inflate, 413 where it inflates to more than [`MAX_INFLATED`], 415 for an unknown encoding.
pub async fn decode(encoding: Option<&str>, bytes: Bytes) -> Result<Vec<u8>, Problem> {
    inflate(encoding, bytes, MAX_INFLATED).await?.whole()
}

/// What came out of a body.
struct Inflated {
    body: Vec<u8>,
    end: End,
}

enum End {
    Whole,
    /// There is more than was asked for.
    More,
    Broken,
}

impl Inflated {
    fn whole(self) -> Result<Vec<u8>, Problem> {
        match self.end {
            End::Whole => Ok(self.body),
            End::More => Err(Problem::too_large(format!("The body may inflate to {MAX_INFLATED} bytes."))),
            End::Broken => Err(Problem::malformed("The body does not inflate.")),
        }
    }
}

/// Undoes an encoding, as far as it makes no more than `most` bytes and one, so that a bomb costs no more.
///
/// # Errors
/// 415 for an unknown encoding.
async fn inflate(encoding: Option<&str>, bytes: Bytes, most: usize) -> Result<Inflated, Problem> {
    match encoding {
        None | Some("identity") => Ok(Inflated { end: if bytes.len() > most { End::More } else { End::Whole }, body: bytes.into() }),
        // A body may be packed in several pieces, one after the other; reading only the first would lose the rest.
        Some("gzip") => {
            let mut decoder = GzipDecoder::new(&bytes[..]);
            decoder.multiple_members(true);
            Ok(read_to_end(decoder, most).await)
        }
        Some("zstd") => {
            let mut decoder = ZstdDecoder::new(&bytes[..]);
            decoder.multiple_members(true);
            Ok(read_to_end(decoder, most).await)
        }
        Some(_) => Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoding", "Unsupported encoding", "Send Content-Encoding: gzip, zstd, or none.")
            .with(header::ACCEPT_ENCODING, "gzip, zstd, identity")),
    }
}

async fn read_to_end(decoder: impl tokio::io::AsyncRead, most: usize) -> Inflated {
    let mut decoder = std::pin::pin!(decoder.take(most as u64 + 1));
    let mut body = Vec::new();
    let end = match decoder.read_to_end(&mut body).await {
        Err(_) => End::Broken,
        Ok(_) if body.len() > most => End::More,
        Ok(_) => End::Whole,
    };
    Inflated { body, end }
}
