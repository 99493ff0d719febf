//! A network for the failover alone: as root on Linux, this program and all that it starts are in a network namespace of their own, and each
//! PostgreSQL in one of its own beside it, behind a cable that can be pulled. Namespaces have no names and end with their processes, so nothing is
//! left behind, however this program ends.

use anyhow::{Context, ensure};
use std::{
    net::Ipv4Addr,
    process::{Command, Stdio},
};

/// Says that this program is in its own network already.
const MARK: &str = "SHIELDWALL_BENCH_NETWORK";
/// The switch that all cables lead to.
const SWITCH: &str = "lan";
/// This program's address at the switch; nodes have the ones from 11 on.
pub const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

/// Where the nodes are.
pub enum Network {
    /// Each in a namespace of its own.
    Own,
    /// All on loopback, because of this.
    Loopback(&'static str),
}

/// Starts this program anew in a network of its own, where that can be; returns where it cannot, or where it is in one.
#[cfg(target_os = "linux")]
pub fn enter() {
    use std::os::unix::process::CommandExt;
    let ours = ["--net", "--", "ip", "link", "set", "lo", "up"];
    if std::env::var_os(MARK).is_some()
        || !crate::cluster::is_root()
        || !Command::new("unshare").args(ours).stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    {
        return;
    }
    let Ok(own) = std::env::current_exe() else { return };
    let again = ["--net", "--", "sh", "-c", r#"ip link set lo up && exec "$0" "$@""#];
    let error = Command::new("unshare").args(again).arg(own).args(std::env::args_os().skip(1)).env(MARK, "own").exec();
    eprintln!("· no network of its own: {error}");
}

#[cfg(not(target_os = "linux"))]
pub fn enter() {}

impl Network {
    /// Makes the switch, where this program has a network of its own.
    pub fn prepare() -> anyhow::Result<Self> {
        if std::env::var_os(MARK).is_none() {
            let reason = if crate::cluster::is_root() {
                "network namespaces need Linux, and Debian's packages util-linux and iproute2"
            } else {
                "network namespaces need root"
            };
            return Ok(Self::Loopback(reason));
        }
        ip(&["link", "add", SWITCH, "type", "bridge"])?;
        ip(&["addr", "add", &format!("{OWN}/24"), "dev", SWITCH])?;
        ip(&["link", "set", SWITCH, "up"])?;
        Ok(Self::Own)
    }

    /// Where etcd listens.
    pub const fn own_address(&self) -> Ipv4Addr {
        match self {
            Self::Own => OWN,
            Self::Loopback(_) => Ipv4Addr::LOCALHOST,
        }
    }

    /// The address of a node.
    pub const fn address(&self, node: u8) -> Ipv4Addr {
        match self {
            Self::Own => Ipv4Addr::new(10, 0, 0, 11 + node),
            Self::Loopback(_) => Ipv4Addr::LOCALHOST,
        }
    }

    /// What a node's first process is started with, so that it has a network of its own.
    pub const fn prefix(&self) -> &'static [&'static str] {
        match self {
            Self::Own => &["unshare", "--net", "--"],
            Self::Loopback(_) => &[],
        }
    }

    /// Plugs a node in, by its first process.
    pub fn connect(&self, node: u8, process: u32) -> anyhow::Result<()> {
        if matches!(self, Self::Loopback(_)) {
            return Ok(());
        }
        let (cable, process) = (cable(node), process.to_string());
        ip(&["link", "add", &cable, "type", "veth", "peer", "name", "eth0", "netns", &process])?;
        ip(&["link", "set", &cable, "master", SWITCH])?;
        let inside = format!("--net=/proc/{process}/ns/net");
        for what in [&["link", "set", "lo", "up"][..], &["addr", "add", &format!("{}/24", self.address(node)), "dev", "eth0"], &["link", "set", "eth0", "up"]] {
            let arguments: Vec<&str> = [inside.as_str(), "ip"].into_iter().chain(what.iter().copied()).collect();
            run("nsenter", &arguments)?;
        }
        ip(&["link", "set", &cable, "up"])
    }

    /// Pulls a node's cable, or puts it back.
    pub fn set_cable(&self, node: u8, plugged: bool) -> anyhow::Result<()> {
        ip(&["link", "set", &cable(node), if plugged { "up" } else { "down" }])
    }
}

fn cable(node: u8) -> String {
    format!("node{node}")
}

fn ip(arguments: &[&str]) -> anyhow::Result<()> {
    run("ip", arguments)
}

fn run(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let output = Command::new(program).args(arguments).output().with_context(|| format!("cannot run {program}"))?;
    ensure!(output.status.success(), "{program} {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
