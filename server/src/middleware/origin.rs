//! Against forged requests: what changes something is only taken from the hub's own pages.
//!
//! `SameSite=Strict` alone would still trust every other host of the same site. It stands around the routes that know sessions; the push API takes keys, never cookies, so there is nothing a foreign
//! page could borrow.

use super::{is_machine, logged_path};
use crate::{App, api::problem::Problem};
use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Refuses unsafe requests from foreign pages with 403. With `axum::middleware::from_fn_with_state`. What is at no address changes nothing, and says so itself.
pub async fn same_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = request.uri().authority().map(|a| a.as_str());
    let nowhere = request.extensions().get::<MatchedPath>().is_none();
    let public = app.config.public_url_given.then_some(app.config.public_url.as_str());
    if nowhere || is_safe(request.method()) || from_own_page(request.headers(), host, public) {
        return next.run(request).await;
    }
    if is_machine(&app, &request) {
        return Problem::forbidden("This address takes forms from pages of this hub. Keys are for the push API, /api/v1; /openapi.json describes it.")
            .into_response();
    }
    tracing::warn!(path = logged_path(&request), "refused: not from a page of this hub");
    (StatusCode::FORBIDDEN, "This request did not come from a page of this hub.\n").into_response()
}

fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method)
}

/// What the browser says about the request's origin; where an old one says nothing, `Origin` must be the host asked.
/// `authority` is the host of the request line, which HTTP/2 has instead of a `Host` header; `public` the address that the operator named, whatever a
/// proxy makes of `Host`.
fn from_own_page(headers: &HeaderMap, authority: Option<&str>, public: Option<&str>) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    let origin = headers.get(header::ORIGIN).and_then(|v| v.to_str().ok());
    if origin.is_some_and(|origin| public.is_some_and(|public| public.eq_ignore_ascii_case(origin))) {
        return true;
    }
    let origin = origin.and_then(|o| o.split_once("://"));
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok()).or(authority);
    matches!((origin, host), (Some(("http" | "https", origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pairs: &[(&'static str, &'static str)]) -> bool {
        from_own_page(&pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect(), None, Some("https://public.example"))
    }

    #[test]
    fn only_the_hubs_own_pages_count() {
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        assert!(own(&[("origin", "https://hub.example"), ("host", "hub.example")]));
        assert!(own(&[("origin", "https://public.example"), ("host", "10.0.0.5:3000")]));
        assert!(own(&[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")]));
        for foreign in ["same-site", "cross-site", "none", ""] {
            assert!(!own(&[("sec-fetch-site", foreign), ("origin", "https://hub.example"), ("host", "hub.example")]), "{foreign}");
        }
        assert!(!own(&[]));
        assert!(!own(&[("host", "hub.example")]));
        assert!(!own(&[("origin", "null"), ("host", "hub.example")]));
        assert!(!own(&[("origin", "https://hub.example.evil"), ("host", "hub.example")]));
        assert!(!own(&[("origin", "https://hub.example:8443"), ("host", "hub.example")]));
    }

    #[test]
    fn reading_needs_no_origin() {
        assert!(is_safe(&Method::GET) && is_safe(&Method::HEAD));
        assert!(![Method::POST, Method::PUT, Method::PATCH, Method::DELETE].iter().any(is_safe));
    }
}
