//! `/signin/code`: the second step of signing in. `/stepup`: the proof that it is still the same person.

use super::oidc::step_up_there;
use crate::{api::pages, components::*};
use domain::view::{Account, SecondFactors};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// A text of the query.
fn param(key: &'static str) -> String {
    use_query_map().with_untracked(|map| map.get_str(key).unwrap_or_default().to_owned())
}

/// The second factor after the password.
#[component]
pub fn CodePage() -> impl IntoView {
    let data = async move { pages().second_factors().await };
    let body = |factors: Signal<SecondFactors>| {
        let factors = factors.get_untracked();
        let error = match param("error").as_str() {
            "" => None,
            "passkey" => Some("That passkey was not accepted. Please try again, or type a code."),
            _ => Some("That code is not right, was used already, or is too old."),
        };
        view! {
            <div class="entrance">
                <section class="card entrance-card">
                    <p class="entrance-mark"><Icon name="shield"/></p>
                    <h1>{if factors.passkey { "Your second factor" } else { "Your code" }}</h1>
                    {sentence(error)}
                    {passkey(&factors)}
                    <p class="quiet">{codes(&factors)}</p>
                    {form("/auth/code", "code", "Code", "one-time-code", "text", error, "Sign in")}
                    <p class="quiet entrance-note">"Nothing at hand? Whoever runs the hub can take the second factor away."</p>
                </section>
            </div>
        }
        .into_any()
    };
    view! { <Page title="Sign in">{loaded(data, body)}</Page> }
}

/// The proof before something that is worth it.
#[component]
pub fn StepUpPage() -> impl IntoView {
    let data = async move { pages().account().await };
    let body = move |page: Signal<Account>| {
        let (factors, has_password, linked) = page.with_untracked(|p| (p.factors.clone(), p.has_password, p.identity_since.is_some()));
        let error = match param("error").as_str() {
            "" => None,
            "throttled" => Some("Too many attempts. Wait a few minutes, or use a passkey or a recovery code."),
            "passkey" => Some("That passkey was not accepted. Please try again, or type a code."),
            "organisation" => Some("Your organisation's sign-in did not show that it is you. Please try again."),
            _ => Some("That is not right. Please try again."),
        };
        let there = (linked && !factors.any()).then(|| step_up_there(param("next")));
        let typed = factors.any() || has_password || !linked;
        let (what, label, auto, kind) = if factors.any() {
            (codes(&factors), "Code", "one-time-code", "text")
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
                    <p class="quiet">"For sensitive changes, confirm your identity."</p>
                    {sentence(error)}
                    {passkey(&factors)}
                    <p class="quiet">{what}</p>
                    {typed.then(|| form("/auth/stepup", "proof", label, auto, kind, error, "Go on"))}
                    {there}
                </section>
            </div>
        }
        .into_any()
    };
    view! { <Page title="Is it still you?">{loaded(data, body)}</Page> }
}

/// What may be typed.
fn codes(factors: &SecondFactors) -> &'static str {
    match (factors.app, factors.passkey) {
        (true, true) => "Or type the six digits that your authenticator app shows now, or one of your recovery codes.",
        (true, false) => "The six digits that your authenticator app shows now, or one of your recovery codes.",
        (false, _) => "Or type one of your recovery codes.",
    }
}

/// The way in with a passkey, for who has one.
fn passkey(factors: &SecondFactors) -> Option<AnyView> {
    factors.passkey.then(|| {
        let next = param("next");
        view! {
            <PasskeyForm
                factors=factors.clone()
                action="/auth/passkey"
                challenge="/auth/passkey/challenge"
                word="Use a passkey"
                otherwise="A code works, too."
            >
                {next_field(next)}
            </PasskeyForm>
        }
        .into_any()
    })
}

fn next_field(next: String) -> Option<impl IntoView> {
    (!next.is_empty()).then(|| view! { <input type="hidden" name="next" value=next/> })
}

fn sentence(error: Option<&'static str>) -> Option<impl IntoView> {
    error.map(|text| view! { <p class="form-error" role="alert" id="form-error"><Icon name="cross"/>{text}</p> })
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
    view! {
        <form class="fields" method="post" action=action>
            {next_field(param("next"))}
            <label for=name>{label}</label>
            <input id=name name=name type=kind autocomplete=autocomplete required maxlength="200" aria-describedby=error.map(|_| "form-error")/>
            <button class="primary">{word}</button>
        </form>
    }
    .into_any()
}
