//! View models: each page's data, made from the board and scoped reads, once per audience.
//!
//! To add a page, whole: `app/src/lib.rs`. To add its data: a file here that makes its view model from a [`Looking`], and a line in [`Viewing`]'s
//! implementation of `app::api::Pages`. Name the [`Versions`] it is made from; the cache does the rest. It keeps
//! views by organisation and role: what is one person's own (a draft, an account) is not cached. Nor is what forms change and no push does (decisions,
//! groups, catalogue): no version counts it, and no topic of the stream tells of it, so its page is made anew each time (`Box::pin` without `cached!`).

mod account;
mod admin;
mod audit;
mod catalogue;
mod collective;
mod connect;
mod decisions;
mod dry_run;
mod events;
mod groups;
mod incidents;
mod indicators;
mod made;
mod metric;
mod metrics;
mod organisation;
mod organisations;
mod policy;
mod reach;
mod records;
mod scoring;
mod seen;
pub mod sharing;
mod sharing_as;
mod shell;
mod sparks;
mod status;
mod waiting;
pub mod words;

pub(crate) use audit::Trail;
pub(crate) use catalogue::read_metric;
pub use collective::collective;
pub(crate) use decisions::{has_vote, right};
pub(crate) use events::filter as events_filter;
pub(crate) use incidents::filter as incidents_filter;
pub(crate) use indicators::filter as indicators_filter;
pub use organisations::organisations;
pub(crate) use policy::Desk;

use crate::{
    App,
    auth::SignedIn,
    live::{
        board::{Board, OrgState},
        topic::Versions,
    },
};
use app::api::{Answer, Pages, Pending};
use domain::{Freshness, Sight, Timestamp, Viewer, catalogue::ScoringPolicy, query::PageQuery, scoring::OrgScore, verdict::Standing, view::*};
use std::{any::Any, sync::Arc};
use store::{Reads, StoreError};

/// A view is made again at least this often, because "14 min ago" is part of it.
const TICK: i64 = 10 * domain::SECOND;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    viewer: Viewer,
    view: &'static str,
    of: String,
    query: PageQuery,
    versions: Versions,
    tick: i64,
}

/// Views made for an audience, kept while nothing they are made of changes.
pub struct ViewCache {
    made: Made,
    /// What changes once a day; apart, so that pages cannot push it out.
    days: Made,
    sparks: sparks::Sparks,
}

type Made = moka::future::Cache<Key, Arc<dyn Any + Send + Sync>>;

impl Default for ViewCache {
    fn default() -> Self {
        let made = moka::future::Cache::builder().max_capacity(2_000).time_to_live(std::time::Duration::from_secs(60)).build();
        Self { made, days: moka::future::Cache::new(200), sparks: sparks::Sparks::default() }
    }
}

/// Somebody looking at a page at a moment.
#[derive(Clone)]
pub struct Looking {
    pub app: App,
    pub viewer: Viewer,
    versions: Versions,
    /// What of the versions is of the organisation whose page it is. Elsewhere all of it.
    own: Versions,
    pub board: Arc<Board>,
    pub now: Timestamp,
}

impl Looking {
    #[must_use]
    pub fn new(app: App, viewer: Viewer) -> Self {
        let versions = app.live.frames().versions(viewer.org);
        Self::by(app, viewer, (versions, versions))
    }

    /// Somebody looking at the page of one organisation, which needs not be made again when another one pushes.
    #[must_use]
    pub fn at(app: App, viewer: Viewer, slug: &str) -> Self {
        let owner = app.live.board().by_slug(slug).map(|org| org.info.id);
        match owner {
            Some(owner) => Self::by(app.clone(), viewer, app.live.frames().versions_of(viewer.org, owner)),
            None => Self::new(app, viewer),
        }
    }

    /// The board comes after the versions: it is at least as new.
    fn by(app: App, viewer: Viewer, (versions, own): (Versions, Versions)) -> Self {
        let (board, now) = (app.live.board(), app.clock.now());
        Self { app, viewer, versions, own, board, now }
    }

