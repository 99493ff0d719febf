//! What the frame says about the reader and the hub: who is signed in, whether this is a demo, whether the page is live.

use super::{Icon, use_page_query};
use domain::view::Person;
use leptos::prelude::*;

/// Who is signed in, and the way out. Its presence in the document also tells `live.js` that there is a stream to open.
#[component]
pub fn Account(person: Option<Person>) -> impl IntoView {
    match person {
        Some(person) => view! {
            <form class="account" method="post" action="/auth/signout" data-signed-in="">
                <a class="who" href="/account" title=person.email><b>{person.name}</b><span>{person.org.name}</span></a>
                <button class="icon-button" aria-label="Sign out" title="Sign out"><Icon name="out"/></button>
            </form>
        }
        .into_any(),
        None => view! { <a class="button" href="/signin">"Sign in"</a> }.into_any(),
    }
}

/// The bar that no page of a demo lacks.
#[component]
pub fn DemoBar() -> impl IntoView {
    view! { <aside class="demo-bar" aria-label="Demo data"><b>"DEMO DATA"</b>" Invented organisations, simulated pushes."</aside> }
}

/// Whether the page is live, and the button that holds it still (WCAG 2.2.2). Without WASM the page is a picture of its
/// moment, and the button is not shown; the client fills both.
#[component]
pub fn PauseButton() -> impl IntoView {
    let query = use_page_query();
    // A frozen past never changes, so it is not called live.
    let past = move || query.with(|q| q.range.contains("..")).then_some("Current values are live; the range is fixed");
    view! {
        <span class="live off" id="live" data-client="">
            <span class="live-dot" aria-hidden="true"></span>
            <span class="live-word" title=past>"Not live"</span>
            <button type="button" class="icon-button" data-pause="" hidden="" aria-pressed="false" aria-label="Pause live updates" title="Pause live updates">
                <span class="when-live"><Icon name="pause"/></span>
                <span class="when-paused"><Icon name="play"/></span>
            </button>
        </span>
    }
}
