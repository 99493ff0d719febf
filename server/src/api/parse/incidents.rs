//! Incidents.

use super::{Context, Fault, fields, item, moment, recipients, text, word};
use crate::api::problem::Problem;
use domain::{IncidentStatus, Severity, Tlp, rsit};
use fields::{Scalar, UniqueMap};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use store::IncidentItem;
use utoipa::ToSchema;

/// The newest word on one incident, as pushed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
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
    #[schema(value_type = std::collections::BTreeMap<String, Scalar>, required = false)]
    attributes: UniqueMap<Scalar>,
    #[serde(borrow, default)]
    #[schema(ignore)]
    org: Option<Cow<'a, str>>,
}

pub fn check(index: usize, raw: &RawValue, context: &Context<'_>) -> Result<IncidentItem, Fault> {
    let item: IncidentRaw<'_> = item(raw)?;
    if item.external_id.is_empty() {
        return Err(Fault::new("external_id", "missing_field", "Missing field `external_id`."));
    }
    incident(index, item, super::compact(raw)?, context)
}

/// Reads the body of `PUT /incidents/{external_id}`: an incident, whose id is the path's.
///
/// # Errors
/// Names the field that is wrong.
pub fn one(body: &[u8], external_id: &str, context: &Context<'_>) -> Result<Vec<u8>, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Problem::malformed("The body is not UTF-8."))?;
    super::scan::depth(text, crate::api::MAX_DEPTH, crate::api::MAX_ITEMS)?;
    let mut value: serde_json::Map<String, serde_json::Value> = {
        // The typed look first: it finds duplicate and unknown fields.
        let _: IncidentRaw<'_> = super::whole(text)?;
        super::single(text)?
    };
    match value.get("external_id").and_then(|v| v.as_str()) {
        None => {
            value.insert("external_id".into(), external_id.into());
        }
        Some(named) if named != external_id => {
            return Err(Problem::invalid("The body names another incident than the path.").at(
                "/external_id",
                "mismatch",
                format!("The path says {external_id:?}."),
            ));
        }
        Some(_) => {}
    }
    if value.get("org").and_then(|v| v.as_str()).is_some_and(|o| o != context.org_slug) {
        return Err(super::foreign());
    }
    serde_json::to_vec(&serde_json::json!({ "items": [value] })).map_err(|_| Problem::internal())
}

fn incident(index: usize, item: IncidentRaw<'_>, raw: String, context: &Context<'_>) -> Result<IncidentItem, Fault> {
    if item.org.as_deref().is_some_and(|o| o != context.org_slug) {
        return Err(Fault::new("org", "foreign_org", ""));
    }
    // A clock that is a little ahead must not make an incident open, or closed, only later: totals go by these moments, lists by the status.
    let at = |field: &'static str, value: &Option<Cow<'_, str>>| value.as_deref().map(|t| moment(field, t, context).map(|at| at.min(context.now))).transpose();
    let external_id = text("external_id", &item.external_id, 128)?;
    let title = text("title", &item.title, 300)?;
    let severity: Severity = word("severity", &item.severity)?;
    let status: IncidentStatus = item.status.as_deref().map_or(Ok(IncidentStatus::New), |s| word("status", s))?;
    let tlp: Tlp = item.tlp.as_deref().map_or(Ok(Tlp::default()), |t| word("tlp", t))?;
    let class = item.class.as_deref().unwrap_or("other/undetermined");
    if !rsit::is_known(class) {
        return Err(Fault::new("class", "bad_value", "class must be a class or class/entry of RSIT, such as fraud/phishing."));
    }
    for (field, value, max) in [("description", &item.description, 20_000), ("owner", &item.owner, 200)] {
        if let Some(value) = value.as_deref().filter(|v| !v.is_empty()) {
            text(field, value, max)?;
        }
    }
    fields::attributes(&item.attributes)?;
    let updated_at = at("updated_at", &item.updated_at)?.unwrap_or(context.now);
    let opened_at = at("opened_at", &item.opened_at)?.unwrap_or(updated_at);
    let closed_at = match (at("closed_at", &item.closed_at)?, status.is_open()) {
        (Some(_), true) => return Err(Fault::new("closed_at", "contradiction", format!("closed_at does not go with status {status}."))),
        (Some(t), false) if t < opened_at => return Err(Fault::new("closed_at", "contradiction", "closed_at is before opened_at.")),
        (closed, false) => Some(closed.unwrap_or(updated_at).max(opened_at)),
        (None, true) => None,
    };
    Ok(IncidentItem {
        index: index as u32,
        external_id,
        title,
        severity,
        status,
        tlp,
        class: class.to_owned(),
        opened_at,
        closed_at,
        updated_at,
        recipients: recipients(&item.recipients, context)?,
        raw,
        expected_revision: None,
    })
}
