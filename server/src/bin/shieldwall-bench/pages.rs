//! Time to first byte of pages, as a signed-in executive's browser asks for them: while nothing happens, right after a push, when what was
//! prepared for everyone no longer holds, and once more after that.
//!
//! Several databases are measured at once, in rounds: each request goes to one after the other, in turn, so that whatever else the machine
//! does meanwhile befalls them alike and their ratio is one of databases.

use crate::{data, http::Connection, load, machine, stage::Stage};
use anyhow::ensure;
use hdrhistogram::Histogram;
use server::clock::Clock;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Organisations whose pages are asked for in turn.
const TURNS: usize = 12;
/// After a push, until the live view has it for certain.
const SETTLE: Duration = Duration::from_millis(60);

/// One page's figures.
pub struct Page {
    /// As in `/orgs/:org`.
    pub name: &'static str,
    /// Bytes of one answer, as sent.
    pub bytes: usize,
    /// Microseconds to the first byte while idle.
    pub idle: Histogram<u64>,
    /// The same right after a push.
    pub changed: Histogram<u64>,
    /// The same for whoever asks next.
    pub again: Histogram<u64>,
}

/// Asks for each page of each stage's first hub many times; returns the pages of each. All must have the same organisations.
pub async fn run(stages: &[&Stage<'_>], quick: bool) -> anyhow::Result<Vec<Vec<Page>>> {
    let (idle, changed) = if quick { (40, 10) } else { (200, 100) };
    let mut browsers = vec![];
    for stage in stages {
        let connection = Connection::open(stage.first().address).await?;
        browsers.push(Browser { connection, stage, cookie: data::sign_in(stage.first(), &stage.alliance).await? });
    }
    let mut figures: Vec<Vec<Page>> = stages.iter().map(|_| vec![]).collect();
    let slugs = stages.first().map_or(&[][..], |stage| &stage.alliance.slugs);
    for (name, paths) in [("/", vec!["/".to_owned()]), ("/orgs/:org", slugs.iter().take(TURNS).map(|s| format!("/orgs/{s}")).collect())] {
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
                browsers[place].push(no % TURNS.min(slugs.len())).await?;
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

/// The places of so many stages, each round beginning with another.
fn turn(round: usize, stages: usize) -> impl Iterator<Item = usize> {
    (0..stages).map(move |n| (round + n) % stages)
}

struct Browser<'a> {
    connection: Connection,
    stage: &'a Stage<'a>,
    cookie: String,
}

impl Browser<'_> {
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
    async fn push(&mut self, org: usize) -> anyhow::Result<()> {
        let at = load::moment_of(Clock::default().now(), 0);
        let mut push = self.stage.alliance.push(self.stage.first(), org);
        let answer = self.connection.exchange(push.fresh(&self.stage.alliance.keys[org].1, at.0.unsigned_abs(), at)).await?;
        ensure!(answer.head.status == 200, "a push was refused: {}", String::from_utf8_lossy(&answer.body));
        sleep(SETTLE).await;
        Ok(())
    }
}
