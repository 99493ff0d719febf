//! Samples of posture metrics.

use super::{Context, Fault, Parsed, Refused, count, fields, observation, sent::Fields};
use crate::api::problem::Problem;
use domain::{Timestamp, catalogue::MetricDefinition};
use fields::{Labels, Object};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use store::{Items, Sample};
use utoipa::ToSchema;

/// One value of one metric, as pushed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricRaw<'a> {
    /// A key of the catalogue, such as `mfa_coverage_pct`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "mfa_coverage_pct")]
    metric: Cow<'a, str>,
    /// A number in the unit of the catalogue, within its range: percentages from 0 to 100, counts whole (`3.0` is).
    #[schema(example = 93.5)]
    value: f64,
    /// The metric's unit as the catalogue spells it, as a check: `percent` (or `%`), `days`, `hours`, `count`, `per_1000_assets`. May be left out.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    unit: Option<Cow<'a, str>>,
    /// When it was measured: RFC 3339 with a zone, or a date, which is its midnight in UTC. At most 5 minutes ahead of the hub's clock, and not
    /// more than 30 days ago without the scope `backfill`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "2026-05-01T12:00:00Z")]
    observed_at: Cow<'a, str>,
    /// Makes the value one of a part of the metric, such as `{"site": "north"}`: at most 8, names of a-z, 0-9 and underscores. The metric's value is the one without
    /// labels; where there is none, the mean of its parts, weighted by the label `assets` if all carry it.
    #[serde(borrow, default)]
    #[schema(value_type = std::collections::BTreeMap<String, String>, required = false)]
    labels: Labels<'a>,
    #[serde(borrow, default)]
    #[schema(ignore)]
    org: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch<'a> {
    #[serde(borrow)]
    items: Vec<Object<MetricRaw<'a>>>,
    #[serde(borrow, default)]
    org: Option<Cow<'a, str>>,
}

pub(super) const FIELDS: [&str; 6] = ["metric", "value", "unit", "observed_at", "labels", "org"];

/// The usual push: everything as it must be, read in one go. `None` sends the body the slow way, which knows all that is wrong, and where.
pub fn fast(text: &str, context: &Context<'_>) -> Option<Result<Parsed, Problem>> {
    let Object(batch): Object<Batch<'_>> = serde_json::from_str(text).ok()?;
    if batch.org.is_some_and(|org| org != context.org_slug) {
        return None;
    }
    if let Err(problem) = count(batch.items.len()) {
        return Some(Err(problem));
    }
    let total = batch.items.len() as u32;
    // Mostly all were measured at one moment.
    let mut known = None;
    let kept = batch.items.into_iter().map(|Object(raw)| sample(raw, context, &mut known)).collect::<Option<_>>()?;
    Some(Ok(Parsed { total, items: Items::Metrics(kept), failures: vec![] }))
}

/// `known` is the moment of the sample before, as it was written and as it was read.
fn sample<'a>(raw: MetricRaw<'a>, context: &Context<'_>, known: &mut Option<(Cow<'a, str>, Timestamp)>) -> Option<Sample> {
    let definition = context.board.metric(&raw.metric)?;
    let (low, high) = definition.bounds();
    let good = raw.org.is_none_or(|org| org == context.org_slug)
        && raw.unit.is_none_or(|unit| same_unit(&unit, definition))
        && (low..=high).contains(&raw.value)
        && !is_fraction(raw.value, definition);
    let observed_at = match known {
        Some((text, at)) if *text == raw.observed_at => *at,
        _ => {
            let at = observation("observed_at", &raw.observed_at, context).ok()?;
            known.insert((raw.observed_at, at)).1
        }
    };
    good.then_some(Sample { metric: raw.metric.into_owned(), labels: raw.labels.canonical()?, value: raw.value, observed_at })
}

pub fn check(_index: usize, raw: &RawValue, context: &Context<'_>) -> Result<Sample, Refused> {
    let mut f = Fields::read(raw, "a value of a metric", &FIELDS)?;
    f.own(context)?;
    let metric = f.word("metric");
    let definition = metric.as_deref().and_then(|key| context.board.metric(&domain::text::trimmed(key).to_lowercase()));
    if let (Some(key), None) = (&metric, definition) {
        f.fault("metric", "unknown_metric", format!("There is no metric {key:?} in the catalogue of this alliance."));
    }
    f.need("metric", metric);
    let percent = definition.is_none_or(|definition| definition.unit == "percent");
    let value = f.number("value", percent);
    let value = f.need("value", value);
    if let (Some(definition), Some(unit)) = (definition, f.word("unit"))
        && !same_unit(&unit, definition)
    {
        f.fault("unit", "wrong_unit", wrong_unit(definition));
    }
    if let (Some(definition), Some(value)) = (definition, value) {
        let (low, high) = definition.bounds();
        if !(low..=high).contains(&value) {
            f.fault("value", "out_of_range", format!("{} must be from {low} to {high}.", definition.key));
        } else if is_fraction(value, definition) {
            f.fault("value", "bad_value", format!("value must be a whole number ({} is a {}), not {value}.", definition.key, definition.unit));
        }
    }
    let observed_at = f.observation("observed_at", context);
    let observed_at = f.need("observed_at", observed_at);
    let labels = fields::labels_of(&mut f);
    f.done()?;
    match (definition, value, observed_at) {
        (Some(definition), Some(value), Some(observed_at)) => Ok(Sample { metric: definition.key.clone(), labels, value, observed_at }),
        _ => Err(Fault::new("", "missing_field", "A field is missing.").into()),
    }
}

/// Whether a value has decimals where its unit has none.
fn is_fraction(value: f64, definition: &MetricDefinition) -> bool {
    definition.is_whole() && value.fract() != 0.0
}

fn wrong_unit(definition: &MetricDefinition) -> String {
    let word = if definition.unit == "percent" { "percent or %" } else { &definition.unit };
    format!("unit must be {word} for {}, or left out.", definition.key)
}

fn same_unit(sent: &str, definition: &MetricDefinition) -> bool {
    let sent = domain::text::trimmed(sent).to_ascii_lowercase().replace([' ', '-'], "_");
    sent == definition.unit || (sent == "%" && definition.unit == "percent")
}
