//! `/connect`: a partner's first push, in three steps: a key, a command that works as it stands, and its receipt, live.

mod command;
mod keys;
mod quotas;

use super::{pushes::Outcome, receipt::words};
use crate::{api::pages, components::*};
pub(super) use command::Command;
use command::Commands;
use domain::view::{Connect, PushRow};
pub(super) use keys::state_of;
use keys::{CreateKey, Keys};
use leptos::prelude::*;
use quotas::Quotas;

/// The way to the first push.
#[component]
pub fn ConnectPage() -> impl IntoView {
    let data = async move { pages().connect().await };
    let crumbs = vec![("Overview".to_owned(), "/".to_owned())];
    view! { <Page title="Connect" crumbs=crumbs>{loaded(data, |page| view! { <Steps page/> })}</Page> }
}

#[component]
fn Steps(page: Signal<Connect>) -> impl IntoView {
    let title = Signal::derive(move || page.with(|p| format!("Connect {}", p.org.name)));
    // The key is in this answer only: a live update must not take it from the screen.
    let shown_once = page.with_untracked(|p| p.new_key.is_some().then_some(""));
    let any_push = Memo::new(move |_| page.with(|p| !p.pushes.is_empty()));
    view! {
        <Live topics=page.with_untracked(|p| format!("pushes:{}", p.org.slug))/>
        <PageHead title>"Three steps from here to your first numbers on the screen."</PageHead>
        {page.with_untracked(|p| (!p.confirmed).then(|| view! { <p class="notice">"What you push is seen by your own people only, until an administrator "<a href="/admin/sharing">"confirms what you share"</a>"."</p> }))}
        <ol class="steps">
            <li class="card step" data-client=shown_once>
                <h2>"Get a key"</h2>
                <CreateKey page/>
            </li>
            <li class="card step" data-client=shown_once>
                <h2>"Push something"</h2>
                <Commands page/>
            </li>
            <li class="card step" class:done=move || any_push.get()>
                <h2>"See it arrive"</h2>
                <Arrivals page/>
            </li>
        </ol>
        <Keys page/>
        <Quotas page/>
        <Card title="What else can be pushed">
            <ul class="plain-list">
                <li>"Incidents, events, indicators and indicator counts go the same way: "<a href="/docs/api">"the push API, readable"</a>" or "<a href="/openapi.json">"as OpenAPI 3.1"</a>"."</li>
                <li>"Send the same item again as often as you like: it counts once. A header "<code>"Idempotency-Key"</code>" makes whole requests harmless to repeat."</li>
                <li>"To share indicators without their values, send keyed hashes; an administrator turns this on under "<a href="/admin/sharing#hashes">"Sharing"</a>"."</li>
                <li>"Which metrics there are, and what they earn: "<a href="/about/scoring#metrics">"the catalogue"</a>"."</li>
            </ul>
        </Card>
    }
}

/// The newest pushes: the live receipt.
#[component]
fn Arrivals(page: Signal<Connect>) -> impl IntoView {
    let query = use_page_query();
    let row = move |push: &PushRow| {
        let receipt = kept(query, &format!("/receipts/{}", push.receipt));
        let next = if push.failed > 0 {
            view! { <a href=receipt.clone()>{plural(push.failed.into(), "field error", "field errors")}", named in the receipt"</a> }.into_any()
        } else {
            view! { <a href=receipt.clone()>"Receipt"</a> }.into_any()
        };
        let visible = visible_at(push).filter(|_| push.kept > 0).map(|path| view! { <a href=kept(query, &path)>"Visible at "<code>{path.clone()}</code></a> });
        view! {
            <li data-key=push.receipt.clone()>
                <span><Time at=push.received_at seconds=true/></span>
                <span>"received " {count(push.total.into())}" "{words(&push.what, push.total)}</span>
                <Outcome push=push.clone()/>
                <span class="arrival-links">{next}{visible}</span>
            </li>
        }
    };
    let body = move || {
        page.with(|p| {
            if p.pushes.is_empty() {
                view! { <p class="waiting" role="status"><span class="pulse" aria-hidden="true"></span>"Waiting for the first push of "{p.org.name.clone()}". It shows here by itself."</p> }.into_any()
            } else {
                view! { <ol class="arrivals">{p.pushes.iter().map(row).collect_view()}</ol> }.into_any()
            }
        })
    };
    let all = move || page.with(|p| format!("/receipts?org={}", p.org.slug));
    view! {
        {body}
        <Show when=move || page.with(|p| !p.pushes.is_empty())><p class="card-end"><a href=all>"All pushes ›"</a></p></Show>
        <noscript><p class="quiet">"Without JavaScript this list stands still: reload the page after your push."</p></noscript>
    }
}

/// The page that shows what a push brought. Events have none of their own: the receipt names them.
fn visible_at(push: &PushRow) -> Option<String> {
    let org = &push.org.slug;
    match push.what.as_str() {
        "incidents" => Some(format!("/incidents?org={org}&status=any")),
        "indicators" => Some(format!("/indicators?org={org}")),
        "events" => None,
        _ => Some(format!("/orgs/{org}")),
    }
}
