//! Threat indicators.

use super::{Context, Fault, Refused, recipients, sent::Fields};
use domain::indicator::{Canonical, IndicatorType};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use store::IndicatorItem;
use utoipa::ToSchema;

/// One threat indicator, as pushed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `check` reads field by field")]
pub struct IndicatorRaw<'a> {
    /// `domain-name`, `ipv4-addr`, `ipv6-addr`, `url`, `email-addr`, `file-md5`, `file-sha1`, `file-sha256`, `vulnerability`, `other`.
    #[serde(borrow, rename = "type")]
    #[schema(value_type = String, example = "domain-name")]
    kind: Cow<'a, str>,
    /// The domain name, address, network (CIDR), hash and so on itself; one of them. It is kept in one spelling: `login[.]example[.]net` is the same indicator as
    /// `login.example.net`, and what was sent is shown beside it. Either this or `hmac`.
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

pub(super) const FIELDS: [&str; 13] =
    ["type", "value", "hmac", "hmac_key", "tlp", "severity", "confidence", "first_seen", "last_seen", "valid_until", "description", "recipients", "org"];

/// The value in canonical spelling, or the keyed hash that stands for it; says whether it is one.
fn observed(f: &mut Fields<'_>) -> Option<(Canonical, bool)> {
    let kind: Option<IndicatorType> = f.one_of("type");
    let kind = f.need("type", kind);
    let (value, hmac) = (f.word("value"), f.word("hmac"));
    let hashed = hmac.is_some();
    let read = match (value, hmac, kind) {
        (Some(value), None, Some(kind)) => kind.canonical(&value).map_err(|e| Fault::new("value", "bad_value", format!("value {e}."))),
        (None, Some(hmac), _) if hmac.len() != 64 || !hmac.bytes().all(|b| b.is_ascii_hexdigit()) => {
            Err(Fault::new("hmac", "bad_value", "hmac must be 64 hexadecimal digits."))
        }
        (None, Some(hmac), Some(kind)) => Ok(Canonical { kind, value: hmac.to_ascii_lowercase() }),
        (Some(_), Some(_), _) => Err(Fault::new("hmac", "contradiction", "An indicator has a value or an hmac, not both.")),
        (None, None, _) if f.raw("hmac").is_some_and(|raw| !matches!(raw.get(), "null" | "\"\"")) => return None,
        (None, None, _) => {
            f.need("value", None::<()>);
            return None;
        }
        (_, _, None) => return None,
    };
    f.check(read).map(|one| (one, hashed))
}

pub fn check(_index: usize, raw: &RawValue, context: &Context<'_>) -> Result<IndicatorItem, Refused> {
    let mut f = Fields::read(raw, "an indicator", &FIELDS)?;
    f.own(context)?;
    let observed = observed(&mut f);
    let hashed = observed.as_ref().is_some_and(|(_, hashed)| *hashed);
    let key_no = f.whole("hmac_key", 0..=1_000_000_000, false);
    match key_no {
        Some(_) if observed.is_some() && !hashed => f.fault("hmac_key", "contradiction", "hmac_key is said of an hmac, and the indicator has a value."),
        Some(no) if !context.alliance_keys.contains(&no) => {
            let accepted = context.alliance_keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let detail = format!("hmac_key must be the number of a key that is accepted now: {accepted}. Hash again with the first.");
            f.fault("hmac_key", "bad_value", detail);
        }
        _ => {}
    }
    let (tlp, severity) = (f.one_of("tlp"), f.one_of("severity"));
    let confidence = f.whole("confidence", 0..=100, true).and_then(|c| u8::try_from(c).ok());
    f.text("description", 4_000);
    let (first, last) = (f.moment("first_seen", context), f.moment("last_seen", context));
    let last_seen = last.or(first).unwrap_or(context.said_at);
    let first_seen = first.unwrap_or(last_seen);
    if first_seen > last_seen {
        f.fault("last_seen", "contradiction", "last_seen is before first_seen.");
    }
    let valid_until = f.any_moment("valid_until");
    let recipients = recipients(&mut f, context);
    let raw = f.check(super::compact(raw));
    f.done()?;
    match (observed, raw) {
        (Some((Canonical { kind, value }, hashed)), Some(raw)) => Ok(IndicatorItem {
            kind,
            value,
            hashed,
            key_no,
            tlp: tlp.unwrap_or_default(),
            severity,
            confidence,
            first_seen,
            last_seen,
            valid_until,
            recipients,
            raw,
        }),
        _ => Err(Fault::new("value", "missing_field", "An indicator needs a value or an hmac.").into()),
    }
}
