//! The forms of `/admin/sharing`: narrowing is in force at once, widening once a second administrator agrees.

use crate::{
    App, audit,
    auth::{SignedIn, Verified},
    middleware::Form,
    views::{
        Looking,
        sharing::{differences, read_change},
    },
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::view::SharingChange;
use serde::Deserialize;
use store::{Approval, StoreError};

#[derive(Deserialize)]
pub struct Which {
    id: i64,
}

/// Changes a rule of the viewer's own organisation, or proposes the change where it shows anybody more.
pub async fn change(State(app): State<App>, Verified(who): Verified, Form(form): Form<SharingChange>) -> Response {
    if !who.user.role.manages_sharing() {
        return not_allowed(&app, &who).await;
    }
    let (l, me, hub) = (Looking::new(app.clone(), who.viewer), who.user.org, app.store.hub().by(who.actor()));
    let done: Result<&str, StoreError> = async {
        let groups: Vec<_> = hub.groups().await?.into_iter().filter(|g| g.members.contains(&(me, true))).collect();
        let Some((class, audience, level)) = read_change(&l, &groups, &form) else { return Ok("unknown") };
        let differences = differences(&l, &hub.sharing().await?, class, audience, level);
        if differences.iter().any(|(_, before, after)| after > before) {
            hub.propose_rule(me, class, audience, level, who.user.id, l.now).await?;
            tracing::info!(user = who.user.id, class = class.name(), "a wider sharing rule was proposed");
            return Ok("proposed");
        }
        hub.set_rule(me, class, audience, level, l.now).await?;
        tracing::info!(user = who.user.id, class = class.name(), "a sharing rule was changed");
        Ok("saved")
    }
    .await;
    answer(done)
}

/// Agrees to a change that somebody else of the organisation proposed.
pub async fn approve(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_sharing() {
        return not_allowed(&app, &who).await;
    }
    let done = app.store.hub().by(who.actor()).approve_rule(form.id, who.user.org, who.user.id, app.clock.now()).await;
    answer(done.map(|approval| match approval {
        Approval::Done => {
            tracing::info!(user = who.user.id, "a wider sharing rule was agreed to");
            "saved"
        }
        Approval::Own => "own",
        Approval::Gone => "gone",
    }))
}

/// Confirms what the viewer's own organisation shares, which begins with it.
pub async fn confirm(State(app): State<App>, Verified(who): Verified) -> Response {
    if !who.user.role.manages_sharing() {
        return not_allowed(&app, &who).await;
    }
    tracing::info!(user = who.user.id, "sharing was confirmed");
    answer(app.store.hub().by(who.actor()).confirm_sharing(who.user.org, app.clock.now()).await.map(|()| "saved"))
}

/// Takes back or declines a change that waits.
pub async fn decline(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_sharing() {
        return not_allowed(&app, &who).await;
    }
    answer(app.store.hub().by(who.actor()).drop_proposal(form.id, who.user.org, app.clock.now()).await.map(|()| "declined"))
}

async fn not_allowed(app: &App, who: &SignedIn) -> Response {
    audit::denied(app, who, "/admin/sharing").await;
    (StatusCode::FORBIDDEN, "Only an org_admin changes what the organisation shares.\n").into_response()
}

fn answer(done: Result<&str, StoreError>) -> Response {
    match done {
        Ok(word) => Redirect::to(&format!("/admin/sharing?done={word}")).into_response(),
        Err(error) => {
            tracing::error!(%error, "sharing rules");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
