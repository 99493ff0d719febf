//! `/metrics/:metric`: one metric across all organisations that show their values, the weakest first.

use crate::{api::pages, components::*};
use domain::{
    query::PageQuery,
    view::{MetricAcross, MetricOfOrg},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// One metric of every organisation.
#[component]
pub fn MetricAcrossPage() -> impl IntoView {
    let query = use_page_query();
    let params = use_params_map();
    let key = Memo::new(move |_| params.with(|p| p.get_str("metric").unwrap_or_default().to_owned()));
    let data = async move { pages().metrics(key.get_untracked(), query.get_untracked()).await };
    view! { <Page title="Metric">{loaded(data, |page| view! { <Across page/> })}</Page> }
}

#[component]
fn Across(page: Signal<MetricAcross>) -> impl IntoView {
    let query = use_page_query();
    let p = page.get_untracked();
    let (m, as_of) = (p.metric.clone(), p.as_of);
    let title = Signal::stored(m.title.clone());
    let crumbs = Signal::stored(vec![("Overview".to_owned(), "/".to_owned()), ("Organisations".to_owned(), "/orgs".to_owned())]);
    let better = if m.lower_is_better() { "lower is better" } else { "higher is better" };
    let peers = p.peers.map(|peers| {
        let words =
            format!("Median {}, quartiles {} to {} (n={}).", m.format(peers.median), m.format(peers.lower_quartile), m.format(peers.upper_quartile), peers.n);
        view! { <p class="quiet">{words}</p> }
    });
    let hidden = (p.hidden > 0).then(|| {
        let orgs = plural(p.hidden.into(), "organisation does", "organisations do");
        view! { <p class="not-shared"><Icon name="lock"/>{orgs}" not share single values with you."</p> }
    });
    let path = format!("/metrics/{}", m.key);
    let head = |key: &'static str, word: &'static str, number: bool| {
        let sort = query.with(|q| q.sort.clone());
        let (direction, next) = match sort.as_str() {
            sort if sort == key => (Some("ascending"), format!("-{key}")),
            sort if sort.strip_prefix('-') == Some(key) => (Some("descending"), key.to_owned()),
            _ => (None, key.to_owned()),
        };
        let arrow = match direction {
            Some("ascending") => "↑",
            Some(_) => "↓",
            None => "",
        };
        let href = query.with(|q| q.with("sort", &next).href(&path));
        view! { <th scope="col" class=number.then_some("n") aria-sort=direction><a href=href>{word}<span aria-hidden="true" class="arrow">{arrow}</span></a></th> }
    };
    let heads = view! { {head("name", "Organisation", false)}{head("value", "Value", true)}{head("score", "Score", false)}<th scope="col">"Observed"</th> };
    let rows = p.rows.iter().map(|row| line(query, &m, row, as_of)).collect_view();
    let body = if p.rows.is_empty() {
        view! { <Empty title="No organisation shares single values with you."/> }.into_any()
    } else {
        view! {
            <div class="scroll" tabindex="0" role="region" aria-label="Values by organisation">
                <table class="metrics">
                    <caption class="sr">"Newest value of each organisation"</caption>
                    <thead><tr>{heads}</tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    view! {
        <Trail title crumbs/>
        <Live topics="posture:"/>
        <PageHead title>
            <span>{m.domain.title()}" · "<code>{m.key.clone()}</code>" · target "{m.format(m.target)}", floor "{m.format(m.floor)}", "{better}</span>
        </PageHead>
        <Card title="Every organisation">{body}{peers}{hidden}</Card>
        <PageFoot as_of=Signal::stored(as_of) policy=Signal::stored(Some(p.policy_version))/>
    }
    .into_any()
}

fn line(query: Memo<PageQuery>, m: &domain::catalogue::MetricDefinition, row: &MetricOfOrg, as_of: domain::Timestamp) -> AnyView {
    let value = match row.value {
        Some(value) => view! { <a href=kept(query, &format!("/orgs/{}/metrics/{}", row.org.slug, m.key))>{m.format(value)}</a> }.into_any(),
        None => view! { <span class="unknown" aria-hidden="true">"–"</span><span class="sr">"never reported"</span> }.into_any(),
    };
    view! {
        <tr class=if row.freshness.counts() { "" } else { "not-current" } data-key=row.org.slug.clone()>
            <th scope="row"><OrgLink org=row.org.clone()/></th>
            <td class="n">{value}</td>
            <td class="bar"><span><Bullet score=row.score target=100.0/><ScoreText score=row.score/></span></td>
            <td><FreshnessMark freshness=row.freshness seen=row.at as_of/></td>
        </tr>
    }
    .into_any()
}
