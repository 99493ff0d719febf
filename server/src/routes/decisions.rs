//! The forms of `/decisions`: proposing, voting, delegating. Who may is data of the hub.

use crate::{
    App, audit,
    auth::{SignedIn, Verified},
    middleware::Form,
    views::{Looking, has_vote, right},
};
use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
};
use domain::{
    ByClass,
    decision::{AlertLevel, DecisionKind, Effect},
};
use serde::Deserialize;
use std::collections::BTreeMap;
use store::StoreError;

/// Decisions that one organisation may have open.
const OPEN: usize = 5;
/// Letters of a reason.
const REASON: usize = 1_000;

/// A proposal; each kind takes its own fields.
#[derive(Deserialize)]
pub struct Proposal {
    kind: String,
    reason: String,
    /// Of an alert level: 1 to 5.
    #[serde(default)]
    level: String,
    /// The slug of an organisation.
    #[serde(default)]
    org: String,
    /// Of a sharing default, a level for each class, in the field of its name.
    #[serde(flatten)]
    levels: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub struct Vote {
    id: i64,
    choice: String,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
pub struct Which {
    id: i64,
}

#[derive(Deserialize)]
pub struct Delegation {
    kind: String,
    /// The slug of an organisation; empty: nobody.
    #[serde(default)]
    org: String,
}

/// Proposes a decision.
pub async fn propose(State(app): State<App>, Verified(who): Verified, Form(form): Form<Proposal>) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let done = async {
        let Ok(kind) = form.kind.parse() else { return Ok("unknown") };
        if !may_propose(&l, &who, kind).await? {
            return Ok("forbidden");
        }
        let effect = match effect(&l, kind, &form) {
            Ok(effect) => effect,
            Err(word) => return Ok(word),
        };
        Ok(put_forward(&l, &who, effect, &form.reason).await?.err().unwrap_or("proposed"))
    };
    answer(&app, &who, "/decisions", done.await).await
}

async fn may_propose(l: &Looking, who: &SignedIn, kind: DecisionKind) -> Result<bool, StoreError> {
    Ok(has_vote(l) && right(&l.app, kind).await?.proposers.contains(&who.user.role))
}

/// Puts an effect to the vote, or says the word for why not.
///
/// # Errors
/// When the database fails.
pub(super) async fn put_forward(l: &Looking, who: &SignedIn, effect: Effect, reason: &str) -> Result<Result<i64, &'static str>, StoreError> {
    let kind = effect.kind();
    if !may_propose(l, who, kind).await? {
        return Ok(Err("forbidden"));
    }
    let reason = text(reason);
    if reason.is_empty() {
        return Ok(Err("reason"));
    }
    let open = l.app.store.hub().decisions().await?.iter().filter(|d| d.org == who.user.org && d.outcome.is_none()).count();
    if open >= OPEN {
        return Ok(Err("most"));
    }
    let right = right(&l.app, kind).await?;
    let id = l.app.store.hub().by(who.actor()).propose(effect, reason, (who.user.org, who.user.id), &right, l.now).await?;
    tracing::info!(user = who.user.id, kind = kind.name(), "a decision was proposed");
    Ok(Ok(id))
}

/// What a proposal says, or the word for what is wrong with it.
fn effect(l: &Looking, kind: DecisionKind, form: &Proposal) -> Result<Effect, &'static str> {
    let org = || l.board.by_slug(&form.org).map(|o| o.info.id).filter(|id| *id != l.viewer.org).ok_or("unknown");
    Ok(match kind {
        DecisionKind::AlertLevel => {
            let level = AlertLevel::ALL.into_iter().find(|level| level.number().to_string() == form.level).ok_or("unknown")?;
            Effect::AlertLevel { level }
        }
        // It is prepared, tried and proposed at /admin/policy/draft.
        DecisionKind::ScoringPolicy => return Err("unknown"),
        DecisionKind::SuspendOrganisation => Effect::SuspendOrganisation { org: org()?.0 },
        DecisionKind::AdmitOrganisation => Effect::AdmitOrganisation { org: org()?.0 },
        DecisionKind::SharingDefault => Effect::SharingDefault { levels: ByClass::of_form(&form.levels).map_err(|_| "unknown")? },
        DecisionKind::AllianceKey => Effect::AllianceKey,
    })
}

/// Votes for the viewer's organisation.
pub async fn vote(State(app): State<App>, Verified(who): Verified, Form(form): Form<Vote>) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let page = page_of(form.id);
    let done = async {
        let hub = app.store.hub();
        let Some(decision) = hub.decision(form.id).await? else { return Ok("gone") };
        if !may_vote(&l, &who, decision.effect.kind()).await? {
            return Ok("forbidden");
        }
        let choice = match form.choice.as_str() {
            "for" => true,
            "against" => false,
            _ => return Ok("unknown"),
        };
        let voted = hub.by(who.actor()).vote(form.id, (who.user.org, who.user.id), choice, text(&form.reason), l.now).await?;
        if voted {
            app.live.look_now().await;
        }
        Ok(if voted { "voted" } else { "gone" })
    };
    answer(&app, &who, &page, done.await).await
}

/// Takes back a decision that this person proposed.
pub async fn withdraw(State(app): State<App>, Verified(who): Verified, Form(form): Form<Which>) -> Response {
    let done = app.store.hub().by(who.actor()).withdraw(form.id, (who.user.org, who.user.id), app.clock.now()).await;
    answer(&app, &who, &page_of(form.id), done.map(|done| if done { "withdrawn" } else { "gone" })).await
}

/// Lets another organisation's vote count where the viewer's own does not vote.
pub async fn delegate(State(app): State<App>, Verified(who): Verified, Form(form): Form<Delegation>) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let done = async {
        let Ok(kind) = form.kind.parse::<DecisionKind>() else { return Ok("unknown") };
        if !may_vote(&l, &who, kind).await? {
            return Ok("forbidden");
        }
        let to = if form.org.is_empty() { None } else { l.board.by_slug(&form.org).map(|o| o.info.id).filter(|id| *id != who.user.org) };
        if to.is_none() && !form.org.is_empty() {
            return Ok("unknown");
        }
        app.store.hub().by(who.actor()).delegate(who.user.org, kind, to, l.now).await?;
        Ok("delegated")
    };
    answer(&app, &who, "/decisions", done.await).await
}

async fn may_vote(l: &Looking, who: &SignedIn, kind: DecisionKind) -> Result<bool, StoreError> {
    Ok(has_vote(l) && right(&l.app, kind).await?.voters.contains(&who.user.role))
}

fn page_of(id: i64) -> String {
    format!("/decisions/{id}")
}

/// A reason as it is kept; empty where nobody would see anything of it.
fn text(text: &str) -> String {
    let said: String = text.trim().chars().filter(|c| !c.is_control() || *c == '\n').take(REASON).collect();
    if domain::text::is_visible(&said) { said } else { String::new() }
}

/// The answer to somebody who may not.
pub(super) async fn forbidden(app: &App, who: &SignedIn) -> Response {
    audit::denied(app, who, "/decisions").await;
    (StatusCode::FORBIDDEN, "Your role or organisation does not do this; /decisions says who does.\n").into_response()
}

async fn answer(app: &App, who: &SignedIn, page: &str, done: Result<&str, StoreError>) -> Response {
    match done {
        Ok("forbidden") => forbidden(app, who).await,
        // Where there is no such decision there is no page of it.
        Ok("gone") => Redirect::to("/decisions?done=gone").into_response(),
        Ok(word) => Redirect::to(&format!("{page}?done={word}")).into_response(),
        Err(error) => {
            tracing::error!(%error, "decisions");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
