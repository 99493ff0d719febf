//! The live view: what was committed becomes what open pages learn.
//!
//! One task follows the outbox. For each batch of changes it refreshes the [`board`] of the organisations concerned, and
//! only then publishes a [`frame`]: a browser that asks because of a frame finds at least what the frame told. A commit wakes
//! the task at once; a poll every second heals whatever was missed (another process, another node) and lets time pass:
//! freshness changes by itself.

mod aggregates;
pub mod audience;
mod backfill;
pub mod board;
pub mod frame;
pub mod hiding;
pub mod history;
pub mod position;
pub mod rules;
pub mod sse;
pub mod topic;

use crate::{App, api::submit::InFlight, auth::seal::Seal};
use arc_swap::ArcSwap;
use audience::Audience;
use backfill::Backfill;
use board::{Aged, Board};
use domain::{OrgId, Timestamp, aggregate::week_of};
use frame::{Frame, Frames};
use position::Positions;
use rules::Rules;
use std::{
    collections::BTreeSet,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use store::{Change, Store, StoreError};
use tokio::sync::watch;

/// Frames are at least this far apart, so that a storm of pushes becomes a steady beat; where a step takes longer than half of it, twice as long as
/// that step, because the pushes need the database, too.
const BEAT: Duration = Duration::from_millis(20);
/// How often the organisations are read again: who was made on the command line or at another hub stands on the pages of all with the next look.
const RELOAD: i64 = domain::SECOND;
/// How often it is asked whether sharing rules, policy or alert level changed, and whether a decision's time is over. A change must take effect
/// within five seconds, in open streams too.
const SHARING: i64 = 2 * domain::SECOND;
/// How long somebody who decided something, or whose organisation was made a moment ago, waits for the board.
const PATIENCE: Duration = Duration::from_secs(2);
/// A step that takes longer makes the view stale, and open pages say so.
const LATE: Duration = Duration::from_secs(5);
/// How often today's scores are written.
const SAVE: i64 = 15 * domain::SECOND;

/// What is known now, and who listens. One for the whole program.
pub struct Live {
    board: ArcSwap<Board>,
    frames: Frames,
    positions: OnceLock<Positions>,
    pub in_flight: InFlight,
    streams: AtomicUsize,
    pub audience: Audience,
    follows: watch::Sender<bool>,
    /// How often it was asked to look at organisations, rules, policy and alert level at once, and up to which asking that was done.
    asked: watch::Sender<u64>,
    looked: watch::Sender<u64>,
    stopping: watch::Sender<bool>,
    assets: OnceLock<String>,
}

impl Live {
    /// Reads the whole board from the database.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let (seq, _) = store.hub().outbox_bounds().await?;
        let board = Board::load(store, now, seq).await?;
        Ok(Self {
            frames: Frames::new(seq, &board),
            positions: OnceLock::new(),
            board: ArcSwap::from_pointee(board),
            in_flight: InFlight::default(),
            streams: AtomicUsize::new(0),
            audience: Audience::default(),
            follows: watch::channel(true).0,
            asked: watch::channel(0).0,
            looked: watch::channel(0).0,
            stopping: watch::channel(false).0,
            assets: OnceLock::new(),
        })
    }

    /// The newest board. Holding it keeps that moment.
    #[must_use]
    pub fn board(&self) -> Arc<Board> {
        self.board.load_full()
    }

    #[must_use]
    pub fn frames(&self) -> &Frames {
        &self.frames
    }

    /// How positions in the stream leave this hub, under a key made of its seal.
    pub fn positions(&self, seal: &Seal) -> &Positions {
        self.positions.get_or_init(|| Positions::new(seal))
    }

    /// Open streams.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    /// Ends open streams and the following of the outbox.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// Whether the board follows the database; false while the database does not answer.
    #[must_use]
    pub fn follows(&self) -> watch::Receiver<bool> {
        self.follows.subscribe()
    }

    fn set_follows(&self, follows: bool) {
        self.follows.send_if_modified(|old| std::mem::replace(old, follows) != follows);
    }

    /// Sees that the board has an organisation that the database has. One that was made on the command line or at another hub is not there yet when
    /// its first push comes; then this waits for the next look. Where the database does not answer, the board is left without it.
    pub async fn know(&self, org: OrgId) {
        if self.board().org(org).is_none() {
            self.look_now().await;
        }
    }

    /// Looks at organisations, rules, policy and alert level again, and returns once the board goes by them: who decided something finds it in force with his
    /// next page. Where the database does not answer, this takes no longer than a moment, and what was decided comes a little later.
    pub async fn look_now(&self) {
        let mut mine = 0;
        self.asked.send_modify(|asked| {
            *asked += 1;
            mine = *asked;
        });
        let mut looked = self.looked.subscribe();
        let done = tokio::time::timeout(PATIENCE, looked.wait_for(|upto| *upto >= mine)).await;
        if done.is_err() {
            tracing::warn!("the board does not follow yet");
        }
    }

    /// Turns true when the program stops.
    #[must_use]
    pub fn stopping(&self) -> watch::Receiver<bool> {
        self.stopping.subscribe()
    }

    /// Where the browser finds the static files; set once at the start.
    pub fn set_assets_base(&self, base: String) {
        let _ = self.assets.set(base);
    }

    #[must_use]
    pub fn assets_base(&self) -> String {
        self.assets.get().cloned().unwrap_or_default()
    }

    /// Reads the whole board anew, and tells nobody. For what was set up before anybody looks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reload(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let board = Board::load(store, now, self.board().seq).await?;
        self.frames.set_rules(&board);
        self.board.store(Arc::new(board));
        Ok(())
    }
}

