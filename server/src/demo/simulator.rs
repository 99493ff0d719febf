//! Partners that keep pushing: each its own task, through the public HTTP API, with a real key.
//!
//! Every partner but the silent one reports some metrics every 20 to 60 s and all of them well within its interval; now and
//! then an event, an indicator, an incident, which it resolves some minutes later. Every half hour or so a phishing wave runs
//! through the alliance. The late partner sends everything some minutes after it was measured.

use super::{
    cast::{INTERVAL, PARTNERS, Partner, Story},
    chance::{normal, pick, rng},
    history::{LATE_BY, is_age, round},
    words::{self, KINDS, PHISHING},
};
use crate::{
    App,
    auth::keys,
    cli::client::{Intent, PushClient},
    clock::Clock,
};
use anyhow::Context;
use domain::{DAY, HOUR, MINUTE, SECOND, Severity, Timestamp, Tlp, catalogue::MetricDefinition};
use rand::{RngExt, rngs::StdRng};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};
use store::{KeyRecord, Org, What};
use tokio::task::{JoinHandle, JoinSet};

/// Keys of one run end by themselves.
const KEYS_LAST: i64 = 30 * DAY;
/// All metrics are reported at least this often, so that none becomes late by itself.
const WHOLE_EVERY: i64 = INTERVAL / 2;
const WAVE_LASTS: i64 = 3 * MINUTE;

/// One partner at work.
struct Simulated {
    partner: &'static Partner,
    client: PushClient,
    clock: Clock,
    rng: StdRng,
    metrics: Vec<Metric>,
    /// When all metrics were last reported.
    whole_at: Timestamp,
    /// Open incidents of this run, with the moment each is due to be resolved.
    open: Vec<(Timestamp, Value)>,
    wave: Arc<AtomicI64>,
    /// Pushes so far, for the idempotency keys.
    pushes: u64,
    run: uuid::Uuid,
}

/// A metric as it stands; it strays around where the history left it.
struct Metric {
    definition: MetricDefinition,
    anchor: f64,
    anchor_day: i64,
    value: f64,
}

/// Starts the partners; they stop when the task is aborted.
///
/// # Errors
/// When the database fails or a client cannot be set up.
pub async fn simulate(app: &App, base: &str) -> anyhow::Result<JoinHandle<()>> {
    let now = app.clock.now();
    let hub = app.store.hub();
    let orgs = hub.organisations().await?;
    let policy = hub.policy().await?.context("the hub has no policy")?;
    let current = hub.current(&orgs.iter().map(|o| o.id).collect::<Vec<_>>()).await?;
    let wave = Arc::new(AtomicI64::new(0));
    let run = uuid::Uuid::new_v4();
    let mut tasks = JoinSet::new();
    for (no, partner) in PARTNERS.iter().enumerate().filter(|(_, p)| p.story != Story::Silent) {
        let Some(org) = orgs.iter().find(|o| o.slug == partner.slug) else { continue };
        let metrics = policy.metrics.iter().filter_map(|m| {
            let row = current.iter().find(|c| c.org == org.id)?.rows().find(|row| row.metric == m.key && row.labels.is_empty())?;
            Some(Metric { definition: m.clone(), anchor: row.value, anchor_day: row.observed_at.day(), value: row.value })
        });
        let simulated = Simulated {
            partner,
            client: PushClient::new(base, &key(app, org, now).await?, concat!("shieldwall-demo/", env!("CARGO_PKG_VERSION")), 4)?,
            clock: app.clock.clone(),
            rng: rng("simulator", no),
            metrics: metrics.collect(),
            whole_at: Timestamp::default(),
            open: vec![],
            wave: wave.clone(),
            pushes: 0,
            run,
        };
        tasks.spawn(simulated.live(Duration::from_millis(300 + 700 * no as u64)));
    }
    tasks.spawn(waves(wave, app.clock.clone()));
    // The set ends its tasks when it is dropped, which aborting this one does.
    Ok(tokio::spawn(async move { while tasks.join_next().await.is_some() {} }))
}

