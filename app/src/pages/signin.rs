//! `/signin`: mail and password. A plain form, so that it works without WASM; in demo mode one click is enough.

use super::oidc::SignInThere;
use crate::{api::pages, components::*};
use domain::{Role, view::DemoAccount};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The sign-in page.
#[component]
pub fn SignInPage() -> impl IntoView {
    let map = use_query_map();
    let param = move |key: &'static str| Memo::new(move |_| map.with(|map| map.get_str(key).unwrap_or_default().to_owned()));
    let (next, error) = (param("next"), param("error"));
    let shell = pages().shell().ok();
    let alliance = shell.as_ref().map(|s| s.alliance.clone());
    let accounts = shell.and_then(|s| s.demo).unwrap_or_default();
    let demo = (!accounts.is_empty()).then(|| view! { <DemoAccounts accounts next/> });
    let message = move || match error.get().as_str() {
        "" => None,
        "credentials" => Some("The mail address or the password is wrong."),
        "ended" => Some("Your session has ended, and nothing was changed. What you typed is kept: sign in, and you come back to it."),
        "late" => Some("That took too long. Please begin again."),
        "organisation" => Some(
            "That did not work. Is the short name right, and is your account linked to your organisation's sign-in? You link it under Your account, or by your one-time link.",
        ),
        "throttled" => {
            Some("Too many attempts. Wait a few minutes, use a browser that you have signed in with before, or ask your administrator for a one-time link.")
        }
        _ => Some("That did not work. Please try again."),
    };
    view! {
        <Page title="Sign in">
            <div class="entrance">
                <section class="card entrance-card">
                    <p class="entrance-mark"><Icon name="shield"/></p>
                    <h1>"Sign in"</h1>
                    <p class="quiet">{alliance}</p>
                    {move || message().map(|text| view! { <p class="form-error" role="alert" id="signin-error"><Icon name="cross"/>{text}</p> })}
                    <form class="fields" method="post" action="/auth/signin">
                        <Next next/>
                        <label for="email">"Mail address"</label>
                        <input id="email" name="email" type="email" autocomplete="username" required aria-describedby=move || message().map(|_| "signin-error")/>
                        <label for="password">"Password"</label>
                        <input id="password" name="password" type="password" autocomplete="current-password" required/>
                        <button class="primary">"Sign in"</button>
                    </form>
                    <SignInThere next/>
                    <p class="quiet entrance-note">"No account yet? An administrator of your organisation sends you a one-time link."</p>
                </section>
                {demo}
            </div>
        </Page>
    }
}

/// Where to go after signing in. The server checks that it is one of its own pages.
#[component]
fn Next(next: Memo<String>) -> impl IntoView {
    view! { <Show when=move || next.with(|next| !next.is_empty())><input type="hidden" name="next" value=next/></Show> }
}

/// The demo's people, one click each.
#[component]
fn DemoAccounts(accounts: Vec<DemoAccount>, next: Memo<String>) -> impl IntoView {
    let account = move |account: DemoAccount| {
        let what = match account.role {
            Role::Executive => ("Executive", "reads the collective picture"),
            Role::Analyst => ("Analyst", "drills down to the raw record"),
            Role::OrgAdmin => ("Administrator", "people, keys, sharing"),
            Role::Coordinator => ("Coordinator", "leads joint operations"),
            Role::Steward => ("Steward", "runs the hub"),
            Role::Auditor => ("Auditor", "reads the audit trail"),
        };
        view! {
            <li>
                <form method="post" action="/auth/signin">
                    <Next next/>
                    <input type="hidden" name="email" value=account.email.clone()/>
                    <input type="hidden" name="password" value=account.password.clone()/>
                    <button class="demo-account">
                        <b>{what.0}</b>
                        <span class="quiet">{account.org}", "{what.1}</span>
                        <span class="demo-login"><code>{account.email}</code><code>{account.password}</code></span>
                    </button>
                </form>
            </li>
        }
    };
    view! {
        <section class="card entrance-card">
            <h2>"Demo: sign in with one click"</h2>
            <ul class="demo-accounts">{accounts.into_iter().map(account).collect_view()}</ul>
        </section>
    }
}
