//! `/incidents` and `/incidents/:id`

use super::{
    Looking, failed, from_store, made,
    reach::{orgs, reach},
    words,
};
use crate::json_text;
use app::api::Answer;
use domain::{DataClass, IncidentStatus, Severity, Tlp, query::PageQuery, rsit, sharing::Marked, view::*};
use serde_json::Value;
use store::{IncidentFacet, IncidentFilter, Spellings};

/// What the query narrows the queue to. `status` defaults to the open ones.
///
/// # Errors
/// [`Refusal::NotFound`] for an organisation that is absent.
pub fn filter(l: &Looking, q: &PageQuery) -> Answer<IncidentFilter> {
    let org = if q.org.is_empty() { None } else { Some(l.board.by_slug(&q.org).ok_or(Refusal::NotFound)?.info.id) };
    Ok(IncidentFilter {
        org,
        severity: q.sev.parse().ok(),
        status: q.status.parse().ok(),
        open: q.status.is_empty() || q.status == "open",
        tlp: q.tlp.parse().ok(),
        class: (!q.class.is_empty()).then(|| q.class.clone()),
        words: words::search(l, &q.q, |_| Spellings::default()),
        sort: q.sort.clone(),
        cursor: q.cursor.clone(),
    })
}

/// The queue.
///
/// # Errors
/// When the database cannot be read.
pub async fn incidents(l: &Looking, q: &PageQuery) -> Answer<Incidents> {
    let f = filter(l, q)?;
    let fault = from_store(l.now);
    let page = l.reads().incidents(&f).await.map_err(&fault)?;
    let mut facets = Vec::new();
    for facet in [IncidentFacet::Status, IncidentFacet::Severity, IncidentFacet::Class, IncidentFacet::Tlp, IncidentFacet::Org] {
        let counts = l.reads().counts().incident_facet(&f, facet).await.map_err(&fault)?;
        facets.push(match facet {
            IncidentFacet::Status => status_facet(&counts, &q.status),
            IncidentFacet::Severity => codes("sev", "Severity", &counts, &q.sev, severity_word, severity_of),
            IncidentFacet::Tlp => codes("tlp", "TLP", &counts, &q.tlp, tlp_word, tlp_of),
            IncidentFacet::Class => {
                let titled = counts.into_iter().map(|(class, _, n)| (class.clone(), rsit::title(&class), n)).collect();
                named("class", "Class", titled, &q.class, rsit::title)
            }
            IncidentFacet::Org => named("org", "Organisation", counts, &q.org, |slug| words::name_of(l, slug)),
        });
    }
    let highest_tlp = l.reads().incidents_highest_tlp(&f).await.map_err(&fault)?;
    let beside = words::beside(l, DataClass::Incidents, f.org, l.reads().counts().incidents_unlisted(&f).await.map_err(&fault)?);
    Ok(List { as_of: l.now, facets, rows: page.rows, total: page.total + beside.number(), different: None, beside, next: page.next, highest_tlp })
}

fn status_facet(counts: &[(String, String, u64)], selected: &str) -> Facet {
    let of = |status: IncidentStatus| counts.iter().find(|c| c.0 == status.code().to_string()).map_or(0, |c| c.2);
    let value = |value: &str, label: &str, count: u64| FacetValue {
        value: value.into(),
        label: label.into(),
        count,
        selected: selected == value || (value == "open" && selected.is_empty()),
    };
    let mut values = vec![value("open", "Open", IncidentStatus::ALL.into_iter().filter(|s| s.is_open()).map(of).sum())];
    values.extend(IncidentStatus::ALL.into_iter().map(|s| value(s.name(), s.label(), of(s))));
    values.push(value("any", "Any", counts.iter().map(|c| c.2).sum()));
    Facet { key: "status".into(), title: "Status".into(), values }
}

/// A facet over stored codes, in their order. What is `selected` stands in it even where it leads to nothing: a filter in force is always seen.
pub(super) fn codes(
    key: &str,
    title: &str,
    counts: &[(String, String, u64)],
    selected: &str,
    words: impl Fn(i64) -> (String, String),
    code_of: impl Fn(&str) -> Option<i64>,
) -> Facet {
    let mut counts: Vec<(i64, u64)> = counts.iter().filter_map(|(code, _, count)| Some((code.parse().ok().filter(|code| *code >= 0)?, *count))).collect();
    if let Some(code) = code_of(selected).filter(|code| counts.iter().all(|(other, _)| other != code)) {
        counts.push((code, 0));
    }
    counts.sort_unstable();
    let value = |(code, count)| {
        let (value, label) = words(code);
        let selected = code_of(selected) == Some(code);
        FacetValue { value, label, count, selected }
    };
    Facet { key: key.into(), title: title.into(), values: counts.into_iter().map(value).collect() }
}