/// A key of its own for each run: the secret of the last run's is not kept anywhere.
async fn key(app: &App, org: &Org, now: Timestamp) -> anyhow::Result<String> {
    let key = keys::generate(&mut rand::rng());
    let record = KeyRecord {
        id: 0,
        org: org.id,
        name: format!("simulator of {}", now.rfc3339()),
        hint: keys::hint(&key),
        scopes: keys::USUAL.join(" "),
        created_at: now,
        expires_at: Some(now.plus(KEYS_LAST)),
        revoked_at: None,
        last_used_at: None,
        addresses: String::new(),
    };
    app.store.hub().add_key(record, keys::hash(&key)).await?;
    Ok(key)
}

/// Lets a wave begin now and then.
async fn waves(wave: Arc<AtomicI64>, clock: Clock) {
    let mut rng = rng("waves", 0);
    loop {
        tokio::time::sleep(Duration::from_secs(rng.random_range(12 * 60..40 * 60))).await;
        wave.store(clock.now().plus(WAVE_LASTS).0, Ordering::Relaxed);
        tracing::info!("demo: a phishing wave begins");
    }
}

impl Simulated {
    async fn live(mut self, first: Duration) {
        tokio::time::sleep(first).await;
        loop {
            if let Err(error) = self.act().await {
                tracing::warn!(partner = self.partner.slug, error = format!("{error:#}"), "demo: push failed");
            }
            let seconds = if self.partner.story == Story::Late { 150 } else { self.rng.random_range(20..=60) };
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
    }

    /// The moment this partner speaks of: the late one's data is some minutes old when it comes.
    fn speaks_of(&self) -> Timestamp {
        let now = self.clock.now();
        if self.partner.story == Story::Late { now.plus(-LATE_BY) } else { now }
    }

    async fn act(&mut self) -> anyhow::Result<()> {
        let at = self.speaks_of();
        self.metrics(at).await?;
        let in_wave = self.wave.load(Ordering::Relaxed) > at.0;
        if self.rng.random_bool(0.12) {
            let event = self.event(at, None);
            self.push(What::Events, vec![event]).await?;
        }
        if self.rng.random_bool(if in_wave { 0.6 } else { 0.10 }) {
            let indicators = (0..self.rng.random_range(1..4)).map(|_| self.indicator(at)).collect();
            self.push(What::Indicators, indicators).await?;
        }
        if self.open.len() < 2 && self.rng.random_bool(if in_wave { 0.5 } else { 0.012 }) {
            self.incident(at, in_wave).await?;
        }
        self.resolve(at).await
    }

    async fn metrics(&mut self, at: Timestamp) -> anyhow::Result<()> {
        let whole = at.since(self.whole_at) > WHOLE_EVERY;
        let n = self.metrics.len();
        let (from, some) = (self.rng.random_range(0..n.max(1)), self.rng.random_range(3..9));
        let mut items = Vec::new();
        for i in 0..if whole { n } else { some.min(n) } {
            let metric = &mut self.metrics[(from + i) % n];
            metric.step(&mut self.rng, at);
            items.push(json!({ "metric": metric.definition.key, "value": metric.value, "unit": metric.definition.unit, "observed_at": at.rfc3339_micros() }));
        }
        self.push(What::Metrics, items).await?;
        if whole {
            self.whole_at = at;
        }
        Ok(())
    }

    fn event(&mut self, at: Timestamp, incident: Option<&str>) -> Value {
        let rng = &mut self.rng;
        let kind = if incident.is_some() { &KINDS[PHISHING] } else { words::kind(rng) };
        let mut event = json!({
            "external_id": words::id("EV", at), "title": pick(rng, kind.signs), "kind": pick(rng, &["alert", "detection", "finding"]),
            "severity": pick(rng, &["info", "low", "low", "medium"]), "tlp": "GREEN", "observed_at": at.rfc3339_micros(), "attributes": words::attributes(rng),
        });
        if let Some(id) = incident {
            event["incident"] = id.into();
        }
        event
    }

    fn indicator(&mut self, at: Timestamp) -> Value {
        let rng = &mut self.rng;
        let (kind, value) = words::indicator(rng);
        json!({
            "type": kind, "value": value, "tlp": pick(rng, &["GREEN", "GREEN", "GREEN", "CLEAR"]), "severity": words::severity(rng).name(),
            "confidence": rng.random_range(40..=95), "first_seen": at.rfc3339(), "last_seen": at.rfc3339(), "valid_until": at.plus(180 * DAY).rfc3339(),
        })
    }

    async fn incident(&mut self, at: Timestamp, in_wave: bool) -> anyhow::Result<()> {
        let rng = &mut self.rng;
        let kind = if in_wave { &KINDS[PHISHING] } else { words::kind(rng) };
        let severity = match words::severity(rng) {
            // A critical one caps a score: rare, or the demo would be one alarm.
            Severity::Critical if !rng.random_bool(0.3) => Severity::High,
            other => other,
        };
        let id = words::id("INC", at);
        let item = json!({
            "external_id": id, "title": words::title(rng, kind), "severity": severity.name(), "status": "new", "tlp": Tlp::Green.name(), "class": kind.class,
            "owner": pick(rng, &words::OWNERS), "opened_at": at.rfc3339(), "updated_at": at.rfc3339_micros(),
        });
        let due = at.plus(rng.random_range(6 * MINUTE..HOUR / 2));
        self.push(What::Incidents, vec![item.clone()]).await?;
        self.open.push((due, item));
        let event = self.event(at, Some(&id));
        self.push(What::Events, vec![event]).await
    }

    /// Takes up incidents, and resolves those whose time has come.
    async fn resolve(&mut self, at: Timestamp) -> anyhow::Result<()> {
        for i in (0..self.open.len()).rev() {
            let (due, mut item) = self.open[i].clone();
            let opened = item["opened_at"].as_str().and_then(|t| Timestamp::parse(t).ok()).unwrap_or(at);
            let status = match item["status"].as_str() {
                _ if at >= due => "resolved",
                Some("new") if at.since(opened) > 90 * SECOND => "in_progress",
                _ => continue,
            };
            item["status"] = status.into();
            item["updated_at"] = at.rfc3339_micros().into();
            if status == "resolved" {
                item["closed_at"] = at.rfc3339_micros().into();
                self.open.remove(i);
            } else {
                self.open[i].1 = item.clone();
            }
            self.push(What::Incidents, vec![item]).await?;
        }
        Ok(())
    }

    async fn push(&mut self, what: What, items: Vec<Value>) -> anyhow::Result<()> {
        self.pushes += 1;
        let key = format!("{}-{}-{}", self.run, self.partner.slug, self.pushes);
        let tell = |said: &str| tracing::warn!(partner = self.partner.slug, "demo: {said}");
        let answer = self.client.push(what, serde_json::to_vec(&json!({ "items": items }))?, &key, Intent::default(), &tell).await?;
        if !answer.accepted() || answer.failure_count > 0 {
            let first = answer.failures.first().or(answer.errors.first());
            tracing::warn!(partner = self.partner.slug, what = what.name(), status = answer.status, detail = ?answer.detail, ?first, "demo: push refused");
        }
        Ok(())
    }
}

impl Metric {
    fn step(&mut self, rng: &mut StdRng, at: Timestamp) {
        let m = &self.definition;
        if is_age(m) {
            self.value = self.anchor + (at.day() - self.anchor_day).max(0) as f64;
            return;
        }
        let span = (m.target - m.floor).abs();
        let strayed = self.value + (self.anchor - self.value) * 0.08 + normal(rng) * span * 0.006;
        self.value = round(m, strayed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::default_policy;

    #[test]
    fn metrics_stray_but_stay() {
        let mut rng = rng("test", 0);
        for definition in default_policy().metrics {
            let (low, high) = definition.bounds();
            let anchor = round(&definition, (definition.target + definition.floor) / 2.0);
            let mut metric = Metric { definition, anchor, anchor_day: 100, value: anchor };
            for _ in 0..2_000 {
                metric.step(&mut rng, Timestamp::of_day(102));
                assert!((low..=high).contains(&metric.value) && (!metric.definition.is_whole() || metric.value.fract() == 0.0));
            }
            let span = (metric.definition.target - metric.definition.floor).abs();
            assert!((metric.value - anchor).abs() <= (span * 0.15).max(2.0), "{} {} {anchor}", metric.definition.key, metric.value);
        }
    }
}
