//! The real program on a database of its own, started, stopped and killed by the test.

use domain::{DAY, MINUTE, OrgId};
use server::{auth::keys, clock::Clock};
use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};
use store::{KeyRecord, Org, Settings, Store};
use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_shieldwall");
/// How long a start or a stop may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Organisations; keys are dealt out among them.
const ORGS: usize = 8;

/// An organisation's machine.
#[derive(Clone, Debug)]
pub struct Partner {
    pub org: OrgId,
    pub key: String,
}

/// The program and what it needs to be started again.
pub struct Hub {
    child: Option<tokio::process::Child>,
    pub address: SocketAddr,
    pub database: String,
    pub partners: Vec<Partner>,
    /// Where the keys are that belong to the database, which go where it goes.
    keys: PathBuf,
    pub folder: TempDir,
}

impl Hub {
    /// A SQLite database with organisations and so many keys; nothing runs yet.
    pub async fn prepare(keys: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the database");
        let database = format!("sqlite://{}/hub.db", folder.path().display());
        Self::at(database, folder).filled(keys).await
    }

    /// The same in an empty PostgreSQL database.
    pub async fn prepare_at(database: String, keys: usize) -> Self {
        Self::at(database, tempfile::tempdir().expect("a folder for the log")).filled(keys).await
    }

    /// A hub on a database that is there or not, with a folder for its log.
    pub fn at(database: String, folder: TempDir) -> Self {
        // reqwest asks for a provider even where no address is https.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let keys = folder.path().to_owned();
        Self { child: None, address: SocketAddr::from((Ipv4Addr::LOCALHOST, testing::free_port())), database, partners: vec![], keys, folder }
    }

    async fn filled(mut self, keys: usize) -> Self {
        let store = Store::open(&Settings { url: self.database.clone(), readers: 1 }).await.expect("the database opens");
        self.partners = partners(&store, keys).await;
        store.close().await;
        self
    }

    /// Another node on the same database, at an address of its own.
    pub fn another(&self) -> Self {
        let folder = tempfile::tempdir().expect("a folder for the log");
        Self { partners: self.partners.clone(), keys: self.keys.clone(), ..Self::at(self.database.clone(), folder) }
    }

    /// The folder with `signing-key` and `sealing-key`.
    pub fn keys(&self) -> &Path {
        &self.keys
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Starts the program and waits until it serves.
    pub async fn start(&mut self) {
        self.spawn();
        self.serves().await;
    }

    /// Waits until it serves.
    pub async fn serves(&self) {
        self.ready(PATIENCE).await;
    }

    /// Starts it where it does not run.
    pub async fn start_again(&mut self) {
        if self.child.is_none() {
            self.start().await;
        }
    }

    /// Starts the program.
    pub fn spawn(&mut self) {
        self.spawn_by(tokio::process::Command::new(PROGRAM));
    }

    /// Starts it by a command that ends with the program's name, and becomes it.
    pub fn spawn_by(&mut self, mut command: tokio::process::Command) {
        let log = File::options().create(true).append(true).open(self.folder.path().join("hub.log")).expect("a log");
        let child = command
            .arg("serve")
            .arg("--optional-second-factor")
            // The load is more than partners may push.
            .args(["--quota-pushes-per-minute", "1000000"])
            .env("SHIELDWALL_LISTEN", self.address.to_string())
            .env("DATABASE_URL", &self.database)
            .env("SHIELDWALL_SIGNING_KEY_FILE", self.keys.join("signing-key"))
            .env("SHIELDWALL_SEALING_KEY_FILE", self.keys.join("sealing-key"))
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .kill_on_drop(true)
            .spawn();
        self.child = Some(child.expect("the program starts"));
    }

    /// Waits until it serves, at most so long.
    pub async fn ready(&self, patience: Duration) {
        let http = client();
        let end = Instant::now() + patience;
        while !http.get(self.url("/readyz")).send().await.is_ok_and(|r| r.status().is_success()) {
            assert!(Instant::now() < end, "the hub does not become ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    fn running(&mut self) -> &mut tokio::process::Child {
        self.child.as_mut().expect("the hub runs")
    }

    /// Its process number.
    pub fn id(&mut self) -> u32 {
        self.running().id().expect("it runs")
    }

    /// SIGKILL: nothing is finished, nothing is flushed.
    pub async fn kill(&mut self) {
        self.running().kill().await.expect("killed");
        self.child = None;
    }

    /// SIGTERM; returns how long the program took to end, which it must do well.
    pub async fn terminate(&mut self) -> Duration {
        let began = Instant::now();
        let id = self.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
        let ended = tokio::time::timeout(PATIENCE, self.running().wait()).await.expect("it ends in time").expect("it ends");
        assert!(ended.success(), "{ended}: {}", self.log());
        self.child = None;
        began.elapsed()
    }

    /// What the program logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("hub.log")).unwrap_or_default()
    }
}

/// A client that shares no connection with others.
pub fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([]).timeout(Duration::from_secs(30)).build().expect("a client")
}

async fn partners(store: &Store, keys: usize) -> Vec<Partner> {
    let now = Clock::default().now();
    let mut orgs = Vec::new();
    for n in 0..ORGS {
        let org = Org {
            id: OrgId(0),
            slug: format!("org-{n}"),
            name: format!("Organisation {n}"),
            sector: "energy".into(),
            country: "NO".into(),
            assets: Some(100),
            interval: 5 * MINUTE,
            weight: 1.0,
            last_data_at: None,
            confirmed: true,
        };
        orgs.push(store.hub().add_organisation(org, now).await.expect("an organisation"));
    }
    let mut partners = Vec::new();
    for (n, org) in (0..keys).zip(orgs.into_iter().cycle()) {
        let key = keys::generate(&mut rand::rng());
        let record = KeyRecord {
            id: 0,
            org,
            name: format!("key-{n}"),
            hint: keys::hint(&key),
            scopes: "metrics incidents indicators".into(),
            created_at: now,
            expires_at: Some(now.plus(DAY)),
            revoked_at: None,
            last_used_at: None,
            addresses: String::new(),
        };
        store.hub().add_key(record, keys::hash(&key)).await.expect("a key");
        partners.push(Partner { org, key });
    }
    partners
}
