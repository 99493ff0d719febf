//! `GET /live`: server-sent events for one browser.
//!
//! `hello` on connecting, `change` with the topics that changed, `resync` when more was missed than is kept, a comment every 15 s.
//! Who may learn a topic is asked for each frame, and whether the viewer is still signed in every few seconds: a
//! revocation ends the stream.

use super::frame::{Frame, Missed};
use crate::{App, auth};
use axum::{
    extract::{Query, State},
    http::{HeaderMap, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::Viewer;
use futures::Stream;
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc, sync::atomic::Ordering, time::Duration};
use tokio::sync::broadcast::{Receiver, error::RecvError};
use tower_sessions::Session;

/// Streams one node serves.
const MOST: usize = 20_000;
/// How often it is asked whether the viewer may still look.
const RECHECK: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
pub struct After {
    /// The last id seen by another tab of the same browser.
    after: Option<i64>,
}

/// Opens a stream.
pub async fn stream(State(app): State<App>, session: Session, headers: HeaderMap, Query(query): Query<After>) -> Response {
    let viewer = match auth::signed_in(&app, &session).await {
        Ok(Some(who)) => who.viewer,
        // 204 tells an EventSource to stay away; a status of failure would make it try for ever.
        Ok(None) => return StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            tracing::error!(%error, "live stream");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    if app.live.streams() >= MOST {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")], "Too many pages are open.\n").into_response();
    }
    let last_id = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let events = events(app, session, viewer, last_id.or(query.after));
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

struct Open(App);

impl Open {
    fn new(app: App) -> Self {
        app.live.streams.fetch_add(1, Ordering::Relaxed);
        Self(app)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.live.streams.fetch_sub(1, Ordering::Relaxed);
    }
}

fn change(seq: i64, topics: &str) -> Event {
    Event::default().event("change").id(seq.to_string()).data(topics)
}

fn events(app: App, session: Session, viewer: Viewer, after: Option<i64>) -> impl Stream<Item = Result<Event, Infallible>> {
    let (receiver, missed) = app.live.frames().listen(after, viewer.org);
    let mut first = vec![];
    match missed {
        Missed::Topics(seq, topics) => {
            first.push(Event::default().event("hello").id(seq.to_string()).data(format!("{{\"seq\":{seq}}}")));
            first.extend(topics.map(|t| change(seq, &t)));
        }
        Missed::TooMuch(seq) => first.push(Event::default().event("resync").id(seq.to_string()).data("{}")),
    }
    let stopping = app.live.stopping();
    let state = Following { open: Open::new(app), session, viewer, receiver, stopping, checked: tokio::time::Instant::now() };
    futures::StreamExt::chain(
        futures::stream::iter(first.into_iter().map(Ok)),
        futures::stream::unfold(state, |mut state| async move { state.next().await.map(|event| (Ok(event), state)) }),
    )
}

struct Following {
    open: Open,
    session: Session,
    viewer: Viewer,
    receiver: Receiver<Arc<Frame>>,
    stopping: tokio::sync::watch::Receiver<bool>,
    checked: tokio::time::Instant,
}

impl Following {
    /// The next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let received = tokio::select! {
                _ = self.stopping.wait_for(|s| *s) => return None,
                () = tokio::time::sleep_until(self.checked + RECHECK) => None,
                received = self.receiver.recv() => Some(received),
            };
            let Some(received) = received else {
                self.recheck().await?;
                continue;
            };
            match received {
                Ok(frame) => {
                    if let Some(topics) = frame.for_org(self.viewer.org) {
                        return Some(change(frame.seq, &topics));
                    }
                }
                // Too slow for the beat: it must read everything again, but loses nothing for good.
                Err(RecvError::Lagged(_)) => return Some(Event::default().event("resync").id(self.open.0.live.board().seq.to_string()).data("{}")),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    async fn recheck(&mut self) -> Option<()> {
        self.checked = tokio::time::Instant::now();
        match auth::still_signed_in(&self.open.0, &self.session).await {
            Ok(Some(who)) => self.viewer = who.viewer,
            Ok(None) => return None,
            // The database is away: keep the stream, and what it may learn, until it can be asked again.
            Err(error) => tracing::warn!(%error, "live stream: recheck"),
        }
        Some(())
    }
}
