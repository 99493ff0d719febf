//! Time to first byte of pages, as a signed-in executive's browser asks for them: while nothing happens, right after a push, when what was
//! prepared for everyone no longer holds, and once more after that.
//!
//! Several databases are measured at once, in rounds: each request goes to one after the other, in turn, so that whatever else the machine
//! does meanwhile befalls them alike and their ratio is one of databases.

use crate::{data, http::Connection, load, machine, stage::Stage};
use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use server::clock::Clock;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Organisations whose pages are asked for in turn.
const TURNS: usize = 12;
/// After an open page was told of a push, until what else the push left to do is done.
const SETTLE: Duration = Duration::from_millis(40);
/// Longest wait for an open page to be told.
const TOLD: Duration = Duration::from_secs(10);

/// What a page is called.
#[derive(Clone, Copy)]
pub struct Name {
    /// As in `/orgs/:org`.
    pub path: &'static str,
    pub measure: &'static str,
}

/// One page's figures.
pub struct Page {
    pub name: Name,
    /// Bytes of one answer, as sent.
    pub bytes: usize,
    /// Microseconds to the first byte while idle.
    pub idle: Histogram<u64>,
    /// The same right after a push.
    pub changed: Histogram<u64>,
    /// The same for whoever asks next.
    pub again: Histogram<u64>,
}

/// The pages that there are figures of: how each is called for people and for programs.
pub const OVERVIEW: Name = Name { path: "/", measure: "overview" };
pub const ORGANISATION: Name = Name { path: "/orgs/:org", measure: "organisation" };

/// Asks for each page of each stage's first hub many times; returns the pages of each. All must have the same organisations. A push has so many items.
pub async fn run(stages: &[&Stage<'_>], names: &[Name], items: usize, quick: bool) -> anyhow::Result<Vec<Vec<Page>>> {
    let (idle, changed) = if quick { (40, 10) } else { (200, 100) };
    let mut browsers = vec![];
    for stage in stages {
        browsers.push(Browser::open(stage).await?);
    }
    let mut figures: Vec<Vec<Page>> = stages.iter().map(|_| vec![]).collect();
    let slugs = stages.first().map_or(&[][..], |stage| &stage.alliance.slugs);
    for name in names.iter().copied() {
        let paths: Vec<String> = slugs.iter().map(|slug| name.path.replace(":org", slug)).take(if name.path == OVERVIEW.path { 1 } else { TURNS }).collect();
        for pages in &mut figures {
            pages.push(Page { name, bytes: 0, idle: machine::histogram()?, changed: machine::histogram()?, again: machine::histogram()? });
        }
        for path in paths.iter().cycle().take(2 * TURNS) {
            for browser in &mut browsers {
                browser.get(path).await?;
            }
        }
        for (no, path) in paths.iter().cycle().take(idle).enumerate() {
            for place in turn(no, browsers.len()) {
                let (time, bytes) = browsers[place].get(path).await?;
                let Some(page) = figures[place].last_mut() else { continue };
                page.idle.record(machine::micros(time))?;
                page.bytes = bytes;
            }
        }
        for (no, path) in paths.iter().cycle().take(changed).enumerate() {
            for place in turn(no, browsers.len()) {
                browsers[place].push(no % TURNS.min(slugs.len()), items).await?;
                let (first, _) = browsers[place].get(path).await?;
                let (second, _) = browsers[place].get(path).await?;
                let Some(page) = figures[place].last_mut() else { continue };
                page.changed.record(machine::micros(first))?;
                page.again.record(machine::micros(second))?;
            }
        }
    }
    Ok(figures)
}

/// How long the first page takes after a start.
pub async fn first(stage: &Stage<'_>) -> anyhow::Result<Duration> {
    Ok(Browser::open(stage).await?.get(OVERVIEW.path).await?.0)
}

/// The places of so many stages, each round beginning with another.
fn turn(round: usize, stages: usize) -> impl Iterator<Item = usize> {
    (0..stages).map(move |n| (round + n) % stages)
}

struct Browser<'a> {
    connection: Connection,
    /// Of an open page, and what came of it.
    stream: Connection,
    text: Vec<u8>,
    stage: &'a Stage<'a>,
    cookie: String,
}

impl<'a> Browser<'a> {
    async fn open(stage: &'a Stage<'a>) -> anyhow::Result<Self> {
        let address = stage.first().address;
        let cookie = data::sign_in(stage.first(), &stage.alliance).await?;
        let request = format!("GET /live HTTP/1.1\r\nhost: {address}\r\ncookie: {cookie}\r\naccept: text/event-stream\r\n\r\n");
        let mut stream = Connection::open(address).await?;
        let head = stream.ask(request.as_bytes()).await?;
        ensure!(head.status == 200, "the stream was refused with status {}", head.status);
        Ok(Self { connection: Connection::open(address).await?, stream, text: vec![], stage, cookie })
    }

    /// Time to first byte, and bytes of the body as sent.
    async fn get(&mut self, path: &str) -> anyhow::Result<(Duration, usize)> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\naccept: text/html\r\naccept-encoding: gzip, br\r\nsec-fetch-mode: navigate\r\n\r\n",
            self.stage.first().address,
            self.cookie
        );
        let began = Instant::now();
        let answer = self.connection.exchange(request.as_bytes()).await?;
        ensure!(answer.head.status == 200, "{path} was answered with status {}: {}", answer.head.status, self.stage.first().last_words());
        Ok((answer.head.first_byte - began, answer.body.len()))
    }

    /// Pushes for an organisation and waits until the live view has it.
    async fn push(&mut self, org: usize, items: usize) -> anyhow::Result<()> {
        let at = load::moment_of(Clock::default().now(), 0);
        let mut push = self.stage.alliance.push_of(self.stage.first(), org, items);
        let answer = self.connection.exchange(push.fresh(&self.stage.alliance.keys[org].1, at.0.unsigned_abs(), at)).await?;
        ensure!(answer.head.status == 200, "a push was refused: {}", String::from_utf8_lossy(&answer.body));
        timeout(TOLD, self.told(org)).await.with_context(|| format!("no page was told of a push: {}", self.stage.first().last_words()))??;
        sleep(SETTLE).await;
        Ok(())
    }

    /// Waits until the open page was told of a push of this organisation.
    async fn told(&mut self, org: usize) -> anyhow::Result<()> {
        let topic = format!("\"pushes:{}\"", self.stage.alliance.slugs[org]);
        loop {
            ensure!(self.stream.chunk(&mut self.text).await?, "the server ended a stream");
            let told = self.text.windows(topic.len()).any(|part| part == topic.as_bytes());
            // An event may come in pieces, so only what is complete is forgotten.
            let complete = self.text.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            if told {
                self.text.clear();
                return Ok(());
            }
            self.text.drain(..complete);
        }
    }
}
