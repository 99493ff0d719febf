//! Group commit: a task owns a writing connection and commits many waiting jobs in one transaction.
//!
//! SQLite has one such lane. On PostgreSQL there are several, because their commits can wait for the disk together; an organisation's pushes
//! always take the same one, so that they come in order and never wait for each other's locks.
//!
//! A durable commit costs a disk sync, so under load the jobs that arrive while one transaction syncs share the next.
//! Each job runs in a savepoint of its own: it is kept whole or not at all, whatever happens to its neighbours. A job is
//! answered only after the commit. It runs in this task, not in its caller's, so a caller that goes away changes nothing.

use crate::{
    StoreError,
    db::{Conn, Reconnect, Scope, on_conn},
};
use sqlx::{AssertSqlSafe, Connection};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::Instant,
};

/// Jobs that may wait; beyond that callers are told to come back.
pub(crate) const QUEUE: usize = 1_024;
/// Jobs in one transaction, so that the first of them does not wait for ever.
pub(crate) const GROUP: usize = 128;

type Boxed<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;

/// What to do with what a job wrote since its savepoint.
pub(crate) enum Keep<T> {
    /// Keep it and answer after the commit.
    Yes(T),
    /// Undo it and answer all the same: a dry run, or a refusal found half way.
    No(T),
}

/// Keeps what was written since the savepoint.
const SEAL: &str = "RELEASE job";
/// Undoes what was written since the savepoint.
const UNDO: &str = "ROLLBACK TO job; RELEASE job";
/// Ends the whole group: what one job waited for in vain, the next would wait for as long.
const GIVE_UP: &str = "ROLLBACK";
/// A transaction on PostgreSQL that takes longer has lost its connection, or holds up a lane that others wait for.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two attempts to connect again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

trait Job: Send {
    /// On whose behalf it writes.
    fn scope(&self) -> Scope;
    /// Runs the job; says what to execute after it.
    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> Boxed<'c, &'static str>;
    /// Answers the caller, after the commit or its failure.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<T, F> {
    scope: Scope,
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut Conn) -> Boxed<'c, Result<Keep<T>, StoreError>> + Send,
{
    fn scope(&self) -> Scope {
        self.scope
    }

    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> Boxed<'c, &'static str> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return UNDO };
            let (after, result) = match work(conn).await {
                Ok(Keep::Yes(value)) => (SEAL, Ok(value)),
                Ok(Keep::No(value)) => (UNDO, Ok(value)),
                Err(StoreError::Busy) => (GIVE_UP, Err(StoreError::Busy)),
                Err(error) => (UNDO, Err(error)),
            };
            self.result = Some(result);
            after
        })
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (self.result, committed) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(ok), Ok(())) => ok,
            (None, Ok(())) => Err(StoreError::Internal("a write did not run".into())),
        };
        // The caller may be gone; what was committed stays committed.
        let _ = self.reply.send(result);
    }
}

/// The way to the writing tasks.
pub(crate) struct Writer {
    lanes: Vec<mpsc::Sender<Box<dyn Job>>>,
    closed: AtomicBool,
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Writer {
    /// A lane for each connection. `turn` is held for each transaction, `tick` is moved after it.
    pub(crate) fn start(conns: Vec<Conn>, reconnect: &Reconnect, turn: &Arc<tokio::sync::Mutex<()>>, tick: &Arc<watch::Sender<u64>>) -> Self {
        let stop = watch::Sender::new(false);
        let (mut lanes, mut tasks) = (vec![], vec![]);
        for conn in conns {
            let (jobs, queue) = mpsc::channel(QUEUE);
            lanes.push(jobs);
            let work = Work { reconnect: reconnect.clone(), conn: Some(conn), retry_at: Instant::now(), pause: PAUSES.0, tick: Arc::clone(tick) };
            let stopped = stop.subscribe();
            tasks.push(match reconnect {
                Reconnect::Sqlite => {
                    let turn = Arc::clone(turn);
                    // In a thread of its own: among the other tasks it would wait for its turn after every statement.
                    tokio::task::spawn_blocking(move || Handle::current().block_on(work.run(queue, Some(&turn), stopped)))
                }
                Reconnect::Postgres(_) => tokio::spawn(work.run(queue, None, stopped)),
            });
        }
        Self { lanes, closed: AtomicBool::new(false), stop, tasks: Mutex::new(tasks) }
    }

    /// Runs `work` in the next transaction and returns once that is on disk.
    pub(crate) async fn run<T, F>(&self, scope: Scope, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> Boxed<'c, Result<Keep<T>, StoreError>> + Send + 'static,
    {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Busy);
        }
        let (reply, answer) = oneshot::channel();
        let lane = match scope {
            Scope::Partner(org) => usize::try_from(org.0.unsigned_abs()).unwrap_or(0) % self.lanes.len(),
            Scope::Hub | Scope::Viewer(_) | Scope::Counter(_) => 0,
        };
        let job = Task { scope, work: Some(work), result: None, reply };
        self.lanes[lane].try_send(Box::new(job)).map_err(|_| StoreError::Busy)?;
        answer.await.map_err(|_| StoreError::Internal("the writer stopped".into()))?
    }

