//! The forms of `/account`: the own authenticator app and recovery codes, and the own sessions.

use super::pages::render;
use crate::{
    App,
    auth::{Attempt, Browser, Door, Guesser, SignedIn, Verified, factor},
    middleware::{Form, PageNonce},
};
use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::{Added, Removed, StoreError};

const PAGE: &str = "/account";

#[derive(Deserialize)]
pub struct Code {
    code: String,
}

#[derive(Deserialize)]
pub struct Which {
    /// The hash of a session's id in hex; empty: all but this one.
    session: String,
}

/// Makes a secret for an app, which counts once a code of it was right.
pub async fn offer(State(app): State<App>, Verified(who): Verified) -> Response {
    match factor::offer(&app, who.user.id).await {
        Ok(made) => back(if made { "offered" } else { "there" }),
        Err(error) => failed(&error),
    }
}

/// Takes the first code, and shows the recovery codes in the very answer.
pub async fn confirm(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<Code>) -> Response {
    let (hub, now, id) = (app.store.hub(), app.clock.now(), who.user.id);
    let attempt = match Attempt::admit(&app, Door::Code(id), Guesser::Session(who.session)).await {
        Ok(Some(attempt)) => attempt,
        Ok(None) => return back("throttled"),
        Err(error) => return failed(&error),
    };
    let waiting = match factor::secret(&app, id).await {
        Ok(factor) => factor.filter(|(_, confirmed)| !confirmed),
        Err(error) => return failed(&error),
    };
    let Some(step) = waiting.and_then(|(secret, _)| factor::step_of(&secret, &form.code, now)) else { return back("wrong") };
    let (codes, hashes) = factor::recovery_codes();
    match hub.confirm_factor(id, step, hashes, now).await {
        Ok(Added::First) => {
            attempt.succeeded(&app).await;
            tracing::info!(user = id, "a second factor was set");
            shown(app, who, codes, nonce).await
        }
        Ok(Added::Another) => {
            attempt.succeeded(&app).await;
            tracing::info!(user = id, "another second factor was set");
            back("added")
        }
        Ok(Added::Refused) => back("wrong"),
        Err(error) => failed(&error),
    }
}

/// Makes new recovery codes in place of the old ones.
pub async fn recovery(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>) -> Response {
    let hub = app.store.hub();
    match hub.factors(who.user.id).await {
        Ok(factors) if factors.any() => {}
        Ok(_) => return back("gone"),
        Err(error) => return failed(&error),
    }
    let (codes, hashes) = factor::recovery_codes();
    match hub.set_recovery_codes(who.user.id, hashes, app.clock.now()).await {
        Ok(()) => shown(app, who, codes, nonce).await,
        Err(error) => failed(&error),
    }
}

/// Takes the own authenticator app away; not the last second factor of a role that needs one.
pub async fn remove(State(app): State<App>, Verified(who): Verified) -> Response {
    let keep_one = app.config.second_factor && who.user.role.needs_second_factor();
    match app.store.hub().by(who.actor()).remove_factor(who.user.id, keep_one, app.clock.now()).await {
        Ok(Removed::Done) => back("removed"),
        Ok(Removed::Gone) => back("gone"),
        Ok(Removed::Last) => back("needed"),
        Err(error) => failed(&error),
    }
}

/// Says that the reader has seen what others changed of the account, so that pages stop telling it.
pub async fn seen(State(app): State<App>, who: SignedIn) -> Response {
    match app.store.hub().saw_changes(who.user.id, who.user.changed_at).await {
        Ok(()) => back("seen"),
        Err(error) => failed(&error),
    }
}

/// Ends one of the own sessions, or all but this one.
pub async fn end(State(app): State<App>, who: SignedIn, browser: Browser, Form(form): Form<Which>) -> Response {
    let which = if form.session.is_empty() {
        None
    } else {
        let Some(hash) = hash_of(&form.session) else { return back("gone") };
        Some(hash)
    };
    match app.store.hub().end_sessions(who.user.id, which, who.session, app.clock.now()).await {
        Ok(ended) => {
            // The others are unknown now; this one goes on being known.
            if which.is_none()
                && let Err(error) = browser.remember(&app, who.user.id).await
            {
                return failed(&error);
            }
            back(if ended == 0 { "gone" } else { "ended" })
        }
        Err(error) => failed(&error),
    }
}

fn hash_of(hex: &str) -> Option<[u8; 32]> {
    let digits: Option<Vec<u8>> = hex.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    let digits = digits.filter(|digits| digits.len() == 64)?;
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect::<Vec<u8>>().try_into().ok()
}

/// The page with the recovery codes, which no later answer shows.
pub(super) async fn shown(app: App, who: SignedIn, codes: Vec<String>, nonce: PageNonce) -> Response {
    let Ok(request) = Request::get(PAGE).body(Body::empty()) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    // What was awaited is there now.
    render(app, Some(SignedIn { must_enrol: false, ..who }), Some(codes.join(" ")), nonce, request).await
}

pub(super) fn back(word: &str) -> Response {
    Redirect::to(&format!("{PAGE}?done={word}")).into_response()
}

pub(super) fn failed(error: &StoreError) -> Response {
    tracing::error!(%error, "account");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}
