//! Ways through the pages: organisation links, facets, next pages, range and zone.

use super::{KeepQuery, kept, use_address_with, use_page_query, use_path};
use domain::view::{Facet, OrgRef};
use leptos::prelude::*;

/// An organisation by name, linked to its page.
#[component]
pub fn OrgLink(org: OrgRef) -> impl IntoView {
    let query = use_page_query();
    if org.slug.is_empty() {
        // Several, unnamed.
        return view! { <span class="org">{org.name}</span> }.into_any();
    }
    let own = own_mark(&org.slug);
    view! { <a class="org" href=move || kept(query, &format!("/orgs/{}", org.slug))>{org.name.clone()}</a>{own} }.into_any()
}

/// The slug of the reader's own organisation. Provided by the frame.
#[derive(Clone, Debug)]
pub struct OwnOrg(pub String);

/// The mark of the reader's own organisation, beside its name; nothing for others.
#[must_use]
pub fn own_mark(slug: &str) -> Option<impl IntoView + use<>> {
    let own = use_context::<OwnOrg>().is_some_and(|OwnOrg(own)| own == slug);
    own.then(|| view! { <span class="own-mark">"yours"</span> })
}

/// The facets of a list as links; each says how many rows it leads to.
#[component]
pub fn Facets(
    #[prop(into)] facets: Signal<Vec<Facet>>,
    /// The list's path.
    path: &'static str,
) -> impl IntoView {
    let query = use_page_query();
    let value = move |key: &str, choice: &domain::view::FacetValue| {
        let href = query.with(|q| q.with(key, &choice.value).href(path));
        view! {
            <li>
                <a href=href aria-current=choice.selected.then_some("true")>
                    <span>{choice.label.clone()}</span>
                    <span class="n">{super::count(choice.count)}</span>
                </a>
            </li>
        }
    };
    let groups = move || {
        facets.with(|facets| {
            facets
                .iter()
                .map(|facet| {
                    let values = facet.values.iter().map(|choice| value(&facet.key, choice)).collect_view();
                    view! { <div class="facet"><h3>{facet.title.clone()}</h3><ul>{values}</ul></div> }
                })
                .collect_view()
        })
    };
    view! { <nav class="facets" aria-label="Filters">{groups}</nav> }.into_any()
}

/// To the next page of a list, and back to its first.
#[component]
pub fn Pager(
    /// The next page's cursor; `None` on the last page.
    #[prop(into)]
    next: Signal<Option<String>>,
    /// The list's path.
    #[prop(into)]
    path: Signal<String>,
) -> impl IntoView {
    let query = use_page_query();
    let first = move || query.with(|q| (!q.cursor.is_empty()).then(|| q.with("cursor", "").href(&path.get())));
    let further = move || next.get().map(|cursor| query.with(|q| q.with("cursor", &cursor).href(&path.get())));
    view! {
        <Show when=move || first().is_some() || next.with(Option::is_some)>
            <nav class="pager" aria-label="Pages">
                {move || first().map(|href| view! { <a href=href>"‹ First page"</a> })}
                {move || further().map(|href| view! { <a href=href rel="next">"Next page ›"</a> })}
            </nav>
        </Show>
    }
    .into_any()
}

/// The ranges offered: key and words.
pub const RANGES: [(&str, &str); 5] = [("7d", "Last 7 days"), ("30d", "Last 30 days"), ("90d", "Last 90 days"), ("1y", "Last year"), ("2y", "Last 2 years")];

/// The words for a range, its own text where it is from..to.
#[must_use]
pub fn range_words(range: &str) -> String {
    let range = if range.is_empty() { "30d" } else { range };
    RANGES.iter().find(|(key, _)| *key == range).map_or_else(|| range.replace("..", " to "), |(_, words)| (*words).to_owned())
}

/// Which span of time the pages show. A menu of links, so that it works without WASM.
#[component]
pub fn RangePicker() -> impl IntoView {
    let query = use_page_query();
    let path = use_path();
    let choices = move || {
        let query = query.get();
        let path = path.get();
        RANGES
            .into_iter()
            .map(|(key, words)| {
                let current = query.range == key || (query.range.is_empty() && key == "30d");
                // The default is left out of URLs.
                let href = query.with("range", if key == "30d" { "" } else { key }).href(&path);
                view! { <li><a href=href aria-current=current.then_some("true")>{words}</a></li> }
            })
            .collect_view()
    };
    view! {
        <details class="menu" data-hold="">
            <summary><span class="sr">"Time range: "</span>{move || query.with(|q| range_words(&q.range))}</summary>
            <div class="menu-body">
                <ul>{choices}</ul>
                <form method="get" action=path>
                    <KeepQuery except=&["range"]/>
                    <label>"From..to"<input name="range" required pattern="\\d{4}-\\d\\d-\\d\\d\\.\\.\\d{4}-\\d\\d-\\d\\d" placeholder="2026-01-01..2026-02-01" title="Two dates with two dots between, such as 2026-01-01..2026-02-01"/></label>
                    <button>"Show"</button>
                </form>
            </div>
        </details>
    }
    .into_any()
}

/// UTC or the browser's zone.
#[component]
pub fn ZoneSwitch() -> impl IntoView {
    let query = use_page_query();
    let link = move |zone: &'static str, words: &'static str| {
        let href = use_address_with("tz", zone);
        let current = move || query.with(|q| (q.tz == "local") == (zone == "local")).then_some("true");
        view! { <a href=href aria-current=current>{words}</a> }
    };
    view! { <span class="zone" role="group" aria-label="Time zone">{link("", "UTC")}{link("local", "Local")}</span> }
}
