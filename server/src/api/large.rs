//! Bodies that take a while to inflate and read: in their organisation's turn, and away from the threads that answer everybody.
//!
//! A body of a few kilobytes inflates to megabytes, and reading these takes as long as a thousand requests. So whatever is more than [`SMALL`] waits for
//! a turn of its organisation before it is inflated, and for one of few places, which it gives back once it is read: no more than [`AT_ONCE`] such bodies are
//! in memory at a time, whoever sent them. What is small is read at once.

use super::problem::Problem;
use crate::App;
use domain::OrgId;
use std::time::Duration;
use store::Turn;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Bytes, inflated, up to which a body is read at once.
pub const SMALL: usize = 64 << 10;
/// Large bodies that are inflated and read at once.
const AT_ONCE: usize = 2;

/// How long one waits for a place. Where the database hangs, those who have one wait for it, and the others would for all of them.
const WAIT: Duration = Duration::from_secs(10);

static PLACES: Semaphore = Semaphore::const_new(AT_ONCE);

/// A place for one large body. It goes with the work: a client that hangs up frees none while a core is still busy.
pub struct Place {
    turn: Turn,
    _permit: SemaphorePermit<'static>,
}

impl Place {
    /// Waits for a turn of an organisation, and then for a place.
    ///
    /// # Errors
    /// 503 where as many of the organisation's wait as may, or its turn or a place does not come.
    pub async fn take(app: &App, org: OrgId) -> Result<Self, Problem> {
        let turn = app.store.partner(org).turn().await?;
        let place = tokio::time::timeout(WAIT, PLACES.acquire()).await.map_err(|_| Problem::unavailable())?;
        let permit = place.map_err(|_| Problem::internal())?;
        Ok(Self { turn, _permit: permit })
    }

    /// Does the work on a thread where nobody waits for it.
    ///
    /// # Errors
    /// 500 where it panics.
    pub async fn work<T: Send + 'static>(self, work: impl FnOnce() -> T + Send + 'static) -> Result<(Self, T), Problem> {
        tokio::task::spawn_blocking(move || {
            let done = work();
            (self, done)
        })
        .await
        .map_err(|_| Problem::internal())
    }

    /// Gives the place back, and keeps the organisation's turn.
    #[must_use]
    pub fn into_turn(self) -> Turn {
        self.turn
    }
}
