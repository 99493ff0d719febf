//! `GET /live`: server-sent events for one browser.
//!
//! `hello` on connecting, `change` with the topics that changed, `resync` when more was missed than is kept or other sharing rules hold, `state` when the hub loses its
//! database (`reconnecting`) and has it back (`live`), a comment every 15 s.
//! Who may learn a topic is asked for each frame, and whether the viewer is still signed in every few seconds (see
//! [`audience`](super::audience)): a revocation ends the stream.

use super::{
    audience,
    frame::{Frame, Missed},
};
use crate::{App, auth, serving};
use axum::{
    extract::{Query, State},
    http::{Extensions, HeaderMap, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use domain::Viewer;
use futures::Stream;
use serde::Deserialize;
use std::{convert::Infallible, sync::Arc, sync::atomic::Ordering, time::Duration};
use tokio::sync::{
    broadcast::{Receiver, error::RecvError},
    watch,
};
use tower_sessions::Session;

/// Streams one node serves.
const MOST: usize = 20_000;

#[derive(Deserialize)]
pub struct After {
    /// The last id seen by another tab of the same browser.
    after: Option<i64>,
}

/// Opens a stream.
pub async fn stream(State(app): State<App>, session: Session, extensions: Extensions, headers: HeaderMap, Query(query): Query<After>) -> Response {
    let viewer = match auth::signed_in(&app, &session).await {
        Ok(Some(who)) if !who.must_enrol => {
            serving::identify(&extensions, who.session);
            who.viewer
        }
        // 204 tells an EventSource to stay away; a status of failure would make it try for ever.
        Ok(_) => return StatusCode::NO_CONTENT.into_response(),
        Err(error) => {
            tracing::error!(%error, "live stream");
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
    };
    if app.live.streams() >= MOST {
        return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "30")], "Too many pages are open.\n").into_response();
    }
    let last_id = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let Some(id) = session.id() else { return StatusCode::NO_CONTENT.into_response() };
    let session = auth::sessions::hash(&id);
    let Some((open, signed_in)) = Open::new(app, session) else {
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "30")], "You have too many pages open.\n").into_response();
    };
    let events = events(open, signed_in, viewer, last_id.or(query.after));
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15))).into_response()
}

/// A stream that is counted while it is open.
struct Open {
    app: App,
    session: [u8; 32],
}

impl Open {
    /// `None` where the session has as many streams open as it may.
    fn new(app: App, session: [u8; 32]) -> Option<(Self, watch::Receiver<audience::Answer>)> {
        let signed_in = app.live.audience.join(session)?;
        app.live.streams.fetch_add(1, Ordering::Relaxed);
        Some((Self { app, session }, signed_in))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.app.live.streams.fetch_sub(1, Ordering::Relaxed);
        self.app.live.audience.leave(&self.session);
    }
}

fn change(seq: i64, topics: &str) -> Event {
    Event::default().event("change").id(seq.to_string()).data(topics)
}

/// The page must read everything again.
fn resync(seq: i64) -> Event {
    Event::default().event("resync").id(seq.to_string()).data("{}")
}

fn events(open: Open, signed_in: watch::Receiver<audience::Answer>, viewer: Viewer, after: Option<i64>) -> impl Stream<Item = Result<Event, Infallible>> {
    let app = &open.app;
    let (receiver, missed) = app.live.frames().listen(after, viewer.org, &app.live.board().sharing);
    let mut first = vec![];
    match missed {
        Missed::Topics(seq, topics) => {
            first.push(Event::default().event("hello").id(seq.to_string()).data(format!("{{\"seq\":{seq}}}")));
            first.extend(topics.map(|t| change(seq, &t)));
        }
        Missed::TooMuch(seq) => first.push(resync(seq)),
    }
    let stopping = app.live.stopping();
    let mut follows = app.live.follows();
    if !*follows.borrow() {
        follows.mark_changed();
    }
    let state = Following { open, viewer, receiver, stopping, signed_in, follows };
    futures::StreamExt::chain(
        futures::stream::iter(first.into_iter().map(Ok)),
        futures::stream::unfold(state, |mut state| async move { state.next().await.map(|event| (Ok(event), state)) }),
    )
}

struct Following {
    open: Open,
    viewer: Viewer,
    receiver: Receiver<Arc<Frame>>,
    stopping: watch::Receiver<bool>,
    signed_in: watch::Receiver<audience::Answer>,
    follows: watch::Receiver<bool>,
}

impl Following {
    /// The next event; `None` ends the stream.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let received = tokio::select! {
                _ = self.stopping.wait_for(|s| *s) => return None,
                _ = self.signed_in.changed() => None,
                _ = self.follows.changed() => {
                    let state = if *self.follows.borrow_and_update() { "live" } else { "reconnecting" };
                    return Some(Event::default().event("state").data(format!("{{\"state\":\"{state}\"}}")));
                }
                received = self.receiver.recv() => Some(received),
            };
            let Some(received) = received else {
                self.recheck()?;
                continue;
            };
            match received {
                Ok(frame) if frame.resync => return Some(resync(frame.seq)),
                Ok(frame) => {
                    if let Some(topics) = frame.for_org(self.viewer.org) {
                        return Some(change(frame.seq, &topics));
                    }
                }
                // Too slow for the beat: it must read everything again, but loses nothing for good.
                Err(RecvError::Lagged(_)) => return Some(resync(self.open.app.live.board().seq)),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    fn recheck(&mut self) -> Option<()> {
        let answer = Arc::clone(&self.signed_in.borrow_and_update());
        // A stream that came after the question is not in the answer.
        if let Some(now) = answer.get(&self.open.session) {
            self.viewer = (*now)?;
        }
        Some(())
    }
}
