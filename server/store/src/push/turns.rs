//! Turns: the large pushes of one organisation wait for each other, and not for everybody's.

use crate::StoreError;
use domain::OrgId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pushes of one organisation in the writer's queue at once, but for the usual ones, which are short.
const AT_WORK: usize = 2;
/// Those that wait for their turn.
const WAITING: usize = 62;
/// How long each of them waits. Where the database hangs, whoever comes last would otherwise wait for all the others' failures.
const TURN: Duration = Duration::from_secs(10);

/// The turn of one organisation for a large push, given back when dropped.
#[derive(Debug)]
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

/// Whose pushes are at work.
#[derive(Default)]
pub(crate) struct Turns {
    by_org: Mutex<HashMap<OrgId, Arc<Semaphore>>>,
}

impl Turns {
    /// Waits for a turn of an organisation.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where as many are waiting as may, or the turn does not come.
    pub async fn take(&self, org: OrgId) -> Result<Turn, StoreError> {
        let lost = |_| StoreError::Internal("the turns of pushes are lost".into());
        let turns = {
            let mut all = self.by_org.lock().map_err(|_| StoreError::Internal("the turns of pushes are lost".into()))?;
            Arc::clone(all.entry(org).or_insert_with(|| Arc::new(Semaphore::new(AT_WORK))))
        };
        // One is the map's, one is in hand.
        if Arc::strong_count(&turns) > 1 + AT_WORK + WAITING {
            return Err(StoreError::Busy);
        }
        let permit = tokio::time::timeout(TURN, turns.acquire_owned()).await.map_err(|_| StoreError::Busy)?.map_err(lost)?;
        Ok(Turn { _permit: permit })
    }
}
