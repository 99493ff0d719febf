//! Where a hub under measurement keeps its data: a SQLite file, or a PostgreSQL that this program started.

use crate::{
    cluster::{self, Cluster},
    machine,
};
use anyhow::Context;
use clap::ValueEnum;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// Which databases to measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Choice {
    Sqlite,
    Postgres,
    /// One after the other.
    Both,
}

/// A database system, ready for databases to be made on it.
pub enum System {
    Sqlite { folder: PathBuf },
    Postgres { cluster: Box<Cluster>, folder: PathBuf },
}

/// One database.
pub struct Database {
    pub url: String,
    /// For the hubs' logs.
    pub folder: PathBuf,
    name: String,
}

/// The systems to measure, one by one; says so where PostgreSQL is left out because it is not installed.
pub fn named(choice: Option<Choice>) -> anyhow::Result<Vec<Choice>> {
    let installed = cluster::programs().is_some();
    match choice {
        Some(Choice::Sqlite) => Ok(vec![Choice::Sqlite]),
        Some(asked @ (Choice::Postgres | Choice::Both)) => {
            anyhow::ensure!(installed, "PostgreSQL's programs are not found: install Debian's package postgresql (15 or newer)");
            Ok(if asked == Choice::Both { vec![Choice::Sqlite, Choice::Postgres] } else { vec![Choice::Postgres] })
        }
        None if installed => Ok(vec![Choice::Sqlite, Choice::Postgres]),
        None => {
            eprintln!("· SQLite only: PostgreSQL's programs (initdb, postgres) are not found");
            Ok(vec![Choice::Sqlite])
        }
    }
}

impl System {
    pub fn sqlite(folder: &Path) -> Self {
        Self::Sqlite { folder: folder.to_owned() }
    }

    /// Starts a cluster of its own.
    pub async fn postgres(folder: &Path) -> anyhow::Result<Self> {
        let bin = cluster::programs().context("PostgreSQL's programs are not found")?;
        Ok(Self::Postgres { cluster: Box::new(Cluster::start(&bin, &folder.join("postgres")).await?), folder: folder.to_owned() })
    }

    /// The name for people.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
        }
    }

    /// Makes an empty database of a name that must be new.
    pub async fn create(&self, name: String) -> anyhow::Result<Database> {
        let (Self::Sqlite { folder } | Self::Postgres { folder, .. }) = self;
        let folder = folder.join(&name);
        std::fs::create_dir(&folder)?;
        let url = match self {
            Self::Sqlite { .. } => format!("sqlite://{}", folder.join("hub.db").display()),
            Self::Postgres { cluster, .. } => {
                execute(&cluster.url("postgres"), &format!("CREATE DATABASE {name} TEMPLATE template0")).await?;
                cluster.url(&name)
            }
        };
        Ok(Database { url, folder, name })
    }

    /// Does now what the database would do later: SQLite's log goes into its file, PostgreSQL learns what is in its tables and writes them out.
    pub async fn tidy(&self, database: &Database) -> anyhow::Result<()> {
        match self {
            Self::Sqlite { .. } => {
                let conn = rusqlite::Connection::open(database.folder.join("hub.db"))?;
                conn.busy_timeout(Duration::from_secs(10))?;
                let busy: bool = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
                anyhow::ensure!(!busy, "the database's log cannot be emptied");
                Ok(())
            }
            Self::Postgres { .. } => {
                execute(&database.url, "VACUUM (ANALYZE)").await?;
                execute(&database.url, "CHECKPOINT").await
            }
        }
    }

    /// The bytes of each of its tables on disk, indexes included, largest first.
    pub async fn sizes(&self, database: &Database) -> anyhow::Result<Vec<(String, i64)>> {
        const PAGES: &str = "SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name = s.name GROUP BY m.tbl_name ORDER BY 2 DESC";
        // A partition counts as its table.
        const TABLES: &str = "SELECT t.relname::text, sum(pg_total_relation_size(c.oid))::bigint FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid \
            JOIN pg_class t ON t.oid = coalesce(i.inhparent, c.oid) WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 2 DESC";
        match self {
            Self::Sqlite { .. } => {
                let conn = rusqlite::Connection::open(database.folder.join("hub.db"))?;
                let mut statement = conn.prepare(PAGES)?;
                let sizes = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
                Ok(sizes.collect::<Result<_, _>>()?)
            }
            Self::Postgres { .. } => {
                let mut conn = PgConnection::connect(&database.url).await?;
                let sizes = sqlx::query_as(TABLES).fetch_all(&mut conn).await?;
                conn.close().await?;
                Ok(sizes)
            }
        }
    }

    /// Removes a database that nobody uses any more; it may be large.
    pub async fn remove(&self, database: Database) -> anyhow::Result<()> {
        if let Self::Postgres { cluster, .. } = self {
            execute(&cluster.url("postgres"), &format!("DROP DATABASE {} WITH (FORCE)", database.name)).await?;
        }
        std::fs::remove_dir_all(database.folder).context("the benchmark's database could not be removed")
    }

    /// The processor time the database's own processes have used; SQLite has none.
    pub fn busy(&self) -> Duration {
        match self {
            Self::Sqlite { .. } => Duration::ZERO,
            Self::Postgres { cluster, .. } => cluster.processes().iter().map(|id| machine::busy(id)).sum(),
        }
    }

    /// Ends what was started for it.
    pub async fn stop(self) -> anyhow::Result<()> {
        match self {
            Self::Sqlite { .. } => Ok(()),
            Self::Postgres { cluster, .. } => cluster.stop().await,
        }
    }
}

/// Executes one statement on a connection of its own.
pub async fn execute(url: &str, sql: &str) -> anyhow::Result<()> {
    let mut conn = PgConnection::connect(url).await?;
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await?;
    Ok(conn.close().await?)
}
