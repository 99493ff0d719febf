//! `/signin/code`: the second step of signing in. `/stepup`: the proof that it is still the same person.

use super::oidc::step_up_there;
use crate::{api::pages, components::*};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// A text of the query.
fn param(key: &'static str) -> String {
    use_query_map().with_untracked(|map| map.get_str(key).unwrap_or_default().to_owned())
}

/// The code after the password.
#[component]
pub fn CodePage() -> impl IntoView {
    let wrong = (!param("error").is_empty()).then_some("That code is not right, was used already, or is too old.");
    view! {
        <Page title="Sign in">
            <div class="entrance">
                <section class="card entrance-card">
                    <p class="entrance-mark"><Icon name="shield"/></p>
                    <h1>"Your code"</h1>
                    <p class="quiet">"The six digits that your authenticator app shows now, or one of your recovery codes."</p>
                    {form("/auth/code", "code", "Code", "one-time-code", "text", wrong, "Sign in")}
                    <p class="quiet entrance-note">"Neither at hand? Whoever runs the hub can take the second factor away."</p>
                </section>
            </div>
        </Page>
    }
}

/// The proof before something that is worth it.
#[component]
pub fn StepUpPage() -> impl IntoView {
    let data = async move { pages().account().await };
    let body = move |page: Signal<domain::view::Account>| {
        let (has_factor, has_password, linked) = page.with_untracked(|p| (p.has_factor, p.has_password, p.identity_since.is_some()));
        let error = match param("error").as_str() {
            "" => None,
            "throttled" => Some("Too many attempts. Please wait a few minutes and try again."),
            "organisation" => Some("Your organisation's sign-in did not show that it is you. Please try again."),
            _ => Some("That is not right. Please try again."),
        };
        let there = (linked && !has_factor).then(|| step_up_there(param("next")));
        let typed = has_factor || has_password || !linked;
        let (what, label, auto, kind) = if has_factor {
            ("Type a code of your authenticator app, or one of your recovery codes.", "Code", "one-time-code", "text")
        } else if !typed {
            ("You sign in at your organisation: prove it there once more.", "", "", "")
        } else {
            ("Type your password again.", "Password", "current-password", "password")
        };
        view! {
            <div class="entrance">
                <section class="card entrance-card">
                    <p class="entrance-mark"><Icon name="lock"/></p>
                    <h1>"Is it still you?"</h1>
                    <p class="quiet">"Keys, exports, people and sharing are touched only by who proved within 15 minutes to be who he is. "{what}</p>
                    {typed.then(|| form("/auth/stepup", "proof", label, auto, kind, error, "Go on"))}
                    {(!typed).then(|| form_error(error))}
                    {there}
                </section>
            </div>
        }
        .into_any()
    };
    view! { <Page title="Is it still you?">{loaded(data, body)}</Page> }
}

fn form_error(error: Option<&'static str>) -> AnyView {
    error.map(|text| view! { <p class="form-error" role="alert" id="form-error"><Icon name="cross"/>{text}</p> }).into_any()
}

fn form(
    action: &'static str,
    name: &'static str,
    label: &'static str,
    autocomplete: &'static str,
    kind: &'static str,
    error: Option<&'static str>,
    word: &'static str,
) -> AnyView {
    let next = param("next");
    view! {
        {form_error(error)}
        <form class="fields" method="post" action=action>
            {(!next.is_empty()).then(|| view! { <input type="hidden" name="next" value=next/> })}
            <label for=name>{label}</label>
            <input id=name name=name type=kind autocomplete=autocomplete required maxlength="200" aria-describedby=error.map(|_| "form-error")/>
            <button class="primary">{word}</button>
        </form>
    }
    .into_any()
}
