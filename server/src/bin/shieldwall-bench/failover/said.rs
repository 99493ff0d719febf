//! What hubs say of themselves while the database is lost: `/readyz`, and the streams of open pages.

use crate::{http::Connection, hub::Hub};
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

const PAUSE: Duration = Duration::from_millis(250);
/// Longest wait for `/readyz`.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where it was said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Where {
    Readyz,
    Stream,
}

/// One thing that a hub said: that it is live, or that it is not.
#[derive(Clone, Copy)]
pub struct Said {
    pub hub: usize,
    pub at: Instant,
    pub place: Where,
    pub live: bool,
}

/// Listens until it is dropped.
pub struct Listening {
    said: Arc<Mutex<Vec<Said>>>,
    _tasks: JoinSet<()>,
}

impl Listening {
    pub fn start(hubs: &[Hub], cookie: &str) -> Self {
        let (said, mut tasks) = (Arc::<Mutex<Vec<Said>>>::default(), JoinSet::new());
        for (hub, address) in hubs.iter().map(|hub| hub.address).enumerate() {
            let note = Note { said: Arc::clone(&said), hub };
            tasks.spawn(ask(address, note.clone()));
            tasks.spawn(read(address, cookie.to_owned(), note));
        }
        Self { said, _tasks: tasks }
    }

    pub fn said(&self) -> Vec<Said> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[derive(Clone)]
struct Note {
    said: Arc<Mutex<Vec<Said>>>,
    hub: usize,
}

impl Note {
    fn write(&self, place: Where, live: bool) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).push(Said { hub: self.hub, at: Instant::now(), place, live });
    }
}

/// Asks `/readyz` again and again. No answer says nothing.
async fn ask(address: SocketAddr, note: Note) {
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\n\r\n");
    loop {
        let asked = async { Connection::open(address).await?.exchange(request.as_bytes()).await };
        if let Ok(Ok(answer)) = timeout(PATIENCE, asked).await {
            note.write(Where::Readyz, answer.head.status == 200);
        }
        sleep(PAUSE).await;
    }
}

/// Follows a stream, and opens another one where it ends.
async fn read(address: SocketAddr, cookie: String, note: Note) {
    loop {
        let _ = follow(address, &cookie, &note).await;
        sleep(PAUSE).await;
    }
}

async fn follow(address: SocketAddr, cookie: &str, note: &Note) -> anyhow::Result<()> {
    let request = format!("GET /live HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\naccept: text/event-stream\r\n\r\n");
    let mut connection = Connection::open(address).await?;
    let head = timeout(PATIENCE, connection.ask(request.as_bytes())).await??;
    anyhow::ensure!(head.status == 200, "the stream was refused");
    let mut text = vec![];
    while connection.chunk(&mut text).await? {
        while let Some(end) = text.iter().position(|b| *b == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            match line.trim_ascii_end() {
                br#"data:{"state":"reconnecting"}"# | br#"data: {"state":"reconnecting"}"# => note.write(Where::Stream, false),
                br#"data:{"state":"live"}"# | br#"data: {"state":"live"}"# => note.write(Where::Stream, true),
                _ => {}
            }
        }
    }
    Ok(())
}
