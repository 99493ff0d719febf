//! `/indicators`: what to look for, by type and marking, and which of it several organisations saw.

use super::incidents::queue::{ActiveFilters, Keys, News, Search, is_filtered};
use crate::{api::pages, components::*};
use domain::{
    Timestamp,
    aggregate::LEAST,
    query::PageQuery,
    timestamp::duration,
    view::{IndicatorRow, Indicators},
};
use leptos::prelude::*;

/// The list of indicators.
#[component]
pub fn IndicatorsPage() -> impl IntoView {
    let query = use_page_query();
    let data = async move {
        let query = query.get_untracked();
        pages().indicators(query.clone()).await.map(|page| (query, page))
    };
    let crumbs = vec![("Overview".to_owned(), "/".to_owned())];
    view! { <Page title="Indicators" crumbs=crumbs>{loaded(data, |page| view! { <List page/> })}</Page> }
}

#[component]
fn List(page: Signal<(PageQuery, Indicators)>) -> impl IntoView {
    let query = use_page_query();
    let title = Memo::new(move |_| page.with(|(query, p)| heading(query, p.total)));
    let facets = Signal::derive(move || page.with(|(_, p)| p.facets.clone()));
    let rows = move || {
        let as_of = page.with(|(_, p)| p.as_of);
        page.with(|(_, p)| p.rows.iter().map(|row| indicator_row(query, row, as_of)).collect_view())
    };
    let none = Memo::new(move |_| page.with(|(_, p)| p.rows.is_empty()));
    view! {
        <Live topics="indicators:" digest=format!("Updated: {}", title.get_untracked())/>
        <PageHead title=title tlp=Signal::derive(move || page.with(|(_, p)| p.highest_tlp))>
            <ActiveFilters facets path="/indicators"/>
        </PageHead>
        <div class="queue">
            <div class="card queue-rail"><h2 class="sr">"Filters"</h2><Facets facets path="/indicators"/></div>
            <section class="card queue-list" aria-label="Indicators">
                <News/>
                <Search path="/indicators" label="Search indicators" placeholder="Value, such as evil.example"/>
                <Show when=move || !none.get() fallback=move || view! { <Nothing/> }>
                    <table class="queue-table indicators-table">
                        <caption class="sr">"Indicators, newest first"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Value"</th>
                                <th scope="col">"Type"</th>
                                <th scope="col">"Severity"</th>
                                <th scope="col">"TLP"</th>
                                <th scope="col">"Reported by"</th>
                                <th scope="col" class="n">"Last seen"</th>
                            </tr>
                        </thead>
                        <tbody data-queue="">{rows}</tbody>
                    </table>
                </Show>
                <BesideRows beside=Signal::derive(move || page.with(|(_, p)| p.beside.clone())) what="indicators"/>
                <Pager next=Signal::derive(move || page.with(|(_, p)| p.next.clone())) path="/indicators"/>
                <Keys/>
            </section>
        </div>
        <PageFoot as_of=Signal::derive(move || page.with(|(_, p)| p.as_of)) csv="/csv/indicators"/>
    }
    .into_any()
}

/// The number that other pages link with, in words.
fn heading(query: &PageQuery, total: u64) -> String {
    let kind = if query.kind.is_empty() { String::new() } else { format!("{} ", query.kind) };
    let several = if query.seen == "2" { " seen by several organisations" } else { "" };
    plural(total, &format!("{kind}indicator{several}"), &format!("{kind}indicators{several}"))
}

fn indicator_row(query: Memo<PageQuery>, row: &IndicatorRow, as_of: Timestamp) -> impl IntoView + use<> {
    let href = kept(query, &format!("/indicators/{}", row.id));
    let reporters = reported_by(row);
    view! {
        <tr data-key=row.id.clone()>
            <th scope="row" class="cell-title">
                <a class="row-link value" data-row="" href=href>{row.observed.to_string()}</a>
                <small><OrgLink org=row.org.clone()/>{(!row.active).then_some(" · no longer active")}</small>
            </th>
            <td class="cell-class">{row.kind.clone()}</td>
            <td class="cell-severity">{row.severity.map(|severity| view! { <SeverityMark severity/> })}</td>
            <td class="cell-tlp"><TlpBadge tlp=row.tlp/></td>
            <td class="cell-status">{match reporters {
                Some(words) => view! { <b class="several">{words}</b> }.into_any(),
                None => view! { <span class="quiet">"one"</span> }.into_any(),
            }}</td>
            <td class="n cell-age"><time datetime=row.last_seen.rfc3339() title=format!("First seen {}, last seen {}", row.first_seen.human(), row.last_seen.human())>{duration(as_of.since(row.last_seen))}" ago"</time></td>
        </tr>
    }
}

/// Who reported it, where that is more than one.
fn reported_by(row: &IndicatorRow) -> Option<String> {
    match (row.reporters > 1, row.unnamed) {
        (false, false) => None,
        (true, false) => Some(format!("{} organisations", row.reporters)),
        (_, true) => Some(format!("{} and {LEAST} or more unnamed", row.reporters)),
    }
}

#[component]
fn Nothing() -> impl IntoView {
    let query = use_page_query();
    move || {
        let q = query.get();
        if is_filtered(&q) {
            view! { <Empty title="No indicator that is shared with you matches."><a href=q.kept().href("/indicators")>"All indicators"</a></Empty> }.into_any()
        } else {
            view! { <Empty title="No indicator is shared with you yet."><a href=kept(query, "/connect")>"How to push some"</a></Empty> }.into_any()
        }
    }
}