    pub(crate) fn sight(&self) -> Sight<'_> {
        self.board.sight(self.viewer)
    }

    /// How old an organisation's data is to this viewer.
    pub(crate) fn freshness(&self, org: &OrgState) -> Freshness {
        org.freshness_for(self.sight(), self.now)
    }

    /// Up to when this viewer hears of an organisation.
    pub(crate) fn last_data(&self, org: &OrgState) -> Option<Timestamp> {
        org.last_data_for(self.sight())
    }

    pub(crate) fn standing(&self, org: &OrgState, policy: &ScoringPolicy, score: &OrgScore) -> Standing {
        org.standing(policy, score, self.freshness(org))
    }

    pub(crate) fn reads(&self) -> Reads<'_> {
        self.app.store.viewer(self.viewer)
    }

    /// Makes a view, or takes the one made for the same audience from the same data.
    fn once<'a, T, F>(&'a self, view: &'static str, of: &str, query: &PageQuery, versions: Versions, make: F) -> Pending<'a, T>
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Answer<T>> + Send + 'a,
    {
        let key = Key { viewer: self.viewer, view, of: of.to_owned(), query: query.clone(), versions, tick: self.now.0 / TICK };
        Box::pin(once_in(&self.app.views.made, key, Box::pin(make)))
    }

    /// The same for what no "14 min ago" is part of.
    fn once_a_day<'a, T, F>(&'a self, view: &'static str, versions: Versions, make: F) -> Pending<'a, T>
    where
        T: Clone + Send + Sync + 'static,
        F: Future<Output = Answer<T>> + Send + 'a,
    {
        let key = Key { viewer: self.viewer, view, of: String::new(), query: PageQuery::default(), versions, tick: self.now.day() };
        Box::pin(once_in(&self.app.views.days, key, Box::pin(make)))
    }
}

/// Views are made of views: each in a box of its own, since the cache moves what it waits for, and a page's stack is not endless.
async fn once_in<T: Clone + Send + Sync + 'static>(cache: &Made, key: Key, make: Pending<'_, T>) -> Answer<T> {
    let make: Pending<'_, Arc<dyn Any + Send + Sync>> = Box::pin(async { Ok(Arc::new(make.await?) as _) });
    let made = cache.try_get_with(key, make).await.map_err(|refusal| (*refusal).clone())?;
    made.downcast_ref::<T>().cloned().ok_or_else(|| failed("a cached view has another type"))
}

/// Only the named of the versions, and that of the rules; the others are 0, so that they do not matter.
macro_rules! versions {
    ($looking:expr, $($field:ident),*) => {
        $crate::live::topic::Versions { rules: $looking.versions.rules, $($field: $looking.versions.$field,)* ..Default::default() }
    };
}
use versions;

/// The same of the organisation whose page it is.
macro_rules! own_versions {
    ($looking:expr, $($field:ident),*) => {
        {
            #[allow(clippy::needless_update, reason = "a page may be made of everything")]
            let versions = $crate::live::topic::Versions { rules: $looking.own.rules, $($field: $looking.own.$field,)* ..Default::default() };
            versions
        }
    };
}
use own_versions;

/// Logs a fault once and gives the reader its id.
pub(crate) fn failed(detail: impl std::fmt::Display) -> Refusal {
    let id = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
    tracing::error!(%detail, id, "a page failed");
    Refusal::Failed { id }
}

pub(crate) fn from_store(now: Timestamp) -> impl Fn(StoreError) -> Refusal {
    move |error| match error {
        StoreError::Busy | StoreError::Full | StoreError::Database(_) => {
            tracing::error!(%error, "a page could not be read");
            Refusal::Unavailable { at: now }
        }
        other => failed(other),
    }
}

/// The pages of one request: its viewer, if somebody is signed in.
pub struct Viewing {
    pub app: App,
    pub who: Option<SignedIn>,
    /// The address the browser reached the hub under.
    pub base_url: String,
    /// Who has typed the right password, and is asked for a second factor now.
    pub waiting: Option<i64>,
    /// What this very answer shows and none after it: a new key, a one-time link, a form whose fields are wrong.
    pub once: Option<String>,
    /// What of the address is not known here.
    pub unclear: Option<Unclear>,
}

