//! Sign-in at an organisation's own identity provider: OpenID Connect's code flow with PKCE, `state` and `nonce`.
//!
//! * The hub's operator gives an organisation its provider (`shieldwall admin oidc set`). It signs in people of this organisation and nobody else.
//! * Who somebody is, is the provider's `iss` and `sub`. A mail address says nothing: it is neither asked for nor looked at. An identity becomes a person's
//!   only by his own step: behind his one-time link, or on `/account` after proving to be who he is.
//! * The way: a form ([`handlers`], behind the origin check) makes a flow, kept in the database for ten minutes and bound to the browser by a cookie of its
//!   own → the provider → `/auth/oidc/callback/{org}` takes the answer once and has it [vouched for](provider) → `/auth/oidc/finish` does what the flow was
//!   begun for.
//! * The session's cookie is `SameSite=Strict`, so it does not come along from the provider. Therefore the flow's cookie is `Lax` and opens nothing by
//!   itself, and the callback answers with a [page](bounce) that goes on by itself: from there it is the hub's own page that asks, and the session's cookie
//!   is sent.
//! * Each organisation has a callback of its own, because providers belong to different masters: one that sends a browser on to another's (mix-up,
//!   RFC 9700 section 4.4) meets a flow that was not begun for it, also where `iss` (RFC 9207) is not given.
//! * Who signs out of a session that began here is led to where the provider ends its own, where it says so, and from there to a page that says it is done.
//! * A provider's word takes the place of a password and of nothing else: whoever has a second factor is asked for its code, whatever `amr` says, and a role
//!   that needs one needs it here.

mod bounce;
pub mod handlers;
mod http;
pub mod provider;
mod token;

pub use http::{is_loopback, parse_issuer};
pub use provider::Providers;

use crate::App;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::MINUTE;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};

/// How long a browser may be on its way, in microseconds.
const LASTS: i64 = 10 * MINUTE;

/// What a flow was begun for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Purpose {
    SignIn,
    /// By a one-time link, of which this is the token's hash.
    Join([u8; 32]),
    /// A person who is signed in links an identity.
    Link(i64),
    /// A person who is signed in proves to be still the same.
    StepUp(i64),
}

/// What the hub must remember of a flow until it is back.
#[derive(Debug, Serialize, Deserialize)]
struct Flow {
    purpose: Purpose,
    nonce: String,
    /// PKCE's secret (RFC 7636).
    verifier: String,
    redirect_uri: String,
    /// Where to go in the end.
    next: String,
    /// In microseconds.
    began_at: i64,
}

/// The value of a browser's cookie, and what the database knows instead of it.
struct Ticket(String);

impl Ticket {
    fn new() -> Self {
        Self(URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    /// What a browser brings, if anything.
    fn of(app: &App, headers: &HeaderMap) -> Option<Self> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut cookies = lines.flat_map(Cookie::split_parse).filter_map(Result::ok);
        cookies.find(|cookie| cookie.name() == name(app)).map(|cookie| Self(cookie.value().to_owned()))
    }

    fn hash(&self) -> [u8; 32] {
        hash(&self.0)
    }

    /// The line that gives it to a browser.
    fn line(&self, app: &App) -> Option<HeaderValue> {
        set_cookie(app, self.0.clone(), Duration::microseconds(LASTS))
    }
}

/// The line that takes a flow's cookie back.
fn cleared(app: &App) -> Option<HeaderValue> {
    set_cookie(app, String::new(), Duration::ZERO)
}

fn set_cookie(app: &App, value: String, lasts: Duration) -> Option<HeaderValue> {
    let secure = !app.config.insecure_cookies;
    // Lax: it has to come along when the provider sends the browser back.
    let cookie = Cookie::build((name(app), value)).path("/").http_only(true).secure(secure).same_site(SameSite::Lax).max_age(lasts);
    HeaderValue::from_str(&cookie.build().to_string()).ok()
}

fn name(app: &App) -> &'static str {
    if app.config.insecure_cookies { "shieldwall-oidc" } else { "__Host-shieldwall-oidc" }
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}
