//! Security events.

use super::{Context, Fault, Refused, Scalar, fields, recipients, sent::Fields};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};
use store::EventItem;
use utoipa::ToSchema;

/// One security event (alert, detection, finding), as pushed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `check` reads field by field")]
pub struct EventRaw<'a> {
    /// The organisation's own id; pushing it again replaces what was said of it.
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
    #[schema(required = false)]
    attributes: BTreeMap<String, Scalar>,
    #[serde(borrow, default)]
    #[schema(ignore)]
    org: Option<Cow<'a, str>>,
}

pub(super) const FIELDS: [&str; 10] = ["external_id", "title", "kind", "severity", "tlp", "observed_at", "incident", "recipients", "attributes", "org"];

pub fn check(_index: usize, raw: &RawValue, context: &Context<'_>) -> Result<EventItem, Refused> {
    let mut f = Fields::read(raw, "an event", &FIELDS)?;
    f.own(context)?;
    let external_id = f.text("external_id", 128);
    let external_id = f.need("external_id", external_id);
    let title = f.text("title", 300);
    let title = f.need("title", title);
    let severity = f.one_of("severity");
    let severity = f.need("severity", severity);
    let observed_at = f.observation("observed_at", context);
    let observed_at = f.need("observed_at", observed_at);
    let kind = f.text("kind", 64);
    let (tlp, incident) = (f.one_of("tlp"), f.text("incident", 128));
    let recipients = recipients(&mut f, context);
    fields::attributes(&mut f);
    let raw = f.check(super::compact(raw));
    f.done()?;
    match (external_id, title, severity, observed_at, raw) {
        (Some(external_id), Some(title), Some(severity), Some(observed_at), Some(raw)) => Ok(EventItem {
            external_id,
            kind: kind.unwrap_or_else(|| "alert".to_owned()),
            title,
            severity,
            tlp: tlp.unwrap_or_default(),
            observed_at,
            incident,
            recipients,
            raw,
        }),
        _ => Err(Fault::new("", "missing_field", "A field is missing.").into()),
    }
}
