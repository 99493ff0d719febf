//! Security events.

use super::{Context, Fault, fields, item, observation, recipients, text, word};
use domain::Tlp;
use fields::{Scalar, UniqueMap};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use store::EventItem;
use utoipa::ToSchema;

/// One security event (alert, detection, finding), as pushed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EventRaw<'a> {
    /// The organisation's own id; the first report of it stands.
    #[serde(borrow)]
    #[schema(value_type = String, example = "alert-88121")]
    external_id: Cow<'a, str>,
    /// What was seen, in one line of at most 300 characters.
    #[serde(borrow)]
    #[schema(value_type = String, example = "Impossible travel for an administrator")]
    title: Cow<'a, str>,
    /// `alert` (default), `detection`, `finding`, or a word of your own.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    kind: Option<Cow<'a, str>>,
    /// `critical`, `high`, `medium`, `low` or `info`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "medium")]
    severity: Cow<'a, str>,
    /// `CLEAR`, `GREEN`, `AMBER`, `AMBER+STRICT` or `RED` (TLP 2.0); unmarked is `AMBER+STRICT`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "GREEN")]
    tlp: Option<Cow<'a, str>>,
    /// When it was seen: RFC 3339 with a zone, or a date. Not more than 30 days ago without the scope `backfill`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "2026-05-01T12:00:00Z")]
    observed_at: Cow<'a, str>,
    /// The external id of the incident it belongs to.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    incident: Option<Cow<'a, str>>,
    /// Slugs of the organisations that AMBER, AMBER+STRICT and RED reach.
    #[serde(borrow, default)]
    #[schema(value_type = Vec<String>)]
    recipients: Vec<Cow<'a, str>>,
    /// The organisation's own fields: at most 50, each a text, number or boolean.
    #[serde(default)]
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>, required = false)]
    attributes: UniqueMap<Scalar>,
    #[serde(borrow, default)]
    #[schema(ignore)]
    org: Option<Cow<'a, str>>,
}

pub fn check(_index: usize, raw: &RawValue, context: &Context<'_>) -> Result<EventItem, Fault> {
    let event: EventRaw<'_> = item(raw)?;
    if event.org.as_deref().is_some_and(|o| o != context.org_slug) {
        return Err(Fault::new("org", "foreign_org", ""));
    }
    fields::attributes(&event.attributes)?;
    Ok(EventItem {
        external_id: text("external_id", &event.external_id, 128)?,
        kind: event.kind.as_deref().map_or(Ok("alert".to_owned()), |k| text("kind", k, 64))?,
        title: text("title", &event.title, 300)?,
        severity: word("severity", &event.severity)?,
        tlp: event.tlp.as_deref().map_or(Ok(Tlp::default()), |t| word("tlp", t))?,
        observed_at: observation("observed_at", &event.observed_at, context)?,
        incident: event.incident.as_deref().map(|i| text("incident", i, 128)).transpose()?,
        recipients: recipients(&event.recipients, context)?,
        raw: super::compact(raw)?,
    })
}
