//! How forms and files answer: the page again, with a word for what was done; a refusal, with its row in the trail; a fault, logged once.

use crate::{App, audit, auth::SignedIn};
use axum::{
    http::{StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use domain::view::Refusal;
use store::StoreError;

/// The page of a form again. The page has a sentence for the word; a word without one is shown as nothing.
pub fn back(page: &str, word: &str) -> Response {
    Redirect::to(&format!("{page}?done={word}")).into_response()
}

/// Words for what was done, of all pages; every other one says why nothing was.
const DONE: [&str; 25] = [
    "added",
    "agreed",
    "declined",
    "delegated",
    "discarded",
    "drafted",
    "ended",
    "first",
    "hashes",
    "left",
    "linked",
    "made",
    "no-hashes",
    "offered",
    "password",
    "proposed",
    "removed",
    "revoked",
    "saved",
    "seen",
    "there",
    "unlinked",
    "voted",
    "withdrawn",
    "recovery",
];

/// Whether an address that a form leads to says that nothing was done.
pub fn is_undone(to: &str) -> bool {
    let query = to.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter_map(|pair| pair.split_once('=')).any(|(name, word)| name == "error" || name == "done" && !DONE.contains(&word))
}

/// The answer to somebody whose role does not do this; `why` ends in a line break.
pub async fn refused(app: &App, who: &SignedIn, path: &str, why: &'static str) -> Response {
    audit::denied(app, who, path).await;
    (StatusCode::FORBIDDEN, why).into_response()
}

/// The answer in place of a file; `file` names it in the row of a refusal.
pub async fn no_file(app: &App, who: &SignedIn, file: &str, refusal: Refusal) -> Response {
    match refusal {
        Refusal::NotAllowed => refused(app, who, file, "Your role does not open this file. An administrator of your organisation can change roles.\n").await,
        Refusal::NotFound => StatusCode::NOT_FOUND.into_response(),
        Refusal::Unclear(unclear) => (StatusCode::BAD_REQUEST, format!("{}\n", unclear.why)).into_response(),
        Refusal::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")]).into_response(),
        Refusal::SignIn | Refusal::Failed { .. } => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The answer when the database failed, or the organisation has as many of something as it may.
pub fn failed(page: &str, error: &StoreError) -> Response {
    if let StoreError::TooMany { what, most } = error {
        return (StatusCode::CONFLICT, format!("Your organisation has reached its limit of {most} {what}. Nothing was changed.\n")).into_response();
    }
    tracing::error!(%error, page, "a form");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

/// One or the other.
pub fn answer(page: &str, done: Result<&str, StoreError>) -> Response {
    done.map_or_else(|error| failed(page, &error), |word| back(page, word))
}