    /// Refuses new jobs, finishes the waiting ones.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let _ = self.stop.send(true);
        let tasks = self.tasks.lock().map(|mut t| std::mem::take(&mut *t)).unwrap_or_default();
        for task in tasks {
            let _ = task.await;
        }
    }
}

/// One lane at work.
struct Work {
    reconnect: Reconnect,
    /// `None` while the database cannot be reached.
    conn: Option<Conn>,
    retry_at: Instant,
    pause: Duration,
    tick: Arc<watch::Sender<u64>>,
}

impl Work {
    async fn run(mut self, mut queue: mpsc::Receiver<Box<dyn Job>>, turn: Option<&tokio::sync::Mutex<()>>, mut stopped: watch::Receiver<bool>) {
        loop {
            let first = tokio::select! {
                biased;
                job = queue.recv() => job,
                _ = stopped.wait_for(|s| *s) => queue.try_recv().ok(),
            };
            let Some(first) = first else { break };
            let turn = match turn {
                Some(turn) => Some(turn.lock().await),
                None => None,
            };
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(job) = queue.try_recv()
            {
                group.push(job);
            }
            let done = self.transaction(&mut group).await;
            drop(turn);
            match done {
                Ok(()) => {
                    group.into_iter().for_each(|job| job.finish(Ok(())));
                    self.tick.send_modify(|n| *n += 1);
                }
                Err(error) => {
                    if matches!(error, StoreError::Busy) {
                        // Who came meanwhile would wait as long again, and whoever comes after them longer still.
                        group.extend(std::iter::from_fn(|| queue.try_recv().ok()));
                    }
                    let jobs = group.len();
                    group.into_iter().for_each(|job| job.finish(Err(again(&error))));
                    tracing::error!(%error, jobs, "a write transaction failed");
                }
            }
        }
        // What closing says is of no use: everything was committed.
        let _ = match self.conn {
            Some(Conn::Sqlite(conn)) => conn.close().await,
            Some(Conn::Postgres(lane)) => lane.conn.close().await,
            None => Ok(()),
        };
    }

    /// Commits a group. A connection that fails is made again, at the earliest after a pause; until then jobs are answered at once.
    async fn transaction(&mut self, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None if Instant::now() < self.retry_at => return Err(StoreError::Database(sqlx::Error::PoolTimedOut)),
            None => match self.reconnect.connect().await {
                Ok(conn) => {
                    self.pause = PAUSES.0;
                    conn
                }
                Err(error) => {
                    self.retry_at = Instant::now() + self.pause;
                    self.pause = (self.pause * 2).min(PAUSES.1);
                    return Err(error);
                }
            },
        };
        match &mut conn {
            Conn::Sqlite(_) => {
                let done = on_sqlite(&mut conn, group).await;
                if done.is_err() {
                    // A second ROLLBACK where SQLite has rolled back by itself is an error to ignore.
                    let _ = execute(&mut conn, "ROLLBACK").await;
                }
                self.conn = Some(conn);
                done
            }
            Conn::Postgres(_) => {
                let done = match tokio::time::timeout(PATIENCE, on_postgres(&mut conn, group)).await {
                    Ok(Err(error)) if is_lost(&error) => Err(error),
                    Ok(done) => {
                        let usable = done.is_ok() || execute(&mut conn, "ROLLBACK").await.is_ok();
                        self.conn = usable.then_some(conn);
                        done
                    }
                    Err(_) => Err(StoreError::Database(sqlx::Error::PoolTimedOut)),
                };
                self.retry_at = Instant::now();
                done
            }
        }
    }
}

