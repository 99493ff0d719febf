//! `GET /api/v1/alliance-key`

use super::{
    problem::Problem,
    request::{authenticate, require},
};
use crate::{App, audit, auth::ClientAddress};
use axum::{Json, extract::State, http::HeaderMap};
use serde::Serialize;
use utoipa::ToSchema;

/// The alliance's key, to hash indicators with.
#[derive(Serialize, ToSchema)]
pub struct AllianceKey {
    /// 32 bytes, as 64 hexadecimal digits. All partners have the same; it never changes.
    key: String,
    /// `HMAC-SHA-256`.
    algorithm: &'static str,
}

/// Reads the key of the alliance, under which indicators are hashed.
///
/// With it you push `hmac` in place of `value`: nobody is told the value, and who reported the same thing is found all the same. It hides what cannot
/// be guessed: whoever has the key, as every partner and the hub, can try likely values, such as all addresses of a network. It takes an API key with the
/// scope `indicators`, of an organisation that takes part.
#[utoipa::path(
    get,
    path = "/alliance-key",
    tag = "read",
    operation_id = "alliance_key",
    responses(
        (status = 200, description = "The key", body = AllianceKey),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `indicators`, or its organisation does not take part", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn read(State(app): State<App>, address: ClientAddress, headers: HeaderMap) -> Result<Json<AllianceKey>, Problem> {
    let key = authenticate(&app, address, &headers).await?;
    require(&app, &key, "indicators").await?;
    // Who does not take part yet, or not any more, has nothing to compare.
    let sharing = app.store.hub().sharing().await?;
    if sharing.is_suspended(key.org) || !sharing.is_confirmed(key.org) {
        audit::key_denied(&app, &key, "alliance-key").await;
        return Err(Problem::forbidden("Your organisation does not take part in the alliance just now, or has not confirmed what it shares.".to_owned()));
    }
    Ok(Json(AllianceKey { key: app.store.alliance_key().await?.hex(), algorithm: "HMAC-SHA-256" }))
}
