//! A hub on a PostgreSQL database of its own, within the test program: an organisation, a key, somebody who is signed in.

use domain::{DAY, MINUTE, OrgId, Role, Timestamp};
use futures::StreamExt;
use reqwest::{Client, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use server::{
    App,
    auth::{keys, password},
    clock::Clock,
    live, routes,
    serving::{self, Limits, Proxies},
    state::Config,
};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};
use store::{KeyRecord, Org};
use testing::{Database, Kind};
use tokio::{net::TcpListener, sync::watch};

const PASSWORD: &str = "fjord-umbrella-11-kettle";
const EMAIL: &str = "mira@alpha.example";

/// What the hub answered.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub retry_after: Option<String>,
    pub text: String,
    pub after: Duration,
}

pub struct Hub {
    pub app: App,
    pub database: Database,
    base: String,
    http: Client,
    key: String,
    cookie: String,
    pushed: AtomicI64,
    _stop: watch::Sender<bool>,
}

impl Hub {
    /// Starts a hub; it knows its database under the address that `way` makes of the database's own.
    pub async fn start(way: impl AsyncFnOnce(&str) -> String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let database = tokio::task::spawn_blocking(|| Database::empty(Kind::Postgres)).await.expect("a database");
        let config = Config {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            public_url: String::new(),
            public_url_given: false,
            alliance: "Test Alliance".into(),
            demo: false,
            insecure_cookies: true,
            second_factor: false,
            retention: store::Retention::default(),
            trusted_proxies: Proxies::default(),
            quotas: server::quotas::Quotas::default(),
        };
        let app = App::open(config, &way(&database.url).await, Clock::default()).await.expect("the hub opens");
        let (hub, now) = (app.store.hub(), app.clock.now());
        let org = Org {
            id: OrgId(0),
            slug: "alpha".into(),
            name: "Alpha".into(),
            sector: "energy".into(),
            country: "NO".into(),
            assets: None,
            interval: 5 * MINUTE,
            weight: 1.0,
            last_data_at: None,
            confirmed: true,
        };
        let org = hub.add_organisation(org, now).await.expect("an organisation");
        let hash = password::hash(PASSWORD).await.expect("a hash");
        hub.add_user(org, EMAIL.into(), "Mira".into(), Role::Analyst, Some(hash), now).await.expect("a user");
        let key = keys::generate(&mut rand::rng());
        let record = KeyRecord {
            id: 0,
            org,
            name: "key".into(),
            hint: keys::hint(&key),
            scopes: "metrics incidents".into(),
            created_at: now,
            expires_at: Some(now.plus(DAY)),
            revoked_at: None,
            last_used_at: None,
            addresses: String::new(),
        };
        hub.add_key(record, keys::hash(&key)).await.expect("a key");
        app.live.reload(&app.store, now).await.expect("the board");
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("its address"));
        let (stop, stopping) = watch::channel(false);
        // The crowd that asks here comes from one address and, mostly, with one key; what these may have is not what is tried.
        let limits = Limits { per_address: 1_000, per_member: 1_000, ..Limits::default() };
        tokio::spawn(serving::serve(routes::router(&app), listener, limits, Proxies::default(), stopping));
        tokio::spawn(live::follow(app.clone()));
        tokio::spawn(live::audience::watch_over(app.clone()));
        let http = Client::builder().no_proxy().tls_certs_only([]).redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(90)).build();
        let mut this = Self { app, database, base, http: http.expect("a client"), key, cookie: String::new(), pushed: AtomicI64::new(0), _stop: stop };
        this.cookie = this.sign_in().await.expect("signed in");
        this
    }

    fn request(&self, method: reqwest::Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    /// Signs in and returns the cookie, where the hub can.
    pub async fn sign_in(&self) -> Option<String> {
        let form = serde_urlencoded::to_string([("email", EMAIL), ("password", PASSWORD)]).expect("a form");
        let request = self.request(reqwest::Method::POST, "/auth/signin").header("sec-fetch-site", "same-origin");
        let answer = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form).send().await.expect("an answer");
        let cookie = answer.headers().get(header::SET_COOKIE)?.to_str().ok()?;
        Some(cookie.split(';').next()?.to_owned())
    }

    /// An address, asked for by the person who is signed in.
    pub async fn get(&self, path: &str) -> Answer {
        answer(self.request(reqwest::Method::GET, path).header(header::COOKIE, &self.cookie)).await
    }

    /// Pushes what was never pushed before.
    pub async fn push(&self, route: &str) -> Answer {
        answer(self.request(reqwest::Method::POST, &format!("/api/v1/{route}")).bearer_auth(&self.key).json(&self.body(route))).await
    }

    fn body(&self, route: &str) -> Value {
        let n = self.pushed.fetch_add(1, Ordering::Relaxed);
        let item = match route {
            "metrics" => json!({ "metric": "mfa_coverage_pct", "value": 90, "observed_at": self.now().plus(-MINUTE - n).rfc3339_micros() }),
            _ => json!({ "external_id": format!("i{n}"), "title": "An incident", "severity": "low", "tlp": "GREEN" }),
        };
        json!({ "items": [item] })
    }

    fn now(&self) -> Timestamp {
        self.app.clock.now()
    }

    /// Opens the live stream and goes on reading it; what came is in the returned text, until the stream ends, which adds "END".
    pub async fn stream(&self) -> Arc<Mutex<String>> {
        let response = self.request(reqwest::Method::GET, "/live").header(header::COOKIE, &self.cookie).timeout(Duration::from_secs(600)).send().await;
        let response = response.expect("the stream opens");
        assert_eq!(response.status(), 200);
        let seen = Arc::new(Mutex::new(String::new()));
        let (came, mut chunks) = (Arc::clone(&seen), response.bytes_stream());
        tokio::spawn(async move {
            while let Some(Ok(chunk)) = chunks.next().await {
                came.lock().expect("no panic").push_str(&String::from_utf8_lossy(&chunk));
            }
            came.lock().expect("no panic").push_str("END");
        });
        eventually("hello", Duration::from_secs(10), async || seen.lock().expect("no panic").contains("event: hello")).await;
        seen
    }

    /// A connection to the database, past the hub.
    pub async fn beside(&self) -> PgConnection {
        PgConnection::connect(&self.database.url).await.expect("the database answers")
    }

    pub async fn receipts(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM receipts").fetch_one(&mut self.beside().await).await.expect("a count")
    }

    /// Keeps everybody else from a table.
    pub async fn hold(&self, table: &str) -> PgConnection {
        let mut conn = self.beside().await;
        let lock = format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut conn).await.expect("the lock");
        conn
    }
}

async fn answer(request: RequestBuilder) -> Answer {
    let began = Instant::now();
    let response = request.send().await.expect("the hub answers");
    let retry_after = response.headers().get(header::RETRY_AFTER).and_then(|v| v.to_str().ok()).map(str::to_owned);
    Answer { status: response.status(), retry_after, text: response.text().await.expect("a body"), after: began.elapsed() }
}

/// Asks again and again; fails where the answer is not yes in time. Returns how long it took.
pub async fn eventually(what: &str, patience: Duration, mut ask: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !ask().await {
        assert!(began.elapsed() < patience, "in vain for {patience:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}
