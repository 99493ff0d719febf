//! `shieldwall serve`: the hub itself.

use super::HubOptions;
use crate::{App, clock::Clock, routes};
use anyhow::Context;
use std::process::ExitCode;
use tokio::net::TcpListener;

/// The database of `serve`, `admin` and `import` where none is named.
pub const DATABASE: &str = "sqlite://data/shieldwall.db";

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    hub: HubOptions,
    /// The database: sqlite://path (file and folder are created) or postgres://user:password@host/database.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true, default_value = DATABASE)]
    database: String,
}

/// Serves until SIGTERM.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let app = App::open(args.hub.config(false), &args.database, Clock::default()).await?;
    args.hub.give_keys(&app, &args.database).await?;
    let listener = listen(&args.hub).await?;
    if !args.hub.address.listen.ip().is_loopback() && !args.hub.address.base_url().starts_with("https://") {
        tracing::warn!(
            "nobody can sign in over plain HTTP from another machine: cookies are for HTTPS only, and the pages say so; put a proxy that speaks HTTPS before the hub and name the address that people use with --public-url https://…"
        );
    }
    tracing::info!(address = %listener.local_addr()?, url = args.hub.address.base_url(), "serving");
    routes::serve(app, listener).await;
    stopped();
    Ok(ExitCode::SUCCESS)
}

/// The last line of a hub. A push is acknowledged only when it is on disk, however the hub ends.
pub fn stopped() {
    tracing::info!("stopped; everything acknowledged is on disk");
}

/// Takes the address to listen on.
pub async fn listen(hub: &HubOptions) -> anyhow::Result<TcpListener> {
    TcpListener::bind(hub.address.listen).await.with_context(|| format!("cannot listen on {} (--listen chooses another address)", hub.address.listen))
}
