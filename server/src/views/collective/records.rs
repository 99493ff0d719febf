//! What the collective page counts of incidents and indicators. Kept apart from the posture, so that a push of metrics does not
//! have them counted again.

use crate::{
    charts,
    views::{
        Looking, from_store,
        indicators::{day, week},
        versions,
    },
};
use app::api::Answer;
use domain::{
    DAY, DataClass, Timestamp,
    query::PageQuery,
    view::{Chart, OpenCritical, TlpCount},
};
use std::sync::Arc;

/// Incidents, as one viewer may see them.
pub(super) struct Incidents {
    pub critical: OpenCritical,
    /// All that are open.
    pub open: u64,
    /// Opened and closed.
    pub flow: Chart,
}

/// Active indicators, as one viewer may see them.
pub(super) struct Indicators {
    pub by_tlp: Vec<TlpCount>,
    pub total: u64,
    /// Of what several organisations reported, and how many different ones those are.
    pub shared: u64,
    pub shared_things: u64,
}

/// # Errors
/// When the database cannot be read.
pub(super) async fn incidents(l: &Looking) -> Answer<Arc<Incidents>> {
    l.once("collective incidents", "", &PageQuery::default(), versions!(l, incidents), async {
        let open = l.reads().counts().critical_at(l.now).await.map_err(from_store(l.now))?;
        let then = Timestamp::of_day(l.now.day() - 7);
        let week_ago = l.reads().counts().critical_at(then).await.map_err(from_store(l.now))?;
        let withdrawn = |at| l.board.orgs().flat_map(|o| o.withdrawn(l.viewer)).filter(|critical| critical.opened_at <= at).count() as u32;
        // What is shown no longer counts as it was shown last, then as now.
        let (week_ago, withdrawn) = (week_ago + withdrawn(then), withdrawn(l.now));
        let not_shared = l.board.partial_to(l.viewer, DataClass::Incidents);
        let critical = OpenCritical { open, withdrawn, not_shared, change: (open + withdrawn) as i32 - week_ago as i32 };
        let open = l.reads().counts().open_by_org().await.map_err(from_store(l.now))?.values().map(|n| u64::from(*n)).sum();
        Ok(Arc::new(Incidents { critical, open, flow: flow(l).await? }))
    })
    .await
}

/// # Errors
/// When the database cannot be read.
pub(super) async fn indicators(l: &Looking) -> Answer<Arc<Indicators>> {
    l.once("collective indicators", "", &PageQuery::default(), versions!(l, indicators), async {
        let (by_tlp, kinds) = l.reads().counts().indicator_totals(None).await.map_err(from_store(l.now))?;
        let (shared, shared_things) = l.reads().indicators_shared(week(l), day(l)).await.map_err(from_store(l.now))?;
        Ok(Arc::new(Indicators { by_tlp, total: kinds.iter().map(|k| k.count).sum(), shared, shared_things }))
    })
    .await
}

/// Weeks of the chart, and their length.
const WEEKS: i64 = 18;
const WEEK: i64 = 7 * DAY;

/// Incidents opened and closed, week by week. Like every number of the overview it is of one span for all who look, whatever range of time another page
/// has been asked for.
async fn flow(l: &Looking) -> Answer<Chart> {
    // Up to a day's end, for in numbers that move with the moment a record would stand alone at their edge.
    let to = Timestamp::of_day(l.now.plus(DAY - 1).day());
    let from = to.plus(-WEEKS * WEEK);
    let mut flow = l.reads().counts().incident_flow(from, to, WEEK).await.map_err(from_store(l.now))?;
    // The numbers of earlier weeks stay as they were shown, whatever is hidden since.
    let before = l.app.store.hub().incident_flow_before(l.viewer.org, from, to, WEEK).await.map_err(from_store(l.now))?;
    for (now, before) in flow.iter_mut().zip(before) {
        (now.opened, now.closed) = (now.opened + before.opened, now.closed + before.closed);
    }
    let (opened, closed) = flow.iter().fold((0, 0), |(o, c), f| (o + f.opened, c + f.closed));
    let weeks: Vec<(Timestamp, u64, u64)> = flow.iter().enumerate().map(|(i, f)| (from.plus(i as i64 * WEEK), f.opened, f.closed)).collect();
    let takeaway = match opened {
        0 if closed == 0 => "No incidents in this time.".to_owned(),
        _ => format!("{opened} opened and {closed} closed since {}.", from.date()),
    };
    let takeaway = match l.board.partial_to(l.viewer, DataClass::Incidents) {
        0 => takeaway,
        1 => format!("Not all are known: one organisation does not share all of its incidents. {takeaway}"),
        n => format!("Not all are known: {n} organisations do not share all of their incidents. {takeaway}"),
    };
    Ok(charts::incident_flow("incidents", &takeaway, &weeks, "/csv/collective"))
}
