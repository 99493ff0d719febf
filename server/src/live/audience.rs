//! Whether those behind open streams may still look: asked for all of them at once, because thousands of streams that each ask for themselves
//! would keep the database busy with nothing else.

use crate::{
    App,
    serving::{give_back, take},
};
use dashmap::DashMap;
use domain::Viewer;
use std::{collections::HashMap, sync::Arc, time::Duration};
use store::StoreError;
use tokio::sync::watch;

/// How often it is asked. A revocation must end streams within five seconds.
pub const RECHECK: Duration = Duration::from_secs(3);

/// Streams that one session may have open: a browser has one for all of its tabs, and some for a moment longer than it knows.
const PER_SESSION: usize = 16;
/// Streams that one person may have open, in however many browsers.
const PER_PERSON: usize = 48;

/// The SHA-256 of a session's id, as the store knows it.
type Hash = [u8; 32];
/// Of each session that was asked for: who is behind it, `None` for nobody any more.
pub type Answer = Arc<HashMap<Hash, Option<Viewer>>>;

/// The sessions with open streams on this node.
pub struct Audience {
    /// How many streams each has.
    open: DashMap<Hash, usize>,
    /// How many streams each person has, by number.
    people: DashMap<i64, usize>,
    answer: watch::Sender<Answer>,
}

impl Default for Audience {
    fn default() -> Self {
        Self { open: DashMap::new(), people: DashMap::new(), answer: watch::Sender::new(Answer::default()) }
    }
}

impl Audience {
    /// Asks for this session, too, from now until [`Audience::leave`]; `None` where it or its person has as many streams open as it may.
    pub fn join(&self, session: Hash, person: i64) -> Option<watch::Receiver<Answer>> {
        if !take(&self.people, person, PER_PERSON) {
            return None;
        }
        if !take(&self.open, session, PER_SESSION) {
            give_back(&self.people, person);
            return None;
        }
        Some(self.answer.subscribe())
    }

    pub fn leave(&self, session: Hash, person: i64) {
        give_back(&self.open, session);
        give_back(&self.people, person);
    }

    /// Asks once and tells the streams.
    ///
    /// # Errors
    /// When the database fails: nothing is told, and who may look goes on.
    pub async fn ask(&self, app: &App) -> Result<(), StoreError> {
        let sessions: Vec<Hash> = self.open.iter().map(|streams| *streams.key()).collect();
        if sessions.is_empty() {
            return Ok(());
        }
        let viewers = app.store.hub().viewers_of(&sessions, app.clock.now()).await?;
        let mut answer: HashMap<Hash, Option<Viewer>> = sessions.into_iter().map(|session| (session, None)).collect();
        answer.extend(viewers.into_iter().map(|(session, viewer)| (session, Some(viewer))));
        self.answer.send_replace(Arc::new(answer));
        Ok(())
    }
}

/// Asks again and again until the program stops.
pub async fn watch_over(app: App) {
    let mut stopping = app.live.stopping();
    loop {
        tokio::select! {
            () = tokio::time::sleep(RECHECK) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = app.live.audience.ask(&app).await {
            tracing::warn!(%error, "open streams: who is still signed in could not be asked");
        }
    }
}
