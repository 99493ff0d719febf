//! The forms of `/admin/catalogue`: each changes the draft of who sends it.

use super::{
    forms::back,
    policy::{At, again},
};
use crate::{
    App,
    auth::SignedIn,
    middleware::{Form, PageNonce},
    views::read_metric,
};
use axum::{
    Extension,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::catalogue::Typed;

const PAGE: &str = "/admin/catalogue";
const NEW: &str = "/admin/catalogue/new-metric";

/// Adds a metric.
pub async fn add(State(app): State<App>, who: SignedIn, Extension(nonce): Extension<PageNonce>, Form(typed): Form<Typed>) -> Response {
    let at = match At::of(&app, &who, NEW).await {
        Ok(at) => at,
        Err(refusal) => return refusal,
    };
    match read_metric(&at.desk, None, &typed) {
        Ok(policy) => at.keep(&policy, PAGE).await,
        Err(_) => again(at, nonce, NEW, &typed).await,
    }
}

/// Changes a metric.
pub async fn change(
    State(app): State<App>,
    who: SignedIn,
    Path(key): Path<String>,
    Extension(nonce): Extension<PageNonce>,
    Form(typed): Form<Typed>,
) -> Response {
    let at = match At::of(&app, &who, PAGE).await {
        Ok(at) => at,
        Err(refusal) => return refusal,
    };
    if !is_there(&at, &key) {
        return StatusCode::NOT_FOUND.into_response();
    }
    match read_metric(&at.desk, Some(&key), &typed) {
        Ok(policy) => at.keep(&policy, PAGE).await,
        Err(_) => again(at, nonce, &format!("{PAGE}/{key}"), &typed).await,
    }
}

/// Takes a metric out.
pub async fn retire(State(app): State<App>, who: SignedIn, Path(key): Path<String>) -> Response {
    let at = match At::of(&app, &who, PAGE).await {
        Ok(at) => at,
        Err(refusal) => return refusal,
    };
    if !is_there(&at, &key) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let policy = at.desk.next().without_metric(&key);
    if policy.check().is_err() { back(&format!("{PAGE}/{key}"), "last") } else { at.keep(&policy, PAGE).await }
}

/// Takes back what the draft does with a metric.
pub async fn restore(State(app): State<App>, who: SignedIn, Path(key): Path<String>) -> Response {
    let at = match At::of(&app, &who, PAGE).await {
        Ok(at) => at,
        Err(refusal) => return refusal,
    };
    let Some(metric) = at.desk.in_force.metric(&key).cloned() else { return StatusCode::NOT_FOUND.into_response() };
    let policy = at.desk.next().with_metric(metric);
    if policy.check().is_err() { back(&format!("{PAGE}/{key}"), "last") } else { at.keep(&policy, PAGE).await }
}

/// Whether the draft or the policy in force has a metric.
fn is_there(at: &At, key: &str) -> bool {
    at.desk.next().metric(key).is_some() || at.desk.in_force.metric(key).is_some()
}
