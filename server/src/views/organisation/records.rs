//! What the page of an organisation lists and counts of its records. Kept apart from its posture, each class for itself, so that a push of metrics does not
//! have them read again.

use crate::{
    live::board::OrgState,
    views::{Looking, from_store, own_versions},
};
use app::api::Answer;
use domain::{
    DAY, Severity,
    query::PageQuery,
    view::{CountsWindow, IncidentRow, TlpCount, TypeCount},
};
use std::sync::Arc;
use store::{EventFacet, EventFilter, IncidentFilter};

/// Open incidents on the page.
const INCIDENTS: usize = 8;

pub(super) struct Records {
    /// Those opened last.
    pub incidents: Vec<IncidentRow>,
    pub open_by_severity: Vec<(Severity, u64)>,
    /// Of the last 30 days.
    pub events: u64,
    pub by_tlp: Vec<TlpCount>,
    pub indicators: Vec<TypeCount>,
    pub counts: Option<CountsWindow>,
}

/// # Errors
/// When the database cannot be read.
pub(super) async fn records(l: &Looking, org: &OrgState) -> Answer<Records> {
    let (fault, numbers, slug, any) = (from_store(l.now), l.reads().counts(), &org.info.slug, PageQuery::default());
    let incidents = l.once("incidents of one", slug, &any, own_versions!(l, incidents), async {
        let open = IncidentFilter { org: Some(org.info.id), open: true, ..IncidentFilter::default() };
        let mut incidents = l.reads().incidents(&open).await.map_err(&fault)?;
        incidents.rows.truncate(INCIDENTS);
        Ok(Arc::new((incidents.rows, numbers.open_by_severity(org.info.id).await.map_err(&fault)?)))
    });
    let events = l.once("events of one", slug, &any, own_versions!(l, events), async {
        let recent = EventFilter { org: Some(org.info.id), from: l.now.plus(-30 * DAY), to: l.now.plus(DAY), ..EventFilter::default() };
        let events = numbers.event_facet(&recent, EventFacet::Severity).await.map_err(&fault)?;
        Ok(events.iter().map(|(_, _, n)| n).sum::<u64>())
    });
    let indicators = l.once("indicators of one", slug, &any, own_versions!(l, indicators), async {
        let (by_tlp, kinds) = numbers.indicator_totals(Some(org.info.id)).await.map_err(&fault)?;
        Ok(Arc::new((by_tlp, kinds, numbers.counts_window(org.info.id).await.map_err(&fault)?)))
    });
    let (incidents, events, indicators) = tokio::try_join!(incidents, events, indicators)?;
    let ((incidents, open_by_severity), (by_tlp, indicators, counts)) = (incidents.as_ref().clone(), indicators.as_ref().clone());
    Ok(Records { incidents, open_by_severity, events, by_tlp, indicators, counts })
}
