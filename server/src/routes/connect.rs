//! The forms of `/connect`: a key is made, shown once in the very answer, and can be revoked.

use super::pages::render;
use crate::{
    App, audit,
    auth::{SignedIn, keys},
    middleware::{Form, PageNonce},
};
use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::DAY;
use serde::Deserialize;
use store::{KeyRecord, StoreError};

/// Days a key made here is good for.
const DAYS: i64 = 365;
/// Live keys of one organisation: each has a quota of its own, so their number is one too.
const MOST: usize = 20;

#[derive(Deserialize)]
pub struct KeyForm {
    name: String,
}

/// Makes a key of the viewer's own organisation.
pub async fn create(State(app): State<App>, who: SignedIn, Extension(nonce): Extension<PageNonce>, Form(form): Form<KeyForm>) -> Response {
    if !who.user.role.manages_keys() {
        audit::denied(&app, &who, "/connect").await;
        return (StatusCode::FORBIDDEN, "Only an org_admin makes keys.\n").into_response();
    }
    let name: String = form.name.trim().chars().filter(|c| !c.is_control()).take(60).collect();
    if name.is_empty() {
        return (StatusCode::UNPROCESSABLE_ENTITY, "A key needs a name.\n").into_response();
    }
    let live = match app.store.hub().keys(who.user.org).await {
        Ok(keys) => keys.iter().filter(|k| k.revoked_at.is_none()).count(),
        Err(error) => {
            tracing::error!(%error, "API keys");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    if live >= MOST {
        return (StatusCode::CONFLICT, "Your organisation has as many live keys as it may; revoke one first.\n").into_response();
    }
    let key = keys::generate(&mut rand::rng());
    let now = app.clock.now();
    let record = KeyRecord {
        id: 0,
        org: who.user.org,
        name,
        hint: keys::hint(&key),
        scopes: "metrics incidents events indicators".into(),
        created_at: now,
        expires_at: Some(now.plus(DAYS * DAY)),
        revoked_at: None,
        last_used_at: None,
    };
    match app.store.hub().by(who.actor()).add_key(record, keys::hash(&key)).await {
        Ok(()) => {
            tracing::info!(user = who.user.id, "API key created");
            let Ok(request) = Request::get("/connect").body(Body::empty()) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
            render(app, Some(who), Some(key), nonce, request).await
        }
        Err(StoreError::Exists(_)) => Redirect::to("/connect?error=name").into_response(),
        Err(error) => {
            tracing::error!(%error, "API key");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}

/// Revokes a key of the viewer's own organisation.
pub async fn revoke(State(app): State<App>, who: SignedIn, Form(form): Form<KeyForm>) -> Response {
    if !who.user.role.manages_keys() {
        audit::denied(&app, &who, "/connect/revoke").await;
        return (StatusCode::FORBIDDEN, "Only an org_admin revokes keys.\n").into_response();
    }
    match app.store.hub().by(who.actor()).revoke_key(who.user.org, form.name, app.clock.now()).await {
        Ok(_) => {
            tracing::info!(user = who.user.id, "API key revoked");
            Redirect::to("/connect").into_response()
        }
        Err(error) => {
            tracing::error!(%error, "API key");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
