//! `POST /api/v1/incidents`

use super::{parse::IncidentRaw, problem::Problem, push::take, request::PushQuery, submit::Receipt};
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
#[schema(as = Incidents)]
pub struct Batch {
    #[schema(value_type = Vec<IncidentRaw>, max_items = 1000)]
    items: (),
}

/// Pushes incidents, each by its `external_id`: a new one is opened, a known one gets a revision.
///
/// Of several reports of one incident the one with the newest `updated_at` holds. What is refused is told item by item, and the others are kept.
#[utoipa::path(
    post,
    path = "/incidents",
    tag = "push",
    operation_id = "push_incidents",
    params(PushQuery),
    request_body(content = inline(Batch)),
    responses(
        (status = 200, description = "Kept, on disk; perhaps in part", body = Receipt),
    ),
    security(("key" = []))
)]
pub async fn push(State(app): State<App>, request: Request<Body>) -> Result<Response, Problem> {
    take(&app, What::Incidents, request).await
}
