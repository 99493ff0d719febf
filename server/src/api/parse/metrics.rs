//! Samples of posture metrics.

use super::{Context, Fault, Parsed, count, failure, fields, item, observation, own};
use crate::api::problem::Problem;
use domain::catalogue::MetricDefinition;
use fields::{Object, UniqueMap};
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
    /// A number in the unit of the catalogue, within its range: percentages from 0 to 100.
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
    /// Tells series of one metric apart, such as `{"site": "north"}`: at most 8, names of a-z, 0-9 and underscores.
    #[serde(borrow = "'a", default, deserialize_with = "labels_of")]
    #[schema(value_type = std::collections::BTreeMap<String, String>, required = false)]
    labels: UniqueMap<Cow<'a, str>>,
    #[serde(borrow, default)]
    #[schema(ignore)]
    org: Option<Cow<'a, str>>,
}

fn labels_of<'de: 'a, 'a, D: serde::Deserializer<'de>>(deserializer: D) -> Result<UniqueMap<Cow<'a, str>>, D::Error> {
    UniqueMap::deserialize(deserializer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch<'a> {
    #[serde(borrow)]
    items: Vec<Object<MetricRaw<'a>>>,
    #[serde(borrow, default)]
    org: Option<Cow<'a, str>>,
}

/// The usual push: everything well-formed, read in one go. `None` sends the body the slow way, which knows where it is wrong.
pub fn fast(text: &str, context: &Context<'_>) -> Option<Result<Parsed, Problem>> {
    let Object(batch): Object<Batch<'_>> = serde_json::from_str(text).ok()?;
    if let Err(problem) = own(batch.org.as_deref(), context).and_then(|()| count(batch.items.len())) {
        return Some(Err(problem));
    }
    let total = batch.items.len() as u32;
    let (mut kept, mut failures) = (Vec::with_capacity(batch.items.len()), vec![]);
    for (i, Object(raw)) in batch.items.into_iter().enumerate() {
        match sample(raw, context) {
            Ok(sample) => kept.push(sample),
            Err(fault) if fault.code == "foreign_org" => return Some(Err(super::foreign())),
            Err(fault) => failures.push(failure(i, false, fault)),
        }
    }
    Some(Ok(Parsed { total, items: Items::Metrics(kept), failures }))
}

pub fn check(_index: usize, raw: &RawValue, context: &Context<'_>) -> Result<Sample, Fault> {
    sample(item(raw)?, context)
}

fn sample(raw: MetricRaw<'_>, context: &Context<'_>) -> Result<Sample, Fault> {
    if raw.org.as_deref().is_some_and(|o| o != context.org_slug) {
        return Err(Fault::new("org", "foreign_org", ""));
    }
    let Some(definition) = context.board.metric(&raw.metric) else {
        return Err(Fault::new("metric", "unknown_metric", format!("There is no metric {:?} in the catalogue of this alliance.", raw.metric)));
    };
    if let Some(unit) = &raw.unit
        && !same_unit(unit, definition)
    {
        return Err(Fault::new("unit", "wrong_unit", wrong_unit(definition)));
    }
    let (low, high) = definition.bounds();
    if !(low..=high).contains(&raw.value) {
        return Err(Fault::new("value", "out_of_range", format!("{} must be from {low} to {high}.", definition.key)));
    }
    let observed_at = observation("observed_at", &raw.observed_at, context)?;
    let labels = if raw.labels.0.is_empty() { String::new() } else { fields::labels(&raw.labels)? };
    Ok(Sample { metric: raw.metric.into_owned(), labels, value: raw.value, observed_at })
}

fn wrong_unit(definition: &MetricDefinition) -> String {
    let word = if definition.unit == "percent" { "percent or %" } else { &definition.unit };
    format!("unit must be {word} for {}, or left out.", definition.key)
}

fn same_unit(sent: &str, definition: &MetricDefinition) -> bool {
    sent == definition.unit || (sent == "%" && definition.unit == "percent")
}
