//! `POST /api/v1/metrics`

use super::{parse::MetricRaw, problem::Problem, push::take, request::PushQuery, submit::Receipt};
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
#[schema(as = Metrics)]
pub struct Batch {
    #[schema(value_type = Vec<MetricRaw>, max_items = 1000)]
    items: (),
}

/// Pushes values of posture metrics. One value per metric, labels and moment; pushing it again is harmless, another value corrects it.
///
/// Keys and units are those of the catalogue, `/about/scoring#metrics`. What is refused is told item by item, and the others are kept.
#[utoipa::path(
    post,
    path = "/metrics",
    tag = "push",
    operation_id = "push_metrics",
    params(PushQuery),
    request_body(content = inline(Batch)),
    responses(
        (status = 200, description = "Kept, on disk; perhaps in part", body = Receipt),
    ),
    security(("key" = []))
)]
pub async fn push(State(app): State<App>, request: Request<Body>) -> Result<Response, Problem> {
    take(&app, What::Metrics, request).await
}
