//! The steps into a session: a right password, where there is one a second factor, and now and then the proof that it is still the same person.
//! Each step begins under an id that nobody knew before.

use super::{Browser, ClientAddress, StoreError, sessions};
use crate::App;
use axum::{
    extract::FromRequestParts,
    http::{header, request::Parts},
};
use domain::{MINUTE, Timestamp};
use std::convert::Infallible;
use tower_sessions::Session;

/// Of somebody whose password was right and whose code is awaited: the person's number, and since when.
const PENDING: &str = "pending";
/// When the person last proved to be who he is.
const VERIFIED: &str = "verified";
/// From where a session began, for the list that its person sees.
pub const ADDRESS: &str = "address";
pub const AGENT: &str = "agent";

/// Whether a session began at the organisation's provider, which has one of its own then.
const PROVIDER: &str = "provider";

/// How long a code is waited for.
const PATIENCE: i64 = 10 * MINUTE;
/// How long a proof counts as fresh, for what is worth asking again.
pub const FRESH: i64 = 15 * MINUTE;

/// From where somebody comes: what is shown in the list of his sessions.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub address: ClientAddress,
    pub browser: Browser,
    agent: String,
}

impl<S: Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let Ok(browser) = Browser::from_request_parts(parts, state).await;
        let agent = parts.headers.get(header::USER_AGENT).and_then(|v| v.to_str().ok()).unwrap_or_default();
        Ok(Self { address: ClientAddress::of(parts), browser, agent: agent.chars().take(200).collect() })
    }
}

/// Waits for the code of somebody whose password was right.
///
/// # Errors
/// When the database fails.
pub async fn wait_for_code(session: &Session, user: i64, now: Timestamp) -> Result<(), StoreError> {
    let begun = async {
        let provider: bool = session.get(PROVIDER).await?.unwrap_or(false);
        session.clear().await;
        session.cycle_id().await?;
        session.insert(PENDING, (user, now.0)).await?;
        session.insert(PROVIDER, provider).await?;
        session.save().await
    };
    begun.await.map_err(|e| store_error(&e))
}

/// Whose code is waited for.
///
/// # Errors
/// When the database fails.
pub async fn waiting(session: &Session, now: Timestamp) -> Result<Option<i64>, StoreError> {
    let pending: Option<(i64, i64)> = session.get(PENDING).await.map_err(|e| store_error(&e))?;
    Ok(pending.filter(|(_, since)| (0..PATIENCE).contains(&now.since(Timestamp(*since)))).map(|(user, _)| user))
}

/// Begins a person's session, in a browser that the person is known by from now on. Saved here and not only by the layer, so that a database that fails
/// is answered like everywhere else.
///
/// # Errors
/// When the database fails.
pub async fn begin(app: &App, session: &Session, user: i64, visitor: &Visitor) -> Result<(), StoreError> {
    let begun = async {
        let provider: bool = session.get(PROVIDER).await?.unwrap_or(false);
        session.clear().await;
        session.cycle_id().await?;
        session.insert(sessions::USER, user).await?;
        session.insert(PROVIDER, provider).await?;
        session.insert(VERIFIED, app.clock.now().0).await?;
        session.insert(ADDRESS, visitor.address.0).await?;
        session.insert(AGENT, &visitor.agent).await?;
        session.save().await
    };
    begun.await.map_err(|e| store_error(&e))?;
    visitor.browser.remember(app, user).await
}

/// Notes whether what begins now begins at the organisation's provider.
///
/// # Errors
/// When the database fails.
pub async fn at_provider(session: &Session, is: bool) -> Result<(), StoreError> {
    session.insert(PROVIDER, is).await.map_err(|e| store_error(&e))
}

/// Whether a session began at the organisation's provider.
///
/// # Errors
/// When the database fails.
pub async fn began_at_provider(session: &Session) -> Result<bool, StoreError> {
    Ok(session.get(PROVIDER).await.map_err(|e| store_error(&e))?.unwrap_or(false))
}

/// When the person behind a session last proved to be who he is.
///
/// # Errors
/// When the database fails.
pub async fn verified_at(session: &Session) -> Result<Timestamp, StoreError> {
    Ok(Timestamp(session.get(VERIFIED).await.map_err(|e| store_error(&e))?.unwrap_or(0)))
}

pub(super) fn store_error(error: &tower_sessions::session::Error) -> StoreError {
    StoreError::Internal(format!("session: {error}"))
}
