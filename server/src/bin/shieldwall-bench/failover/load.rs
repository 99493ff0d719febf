//! Partners that go on pushing while the database is lost: each push carries an Idempotency-Key and is sent again, the same, until it is acknowledged.

use crate::{
    body::{ITEMS, Push},
    data::Alliance,
    http::{Answer, Connection},
    hub::Hub,
    load::moment_of,
};
use serde::Deserialize;
use server::clock::Clock;
use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

/// Partners. Of four, one goes to the first hub, one to the second, and two try the other one when one fails.
const PARTNERS: usize = 8;
/// Between two pushes of a partner, and before one is sent again.
const PAUSE: Duration = Duration::from_millis(40);
const AGAIN: Duration = Duration::from_millis(200);
/// Longest wait for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// When the load ends, what is under way may go on so long.
const LAST: Duration = Duration::from_secs(60);

/// An answer that a hub gave, or did not give.
#[derive(Clone, Copy)]
pub struct Answered {
    pub hub: usize,
    pub at: Instant,
    pub accepted: bool,
}

/// What came of the pushes.
#[derive(Default)]
pub struct Record {
    pub answers: Vec<Answered>,
    /// Ids of the receipts of all that was acknowledged.
    pub receipts: Vec<String>,
    /// Pushes that were given up unacknowledged, when the load ended: nobody knows whether they are there.
    pub open: usize,
    /// Times that a push was sent again.
    pub again: usize,
}

pub struct Load {
    record: Arc<Mutex<Record>>,
    end: watch::Sender<bool>,
    partners: JoinSet<anyhow::Result<()>>,
}

impl Load {
    /// Starts pushing.
    pub fn start(hubs: &[Hub], alliance: &Alliance) -> Self {
        let (record, end) = (Arc::<Mutex<Record>>::default(), watch::channel(false).0);
        let addresses: Vec<_> = hubs.iter().map(|hub| hub.address).collect();
        let mut partners = JoinSet::new();
        for number in 0..PARTNERS {
            let (hub, loyal) = (number % addresses.len(), number % 4 < 2);
            let keys = alliance.keys.iter().skip(number).step_by(PARTNERS).map(|(_, key)| key.clone()).collect();
            // The host of its address is the one thing in which a push at one hub differs from the same at another.
            let pushes = hubs.iter().map(|hub| alliance.push_of(hub, number, ITEMS)).collect();
            let partner = Partner { number, hub, loyal, addresses: addresses.clone(), pushes, keys, connection: None, record: Arc::clone(&record) };
            partners.spawn(partner.push(end.subscribe()));
        }
        Self { record, end, partners }
    }

    /// The answers so far.
    pub fn answers(&self) -> Vec<Answered> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).answers.clone()
    }

    /// Lets each partner bring its push to an end.
    pub async fn stop(mut self) -> anyhow::Result<Record> {
        self.end.send_replace(true);
        while let Some(done) = self.partners.join_next().await {
            done??;
        }
        Ok(std::mem::take(&mut *self.record.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

#[derive(Deserialize)]
struct Receipt {
    id: String,
}

struct Partner {
    number: usize,
    hub: usize,
    /// Whether it never goes to another hub.
    loyal: bool,
    addresses: Vec<SocketAddr>,
    pushes: Vec<Push>,
    keys: Vec<String>,
    connection: Option<Connection>,
    record: Arc<Mutex<Record>>,
}

impl Partner {
    async fn push(mut self, ended: watch::Receiver<bool>) -> anyhow::Result<()> {
        let clock = Clock::default();
        for no in 0.. {
            if *ended.borrow() {
                break;
            }
            let (at, key) = (moment_of(clock.now(), self.number as i64), self.keys[no % self.keys.len()].clone());
            let mut given_up = None;
            loop {
                let request = self.pushes[self.hub].fresh(&key, at.0.unsigned_abs(), at).to_vec();
                let answer = self.send(&request).await;
                let receipt = answer.filter(|a| a.head.status == 200).and_then(|a| serde_json::from_slice::<Receipt>(&a.body).ok());
                self.note(receipt.is_some());
                if let Some(receipt) = receipt {
                    self.record.lock().unwrap_or_else(PoisonError::into_inner).receipts.push(receipt.id);
                    break;
                }
                if *ended.borrow() && given_up.get_or_insert_with(Instant::now).elapsed() > LAST {
                    self.record.lock().unwrap_or_else(PoisonError::into_inner).open += 1;
                    return Ok(());
                }
                self.connection = None;
                if !self.loyal {
                    self.hub = (self.hub + 1) % self.addresses.len();
                }
                sleep(AGAIN).await;
            }
            sleep(PAUSE).await;
        }
        Ok(())
    }

    /// The answer, if there is one.
    async fn send(&mut self, request: &[u8]) -> Option<Answer> {
        let address = self.addresses[self.hub];
        let sent = async {
            let mut connection = match self.connection.take() {
                Some(connection) => connection,
                None => Connection::open(address).await?,
            };
            let answer = connection.exchange(request).await?;
            anyhow::Ok((connection, answer))
        };
        let (connection, answer) = timeout(PATIENCE, sent).await.ok()?.ok()?;
        self.connection = Some(connection);
        Some(answer)
    }

    fn note(&self, accepted: bool) {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        record.answers.push(Answered { hub: self.hub, at: Instant::now(), accepted });
        record.again += usize::from(!accepted);
    }
}
