//! All routes, and the serving of them.

mod account;
mod assets;
mod audit;
mod catalogue;
mod connect;
pub mod csv;
mod decisions;
pub(crate) mod forms;
mod groups;
mod health;
mod identity;
mod keys;
mod pages;
mod passkeys;
mod password;
mod policy;
pub(crate) mod query;
mod sharing;
pub mod table;
mod users;

pub(crate) use pages::base_url;
pub use table::{Access, MatchedRoute};

use crate::{
    App, api, auth, kept, live, middleware, page_time,
    serving::{self, Limits},
};
use axum::{
    Router,
    extract::Request,
    middleware::{from_fn, from_fn_with_state},
};
use std::time::Duration;
use tokio::net::TcpListener;
use tower_http::{CompressionLevel, compression::CompressionLayer, trace::TraceLayer};

/// How long the rest of the end may take, after the last request.
const CLOSING: Duration = Duration::from_secs(2);

/// The whole service.
pub fn router(app: &App) -> Router {
    app.live.set_assets_base(assets::base());
    // Pages are rendered on tokio; an error only says that this was set before.
    let _ = any_spawner::Executor::init_tokio();
    // With a session: people. Machines with keys get none.
    let people = table::people().into_iter().fold(Router::new(), |router, route| route.add_to(router));
    let people = people
        .fallback(pages::nothing)
        .layer(from_fn_with_state(app.clone(), kept::layer))
        .layer(auth::sessions::session_layer(app))
        .layer(from_fn_with_state(app.clone(), auth::browser::layer))
        .layer(from_fn_with_state(app.clone(), page_time::layer))
        .layer(from_fn_with_state(app.clone(), middleware::same_origin))
        .layer(from_fn_with_state(app.clone(), middleware::sign_in_can_work));
    Router::new()
        .merge(api::router(app))
        .merge(health::router())
        .nest("/pkg", assets::router())
        .fallback_service(people.with_state(app.clone()))
        .layer(from_fn(middleware::no_nul))
        .layer(from_fn(middleware::catch_panic))
        .layer(from_fn(middleware::plain_address))
        .layer(from_fn_with_state(app.clone(), middleware::in_kind))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn_with_state(app.clone(), middleware::security_headers))
        .layer(TraceLayer::new_for_http().make_span_with(span))
        .with_state(app.clone())
}

/// Names a request in the log.
fn span(request: &Request) -> tracing::Span {
    tracing::debug_span!("request", method = %request.method(), path = middleware::logged_path(request))
}

/// Serves until SIGTERM or Ctrl-C; then ends the streams, finishes what was accepted and closes the database.
pub async fn serve(app: App, listener: TcpListener) {
    let follower = tokio::spawn(follow(app.clone()));
    tokio::spawn(live::audience::watch_over(app.clone()));
    let upkeep = tokio::spawn(upkeep(app.clone()));
    let signing = tokio::spawn(crate::audit::keep(app.clone()));
    let stopper = app.live.clone();
    tokio::spawn(async move {
        signal().await;
        tracing::info!("stopping");
        stopper.stop();
    });
    let proxies = app.config.trusted_proxies.clone();
    match proxies.networks() {
        [] => tracing::info!("no proxy is trusted: each connection is its own client, also from this machine (--trusted-proxies names proxies)"),
        trusted => tracing::info!(?trusted, "what these proxies say about their clients is believed"),
    }
    serving::raise_open_files();
    serving::serve(router(&app), listener, Limits::default(), proxies, app.live.stopping()).await;
    upkeep.abort();
    signing.abort();
    let closing = async {
        let _ = tokio::time::timeout(CLOSING / 2, follower).await;
        if let Err(error) = app.keys.flush_used(&app).await {
            tracing::warn!(%error, "the last use of keys could not be written");
        }
        if let Err(error) = crate::audit::close(&app).await {
            tracing::warn!(%error, "no last checkpoint of the audit trail could be made");
        }
        app.store.close().await;
    };
    // Everything acknowledged is on disk already.
    if tokio::time::timeout(CLOSING, closing).await.is_err() {
        tracing::warn!("the database did not close in time");
    }
}

/// Follows the outbox; a fault in it costs a moment, not the live view.
async fn follow(app: App) {
    while let Err(error) = tokio::spawn(live::follow(app.clone())).await {
        tracing::error!(%error, "the live view stopped and begins anew");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        tokio::select! { _ = interrupt => {}, _ = terminate.recv() => {} }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}

/// What is done now and then: noting when keys were used, folding the pushes of hours that have ended, forgetting old attempts to sign in, deleting what was kept long enough.
async fn upkeep(app: App) {
    let mut ticks = 0_u32;
    loop {
        tokio::time::sleep(Duration::from_secs(30)).await;
        if let Err(error) = app.keys.flush_used(&app).await {
            tracing::warn!(%error, "the last use of keys could not be written");
        }
        if let Err(error) = app.seal.refresh(&app.store).await {
            tracing::warn!(%error, "whether the sealing key was replaced could not be seen");
        }
        if let Err(error) = auth::throttle::forget(&app).await {
            tracing::warn!(%error, "old attempts to sign in could not be forgotten");
        }
        if let Err(error) = app.store.hub().follow_alliance_key(app.clock.now()).await {
            tracing::warn!(%error, "indicators could not be digested under the alliance's key");
        }
        if let Err(error) = app.store.hub().fold_words().await {
            tracing::warn!(%error, "records that a node of an earlier version took could not be made ready to be found");
        }
        if let Err(error) = app.store.hub().fold_ended_hours(app.clock.now()).await {
            tracing::warn!(%error, "pushes could not be folded");
        }
        app.page_time.forget(app.clock.now());
        if ticks.is_multiple_of(120) {
            match app.store.hub().retain(app.config.retention, app.clock.now()).await {
                Ok(rows) => tracing::info!(rows, "retention"),
                Err(error) => tracing::warn!(%error, "retention"),
            }
        }
        ticks += 1;
    }
}
