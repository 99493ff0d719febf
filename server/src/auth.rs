//! Who is asking: people with a session, machines with an API key.
//!
//! * A person signs in with mail and password ([`handlers`], [`password`], [`throttle`], [`browser`]); the session lives in the hub's own
//!   store ([`sessions`]), and the person is read again for each request, so that a disabled account ends at once.
//! * The first password is set through a one-time link ([`links`]).
//! * Or at the organisation's own identity provider ([`oidc`]).
//! * A machine sends an API key ([`keys`]).
//!
//! * Who has a second factor is asked for it: the code of an app ([`factor`]) or a passkey ([`passkey`]); and everybody to prove now and then to be
//!   the same person ([`verify`], [`verify_passkey`]).
//!
//! What somebody may then see is not decided here but by [`domain::Viewer`].

pub mod begin;
pub mod browser;
pub mod factor;
pub mod handlers;
mod hashing;
mod key_cache;
pub mod keys;
pub mod links;
pub mod oidc;
pub mod opaque;
pub mod passkey;
pub mod password;
pub mod seal;
pub mod sessions;
mod strength;
#[cfg(test)]
mod testing;
pub mod throttle;
pub mod verify;
pub mod verify_passkey;

pub use crate::serving::ClientAddress;
pub use browser::Browser;
pub use throttle::{Attempt, Door, Guesser};
pub use verify::Verified;

use crate::{
    App, card,
    middleware::{SignInFirst, wants_page},
    page_time,
    routes::{Access, MatchedRoute},
    serving::{self, Member, Party},
};
use axum::{
    Extension,
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use domain::{Timestamp, Viewer};
use store::{StoreError, UserRecord};
use tower_sessions::Session;

/// Somebody who is signed in, as the database knew him when the request came.
///
/// As an extractor it answers those who are not signed in: a browser that opens an address is sent to the sign-in page and
/// back, everything else gets 401.
#[derive(Clone, Debug, PartialEq)]
pub struct SignedIn {
    pub user: UserRecord,
    pub viewer: Viewer,
    /// When he last proved to be who he is.
    pub verified_at: Timestamp,
    /// The hash of the session's id.
    pub session: [u8; 32],
    /// Whether he must set up a second factor before anything else.
    pub must_enrol: bool,
}

/// Who is behind a request, `None` for nobody: no session, an expired one, an account that is disabled or gone.
///
/// Counts as use of the session: its idle time begins anew.
///
/// # Errors
/// When the database fails.
pub async fn signed_in(app: &App, session: &Session) -> Result<Option<SignedIn>, StoreError> {
    // The session layer has no room for our error type, only for its text.
    let id = session.get::<i64>(sessions::USER).await.map_err(|e| begin::store_error(&e))?;
    person(app, id, session, begin::verified_at(session).await?).await
}

/// Who is behind a request that no hand made, such as the refresh of an open page. It is no use of the session: an open page alone keeps
/// nobody signed in.
///
/// # Errors
/// When the database fails.
pub async fn still_signed_in(app: &App, session: &Session) -> Result<Option<SignedIn>, StoreError> {
    let Some(id) = session.id() else { return Ok(None) };
    let record = app.store.hub().session(sessions::hash(&id), app.clock.now()).await?;
    // A refresh proves nothing.
    person(app, record.and_then(|r| r.user), session, Timestamp(0)).await
}

async fn person(app: &App, id: Option<i64>, session: &Session, verified_at: Timestamp) -> Result<Option<SignedIn>, StoreError> {
    let (Some(id), Some(session)) = (id, session.id()) else { return Ok(None) };
    let Some(user) = app.store.hub().user(id).await?.filter(|u| !u.disabled) else { return Ok(None) };
    app.live.know(user.org).await;
    let must_enrol = app.config.second_factor && user.role.needs_second_factor() && !verify::has_factor(app, id).await?;
    Ok(Some(SignedIn { viewer: Viewer { org: user.org, role: user.role }, user, verified_at, session: sessions::hash(&session), must_enrol }))
}

impl SignedIn {
    /// Whose connection it is that this person asks over.
    #[must_use]
    pub fn party(&self) -> Party {
        Party { member: Member::Person(self.user.id), org: self.user.org }
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let session = Session::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        match signed_in(app, &session).await {
            Ok(Some(who)) => {
                serving::identify(&parts.extensions, who.party());
                // A second factor that is due comes before everything but its own forms, and signing out.
                let open = !who.must_enrol || opens_before_enrolment(parts.extensions.get());
                if !open {
                    return Err(enrol_first(parts));
                }
                page_time::admit(app, &parts.extensions, &who).await?;
                if parts.method == Method::POST {
                    page_time::change(app, &who)?;
                }
                Ok(who)
            }
            Ok(None) => Err(sign_in_first(app, parts)),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

/// The address that was asked for: inside a nested router the request's own lacks its beginning.
fn asked(parts: &Parts) -> &Uri {
    parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |asked| &asked.0)
}

/// Whether a route is open to somebody who has to set up a second factor first: the forms for that, and the proof that they ask for. What is in no
/// table is not.
#[must_use]
pub fn opens_before_enrolment(route: Option<&MatchedRoute>) -> bool {
    route.is_some_and(|route| route.access == Access::Enrolment)
}

/// Whether a browser opens an address or sends a form as such; old ones do not say so, but ask for a page.
fn navigates(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-mode").map_or_else(|| wants_page(headers), |mode| mode == "navigate")
}

/// The answer to somebody who has to set up a second factor first.
fn enrol_first(parts: &Parts) -> Response {
    if navigates(&parts.headers) {
        return Redirect::to("/account").into_response();
    }
    (StatusCode::FORBIDDEN, "Your role needs a second factor; set it up at /account first.\n").into_response()
}

/// The answer to somebody who has to sign in first.
fn sign_in_first(app: &App, parts: &Parts) -> Response {
    if navigates(&parts.headers) && parts.method == Method::GET {
        return to_the_sign_in(app, &parts.headers, asked(parts).path_and_query().map_or("/", |p| p.as_str()));
    }
    (Extension(SignInFirst), (StatusCode::UNAUTHORIZED, "Sign in first.\n")).into_response()
}

/// Where a browser goes that opened an address and showed no session. One that comes from a page elsewhere, such as a message, may have one all the
/// same: its cookie is `SameSite=Strict`, so it is shown only when the hub's own page asks. Nothing is changed by opening an address, so that page asks
/// by itself.
pub(crate) fn to_the_sign_in(app: &App, headers: &HeaderMap, here: &str) -> Response {
    let is = |name: &str, words: &[&str]| headers.get(name).and_then(|v| v.to_str().ok()).is_some_and(|v| words.contains(&v));
    let elsewhere = is("sec-fetch-site", &["cross-site", "same-site"]) && is("sec-fetch-mode", &["navigate"]);
    if elsewhere && !sessions::is_shown(app, headers) {
        return card::bounce(app, here, "You come from another site. Going on to the page that you opened.");
    }
    (Extension(SignInFirst), Redirect::to(&handlers::sign_in_page(None, here))).into_response()
}

/// The answer when the database does not: nothing was changed, and trying again may help.
fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, "sign-in or session failed");
    let retry = [(header::RETRY_AFTER, HeaderValue::from_static("5"))];
    (StatusCode::SERVICE_UNAVAILABLE, retry, "The hub cannot reach its database. Nothing was changed; try again in a moment.\n").into_response()
}
