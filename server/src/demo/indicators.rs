//! What partners saw: about 2,500 reports of some 2,000 values, for a fifth of them were seen by several. Two partners share
//! numbers besides, and one tells keyed hashes only.

use super::{
    cast::{PARTNERS, Story},
    chance::{rng, weighted},
    history::end,
    incidents::recipients,
    words,
};
use crate::cli::hashes;
use domain::{DAY, HOUR, Severity, Timestamp, Tlp};
use rand::RngExt;
use serde_json::{Value, json};
use store::NumberedKey;

const VALUES: usize = 1_950;
/// Partners that also share how many indicators they hold.
const COUNTING: [&str; 2] = ["quillon-bank", "wrenfield-telecom"];

/// The partner that tells keyed hashes only.
pub const HASHING: &str = "pallister-air";

/// The same indicators without their values.
///
/// # Errors
/// When one has no value of its type.
pub fn hashed(items: Vec<Value>, key: &NumberedKey) -> anyhow::Result<Vec<Value>> {
    let hash = |item: Value| match item {
        Value::Object(item) => hashes::in_place(item, key).map(Value::Object),
        other => Ok(other),
    };
    items.into_iter().map(hash).collect()
}

/// The indicators of all partners, in their order, each partner's oldest first.
pub fn reports(now: Timestamp) -> Vec<Vec<Value>> {
    let mut rng = rng("indicators", 0);
    let mut out: Vec<Vec<(Timestamp, Value)>> = PARTNERS.iter().map(|_| vec![]).collect();
    let weights = PARTNERS.each_ref().map(|p| p.weight);
    for _ in 0..VALUES {
        let (kind, value) = words::indicator(&mut rng);
        // Young ones are more: the age is drawn twice and the lesser taken.
        let age = rng.random::<f64>().min(rng.random::<f64>()) * 300.0;
        let tlp = words::tlp(&mut rng);
        let severity = words::severity(&mut rng);
        // What only some may know is not seen by all; the rest now and then by two to five.
        let reporters = if tlp.reaches_everyone() && rng.random_bool(0.2) { rng.random_range(2..=4) } else { 1 };
        let mut seen_by = Vec::new();
        for _ in 0..reporters {
            let no = weighted(&mut rng, &weights);
            if seen_by.contains(&no) {
                continue;
            }
            seen_by.push(no);
            let last = end(no, PARTNERS[no].story, now);
            let first_seen = last.plus(-(age * DAY as f64) as i64 - rng.random_range(0..2 * DAY));
            let last_seen = first_seen.plus((rng.random::<f64>() * 9.0 * DAY as f64) as i64).min(last);
            let item = json!({
                "type": kind, "value": value, "tlp": tlp.name(), "severity": severity.name(), "confidence": rng.random_range(30..=95),
                "first_seen": first_seen.rfc3339(), "last_seen": last_seen.rfc3339(), "valid_until": last_seen.plus(270 * DAY).rfc3339(),
                "recipients": recipients(&mut rng, no, tlp),
            });
            out[no].push((last_seen, item));
        }
    }
    out.into_iter()
        .map(|mut items| {
            items.sort_by_key(|(at, _)| *at);
            items.into_iter().map(|(_, item)| item).collect()
        })
        .collect()
}

/// Weekly numbers of a partner that shares them, one push each.
pub fn counts(no: usize, now: Timestamp) -> Vec<Value> {
    if !COUNTING.contains(&PARTNERS[no].slug) || PARTNERS[no].story == Story::Silent {
        return vec![];
    }
    let mut rng = rng("counts", no);
    let last = end(no, PARTNERS[no].story, now);
    let midnight = Timestamp(last.0 - last.0 % (24 * HOUR));
    (0..8)
        .rev()
        .map(|week| {
            let counts: Vec<Value> = ["domain-name", "ipv4-addr", "url", "file-sha256"]
                .iter()
                .flat_map(|kind| [(kind, Tlp::Clear, Severity::Low), (kind, Tlp::Green, Severity::Medium), (kind, Tlp::Amber, Severity::High)])
                .map(|(kind, tlp, severity)| json!({ "type": kind, "tlp": tlp.name(), "severity": severity.name(), "count": rng.random_range(3..180) }))
                .collect();
            json!({ "window_start": midnight.plus(-(week + 1) * 7 * DAY).rfc3339(), "window_end": midnight.plus(-week * 7 * DAY).rfc3339(), "counts": counts })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn some_values_are_seen_by_several() {
        let all = reports(Timestamp::parse("2026-05-01T12:00:00Z").unwrap());
        let total: usize = all.iter().map(Vec::len).sum();
        assert!((2_300..2_800).contains(&total), "{total}");
        let mut seen: HashMap<&str, usize> = HashMap::new();
        for item in all.iter().flatten() {
            *seen.entry(item["value"].as_str().unwrap()).or_default() += 1;
        }
        assert!(seen.values().filter(|n| **n > 1).count() > 200);
    }
}
