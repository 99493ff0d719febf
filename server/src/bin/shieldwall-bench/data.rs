//! Seeds databases of known size: an alliance, its history, its keys, and one executive who looks at it.

use crate::{
    body::{ITEMS, Push},
    http::Connection,
    hub::Hub,
};
use anyhow::Context;
use domain::{DAY, HOUR, OrgId, Role, SECOND, Timestamp, catalogue::ScoringPolicy};
use futures::{StreamExt, TryStreamExt, stream};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use server::{
    auth::{keys, password},
    clock::Clock,
    policy::default_policy,
};
use std::time::{Duration, Instant};
use store::{DayRow, KeyRecord, Org, Settings, Store, bulk::SeriesHistory};

/// Metrics with history in each organisation: fewer than the catalogue has, so that the small databases have room for each.
const METRICS: usize = 20;
/// Days the history spans; within what is kept by default, so that nothing is deleted while the hub is measured.
const DAYS: i64 = 85;
/// Keys for each client, so that none exceeds its quota at any speed this machine reaches.
const KEYS_PER_CLIENT: usize = 32;
/// Writes that wait at once; they share commits.
const AT_ONCE: usize = 256;
/// People who sign in at once: checking a password takes a core for a while.
const SIGNING: usize = 2;
/// Connections that push incidents and indicators at once.
const PUSHING: usize = 16;
/// Incidents of each organisation, and indicators.
const INCIDENTS: usize = 12;
const INDICATORS: usize = 30;
/// People who can sign in.
pub const PEOPLE: usize = 120;

fn email(n: usize) -> String {
    format!("executive-{n}@bench.example")
}

/// The size of a database.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub organisations: usize,
    pub samples: usize,
}

impl Plan {
    pub fn new(organisations: usize, samples: usize) -> Self {
        Self { organisations, samples }
    }
}

/// Who is in a seeded database.
pub struct Alliance {
    pub policy: ScoringPolicy,
    pub slugs: Vec<String>,
    /// Organisation (place in `slugs`) and API key, the organisations taking turns.
    pub keys: Vec<(usize, String)>,
    password: String,
    /// Samples a second that the bulk load stored, with their daily rollups; `None` where there were none.
    pub loaded_per_second: Option<f64>,
}

/// Makes the database.
pub async fn create(url: &str, plan: &Plan, clients: usize) -> anyhow::Result<Alliance> {
    let store = Store::open(&Settings { url: url.to_owned(), readers: 2 }).await.with_context(|| format!("cannot open {url}"))?;
    let (hub, now, policy) = (store.hub(), Clock::default().now(), default_policy());
    hub.adopt_policy(&policy, now).await?;
    let slugs: Vec<String> = (0..plan.organisations).map(|n| format!("org-{n:04}")).collect();
    let orgs: Vec<OrgId> = hub.add_organisations(slugs.iter().map(|slug| organisation(slug)).collect(), now.plus(-DAYS * DAY)).await?;
    let secrets: Vec<(usize, String)> =
        (0..plan.organisations.max(clients * KEYS_PER_CLIENT)).map(|n| (n % orgs.len(), keys::generate(&mut rand::rng()))).collect();
    let added = secrets.iter().enumerate().map(|(n, (org, secret))| hub.add_key(key(orgs[*org], n, secret, now), keys::hash(secret)));
    stream::iter(added).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    let password = keys::generate(&mut rand::rng());
    let hash = password::hash(&password).await?;
    for n in 0..PEOPLE {
        hub.add_user(orgs[0], email(n), "Executive".to_owned(), Role::Executive, Some(hash.clone()), now).await?;
    }
    let loaded_per_second = if plan.samples > 0 { Some(history(&store, &orgs, plan, &policy, now).await?) } else { None };
    store.close().await;
    Ok(Alliance { policy, slugs, keys: secrets, password, loaded_per_second })
}

fn organisation(slug: &str) -> Org {
    Org {
        id: OrgId(0),
        slug: slug.to_owned(),
        name: format!("Organisation {}", slug.trim_start_matches("org-")),
        sector: "energy".to_owned(),
        country: "DE".to_owned(),
        assets: Some(2_000),
        interval: HOUR,
        weight: 1.0,
        last_data_at: None,
        confirmed: true,
    }
}

