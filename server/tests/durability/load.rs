//! Partners that push, repeat themselves, lose their connection and try again until they are answered, or give up.

use crate::hub::{Hub, Partner, client};
use domain::{HOUR, Timestamp};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::Client;
use serde_json::{Value, json};
use server::clock::Clock;
use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{io::AsyncWriteExt, net::TcpStream, task::JoinHandle};
use uuid::Uuid;

/// How long one operation may go unanswered, restarts included.
const PATIENCE: Duration = Duration::from_secs(60);
const METRICS: [&str; 3] = ["mfa_coverage_pct", "vuln_scan_coverage_pct", "asset_inventory_coverage_pct"];

/// What a push is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Metrics,
    Incidents,
    Indicators,
}

/// What the client does besides pushing once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Plain,
    /// Sends the same again after the answer.
    Repeats,
    /// Sends the same twice at once.
    Doubles,
    /// Hangs up after so many thousandths of the request, or right after all of it; then tries again, or never.
    HangsUp {
        thousandths: usize,
        returns: bool,
    },
}

/// One push, drawn from its number.
pub struct Operation {
    pub kind: Kind,
    pub items: usize,
    manner: Manner,
}

/// All pushes of a test.
pub struct Load {
    /// The nodes; whom a client asks is drawn, and who is not answered asks the next.
    addresses: Vec<SocketAddr>,
    http: Client,
    partners: Vec<Partner>,
    /// The moment that observations count from.
    pub since: Timestamp,
    seed: u64,
    limit: Option<usize>,
    next: AtomicUsize,
    stopped: AtomicBool,
    acknowledged: Mutex<HashMap<usize, Uuid>>,
    repeated: AtomicUsize,
}

impl Load {
    /// Pushes `limit` operations, or goes on until it is stopped.
    pub fn new(hub: &Hub, seed: u64, limit: Option<usize>) -> Self {
        Self::on(std::slice::from_ref(hub), seed, limit)
    }

    /// The same on several nodes of one database.
    pub fn on(hubs: &[Hub], seed: u64, limit: Option<usize>) -> Self {
        let hub = &hubs[0];
        Self {
            addresses: hubs.iter().map(|h| h.address).collect(),
            http: client(),
            partners: hub.partners.clone(),
            since: Clock::default().now().plus(-HOUR),
            seed,
            limit,
            next: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            acknowledged: Mutex::default(),
            repeated: AtomicUsize::new(0),
        }
    }

    /// Starts so many clients. Each ends when there is nothing left to do, and panics where the hub breaks a promise.
    pub fn spawn(self: &Arc<Self>, clients: usize) -> Vec<JoinHandle<()>> {
        let client = async |load: Arc<Self>| {
            while let Some(number) = load.take() {
                load.run(number).await;
            }
        };
        (0..clients).map(|_| tokio::spawn(client(Arc::clone(self)))).collect()
    }

