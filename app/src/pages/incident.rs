//! `/incidents/:id`: one incident with everything that happened to it.

use crate::{api::pages, components::*};
use domain::{
    timestamp::duration,
    view::{Incident, TimelineEntry},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// One incident.
#[component]
pub fn IncidentPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get_str("id").unwrap_or_default().to_owned()));
    let data = async move { pages().incident(id.get_untracked()).await };
    view! { <Page title="Incident">{loaded(data, |page| view! { <One page/> })}</Page> }
}

#[component]
fn One(page: Signal<Incident>) -> impl IntoView {
    let title = Signal::derive(move || page.with(|p| p.row.title.clone()));
    let crumbs = Signal::stored(vec![("Overview".to_owned(), "/".to_owned()), ("Incidents".to_owned(), "/incidents".to_owned())]);
    let marks = move || {
        page.with(|p| {
            let age = match p.row.closed_at {
                Some(closed) => format!("closed after {}", duration(closed.since(p.row.opened_at))),
                None => String::new(),
            };
            view! { <SeverityMark severity=p.row.severity/><StatusMark status=p.row.status/><OrgLink org=p.row.org.clone()/><span>{p.row.class.clone()}</span><span>{age}</span> }
        })
    };
    let description = move || {
        page.with(|p| {
            if p.description.is_empty() {
                view! { <p class="quiet">"The organisation sent no description."</p> }.into_any()
            } else {
                view! { <p class="prose">{p.description.clone()}</p> }.into_any()
            }
        })
    };
    view! {
        <Trail title crumbs/>
        <Live topics=page.with_untracked(|p| format!("incidents:{0} events:{0}", p.row.org.slug))/>
        <PageHead title tlp=Signal::derive(move || page.with(|p| p.highest_tlp))>{marks}</PageHead>
        <div class="record">
            <div class="record-main">
                <Card title="What happened">{description}</Card>
                <Card title="Timeline"><Timeline page/></Card>
                <Card title="As pushed, newest revision"><Raw label="Newest revision as pushed" text=Signal::derive(move || page.with(|p| p.raw.clone()))/><p class="quiet">{move || page.with(|p| p.made.clone())}</p></Card>
            </div>
            <div class="record-side">
                <Card title="Facts"><FactList page/></Card>
                <Card title="Who can see it"><Reach page/></Card>
                <Attributes page/>
            </div>
        </div>
    }
}

#[component]
fn FactList(page: Signal<Incident>) -> impl IntoView {
    move || {
        page.with(|p| {
            let row = &p.row;
            let owner = if p.owner.is_empty() { view! { <span class="quiet">"not said"</span> }.into_any() } else { view! { {p.owner.clone()} }.into_any() };
            view! {
                <dl class="facts-list">
                    <div><dt>"Organisation"</dt><dd><OrgLink org=row.org.clone()/></dd></div>
                    <div><dt>"Reference"</dt><dd><code>{row.external_id.clone()}</code></dd></div>
                    <div><dt>"Class (RSIT)"</dt><dd>{row.class.clone()}</dd></div>
                    <div><dt>"Assigned to"</dt><dd>{owner}</dd></div>
                    <div><dt>"Opened"</dt><dd><Time at=row.opened_at/></dd></div>
                    <div><dt>"Updated"</dt><dd><Time at=row.updated_at/></dd></div>
                    {row.closed_at.map(|at| view! { <div><dt>"Closed"</dt><dd><Time at/></dd></div> })}
                </dl>
            }
        })
    }
}

#[component]
fn Reach(page: Signal<Incident>) -> impl IntoView {
    move || {
        page.with(|p| {
            let named = p.recipients.iter().map(|org| view! { <li><OrgLink org=org.clone()/></li> }).collect_view();
            view! {
                <WhoSees reach=Signal::stored(p.reach.clone())/>
                {(!p.recipients.is_empty()).then(|| view! { <h3 class="sub">"Named on the record"</h3><ul class="names">{named}</ul> })}
            }
        })
    }
}

/// Fields that the organisation sends and the hub has no column for.
#[component]
fn Attributes(page: Signal<Incident>) -> impl IntoView {
    let any = Memo::new(move |_| page.with(|p| !p.attributes.is_empty()));
    let list = move || {
        page.with(|p| {
            let pairs = p.attributes.iter().map(|(key, value)| view! { <div><dt><code>{key.clone()}</code></dt><dd>{value.clone()}</dd></div> });
            pairs.collect_view()
        })
    };
    view! { <Show when=move || any.get()><Card title="More, as the organisation sent it"><dl class="facts-list">{list}</dl></Card></Show> }
}

/// Revisions and events, oldest first.
#[component]
fn Timeline(page: Signal<Incident>) -> impl IntoView {
    let query = use_page_query();
    let entry = move |e: &TimelineEntry| {
        let event = e.kind == "event";
        let (class, word, link) = if event { ("entry entry-event", "Event", "Open event") } else { ("entry", "Revision", "Receipt") };
        let href = kept(query, &e.href);
        let severity = e.severity.map(|severity| view! { <SeverityMark severity/> });
        let link = (!e.href.is_empty()).then(|| view! { <a href=href>{link}<span class="sr">" of " {e.at.human()}</span></a> });
        view! {
            <li class=class>
                <p class="entry-head"><b>{word}</b><Time at=e.at seconds=true/>{severity}{link}</p>
                <p>{e.text.clone()}</p>
            </li>
        }
    };
    let earlier = move || {
        page.with(|p| {
            let parts = [(p.earlier_revisions, "revision", "revisions"), (p.earlier_events, "event", "events")];
            let words: Vec<_> = parts.into_iter().filter(|(n, ..)| *n > 0).map(|(n, one, many)| format!("{} before these", plural(n, one, many))).collect();
            (!words.is_empty()).then(|| view! { <p class="quiet">"The newest are shown; there are "{words.join(" and ")}"."</p> })
        })
    };
    move || page.with(|p| view! { {earlier}<ol class="timeline">{p.timeline.iter().map(entry).collect_view()}</ol> })
}
