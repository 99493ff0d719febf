//! The forms of `/admin/policy` and of the draft: what a steward prepares is his own until he proposes it, so that only the proposal asks for a
//! proof of identity. And the policy as JSON, for those who keep it in files.

use super::{
    decisions,
    forms::{back, failed},
    pages::render,
    query::FileQuery,
};
use crate::{
    App, audit,
    auth::{SignedIn, Verified},
    middleware::{Form, PageNonce},
    views::{Desk, Looking},
};
use axum::{
    Extension,
    body::Body,
    extract::{Query, Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    catalogue::{ScoringPolicy, Typed, differences},
    decision::Effect,
};
use serde::Deserialize;
use store::StoreError;

const PAGE: &str = "/admin/policy";
const DRAFT: &str = "/admin/policy/draft";

#[derive(Deserialize)]
pub struct Reason {
    reason: String,
}

#[derive(Deserialize)]
pub struct Which {
    /// A version, `draft`, or nothing for the one in force.
    #[serde(default)]
    version: String,
}

/// Somebody at his desk.
pub(super) struct At {
    pub app: App,
    pub who: SignedIn,
    pub l: Looking,
    pub desk: Desk,
}

impl At {
    /// The desk of somebody who may prepare a policy.
    pub async fn of(app: &App, who: &SignedIn, path: &str) -> Result<Self, Response> {
        let l = Looking::new(app.clone(), who.viewer);
        let desk = Desk::of(&l, who.user.id).await.map_err(|error| failed(PAGE, &error))?;
        if !desk.may_change {
            audit::denied(app, who, path).await;
            return Err((StatusCode::FORBIDDEN, "Only those who propose a scoring policy change it; /decisions says who does.\n").into_response());
        }
        Ok(Self { app: app.clone(), who: who.clone(), l, desk })
    }

    /// Keeps a policy as the draft; one that changes nothing is none.
    pub async fn keep(&self, policy: &ScoringPolicy, page: &str) -> Response {
        let (hub, me) = (self.app.store.hub().by(self.who.actor()), (self.who.user.org, self.who.user.id));
        let lines: Vec<String> = differences(&self.desk.in_force, policy).iter().map(ToString::to_string).collect();
        let (done, word) = if lines.is_empty() {
            (hub.discard_policy_draft(me, self.l.now).await.map(drop), "same")
        } else {
            (hub.keep_policy_draft(me, policy, lines, self.l.now).await, "drafted")
        };
        match done {
            Ok(()) => back(page, word),
            Err(error) => failed(PAGE, &error),
        }
    }
}

/// The page of a form again, with what was typed and what is wrong with it.
pub(super) async fn again(at: At, nonce: PageNonce, page: &str, typed: &Typed) -> Response {
    let typed = serde_urlencoded::to_string(typed).unwrap_or_default();
    let Ok(request) = Request::get(page).body(Body::empty()) else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = render(at.app, Some(at.who), Some(typed), nonce, request).await;
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    response
}

/// Changes the policy's own numbers in the draft.
pub async fn numbers(State(app): State<App>, who: SignedIn, Extension(nonce): Extension<PageNonce>, Form(typed): Form<Typed>) -> Response {
    let at = match At::of(&app, &who, PAGE).await {
        Ok(at) => at,
        Err(refusal) => return refusal,
    };
    match at.desk.next().with_numbers(&typed) {
        Ok(policy) => at.keep(&policy, PAGE).await,
        Err(_) => again(at, nonce, PAGE, &typed.into_iter().filter(|(field, _)| field != "policy").collect()).await,
    }
}

/// Takes a whole policy as the draft.
pub async fn paste(State(app): State<App>, who: SignedIn, Extension(nonce): Extension<PageNonce>, Form(typed): Form<Typed>) -> Response {
    let at = match At::of(&app, &who, "/admin/policy/json").await {
        Ok(at) => at,
        Err(refusal) => return refusal,
    };
    let text = typed.get("policy").cloned().unwrap_or_default();
    match at.desk.read_json(&text) {
        Ok(policy) => at.keep(&policy, DRAFT).await,
        Err(_) => again(at, nonce, PAGE, &Typed::from([("policy".to_owned(), text)])).await,
    }
}

/// Proposes the draft to the alliance.
pub async fn propose(State(app): State<App>, Verified(who): Verified, Form(form): Form<Reason>) -> Response {
    let at = match At::of(&app, &who, DRAFT).await {
        Ok(at) => at,
        Err(refusal) => return refusal,
    };
    let Some(draft) = &at.desk.draft else { return back(DRAFT, "gone") };
    if differences(&at.desk.in_force, &draft.policy).is_empty() {
        return back(DRAFT, "same");
    }
    // The steward has seen what it changes of the policy in force now.
    let next = ScoringPolicy { version: at.desk.in_force.version + 1, ..draft.policy.clone() };
    let effect = Effect::ScoringPolicy { policy: Box::new(next) };
    match decisions::put_forward(&at.l, &who, effect, &form.reason).await {
        Ok(Ok(id)) => back(&format!("/decisions/{id}"), "proposed"),
        Ok(Err("forbidden")) => decisions::forbidden(&app, &who).await,
        Ok(Err(word)) => back(DRAFT, word),
        Err(error) => failed(PAGE, &error),
    }
}

/// Forgets the draft.
pub async fn discard(State(app): State<App>, who: SignedIn) -> Response {
    let at = match At::of(&app, &who, "/admin/policy/discard").await {
        Ok(at) => at,
        Err(refusal) => return refusal,
    };
    match app.store.hub().by(who.actor()).discard_policy_draft((who.user.org, who.user.id), at.l.now).await {
        Ok(gone) => back(PAGE, if gone { "discarded" } else { "gone" }),
        Err(error) => failed(PAGE, &error),
    }
}

/// Carries what the draft changed over to the policy that is in force by now.
pub async fn carry_over(State(app): State<App>, who: SignedIn) -> Response {
    let at = match At::of(&app, &who, "/admin/policy/carry-over").await {
        Ok(at) => at,
        Err(refusal) => return refusal,
    };
    let Some(draft) = &at.desk.draft else { return back(DRAFT, "gone") };
    let adopted = match app.store.hub().policies().await {
        Ok(adopted) => adopted,
        Err(error) => return failed(PAGE, &error),
    };
    let Some(base) = adopted.iter().find(|a| a.policy.version + 1 == draft.policy.version) else { return back(DRAFT, "gone") };
    let carried = draft.policy.carried_over(&base.policy, &at.desk.in_force);
    // Two sound policies together may leave a function without a metric.
    if carried.check().is_err() { back(DRAFT, "apart") } else { at.keep(&carried, DRAFT).await }
}

/// A policy as a file.
pub async fn json(State(app): State<App>, Verified(who): Verified, FileQuery(_): FileQuery, Query(which): Query<Which>) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let found: Result<Option<ScoringPolicy>, StoreError> = async {
        if which.version == "draft" {
            return Ok(Desk::of(&l, who.user.id).await?.draft.map(|d| d.policy));
        }
        let version = if which.version.is_empty() { l.board.policy.version.to_string() } else { which.version };
        let all = app.store.hub().policies().await?;
        Ok(all.into_iter().map(|a| a.policy).find(|p| p.version.to_string() == version))
    }
    .await;
    let policy = match found {
        Ok(Some(policy)) => policy,
        Ok(None) => return StatusCode::NOT_FOUND.into_response(),
        Err(error) => return failed(PAGE, &error),
    };
    let (name, text) = (format!("policy-{}.json", policy.version), serde_json::to_string_pretty(&policy).unwrap_or_default());
    match audit::exported(&app, &who, &name, policy.metrics.len()).await {
        Ok(()) => ([(header::CONTENT_TYPE, "application/json".to_owned()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\""))], text)
            .into_response(),
        Err(error) => failed(PAGE, &error),
    }
}