/// Whether the connection went, so that even a ROLLBACK would wait in vain.
fn is_lost(error: &StoreError) -> bool {
    matches!(error, StoreError::Database(sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed))
}

/// The failure of a transaction, for each of its jobs.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Full => StoreError::Full,
        StoreError::Busy => StoreError::Busy,
        StoreError::Database(e) => StoreError::Database(sqlx::Error::Protocol(format!("the transaction failed: {e}"))),
        _ => StoreError::Internal("the transaction failed".into()),
    }
}

/// A job that panics must not take the lane, and everybody's pushes, with it.
async fn guarded(job: &mut Box<dyn Job>, conn: &mut Conn) -> &'static str {
    use futures_util::FutureExt;
    std::panic::AssertUnwindSafe(job.run(conn)).catch_unwind().await.unwrap_or(UNDO)
}

async fn on_sqlite(conn: &mut Conn, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    execute(conn, "BEGIN IMMEDIATE; SAVEPOINT job").await?;
    for job in group {
        let after = guarded(job, conn).await;
        if after == GIVE_UP {
            return Err(StoreError::Busy);
        }
        execute(conn, if after == SEAL { "RELEASE job; SAVEPOINT job" } else { "ROLLBACK TO job" }).await?;
    }
    execute(conn, "COMMIT").await
}

async fn on_postgres(conn: &mut Conn, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    // What follows one job goes with what precedes the next, because each execution is a round trip.
    let mut pending = "BEGIN".to_owned();
    if let Conn::Postgres(lane) = conn {
        lane.outbox.clear();
    }
    // Other nodes wait before they touch the first row of the same organisation. In the same order everywhere, so that none waits for another
    // that waits for it; the jobs of one organisation stay in theirs.
    group.sort_by_key(|job| job.scope().turn());
    let mut turn = None;
    for job in group {
        let Conn::Postgres(lane) = conn else { break };
        let (said, scope) = (lane.outbox.len(), job.scope());
        if turn.replace(scope.turn()) != Some(scope.turn()) {
            pending.push_str(&scope.take_turn());
        }
        sqlx::raw_sql(AssertSqlSafe(format!("{pending}; SAVEPOINT job; {}", scope.sql()))).execute(&mut lane.conn).await?;
        let after = guarded(job, conn).await;
        if after == GIVE_UP {
            return Err(StoreError::Busy);
        }
        if after == UNDO
            && let Conn::Postgres(lane) = conn
        {
            lane.outbox.truncate(said);
        }
        after.clone_into(&mut pending);
    }
    if let Conn::Postgres(lane) = conn {
        lane.commit(&pending).await?;
    }
    Ok(())
}

/// Each execution is a round trip to the thread that SQLite works in, and its two wake-ups cost more than most statements.
async fn execute(conn: &mut Conn, sql: &'static str) -> Result<(), StoreError> {
    on_conn!(conn, c => sqlx::query(sql).execute(&mut *c).await.map(drop))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::{Settings, Store, StoreError};
    use testing::{Database, Kind};

    async fn a_job_that_panics_fails_alone(kind: Kind) {
        let database = tokio::task::spawn_blocking(move || Database::empty(kind)).await.unwrap();
        let store = Store::open(&Settings { url: database.url.clone(), readers: 1 }).await.unwrap();
        let hub = store.hub();
        let job = |name: &'static str| hub.set_meta(name, "kept".to_owned());
        let fails = hub.write::<()>(|_| Box::pin(async { panic!("on purpose") }));
        let (before, failed, after) = tokio::join!(job("before"), fails, job("after"));
        assert!(matches!(failed, Err(StoreError::Internal(_))), "{failed:?}");
        assert!(before.is_ok() && after.is_ok());
        job("later").await.unwrap();
        for name in ["before", "after", "later"] {
            assert_eq!(hub.meta(name).await.unwrap().as_deref(), Some("kept"), "{name}");
        }
        store.close().await;
    }

    #[tokio::test]
    async fn a_job_that_panics_fails_alone_on_sqlite() {
        a_job_that_panics_fails_alone(Kind::Sqlite).await;
    }

    #[tokio::test]
    async fn a_job_that_panics_fails_alone_on_postgres() {
        a_job_that_panics_fails_alone(Kind::Postgres).await;
    }
}
