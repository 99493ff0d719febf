//! `POST /api/v1/events`

use super::{
    parse::EventRaw,
    problem::Problem,
    request::{PushQuery, accept},
    submit::{Receipt, push as submit_push},
};
use crate::App;
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use serde::Serialize;
use store::What;
use utoipa::ToSchema;

/// The body of this push.
#[derive(Serialize, ToSchema)]
#[schema(as = Events)]
pub struct Batch {
    #[schema(value_type = Vec<EventRaw>, max_items = 1000)]
    items: (),
}

/// Pushes security events, as JSON or NDJSON (one item a line).
#[utoipa::path(
    post,
    path = "/events",
    tag = "push",
    operation_id = "push_events",
    params(
        PushQuery,
        ("Idempotency-Key" = Option<String>, Header, description = "Makes repeating the request harmless", max_length = 200, pattern = "^[!#-\\[\\]-~]+$"),
        ("Prefer" = Option<String>, Header, description = "`handling=strict`: all items or none")
    ),
    request_body(content((inline(Batch) = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "Kept, on disk; perhaps in part", body = Receipt, headers(("ETag" = Option<String>), ("RateLimit" = String), ("Idempotency-Replayed" = Option<String>))),
        (status = 400, description = "Cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key may not do this", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A request with this Idempotency-Key is in flight", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not come in time", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Unsupported media type or encoding", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No item can be kept", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many pushes", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not available just now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn push(State(app): State<App>, request: Request<Body>) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let accepted = accept(&app, &parts, body, What::Events).await?;
    submit_push(&app, "/events", What::Events, accepted).await
}
