//! The forms of `/admin/groups`: an organisation makes groups, invites into its own, joins and leaves by itself. Inviting and joining show somebody more of
//! it, so a second administrator agrees; leaving is in force at once.

use super::forms::{answer, refused};
use crate::{
    App,
    auth::{SignedIn, Verified},
    middleware::Form,
    views::Looking,
};
use axum::{extract::State, response::Response};
use domain::{OrgId, sharing::GroupId};
use serde::Deserialize;
use store::{Approval, StoreError};

const PAGE: &str = "/admin/groups";
const WHY: &str = "Only an org_admin changes the organisation's groups.\n";

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

#[derive(Deserialize)]
pub struct Proposed {
    id: i64,
}

/// Makes a group, of which the viewer's organisation is the first member.
pub async fn create(State(app): State<App>, Verified(who): Verified, Form(form): Form<New>) -> Response {
    let name = domain::text::typed_name(&form.name, 60).unwrap_or_default();
    if !who.user.role.manages_sharing() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    if name.is_empty() {
        return answer(PAGE, Ok("unnamed"));
    }
    answer(
        PAGE,
        match app.store.hub().by(who.actor()).add_group(who.user.org, name, form.earlier == "yes", app.clock.now()).await {
            Ok(_) => Ok("made"),
            Err(StoreError::Exists(_)) => Ok("exists"),
            Err(error) => Err(error),
        },
    )
}

/// Proposes to invite an organisation into a group of the viewer's own.
pub async fn invite(State(app): State<App>, Verified(who): Verified, Form(form): Form<Invitation>) -> Response {
    let invited = Looking::new(app.clone(), who.viewer).board.by_slug(&form.org).map(|o| o.info.id).filter(|org| *org != who.user.org);
    propose(&app, &who, form.group, invited).await
}

/// Proposes to join a group that invited the viewer's organisation.
pub async fn join(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    let own = who.user.org;
    propose(&app, &who, form.group, Some(own)).await
}

async fn propose(app: &App, who: &SignedIn, group: i64, member: Option<OrgId>) -> Response {
    if !who.user.role.manages_sharing() {
        return refused(app, who, PAGE, WHY).await;
    }
    let Some(member) = member else { return answer(PAGE, Ok("unknown")) };
    let done = app.store.hub().by(who.actor()).propose_member(who.user.org, GroupId(group), member, who.user.id, app.clock.now()).await;
    answer(PAGE, done.map(|possible| if possible { "proposed" } else { "unknown" }))
}

/// Agrees to what somebody else of the organisation proposed.
pub async fn approve(State(app): State<App>, Verified(who): Verified, Form(form): Form<Proposed>) -> Response {
    if !who.user.role.manages_sharing() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let done = app.store.hub().by(who.actor()).approve_member(form.id, who.user.org, who.user.id, app.clock.now()).await;
    answer(
        PAGE,
        done.map(|approval| match approval {
            Approval::Done => "agreed",
            Approval::Own => "own",
            Approval::Related => "related",
            Approval::TooEarly => "early",
            Approval::Gone => "gone",
        }),
    )
}

/// Takes back or declines what waits.
pub async fn decline(State(app): State<App>, Verified(who): Verified, Form(form): Form<Proposed>) -> Response {
    if !who.user.role.manages_sharing() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    answer(PAGE, app.store.hub().by(who.actor()).drop_group_proposal(form.id, who.user.org, app.clock.now()).await.map(|()| "declined"))
}

/// Leaves a group, or declines its invitation.
pub async fn leave(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_sharing() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let done = app.store.hub().by(who.actor()).leave(GroupId(form.group), who.user.org, app.clock.now()).await;
    answer(PAGE, done.map(|left| if left { "left" } else { "unknown" }))
}
