//! Three nodes, etcd to agree by, and HAProxy, whose port leads to whichever node is the primary.

use super::{
    guard::Guard,
    network::Network,
    node::{Node, Plan},
    programs::Programs,
};
use crate::cluster;
use anyhow::{Context, bail};
use std::{
    fmt::Write,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};
use tokio::time::{Instant, sleep};

const GUARD: &str = include_str!("services.sh");
const NODES: u8 = 3;
/// Longest wait until all nodes are there, after a start or a loss.
const WHOLE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(300);

pub struct Site {
    pub network: Network,
    pub programs: Programs,
    nodes: Vec<Node>,
    services: Guard,
    proxy: SocketAddr,
}

impl Site {
    pub async fn start(programs: Programs, folder: &Path) -> anyhow::Result<Self> {
        let network = Network::prepare()?;
        let folder = folder.join("failover");
        std::fs::create_dir(&folder)?;
        let etcd = SocketAddr::from((network.own_address(), cluster::free_port()?));
        let mut nodes = vec![];
        for number in 0..NODES {
            nodes.push(Node::prepare(number, &Plan { programs: &programs, network: &network, etcd }, &folder).await?);
        }
        let proxy = SocketAddr::from((Ipv4Addr::LOCALHOST, cluster::free_port()?));
        let services = folder.join("services");
        std::fs::create_dir(&services)?;
        std::fs::write(services.join("haproxy.cfg"), proxy_settings(proxy, &nodes))?;
        let (program, haproxy) = (programs.etcd.to_string_lossy(), programs.haproxy.to_string_lossy());
        let (address, clients, peers) = (etcd.ip().to_string(), etcd.port().to_string(), cluster::free_port()?.to_string());
        let settings = [("ETCD", &*program), ("HAPROXY", &*haproxy), ("ADDRESS", &*address), ("CLIENTS", &*clients), ("PEERS", &*peers)];
        let services = Guard::start(&[], GUARD, &services, &settings).await?;
        let mut site = Self { network, programs, nodes, services, proxy };
        // The first one makes the database that the others copy.
        site.nodes[0].start().await?;
        site.wait("no node becomes the primary", async |site| site.primary().await.is_some()).await?;
        for node in &mut site.nodes[1..] {
            node.start().await?;
        }
        site.become_whole().await?;
        Ok(site)
    }

    /// The URL of a database at whichever node is the primary.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}?sslmode=disable", self.proxy)
    }

    /// The place of the primary among the nodes.
    pub async fn primary(&self) -> Option<usize> {
        for (place, node) in self.nodes.iter().enumerate() {
            if node.is_primary().await {
                return Some(place);
            }
        }
        None
    }

    pub fn node(&mut self, place: usize) -> &mut Node {
        &mut self.nodes[place]
    }

    /// Pulls a node's cable, or puts it back.
    pub fn set_cable(&self, place: usize, plugged: bool) -> anyhow::Result<()> {
        self.nodes[place].set_cable(&self.network, plugged)
    }

    pub async fn switch_over(&self, place: usize) -> anyhow::Result<()> {
        self.nodes[place].switch_over(&self.programs).await
    }

    /// Waits until another node than this is the primary.
    pub async fn wait_for_another(&self, old: usize) -> anyhow::Result<()> {
        self.wait("no other node becomes the primary", async |site| site.primary().await.is_some_and(|new| new != old)).await
    }

    /// Waits until there is a primary that the two others follow, one of them synchronously.
    pub async fn become_whole(&self) -> anyhow::Result<()> {
        self.wait("the nodes do not come together", async |site| site.is_whole().await).await
    }

    async fn is_whole(&self) -> bool {
        let Some(primary) = self.primary().await else { return false };
        let node = &self.nodes[primary];
        let (Ok((_, own)), Ok((_, all))) = (node.ask("/patroni").await, node.ask("/cluster").await) else { return false };
        let streaming = own["replication"].as_array().is_some_and(|all| all.iter().filter(|one| one["state"] == "streaming").count() + 1 == self.nodes.len());
        let members = all["members"].as_array().map_or(&[][..], Vec::as_slice);
        streaming && members.len() == self.nodes.len() && members.iter().any(|member| member["role"] == "sync_standby")
    }

    async fn wait(&self, failure: &str, done: impl AsyncFn(&Self) -> bool) -> anyhow::Result<()> {
        let began = Instant::now();
        while !done(self).await {
            if began.elapsed() > WHOLE {
                let words: Vec<_> = self.nodes.iter().map(|node| format!("{}:\n{}", node.name(), node.last_words())).collect();
                bail!("{failure}\n{}", words.join("\n"));
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// Ends all of it.
    pub async fn stop(self) -> anyhow::Result<()> {
        for node in self.nodes {
            node.stop().await.context("a node")?;
        }
        self.services.stop().await.context("etcd and HAProxy")
    }
}

/// As Patroni's own template, but that it looks more often: whoever does not say that it is the primary gets no connections, and loses those that it has.
fn proxy_settings(listen: SocketAddr, nodes: &[Node]) -> String {
    let mut text = format!(
        "global\n  maxconn 400\ndefaults\n  mode tcp\n  timeout connect 2s\n  timeout client 1h\n  timeout server 1h\n  timeout check 2s\nlisten primary\n  \
         bind {listen}\n  option httpchk OPTIONS /primary\n  http-check expect status 200\n  default-server inter 1s fall 3 rise 1 on-marked-down shutdown-sessions\n"
    );
    for node in nodes {
        let _ = writeln!(text, "  server {} {} check port {}", node.name(), node.postgres, node.rest.port());
    }
    text
}