/// A facet over names, most first. What is `selected` stands in it as in [`codes`], by its `label`.
pub(super) fn named(key: &str, title: &str, counts: Vec<(String, String, u64)>, selected: &str, label: impl Fn(&str) -> String) -> Facet {
    let mut values: Vec<FacetValue> = counts
        .into_iter()
        .map(|(value, label, count)| {
            let selected = value == selected;
            FacetValue { label: if label.is_empty() { value.clone() } else { label }, value, count, selected }
        })
        .collect();
    if !selected.is_empty() && values.iter().all(|value| !value.selected) {
        values.push(FacetValue { value: selected.to_owned(), label: label(selected), count: 0, selected: true });
    }
    Facet { key: key.into(), title: title.into(), values }
}

/// A severity's name as its code.
pub(super) fn severity_of(name: &str) -> Option<i64> {
    name.parse::<Severity>().ok().map(Severity::code)
}

/// A marking's name as its code.
pub(super) fn tlp_of(name: &str) -> Option<i64> {
    name.parse::<Tlp>().ok().map(Tlp::code)
}

/// A severity's code as a facet's value and label.
pub(super) fn severity_word(code: i64) -> (String, String) {
    let name = Severity::from_code(code).name();
    (name.into(), capital(name))
}

/// A marking's code as a facet's value and label.
pub(super) fn tlp_word(code: i64) -> (String, String) {
    let name = Tlp::from_code(code).name();
    (name.into(), name.into())
}

fn capital(text: &str) -> String {
    text[..1].to_uppercase() + &text[1..]
}

/// One incident, whole.
///
/// # Errors
/// [`Refusal::NotFound`] for absent and unshared incidents alike.
pub async fn incident(l: &Looking, id: &str) -> Answer<Incident> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let found = l.reads().incident(id).await.map_err(from_store(l.now))?.ok_or(Refusal::NotFound)?;
    let raw: Value = serde_json::from_str(&found.raw).map_err(failed)?;
    let text = |key: &str| raw[key].as_str().unwrap_or_default().to_owned();
    let own = found.owner == l.viewer.org;
    let mut timeline: Vec<TimelineEntry> = found
        .revisions
        .iter()
        .map(|r| TimelineEntry {
            at: r.at,
            kind: "revision".into(),
            text: r.summary.clone(),
            severity: None,
            // Another organisation's receipt may stand for more than this viewer may count.
            href: r.receipt.filter(|_| own).map(|id| format!("/receipts/{id}")).unwrap_or_default(),
        })
        .collect();
    timeline.extend(found.events.iter().map(|e| TimelineEntry {
        at: e.observed_at,
        kind: "event".into(),
        text: e.title.clone(),
        severity: Some(e.severity),
        href: format!("/events/{}", e.id),
    }));
    timeline.sort_by_key(|t| t.at);
    let sent = json_text::fields(&found.raw);
    let attributes = sent.iter().filter(|(name, _)| name == "attributes").flat_map(|(_, all)| json_text::fields(all.get()));
    let attributes = attributes.map(|(name, value)| (name.into_owned(), json_text::plain(value))).collect();
    let made = made::incident(&found);
    let named = orgs(l, &found.recipients);
    let marked = Marked { tlp: found.row.tlp, recipients: &named, received_at: found.received_at };
    Ok(Incident {
        description: text("description"),
        owner: text("owner"),
        highest_tlp: found.events.iter().map(|e| e.tlp).chain([found.row.tlp]).max().unwrap_or_default(),
        reach: reach(l, DataClass::Incidents, (found.owner, &found.row.org.name), &marked, &found.recipients),
        recipients: found.recipients,
        timeline,
        earlier_revisions: found.earlier_revisions,
        earlier_events: found.earlier_events,
        attributes,
        raw: json_text::pretty(&found.raw),
        made,
        row: found.row,
    })
}
