//! `/receipts`: the push log. What came, what was kept, what was refused.

use super::queue::{Keys, News};
use crate::{api::pages, components::*};
use domain::{
    DataClass,
    query::PageQuery,
    view::{PushRow, Pushes},
};
use leptos::prelude::*;

/// The push log, of one organisation or of all.
#[component]
pub fn PushesPage() -> impl IntoView {
    let query = use_page_query();
    let data = async move {
        let query = query.get_untracked();
        pages().pushes(query.clone()).await.map(|page| (query, page))
    };
    view! { <Page title="Push log">{loaded(data, |page| view! { <List page/> })}</Page> }
}

#[component]
fn List(page: Signal<(PageQuery, Pushes)>) -> impl IntoView {
    let query = use_page_query();
    let crumbs = Signal::derive(move || {
        let mut way = vec![("Overview".to_owned(), "/".to_owned())];
        way.extend(page.with(|(_, p)| p.org.as_ref().map(|org| (org.name.clone(), format!("/orgs/{}", org.slug)))));
        way
    });
    let one = Memo::new(move |_| page.with(|(_, p)| p.org.is_some()));
    let whose = move || {
        page.with(|(_, p)| match &p.org {
            Some(org) => view! { "Pushes of " <OrgLink org=org.clone()/> ", newest first." <a class="chip" href=query.with(|q| q.with("org", "").href("/receipts"))>"Organisation: "{org.name.clone()}<span aria-hidden="true">" ✕"</span><span class="sr">", remove this filter"</span></a> }.into_any(),
            None => view! { "Pushes of every organisation, newest first. Each has a receipt that says what was kept and what was refused." }.into_any(),
        })
    };
    let rows = move || {
        let all = !one.get();
        page.with(|(_, p)| p.rows.iter().map(|row| push_row(query, row, all)).collect_view())
    };
    let none = Memo::new(move |_| page.with(|(_, p)| p.rows.is_empty()));
    view! {
        <Trail title="Push log" crumbs/>
        <Live topics=page.with_untracked(|(_, p)| format!("pushes:{}", p.org.as_ref().map(|o| o.slug.as_str()).unwrap_or_default()))/>
        <PageHead title="Push log">{whose}</PageHead>
        <section class="card queue-list" aria-label="Pushes">
            <News/>
            <Classes/>
            <Show when=move || !none.get() fallback=move || view! { <Nothing/> }>
                <table class="queue-table pushes-table">
                    <caption class="sr">"Pushes, newest first"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Received"</th>
                            <Show when=move || !one.get()><th scope="col">"Organisation"</th></Show>
                            <th scope="col">"What"</th>
                            <th scope="col">"Outcome"</th>
                            <th scope="col">"Mode"</th>
                            <th scope="col">"Key"</th>
                        </tr>
                    </thead>
                    <tbody data-queue="">{rows}</tbody>
                </table>
            </Show>
            <Pager next=Signal::derive(move || page.with(|(_, p)| p.next.clone())) path="/receipts"/>
            <Keys search=false/>
        </section>
        <PageFoot as_of=Signal::derive(move || page.with(|(_, p)| p.as_of))/>
    }
}

/// The classes of data as filters.
#[component]
fn Classes() -> impl IntoView {
    let query = use_page_query();
    let choice = move |value: &'static str, words: &'static str| {
        let current = move || query.with(|q| q.kind == value).then_some("true");
        view! { <li><a href=move || query.with(|q| q.with("kind", value).href("/receipts")) aria-current=current>{words}</a></li> }
    };
    view! {
        <nav class="facets push-classes" aria-label="Filters">
            <div class="facet"><ul>{choice("", "all")}{DataClass::ALL.map(|class| choice(class.name(), class.name())).collect_view()}</ul></div>
        </nav>
    }
}

/// What became of a push, with its sign.
#[component]
pub fn Outcome(push: PushRow) -> impl IntoView {
    let (class, sign, words) = match (push.kept, push.failed) {
        _ if push.outdated => ("mark st-watch", "!", "changed nothing: outdated".to_owned()),
        (kept, 0) => ("mark st-good", "✓", format!("kept {}", count(kept.into()))),
        (0, failed) => ("mark st-off", "✕", format!("refused {}", count(failed.into()))),
        (kept, failed) => ("mark st-watch", "!", format!("kept {}, refused {}", count(kept.into()), count(failed.into()))),
    };
    view! { <span class=class><span class="sign" aria-hidden="true">{sign}</span>{words}</span> }
}

fn push_row(query: Memo<PageQuery>, push: &PushRow, with_org: bool) -> impl IntoView + use<> {
    let href = with_filters(query, &format!("/receipts/{}", push.receipt));
    view! {
        <tr data-key=push.receipt.clone()>
            <th scope="row" class="cell-title"><a class="row-link" data-row="" href=href><Time at=push.received_at seconds=true/></a></th>
            {with_org.then(|| view! { <td class="cell-org"><OrgLink org=push.org.clone()/></td> })}
            <td class="cell-class">{push.what.clone()}</td>
            <td class="cell-status"><Outcome push=push.clone()/></td>
            <td class="cell-tlp quiet">{push.mode.clone()}</td>
            <td class="cell-age quiet">{push.key.clone()}</td>
        </tr>
    }
}

#[component]
fn Nothing() -> impl IntoView {
    let query = use_page_query();
    view! { <Empty title="Nothing of this kind was pushed."><a href=move || kept(query, "/connect")>"How to push"</a></Empty> }
}
