//! One spelling for each address: a request whose head is not there whole, whose path is not in its plain form, or that does not say clearly which host it
//! means, is refused before anything looks at it. Whatever asks for rights, serves a page or writes the audit trail then speaks of the same address.

use super::refusal::malformed;
use crate::serving::{MAX_ADDRESS, MAX_FIELDS, MAX_FIELDS_SIZE, TooLong};
use axum::{
    extract::Request,
    http::{StatusCode, Version, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// Refuses with 414 or 431 what was too long, and with 400 what has another spelling. With `axum::middleware::from_fn`, outside everything that reads the address.
pub async fn plain_address(request: Request, next: Next) -> Response {
    if let Some(too_long) = request.extensions().get() {
        return shortened(*too_long);
    }
    match unclear_path(request.uri().path()).or_else(|| unclear_host(&request)) {
        None => next.run(request).await,
        Some(why) => malformed(why),
    }
}

/// The answer to a request of which something was left out.
fn shortened(what: TooLong) -> Response {
    let (status, why) = match what {
        TooLong::Address => (StatusCode::URI_TOO_LONG, format!("An address may have {} KiB. Ask for less at a time.\n", MAX_ADDRESS >> 10)),
        TooLong::Fields => (
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            format!(
                "A request may have {MAX_FIELDS} header fields, of {} KiB together. In a browser, these are cookies mostly: delete those of this address.\n",
                MAX_FIELDS_SIZE >> 10
            ),
        ),
    };
    (status, why).into_response()
}

/// Why a path is not plain; `None` where it is. Plain is the normal form of RFC 3986 (section 6.2.2): no dot segments, no empty ones but after a
/// slash at the end, and nothing percent-encoded that need not be. An encoded `/` belongs to the id that it stands in, and an id has no dot
/// segments either.
pub(crate) fn unclear_path(path: &str) -> Option<&'static str> {
    if !path.starts_with('/') {
        return Some("The path does not begin with a slash.");
    }
    if path.bytes().any(|b| !b.is_ascii_graphic() || b == b'\\') {
        return Some("The path holds a character that must be percent-encoded, or a backslash.");
    }
    if path[1..].split('/').rev().skip(1).any(str::is_empty) {
        return Some("The path holds two slashes in a row.");
    }
    let mut text = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first != b'%' {
            text.push(*first);
            rest = after;
            continue;
        }
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok()).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(byte) = hex.and_then(|two| u8::from_str_radix(two, 16).ok()) else {
            return Some("The path holds a % that encodes nothing.");
        };
        if byte.is_ascii_control() || byte == b'\\' {
            return Some("The path holds an encoded control character or backslash.");
        }
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            return Some("The path holds a letter, digit, or one of -._~ that is percent-encoded; these stand for themselves.");
        }
        text.push(byte);
        rest = &after[2..];
    }
    let Ok(text) = String::from_utf8(text) else { return Some("The path is not UTF-8.") };
    text.split('/').any(|segment| segment == "." || segment == "..").then_some("The path holds a segment of dots.")
}

/// Why it is not clear which host is meant: HTTP/1.1 wants exactly one `Host`, and an address with a host in it means the same one.
fn unclear_host(request: &Request) -> Option<&'static str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = match (hosts.next(), hosts.next()) {
        (None, _) if request.version() < Version::HTTP_11 => return None,
        (Some(host), None) => host,
        (None, _) => return Some("The header Host is missing."),
        (Some(_), Some(_)) => return Some("The header Host is given twice."),
    };
    let valid = |host: &str| host.parse::<Authority>().is_ok() && !host.contains('@');
    let Some(host) = host.to_str().ok().filter(|host| valid(host)) else { return Some("The header Host names no host.") };
    let meant = request.uri().authority().is_none_or(|authority| authority.as_str().eq_ignore_ascii_case(host));
    (!meant).then_some("The header Host names another host than the address.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn an_address_has_one_spelling() {
        for plain in [
            "/",
            "/orgs",
            "/orgs/",
            "/orgs/north-sea.grid_1~x",
            "/api/v1/incidents/INC%2F2026%2f7",
            "/api/v1/incidents/a%20b%25c%C3%A9",
            "/incidents/%25252e%2B",
            "/incidents/...",
            "/incidents/.a.",
            "/x/a:b@c!$&'()*+,;=|[]",
        ] {
            assert_eq!(unclear_path(plain), None, "{plain}");
        }
        for other in [
            "",
            "*",
            "orgs",
            "//",
            "//orgs",
            "/orgs//",
            "/orgs//x",
            "/.",
            "/..",
            "/orgs/.",
            "/orgs/./",
            "/account/../incidents",
            "/account/..",
            "/account/%2e%2e/incidents",
            "/account/%2E%2E/incidents",
            "/account/.%2e/incidents",
            "/account/..%2fincidents",
            "/account/a%2F..%2Fb",
            "/account/..%2F",
            "/account%2f%2e%2e",
            "/account\\..\\incidents",
            "/account/..%5cincidents",
            "/%61ccount",
            "/account/%7E",
            "/account/%00",
            "/account/%0d%0a",
            "/account/%7f",
            "/account/%",
            "/account/%2",
            "/account/%zz",
            "/account/%+1",
            "/account/%ff",
            "/account/é",
        ] {
            assert!(unclear_path(other).is_some(), "{other}");
        }
    }

    #[test]
    fn one_host_is_meant() {
        let why = |version, address: &str, hosts: &[&str]| {
            let request = hosts.iter().fold(Request::get(address).version(version), |request, host| request.header(header::HOST, *host));
            unclear_host(&request.body(Body::empty()).unwrap())
        };
        assert_eq!(why(Version::HTTP_11, "/", &["hub.example:3000"]), None);
        assert_eq!(why(Version::HTTP_11, "http://HUB.example/", &["hub.example"]), None);
        assert_eq!(why(Version::HTTP_11, "/", &["[::1]:3000"]), None);
        assert_eq!(why(Version::HTTP_10, "/", &[]), None);
        for (address, hosts) in [
            ("/", &[][..]),
            ("http://hub.example/", &[]),
            ("/", &["hub.example", "hub.example"]),
            ("/", &["hub.example", "evil.example"]),
            ("http://evil.example/", &["hub.example"]),
            ("/", &[""]),
            ("/", &["me@hub.example"]),
            ("/", &["hub.example/x"]),
        ] {
            assert!(why(Version::HTTP_11, address, hosts).is_some(), "{address} {hosts:?}");
        }
    }
}
