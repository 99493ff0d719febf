//! Signing in at the organisation's own identity provider: what `/signin`, `/welcome`, `/account` and `/stepup` offer where there is one.

use crate::{
    api::pages,
    components::{Icon, Time, loaded},
};
use domain::view::Account;
use leptos::prelude::*;

/// On `/signin`, where some organisation has a provider. The organisation is asked for, not offered: strangers are not told who the members are.
#[component]
pub fn SignInThere(next: Memo<String>) -> impl IntoView {
    // Without the database this way in is closed; the page stands all the same.
    let data = async move { Ok(pages().oidc_offered().await.unwrap_or(false)) };
    loaded(data, move |offered| {
        offered.get_untracked().then(|| {
            view! {
                <form class="fields other-way" method="post" action="/auth/oidc/start">
                    <Next next=next.get_untracked()/>
                    <label for="org">"Your organisation's short name"</label>
                    <input id="org" name="org" autocomplete="organization" autocapitalize="none" spellcheck="false" required maxlength="64" aria-describedby="org-note"/>
                    <small id="org-note">"As it stands in addresses here, such as harbour-authority."</small>
                    <button>"Sign in with your organisation"</button>
                </form>
            }
        })
    })
}

/// On `/welcome`, in place of a password.
#[component]
pub fn JoinThere(token: Memo<String>) -> impl IntoView {
    let token = token.get_untracked();
    let asked = token.clone();
    let data = async move { Ok(pages().oidc_offered_to(asked).await.unwrap_or(None)) };
    loaded(data, move |name| {
        name.get_untracked().map(|name| {
            view! {
                <form class="fields other-way" method="post" action="/auth/oidc/join">
                    <input type="hidden" name="token" value=token/>
                    <p class="quiet">"Or without a password: "{name.clone()}" has its own sign-in."</p>
                    <button>"Sign in with "{name}</button>
                </form>
            }
        })
    })
}

/// On `/account`: whether the reader can sign in there, and how that begins and ends.
#[must_use]
pub fn identity(account: &Account) -> AnyView {
    let provider = account.provider.clone().unwrap_or_default();
    match account.identity_since {
        Some(since) => {
            let unlink = account.has_password.then(|| view! { <form method="post" action="/account/identity/unlink"><button>"Unlink it"</button></form> });
            let only = (!account.has_password).then_some(" You have no password; an administrator can send you a link that sets one.");
            view! {
                <p><span class="mark st-good"><span class="sign" aria-hidden="true">"✓"</span>"Linked"</span>" You can sign in at "<code>{provider}</code>", since "<Time at=since/>". "
                    "If you have a second factor, its code is still asked for here."{only}</p>
                {unlink}
            }
            .into_any()
        }
        None => view! {
            <p>"Your organisation has its own sign-in at "<code>{provider}</code>". Link it, and you can sign in there instead of typing a password here."</p>
            <form method="post" action="/account/identity/link"><button class="primary"><Icon name="key"/>" Link it"</button></form>
        }
        .into_any(),
    }
}

/// On `/stepup`: the way of who is linked and has no second factor.
#[must_use]
pub fn step_up_there(next: String) -> AnyView {
    view! {
        <form class="fields other-way" method="post" action="/auth/oidc/stepup">
            <Next next/>
            <button>"Prove it at your organisation's sign-in"</button>
        </form>
    }
    .into_any()
}

#[component]
fn Next(next: String) -> impl IntoView {
    (!next.is_empty()).then(|| view! { <input type="hidden" name="next" value=next/> })
}
