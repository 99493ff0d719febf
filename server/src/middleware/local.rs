//! A hub on plain HTTP is for browsers on its own machine: its session cookie goes without `Secure`, and nothing keeps a password from being read on
//! the way. Reached by another name, or over HTTPS through a proxy, it was started without the address that people use, and says so instead of
//! handing out such a cookie. A foreign page that has its own name resolve to this machine gets nothing either.

use crate::App;
use axum::{
    extract::{Request, State},
    http::{StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

const WHY: &str = "This hub was started for plain HTTP on its own machine, and is reached by another name or over HTTPS. Its operator starts it with \
    --public-url https://… (the address that people use), and behind a reverse proxy with --trusted-proxies.\n";

/// Refuses with 421 what did not come straight from a browser on this machine, where the hub serves plain HTTP. With
/// `axum::middleware::from_fn_with_state`, around the routes that know sessions.
pub async fn plain_http_is_local(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).and_then(|v| v.to_str().ok());
    let local = host.is_some_and(is_loopback) && crate::serving::forwarded_https(request.headers()) != Some(true);
    if local || !app.config.insecure_cookies {
        return next.run(request).await;
    }
    tracing::warn!(?host, "refused: a hub on plain HTTP was reached from elsewhere; --public-url is missing");
    (StatusCode::MISDIRECTED_REQUEST, WHY).into_response()
}

/// Whether a name, with or without port, is this machine's own for every browser.
pub fn is_loopback(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    let named = name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost");
    named || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machines_own_names_are_local() {
        for own in ["localhost", "LOCALHOST:3000", "hub.localhost:3000", "127.0.0.1", "127.9.9.9:80", "[::1]:3000", "[::1]"] {
            assert!(is_loopback(own), "{own}");
        }
        for other in ["hub.example", "localhost.example", "127.0.0.1.example", "192.0.2.7:3000", "[2001:db8::1]", "0.0.0.0", ""] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
