//! `/events`: what was detected, newest first. Most of it belongs to an incident, so the way here leads through incidents and organisations.

use super::queue::{Queue, is_filtered};
use crate::{api::pages, components::*};
use domain::{
    query::PageQuery,
    view::{EventRow, Events},
};
use leptos::prelude::*;

/// The list of events in the range of the query.
#[component]
pub fn EventsPage() -> impl IntoView {
    let query = use_page_query();
    let data = async move { pages().events(query.get_untracked()).await };
    let crumbs = vec![("Overview".to_owned(), "/".to_owned()), ("Incidents".to_owned(), "/incidents".to_owned())];
    view! { <Page title="Events" crumbs=crumbs>{loaded(data, |page| view! { <All page/> })}</Page> }
}

#[component]
fn All(page: Signal<Events>) -> impl IntoView {
    let query = use_page_query();
    let page = page.get_untracked();
    let title =
        at_least(format!("{}, {}", plural(page.total, "event", "events"), query.with_untracked(|q| range_words(&q.range).to_lowercase())), &page.beside);
    view! {
        <Queue
            page
            path="/events"
            title
            placeholder="Title, organisation or id"
            caption="Events, newest first"
            heads=&["Severity", "Event", "Kind", "TLP", "Observed"]
            class="incidents-table"
            ranged=true
            row=move |row| event_row(query, row).into_any()
            nothing=view! { <Nothing/> }.into_any()
        />
    }
}

fn event_row(query: Memo<PageQuery>, row: &EventRow) -> impl IntoView + use<> {
    let href = with_filters(query, &format!("/events/{}", row.id));
    view! {
        <tr data-key=row.id.clone()>
            <td class="cell-severity"><SeverityMark severity=row.severity/></td>
            <th scope="row" class="cell-title">
                <a class="row-link" data-row="" href=href>{row.title.clone()}</a>
                <small><OrgLink org=row.org.clone()/>" · "<span class="id">{row.external_id.clone()}</span></small>
            </th>
            <td class="cell-class">{row.kind.clone()}</td>
            <td class="cell-tlp"><TlpBadge tlp=row.tlp/></td>
            <td class="n cell-age"><Time at=row.observed_at seconds=true/></td>
        </tr>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    let query = use_page_query();
    move || {
        let q = query.get();
        if is_filtered(&q) {
            view! { <Empty title="No event that is shared with you matches."><a href=q.kept().href("/events")>"All events"</a></Empty> }.into_any()
        } else {
            view! { <Empty title="No event of this time is shared with you."><a href=q.with("range", "1y").href("/events")>"Look at the last year"</a></Empty> }
                .into_any()
        }
    }
}
