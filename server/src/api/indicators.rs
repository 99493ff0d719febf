//! `POST /api/v1/indicators`

use super::{parse::IndicatorRaw, problem::Problem, push::take, request::PushQuery, submit::Receipt};
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
#[schema(as = Indicators)]
pub struct Batch {
    #[schema(value_type = Vec<IndicatorRaw>, max_items = 1000)]
    items: (),
}

/// Pushes threat indicators, one per type and value, or keyed hash of a value.
///
/// Who reports the same value, in whichever spelling, is found; the value is told only to those that you share it with.
#[utoipa::path(
    post,
    path = "/indicators",
    tag = "push",
    operation_id = "push_indicators",
    params(PushQuery),
    request_body(content = inline(Batch)),
    responses(
        (status = 200, description = "Kept, on disk; perhaps in part", body = Receipt),
    ),
    security(("key" = []))
)]
pub async fn push(State(app): State<App>, request: Request<Body>) -> Result<Response, Problem> {
    take(&app, What::Indicators, request).await
}
