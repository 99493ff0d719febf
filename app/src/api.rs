//! How pages reach their data: one method and one server function for each view model.
//!
//! Server functions only read; everything that changes something is a plain form, handled outside Leptos behind the
//! origin check. The request's viewer is inside the [`Pages`] that the server provides, so no function takes one.

use domain::{query::PageQuery, view::*};
use leptos::prelude::*;
use std::{future::Future, pin::Pin};

/// What a page gets: its view model, or why not.
pub type Answer<T> = Result<T, Refusal>;

/// A boxed answer, so that [`Pages`] can be a trait object.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Answer<T>> + Send + 'a>>;

/// Everything the pages ask for, already bound to the viewer of the current request.
pub trait Pages: Send + Sync {
    fn shell(&self) -> Pending<'_, Shell>;
    fn collective(&self, query: PageQuery) -> Pending<'_, Collective>;
    fn organisations(&self, query: PageQuery) -> Pending<'_, Organisations>;
    fn organisation(&self, slug: String, query: PageQuery) -> Pending<'_, Organisation>;
    fn metric(&self, slug: String, metric: String, query: PageQuery) -> Pending<'_, MetricPage>;
    fn incidents(&self, query: PageQuery) -> Pending<'_, Incidents>;
    fn incident(&self, id: String) -> Pending<'_, Incident>;
    fn indicators(&self, query: PageQuery) -> Pending<'_, Indicators>;
    fn indicator(&self, id: String) -> Pending<'_, Indicator>;
    fn event(&self, id: String) -> Pending<'_, Event>;
    fn pushes(&self, query: PageQuery) -> Pending<'_, Pushes>;
    fn receipt(&self, id: String) -> Pending<'_, Receipt>;
    fn connect(&self) -> Pending<'_, Connect>;
    fn scoring(&self) -> Pending<'_, Scoring>;
    fn status(&self) -> Pending<'_, Status>;
}

#[cfg(feature = "ssr")]
pub type PagesHandle = std::sync::Arc<dyn Pages>;

#[cfg(feature = "ssr")]
fn pages() -> PagesHandle {
    expect_context::<PagesHandle>()
}

/// Joins the two ways a call can fail: on the way, and by refusal.
///
/// # Errors
/// The refusal, or [`Refusal::Failed`] with an empty id where the server could not be reached at all.
pub fn answer<T>(result: Result<Answer<T>, ServerFnError>) -> Answer<T> {
    result.unwrap_or_else(|_| Err(Refusal::Failed { id: String::new() }))
}

macro_rules! page_functions {
    ($($(#[$doc:meta])* $name:ident, $struct:ident, $path:literal, ($($arg:ident: $ty:ty),*) -> $out:ty;)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// Only when the call itself fails; refusals are inside.
        #[server(name = $struct, prefix = "/ui", endpoint = $path, input = leptos::server_fn::codec::Json, output = leptos::server_fn::codec::Json)]
        pub async fn $name($($arg: $ty),*) -> Result<Answer<$out>, ServerFnError> {
            Ok(pages().$name($($arg),*).await)
        }
    )*};
}

page_functions! {
    /// The frame of every page.
    shell, GetShell, "shell", () -> Shell;
    /// `/`
    collective, GetCollective, "collective", (query: PageQuery) -> Collective;
    /// `/orgs`
    organisations, GetOrganisations, "organisations", (query: PageQuery) -> Organisations;
    /// `/orgs/:org`
    organisation, GetOrganisation, "organisation", (slug: String, query: PageQuery) -> Organisation;
    /// `/orgs/:org/metrics/:metric`
    metric, GetMetric, "metric", (slug: String, metric: String, query: PageQuery) -> MetricPage;
    /// `/incidents`
    incidents, GetIncidents, "incidents", (query: PageQuery) -> Incidents;
    /// `/incidents/:id`
    incident, GetIncident, "incident", (id: String) -> Incident;
    /// `/indicators`
    indicators, GetIndicators, "indicators", (query: PageQuery) -> Indicators;
    /// `/indicators/:id`
    indicator, GetIndicator, "indicator", (id: String) -> Indicator;
    /// `/events/:id`
    event, GetEvent, "event", (id: String) -> Event;
    /// `/receipts`
    pushes, GetPushes, "pushes", (query: PageQuery) -> Pushes;
    /// `/receipts/:id`
    receipt, GetReceipt, "receipt", (id: String) -> Receipt;
    /// `/connect`
    connect, GetConnect, "connect", () -> Connect;
    /// `/about/scoring`
    scoring, GetScoring, "scoring", () -> Scoring;
    /// `/status`
    status, GetStatus, "status", () -> Status;
}
