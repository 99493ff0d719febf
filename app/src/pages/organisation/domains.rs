//! The organisation's domains with their metrics.
//!
//! A domain's anchor is inside its `<details>`: browsers open what hides the target of a link. Inside the application, where
//! links load no document, [`open_target`] does the same.

use crate::components::*;
use domain::{
    Timestamp,
    query::PageQuery,
    view::{MetricRow, OrgDomain, Organisation},
};
use leptos::prelude::*;

/// One row a domain; its metrics open below it. The rows are as many as there are domains, so what is open stays open.
#[component]
pub fn DomainsCard(page: Signal<Organisation>) -> impl IntoView {
    let query = use_page_query();
    let rows = move || {
        page.with(|p| {
            let slug = p.org.slug.clone();
            p.domains.iter().map(|d| domain_row(query, &slug, d, p.as_of)).collect_view()
        })
    };
    view! { <Card title="Domains" class="org-domains">{rows}</Card> }
}

fn domain_row(query: Memo<PageQuery>, slug: &str, d: &OrgDomain, as_of: Timestamp) -> AnyView {
    let (class, sign, word) = standing_look(against_target(d.score, d.target));
    let end = match (d.score, d.last) {
        (None, Some(last)) => view! { <span class="last">"last "{points(last)}</span> }.into_any(),
        _ => view! { <Delta change=d.change/> }.into_any(),
    };
    let known = d.metrics.iter().filter(|m| m.freshness.counts()).count();
    let metrics = d.metrics.iter().map(|m| metric_row(query, slug, m, as_of)).collect_view();
    let table = if d.metrics.is_empty() {
        view! { <p class="quiet">"Single metrics are not shared with you."</p> }.into_any()
    } else {
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label=format!("Metrics of {}", d.domain.title())>
                <table class="metrics">
                    <caption class="sr">{format!("Metrics of {}", d.domain.title())}</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Metric"</th>
                            <th scope="col" class="n">"Value"</th>
                            <th scope="col" class="n">"Target"</th>
                            <th scope="col">"Score"</th>
                            <th scope="col">"Observed"</th>
                        </tr>
                    </thead>
                    <tbody>{metrics}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <details class="domain">
            <summary>
                <span class=format!("sign st-{class}") aria-hidden="true">{sign}</span>
                <b>{d.domain.title()}<span class="sr">", "{word}", "</span></b>
                <Bullet score=d.score target=d.target/>
                <span class="value"><ScoreText score=d.score/><small>"/"{points(d.target)}</small></span>
                <Spark markup=d.history.clone()/>
                <span class="end">{end}</span>
                <span class="known">{if d.metrics.is_empty() { "shared as a summary".to_owned() } else { format!("{known} of {} metrics current", d.metrics.len()) }}</span>
            </summary>
            <div id=d.domain.code()>{table}</div>
        </details>
    }
    .into_any()
}

fn metric_row(query: Memo<PageQuery>, slug: &str, m: &MetricRow, as_of: Timestamp) -> AnyView {
    let href = kept(query, &format!("/orgs/{slug}/metrics/{}", m.metric.key));
    let value = match m.value {
        Some(value) => view! { {m.metric.format(value)} }.into_any(),
        None => view! { <span class="unknown">"–"</span><span class="sr">"never reported"</span> }.into_any(),
    };
    // A stale value stays visible, but neither counts nor looks as if it did.
    let score = m.score.filter(|_| m.freshness.counts());
    view! {
        <tr class=if m.freshness.counts() { "" } else { "not-current" }>
            <th scope="row"><a href=href>{m.metric.title.clone()}</a></th>
            <td class="n">{value}</td>
            <td class="n">{if m.metric.lower_is_better() { "≤ " } else { "≥ " }}{m.metric.format(m.metric.target)}</td>
            <td class="bar"><span><Bullet score target=100.0/><ScoreText score/></span></td>
            <td><FreshnessMark freshness=m.freshness seen=m.at as_of/></td>
        </tr>
    }
    .into_any()
}
