//! The push API, `/api/v1`: what partners' machines talk to.
//!
//! The way of a request: [`request`] (key → scope → quota → size → encoding) → [`parse`] (raw JSON → domain types, item by
//! item) → [`submit`] (the store, a receipt). One endpoint a file. To add an endpoint: a file here with its handler (that of a push
//! is one line, `push::take`) and its `#[utoipa::path]`, whose tag `push` brings a push's headers and refusals; its `mod` and a line in `api()`, its place in `docs.rs` (ORDER), and a test in `server/tests/api/` with its `mod` in `main.rs` and
//! `postgres.rs`; the description at `/openapi.json` follows, and `contract.rs` there wants it in OPERATIONS. A new kind of push
//! is first of all a new `store::What`, whose documentation lists what else asks for it.
//!
//! A machine reads of its own organisation alone, whatever others share with people, so it reads through [`Store::partner`](store::Store::partner); the handler
//! takes a [`request::Reader`], which counts it. A scope
//! is asked for with [`request::require`], and both tables of `routes/roles.md` say who may what. A new parameter of a path has its values in
//! `tests/api/routes.rs` (`addresses`), `contract.rs` (`concrete`) and `foreign.rs` (ABSENT). Whoever changes a mechanism that `server/THREATS.md` names changes its line there.

pub mod docs;
pub mod notes;
pub mod parse;
pub mod problem;
mod push;
pub mod request;
pub mod submit;

mod alliance_key;
mod audit;
mod describe;
mod events;
mod incident;
mod incidents;
mod indicator_counts;
mod indicators;
mod large;
mod metrics;
pub mod precondition;
mod receipts;
mod whoami;

use crate::App;
use axum::{Router, extract::Request, http::Method};
use problem::Problem;
use utoipa::{
    Modify, OpenApi,
    openapi::{
        Server,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_axum::{router::OpenApiRouter, routes};

/// Items in one push.
pub const MAX_ITEMS: usize = 1_000;
/// Bytes of a request's body as it comes.
pub const MAX_BODY: usize = 1 << 20;
/// Bytes of a body after inflating.
pub const MAX_INFLATED: usize = 8 << 20;
/// Nesting of JSON.
pub const MAX_DEPTH: usize = 32;
/// How far a moment may be ahead of the hub's clock.
pub const MAX_AHEAD_SECONDS: u32 = 300;
/// How old an observation may be without the scope `backfill`.
pub const MAX_AGE_DAYS: u32 = 30;
/// Pushes a minute and key.
pub const PUSHES_PER_MINUTE: u32 = 600;
/// Reads a minute and key: enough to read each incident before and after it is written, as often as one may write.
pub const READS_PER_MINUTE: u32 = 2 * PUSHES_PER_MINUTE;

#[derive(OpenApi)]
#[openapi(
    info(title = "Shieldwall push API", description = "Partners push posture metrics, incidents, events and indicators. The organisation comes from the key."),
    modifiers(&BearerKey),
    tags((name = "push", description = "Sending data"), (name = "read", description = "Asking back"))
)]
struct Description;

struct BearerKey;

impl Modify for BearerKey {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("swk_…").description(Some("An API key of your organisation")).build();
        openapi.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(scheme));
    }
}

fn api() -> OpenApiRouter<App> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(metrics::push))
        .routes(routes!(incidents::push))
        .routes(routes!(incident::read, incident::replace))
        .routes(routes!(events::push))
        .routes(routes!(indicators::push))
        .routes(routes!(indicator_counts::push))
        .routes(routes!(alliance_key::read))
        .routes(routes!(receipts::read))
        .routes(routes!(whoami::read))
        .routes(routes!(audit::checkpoint));
    OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", v1)
}

/// The API's description, as served at `/openapi.json`; `server` is the address under which the hub is reached, `/` for the one that it came from.
#[must_use]
pub fn openapi(server: &str) -> String {
    let mut description = api().split_for_parts().1;
    description.servers = Some(vec![Server::new(server)]);
    push::Pushes.modify(&mut description);
    let mut description = serde_json::to_value(&description).unwrap_or_default();
    describe::complete(&mut description);
    serde_json::to_string_pretty(&description).unwrap_or_default()
}

/// The routes of the API and its description.
pub fn router(app: &App) -> Router<App> {
    let (router, _) = api().split_for_parts();
    router
        .layer(axum::middleware::from_fn_with_state(app.clone(), request::identified))
        .merge(docs::router())
        .method_not_allowed_fallback(async |method: Method| Problem::method_not_allowed(&method))
        .route("/api/{*rest}", axum::routing::any(nothing))
}

/// What is at no address of the API. An encoded slash belongs to an id, and here is none.
async fn nothing(request: Request) -> Problem {
    let slash = request.uri().path().to_ascii_lowercase().contains("%2f");
    if slash { Problem::malformed("The path holds an encoded slash where no id is meant.") } else { Problem::nothing_here() }
}
