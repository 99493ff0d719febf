//! The headers that browsers obey, on every answer.
//!
//! The nonce of the Content-Security-Policy is made here, for each request, and travels in the request's extensions as
//! [`PageNonce`]. The handler that renders pages hands it to Leptos with [`PageNonce::provide`] in its context function,
//! which runs after leptos_axum has provided a nonce of its own and replaces that one. So header and page always agree, and
//! a page that forgets gets no script at all rather than a weaker policy.

use crate::App;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::sync::Arc;

/// For everything that is not a page: nothing may be loaded, nothing may frame it.
const NO_PAGE: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The nonce of one request's page.
#[derive(Clone, Debug)]
pub struct PageNonce(pub Arc<str>);

impl PageNonce {
    /// A fresh one, of 128 random bits.
    fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()).into())
    }

    /// Makes this the nonce that `leptos::nonce::use_nonce` finds.
    pub fn provide(&self) {
        leptos::prelude::provide_context(leptos::nonce::Nonce::from_value(Arc::clone(&self.0)));
    }

    /// The policy of a page. `strict-dynamic`: what a trusted script imports is trusted; addresses are not listed.
    fn policy(&self) -> String {
        format!(
            "default-src 'none'; script-src 'nonce-{}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
             font-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'",
            self.0
        )
    }
}

/// On an answer that browsers and proxies may keep by its own rules, as files whose address changes with their content; all others are not stored.
#[derive(Clone, Copy, Debug)]
pub struct MayBeKept;

/// Gives the request its [`PageNonce`] and the answer its headers. The outermost layer, with
/// `axum::middleware::from_fn_with_state`.
pub async fn security_headers(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let nonce = PageNonce::new();
    request.extensions_mut().insert(nonce.clone());
    let mut response = next.run(request).await;
    let keep = response.extensions().get::<MayBeKept>().is_some();
    fill(response.headers_mut(), &nonce, keep, !app.config.insecure_cookies);
    response
}

/// `keep`: a file whose own caching rules stand. `https`: the hub is reached by HTTPS only.
fn fill(headers: &mut HeaderMap, nonce: &PageNonce, keep: bool, https: bool) {
    const RULES: [(HeaderName, &str); 4] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in RULES {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let page = headers.get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"));
    let page_policy = page.then(|| HeaderValue::from_str(&nonce.policy()).ok()).flatten();
    headers.insert(header::CONTENT_SECURITY_POLICY, page_policy.unwrap_or(HeaderValue::from_static(NO_PAGE)));
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
    if !keep {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    secure_host_cookies(headers);
}

/// Adds `Secure` where a `__Host-` cookie is taken back without it, as the session layer does: browsers ignore such a line,
/// and the cookie would stay.
fn secure_host_cookies(headers: &mut HeaderMap) {
    let lines: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    let lacks = |line: &HeaderValue| {
        line.as_bytes().starts_with(b"__Host-") && !line.to_str().is_ok_and(|t| t.split(';').any(|a| a.trim().eq_ignore_ascii_case("secure")))
    };
    if !lines.iter().any(lacks) {
        return;
    }
    headers.remove(header::SET_COOKIE);
    for line in lines {
        let secured = HeaderValue::from_bytes(&[line.as_bytes(), b"; Secure"].concat());
        let line = if lacks(&line) { secured.unwrap_or(line) } else { line };
        headers.append(header::SET_COOKIE, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(start: &[(HeaderName, &'static str)], keep: bool, https: bool) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in start {
            headers.append(name, HeaderValue::from_static(value));
        }
        fill(&mut headers, &PageNonce("abc".into()), keep, https);
        headers
    }

    #[test]
    fn pages_get_their_nonce_and_nothing_else_does() {
        let page = filled(&[(header::CONTENT_TYPE, "text/html; charset=utf-8")], false, true);
        let policy = page[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval';"), "{policy}");
        assert!(!policy.contains("unsafe-inline"));
        let json = filled(&[(header::CONTENT_TYPE, "application/json")], false, true);
        assert_eq!(json[header::CONTENT_SECURITY_POLICY], NO_PAGE);
    }

    #[test]
    fn only_files_may_be_kept() {
        let cached = [(header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
        assert_eq!(filled(&cached, true, true)[header::CACHE_CONTROL], cached[0].1);
        assert_eq!(filled(&cached, false, true)[header::CACHE_CONTROL], "no-store");
    }

    #[test]
    fn plain_http_promises_no_https() {
        assert!(filled(&[], false, true).contains_key(header::STRICT_TRANSPORT_SECURITY));
        assert!(!filled(&[], false, false).contains_key(header::STRICT_TRANSPORT_SECURITY));
    }

    #[test]
    fn a_host_cookie_is_taken_back_in_a_way_browsers_accept() {
        let headers = filled(
            &[(header::SET_COOKIE, "__Host-shieldwall=; Path=/; Max-Age=0"), (header::SET_COOKIE, "a=b"), (header::SET_COOKIE, "__Host-x=1; secure; Path=/")],
            false,
            true,
        );
        let lines: Vec<_> = headers.get_all(header::SET_COOKIE).iter().collect();
        assert_eq!(lines, ["__Host-shieldwall=; Path=/; Max-Age=0; Secure", "a=b", "__Host-x=1; secure; Path=/"]);
    }
}
