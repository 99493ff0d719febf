//! What lists share: rows that stay where they are while news waits behind a button, the search form, the filters that are set, and the keyboard.

use crate::components::*;
use domain::{
    query::PageQuery,
    view::{Facet, List},
};
use leptos::prelude::*;

/// A list of records from its heading to its foot. Its topic in the stream and its file have the name that its path has.
#[component]
pub fn Queue<Row: Clone + Send + Sync + 'static>(
    page: List<Row>,
    /// Such as `/incidents`.
    path: &'static str,
    /// The number of rows in words.
    title: String,
    /// What the search finds.
    placeholder: &'static str,
    /// The table's name, with its order, for those who do not see it.
    caption: &'static str,
    /// The heads of the columns; the last one is of numbers.
    heads: &'static [&'static str],
    /// The look of the table's columns.
    class: &'static str,
    /// Open critical incidents on the page; said at once when it rises.
    #[prop(default = None)]
    critical: Option<u32>,
    /// Whether the list is one of a span of time, which the reader chooses.
    #[prop(optional)]
    ranged: bool,
    /// One row of the table.
    row: impl Fn(&Row) -> AnyView,
    /// What stands there instead of the table where there is no row.
    nothing: AnyView,
) -> impl IntoView {
    let (what, facets) = (&path[1..], Signal::stored(page.facets));
    // A file has rows; what is only counted is none.
    let lacks = match page.beside.number() {
        0 => String::new(),
        n => format!("without {} that only a number is shared of", count(n)),
    };
    let name = format!("{}{}", what[..1].to_uppercase(), &what[1..]);
    let table = if page.rows.is_empty() {
        nothing
    } else {
        let last = heads.len() - 1;
        let head = |(no, words): (usize, &&'static str)| view! { <th scope="col" class=(no == last).then_some("n")>{*words}</th> };
        view! {
            <table class=format!("queue-table {class}")>
                <caption class="sr">{caption}</caption>
                <thead><tr>{heads.iter().enumerate().map(head).collect_view()}</tr></thead>
                <tbody data-queue="">{page.rows.iter().map(row).collect_view()}</tbody>
            </table>
        }
        .into_any()
    };
    view! {
        <Live topics=format!("{what}:") digest=format!("Updated: {title}") critical/>
        <PageHead title=Signal::stored(title) tlp=Signal::stored(page.highest_tlp)>
            <ActiveFilters facets path/>
        </PageHead>
        <div class="queue">
            <div class="card queue-rail"><h2 class="sr">"Filters"</h2><Facets facets path/></div>
            <section class="card queue-list" aria-label=name>
                <News/>
                {ranged.then(|| view! { <RangePicker/> })}
                <Search path label=format!("Search {what}") placeholder/>
                {table}
                <BesideRows beside=Signal::stored(page.beside) what/>
                <Pager next=Signal::stored(page.next) path/>
                <Keys/>
            </section>
        </div>
        <PageFoot as_of=Signal::stored(page.as_of) csv=format!("/csv/{what}") csv_lacks=lacks/>
    }
    .into_any()
}

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
    label: String,
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

/// What narrows a list beside words to look for: the key in its address, and its title.
const FILTERS: [(&str, &str); 7] =
    [("org", "Organisation"), ("status", "Status"), ("sev", "Severity"), ("tlp", "TLP"), ("kind", "Type"), ("class", "Class"), ("seen", "Reported by")];

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
        // By what is in force, not by what the facets happen to hold.
        let mut chips: Vec<_> = facets.with(|facets| {
            let set = FILTERS.into_iter().filter(|(key, _)| !q.get(key).is_empty());
            let label = |key: &str| {
                facets.iter().filter(|facet| facet.key == key).flat_map(|facet| &facet.values).find(|value| value.selected).map(|v| v.label.clone())
            };
            set.map(|(key, title)| chip(format!("{title}: {}", label(key).unwrap_or_else(|| q.get(key).to_owned())), key)).collect()
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
    !query.q.is_empty() || FILTERS.into_iter().any(|(key, _)| !query.get(key).is_empty())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the keys of an address those that narrow nothing.
    const OTHERS: [&str; 4] = ["range", "tz", "sort", "cursor"];

    #[test]
    fn whatever_narrows_a_list_is_said() {
        for key in PageQuery::KEYS {
            let mut query = PageQuery::default();
            query.set(key, "x".to_owned());
            assert_eq!(is_filtered(&query), !OTHERS.contains(&key), "{key}");
        }
    }
}
