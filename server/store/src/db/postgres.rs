//! Opening PostgreSQL: a pool of readers and several writing connections, all of them as a role that row level security binds.

use super::{Conn, Db, Opened, Reconnect, Scope, Settings};
use crate::{StoreError, listener::CHANNEL};
use domain::Timestamp;
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{collections::BTreeMap, str::FromStr, time::Duration};

/// Writing connections. A commit waits for the disk, and so do not all organisations for one.
const LANES: usize = 4;
/// For opening a connection, and for getting one of the pool.
const PATIENCE: Duration = Duration::from_secs(5);

/// A writing connection with what its transaction will say in the outbox.
pub(crate) struct Lane {
    pub conn: PgConnection,
    /// Written just before the commit: the lock that keeps the outbox in commit order is held no longer than that.
    pub outbox: Vec<OutboxRow>,
}

/// One row of the outbox. There is no text in it from outside.
#[derive(Clone, Debug)]
pub(crate) struct OutboxRow {
    pub at: i64,
    pub org: i64,
    pub what: &'static str,
    pub everyone: bool,
    pub recipients: Vec<i64>,
    pub since: i64,
}

impl Lane {
    pub(super) async fn connect(options: &PgConnectOptions) -> Result<Self, StoreError> {
        let conn = tokio::time::timeout(PATIENCE, options.connect()).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
        Ok(Self { conn, outbox: vec![] })
    }

    /// Executes `pending`, writes the collected rows of the outbox, and commits, all in one round trip. The lock goes with the transaction, after its rows can be
    /// seen, so that nobody sees a number of the outbox before all smaller ones.
    pub(crate) async fn commit(&mut self, pending: &str) -> Result<(), sqlx::Error> {
        const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('shieldwall outbox', 0))";
        const WRITE: &str = "INSERT INTO outbox (at, org_id, what, everyone, recipients, since) VALUES";
        let rows: Vec<String> = std::mem::take(&mut self.outbox).iter().map(OutboxRow::sql).collect();
        let said = if rows.is_empty() { String::new() } else { format!("{}; {LOCK}; {WRITE} {}; NOTIFY {CHANNEL}; ", Scope::Hub.sql(), rows.join(", ")) };
        sqlx::raw_sql(AssertSqlSafe(format!("{pending}; {said}COMMIT"))).execute(&mut self.conn).await.map(drop)
    }
}

impl OutboxRow {
    fn sql(&self) -> String {
        let Self { at, org, what, everyone, recipients, since } = self;
        // A list of numbers prints as JSON.
        format!("({at}, {org}, '{what}', {everyone}, '{recipients:?}', {since})")
    }
}

pub(super) async fn open(settings: &Settings) -> Result<Opened, StoreError> {
    let options = PgConnectOptions::from_str(&settings.url)?.application_name("shieldwall").statement_cache_capacity(256);
    let mut owner = tokio::time::timeout(PATIENCE, options.connect()).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
    sqlx::migrate!("migrations/postgres").run(&mut owner).await?;
    sqlx::Connection::close(owner).await?;
    // The role comes with the connection, so that none works without it. An unneeded ROLLBACK is no news.
    let options = options.options([("role", "shieldwall_app"), ("client_min_messages", "error")]);
    let pool = PgPoolOptions::new()
        .max_connections(settings.readers)
        .acquire_timeout(PATIENCE)
        // Ends the transaction of a read, and what a cancelled one left behind.
        .after_release(|conn, _| Box::pin(async move { sqlx::raw_sql("ROLLBACK").execute(conn).await.map(|_| true) }))
        .connect_with(options.clone())
        .await?;
    let mut conns = Vec::with_capacity(LANES);
    for _ in 0..LANES {
        conns.push(Conn::Postgres(Box::new(Lane::connect(&options).await?)));
    }
    Ok(Opened { db: Db::Postgres(pool), conns, reconnect: Reconnect::Postgres(Box::new(options)) })
}

/// The months of samples, each with an hour of it: what `samples` has partitions for.
pub(crate) fn samples_months(moments: impl Iterator<Item = Timestamp>) -> BTreeMap<(i32, u8), i64> {
    let mut months = BTreeMap::new();
    let mut last = None;
    for moment in moments {
        // Moments come in runs, and the day decides the month.
        if last.replace(moment.day()) != Some(moment.day()) {
            let civil = moment.civil();
            months.entry((civil.year, civil.month)).or_insert_with(|| moment.hour());
        }
    }
    months
}
