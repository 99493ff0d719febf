//! The forms of `/account` about the own passkeys.

use super::{
    account::{back, failed, shown},
    keys::name_of,
};
use crate::{
    App,
    auth::{Verified, passkey, verify_passkey::no_place},
    middleware::{Form, PageNonce},
};
use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use store::{Added, Removed};

#[derive(Deserialize)]
pub struct New {
    name: String,
    /// What the authenticator said, as JSON.
    credential: String,
}

#[derive(Deserialize)]
pub struct Which {
    id: i64,
}

/// What the browser hands to the authenticator that shall make a passkey.
pub async fn challenge(State(app): State<App>, Verified(who): Verified) -> Response {
    let Some(place) = app.passkeys.as_deref() else { return no_place() };
    match passkey::offer(&app, place, &who).await {
        Ok(challenge) => Json(challenge).into_response(),
        Err(error) => failed(&error),
    }
}

/// Takes a new passkey; where it is the first second factor, the very answer shows the recovery codes.
pub async fn add(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<New>) -> Response {
    let Some(place) = app.passkeys.as_deref() else { return no_place() };
    let Some(name) = name_of(&form.name) else { return back("name") };
    match passkey::register(&app, place, &who, name, &form.credential).await {
        Ok(Some((Added::First, codes))) => {
            tracing::info!(user = who.user.id, "a passkey was added, the first second factor");
            shown(app, who, codes, nonce).await
        }
        Ok(Some((Added::Another, _))) => {
            tracing::info!(user = who.user.id, "a passkey was added");
            back("added")
        }
        Ok(Some((Added::Refused, _))) => back("most"),
        Ok(None) => back("refused"),
        Err(error) => failed(&error),
    }
}

/// Takes one of the own passkeys away; not the last second factor of a role that needs one.
pub async fn remove(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    let keep_one = app.config.second_factor && who.user.role.needs_second_factor();
    match app.store.hub().by(who.actor()).remove_passkey(who.user.id, form.id, keep_one, app.clock.now()).await {
        Ok(Removed::Done) => back("removed"),
        Ok(Removed::Gone) => back("gone"),
        Ok(Removed::Last) => back("needed"),
        Err(error) => failed(&error),
    }
}
