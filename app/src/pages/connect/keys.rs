//! API keys: creating one, the one just created, and those there are.

use super::command::Command;
use crate::components::*;
use domain::{
    Timestamp,
    view::{Connect, KeyRow, PushRow},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The first step: the form, or the key that it just made, or who can make one.
#[component]
pub fn CreateKey(page: Signal<Connect>) -> impl IntoView {
    // Only the answer to the form holds the key; later answers must not take it from the screen.
    let (key, may_create) = page.with_untracked(|p| (p.new_key.clone(), p.may_create));
    if let Some(key) = key {
        return view! {
            <p><b>"This is the only time you see this key."</b>" The hub keeps only its digest. Keep it where your other secrets are; it is also in the command below."</p>
            <Command label="Your new API key" text=key/>
        }
        .into_any();
    }
    if !may_create {
        return view! {
            <p>"Keys are made by your organisation's administrators (role org_admin): ask one of them for a key."</p>
        }
        .into_any();
    }
    let map = use_query_map();
    let error = move || map.with(|map| map.get_str("error").is_some());
    view! {
        <p>"A key belongs to your organisation and to one machine. Name it after that machine."</p>
        {move || error().then(|| view! { <p class="form-error" role="alert" id="key-error"><Icon name="cross"/>"That name cannot be used, or there is a live key of this name already."</p> })}
        <form class="inline-form" method="post" action="/connect">
            <label for="name">"Name"</label>
            <input id="name" name="name" required maxlength="60" autocomplete="off" placeholder="siem-exporter" aria-describedby=move || error().then_some("key-error")/>
            <button class="primary"><Icon name="key"/>" Create key"</button>
        </form>
    }
    .into_any()
}

/// The organisation's keys, without their secrets.
#[component]
pub fn Keys(page: Signal<Connect>) -> impl IntoView {
    let any = Memo::new(move |_| page.with(|p| !p.keys.is_empty()));
    let rows = move || page.with(|p| p.keys.iter().map(|key| key_row(key, last_used(key, &p.pushes), p.may_create, p.now)).collect_view());
    view! {
        <Show when=move || any.get()>
            <Card title="Keys" id="keys" href="/admin/keys" more="Scopes, networks, rotation ›">
                <div class="scroll" tabindex="0" role="region" aria-label="API keys">
                    <table>
                        <caption class="sr">"API keys of your organisation"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Name"</th>
                                <th scope="col">"Begins with"</th>
                                <th scope="col">"May push"</th>
                                <th scope="col">"Created"</th>
                                <th scope="col">"Last used"</th>
                                <th scope="col">"Expires"</th>
                                <th scope="col">"State"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </Card>
        </Show>
    }
}

/// When a key was last used: the hub notes it now and then, a push that is shown on the page says it at once. A key's name is used once only.
fn last_used(key: &KeyRow, pushes: &[PushRow]) -> Option<Timestamp> {
    pushes.iter().filter(|push| push.key == key.name).map(|push| push.received_at).chain(key.last_used_at).max()
}

/// Whether a key can be used, in a sign and a word.
pub fn state_of(key: &KeyRow, now: Timestamp) -> AnyView {
    let (look, sign, word) = if key.revoked {
        ("mark st-off", "✕", "Revoked")
    } else if key.expires_at.is_some_and(|at| at <= now) {
        ("mark st-stale", "◷", "Expired")
    } else {
        ("mark st-good", "✓", "Live")
    };
    view! { <span class=look><span class="sign" aria-hidden="true">{sign}</span>{word}</span> }.into_any()
}

fn key_row(key: &KeyRow, last_used_at: Option<Timestamp>, may_revoke: bool, now: Timestamp) -> impl IntoView + use<> {
    let moment = |at: Option<Timestamp>, none: &'static str| match at {
        Some(at) => view! { <Time at/> }.into_any(),
        None => view! { <span class="quiet">{none}</span> }.into_any(),
    };
    let expired = key.expires_at.is_some_and(|at| at <= now);
    let state = if may_revoke && !key.revoked && !expired {
        view! {
            <form method="post" action="/connect/revoke">
                <input type="hidden" name="name" value=key.name.clone()/>
                <button class="small">"Revoke"<span class="sr">" "{key.name.clone()}</span></button>
            </form>
        }
        .into_any()
    } else {
        state_of(key, now)
    };
    view! {
        <tr data-key=key.hint.clone() class:left=key.revoked || expired>
            <th scope="row">{key.name.clone()}</th>
            <td><code>{key.hint.clone()}"…"</code></td>
            <td>{key.scopes.join(", ")}</td>
            <td><Time at=key.created_at/></td>
            <td>{moment(last_used_at, "never")}</td>
            <td>{moment(key.expires_at, "never")}</td>
            <td>{state}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::view::OrgRef;

    #[test]
    fn a_push_on_the_page_tells_when_its_key_was_used() {
        let at = |text| Timestamp::parse(text).unwrap();
        let key = |name: &str, last_used_at| KeyRow {
            name: name.into(),
            hint: String::new(),
            scopes: Vec::new(),
            addresses: String::new(),
            created_at: at("2026-05-01"),
            expires_at: None,
            last_used_at,
            revoked: false,
        };
        let push = |key: &str, received_at| PushRow {
            receipt: String::new(),
            org: OrgRef { slug: "halden-grid".into(), name: "Halden Grid".into() },
            received_at,
            what: "metrics".into(),
            total: 1,
            kept: 1,
            failed: 0,
            outdated: false,
            mode: "delta".into(),
            key: key.into(),
        };
        let pushes = [push("siem", at("2026-05-03")), push("siem", at("2026-05-02"))];
        assert_eq!(last_used(&key("siem", None), &pushes), Some(at("2026-05-03")));
        assert_eq!(last_used(&key("siem", Some(at("2026-05-04"))), &pushes), Some(at("2026-05-04")));
        assert_eq!(last_used(&key("scanner", None), &pushes), None);
    }
}
