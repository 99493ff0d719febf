//! One PostgreSQL under Patroni.

use super::{guard::Guard, network::Network, programs::Programs};
use crate::{cluster, http::Connection};
use anyhow::{Context, ensure};
use serde_json::Value;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::timeout;

const GUARD: &str = include_str!("node.sh");
/// Patroni answers at once, or it is not there.
const PATIENCE: Duration = Duration::from_secs(2);

pub struct Node {
    number: u8,
    pub postgres: SocketAddr,
    /// Patroni's own.
    pub rest: SocketAddr,
    folder: PathBuf,
    guard: Guard,
}

/// What one node is to know.
pub struct Plan<'p> {
    pub programs: &'p Programs,
    pub network: &'p Network,
    pub etcd: SocketAddr,
}

impl Node {
    pub fn name(&self) -> String {
        format!("node{}", self.number)
    }

    /// Prepares a node in a folder of its own; it is not started.
    pub async fn prepare(number: u8, plan: &Plan<'_>, folder: &Path) -> anyhow::Result<Self> {
        let folder = folder.join(format!("node{number}"));
        std::fs::create_dir(&folder)?;
        let address = plan.network.address(number);
        let port = |own: u16| if matches!(plan.network, Network::Own) { Ok(own) } else { cluster::free_port() };
        let (postgres, rest) = (SocketAddr::from((address, port(5432)?)), SocketAddr::from((address, port(8008)?)));
        let bin = plan.programs.postgres.to_string_lossy();
        std::fs::write(folder.join("patroni.yml"), settings(number, &folder, &bin, (postgres, rest, plan.etcd)))?;
        let patroni = plan.programs.patroni.to_string_lossy();
        let guard = Guard::start(plan.network.prefix(), GUARD, &folder, &[("BIN", &*bin), ("PATRONI", &*patroni)]).await?;
        plan.network.connect(number, guard.process()?)?;
        Ok(Self { number, postgres, rest, folder, guard })
    }

    /// Starts Patroni, which starts PostgreSQL.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        self.guard.tell("start").await.map(drop)
    }

    /// As a machine that loses its power.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.guard.tell("kill").await.map(drop)
    }

    /// Cuts it off, or connects it again.
    pub fn set_cable(&self, network: &Network, plugged: bool) -> anyhow::Result<()> {
        network.set_cable(self.number, plugged)
    }

    /// Whether Patroni says that this is the primary.
    pub async fn is_primary(&self) -> bool {
        self.ask("/primary").await.is_ok_and(|(status, _)| status == 200)
    }

    /// What Patroni says at an address: status and JSON.
    pub async fn ask(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        let request = format!("GET {path} HTTP/1.0\r\nhost: {}\r\n\r\n", self.rest);
        let asked = async {
            let answer = Connection::open(self.rest).await?.exchange_to_end(request.as_bytes()).await?;
            anyhow::Ok((answer.head.status, serde_json::from_slice(&answer.body).unwrap_or_default()))
        };
        timeout(PATIENCE, asked).await.context("Patroni does not answer")?
    }

    /// Hands the lead over on purpose.
    pub async fn switch_over(&self, programs: &Programs) -> anyhow::Result<()> {
        let mut command = tokio::process::Command::new(&programs.patronictl);
        let settings = self.folder.join("patroni.yml");
        command.arg("-c").arg(&settings).args(["switchover", "--force"]).env("LC_ALL", "C.UTF-8").kill_on_drop(true);
        let output = timeout(Duration::from_secs(60), command.output()).await.context("patronictl does not end")?.context("cannot run patronictl")?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success() && !said.contains("failed"), "the switchover failed: {}", said.lines().last().unwrap_or_default());
        Ok(())
    }

    pub async fn stop(self) -> anyhow::Result<()> {
        self.guard.stop().await
    }

    /// The last lines of its log, for whoever wants to know why.
    pub fn last_words(&self) -> String {
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        let lines: Vec<_> = log.lines().rev().take(5).collect();
        lines.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}

/// Patroni's settings: its shortest `ttl`, and half of the rest. A primary that is cut off stops as soon as it may not lead any more, which it could not
/// while it waits for standbys that it cannot reach: so `wal_sender_timeout`.
fn settings(number: u8, folder: &Path, bin: &str, (postgres, rest, etcd): (SocketAddr, SocketAddr, SocketAddr)) -> String {
    let folder = folder.display();
    format!(
        r#"scope: bench
name: node{number}
restapi: {{listen: "{rest}", connect_address: "{rest}"}}
etcd3: {{host: "{etcd}"}}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 5
    retry_timeout: 5
    synchronous_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {{max_connections: 100, shared_buffers: 128MB, max_wal_size: 2GB, wal_keep_size: 256MB, wal_sender_timeout: 5s, wal_receiver_timeout: 5s}}
  initdb: [{{encoding: UTF8}}, {{locale: C.UTF-8}}]
postgresql:
  listen: "{postgres}"
  connect_address: "{postgres}"
  data_dir: "{folder}/data"
  bin_dir: "{bin}"
  pgpass: "{folder}/pgpass"
  authentication:
    superuser: {{username: postgres}}
    replication: {{username: replicator}}
  parameters: {{unix_socket_directories: "{folder}"}}
  pg_hba: ["local all all trust", "host all all all trust", "host replication all all trust"]
"#
    )
}
