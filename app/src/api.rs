//! How pages reach their data: one method for each view model.
//!
//! The request's viewer is inside the [`Pages`] that the server provides as context, so no method takes one. Pages only read;
//! everything that changes something is a plain form, handled outside Leptos behind the origin check.

use domain::{query::PageQuery, view::*};
use leptos::prelude::*;
use std::{future::Future, pin::Pin, sync::Arc};

/// What a page gets: its view model, or why not.
pub type Answer<T> = Result<T, Refusal>;

/// A boxed answer, so that [`Pages`] can be a trait object.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Answer<T>> + Send + 'a>>;

/// Everything the pages ask for, already bound to the viewer of the current request.
pub trait Pages: Send + Sync {
    fn shell(&self) -> Answer<Shell>;
    /// What of the address its page does not know.
    fn unclear(&self) -> Option<Unclear>;
    fn collective(&self) -> Pending<'_, Collective>;
    fn waits_for_me(&self) -> Pending<'_, WaitsForMe>;
    fn organisations(&self, query: PageQuery) -> Pending<'_, Organisations>;
    fn organisation(&self, slug: String, query: PageQuery) -> Pending<'_, Organisation>;
    fn metric(&self, slug: String, metric: String, query: PageQuery) -> Pending<'_, MetricPage>;
    fn metrics(&self, metric: String, query: PageQuery) -> Pending<'_, MetricAcross>;
    fn incidents(&self, query: PageQuery) -> Pending<'_, Incidents>;
    fn incident(&self, id: String) -> Pending<'_, Incident>;
    fn indicators(&self, query: PageQuery) -> Pending<'_, Indicators>;
    fn indicator(&self, id: String) -> Pending<'_, Indicator>;
    fn events(&self, query: PageQuery) -> Pending<'_, Events>;
    fn event(&self, id: String) -> Pending<'_, Event>;
    fn pushes(&self, query: PageQuery) -> Pending<'_, Pushes>;
    fn receipt(&self, id: String) -> Pending<'_, Receipt>;
    fn connect(&self) -> Pending<'_, Connect>;
    fn account(&self) -> Pending<'_, Account>;
    fn second_factors(&self) -> Pending<'_, SecondFactors>;
    /// Whether strangers can sign in at some organisation's identity provider.
    fn oidc_offered(&self) -> Pending<'_, bool>;
    /// The name of the organisation at whose identity provider the holder of a one-time link can sign in.
    fn oidc_offered_to(&self, token: String) -> Pending<'_, Option<String>>;
    fn decisions(&self) -> Pending<'_, Decisions>;
    fn decision(&self, id: String) -> Pending<'_, DecisionPage>;
    fn catalogue(&self) -> Pending<'_, CataloguePage>;
    fn metric_form(&self, key: Option<String>) -> Pending<'_, MetricForm>;
    fn policy(&self) -> Pending<'_, PolicyPage>;
    fn policy_version(&self, version: String) -> Pending<'_, PolicyVersion>;
    fn draft(&self) -> Pending<'_, DraftPage>;
    fn people(&self) -> Pending<'_, People>;
    fn keys(&self) -> Pending<'_, Keys>;
    fn audit(&self, query: PageQuery) -> Pending<'_, AuditTrail>;
    fn groups(&self) -> Pending<'_, Groups>;
    fn sharing(&self, asked: SharingChange) -> Pending<'_, SharingRules>;
    fn sharing_as(&self, org: String, asked: SharingChange) -> Pending<'_, SharingAs>;
    fn scoring(&self) -> Pending<'_, Scoring>;
    fn status(&self) -> Pending<'_, Status>;
}

/// A handle on [`Pages`]; the server provides it as context.
pub type PagesHandle = Arc<dyn Pages>;

/// The pages of the current request.
///
/// # Panics
/// Where the server provided none: a fault in its page handler.
#[must_use]
pub fn pages() -> PagesHandle {
    expect_context()
}
