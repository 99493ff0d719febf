//! A throw-away PostgreSQL, set up as durably as one that is meant to last, in the benchmark's folder.

use anyhow::{Context, ensure};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStdin, Command},
    time::timeout,
};

/// Where Debian has the programs of a version, newest first.
const FOLDERS: [&str; 4] = ["/usr/lib/postgresql/18/bin", "/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin"];
/// Longest wait for the cluster's start, and for its end.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a commit promises is on disk, as it is by default; said here, because the figures mean nothing without it. Memory is as on a small server.
pub const SETTINGS: &str = "fsync=on synchronous_commit=on full_page_writes=on shared_buffers=256MB max_wal_size=2GB max_connections=100";

/// Starts the cluster, says the number of its first process, and waits until the other end of its standard input is closed, which is when the
/// benchmark ends, however it does. Then it stops the cluster and removes its files.
const GUARD: &str = r#"
set -eu
trap '' INT TERM HUP
cd "$FOLDER"
trap '"$BIN/pg_ctl" -D "$FOLDER/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$FOLDER/data" "$FOLDER/log"' EXIT
"$BIN/initdb" -D "$FOLDER/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 >&2
options="-p $PORT -k $FOLDER -c listen_addresses=127.0.0.1"
for setting in $SETTINGS; do options="$options -c $setting"; done
"$BIN/pg_ctl" -D "$FOLDER/data" -w -l "$FOLDER/log" -o "$options" start >&2 || { cat "$FOLDER/log" >&2; exit 1; }
head -n 1 "$FOLDER/data/postmaster.pid"
cat >/dev/null
"#;

/// The folder of PostgreSQL's programs, where they are installed.
pub fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    FOLDERS
        .into_iter()
        .map(PathBuf::from)
        .chain(std::env::split_paths(&path))
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
}

/// A running cluster. Dropping it, or the end of this program, ends it and removes its files.
pub struct Cluster {
    /// As its programs say it.
    pub version: String,
    port: u16,
    postmaster: u32,
    stdin: Option<ChildStdin>,
    guard: Child,
}

impl Cluster {
    /// Makes a cluster in a folder, which must not be there, and starts it on a free loopback port.
    pub async fn start(bin: &Path, folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir(folder)?;
        let version = Command::new(bin.join("postgres")).arg("--version").output().await.context("cannot run postgres")?;
        let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
        let port = free_port()?;
        give(folder).await?;
        let (program, arguments) = as_user().split_first().context("a program")?;
        let mut guard = Command::new(program)
            .args(arguments)
            .args(["sh", "-c", GUARD])
            .envs([("BIN", bin), ("FOLDER", folder)])
            .envs([("PORT", port.to_string().as_str()), ("SETTINGS", SETTINGS), ("LC_ALL", "C.UTF-8")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start PostgreSQL")?;
        let stdin = guard.stdin.take();
        let (mut said, mut failure) = (String::new(), String::new());
        let (stdout, stderr) = (guard.stdout.take().context("piped")?, guard.stderr.take().context("piped")?);
        let mut stdout = BufReader::new(stdout);
        timeout(PATIENCE, stdout.read_line(&mut said)).await.context("PostgreSQL did not start in time")??;
        let Ok(postmaster) = said.trim().parse() else {
            let _ = timeout(PATIENCE, BufReader::new(stderr).read_to_string(&mut failure)).await;
            anyhow::bail!("PostgreSQL does not start: {}", failure.trim());
        };
        Ok(Self { version, port, postmaster, stdin, guard })
    }

    /// The URL of a database of this name, as its owner.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// The processes of the cluster, as text.
    pub fn processes(&self) -> Vec<String> {
        let own = self.postmaster.to_string();
        let children = std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let children = children.filter(|id| id.bytes().all(|b| b.is_ascii_digit()) && parent_of(id).as_deref() == Some(&own));
        std::iter::once(own.clone()).chain(children).collect()
    }

    /// Ends it and waits for its end.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.stdin.take());
        let status = timeout(PATIENCE, self.guard.wait()).await.context("PostgreSQL did not stop in time")??;
        ensure!(status.success(), "PostgreSQL's guard ended with {status}");
        Ok(())
    }
}

impl Drop for Cluster {
    /// Where the run was given up, its folder goes next; PostgreSQL must have left it by then.
    fn drop(&mut self) {
        drop(self.stdin.take());
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until && matches!(self.guard.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn parent_of(process: &str) -> Option<String> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:")).map(|id| id.trim().to_owned())
}

/// Whether this program runs as root.
pub fn is_root() -> bool {
    std::process::Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

/// What a command is started with so that it does not run as root, which PostgreSQL refuses.
pub fn as_user() -> &'static [&'static str] {
    if is_root() { &["runuser", "-u", "postgres", "--"] } else { &["env"] }
}

/// Makes a folder, and all in it, that user's.
pub async fn give(folder: &Path) -> anyhow::Result<()> {
    if is_root() {
        let owned = Command::new("chown").args(["-R", "postgres"]).arg(folder).status().await.context("cannot run chown")?;
        ensure!(owned.success(), "the user postgres cannot own {}", folder.display());
    }
    Ok(())
}

/// A port that is free now. Another program could take it meanwhile; then PostgreSQL says so, and the run ends.
pub fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    Ok(listener.local_addr()?.port())
}
