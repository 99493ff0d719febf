//! The forms of `/admin/sharing`: narrowing is in force at once, widening once a second administrator agrees.

use super::forms::{answer, refused};
use crate::{
    App,
    auth::Verified,
    middleware::Form,
    views::{Looking, sharing::read_change},
};
use axum::{extract::State, response::Response};
use domain::{ByClass, view::SharingChange};
use serde::Deserialize;
use std::collections::BTreeMap;
use store::{Approval, Confirmation, StoreError};

const PAGE: &str = "/admin/sharing";
const WHY: &str = "Only an org_admin changes what the organisation shares.\n";

#[derive(Deserialize)]
pub struct Which {
    id: i64,
}

/// Changes a rule of the viewer's own organisation, or proposes the change where it shows anybody more.
pub async fn change(State(app): State<App>, Verified(who): Verified, Form(form): Form<SharingChange>) -> Response {
    if !who.user.role.manages_sharing() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let (l, me, hub) = (Looking::new(app.clone(), who.viewer), who.user.org, app.store.hub().by(who.actor()));
    let done: Result<&str, StoreError> = async {
        let groups: Vec<_> = hub.groups().await?.into_iter().filter(|g| g.members.contains(&(me, true))).collect();
        let Some((class, audience, level)) = read_change(&l, &groups, &form) else { return Ok("unknown") };
        let waits = hub.change_rule(me, class, audience, level, who.user.id, l.now).await?;
        tracing::info!(user = who.user.id, class = class.name(), waits, "a sharing rule was changed");
        Ok(if waits { "proposed" } else { "saved" })
    }
    .await;
    answer(PAGE, done)
}

/// Agrees to a change that somebody else of the organisation proposed.
pub async fn approve(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_sharing() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let done = app.store.hub().by(who.actor()).approve_rule(form.id, who.user.org, who.user.id, app.clock.now()).await;
    answer(
        PAGE,
        done.map(|approval| {
            if approval == Approval::Done {
                tracing::info!(user = who.user.id, "a wider sharing rule was agreed to");
            }
            word(approval)
        }),
    )
}

/// The page's word for what became of an agreement.
const fn word(approval: Approval) -> &'static str {
    match approval {
        Approval::Done => "saved",
        Approval::Own => "own",
        Approval::Related => "related",
        Approval::TooEarly => "early",
        Approval::Gone => "gone",
    }
}

/// Confirms what the viewer's own organisation shares, which begins with it. The form says what the viewer saw of each class: nothing else is confirmed.
pub async fn confirm(State(app): State<App>, Verified(who): Verified, Form(form): Form<BTreeMap<String, String>>) -> Response {
    if !who.user.role.manages_sharing() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let Ok(seen) = ByClass::of_form(&form) else { return answer(PAGE, Ok("changed")) };
    let done = app.store.hub().by(who.actor()).confirm_sharing(who.user.org, seen, who.user.id, app.clock.now()).await;
    answer(
        PAGE,
        done.map(|confirmation| match confirmation {
            Confirmation::Done => {
                tracing::info!(user = who.user.id, "sharing was confirmed");
                "saved"
            }
            Confirmation::Waits => "first",
            Confirmation::Changed => "changed",
            Confirmation::Refused(refused) => word(refused),
        }),
    )
}

#[derive(Deserialize)]
pub struct Hashes {
    #[serde(default)]
    takes_part: String,
}

/// Lets the viewer's own organisation take part in comparing keyed hashes, or ends that.
pub async fn hashes(State(app): State<App>, Verified(who): Verified, Form(form): Form<Hashes>) -> Response {
    if !who.user.role.manages_sharing() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    let takes_part = match form.takes_part.as_str() {
        "yes" => true,
        "no" => false,
        _ => return answer(PAGE, Ok("unknown")),
    };
    let done = app.store.hub().by(who.actor()).set_hashes(who.user.org, takes_part, app.clock.now()).await;
    answer(PAGE, done.map(|()| if takes_part { "hashes" } else { "no-hashes" }))
}

/// Takes back or declines a change that waits.
pub async fn decline(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    if !who.user.role.manages_sharing() {
        return refused(&app, &who, PAGE, WHY).await;
    }
    answer(PAGE, app.store.hub().by(who.actor()).drop_proposal(form.id, who.user.org, app.clock.now()).await.map(|()| "declined"))
}
