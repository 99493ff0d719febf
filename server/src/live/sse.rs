//! `GET /live`: server-sent events for one browser.
//!
//! `hello` on connecting, `change` with the topics that changed, `resync` when what was missed cannot be told or other rules mean something else for the
//! reader, `state` when the hub loses its database (`reconnecting`) and has it back (`live`), a comment every 15 s. The id of an event is where the
//! reader stands after it: see [`position`](super::position).
//! Who may learn a topic is asked for each frame, and whether the viewer is still signed in every few seconds (see
//! [`audience`](super::audience)): a revocation ends the stream.

use super::{
    audience,
    frame::{Frame, Listening, Start},
    position::Position,
};
use crate::{App, auth, serving};
use axum::{
    extract::{Query, State},
    http::{Extensions, HeaderMap, HeaderName, StatusCode, header},
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
    /// The last id seen by another tab of the same browser, or the one that the page was made at.
    after: Option<String>,
}

/// Opens a stream.
pub async fn stream(State(app): State<App>, session: Session, extensions: Extensions, headers: HeaderMap, Query(query): Query<After>) -> Response {
    let (viewer, user) = match auth::signed_in(&app, &session).await {
        Ok(Some(who)) if !who.must_enrol => {
            serving::identify(&extensions, who.party());
            (who.viewer, who.user.id)
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
    // One that cannot be read is no reason to refuse: its reader reads everything again.
    let last_id = headers.get("last-event-id").map(|v| v.to_str().unwrap_or("?").to_owned());
    let Some(id) = session.id() else { return StatusCode::NO_CONTENT.into_response() };
    let session = auth::sessions::hash(&id);
    let Some((open, signed_in)) = Open::new(app, (session, user)) else {
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "30")], "You have too many pages open.\n").into_response();
    };
    let events = events(open, signed_in, viewer, last_id.or(query.after));
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    // nginx holds answers back until it has a buffer full, unless they say this.
    ([(HeaderName::from_static("x-accel-buffering"), "no")], sse).into_response()
}

/// A stream that is counted while it is open.
struct Open {
    app: App,
    session: [u8; 32],
    /// The person's number.
    user: i64,
}

impl Open {
    /// `None` where the session, or its person, has as many streams open as it may.
    fn new(app: App, (session, user): ([u8; 32], i64)) -> Option<(Self, watch::Receiver<audience::Answer>)> {
        let signed_in = app.live.audience.join(session, user)?;
        app.live.streams.fetch_add(1, Ordering::Relaxed);
        Some((Self { app, session, user }, signed_in))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.app.live.streams.fetch_sub(1, Ordering::Relaxed);
        self.app.live.audience.leave(self.session, self.user);
    }
}

fn events(open: Open, signed_in: watch::Receiver<audience::Answer>, viewer: Viewer, after: Option<String>) -> impl Stream<Item = Result<Event, Infallible>> {
    let app = &open.app;
    let positions = app.live.positions(&app.seal);
    let after = after.map(|text| positions.read(viewer.org, &text));
    let Listening { receiver, start, position } = app.live.frames().listen(viewer.org, after);
    let event = |kind: &str| Event::default().event(kind).id(positions.write(viewer.org, position));
    let first = match start {
        Start::Hello(None) => vec![event("hello").data("{}")],
        // Without an id: who goes away between the two has missed the same still.
        Start::Hello(Some(topics)) => vec![Event::default().event("hello").data("{}"), event("change").data(topics)],
        Start::Resync => vec![event("resync").data("{}")],
    };
    let stopping = app.live.stopping();
    let mut follows = app.live.follows();
    if !*follows.borrow() {
        follows.mark_changed();
    }
    let state = Following { open, viewer, position, receiver, stopping, signed_in, follows };
    futures::StreamExt::chain(
        futures::stream::iter(first.into_iter().map(Ok)),
        futures::stream::unfold(state, |mut state| async move { state.next().await.map(|event| (Ok(event), state)) }),
    )
}

struct Following {
    open: Open,
    viewer: Viewer,
    position: Position,
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
                Ok(frame) => {
                    if let Some(event) = self.take(&frame) {
                        return Some(event);
                    }
                }
                // Too slow for the beat: it must read everything again, but loses nothing for good.
                Err(RecvError::Lagged(_)) => return Some(self.resync(self.open.app.live.frames().position(self.viewer.org))),
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// What a frame tells this reader, if anything.
    fn take(&mut self, frame: &Frame) -> Option<Event> {
        let org = self.viewer.org;
        if let Some(position) = frame.moved(org) {
            return Some(self.resync(position));
        }
        let told = frame.for_org(org)?;
        self.position.advance(&told);
        Some(self.event("change").data(&told.text))
    }

    /// The page must read everything again.
    fn resync(&mut self, position: Position) -> Event {
        self.position = position;
        self.event("resync").data("{}")
    }

    fn event(&self, kind: &str) -> Event {
        let app = &self.open.app;
        Event::default().event(kind).id(app.live.positions(&app.seal).write(self.viewer.org, self.position))
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
