//! Threat indicators.

use super::{Context, Fault, item, moment, recipients, text, word};
use domain::{Severity, Timestamp, Tlp, indicator::IndicatorType};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use store::IndicatorItem;
use utoipa::ToSchema;

/// One threat indicator, as pushed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct IndicatorRaw<'a> {
    /// `domain-name`, `ipv4-addr`, `ipv6-addr`, `url`, `email-addr`, `file-md5`, `file-sha1`, `file-sha256`, `vulnerability`, `other`.
    #[serde(borrow, rename = "type")]
    #[schema(value_type = String, example = "domain-name")]
    kind: Cow<'a, str>,
    /// The domain name, address, hash and so on itself. Capital letters make no second indicator where they mean nothing. Either this or `hmac`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "login.example.net")]
    value: Option<Cow<'a, str>>,
    /// In place of `value`, where you do not tell it: its keyed hash under the alliance's key, 64 hexadecimal digits.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, min_length = 64, max_length = 64)]
    hmac: Option<Cow<'a, str>>,
    /// With `hmac`: the number of the alliance's key that it was made with, `id` in the answer of `GET /alliance-key`. Where it is left out, the key is taken to be
    /// the one before the current one, as long as that is accepted.
    #[serde(default)]
    hmac_key: Option<i64>,
    /// `CLEAR`, `GREEN`, `AMBER`, `AMBER+STRICT` or `RED` (TLP 2.0); unmarked is `AMBER+STRICT`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "GREEN")]
    tlp: Option<Cow<'a, str>>,
    /// `critical`, `high`, `medium`, `low` or `info`; unknown where it is left out.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    severity: Option<Cow<'a, str>>,
    /// How sure the organisation is, from 0 to 100.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 100)]
    confidence: Option<u8>,
    /// RFC 3339 with a zone, or a date. Default: `last_seen`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    first_seen: Option<Cow<'a, str>>,
    /// RFC 3339 with a zone, or a date. Default: `first_seen`, or now.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    last_seen: Option<Cow<'a, str>>,
    /// When it stops being a threat; may lie ahead.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    valid_until: Option<Cow<'a, str>>,
    /// What it is about; at most 4,000 characters.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    description: Option<Cow<'a, str>>,
    /// Slugs of the organisations that AMBER, AMBER+STRICT and RED reach.
    #[serde(borrow, default)]
    #[schema(value_type = Vec<String>)]
    recipients: Vec<Cow<'a, str>>,
    #[serde(borrow, default)]
    #[schema(ignore)]
    org: Option<Cow<'a, str>>,
}

/// The value in canonical spelling, or the keyed hash that stands for it; says whether it is one.
fn observed(kind: IndicatorType, value: Option<&str>, hmac: Option<&str>) -> Result<(String, bool), Fault> {
    match (value, hmac) {
        (Some(value), None) => {
            let value = kind.canonical(value).map_err(|e| Fault::new("value", "bad_value", format!("value {e}.")))?;
            Ok((value, false))
        }
        (None, Some(hmac)) if hmac.len() == 64 && hmac.bytes().all(|b| b.is_ascii_hexdigit()) => Ok((hmac.to_ascii_lowercase(), true)),
        (None, Some(_)) => Err(Fault::new("hmac", "bad_value", "hmac must be 64 hexadecimal digits.")),
        (Some(_), Some(_)) => Err(Fault::new("hmac", "contradiction", "An indicator has a value or an hmac, not both.")),
        (None, None) => Err(Fault::new("value", "missing_field", "An indicator needs a value or an hmac.")),
    }
}

pub fn check(_index: usize, raw: &RawValue, context: &Context<'_>) -> Result<IndicatorItem, Fault> {
    let i: IndicatorRaw<'_> = item(raw)?;
    if i.org.as_deref().is_some_and(|o| o != context.org_slug) {
        return Err(Fault::new("org", "foreign_org", ""));
    }
    let kind: IndicatorType = word("type", &i.kind)?;
    let (value, hashed) = observed(kind, i.value.as_deref(), i.hmac.as_deref())?;
    match i.hmac_key {
        Some(_) if !hashed => return Err(Fault::new("hmac_key", "contradiction", "hmac_key is said of an hmac, and the indicator has a value.")),
        Some(no) if !context.alliance_keys.contains(&no) => {
            let accepted = context.alliance_keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            return Err(Fault::new(
                "hmac_key",
                "bad_value",
                format!("hmac_key must be the number of a key that is accepted now: {accepted}. Hash again with the first."),
            ));
        }
        _ => {}
    }
    if i.confidence.is_some_and(|c| c > 100) {
        return Err(Fault::new("confidence", "out_of_range", "confidence must be from 0 to 100."));
    }
    if let Some(description) = i.description.as_deref().filter(|d| !d.is_empty()) {
        text("description", description, 4_000)?;
    }
    let at = |field: &'static str, value: &Option<Cow<'_, str>>| value.as_deref().map(|t| moment(field, t, context)).transpose();
    let (first, last) = (at("first_seen", &i.first_seen)?, at("last_seen", &i.last_seen)?);
    let last_seen = last.or(first).unwrap_or(context.now);
    let first_seen = first.unwrap_or(last_seen);
    if first_seen > last_seen {
        return Err(Fault::new("last_seen", "contradiction", "last_seen is before first_seen."));
    }
    let valid_until =
        i.valid_until.as_deref().map(Timestamp::parse).transpose().map_err(|e| Fault::new("valid_until", "bad_time", format!("valid_until {e}.")))?;
    Ok(IndicatorItem {
        kind,
        value,
        hashed,
        key_no: i.hmac_key,
        tlp: i.tlp.as_deref().map_or(Ok(Tlp::default()), |t| word("tlp", t))?,
        severity: i.severity.as_deref().map(|s| word::<Severity>("severity", s)).transpose()?,
        confidence: i.confidence,
        first_seen,
        last_seen,
        valid_until,
        recipients: recipients(&i.recipients, context)?,
        raw: super::compact(raw)?,
    })
}
