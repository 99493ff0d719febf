//! `GET /api/v1/whoami`

use super::{MAX_AGE_DAYS, MAX_AHEAD_SECONDS, MAX_BODY, MAX_DEPTH, MAX_INFLATED, MAX_ITEMS, problem::Problem, request::authenticate};
use crate::{App, auth::ClientAddress};
use axum::{Json, extract::State, http::HeaderMap};
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
    /// How far `observed_at` may be ahead.
    max_ahead_seconds: u32,
    /// How old data may be without the scope `backfill`.
    max_age_days: u32,
}

/// Says whose key this is, what it may do, and the limits of a push.
#[utoipa::path(
    get,
    path = "/whoami",
    tag = "read",
    operation_id = "whoami",
    responses(
        (status = 200, description = "The key's organisation, scopes and limits", body = WhoAmI),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn read(State(app): State<App>, address: ClientAddress, headers: HeaderMap) -> Result<Json<WhoAmI>, Problem> {
    let key = authenticate(&app, address, &headers).await?;
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
            pushes_per_minute: app.keys.limit(),
            max_ahead_seconds: MAX_AHEAD_SECONDS,
            max_age_days: MAX_AGE_DAYS,
        },
    }))
}
