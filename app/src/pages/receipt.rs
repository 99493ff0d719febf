//! `/receipts/:id`: one receipt. What came, what was kept, what was refused and why, and where it all came from.

use crate::{api::pages, components::*};
use domain::view::{Payload, PushRow, Receipt, ReceiptFailure};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// One receipt. It never changes, so the page is not live.
#[component]
pub fn ReceiptPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get_str("id").unwrap_or_default().to_owned()));
    let data = async move { pages().receipt(id.get_untracked()).await };
    view! { <Page title="Receipt">{loaded(data, |page| view! { <One page/> })}</Page> }
}

#[component]
fn One(page: Signal<Receipt>) -> impl IntoView {
    let query = use_page_query();
    let title = Signal::derive(move || page.with(|p| format!("Push of {} {}", count(p.row.total.into()), words(&p.row.what, p.row.total))));
    let crumbs = Signal::derive(move || {
        page.with(|p| {
            let log = format!("/receipts?org={}", p.row.org.slug);
            vec![("Overview".to_owned(), "/".to_owned()), (p.row.org.name.clone(), format!("/orgs/{}", p.row.org.slug)), ("Push log".to_owned(), log)]
        })
    });
    let facts = move || {
        page.with(|p| {
            let seen = (!p.href.is_empty()).then(|| view! { <a href=kept(query, &p.href)>"See what it brought ›"</a> });
            view! { <OrgLink org=p.row.org.clone()/><span>"received " <Time at=p.row.received_at/></span><span>{format!("mode {}", p.row.mode)}</span>{seen} }
        })
    };
    view! {
        <Trail title crumbs/>
        <PageHead title tlp=Signal::derive(move || page.with(|p| p.highest_tlp))>{facts}</PageHead>
        <Numbers page/>
        <Notes page/>
        <Failures page/>
        <div class="record">
            <div class="record-main"><Card title="Raw payload"><PayloadView page/></Card></div>
            <div class="record-side"><Card title="Provenance"><Provenance page/></Card></div>
        </div>
    }
}

/// What became of a push, in words. The API's `complete` says only that nothing of it is still waiting.
fn status(push: &PushRow) -> &'static str {
    match (push.kept, push.failed) {
        _ if push.outdated => "outdated",
        (_, 0) => "complete",
        (0, _) => "refused",
        _ => "partly kept",
    }
}

/// `metric` or `metrics`, and so on.
pub fn words(what: &str, n: u32) -> String {
    match (n, what.strip_suffix('s')) {
        (1, Some(one)) => one.replace('-', " "),
        _ => what.replace('-', " "),
    }
}

#[component]
fn Numbers(page: Signal<Receipt>) -> impl IntoView {
    move || {
        page.with(|p| {
            let stat = |label: &'static str, n: u32, class: &'static str, note: &'static str| {
                view! { <div class="stat"><p class="stat-label">{label}</p><p class=format!("stat-value {class}")>{count(n.into())}</p><p class="stat-note">{note}</p></div> }
            };
            let refused = if p.row.failed > 0 { ("st-off", "named below; send only these again") } else { ("", "nothing to correct") };
            view! {
                <section class="card summary-numbers" aria-label="Outcome">
                    {stat("Received", p.row.total, "", "items")}
                    {stat("Kept", p.row.kept, "", "duplicates included")}
                    {stat("Refused", p.row.failed, refused.0, refused.1)}
                    <div class="stat"><p class="stat-label">"Status"</p><p class="stat-value stat-word">{status(&p.row)}</p></div>
                </section>
            }
        })
    }
}

/// How the hub understands what it kept.
#[component]
fn Notes(page: Signal<Receipt>) -> impl IntoView {
    move || page.with(|p| p.notes.iter().map(|note| view! { <p class="notice">{note.clone()}</p> }).collect_view())
}

#[component]
fn Failures(page: Signal<Receipt>) -> impl IntoView {
    let any = Memo::new(move |_| page.with(|p| !p.failures.is_empty()));
    let row = |f: &ReceiptFailure| {
        view! {
            <tr>
                <td class="n">{f.index}</td>
                <th scope="row"><code>{f.pointer.clone()}</code></th>
                <td>{f.detail.clone()}</td>
                <td><code class="quiet">{f.code.clone()}</code></td>
            </tr>
        }
    };
    let rows = move || page.with(|p| p.failures.iter().map(row).collect_view());
    let title = Signal::derive(move || {
        page.with(|p| {
            if p.failures.len() < p.row.failed as usize { format!("Refused: the first {} of {}", p.failures.len(), p.row.failed) } else { "Refused".to_owned() }
        })
    });
    view! {
        <Show when=move || any.get()>
            <Card title>
                <div class="scroll" tabindex="0" role="region" aria-label="Refused items">
                    <table class="failures">
                        <caption class="sr">"Refused items with the field and the reason"</caption>
                        <thead>
                            <tr>
                                <th scope="col" class="n">"Item"</th>
                                <th scope="col">"Field (JSON Pointer)"</th>
                                <th scope="col">"Why"</th>
                                <th scope="col">"Code"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </Card>
        </Show>
    }
}

#[component]
fn Provenance(page: Signal<Receipt>) -> impl IntoView {
    let or_none = |text: &str| {
        if text.is_empty() { view! { <span class="quiet">"none sent"</span> }.into_any() } else { view! { <code>{text.to_owned()}</code> }.into_any() }
    };
    move || {
        page.with(|p| {
            view! {
                <dl class="facts-list">
                    <div><dt>"Receipt"</dt><dd><code>{p.row.receipt.clone()}</code></dd></div>
                    <div><dt>"Data class"</dt><dd>{p.class.name()}</dd></div>
                    <div><dt>"API key"</dt><dd>{p.row.key.clone()}</dd></div>
                    <div><dt>"Size, inflated"</dt><dd>{plural(p.bytes, "byte", "bytes")}</dd></div>
                    {p.request.as_ref().map(|request| view! {
                        <div><dt>"User agent"</dt><dd>{or_none(&request.user_agent)}</dd></div>
                        <div><dt>"Idempotency key"</dt><dd>{or_none(&request.idempotency_key)}</dd></div>
                    })}
                    <div class="wide"><dt>"SHA-256 of the payload"</dt><dd><code class="hash">{p.sha256.clone()}</code></dd></div>
                </dl>
            }
        })
    }
}

#[component]
fn PayloadView(page: Signal<Receipt>) -> impl IntoView {
    move || {
        page.with(|p| match &p.payload {
            Payload::Shown(text) => view! { <Raw label="Payload as pushed" text=Signal::stored(text.clone())/> }.into_any(),
            Payload::Expired => view! { <Empty title="The payload is older than the hub keeps payloads. Its digest and this receipt stay."/> }.into_any(),
            Payload::NotYourRole => view! { <p class="not-shared"><Icon name="lock"/>"Your role does not open raw payloads. An administrator of your organisation can change roles."</p> }.into_any(),
            Payload::NotShared => view! { <NotShared what="The raw payload"/> }.into_any(),
        })
    }
}
