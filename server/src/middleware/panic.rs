//! A net for panics: the request gets a fixed answer, the program lives on.
//!
//! Not tower-http's layer, because its log would hold what [`logged_path`] leaves out.

use super::refusal::{logged_path, serves_machines};
use axum::{
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures::FutureExt;
use std::{any::Any, panic::AssertUnwindSafe};

const PROBLEM: &str = r#"{"type":"about:blank","title":"Internal Server Error","status":500,"detail":"The hub failed at this request. Nothing is known about its outcome; repeat it with the same Idempotency-Key."}"#;
const PLAIN: &str = "The hub failed at this request. The failure is in its log.\n";

/// Answers 500 where a handler panics. With `axum::middleware::from_fn`.
///
/// Unwind safety: what handlers share is behind locks that recover from poisoning or lives in the database, whose
/// transactions roll back.
pub async fn catch_panic(request: Request, next: Next) -> Response {
    let (path, machine) = (logged_path(&request).to_owned(), serves_machines(request.uri().path()));
    match AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => {
            tracing::error!(?path, panic = ?message(panic.as_ref()), "a handler panicked");
            answer(machine)
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

fn answer(machine: bool) -> Response {
    let (kind, body) = if machine { ("application/problem+json", PROBLEM) } else { ("text/plain; charset=utf-8", PLAIN) };
    (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, HeaderValue::from_static(kind))], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::{Router, body::Body, middleware::from_fn, routing::get};
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    async fn ask(path: &str) -> (StatusCode, String, String) {
        async fn fail() -> &'static str {
            panic!("canary of an inner value")
        }
        let app = Router::new().route("/api/v1/x", get(fail)).route("/x", get(fail)).layer(from_fn(catch_panic));
        let response = app.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap();
        let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        let status = response.status();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_panic_is_answered_without_its_message() {
        let (status, kind, body) = ask("/api/v1/x").await;
        assert_eq!((status.as_u16(), kind.as_str()), (500, "application/problem+json"));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&body).unwrap()["status"], 500);
        assert!(!body.contains("canary"));
        let (status, kind, body) = ask("/x").await;
        assert_eq!((status.as_u16(), kind.as_str()), (500, "text/plain; charset=utf-8"));
        assert!(!body.contains("canary"));
    }
}
