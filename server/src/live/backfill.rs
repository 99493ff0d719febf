//! Histories to be made again: where older data came, the stored daily scores are wrong until they are.
//!
//! One task at a time works through them beside the follower, so that open pages learn the present meanwhile. A mark in the database says up
//! to which change the stored scores are right; what came after it is read again at the start, so however the program ended, no history
//! stays wrong. Each node does this for itself: making a history twice gives the same.

use super::history;
use crate::App;
use domain::{DAY, OrgId, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    ops::Range,
};
use store::{Change, StoreError};
use tokio::task::JoinSet;

/// The mark's name among the settings of the alliance.
const MARK: &str = "history_outbox_seq";
/// Changes of before the start that are read in one step: many, yet open pages do not notice.
const BATCH: i64 = 20_000;

/// Organisations, and from which moment on each one's history must be made again.
type Histories = BTreeMap<OrgId, Timestamp>;

/// What is to be made again, and the task that does it.
#[derive(Default)]
pub(super) struct Backfill {
    noted: Histories,
    /// At most one task; it returns what it failed at, and ends with this.
    run: JoinSet<Histories>,
    /// What the task was given, and when.
    taken: Histories,
    began: Timestamp,
    /// The changes of before the start that may not be in the stored scores: those after the first number, up to the last.
    unread: Range<i64>,
    /// Where the mark was when last seen; `None` before it was read.
    marked: Option<i64>,
}

impl Backfill {
    /// Changes of before the start that the stored scores may lack, a batch at each call; `seq` is what the board has applied.
    ///
    /// # Errors
    /// When the database fails; the next call goes on from there.
    pub async fn missed(&mut self, app: &App, seq: i64) -> Result<Vec<Change>, StoreError> {
        if self.marked.is_none() {
            let stored = stored_mark(app).await?;
            if stored.is_none() {
                // A database of before there was a mark: what it lacks is not known. From now on it is.
                app.store.hub().set_meta(MARK, seq.to_string()).await?;
            }
            let marked = stored.unwrap_or(seq);
            self.unread = marked..seq;
            self.marked = Some(marked);
        }
        if self.unread.is_empty() {
            return Ok(vec![]);
        }
        let changes = app.store.hub().changes_after(self.unread.start, BATCH).await?;
        self.unread.start = changes.last().map_or(self.unread.end, |c| c.seq);
        Ok(changes)
    }

    /// Notes the histories that changes made wrong.
    pub fn note(&mut self, changes: &[Change], now: Timestamp) {
        let older = changes.iter().filter(|c| c.what.is_scored() && c.since.day() < now.day());
        self.keep(older.map(|c| (c.org, c.since)));
    }

    fn keep(&mut self, histories: impl IntoIterator<Item = (OrgId, Timestamp)>) {
        for (org, since) in histories {
            match self.noted.entry(org) {
                Entry::Vacant(entry) => drop(entry.insert(since)),
                Entry::Occupied(mut entry) => *entry.get_mut() = since.min(*entry.get()),
            }
        }
    }

    /// Hands what was noted to a task, unless one is at work still. Organisations that the board does not know yet wait until it does.
    pub fn start<W>(&mut self, now: Timestamp, known: impl Fn(OrgId) -> bool, work: impl FnOnce(Histories) -> W)
    where
        W: Future<Output = Histories> + Send + 'static,
    {
        if !self.run.is_empty() {
            return;
        }
        let (taken, unknown): (Histories, Histories) = std::mem::take(&mut self.noted).into_iter().partition(|(org, _)| known(*org));
        self.noted = unknown;
        if taken.is_empty() {
            return;
        }
        self.run.spawn(work(taken.clone()));
        (self.taken, self.began) = (taken, now);
    }

    /// Once the task has ended: the organisations whose histories it made again. The others are noted again.
    pub fn finished(&mut self, now: Timestamp) -> Option<BTreeSet<OrgId>> {
        let ended = self.run.try_join_next()?;
        let taken = std::mem::take(&mut self.taken);
        let failed = ended.unwrap_or_else(|error| {
            tracing::error!(%error, "the task that makes histories again failed");
            taken.clone()
        });
        let made: BTreeSet<OrgId> = taken.into_keys().filter(|org| !failed.contains_key(org)).collect();
        self.keep(failed);
        if self.began.day() < now.day() {
            // What came before midnight may have been saved already when the task wrote that day as it saw it earlier.
            let began = self.began;
            self.keep(made.iter().map(|org| (*org, began)));
        }
        Some(made)
    }

    /// Ends the task where it is. What it was given is not marked as done, so the next start does it.
    pub async fn stop(&mut self) {
        self.run.shutdown().await;
        let taken = std::mem::take(&mut self.taken);
        self.keep(taken);
    }

    fn is_idle(&self) -> bool {
        self.noted.is_empty() && self.taken.is_empty() && self.unread.is_empty()
    }

    /// Moves the mark forward to `seq`, up to which the scores of today are stored, where the earlier days' are, too.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark(&mut self, app: &App, seq: i64) -> Result<(), StoreError> {
        if !self.is_idle() || self.marked.is_none_or(|marked| seq <= marked) {
            return Ok(());
        }
        // Another node may be further.
        let stored = stored_mark(app).await?.filter(|stored| *stored >= seq);
        if stored.is_none() {
            app.store.hub().set_meta(MARK, seq.to_string()).await?;
        }
        self.marked = Some(stored.unwrap_or(seq));
        Ok(())
    }
}

async fn stored_mark(app: &App) -> Result<Option<i64>, StoreError> {
    Ok(app.store.hub().meta(MARK).await?.and_then(|text| text.parse().ok()))
}

/// Makes histories again, one after the other; returns those at which it failed.
pub(super) async fn rebuild(app: App, histories: Histories) -> Histories {
    let mut failed = Histories::new();
    for (org, from) in histories {
        if let Err(error) = history::rebuild(&app, org, from.plus(-DAY)).await {
            tracing::error!(%error, org = org.0, "a history could not be made again; it is tried again");
            failed.insert(org, from);
        }
    }
    failed
}

#[cfg(test)]
#[path = "backfill_tests.rs"]
mod tests;
