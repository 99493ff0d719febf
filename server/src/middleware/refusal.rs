//! How requests are refused that nobody has looked at yet: in problem documents for machines, in a sentence for everybody else.

use crate::api::problem::Problem;
use axum::{
    extract::Request,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

/// Whether a machine asks: at the API, with a key, or for JSON. Decides how a refusal looks and nothing else.
pub fn is_machine(request: &Request) -> bool {
    let path = request.uri().path();
    let accept = request.headers().get(header::ACCEPT).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let json = accept.contains("json") && !accept.contains("text/html");
    path == "/api" || path.starts_with("/api/") || request.headers().contains_key(header::AUTHORIZATION) || json
}

/// 400 with what is wrong.
pub fn malformed(request: &Request, why: impl Into<String>) -> Response {
    let why = why.into();
    if is_machine(request) { Problem::malformed(why).into_response() } else { (StatusCode::BAD_REQUEST, why + "\n").into_response() }
}

/// A request's path as it may stand in the log: a one-time link is an address, so its secret is left out, and so is everything that is not in its plain
/// form. Queries, which hold what people look for, never stand there.
pub fn logged_path(request: &Request) -> &str {
    let path = request.uri().path();
    if super::plain::unclear_path(path).is_some() {
        return "not in plain form";
    }
    if path.starts_with("/welcome/") { "/welcome/…" } else { path }
}
