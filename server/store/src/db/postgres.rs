//! Opening PostgreSQL: a pool of readers and several writing connections, all of them as a role that row level security binds.

use super::{Conn, Db, Opened, Reconnect, Scope, Settings};
use crate::{StoreError, listener::CHANNEL};
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{str::FromStr, time::Duration};

/// Writing connections. A commit waits for the disk: so that not all organisations wait for the same one.
const LANES: usize = 4;
/// For opening a connection, and for getting one of the pool.
const PATIENCE: Duration = Duration::from_secs(5);
/// An idle connection that answers later is taken for lost.
const ANSWER: Duration = Duration::from_secs(2);

/// Makes a connection the program's, with PostgreSQL's own limits: a statement ends when its hub has stopped waiting for it, whoever needs what
/// another transaction holds gives up as early as on SQLite, and a hub that was cut off in a transaction holds nobody up. By statements and not by
/// options of the connection, which a pooler may leave out unnoticed. An unneeded ROLLBACK is no news.
/// No machine code is made of statements: for a page's conditions that takes seconds, the page itself a part of one; and to write, what has no index would look dear enough for it.
/// A write finds its rows by their keys, whatever the values: planning it once a connection is enough. It may be planned while its tables are empty, when going through all of one
/// looks cheaper than its index.
const READER: &str = "SET ROLE shieldwall_app; SET client_min_messages = error; \
    SET jit = off; SET statement_timeout = '9s'; SET idle_in_transaction_session_timeout = '30s'";
const WRITER: &str = "SET ROLE shieldwall_app; SET client_min_messages = error; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off; \
    SET lock_timeout = '10s'; SET statement_timeout = '28s'; SET idle_in_transaction_session_timeout = '30s'";

/// Rows that are not many: see [`Lane::wrote`].
const FEW: usize = 1_000;

/// A writing connection with what its transaction will say in the outbox.
pub(crate) struct Lane {
    pub conn: PgConnection,
    /// Written just before the commit: the lock that keeps the outbox in commit order is held no longer than that.
    pub outbox: Vec<OutboxRow>,
    /// The statement that set the scope it is in; empty where that is not known.
    pub scope: String,
    /// Rows that were written since it was opened, and with how many its statements are planned again.
    written: usize,
    planned_until: usize,
}

/// One row of the outbox. There is no text in it from outside.
#[derive(Clone, Debug)]
pub(crate) struct OutboxRow {
    pub at: i64,
    pub org: i64,
    /// The number of the receipt.
    pub no: i64,
    pub what: &'static str,
    pub everyone: bool,
    pub recipients: Vec<i64>,
    pub since: i64,
    pub newest: i64,
}

impl Lane {
    pub(super) async fn connect(options: &PgConnectOptions) -> Result<Self, StoreError> {
        let connected = async {
            let mut conn = options.connect().await?;
            refuse_standby(&mut conn).await?;
            sqlx::raw_sql(WRITER).execute(&mut conn).await?;
            Ok::<_, sqlx::Error>(conn)
        };
        let conn = tokio::time::timeout(PATIENCE, connected).await.map_err(|_| sqlx::Error::PoolTimedOut)??;
        Ok(Self { conn, outbox: vec![], scope: String::new(), written: 0, planned_until: FEW })
    }

    /// Counts rows that were written. A statement is planned when it is first used, and where a table is all but empty one index is as good as another to
    /// PostgreSQL: the plan may go through all that an organisation has, for each row. So as rows become many more, all statements are planned anew.
    pub(crate) async fn wrote(&mut self, rows: usize) -> Result<(), sqlx::Error> {
        self.written += rows;
        if self.written >= self.planned_until {
            self.planned_until = 4 * self.written;
            sqlx::raw_sql("DISCARD PLANS").execute(&mut self.conn).await?;
        }
        Ok(())
    }

    /// Executes `pending`, which may be nothing, writes the collected rows of the outbox, and commits, all in one round trip. The lock goes with the transaction, after its rows can be
    /// seen, so that nobody sees a number of the outbox before all smaller ones.
    pub(crate) async fn commit(&mut self, pending: &str) -> Result<(), sqlx::Error> {
        const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('shieldwall outbox', 0))";
        const WRITE: &str = "INSERT INTO outbox (at, org_id, no, what, everyone, recipients, since, newest) VALUES";
        self.scope.clear();
        let pending = if pending.is_empty() { String::new() } else { format!("{pending}; ") };
        let rows: Vec<String> = std::mem::take(&mut self.outbox).iter().map(OutboxRow::sql).collect();
        let said = if rows.is_empty() { String::new() } else { format!("{}; {LOCK}; {WRITE} {}; NOTIFY {CHANNEL}; ", Scope::Hub.sql(), rows.join(", ")) };
        sqlx::raw_sql(AssertSqlSafe(format!("{pending}{said}COMMIT"))).execute(&mut self.conn).await.map(drop)
    }
}

