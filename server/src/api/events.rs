//! `POST /api/v1/events`

use super::{parse::EventRaw, problem::Problem, push::take, request::PushQuery, submit::Receipt};
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
///
/// An event that is pushed again under its `external_id` with other content replaces what was kept; repeating one changes nothing.
#[utoipa::path(
    post,
    path = "/events",
    tag = "push",
    operation_id = "push_events",
    params(PushQuery),
    request_body(content((inline(Batch) = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "Kept, on disk; perhaps in part", body = Receipt),
    ),
    security(("key" = []))
)]
pub async fn push(State(app): State<App>, request: Request<Body>) -> Result<Response, Problem> {
    take(&app, What::Events, request).await
}
