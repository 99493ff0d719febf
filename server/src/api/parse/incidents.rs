//! Incidents.

use super::{Context, Fault, Refused, Scalar, fields, recipients, sent::Fields};
use crate::api::problem::Problem;
use domain::{IncidentStatus, rsit, text::trimmed};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};
use store::IncidentItem;
use utoipa::ToSchema;

/// The newest word on one incident, as pushed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "describes what `check` reads field by field")]
pub struct IncidentRaw<'a> {
    /// The organisation's own id; pushing it again makes a revision.
    #[serde(borrow, default)]
    #[schema(value_type = String, required = true, example = "INC-2041")]
    external_id: Cow<'a, str>,
    /// What happened, in one line of at most 300 characters.
    #[serde(borrow)]
    #[schema(value_type = String, example = "Mailbox rule forwards invoices")]
    title: Cow<'a, str>,
    /// `critical`, `high`, `medium`, `low` or `info`.
    #[serde(borrow)]
    #[schema(value_type = String, example = "high")]
    severity: Cow<'a, str>,
    /// `new` (default), `in_progress`, `on_hold`, `resolved` or `closed`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    status: Option<Cow<'a, str>>,
    /// `CLEAR`, `GREEN`, `AMBER`, `AMBER+STRICT` or `RED` (TLP 2.0); unmarked is `AMBER+STRICT`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "GREEN")]
    tlp: Option<Cow<'a, str>>,
    /// A class, or class/entry, of ENISA's RSIT, such as `fraud/phishing`. Default `other/undetermined`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>, example = "fraud/phishing")]
    class: Option<Cow<'a, str>>,
    /// More of it; at most 20,000 characters.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    description: Option<Cow<'a, str>>,
    /// Who works on it.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    owner: Option<Cow<'a, str>>,
    /// When it began: RFC 3339 with a zone, or a date. Default: `updated_at`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    opened_at: Option<Cow<'a, str>>,
    /// When it ended; only with the status `resolved` or `closed`, and then by default `updated_at`.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    closed_at: Option<Cow<'a, str>>,
    /// When this was last true; an older report never overwrites a newer one. Default now.
    #[serde(borrow, default)]
    #[schema(value_type = Option<String>)]
    updated_at: Option<Cow<'a, str>>,
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

pub(super) const FIELDS: [&str; 14] = [
    "external_id",
    "title",
    "severity",
    "status",
    "tlp",
    "class",
    "description",
    "owner",
    "opened_at",
    "closed_at",
    "updated_at",
    "recipients",
    "attributes",
    "org",
];

/// Reads the body of `PUT /incidents/{external_id}`: an incident, whose id is the path's, as a push of one. Its fields stay as they were sent.
///
/// # Errors
/// Where it is no object, or names another incident or organisation.
pub fn one(body: &[u8], external_id: &str, context: &Context<'_>) -> Result<Vec<u8>, Problem> {
    let text = super::text_of(body)?;
    let mut f = Fields::read(super::json(&text)?, "an incident", &FIELDS).map_err(|fault| super::body_refused(fault.into()))?;
    f.own(context).map_err(super::body_refused)?;
    let named = f.word("external_id");
    if named.as_deref().is_some_and(|named| trimmed(named) != trimmed(external_id)) {
        return Err(Problem::invalid("The body names another incident than the path.").at(
            "/external_id",
            "mismatch",
            format!("The path says {external_id:?}."),
        ));
    }
    let unset = f.value("external_id").is_none();
    let mut sent: Vec<(&str, &str)> = f.sent().iter().map(|(name, raw)| (name.as_str(), raw.get())).collect();
    let id = serde_json::Value::from(external_id).to_string();
    // One of another type than a text is left for the reading of the item to refuse.
    if unset {
        sent.retain(|(name, _)| *name != "external_id");
        sent.push(("external_id", &id));
    }
    let fields: Vec<String> = sent.into_iter().map(|(name, raw)| format!("{}:{raw}", serde_json::Value::from(name))).collect();
    Ok(format!("{{\"items\":[{{{}}}]}}", fields.join(",")).into_bytes())
}

pub fn check(index: usize, raw: &RawValue, context: &Context<'_>) -> Result<IncidentItem, Refused> {
    let mut f = Fields::read(raw, "an incident", &FIELDS)?;
    f.own(context)?;
    let external_id = f.text("external_id", 128);
    let external_id = f.need("external_id", external_id);
    let title = f.text("title", 300);
    let title = f.need("title", title);
    let severity = f.one_of("severity");
    let severity = f.need("severity", severity);
    let status: Option<IncidentStatus> = f.one_of("status");
    let is_open = status.unwrap_or(IncidentStatus::New).is_open();
    let tlp = f.one_of("tlp");
    let named = f.word("class");
    let class = named.as_deref().map_or_else(|| Some("other/undetermined".to_owned()), rsit::read);
    if class.is_none() {
        f.fault("class", "bad_value", "class must be a class or class/entry of RSIT, such as fraud/phishing.");
    }
    f.text("description", 20_000);
    f.text("owner", 200);
    // A clock that is a little ahead must not make an incident open, or closed, only later: totals go by these moments, lists by the status.
    let mut at = |name: &str| f.moment(name, context).map(|at| at.min(context.now));
    let (updated, opened, closed) = (at("updated_at"), at("opened_at"), at("closed_at"));
    let updated_at = updated.unwrap_or(context.said_at);
    let opened_at = opened.unwrap_or(updated_at);
    match closed {
        Some(_) if is_open => f.fault("closed_at", "contradiction", format!("closed_at does not go with status {}.", status.unwrap_or(IncidentStatus::New))),
        Some(closed) if closed < opened_at => f.fault("closed_at", "contradiction", "closed_at is before opened_at."),
        _ => {}
    }
    let closed_at = (!is_open).then(|| closed.unwrap_or(updated_at).max(opened_at));
    let recipients = recipients(&mut f, context);
    fields::attributes(&mut f);
    let raw = f.check(super::compact(raw));
    f.done()?;
    match (external_id, title, severity, class, raw) {
        (Some(external_id), Some(title), Some(severity), Some(class), Some(raw)) => Ok(IncidentItem {
            index: index as u32,
            external_id,
            title,
            severity,
            status: status.unwrap_or(IncidentStatus::New),
            tlp: tlp.unwrap_or_default(),
            class,
            opened_at,
            closed_at,
            updated_at,
            recipients,
            raw,
            expected_revision: None,
        }),
        _ => Err(Fault::new("", "missing_field", "A field is missing.").into()),
    }
}
