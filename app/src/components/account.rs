//! What the frame says about the reader and the hub: who is signed in, whether this is a demo, whether the page is live.

use super::{Icon, use_page_query};
use crate::{api::Answer, live::{LiveState, use_live_state}};
use domain::view::Shell;
use leptos::prelude::*;

/// Who is signed in, and the way out. Its presence in the document also tells `live.js` that there is a stream to open.
#[component]
pub fn Account(shell: Resource<Answer<Shell>>) -> impl IntoView {
    let person = move || {
        Suspend::new(async move {
            let person = shell.await.ok().and_then(|shell| shell.viewer);
            match person {
                Some(person) => view! {
                    <form class="account" method="post" action="/auth/signout" data-signed-in="">
                        <span class="who" title=person.email><b>{person.name}</b><span>{person.org.name}</span></span>
                        <button class="icon-button" aria-label="Sign out" title="Sign out"><Icon name="out"/></button>
                    </form>
                }
                .into_any(),
                None => view! { <a class="button" rel="external" href="/signin">"Sign in"</a> }.into_any(),
            }
        })
    };
    view! { <Suspense>{person}</Suspense> }
}

/// The bar that no page of a demo lacks.
#[component]
pub fn DemoBar(shell: Resource<Answer<Shell>>) -> impl IntoView {
    let bar = move || {
        Suspend::new(async move {
            let demo = shell.await.is_ok_and(|shell| shell.demo.is_some());
            demo.then(|| view! { <p class="demo-bar"><b>"DEMO DATA"</b>" Invented organisations, simulated pushes."</p> })
        })
    };
    view! { <Suspense>{bar}</Suspense> }
}

/// Whether the page is live, and the button that holds it still (WCAG 2.2.2). Without WASM the page is a picture of its
/// moment, and this is not shown.
#[component]
pub fn PauseButton() -> impl IntoView {
    let live = use_live_state();
    let query = use_page_query();
    let words = move || match (live.paused.get(), live.state.get()) {
        (true, _) => ("live paused", "Paused"),
        (false, LiveState::Live) => ("live on", "Live"),
        (false, LiveState::Reconnecting) => ("live waiting", "Reconnecting"),
        (false, LiveState::Off) => ("live off", "Not live"),
    };
    // A frozen past never changes, so it is not called live.
    let past = move || query.with(|q| q.range.contains(".."));
    view! {
        <span class=move || words().0>
            <span class="live-dot" aria-hidden="true"></span>
            <span class="live-word" title=move || past().then_some("Current values are live; the range is fixed")>{move || words().1}</span>
            <Show when=move || live.state.get() != LiveState::Off>
                <button
                    type="button"
                    class="icon-button"
                    aria-pressed=move || live.paused.get().to_string()
                    aria-label="Pause live updates"
                    title=move || if live.paused.get() { "Resume live updates" } else { "Pause live updates" }
                    on:click=move |_| live.paused.update(|paused| *paused = !*paused)
                >
                    {move || if live.paused.get() { view! { <Icon name="play"/> } } else { view! { <Icon name="pause"/> } }}
                </button>
            </Show>
        </span>
    }
}
