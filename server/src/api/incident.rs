//! `GET` and `PUT /api/v1/incidents/{external_id}`: one incident, with its revision as ETag.

use super::{
    parse::{Context, IncidentRaw, one_incident},
    precondition::Precondition,
    problem::Problem,
    request::{PushQuery, Reader, accept, require},
    submit::{Receipt, push_revision},
};
use crate::{App, json_text};
use axum::{
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use store::What;

/// Reads back one of your own incidents, as you pushed it last.
///
/// One that a snapshot left out since has the status `closed`. Its revision is the ETag, for `If-None-Match` here and `If-Match` when you write it.
#[utoipa::path(
    get,
    path = "/incidents/{external_id}",
    tag = "read",
    operation_id = "read_incident",
    params(("external_id" = String, Path, description = "Your own id of the incident", min_length = 1, max_length = 128)),
    responses(
        (status = 200, description = "The newest revision", body = IncidentRaw<'static>, headers(("ETag" = String))),
        (status = 304, description = "Still the revision named in `If-None-Match`"),
        (status = 400, description = "Cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key may not do this", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing that this key may see", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn read(State(app): State<App>, Path(external_id): Path<String>, Reader(key): Reader, headers: HeaderMap) -> Result<Response, Problem> {
    require(&app, &key, "incidents").await?;
    let Some(revision) = app.store.partner(key.org).incident_revision(&external_id).await? else { return Err(Problem::not_found()) };
    let etag = format!("\"{}\"", revision.number);
    if Precondition::of(&headers).has(revision.number) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let body = match revision.left_out_at {
        None => revision.raw,
        Some(at) => json_text::set(&revision.raw, &[("status", "closed"), ("closed_at", &at.rfc3339_micros())]).ok_or_else(Problem::internal)?,
    };
    Ok(([(header::ETAG, etag), (header::CONTENT_TYPE, "application/json".to_owned())], body).into_response())
}

/// Writes one incident.
///
/// With `If-Match` only over the revision you read; with `If-None-Match: *` only if it is new. The body is an item of `POST /incidents`; its `external_id` may be left out.
#[utoipa::path(
    put,
    path = "/incidents/{external_id}",
    tag = "push",
    operation_id = "replace_incident",
    params(
        ("external_id" = String, Path, description = "Your own id of the incident", min_length = 1, max_length = 128),
        PushQuery,
        ("If-Match" = Option<String>, Header, description = "The ETag of the revision to replace, several of which one must be the newest, or `*`: the incident must exist"),
        ("If-None-Match" = Option<String>, Header, description = "`*`: the incident must be new"),
    ),
    request_body(content = IncidentRaw<'static>),
    responses(
        (status = 200, description = "Kept, on disk", body = Receipt, headers(("ETag" = String))),
        (status = 412, description = "The incident has changed", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn replace(State(app): State<App>, Path(external_id): Path<String>, request: Request<Body>) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let mut accepted = accept(&app, &parts, body, What::Incidents).await?;
    if matches!(accepted.query.mode, super::request::PushMode::Snapshot) {
        return Err(Problem::malformed("mode=snapshot speaks of all incidents; this request is about one."));
    }
    let precondition = Precondition::of(&parts.headers);
    if precondition.asks_first() {
        let newest = app.store.partner(accepted.key.org).incident_revision(&external_id).await?;
        precondition.holds(newest.map_or(0, |newest| newest.number))?;
    }
    let expected = precondition.expected();
    let board = app.live.board();
    let Some(org) = board.org(accepted.key.org) else { return Err(Problem::unavailable()) };
    let slug = org.info.slug.clone();
    let context =
        Context { board: &board, org: accepted.key.org, org_slug: &slug, now: app.clock.now(), said_at: app.clock.now(), backfill: false, alliance_keys: &[] };
    accepted.body = one_incident(&accepted.body, &external_id, &context)?;
    drop(board);
    // Kept as a push of one item; the sender sent the item alone.
    push_revision(&app, &format!("/incidents/{external_id}"), What::Incidents, accepted, expected).await.map_err(|problem| problem.inside("/items/0"))
}
