//! A passkey in place of a code: `/auth/passkey/challenge` asks for it and `/auth/passkey` takes the answer, both at sign-in, after the password, and
//! as the proof of somebody who is signed in.

use super::{
    Attempt, Door, Guesser,
    begin::{self, Visitor},
    handlers::{local_path, sign_in_page, too_often},
    passkey, sessions, signed_in, unavailable,
    verify::page,
};
use crate::{App, audit, middleware::Form};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{Purpose, StoreError, UserRecord};
use tower_sessions::Session;

/// Whose passkey is asked for.
struct Asked {
    user: UserRecord,
    purpose: Purpose,
    /// The hash of the session's id.
    session: [u8; 32],
}

/// Of whom this session waits for a proof: who has typed the right password, or who is signed in.
async fn asked(app: &App, session: &Session) -> Result<Option<Asked>, StoreError> {
    if let Some(id) = begin::waiting(session, app.clock.now()).await? {
        let (user, session) = (app.store.hub().user(id).await?.filter(|u| !u.disabled), session.id());
        return Ok(user.zip(session).map(|(user, id)| Asked { user, purpose: Purpose::SignIn, session: sessions::hash(&id) }));
    }
    let who = signed_in(app, session).await?;
    Ok(who.map(|who| Asked { user: who.user, purpose: Purpose::StepUp, session: who.session }))
}

/// What the browser hands to the authenticator.
pub async fn challenge(State(app): State<App>, session: Session) -> Response {
    let asked = match asked(&app, &session).await {
        Ok(Some(asked)) => asked,
        Ok(None) => return (StatusCode::UNAUTHORIZED, "Sign in first.\n").into_response(),
        Err(error) => return unavailable(&error),
    };
    let Some(place) = app.passkeys.as_deref() else { return no_place() };
    match passkey::ask(&app, place, asked.session, asked.user.id, asked.purpose).await {
        Ok(Some(challenge)) => Json(challenge).into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, "There is no passkey.\n").into_response(),
        Err(error) => unavailable(&error),
    }
}

/// The answer where this hub's address can have no passkeys.
pub fn no_place() -> Response {
    (StatusCode::NOT_FOUND, "Passkeys need a hub whose public address is a name over HTTPS, or localhost.\n").into_response()
}

#[derive(Deserialize)]
pub struct Answer {
    /// What the authenticator said, as JSON.
    credential: String,
    next: Option<String>,
}

/// Takes the authenticator's answer.
pub async fn answer(State(app): State<App>, session: Session, visitor: Visitor, Form(form): Form<Answer>) -> Response {
    let next = local_path(form.next.as_deref().unwrap_or("/"));
    let Asked { user, purpose, session: id } = match asked(&app, &session).await {
        Ok(Some(asked)) => asked,
        Ok(None) => return Redirect::to(&sign_in_page(Some("late"), next)).into_response(),
        Err(error) => return unavailable(&error),
    };
    let Some(place) = app.passkeys.as_deref() else { return no_place() };
    let (path, throttled) = match purpose {
        Purpose::SignIn => ("/signin/code", sign_in_page(Some("throttled"), next)),
        _ => ("/stepup", page("/stepup", Some("throttled"), next)),
    };
    // Counted apart from codes, which somebody may have used up: nobody guesses a signature.
    let guesser = match visitor.browser.knows(&app, &user).await {
        _ if purpose == Purpose::StepUp => Guesser::Session(id),
        Ok(known) => Guesser::of(known, visitor.address.0),
        Err(error) => return unavailable(&error),
    };
    let attempt = match Attempt::admit(&app, Door::Passkey(user.id), guesser).await {
        Ok(Some(attempt)) => attempt,
        Ok(None) => {
            audit::sign_in_throttled(&app, &user.email, visitor.address.0).await;
            return Redirect::to(&throttled).into_response();
        }
        Err(error) => return unavailable(&error),
    };
    match passkey::accept(&app, place, id, user.id, purpose, &form.credential).await {
        Ok(true) => attempt.succeeded(&app).await,
        Ok(false) => {
            return match audit::sign_in_failed(&app, Some(&user), visitor.address.0).await {
                Ok(()) => Redirect::to(&page(path, Some("passkey"), next)).into_response(),
                Err(error) => unavailable(&error),
            };
        }
        Err(error) => {
            attempt.forgive(&app).await;
            return unavailable(&error);
        }
    }
    if purpose == Purpose::SignIn && !app.page_time.may_sign_in(user.id, app.clock.now()) {
        return too_often(&app, &user, visitor.address.0, next).await;
    }
    match begin::begin(&app, &session, user.id, &visitor).await {
        Ok(()) => {
            tracing::info!(user = user.id, purpose = purpose.name(), "a passkey was accepted");
            Redirect::to(next).into_response()
        }
        Err(error) => unavailable(&error),
    }
}
