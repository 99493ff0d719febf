//! `/indicators`: what to look for, by type and marking, and which of it several organisations saw.

use super::queue::{Queue, is_filtered};
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
    view! { <Page title="Indicators" crumbs=crumbs>{loaded(data, |page| view! { <All page/> })}</Page> }
}

#[component]
fn All(page: Signal<(PageQuery, Indicators)>) -> impl IntoView {
    let query = use_page_query();
    let (asked, page) = page.get_untracked();
    let (title, as_of) = (at_least(heading(&asked, page.total, page.different), &page.beside), page.as_of);
    view! {
        <Queue
            page
            path="/indicators"
            title
            placeholder="Value or network, such as evil.example, or organisation"
            caption="Indicators, newest first"
            heads=&["Value", "Type", "Severity", "TLP", "Reported by", "Last seen"]
            class="indicators-table"
            row=move |row| indicator_row(query, row, as_of).into_any()
            nothing=view! { <Nothing/> }.into_any()
        />
    }
}

/// The number that other pages link with, in words.
fn heading(query: &PageQuery, total: u64, different: Option<u64>) -> String {
    let kind = if query.kind.is_empty() { String::new() } else { format!("{} ", query.kind) };
    let severity = if query.sev.is_empty() { String::new() } else { format!("{} ", query.sev) };
    let (one, many) = (format!("{severity}{kind}indicator"), format!("{severity}{kind}indicators"));
    match different {
        Some(different) => format!("{} seen by several organisations", reports_of(total, different, &one, &many)),
        None => plural(total, &one, &many),
    }
}

/// `3 reports of 1 indicator`: the rows of the list, and how many different things they are about.
pub(in crate::pages) fn reports_of(reports: u64, different: u64, one: &str, many: &str) -> String {
    let things = plural(different, one, many);
    if reports == 0 { things } else { format!("{} of {things}", plural(reports, "report", "reports")) }
}

fn indicator_row(query: Memo<PageQuery>, row: &IndicatorRow, as_of: Timestamp) -> impl IntoView + use<> {
    let href = with_filters(query, &format!("/indicators/{}", row.id));
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
                None => view! { <span class="quiet">"one"{row.compared_from.map(|day| format!(", compared further from {} on", day.date()))}</span> }.into_any(),
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
