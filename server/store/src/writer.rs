//! Group commit: a task owns a writing connection and commits many waiting jobs in one transaction.
//!
//! SQLite has one such lane. On PostgreSQL there are several, because their commits can wait for the disk together; an organisation's pushes
//! always take the same one, so that they come in order and never wait for each other's locks.
//!
//! A durable commit costs a disk sync, so under load the jobs that arrive while one transaction syncs share the next.
//! Each job runs in a savepoint of its own: it is kept whole or not at all, whatever happens to its neighbours. Pushes of
//! metrics, which come in crowds, share one; where it fails, each of them runs once more in one of its own. A job is
//! answered only after the commit. It runs in this task, not in its caller's, so a caller that goes away changes nothing.

mod group;
mod jobs;

pub(crate) use jobs::Keep;

use crate::{
    StoreError,
    db::{Conn, Reconnect, Scope},
    push::together::{Applied, Incoming},
    samples::current::CurrentCache,
};
use group::{execute, on_postgres, on_sqlite};
use jobs::{Job, Task, again};
use sqlx::Connection;
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

pub(crate) type Boxed<'c, T> = Pin<Box<dyn Future<Output = T> + Send + 'c>>;

/// A transaction on PostgreSQL that takes longer has lost its connection, or holds up a lane that others wait for. Where a primary goes without a word, nothing else tells, and
/// pushes are to be accepted again within 45 seconds.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two attempts to connect again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// The way to the writing tasks.
pub(crate) struct Writer {
    lanes: Vec<mpsc::Sender<Job>>,
    closed: AtomicBool,
    stop: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Writer {
    /// A lane for each connection; `tick` is moved after each transaction. What one wrote of current values and could not commit is forgotten.
    pub(crate) fn start(conns: Vec<Conn>, reconnect: &Reconnect, current: &Arc<CurrentCache>, tick: &Arc<watch::Sender<u64>>) -> Self {
        let stop = watch::Sender::new(false);
        let (mut lanes, mut tasks) = (vec![], vec![]);
        for conn in conns {
            let (jobs, queue) = mpsc::channel(QUEUE);
            lanes.push(jobs);
            let work = AtWork {
                reconnect: reconnect.clone(),
                conn: Some(conn),
                retry_at: Instant::now(),
                pause: PAUSES.0,
                current: Arc::clone(current),
                tick: Arc::clone(tick),
            };
            let stopped = stop.subscribe();
            tasks.push(match reconnect {
                // In a thread of its own: among the other tasks it would wait for its turn after every statement.
                Reconnect::Sqlite => tokio::task::spawn_blocking(move || Handle::current().block_on(work.run(queue, stopped))),
                Reconnect::Postgres(_) => tokio::spawn(work.run(queue, stopped)),
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
        let (reply, answer) = oneshot::channel();
        self.send(Job::Other(Box::new(Task { scope, work: Some(work), result: None, reply })))?;
        answer.await.map_err(|_| stopped())?
    }

    /// Applies a push of metrics in the next transaction and returns once that is on disk.
    pub(crate) async fn push(&self, one: Arc<Incoming>) -> Result<Applied, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Push { one, done: None, reply })?;
        answer.await.map_err(|_| stopped())?
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Busy);
        }
        let lane = match job.scope() {
            Scope::Partner(org) => usize::try_from(org.0.unsigned_abs()).unwrap_or(0) % self.lanes.len(),
            Scope::Hub | Scope::Viewer(_) | Scope::Counter(_) => 0,
        };
        self.lanes[lane].try_send(job).map_err(|_| StoreError::Busy)
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
struct AtWork {
    reconnect: Reconnect,
    /// `None` while the database cannot be reached.
    conn: Option<Conn>,
    retry_at: Instant,
    pause: Duration,
    current: Arc<CurrentCache>,
    tick: Arc<watch::Sender<u64>>,
}

impl AtWork {
    async fn run(mut self, mut queue: mpsc::Receiver<Job>, mut stopped: watch::Receiver<bool>) {
        loop {
            let first = tokio::select! {
                biased;
                job = queue.recv() => job,
                _ = stopped.wait_for(|s| *s) => queue.try_recv().ok(),
            };
            let Some(first) = first else { break };
            let mut group = vec![first];
            while group.len() < GROUP
                && let Ok(job) = queue.try_recv()
            {
                group.push(job);
            }
            let epoch = self.current.epoch();
            let done = self.transaction(&mut group).await;
            match done {
                Ok(()) => {
                    // Before anybody is told to look.
                    group.iter().filter_map(Job::values).for_each(|values| self.current.commit(Arc::clone(values), epoch));
                    group.into_iter().for_each(|job| job.finish(Ok(())));
                    self.tick.send_modify(|n| *n += 1);
                }
                Err(error) => {
                    self.current.forget_written();
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
    async fn transaction(&mut self, group: &mut [Job]) -> Result<(), StoreError> {
        let mut conn = match self.conn.take() {
            Some(conn) => conn,
            None if Instant::now() < self.retry_at => return Err(StoreError::Database(sqlx::Error::PoolTimedOut)),
            None => match self.reconnect.connect().await {
                Ok(conn) => {
                    // What was lost may have been the primary, and with it what it had not handed on.
                    self.current.forget();
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
                let done = on_sqlite(&mut conn, &self.current, group).await;
                if done.is_err() {
                    // A second ROLLBACK where SQLite has rolled back by itself is an error to ignore.
                    let _ = execute(&mut conn, "ROLLBACK".into()).await;
                }
                self.conn = Some(conn);
                done
            }
            Conn::Postgres(_) => {
                let done = match tokio::time::timeout(PATIENCE, on_postgres(&mut conn, &self.current, group)).await {
                    Ok(Err(error)) if is_lost(&error) => Err(error),
                    Ok(done) => {
                        let usable = done.is_ok() || execute(&mut conn, "ROLLBACK".into()).await.is_ok();
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

/// Whether the connection went, so that even a ROLLBACK would wait in vain, or leads to a server that takes no writes any more: one that shuts down, or was demoted.
fn is_lost(error: &StoreError) -> bool {
    /// PostgreSQL's `read_only_sql_transaction`, `admin_shutdown`, `crash_shutdown` and `cannot_connect_now`.
    const GONE: [&str; 4] = ["25006", "57P01", "57P02", "57P03"];
    match error {
        StoreError::Database(sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed) => true,
        StoreError::Database(sqlx::Error::Database(error)) => error.code().is_some_and(|code| GONE.contains(&code.as_ref())),
        _ => false,
    }
}

fn stopped() -> StoreError {
    StoreError::Internal("the writer stopped".into())
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
