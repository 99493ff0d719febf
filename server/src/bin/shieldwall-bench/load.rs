//! Pushes acknowledged: clients on kept connections, each sending its next push as soon as the last one is on disk.

use crate::{
    body::{ITEMS, Push},
    http::Connection,
    machine,
    stage::Stage,
};
use anyhow::ensure;
use domain::Timestamp;
use hdrhistogram::Histogram;
use server::clock::Clock;
use std::{net::SocketAddr, time::Duration};
use tokio::{task::JoinSet, time::Instant};

/// What was measured.
pub struct Figures {
    pub period: Duration,
    pub body_bytes: usize,
    pub acknowledged: u64,
    /// Answers other than 200, and the first of them.
    pub refused: u64,
    pub first_refusal: Option<String>,
    /// Microseconds from sending to the answer.
    pub latency: Histogram<u64>,
    /// Processor time of the hubs, of the database's own processes, and of this program.
    pub busy: Busy,
}

impl Figures {
    pub fn pushes_per_second(&self) -> f64 {
        self.acknowledged as f64 / self.period.as_secs_f64()
    }

    pub fn items_per_second(&self) -> f64 {
        self.pushes_per_second() * ITEMS as f64
    }

    /// Both measurements as one.
    pub fn and(mut self, other: Self) -> anyhow::Result<Self> {
        self.period += other.period;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.first_refusal = self.first_refusal.or(other.first_refusal);
        self.latency.add(other.latency)?;
        self.busy = self.busy.and(other.busy);
        Ok(self)
    }
}

/// Who used the processors.
#[derive(Clone, Copy, Default)]
pub struct Busy {
    pub hubs: Duration,
    pub database: Duration,
    pub own: Duration,
}

impl Busy {
    /// Since the start of each.
    pub fn of(stage: &Stage<'_>) -> Self {
        Self { hubs: stage.busy(), database: stage.database_busy(), own: machine::busy("self") }
    }

    fn and(self, other: Self) -> Self {
        Self { hubs: self.hubs + other.hubs, database: self.database + other.database, own: self.own + other.own }
    }

    /// Since an earlier look.
    pub fn since(self, before: Self) -> Self {
        let since = |of: fn(Self) -> Duration| of(self).saturating_sub(of(before));
        Self { hubs: since(|b| b.hubs), database: since(|b| b.database), own: since(|b| b.own) }
    }
}

/// One client's work: where to, what, under which keys.
pub struct Client {
    pub address: SocketAddr,
    pub push: Push,
    pub keys: Vec<String>,
    /// Less than 64; makes its moments and Idempotency-Keys its own.
    pub number: i64,
}

/// A round in which every organisation pushed once.
pub struct Round {
    pub pushes: usize,
    pub took: Duration,
}

/// Lets every organisation push so many items once. An organisation's first push makes its series, which its others find there.
pub async fn round(stage: &Stage<'_>, clients: usize, items: usize) -> anyhow::Result<Round> {
    let pushes = stage.alliance.slugs.len();
    let began = Instant::now();
    let mut tasks: JoinSet<_> = (0..clients)
        // The first keys are one of each organisation.
        .map(|n| push_once_each(client(stage, &stage.alliance.keys[..pushes], n, clients, items)))
        .collect();
    while let Some(done) = tasks.join_next().await {
        done??;
    }
    Ok(Round { pushes, took: began.elapsed() })
}

async fn push_once_each(mut client: Client) -> anyhow::Result<()> {
    let mut connection = Connection::open(client.address).await?;
    for key in &client.keys {
        let at = moment_of(Clock::default().now(), client.number);
        let answer = connection.exchange(client.push.fresh(key, at.0.unsigned_abs(), at)).await?;
        ensure!(answer.head.status == 200, "a push was refused: {}", String::from_utf8_lossy(&answer.body));
    }
    Ok(())
}

/// Pushes as fast as the hubs take them.
pub async fn run(stage: &Stage<'_>, clients: usize, period: Duration) -> anyhow::Result<Figures> {
    let all = (0..clients).map(|n| client(stage, &stage.alliance.keys, n, clients, ITEMS)).collect();
    drive(all, period, || Busy::of(stage)).await
}

/// The client of a number, with its part of the keys; the hubs take turns.
fn client(stage: &Stage<'_>, keys: &[(usize, String)], n: usize, clients: usize, items: usize) -> Client {
    let hub = &stage.hubs[n % stage.hubs.len()];
    let keys = keys.iter().skip(n).step_by(clients).map(|(_, key)| key.clone()).collect();
    Client { address: hub.address, push: stage.alliance.push_of(hub, n, items), keys, number: n as i64 }
}

/// Lets the clients push for a while to warm up, and then for `period`.
pub async fn drive(clients: Vec<Client>, period: Duration, busy: impl Fn() -> Busy) -> anyhow::Result<Figures> {
    let body_bytes = clients.first().map_or(0, |c| c.push.body_bytes());
    let from = Instant::now() + (period / 5).min(Duration::from_secs(3));
    let until = from + period;
    let mut tasks: JoinSet<_> = clients.into_iter().map(|client| keep_pushing(client, from, until)).collect();
    tokio::time::sleep_until(from).await;
    let before = busy();
    tokio::time::sleep_until(until).await;
    let mut figures =
        Figures { period, body_bytes, acknowledged: 0, refused: 0, first_refusal: None, latency: machine::histogram()?, busy: busy().since(before) };
    while let Some(done) = tasks.join_next().await {
        let (latency, refused, first_refusal) = done??;
        figures.acknowledged += latency.len();
        figures.latency.add(latency)?;
        figures.refused += refused;
        figures.first_refusal = figures.first_refusal.or(first_refusal);
    }
    Ok(figures)
}

async fn keep_pushing(mut client: Client, from: Instant, until: Instant) -> anyhow::Result<(Histogram<u64>, u64, Option<String>)> {
    let (clock, mut latency, mut refused, mut first_refusal) = (Clock::default(), machine::histogram()?, 0, None);
    let mut connection = Connection::open(client.address).await?;
    for no in 0.. {
        let began = Instant::now();
        if began >= until {
            break;
        }
        let at = moment_of(clock.now(), client.number);
        // Moments grow and are its own, so each makes a key that was never used.
        let request = client.push.fresh(&client.keys[no % client.keys.len()], at.0.unsigned_abs(), at);
        let answer = connection.exchange(request).await?;
        // Those that end after the end are left out, as those are that began before the beginning.
        if began < from || answer.head.first_byte > until {
            continue;
        }
        if answer.head.status == 200 {
            latency.record(machine::micros(began.elapsed()))?;
        } else {
            refused += 1;
            first_refusal.get_or_insert_with(|| String::from_utf8_lossy(&answer.body).into_owned());
        }
    }
    Ok((latency, refused, first_refusal))
}

/// The moment now as only one of up to 64 clients can have it.
pub fn moment_of(now: Timestamp, client: i64) -> Timestamp {
    Timestamp(now.0 - now.0 % 64 + client)
}
