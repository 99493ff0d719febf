//! A page that goes on by itself. On the way to a provider it stands between the form and the foreign address, which the page's policy lets no form lead
//! to; on the way back it makes the next request the hub's own.

use crate::{App, card};
use axum::{
    http::{HeaderValue, header},
    response::Response,
};

/// The page. `cookie` is a line to set, where there is one.
pub(super) fn bounce(app: &App, to: &str, text: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = card::bounce(app, to, text);
    if let Some(line) = cookie {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}
