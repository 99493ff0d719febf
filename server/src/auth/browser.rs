//! Browsers that an account was used in before ("device cookies"): each has attempts of its own, so that whoever guesses at the account from elsewhere
//! keeps nobody out of a browser that they have signed in with.
//!
//! The cookie opens nothing. It holds the person's number, when it was given, a random number, and an HMAC over these and the hash of the password,
//! under a subkey of the sealing key. It ends with another password, with the account's end, with "sign out everywhere else", and after
//! [`LASTS`]. [`begin`](super::begin::begin) gives it, at each sign-in, through the [layer](layer).

use crate::App;
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    middleware::Next,
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{DAY, Timestamp};
use hmac::{Hmac, KeyInit as _, Mac};
use sha2::Sha256;
use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};
use store::{StoreError, UserRecord};
use time::Duration;
use tower_sessions::cookie::{Cookie, SameSite};

/// How long a browser is remembered after the last sign-in, in microseconds.
const LASTS: i64 = 180 * DAY;
/// People of one browser that are remembered, the last ones.
const PEOPLE: usize = 4;
/// Between the people of one browser.
const BETWEEN: char = '~';
const LABEL: &str = "known browsers";
const USER: usize = 8;
const GIVEN: usize = 16;
const RANDOM: usize = 32;
const MAC: usize = 32;

/// A browser that an account was used in, as its attempts are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known(pub(super) [u8; RANDOM - GIVEN]);

/// What a browser brings along, and a place for what it is given. As an extractor; empty where no [`layer`] stands around.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    tokens: Vec<[u8; RANDOM + MAC]>,
    given: Arc<Mutex<Option<HeaderValue>>>,
}

/// Reads the cookie, and sends along what a sign-in gave. With `axum::middleware::from_fn_with_state`.
pub async fn layer(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let browser = Browser::of(&app, request.headers());
    request.extensions_mut().insert(browser.clone());
    let mut response = next.run(request).await;
    if let Some(line) = browser.given.lock().ok().and_then(|mut given| given.take()) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}

impl<S: Sync> FromRequestParts<S> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

impl Browser {
    /// What a request brings along.
    #[must_use]
    pub fn of(app: &App, headers: &HeaderMap) -> Self {
        Self { tokens: tokens(app, headers), given: Arc::default() }
    }

    /// Whether the account was used in this browser before.
    ///
    /// # Errors
    /// When the database fails, or there is no key.
    pub async fn knows(&self, app: &App, user: &UserRecord) -> Result<Option<Known>, StoreError> {
        let Some(token) = self.tokens.iter().find(|token| user_of(token) == user.id) else { return Ok(None) };
        let given = Timestamp(number(&token[USER..GIVEN]));
        let lasts = (0..LASTS).contains(&app.clock.now().since(given));
        let signed = mac(app, user, &token[..RANDOM])?.verify_slice(&token[RANDOM..]).is_ok();
        if user.disabled || !lasts || !signed || given < app.store.hub().browsers_since(user.id).await? {
            return Ok(None);
        }
        Ok(token[GIVEN..RANDOM].try_into().ok().map(Known))
    }

    /// Whether any account was used in this browser before.
    ///
    /// # Errors
    /// When the database fails, or there is no key.
    pub async fn knows_anybody(&self, app: &App) -> Result<Option<Known>, StoreError> {
        for token in &self.tokens {
            let Some(user) = app.store.hub().user(user_of(token)).await? else { continue };
            if let Some(known) = self.knows(app, &user).await? {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// Gives the browser a cookie by which the account's next sign-in here is known.
    ///
    /// # Errors
    /// When the database fails, or there is no key.
    pub async fn remember(&self, app: &App, user: i64) -> Result<(), StoreError> {
        let Some(user) = app.store.hub().user(user).await? else { return Ok(()) };
        let mut token = [0; RANDOM + MAC];
        token[..USER].copy_from_slice(&user.id.to_be_bytes());
        token[USER..GIVEN].copy_from_slice(&app.clock.now().0.to_be_bytes());
        rand::fill(&mut token[GIVEN..RANDOM]);
        let signed: [u8; MAC] = mac(app, &user, &token[..RANDOM])?.finalize().into_bytes().into();
        token[RANDOM..].copy_from_slice(&signed);
        let others = self.tokens.iter().filter(|other| user_of(other) != user.id).take(PEOPLE - 1);
        let tokens: Vec<String> = [&token].into_iter().chain(others).map(|token| URL_SAFE_NO_PAD.encode(token)).collect();
        let cookie = Cookie::build((name(app), tokens.join(&BETWEEN.to_string())))
            .path("/")
            .http_only(true)
            .secure(!app.config.insecure_cookies)
            .same_site(SameSite::Strict)
            .max_age(Duration::microseconds(LASTS));
        if let (Ok(mut given), Ok(line)) = (self.given.lock(), HeaderValue::from_str(&cookie.build().to_string())) {
            *given = Some(line);
        }
        Ok(())
    }
}

fn tokens(app: &App, headers: &HeaderMap) -> Vec<[u8; RANDOM + MAC]> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut cookies = lines.flat_map(Cookie::split_parse).filter_map(Result::ok);
    let Some(cookie) = cookies.find(|cookie| cookie.name() == name(app)) else { return vec![] };
    let token = |text: &str| URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok();
    cookie.value().split(BETWEEN).take(PEOPLE).filter_map(token).collect()
}

/// Over what is given to a browser and what the account has: of another password another one.
fn mac(app: &App, user: &UserRecord, given: &[u8]) -> Result<Hmac<Sha256>, StoreError> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&app.seal.subkey(LABEL)).map_err(|e| StoreError::Internal(e.to_string()))?;
    mac.update(given);
    mac.update(user.password_hash.as_deref().unwrap_or_default().as_bytes());
    Ok(mac)
}

fn user_of(token: &[u8; RANDOM + MAC]) -> i64 {
    number(&token[..USER])
}

fn number(bytes: &[u8]) -> i64 {
    bytes.try_into().map_or(0, i64::from_be_bytes)
}

fn name(app: &App) -> &'static str {
    if app.config.insecure_cookies { "shieldwall-browser" } else { "__Host-shieldwall-browser" }
}
