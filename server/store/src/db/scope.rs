//! On whose behalf a statement runs.

use domain::OrgId;
use sqlx::{AssertSqlSafe, PgPool, Postgres, pool::PoolConnection};

/// What PostgreSQL's row level security decides by. The program's own rules stand before it; this holds should one of them fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The program itself.
    Hub,
    /// The machines of an organisation: they write what is its own.
    Partner(OrgId),
    /// A person of an organisation: reads what it may see.
    Viewer(OrgId),
    /// Numbers made for a person of an organisation: reads what it may count.
    Counter(OrgId),
}

impl Scope {
    /// The statement that sets the scope until the transaction ends. Nothing in it comes from outside but a number.
    pub(crate) fn sql(self) -> String {
        let scope = match self {
            Self::Hub => "hub".to_owned(),
            Self::Partner(org) => format!("partner:{}", org.0),
            Self::Viewer(org) => format!("viewer:{}", org.0),
            Self::Counter(org) => format!("counter:{}", org.0),
        };
        format!("SET LOCAL shieldwall.scope = '{scope}'")
    }

    /// Whose rows a write of this scope touches: an organisation's, or what is the hub's.
    pub(crate) fn turn(self) -> i64 {
        match self {
            Self::Partner(org) => org.0,
            Self::Hub | Self::Viewer(_) | Self::Counter(_) => 0,
        }
    }

    /// The statement that waits, until the transaction ends, for all other nodes' writes with the same [turn](Scope::turn).
    pub(crate) fn take_turn(self) -> String {
        format!("; SELECT pg_advisory_xact_lock(hashtextextended('shieldwall turn', {}))", self.turn())
    }

    /// A reader in a transaction of this scope. There is no COMMIT: the pool rolls back what comes back to it.
    pub(crate) async fn begin(self, pool: &PgPool) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let mut conn = pool.acquire().await?;
        sqlx::raw_sql(AssertSqlSafe(format!("BEGIN READ ONLY; {}", self.sql()))).execute(&mut *conn).await?;
        Ok(conn)
    }
}
