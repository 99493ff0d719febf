//! `GET /api/v1/alliance-key`

use super::{
    problem::Problem,
    request::{Reader, require},
};
use crate::{App, audit};
use axum::{Json, extract::State};
use domain::Timestamp;
use serde::Serialize;
use store::AllianceKeys;
use utoipa::ToSchema;

/// The alliance's key, to hash indicators with.
#[derive(Serialize, ToSchema)]
pub struct AllianceKey {
    /// The key's number, for `hmac_key` of an indicator.
    id: i64,
    /// 32 bytes, as 64 hexadecimal digits. All partners that take part have the same; a decision of the alliance replaces it.
    key: String,
    /// `HMAC-SHA-256`.
    algorithm: &'static str,
    /// The key before, while hashes under it are still compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    former: Option<FormerKey>,
}

/// A key that was replaced. Push under the current one what was hashed under it.
#[derive(Serialize, ToSchema)]
pub struct FormerKey {
    /// The key's number.
    id: i64,
    /// Until when hashes under it are accepted and compared: RFC 3339, UTC.
    until: String,
}

/// The former key of the alliance, while it is accepted.
pub(super) fn former(keys: &AllianceKeys, now: Timestamp) -> Option<FormerKey> {
    keys.former(now).map(|(key, until)| FormerKey { id: key.no, until: until.rfc3339() })
}

/// Reads the key of the alliance, under which indicators are hashed.
///
/// With it you push `hmac` in place of `value`: nobody is told the value, and who reported the same thing is found all the same. It hides what cannot
/// be guessed: anyone who has the key (every partner that takes part, and the hub) can try likely values, such as all addresses of a network. It takes an API key with the
/// scope `indicators`, of an organisation that takes part in comparing keyed hashes: one of its administrators chooses that at `/admin/sharing`.
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
pub async fn read(State(app): State<App>, Reader(key): Reader) -> Result<Json<AllianceKey>, Problem> {
    require(&app, &key, "indicators").await?;
    // Whoever is not in the alliance yet, or not any more, has nothing to compare.
    let sharing = app.store.hub().sharing().await?;
    if sharing.is_suspended(key.org) || !sharing.is_confirmed(key.org) {
        audit::key_denied(&app, &key, "alliance-key").await;
        return Err(Problem::forbidden("Your organisation does not take part in the alliance just now, or has not confirmed what it shares.".to_owned()));
    }
    if app.store.hub().hashes_since(key.org).await?.is_none() {
        audit::key_denied(&app, &key, "alliance-key").await;
        return Err(Problem::forbidden(
            "Your organisation does not take part in comparing keyed hashes, and the key is given only to those who do. One of your administrators chooses it at /admin/sharing."
                .to_owned(),
        ));
    }
    let keys = app.store.alliance_keys().await?;
    let former = former(&keys, app.clock.now());
    Ok(Json(AllianceKey { id: keys.current.no, key: keys.current.key.hex(), algorithm: "HMAC-SHA-256", former }))
}
