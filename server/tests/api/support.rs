//! A hub of its own for each test: three organisations, people and keys as they are asked for, a moving clock.

mod answer;
mod authenticator;
mod body;
mod idp;
mod log;
mod people;
mod raw;
mod rules;
mod stream;

pub use answer::{Answer, link, words};
pub use authenticator::Authenticator;
pub use body::*;
pub use idp::{Asked, Idp, Signed, goes_to, session_of};
pub use log::{listen as listen_to_log, logged};
pub use people::{PASSWORD, Person, SIGNING_IN, browser_of, cookie_of};
pub use raw::Raw;
pub use stream::{Event, Stream};

use crate::KIND;
use domain::{DAY, MINUTE, OrgId, Role, Timestamp};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use server::{
    App,
    auth::keys,
    clock::Clock,
    quotas::Quotas,
    serving::{self, Limits},
    state::Config,
};
use sqlx::{ConnectOptions, Connection, PgConnection, sqlite::SqliteConnectOptions};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};
use store::{KeyRecord, Org, Settings, Store};
use testing::{Database, Kind};
use tokio::net::{TcpListener, TcpSocket};

/// The organisations of every test.
pub const ORGS: [&str; 3] = ["alpha", "beta", "gamma"];
/// Each is expected to push this often; short, so that a person stays signed in while a partner grows stale.
pub const INTERVAL: i64 = 5 * MINUTE;
/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running hub.
pub struct TestApp {
    pub app: App,
    pub http: Client,
    pub base: String,
    pub address: SocketAddr,
    pub database: String,
    made: AtomicU32,
    pub folder: tempfile::TempDir,
    /// PostgreSQL's database, which is removed with the last node on it.
    kept: Option<Arc<Database>>,
}

/// How a hub differs from the usual one.
pub struct Setup {
    pub plain: bool,
    /// Where people reach it.
    pub public_url: &'static str,
    /// Its operator named that address.
    pub public_url_given: bool,
    /// Whether some roles need a second factor.
    pub second_factor: bool,
    pub limits: Limits,
    /// The networks of trusted proxies.
    pub proxies: &'static [&'static str],
    pub quotas: Quotas,
    /// Bytes that the system keeps for a reader who is slow; `None` for as many as it likes.
    pub buffer: Option<u32>,
    pub folder: tempfile::TempDir,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            plain: true,
            public_url: "http://localhost:3000",
            public_url_given: false,
            second_factor: false,
            limits: Limits::default(),
            proxies: &[],
            // A test asks as fast as it can, on a machine that has more to do.
            quotas: Quotas { page_seconds_per_minute: 100_000, changes_per_minute: 100_000, ..Quotas::default() },
            buffer: None,
            folder: tempfile::tempdir().expect("a folder for the database"),
        }
    }
}

/// The address of a file in the folder of the test, or a database that has the schema already.
async fn database(folder: &Path) -> (String, Option<Arc<Database>>) {
    match KIND {
        Kind::Sqlite => (format!("sqlite://{}/hub.db", folder.display()), None),
        Kind::Postgres => {
            let database = tokio::task::spawn_blocking(|| Database::migrated(KIND, migrate)).await.expect("a database");
            (database.url.clone(), Some(Arc::new(database)))
        }
    }
}

/// Opens a database, which brings it up to date. In a runtime of its own: the first test's ends before the others'.
fn migrate(url: String) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async { Store::open(&Settings { url, readers: 1 }).await.expect("the store opens").close().await });
}

fn listen(buffer: Option<u32>) -> TcpListener {
    let socket = TcpSocket::new_v4().expect("a socket");
    if let Some(bytes) = buffer {
        socket.set_send_buffer_size(bytes).expect("a buffer");
    }
    socket.bind(SocketAddr::from(([127, 0, 0, 1], 0))).expect("a port");
    socket.listen(1_024).expect("a listener")
}

/// An organisation as an operator adds it: its rules are confirmed, and it pushes every [`INTERVAL`].
pub fn an_organisation(slug: &str) -> Org {
    Org {
        id: OrgId(0),
        slug: slug.into(),
        name: format!("{} Works", slug.to_uppercase()),
        sector: "energy".into(),
        country: "NO".into(),
        assets: None,
        interval: INTERVAL,
        weight: 1.0,
        last_data_at: None,
        confirmed: true,
    }
}

impl TestApp {
    pub async fn start() -> Self {
        Self::start_as(true).await
    }

    /// A hub on plain HTTP, or one that believes to be behind HTTPS.
    pub async fn start_as(plain: bool) -> Self {
        Self::start_with(Setup { plain, ..Setup::default() }).await
    }

