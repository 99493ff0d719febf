//! The forms of `/admin/groups`: an organisation makes groups, invites into its own, joins and leaves by itself.

use crate::{
    App, audit,
    auth::{SignedIn, Verified},
    middleware::Form,
    views::Looking,
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::sharing::GroupId;
use serde::Deserialize;
use store::StoreError;

#[derive(Deserialize)]
pub struct New {
    name: String,
    /// What new members are shown of what was handed in before: `yes` for all of it.
    #[serde(default)]
    earlier: String,
}

#[derive(Deserialize)]
pub struct Invitation {
    group: i64,
    /// The slug of the organisation.
    org: String,
}

#[derive(Deserialize)]
pub struct Which {
    group: i64,
}

/// Makes a group, of which the viewer's organisation is the first member.
pub async fn create(State(app): State<App>, Verified(who): Verified, Form(form): Form<New>) -> Response {
    let name: String = form.name.trim().chars().filter(|c| !c.is_control()).take(60).collect();
    if !who.user.role.manages_sharing() {
        return not_allowed(&app, &who).await;
    }
    if name.is_empty() {
        return answer(Ok("unnamed"));
    }
    answer(match app.store.hub().by(who.actor()).add_group(who.user.org, name, form.earlier == "yes", app.clock.now()).await {
        Ok(_) => Ok("made"),
        Err(StoreError::Exists(_)) => Ok("exists"),
        Err(error) => Err(error),
    })
}

/// Invites an organisation into a group of the viewer's own.
pub async fn invite(State(app): State<App>, Verified(who): Verified, Form(form): Form<Invitation>) -> Response {
    if !who.user.role.manages_sharing() {
        return not_allowed(&app, &who).await;
    }
    let l = Looking::new(app.clone(), who.viewer);
    let Some(org) = l.board.by_slug(&form.org).map(|o| o.info.id) else { return answer(Ok("unknown")) };
    let done = app.store.hub().by(who.actor()).invite(GroupId(form.group), who.user.org, org, l.now).await;
    answer(done.map(|member| if member { "invited" } else { "unknown" }))
}

/// Joins a group that invited the viewer's organisation.
pub async fn join(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_sharing() {
        return not_allowed(&app, &who).await;
    }
    let done = app.store.hub().by(who.actor()).join(GroupId(form.group), who.user.org, app.clock.now()).await;
    answer(done.map(|joined| if joined { "joined" } else { "unknown" }))
}

/// Leaves a group, or declines its invitation.
pub async fn leave(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_sharing() {
        return not_allowed(&app, &who).await;
    }
    let done = app.store.hub().by(who.actor()).leave(GroupId(form.group), who.user.org, app.clock.now()).await;
    answer(done.map(|left| if left { "left" } else { "unknown" }))
}

async fn not_allowed(app: &App, who: &SignedIn) -> Response {
    audit::denied(app, who, "/admin/groups").await;
    (StatusCode::FORBIDDEN, "Only an org_admin changes the organisation's groups.\n").into_response()
}

fn answer(done: Result<&str, StoreError>) -> Response {
    match done {
        Ok(word) => Redirect::to(&format!("/admin/groups?done={word}")).into_response(),
        Err(error) => {
            tracing::error!(%error, "sharing groups");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
