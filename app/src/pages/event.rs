//! `/events/:id`: one security event, as it came. It never changes, so the page is not live.

use crate::{api::pages, components::*};
use domain::view::Event;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// One event.
#[component]
pub fn EventPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get_str("id").unwrap_or_default().to_owned()));
    let data = async move { pages().event(id.get_untracked()).await };
    view! { <Page title="Event">{loaded(data, |page| view! { <One page/> })}</Page> }
}

#[component]
fn One(page: Signal<Event>) -> impl IntoView {
    let title = Signal::derive(move || page.with(|p| p.title.clone()));
    let crumbs = Signal::derive(move || {
        page.with(|p| {
            let mut way = vec![("Overview".to_owned(), "/".to_owned()), ("Events".to_owned(), "/events".to_owned())];
            way.extend(p.incident.as_ref().map(|(id, title)| (title.clone(), format!("/incidents/{id}"))));
            way
        })
    });
    let marks = move || {
        page.with(|p| view! { <SeverityMark severity=p.severity/><span>{p.kind.clone()}</span><OrgLink org=p.org.clone()/><span>"observed " <Time at=p.observed_at/></span> })
    };
    view! {
        <Trail title crumbs/>
        <PageHead title tlp=Signal::derive(move || page.with(|p| p.highest_tlp))>{marks}</PageHead>
        <div class="record">
            <div class="record-main"><Card title="As pushed"><Raw label="Event as pushed" text=Signal::derive(move || page.with(|p| p.raw.clone()))/><p class="quiet">{move || page.with(|p| p.made.clone())}</p></Card></div>
            <div class="record-side">
                <Card title="Facts"><FactList page/></Card>
                <Card title="Who can see it"><WhoSees reach=Signal::derive(move || page.with(|p| p.reach.clone()))/></Card>
            </div>
        </div>
    }
}

#[component]
fn FactList(page: Signal<Event>) -> impl IntoView {
    let query = use_page_query();
    move || {
        page.with(|p| {
            let incident = match &p.incident {
                Some((id, title)) => view! { <a href=kept(query, &format!("/incidents/{id}"))>{title.clone()}</a> }.into_any(),
                None => view! { <span class="quiet">"none"</span> }.into_any(),
            };
            // Only the own organisation's pushes are shared as a whole.
            let receipt = if p.receipt.is_empty() {
                view! { <span class="quiet">"not shared with you"</span> }.into_any()
            } else {
                view! { <a href=kept(query, &format!("/receipts/{}", p.receipt))><code>{p.receipt.clone()}</code></a> }.into_any()
            };
            view! {
                <dl class="facts-list">
                    <div><dt>"Incident"</dt><dd>{incident}</dd></div>
                    <div><dt>"Organisation"</dt><dd><OrgLink org=p.org.clone()/></dd></div>
                    <div><dt>"Its own id"</dt><dd><code>{p.external_id.clone()}</code></dd></div>
                    <div><dt>"Kind"</dt><dd>{p.kind.clone()}</dd></div>
                    <div><dt>"Observed"</dt><dd><Time at=p.observed_at/></dd></div>
                    <div><dt>"Received"</dt><dd><Time at=p.received_at/></dd></div>
                    <div><dt>"API key"</dt><dd>{p.key.clone()}</dd></div>
                    <div><dt>"Receipt"</dt><dd>{receipt}</dd></div>
                </dl>
            }
        })
    }
}
