//! PostgreSQL for tests, mostly one for all of a program, without root's rights and without anything to clean up.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// Where Debian has the programs of a version, newest first.
const FOLDERS: [&str; 4] = ["/usr/lib/postgresql/18/bin", "/usr/lib/postgresql/17/bin", "/usr/lib/postgresql/16/bin", "/usr/lib/postgresql/15/bin"];

/// Starts a cluster and looks after it until the end of this program.
const GUARD: &str = include_str!("cluster.sh");
/// Whether what is committed survives a power cut is of no interest to most tests, and its log need not be kept for long.
const QUICK: &str = "-c fsync=off -c max_wal_size=128MB";

pub(crate) struct Cluster {
    bin: String,
    folder: String,
    port: u16,
    databases: AtomicU32,
    /// Open as long as this program, or this value, lives; the guard waits for its end.
    _stdin: ChildStdin,
    _guard: Child,
}

impl Cluster {
    pub(crate) fn running() -> &'static Self {
        static CLUSTER: OnceLock<Cluster> = OnceLock::new();
        CLUSTER.get_or_init(|| Self::start(QUICK))
    }

    /// Starts one with options for its server.
    pub(crate) fn start(options: &str) -> Self {
        let bin = std::env::var("SHIELDWALL_TEST_POSTGRES_BIN")
            .ok()
            .or_else(|| FOLDERS.into_iter().find(|f| Path::new(f).join("initdb").exists()).map(str::to_owned));
        let bin = bin.expect("these tests start a PostgreSQL of their own: install Debian's package postgresql (15 or newer), or set SHIELDWALL_TEST_POSTGRES_BIN to the folder of its initdb");
        let port = crate::free_port();
        let mut command = as_user();
        let mut guard = command
            .args(["sh", "-c", GUARD])
            .env("BIN", &bin)
            .env("PORT", port.to_string())
            .env("OPTIONS", options)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the guard of PostgreSQL starts");
        let stdin = guard.stdin.take().expect("piped");
        let mut folder = String::new();
        let mut stdout = BufReader::new(guard.stdout.take().expect("piped"));
        stdout.read_line(&mut folder).expect("the guard speaks");
        if folder.is_empty() {
            let mut said = String::new();
            let _ = guard.stderr.take().expect("piped").read_to_string(&mut said);
            panic!("PostgreSQL does not start:\n{said}");
        }
        Self { bin, folder: folder.trim().to_owned(), port, databases: AtomicU32::new(0), _stdin: stdin, _guard: guard }
    }

    /// Makes a database, empty or as a copy, and returns its name.
    pub(crate) fn create(&self, template: Option<&str>) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let port = self.port.to_string();
        let mut command = Command::new(format!("{}/createdb", self.bin));
        command.args(["-h", &self.folder, "-p", &port, "-U", "postgres", "-T", template.unwrap_or("template0"), &name]);
        run(&mut command);
        name
    }

    /// Removes a database, whoever is still connected to it. It may be that a test failed and the cluster is gone: then nothing is left to remove.
    pub(crate) fn remove(&self, database: &str) {
        let port = self.port.to_string();
        let mut command = Command::new(format!("{}/dropdb", self.bin));
        command.args(["-h", &self.folder, "-p", &port, "-U", "postgres", "--force", database]);
        if !command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
            eprintln!("{database} of the tests' PostgreSQL is left until they end");
        }
    }

    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// A database as SQL, without owners.
    pub(crate) fn dump(&self, url: &str) -> String {
        let mut command = Command::new(format!("{}/pg_dump", self.bin));
        let out = command.args(["--inserts", "--no-owner", url]).stdin(Stdio::null()).output().expect("PostgreSQL's programs run");
        assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8(out.stdout).expect("UTF-8")
    }

    pub(crate) fn restart(&self, meanwhile: impl FnOnce()) {
        let data = format!("{}/data", self.folder);
        let pg_ctl = format!("{}/pg_ctl", self.bin);
        run(as_user().args([&pg_ctl, "-D", &data, "-w", "-m", "immediate", "stop"]));
        meanwhile();
        // The options of the first start are kept beside the data.
        run(as_user().args([&pg_ctl, "-D", &data, "-w", "-l", &format!("{}/log", self.folder), "restart"]));
    }
}

impl Cluster {
    /// Stops it at once and starts it again as a standby, which follows nobody.
    pub(crate) fn demote(&self) {
        self.restart(|| run(as_user().args(["touch", &format!("{}/data/standby.signal", self.folder)])));
    }

    /// Makes a primary of it again.
    pub(crate) fn promote(&self) {
        run(as_user().args([&format!("{}/pg_ctl", self.bin), "-D", &format!("{}/data", self.folder), "-w", "promote"]));
    }
}

/// A command that does not run as root, which PostgreSQL refuses.
fn as_user() -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|out| out.stdout.trim_ascii() == b"0");
    if root {
        let mut command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]);
        command
    } else {
        Command::new("env")
    }
}

fn run(command: &mut Command) {
    // Its output goes nowhere: a server that it starts would keep a pipe open.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().expect("PostgreSQL's programs run");
    assert!(status.success(), "{command:?}: {status}");
}
