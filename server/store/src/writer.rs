//! Group commit: one task owns the writing connection and commits many waiting jobs in one transaction.
//!
//! A durable commit costs a disk sync, so under load the jobs that arrive while one transaction syncs share the next.
//! Each job runs in a savepoint of its own: it is kept whole or not at all, whatever happens to its neighbours. A job is
//! answered only after the commit. It runs in this task, not in its caller's, so a caller that goes away changes nothing.

use crate::{
    StoreError,
    db::{Conn, on_conn},
};
use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
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

/// Keeps what was written since the savepoint, and makes the next job's.
const SEAL: &str = "RELEASE job; SAVEPOINT job";
/// Undoes what was written since the savepoint, which stays.
const UNDO: &str = "ROLLBACK TO job";

trait Job: Send {
    /// Runs the job; says what to execute after it.
    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> Boxed<'c, &'static str>;
    /// Answers the caller, after the commit or its failure.
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Task<T, F> {
    work: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut Conn) -> Boxed<'c, Result<Keep<T>, StoreError>> + Send,
{
    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> Boxed<'c, &'static str> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return UNDO };
            let (after, result) = match work(conn).await {
                Ok(Keep::Yes(value)) => (SEAL, Ok(value)),
                Ok(Keep::No(value)) => (UNDO, Ok(value)),
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

/// The way to the writing task.
pub(crate) struct Writer {
    jobs: mpsc::Sender<Box<dyn Job>>,
    closed: AtomicBool,
    stop: watch::Sender<bool>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// `turn` is held for each transaction, `tick` is moved after it.
    pub(crate) fn start(conn: Conn, turn: Arc<tokio::sync::Mutex<()>>, tick: Arc<watch::Sender<u64>>) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let (stop, stopped) = watch::channel(false);
        // In a thread of its own: among the other tasks it would wait for its turn after every statement.
        let task = tokio::task::spawn_blocking(move || Handle::current().block_on(write(conn, queue, &turn, &tick, stopped)));
        Self { jobs, closed: AtomicBool::new(false), stop, task: Mutex::new(Some(task)) }
    }

    /// Runs `work` in the next transaction and returns once that is on disk.
    pub(crate) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> Boxed<'c, Result<Keep<T>, StoreError>> + Send + 'static,
    {
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Busy);
        }
        let (reply, answer) = oneshot::channel();
        let job = Task { work: Some(work), result: None, reply };
        self.jobs.try_send(Box::new(job)).map_err(|_| StoreError::Busy)?;
        answer.await.map_err(|_| StoreError::Internal("the writer stopped".into()))?
    }

    /// Refuses new jobs, finishes the waiting ones.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let _ = self.stop.send(true);
        let task = self.task.lock().ok().and_then(|mut t| t.take());
        if let Some(task) = task {
            let _ = task.await;
        }
    }
}

async fn write(
    mut conn: Conn,
    mut queue: mpsc::Receiver<Box<dyn Job>>,
    turn: &tokio::sync::Mutex<()>,
    tick: &watch::Sender<u64>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let first = tokio::select! {
            biased;
            job = queue.recv() => job,
            _ = stopped.wait_for(|s| *s) => queue.try_recv().ok(),
        };
        let Some(first) = first else { break };
        let turn = turn.lock().await;
        let mut group = vec![first];
        while group.len() < GROUP
            && let Ok(job) = queue.try_recv()
        {
            group.push(job);
        }
        let done = transaction(&mut conn, &mut group).await;
        if done.is_err() {
            // A second ROLLBACK where SQLite has rolled back by itself is an error to ignore.
            let _ = execute(&mut conn, "ROLLBACK").await;
        }
        drop(turn);
        match done {
            Ok(()) => {
                group.into_iter().for_each(|job| job.finish(Ok(())));
                tick.send_modify(|n| *n += 1);
            }
            Err(error) => {
                if matches!(error, StoreError::Busy) {
                    // Who came meanwhile would wait as long again, and whoever comes after them longer still.
                    group.extend(std::iter::from_fn(|| queue.try_recv().ok()));
                }
                let jobs = group.len();
                let again = || match error {
                    StoreError::Full => StoreError::Full,
                    StoreError::Busy => StoreError::Busy,
                    _ => StoreError::Internal("the transaction failed".into()),
                };
                group.into_iter().for_each(|job| job.finish(Err(again())));
                tracing::error!(%error, jobs, "a write transaction failed");
            }
        }
    }
    on_conn!(conn, c => drop(sqlx::Connection::close(c).await));
}

async fn transaction(conn: &mut Conn, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    use futures_util::FutureExt;
    execute(conn, "BEGIN IMMEDIATE; SAVEPOINT job").await?;
    for job in group {
        // A job that panics must not take the writer, and everybody's pushes, with it.
        let after = std::panic::AssertUnwindSafe(job.run(conn)).catch_unwind().await;
        execute(conn, after.unwrap_or(UNDO)).await?;
    }
    execute(conn, "COMMIT").await
}

/// Each execution is a round trip to the thread that SQLite works in, and its two wake-ups cost more than most statements.
async fn execute(conn: &mut Conn, sql: &'static str) -> Result<(), StoreError> {
    on_conn!(conn, c => sqlx::query(sql).execute(c).await)?;
    Ok(())
}