    pub async fn start_with(Setup { plain, public_url, public_url_given, second_factor, limits, proxies, quotas, buffer, folder }: Setup) -> Self {
        // reqwest asks for a provider even where no address is https.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (database, kept) = database(folder.path()).await;
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: public_url.to_owned(),
            public_url_given,
            alliance: "Test Alliance".into(),
            demo: false,
            insecure_cookies: plain,
            second_factor,
            retention: store::Retention::default(),
            trusted_proxies: proxies.iter().map(|network| network.parse().expect("a network")).collect::<Vec<_>>().into(),
            quotas,
        };
        let app = App::open(config, &database, Clock::default()).await.expect("the hub opens");
        assert!(app.seal.take(&app.store, &[7; 32]).await.expect("the database"), "a key that seals");
        for slug in ORGS {
            let org = Org { assets: Some(100), ..an_organisation(slug) };
            app.store.hub().add_organisation(org, app.clock.now()).await.expect("an organisation");
        }
        app.live.reload(&app.store, app.clock.now()).await.expect("the board");
        Self { kept, ..Self::serve(app, database, limits, buffer, folder).await }
    }

    /// Another node on the same database, by the same clock.
    pub async fn second(&self) -> Self {
        let app = App::open((*self.app.config).clone(), &self.database, self.app.clock.clone()).await.expect("the hub opens");
        assert!(app.seal.take(&app.store, &[7; 32]).await.expect("the database"), "the same key");
        let node = Self::serve(app, self.database.clone(), Limits::default(), None, tempfile::tempdir().expect("a folder")).await;
        Self { kept: self.kept.clone(), ..node }
    }

    async fn serve(app: App, database: String, limits: Limits, buffer: Option<u32>, folder: tempfile::TempDir) -> Self {
        let listener = listen(buffer);
        let address = listener.local_addr().expect("its address");
        let proxies = app.config.trusted_proxies.clone();
        let (router, (open, stopping)) = (server::routes::router(&app), tokio::sync::watch::channel(false));
        tokio::spawn(async move {
            serving::serve(router, listener, limits, proxies, stopping).await;
            // What stops the hub's parts does not stop the listener: tests look at the hub afterwards.
            drop(open);
        });
        tokio::spawn(server::live::follow(app.clone()));
        tokio::spawn(server::live::audience::watch_over(app.clone()));
        let http = Client::builder()
            .no_proxy()
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()
            .expect("a client");
        Self { app, http, base: format!("http://{address}"), address, database, made: AtomicU32::new(0), folder, kept: None }
    }

    pub fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// How often the audit trail says that something happened: once a row, or as often as its count says.
    pub async fn audited(&self, action: &str) -> u64 {
        server::audit::sum_up(&self.app, true).await;
        let rows = self.app.store.hub().audit_after(0).await.expect("the trail");
        let often = |detail: &str| serde_json::from_str::<Value>(detail).expect("JSON")["count"].as_u64().unwrap_or(1);
        rows.iter().filter(|row| row.action == action).map(|row| often(&row.detail)).sum()
    }

    /// A moment `micros` from now, as partners write it.
    pub fn at(&self, micros: i64) -> String {
        self.now().plus(micros).rfc3339_micros()
    }

    pub fn org(&self, slug: &str) -> OrgId {
        self.app.live.board().by_slug(slug).expect("an organisation of the test").info.id
    }

    /// Where an organisation's people stand in the stream who know everything by now.
    pub fn position(&self, slug: &str) -> String {
        let (live, org) = (&self.app.live, self.org(slug));
        live.positions(&self.app.seal).write(org, live.frames().position(org))
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A request without key or session.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, path)).await
    }

    pub(crate) fn number(&self) -> u32 {
        self.made.fetch_add(1, Ordering::Relaxed)
    }

    /// Makes a key and returns its text.
    pub async fn key(&self, org: &str, scopes: &str, expires_at: Option<Timestamp>) -> (String, String) {
        let key = keys::generate(&mut rand::rng());
        let name = format!("key-{}", self.number());
        let record = KeyRecord {
            id: 0,
            org: self.org(org),
            name: name.clone(),
            hint: keys::hint(&key),
            scopes: scopes.into(),
            created_at: self.now(),
            expires_at,
            revoked_at: None,
            last_used_at: None,
            addresses: String::new(),
        };
        self.app.store.hub().add_key(record, keys::hash(&key)).await.expect("a key");
        (key, name)
    }

    /// An organisation's machine that may push everything but old data.
    pub async fn partner(&self, org: &str) -> Partner<'_> {
        self.partner_with(org, "metrics incidents events indicators").await
    }

    pub async fn partner_with(&self, org: &str, scopes: &str) -> Partner<'_> {
        let (key, name) = self.key(org, scopes, Some(self.now().plus(DAY))).await;
        Partner { app: self, key, name }
    }

    /// Somebody of `alpha`, signed in.
    pub async fn person(&self, role: Role) -> Person<'_> {
        self.person_of("alpha", role).await
    }

    /// Waits until every committed push is on the board, so that pages show it.
    pub async fn settle(&self) {
        let newest = self.app.store.hub().outbox_bounds().await.expect("the outbox").0;
        eventually("the board follows the outbox", async || (self.app.live.frames().seq() >= newest).then_some(())).await;
    }

    /// How many rows each table has. Sessions come and go with requests and are left out, as are the rows that refusals leave in the audit trail.
    pub async fn rows(&self) -> BTreeMap<String, i64> {
        let counts: Vec<_> = self.tables().await.iter().map(|table| format!("SELECT '{table} ' || count(*) FROM \"{table}\"")).collect();
        let said = self.texts(counts.join(" UNION ALL ")).await;
        let mut rows: BTreeMap<String, i64> =
            said.iter().filter_map(|text| text.split_once(' ')).map(|(table, n)| (table.to_owned(), n.parse().expect("a count"))).collect();
        rows.remove("sessions");
        rows.remove("audit");
        assert!(rows.contains_key("receipts") && rows.contains_key("outbox") && rows.contains_key("payloads"), "{rows:?}");
        rows
    }

    /// Everything that the database holds: SQLite's files, the rows of PostgreSQL's tables.
    pub async fn contents(&self) -> Vec<Vec<u8>> {
        match KIND {
            Kind::Sqlite => {
                let files = std::fs::read_dir(self.folder.path()).expect("the folder");
                files.map(|file| std::fs::read(file.expect("a file").path()).expect("its bytes")).collect()
            }
            Kind::Postgres => {
                let rows: Vec<_> = self.tables().await.iter().map(|table| format!("SELECT t::text FROM \"{table}\" t")).collect();
                self.texts(rows.join(" UNION ALL ")).await.into_iter().map(String::into_bytes).collect()
            }
        }
    }

    /// The names of all tables, without the parts of those that are in parts.
    async fn tables(&self) -> Vec<String> {
        let tables = match KIND {
            Kind::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
            Kind::Postgres => "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace",
        };
        self.texts(tables.to_owned()).await
    }

    /// What the database says, in texts, behind the hub's back.
    async fn texts(&self, sql: String) -> Vec<String> {
        let query = sqlx::AssertSqlSafe(sql);
        let said = match KIND {
            Kind::Sqlite => {
                let options = SqliteConnectOptions::from_str(&self.database).expect("an address").read_only(true);
                let mut conn = options.connect().await.expect("a second connection");
                sqlx::query_scalar(query).fetch_all(&mut conn).await
            }
            Kind::Postgres => {
                let mut conn = PgConnection::connect(&self.database).await.expect("a second connection");
                sqlx::query_scalar(query).fetch_all(&mut conn).await
            }
        };
        said.expect("the database answers")
    }

    /// The tables that gained or lost rows since `before`, with by how many; the hub's own notes (`meta`) come and go by themselves.
    pub async fn gained(&self, before: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
        let after = self.rows().await;
        after
            .into_iter()
            .map(|(table, n)| (table.clone(), n - before.get(&table).copied().unwrap_or(0)))
            .filter(|(table, n)| *n != 0 && table != "meta")
            .collect()
    }
}

