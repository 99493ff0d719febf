//! From a push to an event in open streams: a steady rate of pushes, and viewers who note when each one's event arrives. Where there are several
//! hubs, pushes and viewers are spread over all of them, so that some events have to come from one to another.
//!
//! An event names the organisations that pushed, not the pushes. So the organisations take turns, and each comes round so
//! seldom that an event can only mean its latest push.

use crate::{
    data,
    http::Connection,
    hub::Hub,
    load::{self, Busy},
    machine,
    stage::Stage,
};
use anyhow::ensure;
use futures::{StreamExt, TryStreamExt, stream};
use hdrhistogram::Histogram;
use serde::Deserialize;
use server::clock::Clock;
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

/// How many look on, and how much happens.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    pub viewers: usize,
    /// Pushes a second.
    pub rate: usize,
}

/// A busy alliance with few viewers.
pub const BUSY: Scene = Scene { viewers: 10, rate: 200 };
/// Many viewers of a quieter one.
pub const CROWDS: [Scene; 4] =
    [Scene { viewers: 100, rate: 20 }, Scene { viewers: 1_000, rate: 20 }, Scene { viewers: 5_000, rate: 2 }, Scene { viewers: 5_000, rate: 30 }];
/// Connections that share the pushing, so that none waits for its last answer.
const PUSHERS: usize = 20;
/// Streams of one session.
const PER_SESSION: usize = 16;
/// Sessions of one person.
const SESSIONS: usize = 3;
/// Streams that are being opened at once.
const OPENING: usize = 64;
/// Not measured at the start.
const WARM_UP: Duration = Duration::from_secs(1);
/// Time for the last events to arrive.
const REST: Duration = Duration::from_secs(1);

/// What was measured.
pub struct Figures {
    pub scene: Scene,
    /// Microseconds from the moment a push was due to be sent to its event, over all viewers.
    pub latency: Histogram<u64>,
    /// Those of them that were pushed at another hub than the viewer's.
    pub across: Histogram<u64>,
    /// Microseconds from the same moment to the answer.
    pub acknowledged: Histogram<u64>,
    /// Events that pushes should have caused, over all viewers.
    pub expected: u64,
    pub busy: Busy,
    pub period: Duration,
    /// Bytes of memory of the hubs before the first viewer came, and at the end.
    pub memory: (u64, u64),
}

/// When the latest push of each organisation was due, in microseconds since the start; 0: not yet, or not measured.
type Sent = Arc<Vec<AtomicU64>>;

/// Signs in whom a scene takes. A session and a person have only so many streams, so viewers are many, as they are in life.
pub async fn sign_in(stage: &Stage<'_>, viewers: usize) -> anyhow::Result<Vec<String>> {
    data::sign_in_many(stage.first(), &stage.alliance, viewers.div_ceil(PER_SESSION), SESSIONS).await
}

/// Measures it, with the cookies of those who are signed in.
pub async fn run(stage: &Stage<'_>, period: Duration, scene: Scene, cookies: &[String]) -> anyhow::Result<Figures> {
    let Stage { alliance, hubs, .. } = stage;
    ensure!(alliance.slugs.len() >= 2 * scene.rate, "there must be so many organisations that each pushes every two seconds at most");
    // Pushers and organisations take turns at the hubs in step, so that an organisation's pushes all come to one of them.
    ensure!(PUSHERS.is_multiple_of(hubs.len()) && alliance.slugs.len().is_multiple_of(hubs.len()), "so many hubs cannot be dealt out evenly");
    let before = stage.memory();
    let opening = (0..scene.viewers).map(|n| open(n, n % hubs.len(), &hubs[n % hubs.len()], &cookies[n / PER_SESSION]));
    let opened: Vec<Viewer> = stream::iter(opening).buffer_unordered(OPENING).try_collect().await?;
    let sent: Sent = Arc::new(alliance.slugs.iter().map(|_| AtomicU64::new(0)).collect());
    let (end, ended) = watch::channel(false);
    let start = Instant::now() + Duration::from_millis(500);
    let mut viewers: JoinSet<_> = opened.into_iter().map(|viewer| read(viewer, hubs.len(), Arc::clone(&sent), start, ended.clone())).collect();
    let mut pushers = JoinSet::new();
    for n in 0..PUSHERS {
        let hub = &hubs[n % hubs.len()];
        let (connection, push) = (Connection::open(hub.address).await?, alliance.push(hub, n));
        let keys = alliance.keys[..alliance.slugs.len()].to_vec();
        pushers.spawn(push_steadily(Pusher { connection, push, keys, sent: Arc::clone(&sent), start, n, rate: scene.rate }, WARM_UP + period));
    }
    sleep_until(start + WARM_UP).await;
    let (began, busy) = (Instant::now(), Busy::of(stage));
    let (mut latency, mut across, mut acknowledged) = (machine::histogram()?, machine::histogram()?, machine::histogram()?);
    while let Some(done) = pushers.join_next().await {
        acknowledged.add(done??)?;
    }
    // Longer than was asked for, where pushes are late.
    let (period, busy) = (began.elapsed(), Busy::of(stage).since(busy));
    sleep(REST).await;
    let memory = (before, stage.memory());
    end.send_replace(true);
    while let Some(done) = viewers.join_next().await {
        for event in done?? {
            latency.record(event.micros)?;
            if event.across {
                across.record(event.micros)?;
            }
        }
    }
    let expected = acknowledged.len() * scene.viewers as u64;
    Ok(Figures { scene, latency, across, acknowledged, expected, busy, period, memory })
}

