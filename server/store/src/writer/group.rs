//! A group of jobs in one transaction.

use super::jobs::{After, Job, Keep};
use crate::{
    StoreError,
    db::{Conn, Scope, on_conn},
    push::together::{Applied, Incoming, apply},
    samples::current::CurrentCache,
};
use futures_util::FutureExt;
use sqlx::AssertSqlSafe;
use std::{panic::AssertUnwindSafe, sync::Arc};

/// Before and after a job: kept, or undone.
const SAVE: &str = "SAVEPOINT job";
const SEAL: &str = "RELEASE job";
const RESTORE: &str = "ROLLBACK TO job; RELEASE job";

/// The jobs that are run at once, in their order: pushes of metrics that follow each other, and any other job alone.
fn at_once(group: &mut [Job]) -> impl Iterator<Item = &mut [Job]> {
    group.chunk_by_mut(|one, next| one.is_push() && next.is_push())
}

pub(super) async fn on_sqlite(conn: &mut Conn, current: &CurrentCache, group: &mut [Job]) -> Result<(), StoreError> {
    // What follows one job goes with what precedes the next: each execution is a trip to the thread that SQLite works in, and its two wake-ups cost more than
    // most statements.
    let mut pending = "BEGIN IMMEDIATE".to_owned();
    for jobs in at_once(group) {
        run(conn, current, jobs, &mut pending).await?;
    }
    then(&mut pending, "COMMIT");
    execute(conn, pending).await
}

pub(super) async fn on_postgres(conn: &mut Conn, current: &CurrentCache, group: &mut [Job]) -> Result<(), StoreError> {
    // Other nodes wait before they touch the first row of the same organisation. In the same order everywhere, so that none waits for another
    // that waits for it; the jobs of one organisation stay in theirs.
    group.sort_by_key(|job| job.scope().turn());
    // Again, each execution is a round trip.
    let mut pending = format!("BEGIN; {}", Scope::take_turns(group.iter().map(Job::scope)));
    if let Conn::Postgres(lane) = conn {
        lane.outbox.clear();
    }
    for jobs in at_once(group) {
        run(conn, current, jobs, &mut pending).await?;
    }
    if let Conn::Postgres(lane) = conn {
        lane.commit(&pending).await?;
    }
    Ok(())
}

/// Runs a job, or pushes together, in a savepoint after the statements that are pending, and leaves those that end it pending.
async fn run(conn: &mut Conn, current: &CurrentCache, jobs: &mut [Job], pending: &mut String) -> Result<(), StoreError> {
    then(pending, SAVE);
    let mut said = 0;
    match conn {
        Conn::Sqlite(_) => execute(conn, std::mem::take(pending)).await?,
        Conn::Postgres(lane) => {
            lane.scope = Scope::sql_of(jobs.iter().map(Job::scope));
            then(pending, &lane.scope);
            said = lane.outbox.len();
            sqlx::raw_sql(AssertSqlSafe(std::mem::take(pending))).execute(&mut lane.conn).await?;
        }
    }
    let after = guarded(jobs, current, conn).await;
    match after {
        After::GiveUp(error) => return Err(error),
        After::Keep => then(pending, SEAL),
        After::Undo | After::Part => {
            if let Conn::Postgres(lane) = conn {
                lane.outbox.truncate(said);
            }
            current.forget_written();
            then(pending, RESTORE);
        }
    }
    if let After::Part = after {
        for job in jobs.chunks_mut(1) {
            Box::pin(run(conn, current, job, pending)).await?;
        }
    }
    Ok(())
}

/// Runs a job alone, or pushes together. A job that panics must not take the lane, and everybody's pushes, with it.
async fn guarded(jobs: &mut [Job], current: &CurrentCache, conn: &mut Conn) -> After {
    if let [Job::Other(work)] = jobs {
        return AssertUnwindSafe(work.run(conn)).catch_unwind().await.unwrap_or(After::Undo);
    }
    let pushes: Vec<Arc<Incoming>> = jobs.iter().filter_map(|job| if let Job::Push { one, .. } = job { Some(Arc::clone(one)) } else { None }).collect();
    let panicked = || Err(StoreError::Internal("a push panicked".into()));
    let (all, after): (Vec<Result<Applied, StoreError>>, After) =
        match AssertUnwindSafe(apply(conn, current, &pushes)).catch_unwind().await.unwrap_or_else(|_| panicked()) {
            Ok(all) => (all.into_iter().map(|(Keep::Yes(applied) | Keep::No(applied))| Ok(applied)).collect(), After::Keep),
            Err(error @ (StoreError::Busy | StoreError::Full)) => return After::GiveUp(error),
            Err(error) if pushes.len() > 1 => {
                tracing::warn!(%error, pushes = pushes.len(), "of pushes that were applied together one failed; once more, each by itself");
                return After::Part;
            }
            Err(error) => (vec![Err(error)], After::Undo),
        };
    for (job, one) in jobs.iter_mut().zip(all) {
        if let Job::Push { done, .. } = job {
            *done = Some(one);
        }
    }
    after
}

/// Appends a statement.
fn then(pending: &mut String, sql: &str) {
    if !pending.is_empty() {
        pending.push_str("; ");
    }
    pending.push_str(sql);
}

pub(super) async fn execute(conn: &mut Conn, sql: String) -> Result<(), StoreError> {
    on_conn!(conn, c => sqlx::query(AssertSqlSafe(sql)).execute(&mut *c).await.map(drop))?;
    Ok(())
}
