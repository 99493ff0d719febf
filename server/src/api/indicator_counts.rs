//! `POST /api/v1/indicator-counts`

use super::{
    parse::CountBody,
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
use store::What;

/// Pushes how many indicators you hold in a window, without their values. Replaces what you said of the same window.
#[utoipa::path(
    post,
    path = "/indicator-counts",
    tag = "push",
    operation_id = "push_indicator_counts",
    params(PushQuery, ("Idempotency-Key" = Option<String>, Header, description = "Makes repeating the request harmless", max_length = 200, pattern = "^[!#-\\[\\]-~]+$")),
    request_body(content = inline(CountBody<'static>)),
    responses(
        (status = 200, description = "Kept, on disk", body = Receipt),
        (status = 400, description = "Cannot be read", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key may not do this", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A request with this Idempotency-Key is in flight", body = Problem, content_type = "application/problem+json"),
        (status = 408, description = "The body did not come in time", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Unsupported media type or encoding", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Cannot be kept", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many pushes", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not available just now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn push(State(app): State<App>, request: Request<Body>) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let accepted = accept(&app, &parts, body, What::IndicatorCounts).await?;
    submit_push(&app, "/indicator-counts", What::IndicatorCounts, accepted).await
}
