//! `/admin/keys`: the API keys of the reader's organisation: what each may push, from where, until when.

use super::connect::{Command, state_of};
use crate::{api::pages, components::*};
use domain::{
    Timestamp,
    view::{KeyRow, Keys},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The keys.
#[component]
pub fn KeysPage() -> impl IntoView {
    let done = use_query_map().with_untracked(|map| map.get_str("done").unwrap_or_default().to_owned());
    let data = async move { pages().keys().await };
    view! { <AdminPage title="API keys">{loaded(data, move |page| view! { <All page done=done.clone()/> })}</AdminPage> }
}

#[component]
fn All(page: Signal<Keys>, done: String) -> impl IntoView {
    let notice = match done.as_str() {
        "revoked" => Some("Revoked. Pushes with that key are refused within 5 seconds."),
        "gone" => Some("There is no live key of that name."),
        "name" => Some("There is, or was, a key of that name already: names are not used twice."),
        "most" => Some("Your organisation has reached its limit of live keys. Revoke one first."),
        "form" => Some("No key was made: it needs a name, something it may push, and networks such as 192.0.2.0/24 or none."),
        _ => None,
    };
    let (may_change, new_key, keys, now) = page.with_untracked(|p| (p.may_change, p.new_key.clone(), p.keys.clone(), p.now));
    let heading = Signal::derive(move || page.with(|p| format!("API keys of {}", p.org.name)));
    let none = keys.is_empty();
    view! {
        <PageHead title=heading>
            <span>"One key for each machine. The hub keeps only a digest of it. "<a href="/connect">"How to push with a key"</a>"."</span>
        </PageHead>
        <Notice text=notice/>
        {new_key.map(|key| view! {
            <Card title="Your new key" class="disclosure">
                <p><b>"This is the only time you see this key."</b>" Keep it where your other secrets are. Where it takes over from another, that one goes on for 7 days."</p>
                <Command label="Your new API key" text=key/>
            </Card>
        })}
        {may_change.then(|| view! { <Create/> })}
        {(!may_change).then(|| view! { <p class="quiet">"Keys are made, replaced and revoked by your organisation's administrators (role org_admin)."</p> })}
        {(may_change && none).then(|| view! { <section class="card"><Empty title="Your organisation has no key yet."/></section> })}
        {(!none).then(|| view! {
            <Card title="Keys" id="keys">
                <div class="scroll" tabindex="0" role="region" aria-label="API keys">
                    <table>
                        <caption class="sr">"API keys of your organisation"</caption>
                        <thead><tr><th scope="col">"Name"</th><th scope="col">"May push"</th><th scope="col">"From"</th><th scope="col">"Last used"</th><th scope="col">"Expires"</th><th scope="col">"State"</th><th scope="col">"Change"</th></tr></thead>
                        <tbody>{keys.iter().map(|key| row(key, now)).collect_view()}</tbody>
                    </table>
                </div>
            </Card>
        })}
    }
    .into_any()
}

/// Classes of data that a key can push, and the right to push old data.
const SCOPES: [(&str, &str, bool); 5] = [
    ("metrics", "metrics", true),
    ("incidents", "incidents", true),
    ("events", "events", true),
    ("indicators", "indicators", true),
    ("backfill", "data older than 30 days", false),
];

#[component]
fn Create() -> impl IntoView {
    let scope = |(name, words, given): (&'static str, &'static str, bool)| view! { <label class="choice"><input type="checkbox" name=name value="yes" checked=given/>{words}</label> };
    let days = [(30, "30 days"), (90, "90 days"), (365, "a year"), (730, "two years")];
    view! {
        <Card title="Make a key" id="make">
            <form class="fields wide-fields" method="post" action="/admin/keys">
                <label for="name">"Name, after its machine"</label>
                <input id="name" name="name" required maxlength="60" autocomplete="off" placeholder="siem-exporter"/>
                <fieldset><legend>"May push"</legend><div class="choices">{SCOPES.map(scope).collect_view()}</div></fieldset>
                <label for="addresses">"From these networks only (empty: from anywhere)"</label>
                <input id="addresses" name="addresses" maxlength="800" autocomplete="off" placeholder="192.0.2.0/24, 2001:db8::/32"/>
                <label for="days">"Good for"</label>
                <select id="days" name="days">{days.map(|(n, words)| view! { <option value=n selected=n == 365>{words}</option> }).collect_view()}</select>
                <button class="primary"><Icon name="key"/>" Make key"</button>
            </form>
        </Card>
    }
}

fn row(key: &KeyRow, now: Timestamp) -> AnyView {
    let moment = |at: Option<Timestamp>| match at {
        Some(at) => view! { <Time at/> }.into_any(),
        None => view! { <span class="quiet">"never"</span> }.into_any(),
    };
    let live = !key.revoked && key.expires_at.is_none_or(|at| at > now);
    let change = live.then(|| {
        view! {
            <div class="row-forms">
                {one_click("/admin/keys/rotate", "name", key.name.clone(), "Rotate", &key.name)}
                {one_click("/admin/keys/revoke", "name", key.name.clone(), "Revoke", &key.name)}
            </div>
        }
    });
    let from = if key.addresses.is_empty() {
        view! { <span class="quiet">"anywhere"</span> }.into_any()
    } else {
        view! { <code>{key.addresses.clone()}</code> }.into_any()
    };
    view! {
        <tr data-key=key.hint.clone() class:left=!live>
            <th scope="row">{key.name.clone()}<small class="quiet"><code>{key.hint.clone()}"…"</code></small></th>
            <td>{key.scopes.join(", ")}</td>
            <td>{from}</td>
            <td>{moment(key.last_used_at)}</td>
            <td>{moment(key.expires_at)}</td>
            <td>{state_of(key, now)}</td>
            <td>{change}</td>
        </tr>
    }
    .into_any()
}