    fn take(&self) -> Option<usize> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (!self.stopped.load(Ordering::Relaxed) && self.limit.is_none_or(|l| number < l)).then_some(number)
    }

    /// Lets the clients finish what they began.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Waits until so many operations are acknowledged.
    pub async fn progress(&self, acknowledged: usize) {
        let end = Instant::now() + PATIENCE * 10;
        while self.acknowledged.lock().expect("unpoisoned").len() < acknowledged {
            assert!(Instant::now() < end, "the load does not get on");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Operations that were answered with success, with their receipts.
    pub fn acknowledged(&self) -> HashMap<usize, Uuid> {
        self.acknowledged.lock().expect("unpoisoned").clone()
    }

    /// Operations that were begun, at most.
    pub fn begun(&self) -> usize {
        self.next.load(Ordering::Relaxed)
    }

    /// Requests that were answered from memory, as they had been applied before.
    pub fn repeated(&self) -> usize {
        self.repeated.load(Ordering::Relaxed)
    }

    pub fn partner(&self, number: usize) -> &Partner {
        &self.partners[number % self.partners.len()]
    }

    pub fn operation(&self, number: usize) -> Operation {
        let mut rng = StdRng::seed_from_u64(self.seed << 32 | number as u64);
        let kind = [Kind::Metrics, Kind::Metrics, Kind::Incidents, Kind::Indicators][rng.random_range(0..4)];
        let manner = match rng.random_range(0..100) {
            0..15 => Manner::Repeats,
            15..20 => Manner::Doubles,
            20..26 => Manner::HangsUp { thousandths: if rng.random_bool(0.5) { 1_000 } else { rng.random_range(1..1_000) }, returns: rng.random_bool(0.5) },
            _ => Manner::Plain,
        };
        Operation { kind, items: rng.random_range(1..=METRICS.len()), manner }
    }

    async fn run(&self, number: usize) {
        let operation = self.operation(number);
        match operation.manner {
            Manner::Plain => drop(self.until_answered(number, &operation).await),
            Manner::Repeats => {
                let first = self.until_answered(number, &operation).await;
                assert_eq!(self.until_answered(number, &operation).await, first, "the same request has the same receipt");
            }
            Manner::Doubles => {
                let (one, other) = tokio::join!(self.until_answered(number, &operation), self.until_answered(number, &operation));
                assert_eq!(one, other, "the same request has the same receipt");
            }
            Manner::HangsUp { thousandths, returns } => {
                // Where the hub is down there is nobody to hang up on.
                let _ = self.hang_up(number, &operation, thousandths).await;
                if returns {
                    self.until_answered(number, &operation).await;
                }
            }
        }
    }

    /// Sends the push again and again until it is acknowledged.
    async fn until_answered(&self, number: usize, operation: &Operation) -> Uuid {
        let (route, body) = (operation.route(), self.body(number, operation).to_string());
        let (end, first) = (Instant::now() + PATIENCE, rand::rng().random_range(0..self.addresses.len()));
        for address in self.addresses.iter().cycle().skip(first) {
            let request = self.http.post(format!("http://{address}{route}")).bearer_auth(&self.partner(number).key).header("idempotency-key", name(number));
            let sent = request.header("content-type", "application/json").body(body.clone()).send().await;
            if let Ok(answer) = sent {
                let (status, replayed) = (answer.status().as_u16(), answer.headers().contains_key("idempotency-replayed"));
                // The connection may be lost between head and body.
                match (status, answer.text().await) {
                    (200, Ok(text)) => return self.acknowledge(number, operation, &text, replayed),
                    (409 | 429 | 503, _) | (_, Err(_)) => {}
                    (status, Ok(text)) => panic!("operation {number} is answered {status}: {text}"),
                }
            }
            assert!(Instant::now() < end, "operation {number} is not answered");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        unreachable!("there is always a next node");
    }

    fn acknowledge(&self, number: usize, operation: &Operation, text: &str, replayed: bool) -> Uuid {
        let receipt: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"));
        assert_eq!((&receipt["success_count"], &receipt["failure_count"]), (&json!(operation.items), &json!(0)), "operation {number}");
        let id = receipt["id"].as_str().and_then(|t| t.parse().ok()).unwrap_or_else(|| panic!("no id in {text}"));
        let before = self.acknowledged.lock().expect("unpoisoned").insert(number, id);
        assert!(before.is_none_or(|b| b == id), "operation {number} has two receipts: {before:?} and {id}");
        self.repeated.fetch_add(usize::from(replayed), Ordering::Relaxed);
        id
    }

    /// Sends a part of the request, or all of it, and leaves without a word.
    async fn hang_up(&self, number: usize, operation: &Operation, thousandths: usize) -> std::io::Result<()> {
        let body = self.body(number, operation).to_string();
        let (route, key, name, length) = (operation.route(), &self.partner(number).key, name(number), body.len());
        let request = format!(
            "POST {route} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {key}\r\nidempotency-key: {name}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n{body}"
        );
        let mut stream = TcpStream::connect(self.addresses[number % self.addresses.len()]).await?;
        stream.write_all(&request.as_bytes()[..request.len() * thousandths / 1_000]).await
    }

    fn body(&self, number: usize, operation: &Operation) -> Value {
        let at = self.observed_at(number).rfc3339_micros();
        let item = |n: usize| match operation.kind {
            Kind::Metrics => json!({ "metric": METRICS[n], "value": number % 100, "observed_at": at }),
            Kind::Incidents => json!({ "external_id": item_name(number, n), "title": format!("Incident {number}"), "severity": "low", "tlp": "GREEN" }),
            Kind::Indicators => json!({ "type": "domain-name", "value": item_name(number, n), "tlp": "GREEN" }),
        };
        json!({ "items": (0..operation.items).map(item).collect::<Vec<_>>() })
    }

    /// When the samples of an operation were observed: a moment of its own, which names it.
    pub fn observed_at(&self, number: usize) -> Timestamp {
        self.since.plus(number as i64)
    }
}

impl Operation {
    fn route(&self) -> &'static str {
        match self.kind {
            Kind::Metrics => "/api/v1/metrics",
            Kind::Incidents => "/api/v1/incidents",
            Kind::Indicators => "/api/v1/indicators",
        }
    }
}

/// The Idempotency-Key of an operation.
pub fn name(number: usize) -> String {
    format!("op-{number}")
}

/// The name of one item of an operation.
fn item_name(number: usize, item: usize) -> String {
    format!("i{item}.op-{number}.example")
}

/// The operation that an item's name belongs to.
pub fn number_of(name: &str) -> usize {
    let number = name.split('.').nth(1).and_then(|part| part.strip_prefix("op-")).and_then(|n| n.parse().ok());
    number.unwrap_or_else(|| panic!("{name} belongs to no operation"))
}
