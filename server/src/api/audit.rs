//! `GET /api/v1/audit/checkpoint`

use super::{problem::Problem, request::Reader};
use crate::{App, audit::CheckpointFile};
use axum::{Json, extract::State};

/// Reads the newest signed checkpoint of the hub's audit trail. Who keeps it can show later whether the trail was tampered with.
///
/// There is another every five minutes, whatever happens. The hub's operator finds it in the trail with `shieldwall audit verify --checkpoint FILE`.
#[utoipa::path(
    get,
    path = "/audit/checkpoint",
    tag = "read",
    operation_id = "read_audit_checkpoint",
    responses(
        (status = 200, description = "The newest checkpoint", body = CheckpointFile),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is none yet", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn checkpoint(State(app): State<App>, Reader(key): Reader) -> Result<Json<CheckpointFile>, Problem> {
    let newest = app.store.hub().checkpoint().await?.ok_or_else(Problem::not_found)?;
    app.store.hub().checkpoint_taken(key.org, app.clock.now()).await?;
    Ok(Json(newest.into()))
}
