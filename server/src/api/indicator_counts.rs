//! `POST /api/v1/indicator-counts`

use super::{parse::CountBody, problem::Problem, push::take, request::PushQuery, submit::Receipt};
use crate::App;
use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use store::What;

/// Pushes how many indicators you hold in a window, without their values. Replaces what you said of the same window.
///
/// Nothing but the numbers is told, and organisations that see totals see them as part of a sum.
#[utoipa::path(
    post,
    path = "/indicator-counts",
    tag = "push",
    operation_id = "push_indicator_counts",
    params(PushQuery),
    request_body(content = inline(CountBody<'static>)),
    responses(
        (status = 200, description = "Kept, on disk", body = Receipt),
    ),
    security(("key" = []))
)]
pub async fn push(State(app): State<App>, request: Request<Body>) -> Result<Response, Problem> {
    take(&app, What::IndicatorCounts, request).await
}
