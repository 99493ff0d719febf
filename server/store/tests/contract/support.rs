//! A store on a database of its own, with three organisations, and short ways to push into it.

use domain::{ByClass, DAY, DataClass, HOUR, IncidentStatus, Level, OrgId, Role, Severity, Timestamp, Tlp, Viewer, indicator::IndicatorType};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use std::str::FromStr;
use store::{EventItem, Idempotency, IncidentItem, IndicatorItem, Items, Mode, Org, Outcome, Push, Sample, Settings, Store, What};

/// A fixed "now" on the first hour of a day.
pub const NOW: Timestamp = Timestamp(20_000 * DAY + HOUR);

pub struct Fixture {
    pub store: Store,
    pub orgs: Vec<OrgId>,
    pub database: testing::Database,
    pub kind: testing::Kind,
}

impl Fixture {
    pub async fn new(kind: testing::Kind) -> Self {
        let database = tokio::task::spawn_blocking(move || testing::Database::migrated(kind, migrate)).await.expect("a database");
        let store = Store::open(&Settings { url: database.url.clone(), readers: 4 }).await.expect("the store opens");
        let mut orgs = Vec::new();
        for slug in ["alpha", "beta", "gamma"] {
            let org = Org {
                id: OrgId(0),
                slug: slug.into(),
                name: slug.to_uppercase(),
                sector: "test".into(),
                country: "XX".into(),
                assets: Some(10),
                interval: HOUR,
                weight: 1.0,
                last_data_at: None,
                confirmed: true,
            };
            orgs.push(store.hub().add_organisation(org, NOW).await.expect("an organisation"));
        }
        Self { store, orgs, database, kind }
    }

    pub fn viewer(&self, org: usize) -> Viewer {
        Viewer { org: self.orgs[org], role: Role::Analyst }
    }

    pub fn push(&self, org: usize, what: What) -> Push {
        Push {
            id: store::record_id(NOW),
            org: self.orgs[org],
            key_id: None,
            key_name: "test".into(),
            what,
            mode: Mode::Delta,
            as_of: None,
            received_at: NOW,
            total: 0,
            failures: vec![],
            bytes: 2,
            sha256: [0; 32],
            user_agent: "test".into(),
            idempotency: None,
            payload: vec![],
            dry_run: false,
            strict: false,
            quota: None,
            charged: false,
        }
    }

    /// Sends items and expects them to be kept.
    pub async fn send(&self, org: usize, items: Items) -> Outcome {
        self.send_at(org, items, NOW).await
    }

    /// The same at another moment.
    pub async fn send_at(&self, org: usize, items: Items, at: Timestamp) -> Outcome {
        let what = match &items {
            Items::Metrics(_) => What::Metrics,
            Items::Incidents(_) => What::Incidents,
            Items::Events(_) => What::Events,
            Items::Indicators(_) => What::Indicators,
            Items::Counts { .. } => What::IndicatorCounts,
        };
        let push = Push { id: store::record_id(at), total: count(&items), received_at: at, ..self.push(org, what) };
        let outcome = self.store.partner(self.orgs[org]).push(push, items).await.expect("the push is kept");
        assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
        outcome
    }
}

/// A connection beside the store, with more rights than the program's.
pub enum Beside {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Beside {
    pub async fn open(f: &Fixture) -> Self {
        Self::at(&f.database.url).await
    }

    /// Whatever database it is. SQLite makes the file where there is none.
    pub async fn at(url: &str) -> Self {
        if url.starts_with("postgres") {
            return Self::Postgres(PgConnection::connect(url).await.expect("a connection"));
        }
        let options = SqliteConnectOptions::from_str(url).expect("an address").create_if_missing(true);
        Self::Sqlite(options.connect().await.expect("a connection"))
    }

    pub async fn run(&mut self, sql: &'static str) {
        match self {
            Self::Sqlite(c) => sqlx::raw_sql(sql).execute(c).await.map(drop),
            Self::Postgres(c) => sqlx::raw_sql(sql).execute(c).await.map(drop),
        }
        .expect(sql);
    }

    pub async fn number(&mut self, sql: &'static str) -> i64 {
        match self {
            Self::Sqlite(c) => sqlx::query_scalar(sql).fetch_one(c).await,
            Self::Postgres(c) => sqlx::query_scalar(sql).fetch_one(c).await,
        }
        .expect(sql)
    }

