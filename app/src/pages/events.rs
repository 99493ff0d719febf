//! `/events`: what was detected, newest first. Most of it belongs to an incident, so the way here leads through incidents and organisations.

use super::incidents::queue::{ActiveFilters, Keys, News, Search, is_filtered};
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
    view! { <Page title="Events" crumbs=crumbs>{loaded(data, |page| view! { <List page/> })}</Page> }
}

#[component]
fn List(page: Signal<Events>) -> impl IntoView {
    let query = use_page_query();
    let title = Memo::new(move |_| {
        let number = page.with(|p| plural(p.total, "event", "events"));
        query.with(|q| format!("{number}, {}", range_words(&q.range).to_lowercase()))
    });
    let facets = Signal::derive(move || page.with(|p| p.facets.clone()));
    let rows = move || page.with(|p| p.rows.iter().map(|row| event_row(query, row)).collect_view());
    let none = Memo::new(move |_| page.with(|p| p.rows.is_empty()));
    view! {
        <Live topics="events:" digest=format!("Updated: {}", title.get_untracked())/>
        <PageHead title=title tlp=Signal::derive(move || page.with(|p| p.highest_tlp))>
            <ActiveFilters facets path="/events"/>
        </PageHead>
        <div class="queue">
            <div class="card queue-rail"><h2 class="sr">"Filters"</h2><Facets facets path="/events"/></div>
            <section class="card queue-list" aria-label="Events">
                <News/>
                <Search path="/events" label="Search events" placeholder="Title or id"/>
                <Show when=move || !none.get() fallback=move || view! { <Nothing/> }>
                    <table class="queue-table incidents-table">
                        <caption class="sr">"Events, newest first"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Severity"</th>
                                <th scope="col">"Event"</th>
                                <th scope="col">"Kind"</th>
                                <th scope="col">"TLP"</th>
                                <th scope="col" class="n">"Observed"</th>
                            </tr>
                        </thead>
                        <tbody data-queue="">{rows}</tbody>
                    </table>
                </Show>
                <BesideRows beside=Signal::derive(move || page.with(|p| p.beside.clone())) what="events"/>
                <Pager next=Signal::derive(move || page.with(|p| p.next.clone())) path="/events"/>
                <Keys/>
            </section>
        </div>
        <PageFoot as_of=Signal::derive(move || page.with(|p| p.as_of)) csv="/csv/events"/>
    }
    .into_any()
}

fn event_row(query: Memo<PageQuery>, row: &EventRow) -> impl IntoView + use<> {
    let href = kept(query, &format!("/events/{}", row.id));
    view! {
        <tr data-key=row.id.clone()>
            <td class="cell-severity"><SeverityMark severity=row.severity/></td>
            <th scope="row" class="cell-title">
                <a class="row-link" data-row="" href=href>{row.title.clone()}</a>
                <small><OrgLink org=row.org.clone()/>" · "<span class="id">{row.external_id.clone()}</span></small>
            </th>
            <td class="cell-class">{row.kind.clone()}</td>
            <td class="cell-tlp"><TlpBadge tlp=row.tlp/></td>
            <td class="n cell-age"><Time at=row.observed_at/></td>
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
