//! Connections: how many there may be, how long each may keep the hub waiting, and how all of them end.
//!
//! In place of `axum::serve`, which waits for ever: for a head or a body that does not come, and for a reader that does not read. And which takes
//! everybody alike: here the process takes as many open files as the system allows it, and where connections still run short those who are signed
//! in, partners with a key and health checks come first ([`seats`]). Keeping a reserve means three bounds: on anonymous connections, of each
//! address and of all; on those of one person, key and organisation; and on identified ones together, so that a newcomer always finds a seat.

mod body;
mod client;
mod head;
mod held;
mod seats;
mod stream;

pub use body::is_late;
pub use client::{ClientAddress, Proxies, forwarded_https, network};
pub use head::{MAX_ADDRESS, MAX_FIELDS, MAX_FIELDS_SIZE, TooLong};
pub use seats::{Member, Party, Seat};
pub(crate) use seats::{give_back, take};

use axum::{
    Router,
    body::Body,
    http::{Extensions, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use body::Timely;
use head::{Framing, READ_AHEAD, Strict};
use held::Held;
use hyper::{
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use seats::{Order, Room};
use std::{
    convert::Infallible,
    io::ErrorKind,
    net::SocketAddr,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use stream::Patient;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::Instant,
};
use tower::ServiceExt;

/// File descriptors kept free for the database, the logs, and connections that are being closed for others.
const SPARE: usize = 384;
/// How many connections may be in closing before the next one is taken.
const CLOSING: usize = 128;
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
/// How long the last answer on a connection that is closed for another may take.
const FAREWELL: Duration = Duration::from_secs(1);
/// Closings are told in the log this often at most.
const TELL: Duration = Duration::from_secs(10);

/// How much one client, and all of them together, may take of the hub.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections.
    pub connections: usize,
    /// Those of them that have shown no session and no key.
    pub anonymous: usize,
    /// Those of these from one address (IPv6: one /64), and requests at once that proxies pass on for one.
    pub per_address: usize,
    /// Connections that one person or key keeps when they run short, and its requests at once through proxies.
    pub per_member: usize,
    /// From connecting, or from the first byte of a later one, to the end of a request's head.
    pub head: Duration,
    /// From an answer to the next request on the same connection. Longer than proxies and clients keep an idle connection (60 s mostly, 90 s some): who
    /// closes first must not be the one to whom a request is on its way.
    pub idle: Duration,
    /// From the head of a request to the end of its body.
    pub body: Duration,
    /// How long a reader may take nothing of what waits for it.
    pub write: Duration,
    /// How long open requests may take to end once the hub stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let connections = open_files().saturating_sub(SPARE).clamp(16, 25_000);
        Self {
            connections,
            anonymous: connections / 2,
            per_address: 256.min(connections / 4),
            per_member: 64.min(connections / 8),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(100),
            body: Duration::from_secs(30),
            write: Duration::from_secs(15),
            grace: Duration::from_secs(12),
        }
    }
}

impl Limits {
    /// The same of all people and keys of one organisation.
    fn per_organisation(&self) -> usize {
        (self.connections / 4).max(1)
    }

    /// Connections that are never given to identified ones, so that a newcomer finds one.
    fn reserve(&self) -> usize {
        (self.connections / 8).max(1)
    }
}

/// How many files this process may have open: each connection is one. Where the system does not say, what is usual.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files")).unwrap_or_default();
    line.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(1_024)
}

/// Raises the number of files that this process may have open to what the system allows it. To be called before [`Limits::default`].
pub fn raise_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        // Where the system sets no bound, enough for the most connections that are taken.
        let raised = Rlimit { current: limit.maximum.or(Some(65_536)), ..limit };
        if let Err(error) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%error, ?limit.current, "the limit of open files could not be raised");
        }
    }
}

/// The request has shown whose it is. Its connection then is that party's, if the party has one free.
pub fn identify(extensions: &Extensions, party: Party) {
    if let Some(seat) = extensions.get::<Arc<Seat>>() {
        seat.identify(party);
    }
}

