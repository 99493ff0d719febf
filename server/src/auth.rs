//! Who is asking: people with a session, machines with an API key.
//!
//! * A person signs in with mail and password ([`handlers`], [`password`], [`throttle`]); the session lives in the hub's own
//!   store ([`sessions`]), and the person is read again for each request, so that a disabled account ends at once.
//! * The first password is set through a one-time link ([`links`]).
//! * A machine sends an API key ([`keys`]).
//!
//! What somebody may then see is not decided here but by [`domain::Viewer`].

pub mod handlers;
mod key_cache;
pub mod keys;
pub mod links;
pub mod password;
pub mod sessions;
mod strength;
#[cfg(test)]
mod testing;
pub mod throttle;

pub use throttle::{Attempt, ClientAddress};

use crate::App;
use axum::{
    extract::{FromRequestParts, OriginalUri},
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use domain::Viewer;
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
}

/// Who is behind a request, `None` for nobody: no session, an expired one, an account that is disabled or gone.
///
/// Counts as use of the session: its idle time begins anew.
///
/// # Errors
/// When the database fails.
pub async fn signed_in(app: &App, session: &Session) -> Result<Option<SignedIn>, StoreError> {
    // The session layer has no room for our error type, only for its text.
    let id = session.get::<i64>(sessions::USER).await.map_err(|e| StoreError::Internal(format!("session: {e}")))?;
    person(app, id).await
}

/// Who is behind a request that no hand made, such as the refresh of an open page. It is no use of the session: an open page alone keeps
/// nobody signed in.
///
/// # Errors
/// When the database fails.
pub async fn still_signed_in(app: &App, session: &Session) -> Result<Option<SignedIn>, StoreError> {
    let Some(id) = session.id() else { return Ok(None) };
    let record = app.store.hub().session(sessions::hash(&id), app.clock.now()).await?;
    person(app, record.and_then(|r| r.user)).await
}

async fn person(app: &App, id: Option<i64>) -> Result<Option<SignedIn>, StoreError> {
    let Some(id) = id else { return Ok(None) };
    let user = app.store.hub().user(id).await?.filter(|u| !u.disabled);
    Ok(user.map(|user| SignedIn { viewer: Viewer { org: user.org, role: user.role }, user }))
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let session = Session::from_request_parts(parts, app).await.map_err(IntoResponse::into_response)?;
        match signed_in(app, &session).await {
            Ok(Some(who)) => Ok(who),
            Ok(None) => Err(sign_in_first(parts)),
            Err(error) => Err(unavailable(&error)),
        }
    }
}

/// The answer to somebody who has to sign in first.
fn sign_in_first(parts: &Parts) -> Response {
    let navigates = parts.headers.get("sec-fetch-mode").is_some_and(|v| v == "navigate");
    if navigates && parts.method == Method::GET {
        // Inside a nested router the request's own address lacks its beginning.
        let asked = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |asked| &asked.0);
        let here = asked.path_and_query().map_or("/", |p| p.as_str());
        return Redirect::to(&handlers::sign_in_page(None, here)).into_response();
    }
    (StatusCode::UNAUTHORIZED, "Sign in first.\n").into_response()
}

/// The answer when the database does not: nothing was changed, and trying again may help.
fn unavailable(error: &StoreError) -> Response {
    tracing::error!(%error, "sign-in or session failed");
    let retry = [(header::RETRY_AFTER, HeaderValue::from_static("5"))];
    (StatusCode::SERVICE_UNAVAILABLE, retry, "The hub cannot reach its database. Nothing was changed; try again in a moment.\n").into_response()
}
