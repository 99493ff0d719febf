//! The forms of `/account` about signing in at the organisation's identity provider: link the identity there, or take it away.

use crate::{
    App,
    auth::{Verified, begin::Visitor, oidc},
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};

/// Goes to the provider, to come back with an identity that is this person's from then on.
pub async fn link(State(app): State<App>, Verified(who): Verified, visitor: Visitor, headers: HeaderMap) -> Response {
    oidc::handlers::link(&app, &who, &visitor, &headers).await
}

/// Takes the own identity away, where there is a password to sign in with.
pub async fn unlink(State(app): State<App>, Verified(who): Verified) -> Response {
    match app.store.hub().unlink_identity(who.user.id, app.clock.now()).await {
        Ok(gone) => Redirect::to(if gone { "/account?done=unlinked" } else { "/account?done=gone" }).into_response(),
        Err(error) => {
            tracing::error!(%error, "account");
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