/// Serves until `stopping` turns true; then takes no more connections, and ends the open ones after the answer they are at.
pub async fn serve(router: Router, listener: TcpListener, limits: Limits, proxies: Proxies, mut stopping: watch::Receiver<bool>) {
    tracing::info!(connections = limits.connections, anonymous = limits.anonymous, per_address = limits.per_address, "the most connections at once");
    let (mut open, room, mut order) = (JoinSet::new(), Room::new(limits), Order::default());
    let mut shortage = Shortage::default();
    loop {
        let accepted = tokio::select! {
            _ = stopping.wait_for(|s| *s) => break,
            Some(_) = open.join_next() => continue,
            accepted = listener.accept(), if open.len() < limits.connections + CLOSING => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let proxied = proxies.trust(peer.ip());
                let seat = if proxied { room.proxy() } else { room.connection(peer.ip()) };
                shortage.note(order.take(&seat), open.len());
                let client = Client { peer, seat, proxied, room: Arc::clone(&room), proxies: proxies.clone() };
                open.spawn(connection(stream, client, router.clone(), limits, stopping.clone()));
            }
            // The client's own fault.
            Err(e) if matches!(e.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset) => {}
            // No descriptor is free, most likely; one may be in a moment.
            Err(error) => {
                tracing::error!(%error, "accepting a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let all = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.grace, all).await.is_err() {
        tracing::warn!(connections = open.len(), "some connections did not end in time and are cut");
        open.shutdown().await;
    }
}

/// Connections that were closed for others, for the log: counted, because whoever floods the hub would otherwise flood its log, too.
#[derive(Default)]
struct Shortage {
    closed: usize,
    told: Option<Instant>,
}

impl Shortage {
    fn note(&mut self, closed: usize, open: usize) {
        self.closed += closed;
        if self.closed > 0 && self.told.is_none_or(|told| told.elapsed() >= TELL) {
            tracing::warn!(closed = self.closed, open, "connections ran short; the idlest ones without a session or key were closed");
            *self = Self { closed: 0, told: Some(Instant::now()) };
        }
    }
}

/// Who is at the other end of a connection.
struct Client {
    peer: SocketAddr,
    seat: Arc<Seat>,
    /// A trusted proxy, whose requests are others'.
    proxied: bool,
    room: Arc<Room>,
    proxies: Proxies,
}

impl Client {
    /// Gives a request its seat and its client's address; answers it where there is no seat.
    #[allow(clippy::result_large_err, reason = "the answer goes out as it is, once")]
    fn place<B>(&self, request: &mut hyper::Request<B>) -> Result<Arc<Seat>, Response> {
        let address = self.proxies.client(self.peer.ip(), request.headers());
        self.seat.use_now();
        let seat = if self.proxied { self.room.request(address).ok_or_else(too_many)? } else { Arc::clone(&self.seat) };
        request.extensions_mut().insert(ClientAddress(Some(address)));
        request.extensions_mut().insert(Arc::clone(&seat));
        Ok(seat)
    }
}

/// Seconds that a client is told to reuse a connection for, as Node's agents do: a little less than it is held.
fn promised(idle: Duration) -> u64 {
    idle.as_secs() - idle.as_secs() / 10
}

/// The answer to a client behind a proxy who has as many requests open as one address may.
fn too_many() -> Response {
    come_again(StatusCode::TOO_MANY_REQUESTS, "Too many requests are open from your address.\n")
}

/// The answer to a request whose connection is closed for another while it is being worked on.
fn crowded_out() -> Response {
    come_again(StatusCode::SERVICE_UNAVAILABLE, "Too many connections are open.\n")
}

fn come_again(status: StatusCode, words: &'static str) -> Response {
    (status, [(header::RETRY_AFTER, "5"), (header::CACHE_CONTROL, "no-store")], words).into_response()
}

async fn connection(stream: TcpStream, client: Client, router: Router, limits: Limits, mut stopping: watch::Receiver<bool>) {
    // Events are small and urgent. Where it fails the connection is gone, which the next read finds.
    let _ = stream.set_nodelay(true);
    let framing = Framing::default();
    // Whether a request waits for its answer.
    let working = AtomicBool::new(false);
    let io = TokioIo::new(Patient::new(Strict::new(stream, framing.clone(), limits.head), limits.write));
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let length = if request.body().is_end_stream() { Some(0) } else { request.body().size_hint().exact() };
        let too_long = framing.too_long();
        // Of a head that is not there whole, nobody knows what follows it.
        let keeps = framing.follow(length) && too_long.is_none();
        let mut request = request.map(|body| Body::new(Timely::new(body, limits.body)));
        if let Some(too_long) = too_long {
            request.extensions_mut().insert(too_long);
        }
        working.store(true, Ordering::Relaxed);
        let working = &working;
        let (placed, router, client) = (client.place(&mut request), router.clone(), &client);
        async move {
            let mut response = match placed {
                Ok(seat) => {
                    let response = tokio::select! {
                        Ok(response) = router.oneshot(request) => response,
                        // Said, not cut: the sender learns that nothing was acknowledged, and when to come again.
                        () = client.seat.closed() => crowded_out(),
                    };
                    if client.proxied { response.map(|body| Body::new(Held::new(body, seat))) } else { response }
                }
                Err(refused) => refused,
            };
            client.seat.use_now();
            working.store(false, Ordering::Relaxed);
            if !keeps {
                response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            } else if let Ok(promise) = HeaderValue::from_str(&format!("timeout={}", promised(limits.idle))) {
                response.headers_mut().insert(KEEP_ALIVE, promise);
            }
            Ok::<Response, Infallible>(response)
        }
    });
    let mut connection =
        pin!(http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(limits.idle).max_buf_size(READ_AHEAD).serve_connection(io, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = client.seat.closed() => {
            if !working.load(Ordering::Relaxed) {
                return;
            }
            connection.as_mut().graceful_shutdown();
            let Ok(ended) = tokio::time::timeout(FAREWELL, connection).await else { return };
            ended
        }
        () = async { drop(stopping.wait_for(|s| *s).await) } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %client.peer, %error, "a connection ended early");
    }
}
