//! What lists for triage share: rows that stay where they are while news waits behind a button, the search form, the
//! filters that are set, and the keyboard.

use crate::components::*;
use domain::{query::PageQuery, view::Facet};
use leptos::prelude::*;

/// The button behind which new rows wait. It floats over the list, so that its coming moves nothing. The client fills it.
#[component]
pub fn News() -> impl IntoView {
    view! { <div class="news" data-client=""><button type="button" data-news="" hidden=""></button></div> }
}

/// The search form of a list. It keeps the filters and works without WASM; `/` leads into it.
#[component]
pub fn Search(
    /// The list's path.
    path: &'static str,
    /// What is searched, for those who do not see the form.
    label: &'static str,
    placeholder: &'static str,
) -> impl IntoView {
    let query = use_page_query();
    view! {
        <form class="search" method="get" action=path role="search">
            <KeepQuery except=&["q"]/>
            <label class="sr" for="q">{label}</label>
            <input id="q" type="search" name="q" placeholder=placeholder value=query.with_untracked(|q| q.q.clone())/>
            <button>"Search"</button>
        </form>
    }
}

/// The filters that are set, each with the way out of it.
#[component]
pub fn ActiveFilters(
    #[prop(into)] facets: Signal<Vec<Facet>>,
    /// The list's path.
    path: &'static str,
) -> impl IntoView {
    let query = use_page_query();
    let chip = move |text: String, key: &str| {
        let href = query.with(|q| q.with(key, "").href(path));
        view! { <li><a class="chip" href=href>{text}<span aria-hidden="true">" ✕"</span><span class="sr">", remove this filter"</span></a></li> }
    };
    let chips = move || {
        let q = query.get();
        let mut chips: Vec<_> = facets.with(|facets| {
            let set = facets.iter().filter(|facet| !q.get(&facet.key).is_empty());
            set.filter_map(|facet| facet.values.iter().find(|value| value.selected).map(|value| chip(format!("{}: {}", facet.title, value.label), &facet.key)))
                .collect()
        });
        if !q.q.is_empty() {
            chips.push(chip(format!("“{}”", q.q), "q"));
        }
        (!chips.is_empty()).then(|| view! { <ul class="chips" aria-label="Filters that are set">{chips}</ul> })
    };
    view! { {chips} }
}

/// Whether anything narrows the list.
#[must_use]
pub fn is_filtered(query: &PageQuery) -> bool {
    ["org", "sev", "tlp", "kind", "seen", "q", "status"].into_iter().any(|key| !query.get(key).is_empty())
}

/// `j` and `k` move through the rows, `/` goes to the search. Characters typed by accident or by voice must not act
/// against the reader's will (WCAG 2.1.4), so the line that explains the keys also turns them off. The client shows it.
#[component]
pub fn Keys(
    /// Whether the page has a search to go to.
    #[prop(default = true)]
    search: bool,
) -> impl IntoView {
    view! {
        <p class="keys" data-keys="" data-client="" hidden="">
            <span class="keys-words"><kbd>"j"</kbd>" "<kbd>"k"</kbd>" move · "<kbd>"Enter"</kbd>" opens"{search.then(|| view! { " · "<kbd>"/"</kbd>" searches" })}</span>
            <button type="button" class="plain" aria-pressed="false">"Turn keys off"</button>
        </p>
    }
}
