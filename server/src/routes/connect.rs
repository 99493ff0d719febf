//! The forms of `/connect`: the quick way to a key, shown once in the very answer, and its end.

use super::{
    forms::{failed, refused},
    keys::{WHY, name_of, record, shown},
};
use crate::{
    App,
    auth::{Verified, keys},
    middleware::{Form, PageNonce},
};
use axum::{
    Extension,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use store::StoreError;

/// Days a key made here is good for.
const DAYS: i64 = 365;

#[derive(Deserialize)]
pub struct KeyForm {
    name: String,
}

/// Makes a key of the viewer's own organisation, for every class of data and from anywhere.
pub async fn create(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<KeyForm>) -> Response {
    if !who.user.role.manages_keys() {
        return refused(&app, &who, "/connect", WHY).await;
    }
    let Some(name) = name_of(&form.name) else { return (StatusCode::UNPROCESSABLE_ENTITY, "A key needs a name.\n").into_response() };
    let now = app.clock.now();
    let key = keys::generate(&mut rand::rng());
    let record = record(who.user.org, name, &key, keys::USUAL.join(" "), now, DAYS);
    match app.store.hub().by(who.actor()).add_key_within(app.config.quotas.keys, record, keys::hash(&key)).await {
        Ok(()) => shown(app, who, nonce, key, "/connect").await,
        Err(StoreError::Exists(_)) => Redirect::to("/connect?error=name").into_response(),
        Err(error) => failed("/connect", &error),
    }
}

/// Revokes a key of the viewer's own organisation.
pub async fn revoke(State(app): State<App>, Verified(who): Verified, Form(form): Form<KeyForm>) -> Response {
    if !who.user.role.manages_keys() {
        return refused(&app, &who, "/connect/revoke", WHY).await;
    }
    match app.store.hub().by(who.actor()).revoke_key(who.user.org, form.name, app.clock.now()).await {
        Ok(_) => {
            tracing::info!(user = who.user.id, "API key revoked");
            Redirect::to("/connect").into_response()
        }
        Err(error) => failed("/connect", &error),
    }
}
