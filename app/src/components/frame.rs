//! The frame of every page: skip link, header with navigation and controls, demo bar, footer, and the voice for those
//! who listen.

use super::{Account, DemoBar, Icon, PauseButton, Time, ZoneSwitch, kept, plural, use_page_query, use_path};
use crate::api;
use leptos::prelude::*;

/// The places of the main navigation: path and word.
const PLACES: [(&str, &str); 7] = [
    ("/", "Overview"),
    ("/orgs", "Organisations"),
    ("/incidents", "Incidents"),
    ("/indicators", "Indicators"),
    ("/decisions", "Decisions"),
    ("/admin/sharing", "Admin"),
    ("/connect", "Connect"),
];

/// How much waits for the reader: approvals and votes, each with the way there. Nothing where nothing waits.
#[component]
fn Waits() -> impl IntoView {
    let query = use_page_query();
    let pages = api::pages();
    let body = Suspend::new(async move {
        // A page that has its data shows without this, too.
        let waits = pages.waits_for_me().await.unwrap_or_default();
        let link = |n: u32, path: &str, (one, many): (&str, &str), what: &'static str| {
            let href = kept(query, path);
            let words = plural(n.into(), one, many);
            (n > 0).then(|| view! { <a class="waits" href=href title=what aria-label=format!("{words}: {what}")>{words.clone()}</a> })
        };
        view! {
            {link(waits.people, "/admin/users", ("account", "accounts"), "waiting for your approval")}
            {link(waits.sharing, "/admin/sharing", ("approval", "approvals"), "waiting for your approval")}
            {link(waits.groups, "/admin/groups", ("group change", "group changes"), "waiting for your approval")}
            {link(waits.votes, "/decisions", ("vote open", "votes open"), "waiting for your organisation")}
        }
    });
    view! { <Suspense>{body}</Suspense> }
}

/// Everything around the page.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    let shell = api::pages().shell().ok();
    let demo = shell.as_ref().is_some_and(|s| s.demo.is_some());
    let changed = shell.as_ref().and_then(|s| s.account_changed_at);
    let alliance = shell.as_ref().filter(|s| s.viewer.is_some()).map(|s| s.alliance.clone());
    let person = shell.and_then(|s| s.viewer);
    if let Some(person) = &person {
        provide_context(super::OwnOrg(person.org.slug.clone()));
    }
    // Who is not signed in has nowhere to go yet, and nothing to hold still.
    let inside = person.is_some();
    let query = use_page_query();
    let path = use_path();
    let place = move |to: &'static str, word: &'static str| {
        let current = move || {
            let here = path.get();
            // What is administered is one place of several pages.
            let root = to.strip_suffix("/sharing").unwrap_or(to);
            let inside = if to == "/" { here == "/" } else { here == root || here.strip_prefix(root).is_some_and(|rest| rest.starts_with('/')) };
            inside.then_some("page")
        };
        view! { <li><a href=move || kept(query, to) aria-current=current>{word}</a></li> }
    };
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        {demo.then(|| view! { <DemoBar/> })}
        <header class="top">
            <a class="brand" href=move || kept(query, "/")><Icon name="shield"/>"Shieldwall"{alliance.map(|name| view! { <span class="alliance">{name}</span> })}</a>
            {inside.then(|| view! { <nav class="places" aria-label="Main"><ul>{PLACES.map(|(to, word)| place(to, word)).collect_view()}</ul></nav> })}
            <div class="controls">
                {inside.then(|| view! { <Waits/><ZoneSwitch/><PauseButton/> })}
                <button type="button" class="icon-button" data-theme-toggle="" aria-label="Light or dark theme" title="Light or dark theme"><Icon name="theme"/></button>
                <Account person/>
            </div>
        </header>
        {changed.map(|at| view! {
            <p class="notice" role="status" id="account-changed">"Somebody else changed your account on "<Time at/>". "<a href="/account#changes">"See what changed"</a>"."</p>
        })}
        {children()}
        <footer class="bottom">
            <a href=move || kept(query, "/status")>"Status"</a>
            <a href=move || kept(query, "/events")>"Events"</a>
            <a href=move || kept(query, "/receipts")>"Push log"</a>
            <a href=move || kept(query, "/about/scoring")>"How scores are made"</a>
            <a href=move || kept(query, "/about")>"Words"</a>
            <a href="/docs/api">"Push API"</a>
        </footer>
        <p class="not-live" id="not-live" role="status" hidden=""></p>
        <div class="sr" role="status" id="voice-polite"></div>
        <div class="sr" role="alert" id="voice-urgent"></div>
    }
    .into_any()
}