/// Asks again and again until there is an answer; fails where none comes.
pub async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = tokio::time::Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(tokio::time::Instant::now() < end, "in vain: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// An organisation's machine with an API key.
pub struct Partner<'a> {
    app: &'a TestApp,
    pub key: String,
    /// The key's name.
    pub name: String,
}

impl<'a> Partner<'a> {
    /// A machine that has a key already.
    pub fn with(app: &'a TestApp, key: String, name: String) -> Self {
        Self { app, key, name }
    }

    pub fn request(&self, method: Method, route: &str) -> RequestBuilder {
        self.app.request(method, &format!("/api/v1/{route}")).bearer_auth(&self.key)
    }

    pub async fn get(&self, route: &str) -> Answer {
        Answer::of(self.request(Method::GET, route)).await
    }

    /// Sends JSON, whatever comes of it.
    pub async fn post(&self, route: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, route).json(body)).await
    }

    /// Sends JSON that must be kept whole, and waits until pages show it.
    pub async fn push(&self, route: &str, body: &Value) -> Value {
        let answer = self.post(route, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let receipt = answer.json();
        assert_eq!(receipt["failure_count"], 0, "{receipt}");
        self.app.settle().await;
        receipt
    }

    /// Creates or replaces one incident.
    pub async fn put(&self, external_id: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let request = self.request(Method::PUT, &format!("incidents/{external_id}")).json(body);
        Answer::of(headers.iter().fold(request, |r, (name, value)| r.header(*name, *value))).await
    }
}
