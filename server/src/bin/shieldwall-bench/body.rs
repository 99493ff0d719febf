//! Prepared pushes: written once, and patched in place with what must be fresh, so that making them costs next to nothing.

use domain::{Timestamp, catalogue::ScoringPolicy};
use server::auth::keys;
use std::fmt::Write;

/// Items in most pushes.
pub const ITEMS: usize = 100;
/// Metrics in a push; each is sent for several sites.
const METRICS: usize = 25;
/// As long as every moment is.
const MOMENT: &str = "0000-00-00T00:00:00.000000Z";
/// As long as every API key is; it is searched for, so nothing else looks like it.
const KEY: &str = match std::str::from_utf8(&[b'k'; keys::LENGTH]) {
    Ok(letters) => letters,
    Err(_) => unreachable!(),
};
/// As long as every Idempotency-Key is. Not a part of [`KEY`], because it is searched for.
const IDEMPOTENCY: &str = "xxxxxxxxxxxxxxxxxxxx";

/// A request that pushes samples of as many series at one moment.
pub struct Push {
    request: Vec<u8>,
    body: usize,
    moments: Vec<usize>,
    key: usize,
    idempotency: usize,
}

impl Push {
    /// Prepares a push of so many items to `path`; `seed` varies the values.
    pub fn new(policy: &ScoringPolicy, host: &str, path: &str, seed: usize, items: usize) -> Self {
        let mut body = String::from("{\"items\":[");
        for i in 0..items {
            let metric = &policy.metrics[i % METRICS.min(policy.metrics.len())];
            let quality = 0.45 + 0.5 * (((i * 7 + seed * 13) % 100) as f64 / 100.0);
            let value = metric.floor + (metric.target - metric.floor) * quality;
            let value = if metric.is_whole() { value.round() } else { value };
            let comma = if i == 0 { "" } else { "," };
            let _ = write!(body, "{comma}{{\"metric\":\"{}\",\"value\":{value:.3},\"observed_at\":\"{MOMENT}\"", metric.key);
            // The first of each metric is the organisation's own figure, without labels.
            if i >= METRICS {
                let _ = write!(body, ",\"labels\":{{\"site\":\"site-{}\"}}", i / METRICS);
            }
            body.push('}');
        }
        body.push_str("]}");
        let mut request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\nuser-agent: shieldwall-bench\r\n\
             authorization: Bearer {KEY}\r\nidempotency-key: {IDEMPOTENCY}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let at = |text: &str| request.find(text).unwrap_or_default();
        let (key, idempotency) = (at(KEY), at(IDEMPOTENCY));
        request.push_str(&body);
        let moments = request.match_indices(MOMENT).map(|(at, _)| at).collect();
        Self { request: request.into_bytes(), body: body.len(), moments, key, idempotency }
    }

    /// Bytes of the JSON.
    pub fn body_bytes(&self) -> usize {
        self.body
    }

    /// The request, made fresh.
    pub fn fresh(&mut self, key: &str, idempotency: u64, at: Timestamp) -> &[u8] {
        let moment = at.rfc3339_micros();
        for start in &self.moments {
            self.request[*start..*start + MOMENT.len()].copy_from_slice(moment.as_bytes());
        }
        self.request[self.key..self.key + KEY.len()].copy_from_slice(key.as_bytes());
        let number = format!("{idempotency:020}");
        self.request[self.idempotency..self.idempotency + IDEMPOTENCY.len()].copy_from_slice(number.as_bytes());
        &self.request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_made_fresh_with_a_key_as_the_hub_makes_them() {
        let policy: ScoringPolicy = serde_json::from_str(include_str!("../../default_policy.json")).expect("the default policy");
        let mut push = Push::new(&policy, "localhost", "/api/v1/metrics", 1, ITEMS);
        let key = keys::generate(&mut rand::rng());
        let request = String::from_utf8(push.fresh(&key, 7, Timestamp(1_000_000)).to_vec()).expect("text");
        let (head, body) = request.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains(&format!("authorization: Bearer {key}\r\n")) && head.contains("idempotency-key: 00000000000000000007\r\n"));
        assert!(head.ends_with(&format!("content-length: {}", body.len())) && push.body_bytes() == body.len());
        let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
        let items = body["items"].as_array().expect("items");
        assert!(items.len() == ITEMS && items.iter().all(|item| item["observed_at"] == "1970-01-01T00:00:01.000000Z"));
    }
}