impl Viewing {
    fn looking(&self) -> Answer<Looking> {
        self.who.as_ref().map(|who| Looking::new(self.app.clone(), who.viewer)).ok_or(Refusal::SignIn)
    }

    fn looking_at(&self, slug: &str) -> Answer<Looking> {
        self.who.as_ref().map(|who| Looking::at(self.app.clone(), who.viewer, slug)).ok_or(Refusal::SignIn)
    }
}

/// A view model from the cache, or made and cached, for the counts of versions it is made from.
macro_rules! cached {
    ($self:ident, $name:literal, $of:expr, $query:expr, [$($version:ident),*], $make:expr) => {
        Box::pin(async move {
            let looking = $self.looking()?;
            let (of, query) = ($of, $query);
            let make = $make;
            looking.once($name, &of, &query, versions!(looking, $($version),*), make(&looking, &of, &query)).await
        })
    };
}

impl Pages for Viewing {
    fn shell(&self) -> Answer<Shell> {
        shell::shell(self)
    }

    fn unclear(&self) -> Option<Unclear> {
        self.unclear.clone()
    }

    fn waits_for_me(&self) -> Pending<'_, WaitsForMe> {
        // Not cached: it is one person's own, and shows a change at once.
        Box::pin(async move { waiting::waiting(self).await })
    }

    fn collective(&self) -> Pending<'_, Collective> {
        cached!(
            self,
            "collective",
            String::new(),
            PageQuery::default(),
            [posture, history, incidents, indicators],
            async |l: &Looking, _: &str, _: &PageQuery| { collective::collective(l).await }
        )
    }

    fn organisations(&self, query: PageQuery) -> Pending<'_, Organisations> {
        cached!(self, "organisations", String::new(), query, [posture, history, incidents], async |l: &Looking, _: &str, q: &PageQuery| {
            organisations::organisations(l, q).await
        })
    }

    fn organisation(&self, slug: String, query: PageQuery) -> Pending<'_, Organisation> {
        // Cached in its parts: most do not change with a push of metrics, and what stands beside them of others does with each push.
        Box::pin(async move { organisation::organisation(&self.looking_at(&slug)?, &slug, &query).await })
    }

    fn metric(&self, slug: String, metric: String, query: PageQuery) -> Pending<'_, MetricPage> {
        Box::pin(async move { metric::metric(&self.looking_at(&slug)?, &slug, &metric, &query).await })
    }

    fn metrics(&self, metric: String, query: PageQuery) -> Pending<'_, MetricAcross> {
        cached!(self, "metrics", metric, query, [posture], async |l: &Looking, key: &str, q: &PageQuery| metrics::metrics(l, key, q))
    }

    fn incidents(&self, query: PageQuery) -> Pending<'_, Incidents> {
        cached!(self, "incidents", String::new(), query, [incidents], async |l: &Looking, _: &str, q: &PageQuery| incidents::incidents(l, q).await)
    }

    fn incident(&self, id: String) -> Pending<'_, Incident> {
        cached!(self, "incident", id, PageQuery::default(), [incidents, events], async |l: &Looking, id: &str, _: &PageQuery| incidents::incident(l, id).await)
    }

    fn indicators(&self, query: PageQuery) -> Pending<'_, Indicators> {
        cached!(self, "indicators", String::new(), query, [indicators], async |l: &Looking, _: &str, q: &PageQuery| indicators::indicators(l, q).await)
    }

    fn indicator(&self, id: String) -> Pending<'_, Indicator> {
        cached!(self, "indicator", id, PageQuery::default(), [indicators], async |l: &Looking, id: &str, _: &PageQuery| indicators::indicator(l, id).await)
    }

    fn events(&self, query: PageQuery) -> Pending<'_, Events> {
        cached!(self, "events", String::new(), query, [events], async |l: &Looking, _: &str, q: &PageQuery| events::events(l, q).await)
    }

    fn event(&self, id: String) -> Pending<'_, Event> {
        cached!(self, "event", id, PageQuery::default(), [events, incidents], async |l: &Looking, id: &str, _: &PageQuery| records::event(l, id).await)
    }

    fn pushes(&self, query: PageQuery) -> Pending<'_, Pushes> {
        cached!(self, "pushes", String::new(), query, [pushes], async |l: &Looking, _: &str, q: &PageQuery| records::pushes(l, q).await)
    }

    fn receipt(&self, id: String) -> Pending<'_, Receipt> {
        cached!(self, "receipt", id, PageQuery::default(), [pushes], async |l: &Looking, id: &str, _: &PageQuery| records::receipt(l, id).await)
    }

    fn connect(&self) -> Pending<'_, Connect> {
        // Not cached: it may hold a new key.
        Box::pin(async move { connect::connect(self, &self.looking()?).await })
    }

    fn account(&self) -> Pending<'_, Account> {
        Box::pin(async move { account::account(self, &self.looking()?).await })
    }

    fn second_factors(&self) -> Pending<'_, SecondFactors> {
        Box::pin(async move { account::second_factors(self).await })
    }

    fn oidc_offered(&self) -> Pending<'_, bool> {
        Box::pin(async move { account::oidc_offered(self).await })
    }

    fn oidc_offered_to(&self, token: String) -> Pending<'_, Option<String>> {
        Box::pin(async move { account::oidc_offered_to(self, &token).await })
    }

    fn decisions(&self) -> Pending<'_, Decisions> {
        Box::pin(async move { decisions::decisions(&self.looking()?).await })
    }

    fn decision(&self, id: String) -> Pending<'_, DecisionPage> {
        Box::pin(async move { decisions::decision(self, &self.looking()?, &id).await })
    }

    fn catalogue(&self) -> Pending<'_, CataloguePage> {
        Box::pin(async move { catalogue::catalogue(self, &self.looking()?).await })
    }

    fn metric_form(&self, key: Option<String>) -> Pending<'_, MetricForm> {
        Box::pin(async move { catalogue::metric_form(self, &self.looking()?, key).await })
    }

    fn policy(&self) -> Pending<'_, PolicyPage> {
        Box::pin(async move { policy::policy(self, &self.looking()?).await })
    }

    fn policy_version(&self, version: String) -> Pending<'_, PolicyVersion> {
        Box::pin(async move { policy::version(self, &self.looking()?, &version).await })
    }

    fn draft(&self) -> Pending<'_, DraftPage> {
        Box::pin(async move { policy::draft(self, &self.looking()?).await })
    }

    fn people(&self) -> Pending<'_, People> {
        Box::pin(async move { admin::people(self, &self.looking()?).await })
    }

    fn keys(&self) -> Pending<'_, Keys> {
        Box::pin(async move { admin::keys(self, &self.looking()?).await })
    }

    fn audit(&self, query: PageQuery) -> Pending<'_, AuditTrail> {
        Box::pin(async move { audit::audit(&self.looking()?, &query).await })
    }

    fn groups(&self) -> Pending<'_, Groups> {
        Box::pin(async move { groups::groups(self, &self.looking()?).await })
    }

    fn sharing(&self, asked: SharingChange) -> Pending<'_, SharingRules> {
        // Not cached: it is read seldom, and shows a change at once.
        Box::pin(async move { sharing::sharing(self, &self.looking()?, asked).await })
    }

    fn sharing_as(&self, org: String, asked: SharingChange) -> Pending<'_, SharingAs> {
        Box::pin(async move { sharing_as::sharing_as(&self.looking()?, &org, asked).await })
    }

    fn scoring(&self) -> Pending<'_, Scoring> {
        cached!(self, "scoring", String::new(), PageQuery::default(), [posture], async |l: &Looking, _: &str, _: &PageQuery| Ok(scoring::scoring(l)))
    }

    fn status(&self) -> Pending<'_, Status> {
        Box::pin(async move { status::status(&self.looking()?).await })
    }
}
