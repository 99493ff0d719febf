//! Static files, under an address that changes with their content: cached for ever, never stale.
//!
//! `make` puts them into `target/site`, with `.br` and `.gz` beside the larger ones; release builds carry them inside.

use crate::{App, middleware::MayBeKept};
use axum::{
    Extension, Router,
    extract::Path,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};
use std::sync::OnceLock;

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
#[allow_missing = true]
struct Site;

/// Where the files are: `/pkg/` and a hash of all of them.
pub fn base() -> String {
    static BASE: OnceLock<String> = OnceLock::new();
    BASE.get_or_init(|| {
        let mut names: Vec<_> = Site::iter().collect();
        names.sort();
        let mut hash = Sha256::new();
        for file in names.iter().filter_map(|name| Site::get(name)) {
            hash.update(file.metadata.sha256_hash());
        }
        let hex: String = hash.finalize().iter().take(6).map(|b| format!("{b:02x}")).collect();
        format!("/pkg/{hex}")
    })
    .clone()
}

pub fn router() -> Router<App> {
    Router::new().route("/{hash}/{*path}", get(file))
}

async fn file(Path((_, path)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let packed = [("br", ".br"), ("gzip", ".gz")].into_iter().filter(|(name, _)| accepted.contains(name));
    let found =
        packed.filter_map(|(name, suffix)| Some((Some(name), Site::get(&format!("{path}{suffix}"))?))).next().or_else(|| Some((None, Site::get(&path)?)));
    let Some((encoding, file)) = found.filter(|_| !path.ends_with(".br") && !path.ends_with(".gz")) else { return StatusCode::NOT_FOUND.into_response() };
    let kind = mime_guess::from_path(&path).first_or_octet_stream();
    let mut response = (
        Extension(MayBeKept),
        [(header::CONTENT_TYPE, kind.as_ref()), (header::CACHE_CONTROL, "public, max-age=31536000, immutable"), (header::VARY, "accept-encoding")],
        file.data.into_owned(),
    )
        .into_response();
    if let Some(encoding) = encoding {
        response.headers_mut().insert(header::CONTENT_ENCODING, header::HeaderValue::from_static(encoding));
    }
    response
}
