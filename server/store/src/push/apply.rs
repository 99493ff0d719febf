//! What an organisation's machines do: they push, in its turn and at its cost.

use super::{
    ByteQuota, Items, Mode, Outcome, OverQuota, Push, state,
    together::{Applied, Incoming, apply_one},
    turns::Turn,
};
use crate::{StoreError, writer::Keep};
use domain::Timestamp;
use std::{sync::Arc, time::Instant};

/// How often a push that met another node's is tried again.
const RACES: u32 = 5;

impl crate::Partner<'_> {
    /// Applies a push: data, receipt, outbox and idempotency in one transaction, on disk when this returns.
    ///
    /// # Errors
    /// When the database fails or is overloaded; then nothing of the push is kept.
    pub async fn push(&self, push: Push, items: Items) -> Result<Outcome, StoreError> {
        self.push_in_turn(None, push, items).await
    }

    /// Waits for a turn of the organisation, for a push that is large before its items are known.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where as many are waiting as may, or the turn does not come.
    pub async fn turn(&self) -> Result<Turn, StoreError> {
        self.store.inner.turns.take(self.org).await
    }

    /// Counts bytes of the day that were read, whether anything comes of them; says whether the organisation has more than it may.
    ///
    /// # Errors
    /// When the database fails or is overloaded.
    pub async fn charge(&self, bytes: u64, quota: ByteQuota, at: Timestamp) -> Result<Option<OverQuota>, StoreError> {
        let org = self.org;
        let writer = &self.store.inner.writer;
        writer.run(self.scope(), move |conn| Box::pin(async move { Ok(Keep::Yes(state::charge(conn, org, bytes, quota, at).await?)) })).await
    }

    /// As [`Partner::push`](crate::Partner::push), in the turn that was taken for it.
    ///
    /// # Errors
    /// As [`Partner::push`](crate::Partner::push).
    pub async fn push_in_turn(&self, turn: Option<Turn>, push: Push, items: Items) -> Result<Outcome, StoreError> {
        debug_assert_eq!(push.org, self.org, "a partner pushes for itself");
        let org = self.org;
        let inner = &self.store.inner;
        let since = Instant::now();
        let alliance = match &items {
            Items::Indicators(_) => Some(self.store.alliance_keys().await?),
            _ => None,
        };
        let dry_run = push.dry_run;
        // One organisation's large pushes take turns among themselves, not with everybody's forms.
        let _turn = match turn {
            None if push.mode == Mode::Snapshot || !items.is_short() => Some(inner.turns.take(org).await?),
            turn => turn,
        };
        let (bytes, received_at) = (push.bytes, push.received_at);
        let uncharged = push.quota.filter(|_| !push.charged);
        // Else the work on what leaves nothing behind would be free.
        if let Some(quota) = uncharged.filter(|_| dry_run)
            && let Some(over) = self.charge(bytes, quota, received_at).await?
        {
            return Ok(Outcome::OverQuota(over));
        }
        let one = Arc::new(Incoming { push, items, alliance, since });
        let mut races = 0;
        loop {
            let epoch = inner.current.epoch();
            let work = async {
                let (one, current) = (Arc::clone(&one), Arc::clone(&inner.current));
                match one.items {
                    Items::Metrics(_) => inner.writer.push(one).await,
                    _ => inner.writer.run(self.scope(), move |conn| Box::pin(async move { apply_one(conn, &current, one).await })).await,
                }
            };
            match work.await {
                Ok(Applied { outcome, values, folds }) => {
                    if let Some(values) = values {
                        inner.current.commit(values, epoch);
                    }
                    if folds {
                        self.store.fold_soon(org);
                    }
                    if let Some(quota) = uncharged.filter(|_| !dry_run && outcome.was_undone()) {
                        self.charge(bytes, quota, received_at).await?;
                    }
                    return Ok(outcome);
                }
                Err(error) if error.is_race() && races < RACES => {
                    tracing::info!(%error, org = org.0, "a push met another node's; once more");
                    races += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }
}
