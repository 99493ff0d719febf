//! On whose behalf a statement runs.

use domain::OrgId;
use sqlx::{AssertSqlSafe, PgPool, Postgres, pool::PoolConnection};
use std::collections::BTreeSet;

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

    /// The statement that sets the scope of all of these: theirs, where they are the same; else they are partners', and it is for the tables that all pushes write.
    pub(crate) fn sql_of(scopes: impl Iterator<Item = Self> + Clone) -> String {
        let partners: BTreeSet<i64> = scopes.clone().filter_map(|scope| if let Self::Partner(org) = scope { Some(org.0) } else { None }).collect();
        if partners.len() < 2 {
            return scopes.last().map(Self::sql).unwrap_or_default();
        }
        let partners: Vec<String> = partners.iter().map(i64::to_string).collect();
        format!("SET LOCAL shieldwall.scope = 'partner:{}'", partners.join(","))
    }

    /// Whose rows a write of this scope touches: an organisation's, or what is the hub's.
    pub(crate) fn turn(self) -> i64 {
        match self {
            Self::Partner(org) => org.0,
            Self::Hub | Self::Viewer(_) | Self::Counter(_) => 0,
        }
    }

    /// The statement that waits, until the transaction ends, for all other nodes' writes with the same [turns](Scope::turn). The scopes are sorted by these.
    pub(crate) fn take_turns(scopes: impl Iterator<Item = Self>) -> String {
        let mut turns: Vec<i64> = scopes.map(Self::turn).collect();
        turns.dedup();
        format!("SELECT pg_advisory_xact_lock(hashtextextended('shieldwall turn', turn)) FROM unnest(ARRAY{turns:?}::bigint[]) turn")
    }

    /// A reader in a transaction of this scope. There is no COMMIT: the pool rolls back what comes back to it.
    pub(crate) async fn begin(self, pool: &PgPool) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let mut conn = pool.acquire().await?;
        sqlx::raw_sql(AssertSqlSafe(format!("BEGIN READ ONLY; {}", self.sql()))).execute(&mut *conn).await?;
        Ok(conn)
    }
}
