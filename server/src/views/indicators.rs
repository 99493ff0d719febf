//! `/indicators` and `/indicators/:id`

use super::{
    Looking, failed, from_store,
    incidents::{codes, named, severity_of, severity_word, tlp_of, tlp_word},
    made,
    reach::{orgs, reach},
    words,
};
use crate::json_text;
use app::api::Answer;
use domain::{
    DataClass, Timestamp,
    aggregate::{begin_of, week_of},
    indicator,
    query::PageQuery,
    sharing::Marked,
    view::*,
};
use serde_json::Value;
use store::{IndicatorFacet, IndicatorFilter, Spellings};

/// What the query narrows the list to.
///
/// # Errors
/// [`Refusal::NotFound`] for an organisation that is absent.
pub fn filter(l: &Looking, q: &PageQuery) -> Answer<IndicatorFilter> {
    let org = if q.org.is_empty() { None } else { Some(l.board.by_slug(&q.org).ok_or(Refusal::NotFound)?.info.id) };
    Ok(IndicatorFilter {
        org,
        kind: q.kind.parse().ok(),
        tlp: q.tlp.parse().ok(),
        severity: q.sev.parse().ok(),
        shared: q.seen == "2",
        week: week(l),
        day: day(l),
        words: words::search(l, &q.q, spelled),
        cursor: q.cursor.clone(),
    })
}

/// How the hub writes what was typed, the networks that hold an address or network, and what lies within a network.
fn spelled(word: &str) -> Spellings {
    let typed = indicator::typed(word);
    let whole = typed.values.into_iter().map(|one| one.value).chain(typed.around).collect();
    Spellings { parts: vec![typed.part], whole, within: typed.within }
}

/// Begin of the week: what organisations without a name reported since counts from the next one on.
pub(super) fn week(l: &Looking) -> Timestamp {
    begin_of(week_of(l.now.day()))
}

/// Begin of the day, by which the comparisons of a day go.
pub(super) fn day(l: &Looking) -> Timestamp {
    Timestamp::of_day(l.now.day())
}

/// The list.
///
/// # Errors
/// When the database cannot be read.
pub async fn indicators(l: &Looking, q: &PageQuery) -> Answer<Indicators> {
    let f = filter(l, q)?;
    let fault = from_store(l.now);
    let page = l.reads().indicators(&f).await.map_err(&fault)?;
    let facet = async |facet| l.reads().counts().indicator_facet(&f, facet).await.map_err(&fault);
    let tlps = facet(IndicatorFacet::Tlp).await?;
    let highest_tlp = l.reads().indicators_highest_tlp(&f).await.map_err(&fault)?;
    let unlisted = async |f: &IndicatorFilter| l.reads().counts().indicators_unlisted(f).await.map_err(&fault);
    let beside = words::beside(l, DataClass::Indicators, f.org, unlisted(&f).await?);
    let total = page.total + beside.number();
    let both = IndicatorFilter { shared: !f.shared, cursor: String::new(), ..f.clone() };
    let other = l.reads().indicators(&both).await.map_err(&fault)?.total + unlisted(&both).await?.iter().map(|(_, n)| n).sum::<u64>();
    let (all, shared) = if f.shared { (other, total) } else { (total, other) };
    let seen = Facet {
        key: "seen".into(),
        title: "Reported by".into(),
        values: vec![
            FacetValue { value: String::new(), label: "Anyone".into(), count: all, selected: !f.shared },
            FacetValue { value: "2".into(), label: "Several organisations".into(), count: shared, selected: f.shared },
        ],
    };
    let different = if f.shared { Some(l.reads().indicator_values(&f).await.map_err(&fault)?) } else { None };
    let facets = vec![
        seen,
        named("kind", "Type", facet(IndicatorFacet::Kind).await?, &q.kind, str::to_owned),
        codes("sev", "Severity", &facet(IndicatorFacet::Severity).await?, &q.sev, severity_word, severity_of),
        codes("tlp", "TLP", &tlps, &q.tlp, tlp_word, tlp_of),
        named("org", "Organisation", facet(IndicatorFacet::Org).await?, &q.org, |slug| words::name_of(l, slug)),
    ];
    Ok(List { as_of: l.now, facets, rows: page.rows, total, different, beside, next: page.next, highest_tlp })
}

/// One indicator, with everyone who reported the same value.
///
/// # Errors
/// [`Refusal::NotFound`] for absent and unshared indicators alike.
pub async fn indicator(l: &Looking, id: &str) -> Answer<Indicator> {
    let id = id.parse().map_err(|_| Refusal::NotFound)?;
    let mut found = l.reads().indicator(id, week(l), day(l)).await.map_err(from_store(l.now))?.ok_or(Refusal::NotFound)?;
    let raw: Value = serde_json::from_str(&found.raw).map_err(failed)?;
    // Another organisation's receipt may stand for more than this viewer may count.
    let own = l.board.org(l.viewer.org).map(|o| o.info.slug.clone()).unwrap_or_default();
    found.reports.iter_mut().filter(|r| r.org.slug != own).for_each(|r| r.receipt.clear());
    let named = orgs(l, &found.recipients);
    let marked = Marked { tlp: found.row.tlp, recipients: &named, received_at: found.received_at };
    let made = made::indicator(&found);
    let networks = match &found.row.observed {
        Observed::Value(value) => l.reads().networks(&found.row.kind, value).await.map_err(from_store(l.now))?,
        Observed::Hash(_) => vec![],
    };
    Ok(Indicator {
        networks,
        highest_tlp: found.reports.iter().map(|r| r.tlp).chain([found.row.tlp]).max().unwrap_or_default(),
        sent: raw["value"].as_str().filter(|sent| found.row.observed != Observed::Value((*sent).to_owned())).map(str::to_owned),
        description: raw["description"].as_str().unwrap_or_default().to_owned(),
        confidence: found.confidence,
        valid_until: found.valid_until,
        reports: found.reports,
        reach: reach(l, DataClass::Indicators, (found.owner, &found.row.org.name), &marked, &found.recipients),
        raw: json_text::pretty(&found.raw),
        made,
        row: found.row,
    })
}
