//! Indicator counts of a window.

use super::{Context, Fault, Object, Parsed, moment, own, whole, word};
use crate::api::{MAX_ITEMS, problem::Problem};
use domain::{Severity, Tlp, indicator::IndicatorType};
use serde::Deserialize;
use std::borrow::Cow;
use store::{CountItem, Failure, Items};
use utoipa::ToSchema;

/// How many indicators a partner holds in a window; replaces what was said of the same window.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
    counts: Vec<Object<CountRaw<'a>>>,
    #[serde(borrow, default)]
    #[schema(ignore)]
    org: Option<Cow<'a, str>>,
}

/// One number.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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

pub fn parse(text: &str, context: &Context<'_>) -> Result<Parsed, Problem> {
    let body: CountBody<'_> = whole(text)?;
    own(body.org.as_deref(), context)?;
    let at = |field: &str, value: &str| moment(field, value, context).map_err(|f| Problem::invalid(f.detail.clone()).at(format!("/{field}"), f.code, f.detail));
    let window = (at("window_start", &body.window_start)?, at("window_end", &body.window_end)?);
    if window.0 >= window.1 {
        return Err(Problem::invalid("The window ends before it begins.").at("/window_end", "contradiction", "window_end must be after window_start."));
    }
    if body.counts.len() > MAX_ITEMS {
        return Err(Problem::too_large(format!("A push may have {MAX_ITEMS} counts.")).at("/counts", "too_many_items", "Sum them up."));
    }
    let (mut counts, mut failures) = (vec![], vec![]);
    for (i, Object(raw)) in body.counts.iter().enumerate() {
        match count(raw) {
            Ok(item) => counts.push(item),
            Err(f) => {
                failures.push(Failure { index: i as u32, pointer: format!("/counts/{i}/{}", f.field), code: f.code.to_owned(), detail: super::short(f.detail) })
            }
        }
    }
    Ok(Parsed { total: body.counts.len() as u32, items: Items::Counts { window, counts }, failures })
}

fn count(raw: &CountRaw<'_>) -> Result<CountItem, Fault> {
    if raw.count > 1_000_000_000_000 {
        return Err(Fault::new("count", "out_of_range", "count must be at most 1000000000000."));
    }
    Ok(CountItem {
        kind: word::<IndicatorType>("type", &raw.kind)?,
        tlp: word::<Tlp>("tlp", &raw.tlp)?,
        severity: word::<Severity>("severity", &raw.severity)?,
        count: raw.count,
    })
}
