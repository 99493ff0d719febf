//! `GET /api/v1/receipts/{id}`

use super::{notes, problem::Problem, request::Reader, submit::Receipt};
use crate::App;
use axum::{
    Json,
    extract::{Path, State},
};
use store::What;
use uuid::Uuid;

/// Reads one of your own receipts again.
///
/// It says what was kept of a push and what was refused, item by item, for as long as the hub keeps receipts.
#[utoipa::path(
    get,
    path = "/receipts/{id}",
    tag = "read",
    operation_id = "read_receipt",
    params(("id" = Uuid, Path, description = "The receipt's id")),
    responses(
        (status = 200, description = "The receipt", body = Receipt),
        (status = 401, description = "No valid key", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Nothing that this key may see", body = Problem, content_type = "application/problem+json"),
    ),
    security(("key" = []))
)]
pub async fn read(State(app): State<App>, Path(id): Path<String>, Reader(key): Reader) -> Result<Json<Receipt>, Problem> {
    // An id that is none answers exactly like one that is somebody else's.
    let id: Uuid = id.parse().map_err(|_| Problem::not_found())?;
    let receipt = app.store.partner(key.org).receipt(id).await?.ok_or_else(Problem::not_found)?;
    let payload = app.store.partner(key.org).metrics_payload(receipt.no).await?;
    let body = payload.and_then(|payload| zstd::bulk::decompress(&payload, super::MAX_INFLATED).ok()).unwrap_or_default();
    Ok(Json(Receipt { notes: notes::of(What::Metrics, &body), ..receipt.into() }))
}
