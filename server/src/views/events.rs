//! `/events`

use super::{
    Looking, from_store,
    incidents::{codes, named, severity_of, severity_word, tlp_of, tlp_word},
    words,
};
use app::api::Answer;
use domain::{DataClass, query::PageQuery, view::*};
use store::{EventFacet, EventFilter, Spellings};

/// What the query narrows the list to.
///
/// # Errors
/// [`Refusal::NotFound`] for an organisation that is absent.
pub fn filter(l: &Looking, q: &PageQuery) -> Answer<EventFilter> {
    let org = if q.org.is_empty() { None } else { Some(l.board.by_slug(&q.org).ok_or(Refusal::NotFound)?.info.id) };
    let window = q.window(l.now);
    // Until now means also what a clock that runs ahead has already sent.
    let to = if window.to >= l.now { l.now.plus(domain::DAY) } else { window.to };
    Ok(EventFilter {
        org,
        severity: q.sev.parse().ok(),
        tlp: q.tlp.parse().ok(),
        from: window.from,
        to,
        words: words::search(l, &q.q, |_| Spellings::default()),
        cursor: q.cursor.clone(),
    })
}

/// The list.
///
/// # Errors
/// When the database cannot be read.
pub async fn events(l: &Looking, q: &PageQuery) -> Answer<Events> {
    let f = filter(l, q)?;
    let fault = from_store(l.now);
    let (reads, numbers) = (l.reads(), l.reads().counts());
    let page = reads.events(&f).await.map_err(&fault)?;
    let beside = words::beside(l, DataClass::Events, f.org, numbers.events_unlisted(&f).await.map_err(&fault)?);
    let facet = async |facet| numbers.event_facet(&f, facet).await.map_err(&fault);
    let facets = vec![
        codes("sev", "Severity", &facet(EventFacet::Severity).await?, &q.sev, severity_word, severity_of),
        codes("tlp", "TLP", &facet(EventFacet::Tlp).await?, &q.tlp, tlp_word, tlp_of),
        named("org", "Organisation", facet(EventFacet::Org).await?, &q.org, |slug| words::name_of(l, slug)),
    ];
    let highest_tlp = reads.events_highest_tlp(&f).await.map_err(&fault)?;
    Ok(List { as_of: l.now, facets, rows: page.rows, total: page.total + beside.number(), different: None, beside, next: page.next, highest_tlp })
}
