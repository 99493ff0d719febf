//! Wake-ups from other nodes: PostgreSQL notifies whoever listens of a commit.

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, task::JoinHandle};

/// The channel that every writing transaction notifies, without a payload.
pub(crate) const CHANNEL: &str = "shieldwall";
/// Between two attempts to listen.
const PAUSE: Duration = Duration::from_secs(1);
/// After so long without a word the database is asked for one: a connection whose other end is gone says nothing either.
const QUIET: Duration = Duration::from_secs(15);
const ANSWER: Duration = Duration::from_secs(5);

/// Moves `tick` when another node commits, until it is aborted. What is missed while the connection is down, a poll finds.
pub(crate) fn start(options: PgConnectOptions, tick: Arc<watch::Sender<u64>>) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            let error = match listen(options.clone(), &tick).await {
                Ok(never) => match never {},
                Err(error) => error,
            };
            tracing::warn!(%error, "not listening for other nodes; trying again");
            tokio::time::sleep(PAUSE).await;
        }
    })
}

async fn listen(options: PgConnectOptions, tick: &watch::Sender<u64>) -> Result<std::convert::Infallible, sqlx::Error> {
    // A pool of its own: a listener keeps its connection.
    let pool = PgPoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).connect_with(options).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen(CHANNEL).await?;
    loop {
        match tokio::time::timeout(QUIET, listener.try_recv()).await {
            // `None` is a connection that was lost and made anew: something may have been missed.
            Ok(heard) => drop(heard?),
            Err(_) => tokio::time::timeout(ANSWER, listener.listen(CHANNEL)).await.map_err(|_| sqlx::Error::PoolTimedOut)??,
        }
        tick.send_modify(|n| *n += 1);
    }
}
