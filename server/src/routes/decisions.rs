//! The forms of `/decisions`: proposing, voting, delegating. Who may is data of the hub.

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
use domain::{
    DataClass, Level,
    catalogue::ScoringPolicy,
    decision::{AlertLevel, DecisionKind, Effect, Right},
};
use serde::Deserialize;
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
    /// A scoring policy as JSON.
    #[serde(default)]
    policy: String,
    #[serde(default)]
    posture: String,
    #[serde(default)]
    incidents: String,
    #[serde(default)]
    events: String,
    #[serde(default)]
    indicators: String,
}

#[derive(Deserialize)]
pub struct Vote {
    id: i64,
    choice: String,
    #[serde(default)]
    reason: String,
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
        let Some(right) = right_of(&app, kind).await?.filter(|r| r.proposers.contains(&who.user.role) && has_vote(&l)) else { return Ok("forbidden") };
        let reason = text(&form.reason);
        if reason.is_empty() {
            return Ok("reason");
        }
        let effect = match effect(&l, right.kind, &form) {
            Ok(effect) => effect,
            Err(word) => return Ok(word),
        };
        let open = app.store.hub().decisions().await?.iter().filter(|d| d.org == who.user.org && d.outcome.is_none()).count();
        if open >= OPEN {
            return Ok("most");
        }
        app.store.hub().by(who.actor()).propose(effect, reason, (who.user.org, who.user.id), &right, l.now).await?;
        tracing::info!(user = who.user.id, kind = right.kind.name(), "a decision was proposed");
        Ok("proposed")
    };
    answer(&app, &who, done.await).await
}

/// What a proposal says, or the word for what is wrong with it.
fn effect(l: &Looking, kind: DecisionKind, form: &Proposal) -> Result<Effect, &'static str> {
    let org = || l.board.by_slug(&form.org).map(|o| o.info.id).filter(|id| *id != l.viewer.org).ok_or("unknown");
    Ok(match kind {
        DecisionKind::AlertLevel => {
            let level = AlertLevel::ALL.into_iter().find(|level| level.number().to_string() == form.level).ok_or("unknown")?;
            Effect::AlertLevel { level }
        }
        DecisionKind::ScoringPolicy => {
            let policy: ScoringPolicy = serde_json::from_str(&form.policy).map_err(|_| "policy")?;
            policy.check().map_err(|_| "policy")?;
            Effect::ScoringPolicy { policy: Box::new(policy) }
        }
        DecisionKind::SuspendOrganisation => Effect::SuspendOrganisation { org: org()?.0 },
        DecisionKind::AdmitOrganisation => Effect::AdmitOrganisation { org: org()?.0 },
        DecisionKind::SharingDefault => {
            let mut levels = [Level::None; 4];
            for (class, word) in DataClass::ALL.into_iter().zip([&form.posture, &form.incidents, &form.events, &form.indicators]) {
                levels[class.code() as usize] = word.parse().map_err(|_| "unknown")?;
            }
            Effect::SharingDefault { levels }
        }
    })
}

/// Votes for the viewer's organisation.
pub async fn vote(State(app): State<App>, Verified(who): Verified, Form(form): Form<Vote>) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let done = async {
        let hub = app.store.hub();
        let Some(decision) = hub.decisions().await?.into_iter().find(|d| d.id == form.id) else { return Ok("gone") };
        let may = right_of(&app, decision.effect.kind()).await?.is_some_and(|r| r.voters.contains(&who.user.role) && has_vote(&l));
        if !may {
            return Ok("forbidden");
        }
        let choice = match form.choice.as_str() {
            "for" => true,
            "against" => false,
            _ => return Ok("unknown"),
        };
        let voted = hub.by(who.actor()).vote(form.id, (who.user.org, who.user.id), choice, text(&form.reason), l.now).await?;
        Ok(if voted { "voted" } else { "gone" })
    };
    answer(&app, &who, done.await).await
}

/// Lets another organisation's vote count where the viewer's own does not vote.
pub async fn delegate(State(app): State<App>, Verified(who): Verified, Form(form): Form<Delegation>) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let done = async {
        let Ok(kind) = form.kind.parse::<DecisionKind>() else { return Ok("unknown") };
        if !right_of(&app, kind).await?.is_some_and(|r| r.voters.contains(&who.user.role) && has_vote(&l)) {
            return Ok("forbidden");
        }
        let to = if form.org.is_empty() { None } else { l.board.by_slug(&form.org).map(|o| o.info.id).filter(|id| *id != who.user.org) };
        if to.is_none() && !form.org.is_empty() {
            return Ok("unknown");
        }
        app.store.hub().by(who.actor()).delegate(who.user.org, kind, to, l.now).await?;
        Ok("delegated")
    };
    answer(&app, &who, done.await).await
}

async fn right_of(app: &App, kind: DecisionKind) -> Result<Option<Right>, StoreError> {
    Ok(app.store.hub().decision_rights().await?.into_iter().find(|r| r.kind == kind))
}

/// Whether the viewer's organisation has a vote: it shares, and is not suspended.
fn has_vote(l: &Looking) -> bool {
    l.board.sharing.is_confirmed(l.viewer.org) && !l.board.sharing.is_suspended(l.viewer.org)
}

fn text(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control() || *c == '\n').take(REASON).collect()
}

async fn answer(app: &App, who: &SignedIn, done: Result<&str, StoreError>) -> Response {
    match done {
        Ok("forbidden") => {
            audit::denied(app, who, "/decisions").await;
            (StatusCode::FORBIDDEN, "Your role or organisation does not do this; /decisions says who does.\n").into_response()
        }
        Ok(word) => Redirect::to(&format!("/decisions?done={word}")).into_response(),
        Err(error) => {
            tracing::error!(%error, "decisions");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
