//! Nothing typed is lost: a form that meets an ended session, an old proof of identity, a refusal or a change that somebody else was quicker with is kept
//! for a while, and comes back.
//!
//! * One [layer](layer) stands around all forms of pages, and looks at what became of each. Handlers answer as they would without it.
//! * Where a session or a proof is missing, the way leads there and then to [`/again`](again), where the form can be sent once more. After a proof within
//!   the same session it is sent by itself.
//! * Where the page of the form is shown again with a word for what is wrong, its fields are [filled in](fill) as they were typed.
//! * Kept forms are bound to the browser by a cookie of their own and, where the session had not ended, to its person: nobody has somebody else send a
//!   form of theirs. What a foreign page sent is refused before anything is kept. Passwords, codes and tokens are not kept.

pub mod again;
mod fill;

use crate::{
    App,
    auth::{
        self, Browser, ClientAddress, Guesser,
        handlers::{local_path, sign_in_page},
        sessions, throttle,
        verify::step_up_page,
    },
    middleware::{SignInFirst, WayBack, back_to, wants_page},
    page_time::TooMuch,
    routes::{forms, table},
    serving::is_late,
};
use axum::{
    body::{Body, Bytes, to_bytes},
    extract::{MatchedPath, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::MINUTE;
use http_body_util::LengthLimitError;
use sha2::{Digest, Sha256};
use std::error::Error;
use store::{KeptForm, StoreError};
use tower_sessions::{
    Session,
    cookie::{Cookie, SameSite},
};

/// How long a form is kept, in microseconds.
const LASTS: i64 = 30 * MINUTE;
/// Longer forms are not kept, in bytes: a policy of hundreds of metrics fits.
const LONGEST: usize = 64 << 10;
/// Fields that are not kept, on whichever form.
const SECRET: [&str; 6] = ["password", "again", "current", "code", "proof", "token"];
/// Forms of signing in whose fields are all secret, or are of no use later.
const NOT_KEPT: [&str; 8] =
    ["/auth/code", "/auth/passkey", "/auth/passkey/challenge", "/auth/oidc/join", "/auth/oidc/stepup", "/auth/signout", "/auth/stepup", "/auth/welcome"];
/// The parameter of a page that names the kept form which belongs on it.
const PARAMETER: &str = "kept";

/// What became of a form that was not done.
enum Fate {
    /// Its sender has to sign in first.
    SignIn,
    /// Its sender has to prove to be still the same person.
    Prove,
    /// Its page is shown again, at this address, with a word for what is wrong.
    Page(String),
    /// It was refused in a sentence.
    Told,
}

/// Keeps forms that were not done. With `axum::middleware::from_fn_with_state`, inside the layer of sessions and the origin check.
pub async fn layer(State(app): State<App>, request: Request, next: Next) -> Response {
    if !is_kept(&request) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let action = parts.uri.path().to_owned();
    let (headers, session) = (parts.headers.clone(), parts.extensions.get::<Session>().cloned());
    let guesser = (parts.extensions.get::<Browser>().cloned().unwrap_or_default(), ClientAddress::of(&parts));
    let request = Request::from_parts(parts, ());
    let page = back_to(&request);
    let (parts, ()) = request.into_parts();
    let bytes = match to_bytes(body, table::longest_form(&action)).await {
        Ok(bytes) => bytes,
        Err(error) => return unread(&error),
    };
    let response = next.run(Request::from_parts(parts, Body::from(bytes.clone()))).await;
    let Some(fate) = fate(&response) else { return response };
    let page = page.filter(|page| !page.starts_with(again::PATH)).unwrap_or_else(|| usual_page(&action));
    let sent = Sent { action, page, bytes, headers };
    match keep(&app, &sent, session, guesser, &fate).await {
        Ok(Some((id, cookie))) => {
            let mut response = fate.answer(&sent, &id, response);
            if let Some(line) = cookie {
                response.headers_mut().append(header::SET_COOKIE, line);
            }
            response
        }
        Ok(None) => response,
        Err(error) => {
            tracing::warn!(%error, "a form could not be kept");
            response
        }
    }
}

/// The page that a form stands on mostly, where its browser does not say.
fn usual_page(action: &str) -> String {
    let segments = if action.starts_with("/admin/") { 2 } else { 1 };
    action.split('/').skip(1).take(segments).fold(String::new(), |path, segment| path + "/" + segment)
}

/// Whether a request is a form that a browser sent as such: scripts keep what they send themselves.
fn is_kept(request: &Request) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let form = request.method() == Method::POST && kind.starts_with("application/x-www-form-urlencoded") && wants_page(request.headers());
    form && request.extensions().get::<MatchedPath>().is_some() && !NOT_KEPT.contains(&request.uri().path())
}

/// The answer where a form did not come whole.
fn unread(error: &(dyn Error + 'static)) -> Response {
    let long = std::iter::successors(Some(error), |&e| e.source()).any(|e| e.is::<LengthLimitError>());
    match error {
        _ if long => StatusCode::PAYLOAD_TOO_LARGE.into_response(),
        error if is_late(error) => (StatusCode::REQUEST_TIMEOUT, "The form did not come in time. Nothing was changed.\n").into_response(),
        _ => (StatusCode::BAD_REQUEST, "The form ended before its end. Nothing was changed.\n").into_response(),
    }
}

/// What became of a form; `None` where it was done, where sending it again would not help, or where its sender sends too many.
fn fate(response: &Response) -> Option<Fate> {
    if response.extensions().get::<TooMuch>().is_some() {
        return None;
    }
    if response.extensions().get::<SignInFirst>().is_some() {
        return Some(Fate::SignIn);
    }
    let status = response.status();
    if status.is_redirection() {
        let to = response.headers().get(header::LOCATION)?.to_str().ok()?;
        if to.starts_with("/stepup") {
            return Some(Fate::Prove);
        }
        return forms::is_undone(to).then(|| Fate::Page(to.to_owned()));
    }
    let kind = response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let told = (kind.is_empty() || kind.starts_with("text/plain")) && (status.is_client_error() || status.is_server_error());
    (told && status != StatusCode::FORBIDDEN && status != StatusCode::METHOD_NOT_ALLOWED).then_some(Fate::Told)
}

impl Fate {
    /// The answer with a way to the form that was kept as `id`.
    fn answer(self, sent: &Sent, id: &str, mut response: Response) -> Response {
        match self {
            Self::SignIn => Redirect::to(&sign_in_page(Some("ended"), &again::address(id))).into_response(),
            Self::Prove => Redirect::to(&step_up_page(None, &again::address(id))).into_response(),
            Self::Page(to) => Redirect::to(&with_form(&to, id)).into_response(),
            Self::Told => {
                response.extensions_mut().insert(WayBack(with_form(&sent.page, id)));
                response
            }
        }
    }
}

/// A form as it came.
struct Sent {
    action: String,
    page: String,
    bytes: Bytes,
    headers: HeaderMap,
}

/// Keeps a form; with its number, and the line of a cookie where the browser has none yet. `None` where nothing of it may be kept.
async fn keep(
    app: &App,
    sent: &Sent,
    session: Option<Session>,
    (browser, ClientAddress(address)): (Browser, ClientAddress),
    fate: &Fate,
) -> Result<Option<(String, Option<HeaderValue>)>, StoreError> {
    if sent.bytes.len() > LONGEST {
        return Ok(None);
    }
    let Ok(typed) = serde_urlencoded::from_bytes::<Vec<(String, String)>>(&sent.bytes) else { return Ok(None) };
    let (secret, fields): (Vec<_>, Vec<_>) = typed.into_iter().filter(|(name, _)| name != "next").partition(|(name, _)| SECRET.contains(&name.as_str()));
    if fields.is_empty() && !secret.is_empty() {
        return Ok(None);
    }
    let now = app.clock.now();
    let user = match session {
        Some(session) => auth::signed_in(app, &session).await?.map(|who| who.user.id),
        None => None,
    };
    if user.is_none() && !throttle::may_keep(app, Guesser::of(browser.knows_anybody(app).await?, address)).await? {
        return Ok(None);
    }
    let (id, cookie) = (random(), shown(app, &sent.headers));
    let line = if cookie.is_some() { None } else { Some(random()) };
    let browser = hash(cookie.as_deref().or(line.as_deref()).unwrap_or_default());
    let user = user.filter(|_| !matches!(fate, Fate::SignIn));
    let form = KeptForm {
        browser,
        user,
        action: sent.action.clone(),
        page: without_form(&sent.page),
        fields: serde_urlencoded::to_string(&fields).unwrap_or_default(),
        whole: secret.is_empty(),
        expires_at: now.plus(LASTS),
    };
    app.store.hub().keep_form(hash(&id), form, now).await?;
    Ok(Some((id, line.and_then(|value| set_cookie(app, value)))))
}

/// A kept form of this browser, that its person may come back to.
async fn found(app: &App, headers: &HeaderMap, id: &str, user: Option<i64>) -> Result<Option<KeptForm>, StoreError> {
    let Some(browser) = shown(app, headers) else { return Ok(None) };
    let form = app.store.hub().kept_form(hash(id), hash(&browser), app.clock.now()).await?;
    Ok(form.filter(|form| form.user.is_none() || form.user == user))
}

/// The page with the fields of the kept form that its address names, as they were typed.
pub async fn filled(app: &App, headers: &HeaderMap, id: &str, user: Option<i64>, page: Response) -> Response {
    /// Longer pages are shown as they are, in bytes.
    const LONGEST_PAGE: usize = 8 << 20;
    let form = match found(app, headers, id, user).await {
        Ok(Some(form)) => form,
        Ok(None) => return page,
        Err(error) => {
            tracing::warn!(%error, "a kept form could not be read");
            return page;
        }
    };
    let (mut parts, body) = page.into_parts();
    let Ok(html) = to_bytes(body, LONGEST_PAGE).await else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let fields: Vec<(String, String)> = serde_urlencoded::from_str(&form.fields).unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    let body = match std::str::from_utf8(&html) {
        Ok(text) => Body::from(fill::fill(text, &form.action, &fields)),
        Err(_) => Body::from(html),
    };
    Response::from_parts(parts, body)
}

/// Takes the name of a kept form out of a page's address, so that the page is the same with it and without.
#[must_use]
pub fn named(path_and_query: &str) -> (String, Option<String>) {
    let Some((path, query)) = path_and_query.split_once('?') else { return (path_and_query.to_owned(), None) };
    let mut id = None;
    let others: Vec<&str> = query
        .split('&')
        .filter(|pair| match pair.split_once('=') {
            Some((PARAMETER, value)) => {
                id = Some(value.to_owned());
                false
            }
            _ => true,
        })
        .collect();
    (if others.is_empty() { path.to_owned() } else { format!("{path}?{}", others.join("&")) }, id)
}

fn without_form(page: &str) -> String {
    local_path(&named(page).0).to_owned()
}

fn with_form(to: &str, id: &str) -> String {
    let to = named(to).0;
    format!("{to}{}{PARAMETER}={id}", if to.contains('?') { '&' } else { '?' })
}

fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}

fn hash(text: &str) -> [u8; 32] {
    Sha256::digest(text).into()
}

/// What a browser brings along.
fn shown(app: &App, headers: &HeaderMap) -> Option<String> {
    sessions::cookies(headers).find(|cookie| cookie.name() == name(app)).map(|cookie| cookie.value().to_owned())
}

fn set_cookie(app: &App, value: String) -> Option<HeaderValue> {
    let cookie = Cookie::build((name(app), value)).path("/").http_only(true).secure(!app.config.insecure_cookies).same_site(SameSite::Strict);
    HeaderValue::from_str(&cookie.build().to_string()).ok()
}

fn name(app: &App) -> &'static str {
    if app.config.insecure_cookies { "shieldwall-forms" } else { "__Host-shieldwall-forms" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_the_same_with_the_name_of_a_form_and_without() {
        assert_eq!(named("/admin/users?done=role&kept=x&range=7d"), ("/admin/users?done=role&range=7d".to_owned(), Some("x".to_owned())));
        assert_eq!(named("/admin/users?kept=x"), ("/admin/users".to_owned(), Some("x".to_owned())));
        assert_eq!(named("/admin/users"), ("/admin/users".to_owned(), None));
        assert_eq!(with_form("/admin/users?kept=a&done=role", "b"), "/admin/users?done=role&kept=b");
        assert_eq!(with_form("/connect", "b"), "/connect?kept=b");
    }
}
