//! `/admin/policy/versions/:version`: a policy that is or was in force, whole.

use crate::{api::pages, components::*};
use domain::{
    catalogue::DomainPolicy,
    view::{MetricState, PolicyVersion as Data},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// One version.
#[component]
pub fn PolicyVersionPage() -> impl IntoView {
    let version = use_params_map().with_untracked(|map| map.get_str("version").unwrap_or_default().to_owned());
    let title = format!("Scoring policy, version {version}");
    let data = async move { pages().policy_version(version).await };
    view! { <AdminPage title>{loaded(data, |page| view! { <Version page/> })}</AdminPage> }
}

#[component]
fn Version(page: Signal<Data>) -> impl IntoView {
    let Data { head, row, policy } = page.get_untracked();
    let by = row.decision.map(|id| view! { " by "<a href=format!("/decisions/{id}")>{format!("decision {id}")}</a> });
    let state = if head.version == row.version { "In force".to_owned() } else { format!("No longer in force: version {} is", head.version) };
    let lines = row.lines.map(|lines| {
        let title = format!("What it changed of version {}", row.version - 1);
        let body = if lines.is_empty() { view! { <p class="quiet">"Nothing."</p> }.into_any() } else { difference_list(&lines) };
        view! { <Card title>{body}</Card> }
    });
    let domain = |d: &DomainPolicy| {
        view! { <tr><th scope="row">{d.domain.title()}" "<small>{d.domain.code()}</small></th><td class="n">{weight(d.weight)}</td><td class="n">{points(d.target)}</td></tr> }
    };
    let metrics = policy.metrics.iter().map(|m| (m.clone(), MetricState::Same)).collect();
    let n = plural(policy.metrics.len() as u64, "metric", "metrics");
    view! {
        <PageHead title=format!("Scoring policy, version {}", row.version)>
            <span>{state}"; adopted "<Time at=row.adopted_at/>{by}"."</span>
            <span><a href="/admin/policy#versions">"All versions"</a>", "<a href=format!("/admin/policy.json?version={}", row.version) download="">"as JSON"</a></span>
        </PageHead>
        {lines}
        <div class="halves even">
            <Card title="Thresholds and caps">
                <dl class="facts-list">
                    <div><dt>"On target from"</dt><dd>{points(policy.on_target)}</dd></div>
                    <div><dt>"Watch from"</dt><dd>{points(policy.watch)}</dd></div>
                    <div><dt>"Cap"</dt><dd>{points(policy.critical_cap)}" while a critical incident is open"</dd></div>
                </dl>
            </Card>
            <Card title="Functions">
                <table class="compact">
                    <caption class="sr">"Weight and target of each function"</caption>
                    <thead><tr><th scope="col">"Function"</th><th scope="col" class="n">"Weight"</th><th scope="col" class="n">"Target"</th></tr></thead>
                    <tbody>{policy.domains.iter().map(domain).collect_view()}</tbody>
                </table>
            </Card>
        </div>
        <Card title=n id="metrics">{catalogue_table(metrics, false)}</Card>
    }
    .into_any()
}
