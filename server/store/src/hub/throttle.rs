//! Attempts to sign in, counted for all nodes together: by whom they were for, and by where they came from.

use super::Hub;
use crate::{
    StoreError,
    db::{execute, on_conn, read},
    writer::Keep,
};
use domain::Timestamp;
use std::sync::Arc;

/// Somebody whose attempts are counted: a hash of an account or an address, so that each takes the same room.
pub type Who = [u8; 32];

/// How often attempts that met another node's are counted again.
const RACES: u32 = 5;

impl Hub<'_> {
    /// Counts an attempt of each of `who`, which come with the number of attempts they may make in a window of so many microseconds. False,
    /// with nothing counted, where one of them has made as many already; many at once get no more than one after the other.
    ///
    /// # Errors
    /// When the database fails; then nothing was counted.
    pub async fn count_try(&self, mut who: Vec<(Who, u32)>, window: i64, now: Timestamp) -> Result<bool, StoreError> {
        // A window that lies ahead is over too: the clock was set back.
        const FULL: &str = "SELECT count(*) FROM signin_tries WHERE who = $1 AND since > $2 AND since <= $3 AND tries >= $4";
        const COUNT: &str = "INSERT INTO signin_tries AS t (who, since, tries) VALUES ($1, $3, 1) ON CONFLICT (who) DO UPDATE SET \
            since = CASE WHEN t.since > $2 AND t.since <= $3 THEN t.since ELSE $3 END, \
            tries = CASE WHEN t.since > $2 AND t.since <= $3 THEN t.tries + 1 ELSE 1 END RETURNING tries";
        let begin = now.plus(-window).0;
        // Whoever guesses on costs a read, and no write.
        for (one, limit) in &who {
            let n: i64 = read!(self, c => sqlx::query_scalar(FULL).bind(&one[..]).bind(begin).bind(now.0).bind(i64::from(*limit)).fetch_one(c).await)?;
            if n > 0 {
                return Ok(false);
            }
        }
        // Always in the same order, so that two nodes rarely wait for each other.
        who.sort_unstable();
        let who = Arc::new(who);
        let mut races = 0;
        loop {
            let who = Arc::clone(&who);
            let counted = self.store.inner.writer.run(self.scope(), move |conn| {
                Box::pin(async move {
                    for (one, limit) in who.iter() {
                        let tries: i64 = on_conn!(conn, c => sqlx::query_scalar(COUNT).bind(&one[..]).bind(begin).bind(now.0).fetch_one(&mut *c).await)?;
                        if tries > i64::from(*limit) {
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

    /// Takes an attempt of each of `again` back, and all of `anew`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forgive_try(&self, mut again: Vec<Who>, anew: Option<Who>) -> Result<(), StoreError> {
        const LAST: &str = "DELETE FROM signin_tries WHERE who = $1 AND tries <= 1";
        const FORGIVE: &str = "UPDATE signin_tries SET tries = tries - 1 WHERE who = $1";
        const FORGET: &str = "DELETE FROM signin_tries WHERE who = $1";
        again.sort_unstable();
        self.write(move |conn| {
            Box::pin(async move {
                for who in again {
                    if execute!(conn, c => sqlx::query(LAST).bind(&who[..]).execute(&mut *c).await)? == 0 {
                        execute!(conn, c => sqlx::query(FORGIVE).bind(&who[..]).execute(&mut *c).await)?;
                    }
                }
                if let Some(who) = anew {
                    execute!(conn, c => sqlx::query(FORGET).bind(&who[..]).execute(&mut *c).await)?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Forgets whose window is over, and of the others all but the `most` that came last: a bounded table comes first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_tries(&self, window: i64, most: u32, now: Timestamp) -> Result<u64, StoreError> {
        const OVER: &str = "DELETE FROM signin_tries WHERE since <= $1 OR since > $2";
        const MANY: &str = "DELETE FROM signin_tries WHERE since <= (SELECT since FROM signin_tries ORDER BY since DESC LIMIT 1 OFFSET $1)";
        self.write(move |conn| {
            Box::pin(async move {
                let over = execute!(conn, c => sqlx::query(OVER).bind(now.plus(-window).0).bind(now.0).execute(&mut *c).await)?;
                let many = execute!(conn, c => sqlx::query(MANY).bind(i64::from(most)).execute(&mut *c).await)?;
                Ok(over + many)
            })
        })
        .await
    }
}
