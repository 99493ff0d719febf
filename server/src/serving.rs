//! Connections: how many there may be, how long each may keep the hub waiting, and how all of them end.
//!
//! In place of `axum::serve`, which waits for ever: for a head or a body that does not come, and for a reader that does not read.

mod body;
mod stream;

pub use body::is_late;

use axum::{Router, body::Body, extract::ConnectInfo};
use body::Timely;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{io::ErrorKind, net::SocketAddr, pin::pin, time::Duration};
use stream::Patient;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tower::ServiceExt;

/// Connections that are told at once why they are turned away; more than these are closed without a word.
const TURNED_AWAY: usize = 256;
/// File descriptors kept free for the database, the logs and those who are turned away.
const SPARE: usize = 128 + TURNED_AWAY;
const REFUSAL: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\ncache-control: no-store\r\nretry-after: 5\r\n\
    connection: close\r\ncontent-length: 50\r\n\r\nToo many connections are open. Please come again.\n\n";

/// How much one client, and all of them together, may take of the hub.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Open connections.
    pub connections: usize,
    /// From connecting, or from the answer before, to the end of a request's head.
    pub head: Duration,
    /// From the head of a request to the end of its body.
    pub body: Duration,
    /// How long a reader may take nothing of what waits for it.
    pub write: Duration,
    /// How long open requests may take to end once the hub stops.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: open_files().saturating_sub(SPARE).clamp(1, 25_000),
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            write: Duration::from_secs(15),
            grace: Duration::from_secs(12),
        }
    }
}

/// How many files this process may have open: each connection is one. Where the system does not say, what is usual.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|l| l.strip_prefix("Max open files")).unwrap_or_default();
    line.split_whitespace().next().and_then(|soft| soft.parse().ok()).unwrap_or(1_024)
}

/// Serves until `stopping` turns true; then takes no more connections, and ends the open ones after the answer they are at.
pub async fn serve(router: Router, listener: TcpListener, limits: Limits, mut stopping: watch::Receiver<bool>) {
    tracing::info!(connections = limits.connections, "the most connections at once");
    let (mut open, mut turned_away) = (JoinSet::new(), JoinSet::new());
    loop {
        let accepted = tokio::select! {
            _ = stopping.wait_for(|s| *s) => break,
            Some(_) = open.join_next() => continue,
            Some(_) = turned_away.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) if open.len() < limits.connections => {
                open.spawn(connection(stream, peer, router.clone(), limits, stopping.clone()));
            }
            Ok((stream, peer)) => {
                tracing::warn!(%peer, open = open.len(), "turned away: too many connections");
                if turned_away.len() < TURNED_AWAY {
                    turned_away.spawn(turn_away(stream));
                }
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

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, limits: Limits, mut stopping: watch::Receiver<bool>) {
    // Events are small and urgent. Where it fails the connection is gone, which the next read finds.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let mut request = request.map(|body| Body::new(Timely::new(body, limits.body)));
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let io = TokioIo::new(Patient::new(stream, limits.write));
    let mut connection = pin!(http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(limits.head).serve_connection(io, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = async { drop(stopping.wait_for(|s| *s).await) } => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

/// Says why. Not before the client has asked, which would confuse it, and not without reading on: closing with something unread would take the
/// answer back.
async fn turn_away(mut stream: TcpStream) {
    let said = async {
        let mut unread = [0; 1_024];
        if stream.read(&mut unread).await? == 0 {
            return Ok(());
        }
        stream.write_all(REFUSAL.as_bytes()).await?;
        stream.shutdown().await?;
        while stream.read(&mut unread).await? > 0 {}
        std::io::Result::Ok(())
    };
    // Whoever does not want to know need not.
    let _ = tokio::time::timeout(Duration::from_secs(1), said).await;
}