/// An open stream at the hub of a place.
struct Viewer {
    hub: usize,
    connection: Connection,
}

/// An event that arrived: so long after its push was due, at another hub than the push or the same.
struct Event {
    micros: u64,
    across: bool,
}

/// `n`: the viewer's number, from which follows the address that it comes from.
async fn open(n: usize, place: usize, hub: &Hub, cookie: &str) -> anyhow::Result<Viewer> {
    let request = format!("GET /live HTTP/1.1\r\nhost: {}\r\ncookie: {cookie}\r\naccept: text/event-stream\r\n\r\n", hub.address);
    let source = Ipv4Addr::new(127, 0, 1, (n % 250) as u8 + 1);
    let mut connection = Connection::open_from(hub.address, source).await?;
    let head = connection.ask(request.as_bytes()).await?;
    ensure!(head.status == 200, "the stream was refused with status {}", head.status);
    Ok(Viewer { hub: place, connection })
}

struct Pusher {
    connection: Connection,
    push: crate::body::Push,
    /// One key of each organisation, with its place.
    keys: Vec<(usize, String)>,
    sent: Sent,
    start: Instant,
    n: usize,
    rate: usize,
}

/// Sends this pusher's part of the steady rate; a push that is late counts from when it was due.
async fn push_steadily(mut p: Pusher, period: Duration) -> anyhow::Result<Histogram<u64>> {
    let (clock, mut latency) = (Clock::default(), machine::histogram()?);
    for no in (p.n..).step_by(PUSHERS) {
        let due = Duration::from_micros(no as u64 * 1_000_000 / p.rate as u64);
        if due >= period {
            break;
        }
        sleep_until(p.start + due).await;
        let (org, key) = &p.keys[no % p.keys.len()];
        let at = load::moment_of(clock.now(), p.n as i64);
        let measured = due >= WARM_UP;
        p.sent[*org].store(if measured { machine::micros(due) } else { 0 }, Ordering::Release);
        let answer = p.connection.exchange(p.push.fresh(key, at.0.unsigned_abs(), at)).await?;
        ensure!(answer.head.status == 200, "a push was refused: {}", String::from_utf8_lossy(&answer.body));
        if measured {
            latency.record(machine::micros(p.start.elapsed().saturating_sub(due)))?;
        }
    }
    Ok(latency)
}

#[derive(Deserialize)]
struct Change {
    topics: Vec<String>,
}

/// Follows one stream to the end of the measurement; returns its events.
async fn read(mut viewer: Viewer, hubs: usize, sent: Sent, start: Instant, mut ended: watch::Receiver<bool>) -> anyhow::Result<Vec<Event>> {
    let (mut events, mut seen, mut text) = (vec![], vec![0; sent.len()], Vec::new());
    loop {
        let more = tokio::select! {
            more = viewer.connection.chunk(&mut text) => more?,
            _ = ended.wait_for(|e| *e) => return Ok(events),
        };
        ensure!(more, "the server ended a stream");
        let now = machine::micros(start.elapsed());
        while let Some(end) = text.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            let Some(Ok(change)) = line.strip_prefix(b"data:").map(serde_json::from_slice::<Change>) else { continue };
            let places = change.topics.iter().filter_map(|t| t.strip_prefix("pushes:org-")?.parse::<usize>().ok());
            for place in places {
                let due = sent.get(place).map_or(0, |s| s.load(Ordering::Acquire));
                if due > 0 && seen[place] != due {
                    seen[place] = due;
                    events.push(Event { micros: now.saturating_sub(due).max(1), across: place % hubs != viewer.hub });
                }
            }
        }
    }
}