/// Follows the outbox until the program stops.
pub async fn follow(app: App) {
    let mut commits = app.store.commits();
    let mut stopping = app.live.stopping();
    let mut asked = app.live.asked.subscribe();
    let mut state = Following::new(app.clock.now());
    let mut poll = tokio::time::interval(Duration::from_secs(1));
    poll.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !*stopping.borrow() {
        tokio::select! {
            _ = commits.changed() => {}
            _ = poll.tick() => {}
            _ = asked.changed() => {}
            _ = stopping.changed() => break,
        }
        let began = tokio::time::Instant::now();
        let done = {
            let mut step = std::pin::pin!(state.step(&app));
            match tokio::time::timeout(LATE, &mut step).await {
                Ok(done) => done,
                Err(_) => {
                    app.live.set_follows(false);
                    step.await
                }
            }
        };
        app.live.set_follows(done.is_ok());
        if let Err(error) = done {
            tracing::error!(%error, "the live view could not follow");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        tokio::time::sleep_until(began + BEAT.max(2 * began.elapsed())).await;
    }
    state.backfill.stop().await;
    if let Err(error) = state.save(&app, app.clock.now()).await {
        tracing::error!(%error, "today's scores could not be saved");
    }
}

/// Whether something is to be done again. A clock that was set back must not put it off until the old time comes again.
fn is_due(last: Timestamp, now: Timestamp, every: i64) -> bool {
    !(0..every).contains(&now.since(last))
}

struct Following {
    reloaded: Timestamp,
    shared: Timestamp,
    /// The week whose totals are on the board.
    week: i64,
    saved: Timestamp,
    /// Organisations whose scores of today differ from the saved ones.
    unsaved: BTreeSet<OrgId>,
    backfill: Backfill,
    /// Organisations whose stored scores of earlier days are other than the board's.
    other_days: BTreeSet<OrgId>,
}

impl Following {
    fn new(now: Timestamp) -> Self {
        Self {
            reloaded: now,
            shared: now,
            week: week_of(now.day()),
            saved: now,
            unsaved: BTreeSet::new(),
            backfill: Backfill::default(),
            other_days: BTreeSet::new(),
        }
    }

    async fn step(&mut self, app: &App) -> Result<(), StoreError> {
        let now = app.clock.now();
        let asked = *app.live.asked.borrow();
        let at_once = asked > *app.live.looked.borrow();
        let mut board = Board::clone(&app.live.board());
        let missed = self.backfill.missed(app, board.seq).await?;
        self.note(&missed, now);
        let changes = app.store.hub().changes_after(board.seq, 4_000).await?;
        // Before anything is read again, which lets time pass, too, and would not tell.
        let aged = board.pass_time(now);
        let mut changed_orgs: BTreeSet<OrgId> = aged.iter().map(|aged| aged.org).collect();
        let mut other_rules = false;
        if at_once || is_due(self.reloaded, now, RELOAD) {
            self.reloaded = now;
            let reloaded = board.reload(&app.store, now).await?;
            other_rules |= !reloaded.is_empty();
            changed_orgs.extend(reloaded);
        }
        if at_once || is_due(self.shared, now, SHARING) {
            self.shared = now;
            // A decision that cannot be ended must not stop the live view.
            if let Err(error) = app.store.hub().settle_decisions(now).await {
                tracing::warn!(%error, "decisions whose time is over");
            }
            let decided = board.reload_sharing(&app.store).await?;
            other_rules |= decided;
            // What was decided may be a policy.
            if decided {
                self.reloaded = now;
                changed_orgs.extend(board.reload(&app.store, now).await?);
            }
            // A new week has new totals, and new rules may be the first that allow one.
            if decided || week_of(now.day()) != self.week {
                other_rules |= board.reload_shown(&app.store, now).await?;
                self.week = week_of(now.day());
            }
        }
        board.refresh(&app.store, &changes, now).await?;
        if !changes.is_empty() || !changed_orgs.is_empty() || other_rules {
            self.note(&changes, now);
            self.unsaved.extend(&changed_orgs);
            board.seq = changes.last().map_or(board.seq, |c| c.seq);
            // Each stream looks for itself whether other rules mean something else for its reader.
            let rules = if other_rules { Rules::of(&board) } else { app.live.frames.rules() };
            let frame = Frame::new(&board, rules, &changes, &aged);
            publish(app, board, frame);
        }
        if at_once {
            app.live.looked.send_replace(asked);
        }
        if let Some(made) = self.backfill.finished(now) {
            self.other_days.extend(&made);
            // Today's were written, too, from what was known when the task came to it.
            self.unsaved.extend(made);
        }
        if is_due(self.saved, now, SAVE) {
            self.save(app, now).await?;
            let board = app.live.board();
            self.backfill.start(now, |org| board.org(org).is_some(), |histories| backfill::rebuild(app.clone(), histories));
        }
        if self.other_days.is_empty() { Ok(()) } else { self.reload_days(app, now).await }
    }

    fn note(&mut self, changes: &[Change], now: Timestamp) {
        self.unsaved.extend(changes.iter().map(|c| c.org));
        self.backfill.note(changes, now);
    }

    /// Writes today's scores of what changed. Where it fails, they are written the next time.
    async fn save(&mut self, app: &App, now: Timestamp) -> Result<(), StoreError> {
        let midnight = now.day() != self.saved.day();
        self.saved = now;
        let board = app.live.board();
        if midnight {
            self.unsaved.extend(board.orgs().map(|o| o.info.id));
            self.other_days.extend(board.orgs().map(|o| o.info.id));
        }
        let rows: Vec<_> = self.unsaved.iter().filter_map(|id| board.org(*id)).filter_map(|o| o.today(&board, now)).collect();
        if !rows.is_empty() {
            app.store.hub().set_days(rows).await?;
        }
        self.unsaved.clear();
        self.backfill.mark(app, board.seq).await
    }

    /// Shows the earlier days as they are stored now.
    async fn reload_days(&mut self, app: &App, now: Timestamp) -> Result<(), StoreError> {
        let mut board = Board::clone(&app.live.board());
        // Each of a few by itself is less than all.
        let few = self.other_days.len() * 3 <= board.orgs().count();
        let changed: Vec<Aged> = if few { board.reload_days_of(&app.store, &self.other_days, now).await? } else { board.reload_days(&app.store, now).await? };
        self.other_days.clear();
        let frame = Frame::new(&board, app.live.frames.rules(), &[], &changed);
        publish(app, board, frame);
        Ok(())
    }
}

/// The board first, so that who asks because of the frame finds it.
fn publish(app: &App, board: Board, frame: Frame) {
    app.live.board.store(Arc::new(board));
    app.live.frames.publish(frame);
}
