//! What was changed of the reader's account, by whom: so that nobody changes it unnoticed.

use crate::{components::*, pages::users::title};
use domain::{Role, view::AccountChangeRow};
use leptos::prelude::*;

/// The list, with a button where somebody else changed something lately.
pub(super) fn changes(rows: Vec<AccountChangeRow>, unseen: bool) -> AnyView {
    let seen = unseen.then(|| {
        view! {
            <p>"Somebody else changed your account. If that was not agreed with you, tell another administrator of your organisation, or the hub's operator."</p>
            <form method="post" action="/account/seen"><button>"I have seen this"</button></form>
        }
    });
    view! { <ul class="plain-list">{rows.into_iter().map(row).collect_view()}</ul>{seen} }.into_any()
}

fn row(row: AccountChangeRow) -> AnyView {
    let who = if row.own { "you".to_owned() } else { row.by };
    view! { <li><Time at=row.at/>" "{words(&row.action, &row.detail)}", by "{who}</li> }.into_any()
}

/// A word of the audit trail as a sentence's beginning.
fn words(action: &str, detail: &str) -> String {
    let of = |what: &str| if detail.is_empty() { what.to_owned() } else { format!("{what} {detail:?}") };
    match action {
        "user.added" => "Account made".to_owned(),
        "user.role_set" => format!("Role changed to {}", detail.parse::<Role>().map_or_else(|_| detail.to_owned(), |role| title(role).to_owned())),
        "user.disabled" => "Disabled".to_owned(),
        "user.enabled" => "Enabled".to_owned(),
        "user.proposed" => "A change was proposed".to_owned(),
        "user.proposal_dropped" => "A proposed change was declined or taken back".to_owned(),
        "link.made" => "One-time link made; older ones ended".to_owned(),
        "password.set" => "Password set".to_owned(),
        "factor.set" => "Authenticator app turned on".to_owned(),
        "factor.removed" => "Second factor removed".to_owned(),
        "factor.recovery_codes_made" => "New recovery codes made".to_owned(),
        "factor.recovery_code_used" => "Recovery code used".to_owned(),
        "passkey.added" => of("Passkey added:"),
        "passkey.removed" => of("Passkey removed:"),
        "passkey.cloned" => of("A copy of a passkey was refused:"),
        "oidc.linked" => "Your organisation's sign-in linked".to_owned(),
        "oidc.unlinked" => "Your organisation's sign-in unlinked".to_owned(),
        "session.ended" => "Sessions ended".to_owned(),
        other => other.to_owned(),
    }
}
