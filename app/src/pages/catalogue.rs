//! `/admin/catalogue`: the metrics that partners push, by function; changes gather in a draft.

mod form;

use crate::{api::pages, components::*};
use domain::view::CataloguePage as Data;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

pub use form::{MetricFormPage, NewMetricPage};

/// The catalogue.
#[component]
pub fn CataloguePage() -> impl IntoView {
    let done = use_query_map().with_untracked(|map| map.get_str("done").unwrap_or_default().to_owned());
    let data = async move { pages().catalogue().await };
    view! { <AdminPage title="Catalogue of metrics">{loaded(data, move |page| view! { <Catalogue page done=done.clone()/> })}</AdminPage> }
}

/// What became of a change to the draft.
pub(super) fn notice(done: &str) -> Option<&'static str> {
    match done {
        "drafted" => Some("Saved in your draft. Nothing changes for anybody until the alliance adopts it."),
        "same" => Some("That is as it is in force: nothing is left of it in your draft."),
        "last" => Some("Not done: each function must keep at least one metric."),
        "discarded" => Some("Your draft is gone."),
        "gone" => Some("There is no draft of yours."),
        _ => None,
    }
}

#[component]
fn Catalogue(page: Signal<Data>, done: String) -> impl IntoView {
    let Data { head, rows } = page.get_untracked();
    let n = plural(rows.len() as u64, "metric", "metrics");
    let rows = rows.into_iter().map(|row| (row.metric, row.state)).collect();
    let (version, may_change) = (head.version, head.may_change);
    view! {
        <PageHead title="Catalogue of metrics">
            <span>{n}" that partners push and that scores are made of. Version "<a href=format!("/admin/policy/versions/{version}")>{version}</a>" is in force. "<a href="/about/scoring">"How scores are made"</a>"."</span>
        </PageHead>
        <Notice text=notice(&done)/>
        {draft_bar(&head)}
        {(!may_change).then(|| view! { <p class="quiet">"Changes are proposed by the hub's steward and adopted by the alliance: "<a href="/decisions">"Decisions"</a>"."</p> })}
        <section class="card" aria-labelledby="metrics">
            <header class="card-head">
                <h2 id="metrics">"Metrics by function of NIST CSF 2.0"</h2>
                {may_change.then(|| view! { <a class="button primary-link" href="/admin/catalogue/new-metric">"Add a metric"</a> })}
            </header>
            {catalogue_table(rows, may_change)}
        </section>
    }
    .into_any()
}
