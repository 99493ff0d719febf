//! The programs that a failover takes, where Debian has them.

use anyhow::ensure;
use std::path::PathBuf;

pub struct Programs {
    /// The folder of PostgreSQL's.
    pub postgres: PathBuf,
    pub patroni: PathBuf,
    pub patronictl: PathBuf,
    pub etcd: PathBuf,
    pub haproxy: PathBuf,
}

impl Programs {
    /// Finds them, or names those that are missing.
    pub fn find() -> anyhow::Result<Self> {
        let mut missing = vec![];
        let mut find = |name: &'static str| {
            let found = in_path(name);
            if found.is_none() {
                missing.push(name);
            }
            found.unwrap_or_default()
        };
        let (patroni, patronictl, etcd, haproxy) = (find("patroni"), find("patronictl"), find("etcd"), find("haproxy"));
        let postgres = crate::cluster::programs();
        if postgres.is_none() {
            missing.push("postgres");
        }
        ensure!(
            missing.is_empty(),
            "the failover lacks {}: `end2end/tools/check-tools.sh failover` installs them (Debian's packages postgresql, patroni, python3-etcd, etcd-server, haproxy)",
            missing.join(", ")
        );
        Ok(Self { postgres: postgres.unwrap_or_default(), patroni, patronictl, etcd, haproxy })
    }
}

/// Debian keeps some where only root looks.
fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/usr/bin", "/usr/sbin", "/usr/local/bin"].into_iter().map(PathBuf::from);
    std::env::split_paths(&path).chain(usual).map(|folder| folder.join(name)).find(|file| file.is_file())
}
