//! What each role may do, in words.

use super::title;
use domain::Role;
use leptos::prelude::*;

/// What not every role may do in the same way, and who may.
const RIGHTS: [(&str, fn(Role) -> bool); 6] = [
    ("reads what is shared with the organisation", |_| true),
    ("reads raw payloads of its own pushes", Role::reads_raw),
    ("invites people, gives roles", Role::manages_users),
    ("makes and revokes API keys", Role::manages_keys),
    ("changes what is shared", Role::manages_sharing),
    ("reads the audit trail", Role::reads_audit),
];

/// What a role may do that another one may not; all of it, where there is no other.
#[must_use]
pub fn rights(role: Role, beyond: Option<Role>) -> Vec<&'static str> {
    RIGHTS.into_iter().filter(|(_, may)| may(role) && !beyond.is_some_and(may)).map(|(right, _)| right).collect()
}

/// The role matrix, from the same functions that decide.
#[component]
pub fn Roles() -> impl IntoView {
    let row = |(right, may): (&'static str, fn(Role) -> bool)| {
        let cells = Role::ALL.map(|role| {
            let (sign, word) = if may(role) { ("✓", "yes") } else { ("–", "no") };
            view! { <td><span aria-hidden="true">{sign}</span><span class="sr">{word}</span></td> }
        });
        view! { <tr><th scope="row">{right}</th>{cells.collect_view()}</tr> }
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Roles and what they may do">
            <table class="roles">
                <caption class="sr">"Roles and what they may do"</caption>
                <thead><tr><th scope="col">"The role …"</th>{Role::ALL.map(|role| view! { <th scope="col">{title(role)}</th> }).collect_view()}</tr></thead>
                <tbody>{RIGHTS.map(row).collect_view()}</tbody>
            </table>
        </div>
        <p class="quiet">"Coordinator, steward and auditor belong to the hub's own organisation and are given on its command line. No role reads what a partner has not shared."</p>
    }
}
