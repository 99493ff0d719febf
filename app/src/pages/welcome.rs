//! `/welcome/:token`: the first password, behind a one-time link.

use super::oidc::JoinThere;
use crate::components::*;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// The form that sets the first password.
#[component]
pub fn WelcomePage() -> impl IntoView {
    let params = use_params_map();
    let map = use_query_map();
    let token = Memo::new(move |_| params.with(|p| p.get_str("token").unwrap_or_default().to_owned()));
    let error = Memo::new(move |_| map.with(|map| map.get_str("error").unwrap_or_default().to_owned()));
    let message = move || match error.get().as_str() {
        "" => None,
        "weak" => Some("That password is too short or among the most common ones. Please choose another."),
        "mismatch" => Some("The two passwords differ. Please type them again."),
        _ => Some("That did not work. Please try again."),
    };
    let expired = Memo::new(move |_| error.with(|error| error == "expired"));
    view! {
        <Page title="Welcome">
            <div class="entrance">
                <section class="card entrance-card">
                    <p class="entrance-mark"><Icon name="shield"/></p>
                    <h1>"Welcome"</h1>
                    <Show when=move || !expired.get() fallback=|| view! { <Expired/> }>
                        <p class="quiet">"Choose your password. This link works once."</p>
                        {move || message().map(|text| view! { <p class="form-error" role="alert" id="welcome-error"><Icon name="cross"/>{text}</p> })}
                        <form class="fields" method="post" action="/auth/welcome">
                            <input type="hidden" name="token" value=token/>
                            <label for="password">"Password"</label>
                            <input id="password" name="password" type="password" autocomplete="new-password" minlength="12" required aria-describedby="password-rule"/>
                            <small id="password-rule">"At least 12 characters. A few words in a row are easy to keep and hard to guess. If you use this mail address at another organisation of the alliance, choose another password than there: the password tells the accounts apart."</small>
                            <label for="again">"The same again"</label>
                            <input id="again" name="again" type="password" autocomplete="new-password" minlength="12" required/>
                            <button class="primary">"Set password and sign in"</button>
                        </form>
                        <JoinThere token/>
                    </Show>
                </section>
            </div>
        </Page>
    }
}

/// The link was used, or is too old.
#[component]
fn Expired() -> impl IntoView {
    view! {
        <p class="form-error" role="alert"><Icon name="clock"/>"This link was used already, or is too old."</p>
        <p>"An administrator of your organisation can send you a new one. If you have a password, simply "<a href="/signin">"sign in"</a>"."</p>
    }
}
