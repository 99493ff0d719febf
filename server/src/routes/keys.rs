//! The forms of `/admin/keys`: a key with scopes, networks and an end is made, replaced by another, or revoked.

use super::{
    forms::{back, failed, refused},
    pages::render,
};
use crate::{
    App,
    auth::{SignedIn, Verified, keys},
    middleware::{Form, PageNonce},
};
use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::{DAY, OrgId, Timestamp};
use serde::Deserialize;
use store::{KeyRecord, StoreError};

const PAGE: &str = "/admin/keys";
pub const WHY: &str = "Only an org_admin makes and revokes keys.\n";
/// Days a replaced key goes on, so that its machine can be given the new one.
const OVERLAP: i64 = 7;
/// Days that can be chosen for a key.
pub const DAYS: [i64; 4] = [30, 90, 365, 730];

/// The form of a new key; an absent scope is not given.
#[derive(Deserialize)]
pub struct New {
    name: String,
    days: i64,
    #[serde(default)]
    addresses: String,
    metrics: Option<String>,
    incidents: Option<String>,
    events: Option<String>,
    indicators: Option<String>,
    backfill: Option<String>,
}

#[derive(Deserialize)]
pub struct Which {
    name: String,
}

/// Makes a key of the viewer's own organisation.
pub async fn create(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<New>) -> Response {
    if !who.user.role.manages_keys() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let name = name_of(&form.name);
    let given: [_; keys::SCOPES.len()] = [&form.metrics, &form.incidents, &form.events, &form.indicators, &form.backfill];
    let scopes: Vec<&str> = keys::SCOPES.into_iter().zip(given).filter(|(_, given)| given.is_some()).map(|(scope, _)| scope).collect();
    let networks = keys::networks(&form.addresses);
    let (Some(name), Ok(networks), true) = (name, networks, DAYS.contains(&form.days)) else { return back(PAGE, "form") };
    if scopes.is_empty() || networks.len() > 20 {
        return back(PAGE, "form");
    }
    let addresses = networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let now = app.clock.now();
    let key = keys::generate(&mut rand::rng());
    let record = KeyRecord { addresses, ..record(who.user.org, name, &key, scopes.join(" "), now, form.days) };
    match app.store.hub().by(who.actor()).add_key_within(app.config.quotas.keys, record, keys::hash(&key)).await {
        Ok(()) => shown(app, who, nonce, key, PAGE).await,
        Err(StoreError::Exists(_)) => back(PAGE, "name"),
        Err(StoreError::TooMany { .. }) => back(PAGE, "most"),
        Err(error) => failed(PAGE, &error),
    }
}

/// Makes a key that takes over from another of the viewer's own organisation: both are live for a week.
pub async fn rotate(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_keys() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let (now, hub) = (app.clock.now(), app.store.hub().by(who.actor()));
    let all = match hub.keys(who.user.org).await {
        Ok(all) => all,
        Err(error) => return failed(PAGE, &error),
    };
    let Some(old) = all.iter().find(|k| k.name == form.name && k.is_live(now)) else { return back(PAGE, "gone") };
    let lasts = old.expires_at.map_or(365, |end| (end.since(old.created_at) / DAY).max(1));
    let key = keys::generate(&mut rand::rng());
    let record = KeyRecord { addresses: old.addresses.clone(), ..record(who.user.org, successor(&form.name, &all), &key, old.scopes.clone(), now, lasts) };
    match hub.rotate_key(form.name, app.config.quotas.keys, record, keys::hash(&key), now.plus(OVERLAP * DAY)).await {
        Ok(true) => shown(app, who, nonce, key, PAGE).await,
        Ok(false) => back(PAGE, "gone"),
        Err(StoreError::Exists(_)) => back(PAGE, "name"),
        Err(StoreError::TooMany { .. }) => back(PAGE, "most"),
        Err(error) => failed(PAGE, &error),
    }
}

/// Revokes a key of the viewer's own organisation.
pub async fn revoke(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_keys() {
        return refused(&app, &who, "/admin/keys/revoke", WHY).await;
    }
    match app.store.hub().by(who.actor()).revoke_key(who.user.org, form.name, app.clock.now()).await {
        Ok(revoked) => back(PAGE, if revoked { "revoked" } else { "gone" }),
        Err(error) => failed(PAGE, &error),
    }
}

/// A name as it is kept; `None` where nothing is left of it.
pub fn name_of(text: &str) -> Option<String> {
    domain::text::typed_name(text, 60)
}

/// A new key's record.
pub fn record(org: OrgId, name: String, key: &str, scopes: String, now: Timestamp, days: i64) -> KeyRecord {
    KeyRecord {
        id: 0,
        org,
        name,
        hint: keys::hint(key),
        scopes,
        created_at: now,
        expires_at: Some(now.plus(days * DAY)),
        revoked_at: None,
        last_used_at: None,
        addresses: String::new(),
    }
}

/// The page with the key, which no later answer shows.
pub async fn shown(app: App, who: SignedIn, nonce: PageNonce, key: String, page: &'static str) -> Response {
    tracing::info!(user = who.user.id, "API key created");
    let Ok(request) = Request::get(page).body(Body::empty()) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    render(app, Some(who), Some(key), nonce, request).await
}

/// The name of the key after `name`: `siem`, `siem-2`, `siem-3` …, none twice.
fn successor(name: &str, all: &[KeyRecord]) -> String {
    let stem = name.rsplit_once('-').filter(|(_, n)| n.parse::<u32>().is_ok()).map_or(name, |(stem, _)| stem);
    let stem: String = stem.chars().take(52).collect();
    (2..).map(|n| format!("{stem}-{n}")).find(|next| all.iter().all(|k| k.name != *next)).unwrap_or(stem)
}
