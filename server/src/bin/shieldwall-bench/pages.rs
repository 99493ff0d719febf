//! Time to first byte of pages, as a signed-in executive's browser asks for them: while nothing happens, and right after a push,
//! when what was prepared for everyone no longer holds.

use crate::{data, data::Alliance, http::Connection, hub::Hub, load, machine};
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
}

/// All pages' figures on one database.
pub struct Figures {
    pub pages: Vec<Page>,
    /// Samples a second that the bulk load stored.
    pub loaded_per_second: Option<f64>,
}

/// Asks for each page many times, one after the other.
pub async fn run(hub: &Hub, alliance: &Alliance, quick: bool) -> anyhow::Result<Figures> {
    let cookie = data::sign_in(hub, alliance).await?;
    let (idle, changed) = if quick { (40, 10) } else { (200, 100) };
    let mut browser = Browser { connection: Connection::open(hub.address).await?, hub, alliance, cookie };
    // What the seeding left to do should be done.
    sleep(Duration::from_secs(if quick { 1 } else { 20 })).await;
    let mut pages = vec![];
    for (name, paths) in [("/", vec!["/".to_owned()]), ("/orgs/:org", alliance.slugs.iter().take(TURNS).map(|s| format!("/orgs/{s}")).collect())] {
        let mut page = Page { name, bytes: 0, idle: machine::histogram()?, changed: machine::histogram()? };
        for path in paths.iter().cycle().take(2 * TURNS) {
            browser.get(path).await?;
        }
        for path in paths.iter().cycle().take(idle) {
            let (time, bytes) = browser.get(path).await?;
            page.idle.record(machine::micros(time))?;
            page.bytes = bytes;
        }
        for (no, path) in paths.iter().cycle().take(changed).enumerate() {
            browser.push(no % TURNS.min(alliance.slugs.len())).await?;
            let (time, _) = browser.get(path).await?;
            page.changed.record(machine::micros(time))?;
        }
        pages.push(page);
    }
    Ok(Figures { pages, loaded_per_second: alliance.loaded_per_second })
}

struct Browser<'a> {
    connection: Connection,
    hub: &'a Hub,
    alliance: &'a Alliance,
    cookie: String,
}

impl Browser<'_> {
    /// Time to first byte, and bytes of the body as sent.
    async fn get(&mut self, path: &str) -> anyhow::Result<(Duration, usize)> {
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\naccept: text/html\r\naccept-encoding: gzip, br\r\nsec-fetch-mode: navigate\r\n\r\n",
            self.hub.address, self.cookie
        );
        let began = Instant::now();
        let answer = self.connection.exchange(request.as_bytes()).await?;
        ensure!(answer.head.status == 200, "{path} was answered with status {}: {}", answer.head.status, self.hub.last_words());
        Ok((answer.head.first_byte - began, answer.body.len()))
    }

    /// Pushes for an organisation and waits until the live view has it.
    async fn push(&mut self, org: usize) -> anyhow::Result<()> {
        let at = load::moment_of(Clock::default().now(), 0);
        let mut push = self.alliance.push(self.hub, org);
        let answer = self.connection.exchange(push.fresh(&self.alliance.keys[org].1, at.0.unsigned_abs(), at)).await?;
        ensure!(answer.head.status == 200, "a push was refused: {}", String::from_utf8_lossy(&answer.body));
        sleep(SETTLE).await;
        Ok(())
    }
}
