//! The express way: the usual push of metrics on SQLite, group-committed in a thread of its own that calls SQLite itself.
//!
//! Through sqlx each statement is handed to another thread and its result back, which takes longer than the statement. For the one kind of
//! write that comes a thousand times a second this module does without: the same SQL, the same tables, on a connection of its own. Everything
//! else, and every push that turns out not to be usual, goes through the [writer](crate::writer). The two take turns.

use crate::{
    StoreError,
    push::metrics::at_once::{self, AtOnce},
    writer::{GROUP, QUEUE},
};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::{
    panic::AssertUnwindSafe,
    path::Path,
    sync::{
        Arc, Mutex,
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread::JoinHandle,
};
use tokio::sync::{oneshot, watch};

/// A push, and the number of its receipt where it was kept; `None` where it must go step by step.
type Reply = Result<(AtOnce, Option<i64>), StoreError>;

struct Job {
    one: AtOnce,
    reply: oneshot::Sender<Reply>,
}

/// The way to the thread.
pub(crate) struct Express {
    jobs: Mutex<Option<SyncSender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Express {
    /// Opens a writing connection; `turn` is held for each transaction, `tick` is moved after it.
    pub(crate) fn start(
        file: &Path,
        pragmas: &[(&'static str, &'static str)],
        turn: Arc<tokio::sync::Mutex<()>>,
        tick: Arc<watch::Sender<u64>>,
    ) -> Result<Self, StoreError> {
        let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
        for (name, value) in pragmas {
            conn.pragma_update(None, name, value).map_err(failed)?;
        }
        conn.set_prepared_statement_cache_capacity(256);
        let (jobs, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("express".into())
            .spawn(move || work(&conn, &queue, &turn, &tick))
            .map_err(|e| StoreError::Internal(e.to_string()))?;
        Ok(Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) })
    }

    /// Applies a push, on disk when this returns; hands it back beside.
    pub(crate) async fn apply(&self, one: AtOnce) -> Reply {
        let jobs = self.jobs.lock().ok().and_then(|jobs| jobs.clone()).ok_or(StoreError::Busy)?;
        let (reply, answer) = oneshot::channel();
        match jobs.try_send(Job { one, reply }) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => return Err(StoreError::Busy),
            // Without the thread it takes longer, and works.
            Err(TrySendError::Disconnected(job)) => return Ok((job.one, None)),
        }
        drop(jobs);
        answer.await.map_err(|_| StoreError::Internal("the express thread ended".into()))?
    }

    /// Refuses new jobs, finishes the waiting ones.
    pub(crate) async fn close(&self) {
        drop(self.jobs.lock().ok().and_then(|mut jobs| jobs.take()));
        let thread = self.thread.lock().ok().and_then(|mut thread| thread.take());
        if let Some(thread) = thread {
            let _ = tokio::task::spawn_blocking(move || thread.join()).await;
        }
    }
}

fn work(conn: &Connection, queue: &Receiver<Job>, turn: &tokio::sync::Mutex<()>, tick: &watch::Sender<u64>) {
    while let Ok(first) = queue.recv() {
        let turn = turn.blocking_lock();
        let mut group = vec![first];
        group.extend(queue.try_iter().take(GROUP - 1));
        // A push that panics must not take the thread, and everybody's pushes, with it.
        let done = std::panic::catch_unwind(AssertUnwindSafe(|| transaction(conn, &group)));
        if !matches!(done, Ok(Ok(_))) {
            // An error to ignore where SQLite has rolled back by itself.
            let _ = conn.execute_batch("ROLLBACK");
        }
        drop(turn);
        match done {
            Ok(Ok(numbers)) => {
                for (job, number) in group.into_iter().zip(numbers) {
                    // The caller may be gone; what was committed stays committed.
                    let _ = job.reply.send(Ok((job.one, number)));
                }
                tick.send_modify(|n| *n += 1);
            }
            failed => {
                let error = failed.ok().and_then(Result::err);
                let code = error.as_ref().and_then(rusqlite::Error::sqlite_error_code);
                if code == Some(ErrorCode::DatabaseBusy) {
                    // Who came meanwhile would wait as long again, and whoever comes after them longer still.
                    group.extend(queue.try_iter());
                }
                let jobs = group.len();
                for job in group {
                    let _ = job.reply.send(Err(match code {
                        Some(ErrorCode::DiskFull) => StoreError::Full,
                        Some(ErrorCode::DatabaseBusy) => StoreError::Busy,
                        _ => StoreError::Internal("the transaction failed".into()),
                    }));
                }
                tracing::error!(error = error.map_or_else(|| "panic".to_owned(), |e| e.to_string()), jobs, "a write transaction failed");
            }
        }
    }
}

/// Each push is kept whole or not at all, whatever happens to its neighbours.
fn transaction(conn: &Connection, group: &[Job]) -> rusqlite::Result<Vec<Option<i64>>> {
    conn.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let numbers = group.iter().map(|job| at_once::apply(conn, &job.one)).collect::<Result<_, _>>()?;
    conn.prepare_cached("COMMIT")?.execute([])?;
    Ok(numbers)
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::Database(sqlx::Error::Protocol(error.to_string()))
}
