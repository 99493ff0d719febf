//! The policy in force, as tables.

use crate::components::*;
use domain::{
    catalogue::{Domain, MetricDefinition},
    view::Scoring,
};
use leptos::prelude::*;

/// Version, thresholds, cap.
#[component]
pub fn Thresholds(page: Signal<Scoring>) -> impl IntoView {
    move || {
        page.with(|p| {
            let policy = &p.policy;
            view! {
                <dl class="facts-list">
                    <div><dt>"Policy version"</dt><dd>{policy.version}</dd></div>
                    <div><dt><span class="mark st-good"><span class="sign" aria-hidden="true">"✓"</span>"On target"</span></dt><dd>"from "{points(policy.on_target)}</dd></div>
                    <div><dt><span class="mark st-watch"><span class="sign" aria-hidden="true">"!"</span>"Watch"</span></dt><dd>"from "{points(policy.watch)}</dd></div>
                    <div><dt><span class="mark st-off"><span class="sign" aria-hidden="true">"✕"</span>"Off target"</span></dt><dd>"below "{points(policy.watch)}</dd></div>
                    <div><dt>"Cap while a critical incident is open"</dt><dd>{points(policy.critical_cap)}</dd></div>
                </dl>
            }
        })
    }
}

/// Weight and target of each domain.
#[component]
pub fn DomainTable(page: Signal<Scoring>) -> impl IntoView {
    let rows = move || {
        page.with(|p| {
            let row = |d: &domain::catalogue::DomainPolicy| {
                let n = p.policy.of_domain(d.domain).count();
                let href = format!("#{}", d.domain.code());
                view! {
                    <tr>
                        <th scope="row">{d.domain.title()}" "<small>{d.domain.code()}</small></th>
                        <td class="n">{weight(d.weight)}</td>
                        <td class="n">{points(d.target)}</td>
                        <td class="n"><a href=href>{n}<span class="sr">" metrics of "{d.domain.title()}</span></a></td>
                    </tr>
                }
            };
            p.policy.domains.iter().map(row).collect_view()
        })
    };
    view! {
        <table class="compact">
            <caption class="sr">"Domains of the policy"</caption>
            <thead><tr><th scope="col">"Function of NIST CSF 2.0"</th><th scope="col" class="n">"Weight"</th><th scope="col" class="n">"Target"</th><th scope="col" class="n">"Metrics"</th></tr></thead>
            <tbody>{rows}</tbody>
        </table>
    }
}

/// The catalogue, a group of rows for each domain.
#[component]
pub fn MetricTables(page: Signal<Scoring>) -> impl IntoView {
    let row = |m: &MetricDefinition| {
        let better = if m.lower_is_better() { "less" } else { "more" };
        view! {
            <tr id=m.key.clone()>
                <th scope="row"><a href=format!("/metrics/{}", m.key)>{m.title.clone()}</a><small><code>{m.key.clone()}</code></small></th>
                <td><code>{m.unit.clone()}</code></td>
                <td>{better}</td>
                <td class="n">{m.format(m.target)}</td>
                <td class="n">{m.format(m.floor)}</td>
                <td class="n">{weight(m.weight)}</td>
            </tr>
        }
    };
    let groups = move || {
        page.with(|p| {
            let group = |d: Domain| {
                let rows = p.policy.of_domain(d).map(|(_, m)| row(m)).collect_view();
                view! { <tbody id=d.code()><tr class="group"><th scope="rowgroup" colspan="6">{d.title()}</th></tr>{rows}</tbody> }
            };
            Domain::ALL.map(group).collect_view()
        })
    };
    let title = Signal::derive(move || page.with(|p| plural(p.policy.metrics.len() as u64, "metric in the catalogue", "metrics in the catalogue")));
    view! {
        <Card title id="metrics">
            <p class="quiet">"A push names a metric by its key, and may name its unit as a check, in exactly the word given here ("<code>"%"</code>" stands for "<code>"percent"</code>"): "<a href="/docs/api">"the push API"</a>"."</p>
            <div class="scroll" tabindex="0" role="region" aria-label="Metrics">
                <table class="catalogue">
                    <caption class="sr">"Metrics of the policy, by domain"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Metric"</th>
                            <th scope="col">"Unit, as pushed"</th>
                            <th scope="col">"Better is"</th>
                            <th scope="col" class="n">"Target, 100 points"</th>
                            <th scope="col" class="n">"Floor, 0 points"</th>
                            <th scope="col" class="n">"Weight"</th>
                        </tr>
                    </thead>
                    {groups}
                </table>
            </div>
        </Card>
    }
}
