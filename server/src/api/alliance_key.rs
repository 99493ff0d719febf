//! `GET /api/v1/alliance-key`

use super::{
    problem::Problem,
    request::{authenticate, require},
};
use crate::{App, auth::ClientAddress};
use axum::{Json, extract::State, http::HeaderMap};
use serde::Serialize;
use store::What;
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
/// With it you push `hmac` in place of `value`: nobody is told the value, the hub neither, and who reported the same thing is found all the same. It
/// takes an API key with the scope `indicators`.
#[utoipa::path(
    get,
    path = "/alliance-key",
    tag = "read",
    operation_id = "alliance_key",
    responses(
        (status = 200, description = "The key", body = AllianceKey),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the scope `indicators`", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn read(State(app): State<App>, address: ClientAddress, headers: HeaderMap) -> Result<Json<AllianceKey>, Problem> {
    let key = authenticate(&app, address, &headers).await?;
    require(&app, &key, What::Indicators).await?;
    Ok(Json(AllianceKey { key: app.store.alliance_key().await?.hex(), algorithm: "HMAC-SHA-256" }))
}
