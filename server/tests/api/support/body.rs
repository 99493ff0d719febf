//! Bodies of pushes.

use async_compression::tokio::bufread::GzipEncoder;
use domain::indicator::IndicatorType;
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;

/// A metric of the default catalogue, in percent.
pub const METRIC: &str = "mfa_coverage_pct";

pub fn items(items: impl IntoIterator<Item = Value>) -> Value {
    json!({ "items": items.into_iter().collect::<Vec<_>>() })
}

pub fn sample(value: f64, at: &str) -> Value {
    json!({ "metric": METRIC, "value": value, "observed_at": at })
}

pub fn incident(external_id: &str, severity: &str, tlp: &str) -> Value {
    json!({ "external_id": external_id, "title": format!("Title of {external_id}"), "severity": severity, "tlp": tlp, "class": "fraud/phishing" })
}

pub fn event(external_id: &str, tlp: &str, at: &str) -> Value {
    json!({ "external_id": external_id, "title": format!("Title of {external_id}"), "severity": "medium", "tlp": tlp, "observed_at": at })
}

pub fn indicator(value: &str, tlp: &str) -> Value {
    json!({ "type": "domain-name", "value": value, "tlp": tlp })
}

/// The same without its value, as a partner hashes it.
pub async fn hashed(app: &super::TestApp, value: &str, tlp: &str) -> Value {
    let key = app.app.store.alliance_key().await.expect("the key");
    json!({ "type": "domain-name", "hmac": key.hmac(IndicatorType::DomainName, value), "tlp": tlp })
}

/// The same object with a field set or replaced.
pub fn with(mut object: Value, field: &str, value: impl Into<Value>) -> Value {
    object[field] = value.into();
    object
}

/// The same object without a field.
pub fn without(mut object: Value, field: &str) -> Value {
    object.as_object_mut().expect("an object").remove(field);
    object
}

pub async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    GzipEncoder::new(bytes).read_to_end(&mut packed).await.expect("gzip");
    packed
}

pub fn zstd(bytes: &[u8]) -> Vec<u8> {
    ::zstd::bulk::compress(bytes, 1).expect("zstd")
}
