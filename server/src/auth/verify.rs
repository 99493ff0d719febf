//! The second step of signing in, `/auth/code`, and the proof that it is still the same person, `/auth/stepup`, before keys, exports, people and
//! sharing are touched: a code where there is a second factor, else the password. A passkey takes another way ([`super::verify_passkey`]).

use super::{
    Attempt, Door, Guesser, SignedIn, asked,
    begin::{self, Visitor},
    factor,
    handlers::{local_path, not_compared, sign_in_page, too_often},
    password::{self, Queue},
    sign_in_first, unavailable,
};
use crate::{App, audit, middleware::Form, routes::MatchedRoute};
use axum::{
    extract::{FromRequestParts, State},
    http::{Method, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use tower_sessions::Session;

#[derive(Deserialize)]
pub struct Code {
    code: String,
    next: Option<String>,
}

/// The code after a right password.
pub async fn code(State(app): State<App>, session: Session, visitor: Visitor, Form(form): Form<Code>) -> Response {
    let next = local_path(form.next.as_deref().unwrap_or("/"));
    let user = match begin::waiting(&session, app.clock.now()).await {
        Ok(Some(id)) => match app.store.hub().user(id).await {
            Ok(user) => user.filter(|u| !u.disabled),
            Err(error) => return unavailable(&error),
        },
        Ok(None) => None,
        Err(error) => return unavailable(&error),
    };
    let Some(user) = user else { return Redirect::to(&sign_in_page(Some("late"), next)).into_response() };
    // Counted apart from passwords: a right password must not give back tries at the code.
    let guesser = match visitor.browser.knows(&app, &user).await {
        Ok(known) => Guesser::of(known, visitor.address.0),
        Err(error) => return unavailable(&error),
    };
    let attempt = match Attempt::admit(&app, door(user.id, &form.code), guesser).await {
        Ok(Some(attempt)) => attempt,
        Ok(None) => {
            audit::sign_in_throttled(&app, &user.email, visitor.address.0).await;
            return Redirect::to(&sign_in_page(Some("throttled"), next)).into_response();
        }
        Err(error) => return unavailable(&error),
    };
    match factor::accept(&app, user.id, &form.code).await {
        Ok(true) => attempt.succeeded(&app).await,
        Ok(false) => {
            tracing::warn!(user = user.id, "a wrong code");
            return match audit::sign_in_failed(&app, Some(&user), visitor.address.0).await {
                Ok(()) => Redirect::to(&page("/signin/code", Some("code"), next)).into_response(),
                Err(error) => unavailable(&error),
            };
        }
        Err(error) => {
            attempt.forgive(&app).await;
            return unavailable(&error);
        }
    }
    if !app.page_time.may_sign_in(user.id, app.clock.now()) {
        return too_often(&app, &user, visitor.address.0, next).await;
    }
    match begin::begin(&app, &session, user.id, &visitor).await {
        Ok(()) => {
            tracing::info!(user = user.id, "signed in with a second factor");
            Redirect::to(next).into_response()
        }
        Err(error) => unavailable(&error),
    }
}

/// Recovery codes, which nobody guesses, are counted apart from codes, which somebody may have used up.
fn door(user: i64, code: &str) -> Door<'static> {
    if factor::is_recovery_code(code) { Door::RecoveryCode(user) } else { Door::Code(user) }
}

#[derive(Deserialize)]
pub struct Proof {
    /// A code, or the password of who has no second factor.
    proof: String,
    next: Option<String>,
}

/// The proof of somebody who is signed in.
pub async fn step_up(State(app): State<App>, who: SignedIn, session: Session, visitor: Visitor, Form(form): Form<Proof>) -> Response {
    let next = local_path(form.next.as_deref().unwrap_or("/"));
    let user = &who.user;
    // Of the session's own: whoever found it open gets few, and keeps nobody from signing in elsewhere.
    let attempt = match Attempt::admit(&app, door(user.id, &form.proof), Guesser::Session(who.session)).await {
        Ok(Some(attempt)) => attempt,
        Ok(None) => {
            audit::sign_in_throttled(&app, &user.email, visitor.address.0).await;
            return Redirect::to(&page("/stepup", Some("throttled"), next)).into_response();
        }
        Err(error) => return unavailable(&error),
    };
    let fits = match has_factor(&app, user.id).await {
        Ok(true) => factor::accept(&app, user.id, &form.proof).await,
        Ok(false) => match password::verify(user.password_hash.as_deref(), &form.proof, Queue::Known(user.id)).await {
            Ok(fits) => Ok(fits),
            Err(error) => {
                attempt.forgive(&app).await;
                return not_compared(error);
            }
        },
        Err(error) => Err(error),
    };
    match fits {
        Ok(true) => attempt.succeeded(&app).await,
        Ok(false) => {
            return match audit::sign_in_failed(&app, Some(user), visitor.address.0).await {
                Ok(()) => Redirect::to(&page("/stepup", Some("proof"), next)).into_response(),
                Err(error) => unavailable(&error),
            };
        }
        Err(error) => {
            attempt.forgive(&app).await;
            return unavailable(&error);
        }
    }
    match begin::begin(&app, &session, user.id, &visitor).await {
        Ok(()) => Redirect::to(next).into_response(),
        Err(error) => unavailable(&error),
    }
}

/// Whether a second factor is asked of a person.
///
/// # Errors
/// When the database fails.
pub async fn has_factor(app: &App, user: i64) -> Result<bool, store::StoreError> {
    Ok(app.store.hub().factors(user).await?.any())
}

/// The address of a page of these steps.
pub(super) fn page(path: &str, error: Option<&str>, next: &str) -> String {
    let next = Some(local_path(next)).filter(|n| *n != "/");
    let query: Vec<(&str, &str)> = [("error", error), ("next", next)].into_iter().filter_map(|(k, v)| Some((k, v?))).collect();
    let query = serde_urlencoded::to_string(query).unwrap_or_default();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Where the proof is asked for.
#[must_use]
pub fn step_up_page(error: Option<&str>, next: &str) -> String {
    page("/stepup", error, next)
}

/// Where the code is asked for.
#[must_use]
pub fn code_page(next: &str) -> String {
    page("/signin/code", None, next)
}

/// Somebody who proved within the last minutes to be who he is. As an extractor it sends others to prove it, and then to where they were going:
/// to the address itself, or to the page of a form.
pub struct Verified(pub SignedIn);

impl FromRequestParts<App> for Verified {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let who = SignedIn::from_request_parts(parts, app).await?;
        if (0..begin::FRESH).contains(&app.clock.now().since(who.verified_at)) {
            return Ok(Self(who));
        }
        let next = if parts.method == Method::GET {
            asked(parts).path_and_query().map_or("/", |p| p.as_str()).to_owned()
        } else {
            let route = parts.extensions.get::<MatchedRoute>().map_or("/", |route| route.path);
            let segments = if route.starts_with("/admin/") { 2 } else { 1 };
            route.split('/').skip(1).take(segments).fold(String::new(), |path, segment| path + "/" + segment)
        };
        if parts.headers.get("sec-fetch-mode").is_some_and(|mode| mode != "navigate") && parts.method == Method::GET {
            return Err(sign_in_first(app, parts));
        }
        Err(Redirect::to(&page("/stepup", None, &next)).into_response())
    }
}
