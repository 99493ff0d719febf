//! `/admin/policy/draft`: what the reader prepares: line by line, tried on every score that he sees, then proposed or discarded.

use crate::{api::pages, components::*};
use domain::view::{DraftPage as Data, Drafted};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The draft.
#[component]
pub fn DraftPage() -> impl IntoView {
    let done = use_query_map().with_untracked(|map| map.get_str("done").unwrap_or_default().to_owned());
    let data = async move { pages().draft().await };
    view! { <AdminPage title="Your draft of a scoring policy">{loaded(data, move |page| view! { <Draft page done=done.clone()/> })}</AdminPage> }
}

#[component]
fn Draft(page: Signal<Data>, done: String) -> impl IntoView {
    let Data { head, draft, has_vote } = page.get_untracked();
    let notice = match done.as_str() {
        "reason" => Some("Nothing was proposed: say why."),
        "most" => Some("Nothing was proposed: your organisation has as many open decisions as it may."),
        "apart" => Some("Not carried over: together with what was adopted, a function would be left without a metric. Change the draft first."),
        word => super::notice(word),
    };
    let body = match draft {
        None => view! {
            <section class="card"><Empty title="You have no draft.">
                <a class="button" href="/admin/catalogue">"Change metrics"</a>" "<a class="button" href="/admin/policy">"Change thresholds and weights"</a>
            </Empty></section>
        }
        .into_any(),
        Some(draft) => drafted(draft, head.version, has_vote),
    };
    view! {
        <PageHead title="Your draft">
            <span>"What you change in the "<a href="/admin/catalogue">"catalogue"</a>" and the "<a href="/admin/policy">"policy"</a>" gathers here, for your eyes only, until you propose it."</span>
        </PageHead>
        <Notice text=notice/>
        {body}
    }
    .into_any()
}

fn drafted(draft: Drafted, version: u32, has_vote: bool) -> AnyView {
    let n = draft.lines.len() as u64;
    let title = format!("{} of version {version}", plural(n, "change", "changes"));
    let overtaken = draft.overtaken.map(|old| {
        view! {
            <div class="notice">
                <p><b>{format!("Version {version} was adopted after you began on version {old}.")}</b>" What it changed and you did not stands below as changed back."</p>
                <form method="post" action="/admin/policy/carry-over"><button>"Keep only what I changed"</button></form>
            </div>
        }
    });
    let lines = if n == 0 { view! { <p class="quiet">"Nothing: it is as the policy in force."</p> }.into_any() } else { difference_list(&draft.lines) };
    let propose = if has_vote {
        view! {
            <form class="fields wide-fields" method="post" action="/admin/policy/draft">
                <label for="reason">"Why"</label>
                <textarea id="reason" name="reason" rows="3" required maxlength="1000"></textarea>
                <p class="hint">"Every organisation reads it beside its vote."</p>
                <button class="primary" disabled=n == 0>"Propose to the alliance"</button>
            </form>
        }
        .into_any()
    } else {
        view! { <p>"Your organisation has no vote now, so it proposes nothing either: it does not share yet, or is suspended."</p> }.into_any()
    };
    view! {
        {overtaken}
        <Card title id="changes">{lines}<p class="quiet card-end">"Last changed "<Time at=draft.changed_at/></p></Card>
        <Card title="Dry run" id="dry-run">{dry_run(draft.dry_run)}</Card>
        <Card title="Propose" id="propose">{propose}</Card>
        <form method="post" action="/admin/policy/discard"><button>"Discard the draft"</button></form>
    }
    .into_any()
}