fn key(org: OrgId, n: usize, secret: &str, now: Timestamp) -> KeyRecord {
    let (name, hint) = (format!("bench-{n}"), keys::hint(secret));
    KeyRecord {
        id: 0,
        org,
        name,
        hint,
        scopes: keys::SCOPES.join(" "),
        created_at: now,
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
        addresses: String::new(),
    }
}

/// Loads samples in bulk, and a daily score for each day; returns samples a second.
async fn history(store: &Store, orgs: &[OrgId], plan: &Plan, policy: &ScoringPolicy, now: Timestamp) -> anyhow::Result<f64> {
    let moments = (plan.samples / (orgs.len() * METRICS)).max(1);
    let (from, step) = (now.plus(-DAYS * DAY), DAYS * DAY / moments as i64);
    let mut rng = StdRng::seed_from_u64(plan.samples as u64);
    let (mut loaded, mut spent, mut told) = (0, 0.0, Instant::now());
    for (n, org) in orgs.iter().enumerate() {
        // Every domain of the catalogue is among them.
        let metrics = (0..METRICS).map(|i| &policy.metrics[i * policy.metrics.len() / METRICS]);
        let series: Vec<SeriesHistory> = metrics
            .map(|m| {
                let mut value = |no: i64| {
                    let value = m.floor + (m.target - m.floor) * rng.random_range(0.5..1.0);
                    (from.plus(step * (no + 1) - SECOND), if m.is_whole() { value.round() } else { value })
                };
                SeriesHistory { metric: m.key.clone(), values: (0..moments as i64).map(&mut value).collect() }
            })
            .collect();
        let began = Instant::now();
        store.hub().load_history(*org, series, from, now.plus(-2 * DAY)).await?;
        spent += began.elapsed().as_secs_f64();
        loaded += moments * METRICS;
        store.hub().set_days(days(*org, policy, now, &mut rng)).await?;
        if told.elapsed().as_secs() >= 10 {
            told = Instant::now();
            eprintln!("· {loaded} of {} samples, {} of {} organisations", plan.samples, n + 1, orgs.len());
        }
    }
    Ok(loaded as f64 / spent)
}

/// A score for each day, so that the pages draw what a hub in use would draw.
fn days(org: OrgId, policy: &ScoringPolicy, now: Timestamp, rng: &mut StdRng) -> Vec<DayRow> {
    (1..=DAYS)
        .map(|back| {
            let mut score = || rng.random_range(60.0..95.0);
            let domains = std::array::from_fn(|_| Some(score()));
            let total = score();
            DayRow {
                org,
                day: now.day() - back,
                policy_version: policy.version,
                score: Some(total),
                last: Some(total),
                low: total - 5.0,
                high: total + 5.0,
                coverage: 0.9,
                domains,
                critical_public: false,
                critical_any: false,
            }
        })
        .collect()
}

/// Pushes incidents and indicators of every organisation to the running hub, so that the pages have all their blocks.
pub async fn push_records(hub: &Hub, alliance: &Alliance) -> anyhow::Result<()> {
    let (organisations, now) = (alliance.slugs.len(), Clock::default().now());
    let pushing = (0..PUSHING).map(async |first| {
        let mut connection = Connection::open(hub.address).await?;
        for (n, (_, key)) in alliance.keys.iter().enumerate().take(organisations).skip(first).step_by(PUSHING) {
            for (path, items) in [("incidents", incidents(n, now)), ("indicators", indicators(n, now))] {
                push_items(&mut connection, hub, key, path, &items).await?;
            }
        }
        anyhow::Ok(())
    });
    futures::future::try_join_all(pushing).await.map(drop)
}

