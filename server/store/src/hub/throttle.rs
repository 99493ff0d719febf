//! Attempts to sign in, counted for all nodes together, against budgets that refill with time.

use super::Hub;
use crate::{
    StoreError,
    db::{Conn, execute, on_conn, read},
    writer::Keep,
};
use domain::{DAY, Timestamp};
use std::sync::Arc;

/// So many attempts at once, and then one more each time that `every` has passed. In any span of time there are never more than `tries` plus the
/// span divided by `every`.
///
/// The database keeps one moment of it: when it will be whole again. So a row is over by itself, and forgetting it forgives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// A hash of whose it is, so that each takes the same room.
    pub who: [u8; 32],
    pub tries: u32,
    /// In microseconds.
    pub every: i64,
}

impl Budget {
    /// How long a whole budget takes to refill.
    fn whole(&self) -> i64 {
        self.every * i64::from(self.tries)
    }
}

/// How often attempts that met another node's are counted again.
const RACES: u32 = 5;
/// A row that is further ahead than this beyond its budget was written before the clock was set back, and counts for nothing. Generous, because
/// nodes' clocks differ a little, and what one node counted must hold on another.
const SLACK: i64 = DAY;

impl Hub<'_> {
    /// Takes an attempt from each of the budgets. False, with nothing taken, where one of them is empty; many at once get no more than one after the
    /// other.
    ///
    /// # Errors
    /// When the database fails; then nothing was counted.
    pub async fn count_try(&self, mut budgets: Vec<Budget>, now: Timestamp) -> Result<bool, StoreError> {
        const EMPTY: &str = "SELECT count(*) FROM signin_tries WHERE who = $1 AND whole_at > $2 AND whole_at <= $3";
        const COUNT: &str = "INSERT INTO signin_tries AS t (who, whole_at) VALUES ($1, CAST($2 AS BIGINT) + $3) ON CONFLICT (who) DO UPDATE SET \
            whole_at = CASE WHEN t.whole_at > $2 AND t.whole_at <= $4 THEN t.whole_at ELSE $2 END + $3 RETURNING whole_at";
        // Whoever guesses on costs a read, and no write.
        for b in &budgets {
            let (full, limit) = (now.plus(b.whole() - b.every).0, now.plus(b.whole() + SLACK).0);
            let n: i64 = read!(self, c => sqlx::query_scalar(EMPTY).bind(&b.who[..]).bind(full).bind(limit).fetch_one(c).await)?;
            if n > 0 {
                return Ok(false);
            }
        }
        // Always in the same order, so that two nodes rarely wait for each other.
        budgets.sort_unstable_by_key(|b| b.who);
        let budgets = Arc::new(budgets);
        let mut races = 0;
        loop {
            let budgets = Arc::clone(&budgets);
            let counted = self.store.inner.writer.run(self.scope(), move |conn| {
                Box::pin(async move {
                    for b in budgets.iter() {
                        let limit = now.plus(b.whole() + SLACK).0;
                        let whole_at: i64 = on_conn!(conn, c => {
                            sqlx::query_scalar(COUNT).bind(&b.who[..]).bind(now.0).bind(b.every).bind(limit).fetch_one(&mut *c).await
                        })?;
                        if whole_at > now.plus(b.whole()).0 {
                            return Ok(Keep::No(false));
                        }
                    }
                    Ok(Keep::Yes(true))
                })
            });
            match counted.await {
                Err(error) if error.is_race() && races < RACES => races += 1,
                done => return done,
            }
        }
    }

    /// Gives an attempt back to each of the budgets.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forgive_try(&self, mut budgets: Vec<Budget>, now: Timestamp) -> Result<(), StoreError> {
        const FORGIVE: &str = "UPDATE signin_tries SET whole_at = whole_at - $2 WHERE who = $1";
        const WHOLE: &str = "DELETE FROM signin_tries WHERE who = $1 AND whole_at <= $2";
        budgets.sort_unstable_by_key(|b| b.who);
        self.write(move |conn| {
            Box::pin(async move {
                for b in budgets {
                    execute!(conn, c => sqlx::query(FORGIVE).bind(&b.who[..]).bind(b.every).execute(&mut *c).await)?;
                    execute!(conn, c => sqlx::query(WHOLE).bind(&b.who[..]).bind(now.0).execute(&mut *c).await)?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Makes budgets whole.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn refill_tries(&self, budgets: Vec<Budget>) -> Result<(), StoreError> {
        const REFILL: &str = "DELETE FROM signin_tries WHERE who = $1";
        self.write(move |conn| {
            Box::pin(async move {
                for b in budgets {
                    execute!(conn, c => sqlx::query(REFILL).bind(&b.who[..]).execute(&mut *c).await)?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Forgets the budgets that are whole, and of the others all but the `most` that were used most: a bounded table comes first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_tries(&self, most: u32, now: Timestamp) -> Result<u64, StoreError> {
        const WHOLE: &str = "DELETE FROM signin_tries WHERE whole_at <= $1";
        const MANY: &str = "DELETE FROM signin_tries WHERE whole_at <= (SELECT whole_at FROM signin_tries ORDER BY whole_at DESC LIMIT 1 OFFSET $1)";
        self.write(move |conn| {
            Box::pin(async move {
                let whole = execute!(conn, c => sqlx::query(WHOLE).bind(now.0).execute(&mut *c).await)?;
                let many = execute!(conn, c => sqlx::query(MANY).bind(i64::from(most)).execute(&mut *c).await)?;
                Ok(whole + many)
            })
        })
        .await
    }

    /// Since when browsers that a person signs in with are remembered; what was given to a browser before counts for nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn browsers_since(&self, user: i64) -> Result<Timestamp, StoreError> {
        const SINCE: &str = "SELECT browsers_since FROM users WHERE id = $1";
        let since: Option<i64> = read!(self, c => sqlx::query_scalar(SINCE).bind(user).fetch_optional(c).await)?;
        Ok(Timestamp(since.unwrap_or(i64::MAX)))
    }
}

/// Makes all browsers that a person has signed in with unknown again, in the transaction of what ends the person's sessions.
pub(super) async fn forget_browsers(conn: &mut Conn, user: i64, at: Timestamp) -> Result<(), StoreError> {
    const FORGET: &str = "UPDATE users SET browsers_since = $2 WHERE id = $1";
    execute!(conn, c => sqlx::query(FORGET).bind(user).bind(at.0).execute(&mut *c).await)?;
    Ok(())
}
