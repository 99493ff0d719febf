//! The forms of `/admin/users`: an administrator invites people of the own organisation, gives them roles, and keeps them out.

use super::{
    forms::{back, failed, refused},
    pages::render,
};
use crate::{
    App,
    auth::{SignedIn, Verified, links},
    middleware::{Form, PageNonce},
};
use axum::{
    Extension,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use domain::Role;
use serde::Deserialize;
use store::{StoreError, Turned};

const PAGE: &str = "/admin/users";
const WHY: &str = "Only an org_admin manages the organisation's people.\n";

#[derive(Deserialize)]
pub struct Invitation {
    name: String,
    email: String,
    role: String,
}

#[derive(Deserialize)]
pub struct Which {
    id: i64,
}

#[derive(Deserialize)]
pub struct Given {
    id: i64,
    role: String,
}

/// Adds a person of the viewer's own organisation, and shows the one-time link in the very answer.
pub async fn invite(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<Invitation>) -> Response {
    if !who.user.role.manages_users() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let name: String = form.name.trim().chars().filter(|c| !c.is_control()).take(100).collect();
    let email = form.email.trim();
    let address = email.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.'));
    let Some(role) = given(&form.role) else { return back(PAGE, "role") };
    if name.is_empty() || !address || email.len() > 254 || email.contains(char::is_whitespace) || email.contains(char::is_control) {
        return back(PAGE, "address");
    }
    match app.store.hub().by(who.actor()).add_user(who.user.org, email.to_owned(), name, role, None, app.clock.now()).await {
        Ok(id) => linked(app, who, nonce, id).await,
        // Not whether it is somebody of another organisation.
        Err(StoreError::Exists(_)) => back(PAGE, "address"),
        Err(error) => failed(PAGE, &error),
    }
}

/// Makes another one-time link for a person of the viewer's own organisation, such as for who has forgotten the password.
pub async fn link(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_users() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    match app.store.hub().user(form.id).await {
        // A link is worth as much as the person's role, so those of the hub's own roles are made where the roles are given.
        Ok(Some(user)) if user.org == who.user.org && !user.disabled && Role::OF_AN_ORGANISATION.contains(&user.role) => linked(app, who, nonce, user.id).await,
        Ok(_) => back(PAGE, "gone"),
        Err(error) => failed(PAGE, &error),
    }
}

async fn linked(app: App, who: SignedIn, nonce: PageNonce, id: i64) -> Response {
    match links::new_link(&app, who.actor(), id).await {
        Ok(token) => {
            tracing::info!(user = who.user.id, "a one-time link was made");
            let Ok(request) = Request::get(PAGE).body(Body::empty()) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
            render(app, Some(who), Some(token), nonce, request).await
        }
        Err(error) => failed(PAGE, &error),
    }
}

/// Gives a person of the viewer's own organisation another role.
pub async fn role(State(app): State<App>, Verified(who): Verified, Form(form): Form<Given>) -> Response {
    if !who.user.role.manages_users() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let Some(role) = given(&form.role) else { return back(PAGE, "role") };
    match app.store.hub().user(form.id).await {
        // The hub's own roles are taken where they are given.
        Ok(Some(user)) if user.org == who.user.org && !Role::OF_AN_ORGANISATION.contains(&user.role) => return back(PAGE, "role"),
        Ok(_) => {}
        Err(error) => return failed(PAGE, &error),
    }
    turned(app.store.hub().by(who.actor()).set_role(who.user.org, form.id, role, app.clock.now()).await)
}

/// Keeps a person of the viewer's own organisation out.
pub async fn disable(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_users() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    turned(app.store.hub().by(who.actor()).disable_user(who.user.org, form.id, app.clock.now()).await)
}

/// Lets a person of the viewer's own organisation in again.
pub async fn enable(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_users() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    turned(app.store.hub().by(who.actor()).enable_user(who.user.org, form.id, app.clock.now()).await)
}

/// A role that an administrator may give.
fn given(word: &str) -> Option<Role> {
    word.parse().ok().filter(|role| Role::OF_AN_ORGANISATION.contains(role))
}

fn turned(done: Result<Turned, StoreError>) -> Response {
    match done {
        Ok(Turned::Done) => back(PAGE, "saved"),
        Ok(Turned::Gone) => back(PAGE, "gone"),
        Ok(Turned::LastAdmin) => back(PAGE, "last"),
        Err(error) => failed(PAGE, &error),
    }
}
