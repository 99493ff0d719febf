//! The forms of `/admin/users`: an administrator invites people of the own organisation, gives them roles, and keeps them out. What concerns an account
//! that may agree to changes waits for a second administrator.

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
use domain::Timestamp;
use serde::Deserialize;
use store::{AccountChange, Agreed, Approval, Changed, NewLink};

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

/// Invites a person into the viewer's own organisation. Where it is done at once, the very answer shows the one-time link.
pub async fn invite(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<Invitation>) -> Response {
    if !who.user.role.manages_users() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let name = domain::text::typed_name(&form.name, 100).unwrap_or_default();
    let email = form.email.trim();
    let address = email.split_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.'));
    let Ok(role) = form.role.parse() else { return back(PAGE, "role") };
    if name.is_empty() || !address || email.len() > 254 || email.contains(char::is_whitespace) || email.contains(char::is_control) {
        return back(PAGE, "address");
    }
    change(app, who, nonce, AccountChange::Invite { email: email.to_owned(), name, role }).await
}

/// Makes a one-time link for a person of the viewer's own organisation, such as for one who has forgotten the password. Older ones end.
pub async fn link(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<Which>) -> Response {
    change(app, who, nonce, AccountChange::Link { user: form.id }).await
}

/// Gives a person of the viewer's own organisation another role.
pub async fn role(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<Given>) -> Response {
    match form.role.parse() {
        Ok(role) => change(app, who, nonce, AccountChange::Role { user: form.id, role }).await,
        Err(_) if who.user.role.manages_users() => back(PAGE, "role"),
        Err(_) => refused(&app, &who, PAGE, WHY).await,
    }
}

/// Keeps a person of the viewer's own organisation out.
pub async fn disable(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<Which>) -> Response {
    change(app, who, nonce, AccountChange::Disable { user: form.id }).await
}

/// Lets a person of the viewer's own organisation in again.
pub async fn enable(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<Which>) -> Response {
    change(app, who, nonce, AccountChange::Enable { user: form.id }).await
}

async fn change(app: App, who: SignedIn, nonce: PageNonce, change: AccountChange) -> Response {
    if !who.user.role.manages_users() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let (secret, now) = (links::secret(), app.clock.now());
    match app.store.hub().by(who.actor()).change_account(who.user.org, change, who.user.id, new_link(secret, now), now).await {
        Ok(changed) => shown(app, who, nonce, changed, &secret).await,
        Err(error) => failed(PAGE, &error),
    }
}

/// Agrees to a change that another administrator proposed. Where it makes a one-time link, the very answer shows it.
pub async fn approve(State(app): State<App>, Verified(who): Verified, Extension(nonce): Extension<PageNonce>, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_users() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let (secret, now) = (links::secret(), app.clock.now());
    match app.store.hub().by(who.actor()).approve_account(form.id, who.user.org, who.user.id, new_link(secret, now), now).await {
        Ok(Agreed::To(changed)) => shown(app, who, nonce, changed, &secret).await,
        Ok(Agreed::Not(Approval::Own)) => back(PAGE, "own"),
        Ok(Agreed::Not(Approval::Related)) => back(PAGE, "related"),
        Ok(Agreed::Not(_)) => back(PAGE, "over"),
        Err(error) => failed(PAGE, &error),
    }
}

/// Takes back or declines a change that waits.
pub async fn decline(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_users() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    match app.store.hub().by(who.actor()).drop_account_proposal(form.id, who.user.org, app.clock.now()).await {
        Ok(()) => back(PAGE, "declined"),
        Err(error) => failed(PAGE, &error),
    }
}

fn new_link(secret: [u8; 32], now: Timestamp) -> NewLink {
    NewLink { hash_for: Box::new(move |user| links::hash(&links::token(user, &secret))), expires_at: now.plus(links::LASTS) }
}

async fn shown(app: App, who: SignedIn, nonce: PageNonce, changed: Changed, secret: &[u8; 32]) -> Response {
    back(
        PAGE,
        match changed {
            Changed::Linked(user) => {
                tracing::info!(user = who.user.id, "a one-time link was made");
                let Ok(request) = Request::get(PAGE).body(Body::empty()) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
                return render(app, Some(who), Some(links::token(user, secret)), nonce, request).await;
            }
            Changed::Done => "saved",
            Changed::Waits => "proposed",
            Changed::Gone => "gone",
            Changed::LastAdmin => "last",
            Changed::NotHere => "role",
            Changed::Exists => "address",
            Changed::TakesTwo => "two",
            Changed::Full => "full",
        },
    )
}
