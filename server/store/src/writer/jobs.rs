//! What waits for the writer, and what becomes of it.

use super::Boxed;
use crate::{
    StoreError,
    db::{Conn, Scope},
    push::together::{Applied, Incoming},
    samples::current::CurrentValues,
};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What to do with what a job wrote since its savepoint.
pub(crate) enum Keep<T> {
    /// Keep it and answer after the commit.
    Yes(T),
    /// Undo it and answer all the same: a dry run, or a refusal found half way.
    No(T),
}

/// What is to be done after a job, or after pushes that ran together.
pub(super) enum After {
    /// What they wrote is kept.
    Keep,
    /// What they wrote is undone.
    Undo,
    /// The same, and each runs again by itself.
    Part,
    /// The whole group ends: what one job waited for in vain, the next would wait for as long. With what these are told.
    GiveUp(StoreError),
}

/// What waits for the writer.
pub(super) enum Job {
    /// A push of metrics.
    Push {
        one: Arc<Incoming>,
        done: Option<Result<Applied, StoreError>>,
        reply: oneshot::Sender<Result<Applied, StoreError>>,
    },
    Other(Box<dyn Work>),
}

impl Job {
    /// On whose behalf it writes.
    pub(super) fn scope(&self) -> Scope {
        match self {
            Self::Push { one, .. } => Scope::Partner(one.push.org),
            Self::Other(work) => work.scope(),
        }
    }

    pub(super) const fn is_push(&self) -> bool {
        matches!(self, Self::Push { .. })
    }

    /// The current values that a push leaves.
    pub(super) fn values(&self) -> Option<&Arc<CurrentValues>> {
        if let Self::Push { done: Some(Ok(applied)), .. } = self { applied.values.as_ref() } else { None }
    }

    /// Answers the caller, after the commit or its failure.
    pub(super) fn finish(self, committed: Result<(), StoreError>) {
        match self {
            Self::Push { done, reply, .. } => {
                let result = match (done, committed) {
                    (Some(Err(error)), _) | (_, Err(error)) => Err(error),
                    (Some(Ok(applied)), Ok(())) => Ok(applied),
                    (None, Ok(())) => Err(StoreError::Internal("a push was not applied".into())),
                };
                // The caller may be gone; what was committed stays committed.
                let _ = reply.send(result);
            }
            Self::Other(work) => work.finish(committed),
        }
    }
}

/// A job that runs alone.
pub(super) trait Work: Send {
    fn scope(&self) -> Scope;
    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> Boxed<'c, After>;
    fn finish(self: Box<Self>, committed: Result<(), StoreError>);
}

pub(super) struct Task<T, F> {
    pub scope: Scope,
    pub work: Option<F>,
    pub result: Option<Result<T, StoreError>>,
    pub reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work for Task<T, F>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut Conn) -> Boxed<'c, Result<Keep<T>, StoreError>> + Send,
{
    fn scope(&self) -> Scope {
        self.scope
    }

    fn run<'c>(&'c mut self, conn: &'c mut Conn) -> Boxed<'c, After> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return After::Undo };
            let result = work(conn).await;
            let after = match &result {
                Ok(Keep::Yes(_)) => After::Keep,
                Err(error @ StoreError::Busy) => After::GiveUp(again(error)),
                Ok(Keep::No(_)) | Err(_) => After::Undo,
            };
            self.result = Some(result.map(|(Keep::Yes(value) | Keep::No(value))| value));
            after
        })
    }

    fn finish(self: Box<Self>, committed: Result<(), StoreError>) {
        let result = match (self.result, committed) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(ok), Ok(())) => ok,
            (None, Ok(())) => Err(StoreError::Internal("a write did not run".into())),
        };
        let _ = self.reply.send(result);
    }
}

/// The failure of a transaction, for each of its jobs.
pub(super) fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Full => StoreError::Full,
        StoreError::Busy => StoreError::Busy,
        StoreError::Database(e) => StoreError::Database(sqlx::Error::Protocol(format!("the transaction failed: {e}"))),
        _ => StoreError::Internal("the transaction failed".into()),
    }
}
