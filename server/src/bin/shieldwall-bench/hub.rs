//! The server under measurement: the real program, as a process of its own.

use crate::{http::Connection, machine};
use anyhow::{Context, bail, ensure};
use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    net::TcpListener,
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// Longest wait for a hub to be ready, or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// Longest wait for a hub to come to rest.
const REST: Duration = Duration::from_secs(300);
const QUICK_REST: Duration = Duration::from_secs(15);
/// A second with less processor time is one of rest, and so many of them in a row are enough: scores are written every 15 seconds.
const IDLE: Duration = Duration::from_millis(100);
const IDLE_SECONDS: u32 = 16;
const QUICK_SECONDS: u32 = 3;
/// What the hub logs when its first retention is done.
const RETENTION: &str = r#""message":"retention""#;

/// A running `shieldwall serve`. Dropping it kills it.
pub struct Hub {
    child: Child,
    pub address: SocketAddr,
    log: PathBuf,
    /// From its start until it was ready.
    pub started_in: Duration,
}

impl Hub {
    /// Starts a hub on a free loopback port and waits until it is ready; its log becomes a new file.
    pub async fn start(server: &Path, database: &str, log: PathBuf) -> anyhow::Result<Self> {
        let address = free_port().await?;
        let mut command = Command::new(server);
        // Only what is given here configures it.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("SHIELDWALL_")) {
            command.env_remove(name);
        }
        // All hubs of a database need the same keys, and their logs are in one folder.
        let folder = log.parent().unwrap_or(Path::new("."));
        let child = command
            .args(["serve", "--listen", &address.to_string(), "--database", database])
            // What is measured is the hub, not its quotas.
            .args(["--quota-pushes-per-minute", "4000000", "--quota-bytes-per-day", "1000000000000", "--quota-bytes-total", "1000000000000"])
            .args(["--quota-keys", "4000000", "--quota-page-seconds-per-minute", "4000000", "--quota-changes-per-minute", "4000000"])
            .arg("--signing-key-file")
            .arg(folder.join("signing-key"))
            .arg("--sealing-key-file")
            .arg(folder.join("sealing-key"))
            .env_remove("DATABASE_URL")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", server.display()))?;
        let mut hub = Self { child, address, log, started_in: Duration::ZERO };
        hub.started_in = hub.wait_until_ready().await?;
        Ok(hub)
    }

    async fn wait_until_ready(&mut self) -> anyhow::Result<Duration> {
        let request = format!("GET /readyz HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended with {status}: {}", self.last_words());
            }
            if let Ok(mut connection) = Connection::open(self.address).await
                && connection.exchange(request.as_bytes()).await.is_ok_and(|a| a.head.status == 200)
            {
                return Ok(began.elapsed());
            }
            sleep(Duration::from_millis(10)).await;
        }
        bail!("the server was not ready in time: {}", self.last_words())
    }

    /// Waits until the hub has done what it does after a start and after the seeding (its first retention, scores of days made again), and
    /// does nothing more; where it is quick, until it seems so.
    pub async fn rest(&self, quick: bool) {
        let began = Instant::now();
        let mut idle = 0;
        let (seconds, longest) = if quick { (QUICK_SECONDS, QUICK_REST) } else { (IDLE_SECONDS, REST) };
        while idle < seconds || !(quick || self.has_said(RETENTION)) {
            if began.elapsed() > longest {
                eprintln!("· the server does not come to rest, and is measured as it is");
                return;
            }
            let busy = self.busy();
            sleep(Duration::from_secs(1)).await;
            idle = if self.busy().saturating_sub(busy) < IDLE { idle + 1 } else { 0 };
        }
    }

    fn has_said(&self, word: &str) -> bool {
        std::fs::read_to_string(&self.log).is_ok_and(|log| log.contains(word))
    }

    /// The processor time the server has used.
    pub fn busy(&self) -> Duration {
        self.child.id().map_or(Duration::ZERO, |id| machine::busy(&id.to_string()))
    }

    /// The memory the server holds, in bytes.
    pub fn memory(&self) -> u64 {
        self.child.id().map_or(0, |id| machine::memory(&id.to_string()))
    }

    /// The most memory the server has held since its start, in bytes.
    pub fn peak(&self) -> u64 {
        self.child.id().map_or(0, |id| machine::peak(&id.to_string()))
    }

    /// Asks the hub to stop, as an operator would, and waits.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        let id = self.child.id().context("the server has ended by itself")?;
        Command::new("kill").args(["-TERM", &id.to_string()]).status().await.context("cannot run kill")?;
        let status = timeout(PATIENCE, self.child.wait()).await.context("the server did not stop")??;
        ensure!(status.success(), "the server ended with {status}: {}", self.last_words());
        Ok(())
    }

    /// The last line of its log.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        log.lines().last().unwrap_or_default().to_owned()
    }
}

/// A port that is free now. Another program could take it before the hub does; then the hub says so, and the run ends.
async fn free_port() -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    Ok(listener.local_addr()?)
}
