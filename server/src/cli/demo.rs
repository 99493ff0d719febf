//! `shieldwall demo`: a hub with a fictional alliance, so that one can look around before anybody has pushed.

use super::{HubOptions, push::progress, serve};
use crate::{App, audit, clock::Clock, demo, routes};
use anyhow::{Context, bail};
use std::{
    fs::{File, TryLockError},
    path::Path,
    process::ExitCode,
    time::Instant,
};

const DATABASE: &str = "sqlite://data/demo.db";

#[derive(clap::Args, Debug)]
pub struct Args {
    #[command(flatten)]
    hub: HubOptions,
    /// The demo's own database. SQLite's is made anew at each start; one on PostgreSQL is filled when it is empty, and kept.
    #[arg(long, env = "SHIELDWALL_DEMO_DATABASE", hide_env_values = true, default_value = DATABASE)]
    demo_database: String,
    /// Goes on with the data of the last run.
    #[arg(long, env = "SHIELDWALL_DEMO_KEEP")]
    keep: bool,
    /// Nothing is pushed: the partners' data stays as it was seeded, and ages.
    #[arg(long, env = "SHIELDWALL_DEMO_QUIET")]
    quiet: bool,
}

/// Seeds and serves until SIGTERM, with the simulator pushing meanwhile.
pub async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let mut config = args.hub.config(true);
    if config.alliance == super::options::ALLIANCE {
        demo::ALLIANCE.clone_into(&mut config.alliance);
    }
    // The address first: an address in use should not cost the time of seeding.
    let listener = serve::listen(&args.hub).await?;
    let address = listener.local_addr()?;
    config.listen = address;
    let _only = alone(&args.demo_database)?;
    if !args.keep {
        remove(&args.demo_database).await?;
        if !args.demo_database.starts_with("postgres") {
            // What was signed in the demo before is gone with it.
            audit::memory::forget(&args.hub.signing_key(&args.demo_database)?)?;
        }
    }
    let (started, clock) = (Instant::now(), Clock::default());
    let bar = progress(demo::STEPS).with_message("two years of an alliance");
    let new = demo::load_history(&args.demo_database, &clock, || bar.inc(1)).await.context("the demo's history could not be loaded")?;
    if new {
        // In a program of its own, closed before the hub opens: what it loads is past, not news.
        let loader = App::open(config.clone(), &args.demo_database, clock.clone()).await?;
        let loaded = demo::load_records(&loader, || bar.inc(1)).await.context("the demo's records could not be loaded");
        loader.live.stop();
        loader.store.close().await;
        loaded?;
    }
    let app = App::open(config, &args.demo_database, clock).await?;
    args.hub.give_keys(&app, &args.demo_database).await?;
    bar.finish_and_clear();
    tracing::info!(seconds = started.elapsed().as_secs_f32(), new, "demo data is ready");
    let base = args.hub.address.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    greet(&base)?;
    let simulator = if args.quiet { None } else { Some(demo::simulate(&app, &base_for_partners(address)).await?) };
    routes::serve(app, listener).await;
    if let Some(task) = simulator {
        task.abort();
    }
    serve::stopped();
    Ok(ExitCode::SUCCESS)
}

/// Says where to look and how to sign in. The passwords are no secret: they exist in the demo only, and its sign-in page shows
/// them too.
fn greet(base: &str) -> anyhow::Result<()> {
    super::print(&format!("\nShieldwall, demo data. Look here:  {base}\n\nSign in as"))?;
    for account in demo::accounts() {
        super::print(&format!("  {:<11} {:<34} {}   ({})", account.role.name(), account.email, account.password, account.org))?;
    }
    super::print("\nCtrl-C ends it. The next start makes the data anew; with --keep it goes on with this.\n").map(drop)
}

/// The simulator pushes over the network like any partner, from this machine.
fn base_for_partners(mut address: std::net::SocketAddr) -> String {
    if address.ip().is_unspecified() {
        address.set_ip(if address.is_ipv4() { std::net::Ipv4Addr::LOCALHOST.into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    format!("http://{address}")
}

/// Holds the database for as long as the answer is kept, so that a second demo does not take it from under the first.
fn alone(url: &str) -> anyhow::Result<Option<File>> {
    let Some(path) = store::file_of(url)? else { return Ok(None) };
    let lock = path.with_added_extension("demo");
    let made = store::private::make_folder_of(&path).and_then(|()| store::private::keep(&lock));
    let file = made.and_then(|()| File::options().write(true).open(&lock)).with_context(|| format!("cannot write {}", lock.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => {
            bail!("a demo is running on {} already; end it, or give this one a --demo-database of its own, such as sqlite://data/second.db", path.display())
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", lock.display())),
    }
}

/// Removes the last run's database with the files SQLite keeps beside it. One that the demo did not make stays.
async fn remove(url: &str) -> anyhow::Result<()> {
    if url.starts_with("postgres") {
        return Ok(());
    }
    let path = url.trim_start_matches("sqlite://").trim_start_matches("sqlite:").split('?').next().unwrap_or_default();
    if url != DATABASE && Path::new(path).exists() && !demo::made(url).await? {
        bail!("{path} was not made by the demo, which would remove it; name another file");
    }
    for suffix in ["", "-wal", "-shm"] {
        match std::fs::remove_file(format!("{path}{suffix}")) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e).with_context(|| format!("cannot remove {path}{suffix}")),
            _ => {}
        }
    }
    Ok(())
}