impl OutboxRow {
    /// As the database keeps them.
    pub(crate) fn recipients(&self) -> String {
        // A list of numbers prints as JSON.
        format!("{:?}", self.recipients)
    }

    fn sql(&self) -> String {
        let Self { at, org, no, what, everyone, since, newest, .. } = self;
        format!("({at}, {org}, {no}, '{what}', {everyone}, '{}', {since}, {newest})", self.recipients())
    }
}

/// What leads to the primary can lead for a moment still to the one of before. By then that is a standby: writes fail on it, and reads tell of the past,
/// for as long as the connection lasts. So none is kept; the next attempt may come to the right one.
async fn refuse_standby(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let standby: bool = sqlx::query_scalar("SELECT pg_is_in_recovery()").fetch_one(conn).await?;
    if standby { Err(sqlx::Error::Protocol("the server is a standby".to_owned())) } else { Ok(()) }
}

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    Ok(PgConnectOptions::from_str(url)?.application_name("shieldwall").statement_cache_capacity(256))
}

/// A connection as the user of the URL, with the schema as it is. Its statements may take long.
pub(crate) async fn connection(url: &str) -> Result<PgConnection, StoreError> {
    Ok(tokio::time::timeout(PATIENCE, options(url)?.disable_statement_logging().connect()).await.map_err(|_| sqlx::Error::PoolTimedOut)??)
}

/// A connection as the user of the URL, who owns the schema, after that was brought up to date.
pub(crate) async fn owner(url: &str) -> Result<PgConnection, StoreError> {
    let mut owner = connection(url).await?;
    migrate(&mut owner).await?;
    Ok(owner)
}

pub(super) async fn open(settings: &Settings) -> Result<Opened, StoreError> {
    sqlx::Connection::close(owner(&settings.url).await?).await?;
    let options = options(&settings.url)?;
    let pool = PgPoolOptions::new()
        .max_connections(settings.readers)
        .acquire_timeout(PATIENCE)
        .after_connect(|conn, _| {
            Box::pin(async move {
                refuse_standby(conn).await?;
                sqlx::raw_sql(READER).execute(conn).await.map(drop)
            })
        })
        // sqlx asks as well, but waits for the answer as long as the reader does: where the network fell silent, each reader would find one of all
        // these connections dead, and no other.
        .test_before_acquire(false)
        .before_acquire(|conn, _| {
            Box::pin(async move {
                let answer = tokio::time::timeout(ANSWER, sqlx::Connection::ping(conn)).await;
                answer.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
            })
        })
        // Ends the transaction of a read, and what a cancelled one left behind.
        .after_release(|conn, _| {
            Box::pin(async move {
                let rolled_back = tokio::time::timeout(2 * PATIENCE, sqlx::raw_sql("ROLLBACK").execute(conn)).await;
                rolled_back.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|_| true)
            })
        })
        .connect_with(options.clone())
        .await?;
    let mut conns = Vec::with_capacity(LANES);
    for _ in 0..LANES {
        conns.push(Conn::Postgres(Box::new(Lane::connect(&options).await?)));
    }
    Ok(Opened { files: Db::Postgres(pool.clone()), db: Db::Postgres(pool), conns, reconnect: Reconnect::Postgres(Box::new(options)) })
}

/// Brings the schema up to date: wholly, in one transaction, or not at all. The lock is this transaction's own, because sqlx's is given back
/// before the commit.
async fn migrate(owner: &mut PgConnection) -> Result<(), StoreError> {
    const TURN: &str = "SELECT pg_advisory_xact_lock(hashtextextended('shieldwall schema', 0))";
    let mut whole = sqlx::Connection::begin(owner).await?;
    sqlx::query(TURN).execute(&mut *whole).await?;
    let mut migrator = sqlx::migrate!("migrations/postgres");
    migrator.set_locking(false).run(&mut *whole).await?;
    Ok(whole.commit().await?)
}
