//! Indicator counts of a window.

use super::{
    Context, Fault, Parsed, Refusals, Refused, body_refused, json,
    sent::{Fields, Json},
};
use crate::api::{MAX_ITEMS, problem::Problem};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use store::{CountItem, Items};
use utoipa::ToSchema;

/// How many indicators a partner holds in a window; replaces what was said of the same window.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `parse` reads field by field")]
pub struct CountBody<'a> {
    /// The first moment of the window: RFC 3339 with a zone, or a date.
    #[serde(borrow)]
    #[schema(value_type = String, example = "2026-05-01T00:00:00Z")]
    window_start: Cow<'a, str>,
    /// The moment after the window.
    #[serde(borrow)]
    #[schema(value_type = String, example = "2026-05-02T00:00:00Z")]
    window_end: Cow<'a, str>,
    /// One number for each type, marking and severity; at most 1,000.
    #[serde(borrow)]
    #[schema(value_type = Vec<CountRaw>)]
    counts: Vec<CountRaw<'a>>,
    #[serde(borrow, default)]
    #[schema(ignore)]
    org: Option<Cow<'a, str>>,
}

/// One number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `count` reads field by field")]
pub struct CountRaw<'a> {
    /// `domain-name`, `ipv4-addr`, `ipv6-addr`, `url`, `email-addr`, `file-md5`, `file-sha1`, `file-sha256`, `vulnerability` or `other`.
    #[serde(borrow, rename = "type")]
    #[schema(value_type = String)]
    kind: Cow<'a, str>,
    /// `CLEAR`, `GREEN`, `AMBER`, `AMBER+STRICT` or `RED` (TLP 2.0).
    #[serde(borrow)]
    #[schema(value_type = String, example = "GREEN")]
    tlp: Cow<'a, str>,
    /// `critical`, `high`, `medium`, `low` or `info`.
    #[serde(borrow)]
    #[schema(value_type = String)]
    severity: Cow<'a, str>,
    /// How many the organisation holds; a whole number, 0 or more.
    count: u64,
}

pub(super) const BODY: [&str; 4] = ["window_start", "window_end", "counts", "org"];
pub(super) const FIELDS: [&str; 5] = ["type", "tlp", "severity", "count", "org"];

pub fn parse(text: &str, context: &Context<'_>) -> Result<Parsed, Problem> {
    let mut f = Fields::read(json(text)?, "the counts of a window", &BODY).map_err(|fault| body_refused(fault.into()))?;
    f.own(context).map_err(body_refused)?;
    let start = f.moment("window_start", context);
    let start = f.need("window_start", start);
    let end = f.moment("window_end", context);
    let end = f.need("window_end", end);
    if let (Some(start), Some(end)) = (start, end)
        && start >= end
    {
        f.fault("window_end", "contradiction", "window_end must be after window_start.");
    }
    let list = match f.raw("counts").map(Json::of) {
        Some(Json::List(list)) => list,
        Some(_) => {
            f.fault("counts", "wrong_type", "counts must be a list, such as [{…}, {…}].");
            vec![]
        }
        None => {
            f.fault("counts", "missing_field", "counts is missing: the list of numbers.");
            vec![]
        }
    };
    f.done().map_err(body_refused)?;
    let (Some(start), Some(end)) = (start, end) else { return Err(Problem::invalid("The window is missing.")) };
    if list.len() > MAX_ITEMS {
        return Err(Problem::too_large(format!("A push may have {MAX_ITEMS} counts.")).at("/counts", "too_many_items", "Sum them up."));
    }
    let (mut counts, mut refusals) = (vec![], Refusals::new("/counts"));
    for (i, raw) in list.iter().enumerate() {
        match count(raw, context) {
            Ok(item) => counts.push(item),
            Err(refused) => refusals.add(i, refused),
        }
    }
    Ok(Parsed { total: list.len() as u32, items: Items::Counts { window: (start, end), counts }, failures: refusals.done()? })
}

fn count(raw: &RawValue, context: &Context<'_>) -> Result<CountItem, Refused> {
    let mut f = Fields::read(raw, "a count", &FIELDS)?;
    f.own(context)?;
    let kind = f.one_of("type");
    let kind = f.need("type", kind);
    let tlp = f.one_of("tlp");
    let tlp = f.need("tlp", tlp);
    let severity = f.one_of("severity");
    let severity = f.need("severity", severity);
    let count = f.whole("count", 0..=1_000_000_000_000, false).and_then(|n| u64::try_from(n).ok());
    let count = f.need("count", count);
    f.done()?;
    match (kind, tlp, severity, count) {
        (Some(kind), Some(tlp), Some(severity), Some(count)) => Ok(CountItem { kind, tlp, severity, count }),
        _ => Err(Fault::new("", "missing_field", "A field is missing.").into()),
    }
}