    /// One column of text.
    pub async fn texts(&mut self, sql: String) -> Vec<String> {
        let safe = AssertSqlSafe(sql.clone());
        match self {
            Self::Sqlite(c) => sqlx::query_scalar(safe).fetch_all(c).await,
            Self::Postgres(c) => sqlx::query_scalar(safe).fetch_all(c).await,
        }
        .expect(&sql)
    }

    /// Whether the program itself could not execute this.
    pub async fn refuses(&mut self, sql: &'static str) -> bool {
        match self {
            Self::Sqlite(c) => sqlx::raw_sql(sql).execute(c).await.is_err(),
            Self::Postgres(c) => {
                sqlx::raw_sql("SET ROLE shieldwall_app; SET shieldwall.scope = 'hub'").execute(&mut *c).await.expect("the role");
                sqlx::raw_sql(sql).execute(c).await.is_err()
            }
        }
    }

    /// Keeps everybody else from writing to SQLite, or from a table of PostgreSQL, until COMMIT or ROLLBACK.
    pub async fn hold(&mut self, table: &str) {
        let sql = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE".to_owned(),
            Self::Postgres(_) => format!("BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"),
        };
        match self {
            Self::Sqlite(c) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(c).await.map(drop),
            Self::Postgres(c) => sqlx::raw_sql(AssertSqlSafe(sql)).execute(c).await.map(drop),
        }
        .expect("the lock");
    }
}

/// Opens a database, which brings it up to date. In a runtime of its own: the first test's ends before the others'.
fn migrate(url: String) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async { Store::open(&Settings { url, readers: 1 }).await.expect("the store opens").close().await });
}

pub fn count(items: &Items) -> u32 {
    match items {
        Items::Metrics(v) => v.len() as u32,
        Items::Incidents(v) => v.len() as u32,
        Items::Events(v) => v.len() as u32,
        Items::Indicators(v) => v.len() as u32,
        Items::Counts { counts, .. } => counts.len() as u32,
    }
}

pub fn key(key: &str, fingerprint: u8) -> Idempotency {
    Idempotency { route: "/metrics".into(), key: key.into(), fingerprint: [fingerprint; 32] }
}

/// These levels, and of all other classes none.
pub fn levels(some: &[(DataClass, Level)]) -> ByClass<Level> {
    let mut levels = ByClass::default();
    for (class, level) in some {
        levels[*class] = *level;
    }
    levels
}

pub fn sample(metric: &str, value: f64, at: Timestamp) -> Sample {
    Sample { metric: metric.into(), labels: String::new(), value, observed_at: at }
}

pub fn incident(external_id: &str, severity: Severity, status: IncidentStatus, tlp: Tlp, recipients: &[OrgId]) -> IncidentItem {
    IncidentItem {
        index: 0,
        external_id: external_id.into(),
        title: format!("Incident {external_id}"),
        severity,
        status,
        tlp,
        class: "fraud/phishing".into(),
        opened_at: NOW.plus(-DAY),
        closed_at: (!status.is_open()).then_some(NOW),
        updated_at: NOW,
        recipients: recipients.to_vec(),
        raw: format!("{{\"external_id\":\"{external_id}\",\"severity\":\"{severity}\",\"status\":\"{status}\",\"tlp\":\"{tlp}\"}}"),
        expected_revision: None,
    }
}

pub fn event(external_id: &str, tlp: Tlp, incident: Option<&str>, recipients: &[OrgId]) -> EventItem {
    EventItem {
        external_id: external_id.into(),
        kind: "alert".into(),
        title: format!("Event {external_id}"),
        severity: Severity::Medium,
        tlp,
        observed_at: NOW,
        incident: incident.map(str::to_owned),
        recipients: recipients.to_vec(),
        raw: "{}".into(),
    }
}

pub fn indicator(value: &str, tlp: Tlp, recipients: &[OrgId]) -> IndicatorItem {
    IndicatorItem {
        kind: IndicatorType::DomainName,
        value: value.into(),
        hashed: false,
        key_no: None,
        tlp,
        severity: None,
        confidence: Some(50),
        first_seen: NOW,
        last_seen: NOW,
        valid_until: None,
        recipients: recipients.to_vec(),
        raw: "{}".into(),
    }
}