/// Pushes items that are made for this once; returns how long the answer took.
pub async fn push_items(connection: &mut Connection, hub: &Hub, key: &str, path: &str, items: &[Value]) -> anyhow::Result<Duration> {
    let body = json!({ "items": items }).to_string();
    let head = format!("POST /api/v1/{path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\nauthorization: Bearer {key}\r\n", hub.address);
    let request = format!("{head}content-length: {}\r\n\r\n{body}", body.len());
    let began = Instant::now();
    let answer = connection.exchange(request.as_bytes()).await?;
    let took = began.elapsed();
    let receipt: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    anyhow::ensure!(answer.head.status == 200 && receipt["failure_count"] == 0, "the server refused {path}: {}", String::from_utf8_lossy(&answer.body));
    Ok(took)
}

fn incidents(n: usize, now: Timestamp) -> Vec<Value> {
    const SEVERITIES: [&str; 4] = ["low", "medium", "high", "medium"];
    let one = |i: usize| {
        let opened = now.plus(-((n * 7 + i * 61) as i64 % (DAYS * 24) + 1) * HOUR);
        let mut item = json!({
            "external_id": format!("INC-{i}"), "title": format!("Phishing wave {i}"), "severity": SEVERITIES[i % 4], "tlp": "GREEN",
            "class": "fraud/phishing", "opened_at": opened.rfc3339(), "updated_at": opened.rfc3339(), "status": "new",
        });
        // Most are closed, as in life.
        if !i.is_multiple_of(6) {
            let closed = opened.plus(30 * domain::MINUTE).rfc3339();
            (item["status"], item["closed_at"], item["updated_at"]) = (json!("closed"), json!(closed), json!(closed));
        }
        item
    };
    (0..INCIDENTS).map(one).collect()
}

fn indicators(n: usize, now: Timestamp) -> Vec<Value> {
    const TLP: [&str; 3] = ["CLEAR", "GREEN", "AMBER"];
    let at = now.plus(-HOUR).rfc3339();
    let one =
        |i: usize| json!({ "type": "domain-name", "value": format!("host{i}.net{}.example", n % 40), "tlp": TLP[i % 3], "first_seen": at, "last_seen": at });
    (0..INDICATORS).map(one).collect()
}

/// Signs so many sessions in, several of each person; who signed in at one hub is known to all of its database.
pub async fn sign_in_many(hub: &Hub, alliance: &Alliance, sessions: usize, of_each: usize) -> anyhow::Result<Vec<String>> {
    let signing = (0..sessions).map(|session| sign_in_as(hub, alliance, session / of_each % PEOPLE));
    stream::iter(signing).buffered(SIGNING).try_collect().await
}

/// Signs in as an executive; returns what to send as `Cookie`.
pub async fn sign_in(hub: &Hub, alliance: &Alliance) -> anyhow::Result<String> {
    sign_in_as(hub, alliance, 0).await
}

/// Signs in as one of [`PEOPLE`].
pub async fn sign_in_as(hub: &Hub, alliance: &Alliance, person: usize) -> anyhow::Result<String> {
    let form = format!("email={}&password={}", email(person).replace('@', "%40"), alliance.password);
    let request = format!(
        "POST /auth/signin HTTP/1.1\r\nhost: {0}\r\norigin: http://{0}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {1}\r\n\r\n{form}",
        hub.address,
        form.len()
    );
    let answer = Connection::open(hub.address).await?.exchange(request.as_bytes()).await?;
    let cookie = answer.head.header("set-cookie").and_then(|c| c.split(';').next());
    cookie.map(str::to_owned).with_context(|| format!("signing in failed with status {}", answer.head.status))
}

impl Alliance {
    /// A prepared push to this hub.
    pub fn push(&self, hub: &Hub, seed: usize) -> Push {
        self.push_of(hub, seed, ITEMS)
    }

    /// One with so many items.
    pub fn push_of(&self, hub: &Hub, seed: usize, items: usize) -> Push {
        Push::new(&self.policy, &hub.address.to_string(), "/api/v1/metrics", seed, items)
    }

    /// The keys of one organisation.
    pub fn keys_of(&self, org: usize) -> Vec<String> {
        self.keys.iter().filter(|(of, _)| *of == org).map(|(_, key)| key.clone()).collect()
    }
}
