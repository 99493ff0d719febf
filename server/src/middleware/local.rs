//! Where nobody can sign in, the hub says so and why, before a one-time link is used up for nothing.
//!
//! A hub on plain HTTP is for browsers on its own machine: its session cookie goes without `Secure`, and nothing keeps a password from being read on
//! the way. Reached by another name, or over HTTPS through a proxy, it was started without the address that people use, and says so instead of
//! handing out such a cookie. A foreign page that has its own name resolve to this machine gets nothing either.
//!
//! A hub for HTTPS hands out cookies that browsers drop where they were reached over plain HTTP.

use crate::{App, serving::forwarded_https};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

const LOCAL: &str = "This hub was started for plain HTTP on its own machine, and is reached by another name or over HTTPS. Its operator starts it with \
    --public-url https://… (the address that people use), and behind a reverse proxy with --trusted-proxies.\n";
const CLEAR: &str = "You reached this hub over plain HTTP, where everybody on the way could read your password. Browsers drop its cookies there, so nobody can \
    sign in, and a one-time link is not used up by trying. Take the hub's https:// address. Its operator puts a proxy that speaks HTTPS before it, and names \
    the address that people use with --public-url https://…\n";

/// Refuses with 421 where signing in cannot work. With `axum::middleware::from_fn_with_state`, around the routes that know sessions.
pub async fn sign_in_can_work(State(app): State<App>, request: Request, next: Next) -> Response {
    let (headers, config) = (request.headers(), &app.config);
    let host = headers.get(header::HOST).and_then(|v| v.to_str().ok());
    let (why, what) = if config.insecure_cookies {
        let local = host.is_some_and(is_loopback) && forwarded_https(headers) != Some(true);
        (LOCAL, !local)
    } else {
        (CLEAR, is_clear(headers, host, config.public_url.strip_prefix("https://")))
    };
    if !what {
        return next.run(request).await;
    }
    tracing::warn!(?host, "refused: nobody can sign in at this address; --public-url, or a proxy that speaks HTTPS, is missing");
    (StatusCode::MISDIRECTED_REQUEST, why).into_response()
}

/// Whether a browser reached a hub for HTTPS over plain HTTP, as far as can be told: the hub itself speaks plain HTTP, also behind a proxy that speaks
/// HTTPS. `public` is the host under which people reach it over HTTPS. Where nothing tells, it is believed to be HTTPS.
fn is_clear(headers: &HeaderMap, host: Option<&str>, public: Option<&str>) -> bool {
    // Browsers send these over HTTPS alone, and to their own machine.
    let secure = headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"));
    if secure || host.is_none_or(is_loopback) {
        return false;
    }
    let origin = headers.get(header::ORIGIN).and_then(|v| v.to_str().ok()).unwrap_or_default();
    match forwarded_https(headers) {
        _ if origin.starts_with("http://") => true,
        _ if origin.starts_with("https://") => false,
        Some(https) => !https,
        None => host.zip(public).is_none_or(|(host, public)| !is_public(host, public)),
    }
}

/// Whether a request names the public address. Proxies often leave its port out.
fn is_public(host: &str, public: &str) -> bool {
    let name = |text: &str| text.parse::<Authority>().map(|authority| authority.host().to_ascii_lowercase()).ok();
    host.eq_ignore_ascii_case(public) || name(public).is_some_and(|name| name == host.to_ascii_lowercase())
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
    fn plain_http_is_told_from_https_behind_a_proxy() {
        let clear = |host: &str, sent: &[(&'static str, &'static str)]| {
            let headers = sent.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
            is_clear(&headers, Some(host), Some("hub.example"))
        };
        for (host, sent) in [
            ("192.0.2.2:3000", &[][..]),
            ("hub.example:3000", &[]),
            ("192.0.2.2:3000", &[("origin", "http://192.0.2.2:3000")]),
            ("hub.example", &[("x-forwarded-proto", "http")]),
        ] {
            assert!(clear(host, sent), "{host} {sent:?}");
        }
        for (host, sent) in [
            ("hub.example", &[][..]),
            ("HUB.example", &[]),
            ("127.0.0.1:3000", &[]),
            ("localhost", &[]),
            ("10.0.0.5:3000", &[("sec-fetch-mode", "navigate")]),
            ("10.0.0.5:3000", &[("x-forwarded-proto", "https")]),
            ("10.0.0.5:3000", &[("origin", "https://hub.example")]),
        ] {
            assert!(!clear(host, sent), "{host} {sent:?}");
        }
    }

    #[test]
    fn the_public_address_is_known_with_its_port_and_without() {
        assert!(is_public("hub.example:8443", "hub.example:8443") && is_public("Hub.example", "hub.example:8443") && is_public("hub.example", "hub.example"));
        assert!(!is_public("hub.example:3000", "hub.example") && !is_public("hub.example:3000", "hub.example:8443") && !is_public("192.0.2.2", "hub.example"));
    }

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
