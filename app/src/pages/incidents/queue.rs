//! What lists for triage share: rows that stay where they are while news waits behind a button, the search form, the
//! filters that are set, and the keyboard.

use crate::components::*;
use domain::{query::PageQuery, view::Facet};
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// A row that is known by an id.
pub trait Row: Clone + PartialEq + Send + Sync + 'static {
    fn id(&self) -> &str;
}

/// One row on the screen.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownRow<R> {
    pub row: R,
    /// It no longer belongs to the list, but stays until the reader asks for the news.
    pub left: bool,
}

/// What stands on the screen, which may lag behind what the server last said.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown<R> {
    query: PageQuery,
    turn: u32,
    pub rows: Vec<ShownRow<R>>,
    /// Rows that wait for the reader.
    pub waiting: usize,
}

impl<R: Row> Shown<R> {
    /// Everything as the server says it.
    fn all(query: PageQuery, turn: u32, rows: &[R]) -> Self {
        Self { query, turn, rows: rows.iter().map(|row| ShownRow { row: row.clone(), left: false }).collect(), waiting: 0 }
    }

    /// What to show after a live update: no row changes its place. Known rows take on their new content, and rows that
    /// move up from the next page because others left are appended.
    fn updated(&self, rows: &[R]) -> Self {
        let known = |id: &str| self.rows.iter().any(|shown| shown.row.id() == id);
        let now = |id: &str| rows.iter().find(|row| row.id() == id);
        // What is missing at the end was pushed to the next page by new rows; what is missing before that has left.
        let last_kept = self.rows.iter().rposition(|shown| now(shown.row.id()).is_some());
        let mut next: Vec<_> = self
            .rows
            .iter()
            .enumerate()
            .map(|(i, shown)| match now(shown.row.id()) {
                Some(row) => ShownRow { row: row.clone(), left: false },
                None => ShownRow { row: shown.row.clone(), left: last_kept.is_none_or(|last| i < last) },
            })
            .collect();
        let left = next.iter().filter(|shown| shown.left).count();
        let tail = rows.iter().rev().take_while(|row| !known(row.id())).count().min(left);
        let unknown = rows.iter().filter(|row| !known(row.id())).count();
        next.extend(rows[rows.len() - tail..].iter().map(|row| ShownRow { row: row.clone(), left: false }));
        // What was appended once counts as known from then on.
        Self { query: self.query.clone(), turn: self.turn, rows: next, waiting: unknown - tail }
    }
}

/// A list's rows on the screen, and the way to take on what waits.
pub struct Queue<R: Row> {
    pub shown: Memo<Shown<R>>,
    turn: RwSignal<u32>,
}

impl<R: Row> Clone for Queue<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R: Row> Copy for Queue<R> {}

/// Holds the rows of `page` in their places. The page carries the query it answers, so that another question shows its
/// answer at once.
pub fn hold<T, R>(page: Signal<(PageQuery, T)>, rows: fn(&T) -> &[R]) -> Queue<R>
where
    T: Send + Sync + 'static,
    R: Row,
{
    let turn = RwSignal::new(0_u32);
    let shown = Memo::new(move |before: Option<&Shown<R>>| {
        let turn = turn.get();
        page.with(|(query, page)| match before {
            Some(before) if before.query == *query && before.turn == turn && !before.rows.is_empty() => before.updated(rows(page)),
            _ => Shown::all(query.clone(), turn, rows(page)),
        })
    });
    Queue { shown, turn }
}

/// The button behind which new rows wait. It lies over the list's edge, so that its coming moves nothing.
#[component]
pub fn News<R: Row>(queue: Queue<R>) -> impl IntoView {
    let waiting = Memo::new(move |_| queue.shown.with(|shown| (shown.waiting, shown.waiting >= shown.rows.len())));
    let words = move || match waiting.get() {
        (n, true) if n > 9 => format!("{} or more new", count(n as u64)),
        (n, _) => format!("{} new", count(n as u64)),
    };
    let show = move |_| {
        queue.turn.update(|turn| *turn += 1);
        focus("[data-row]");
    };
    view! {
        <div class="news">
            <Show when=move || { waiting.get().0 > 0 }>
                <button type="button" on:click=show>{words}<span class="sr">": show"</span></button>
            </Show>
        </div>
    }
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
            <input id="q" type="search" name="q" placeholder=placeholder prop:value=move || query.with(|q| q.q.clone()) value=query.with_untracked(|q| q.q.clone())/>
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
            set.filter_map(|facet| facet.values.iter().find(|value| value.selected).map(|value| chip(format!("{}: {}", facet.title, value.label), &facet.key))).collect()
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

/// The name under which a browser remembers that single-key shortcuts are off.
const SHORTCUTS: &str = "shortcuts";

/// `j` and `k` move through the rows, `/` goes to the search. Characters typed by accident or by voice must not act
/// against the reader's will (WCAG 2.1.4), so the line that explains the keys also turns them off.
#[component]
pub fn Keys() -> impl IntoView {
    let hydrated = RwSignal::new(false);
    let on = RwSignal::new(true);
    Effect::new(move |_| {
        hydrated.set(true);
        on.set(storage().and_then(|s| s.get_item(SHORTCUTS).ok().flatten()).is_none());
        let handle = window_event_listener(leptos::ev::keydown, move |ev| {
            if on.get_untracked() && !ev.ctrl_key() && !ev.meta_key() && !ev.alt_key() && !is_typing(&ev) && act(&ev.key()) {
                ev.prevent_default();
            }
        });
        on_cleanup(move || handle.remove());
    });
    let toggle = move |_| {
        on.update(|on| *on = !*on);
        if let Some(storage) = storage() {
            // A browser without storage forgets: nothing else to do.
            let _ = if on.get_untracked() { storage.remove_item(SHORTCUTS) } else { storage.set_item(SHORTCUTS, "off") };
        }
    };
    view! {
        <Show when=move || hydrated.get()>
            <p class="keys">
                <span class="keys-words"><kbd>"j"</kbd>" "<kbd>"k"</kbd>" move · "<kbd>"Enter"</kbd>" opens · "<kbd>"/"</kbd>" searches"</span>
                <button type="button" class="plain" aria-pressed=move || (!on.get()).to_string() on:click=toggle>"Turn keys off"</button>
            </p>
        </Show>
    }
}

fn storage() -> Option<web_sys::Storage> {
    window().local_storage().ok().flatten()
}

fn is_typing(ev: &web_sys::KeyboardEvent) -> bool {
    let element = ev.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    element.is_some_and(|e| matches!(e.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT") || e.has_attribute("contenteditable"))
}

/// Does what the key stands for; false where it stands for nothing.
fn act(key: &str) -> bool {
    match key {
        "j" => step(1),
        "k" => step(-1),
        "/" => focus("#q"),
        _ => false,
    }
}

fn step(by: i32) -> bool {
    let Ok(rows) = document().query_selector_all("[data-row]") else { return false };
    let last = rows.length() as i32 - 1;
    let active = document().active_element();
    let at = (0..=last).find(|i| rows.item(*i as u32).is_some_and(|row| row.is_same_node(active.as_deref())));
    let to = at.map_or(0, |at| (at + by).clamp(0, last));
    let row = rows.item(to.max(0) as u32).and_then(|row| row.dyn_into::<web_sys::HtmlElement>().ok());
    row.is_some_and(|row| row.focus().is_ok())
}

fn focus(selector: &str) -> bool {
    let found = document().query_selector(selector).ok().flatten().and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok());
    found.is_some_and(|element| element.focus().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Row for &'static str {
        fn id(&self) -> &str {
            &self[..1]
        }
    }

    fn words(shown: &Shown<&'static str>) -> (Vec<String>, usize) {
        (shown.rows.iter().map(|s| format!("{}{}", s.row, if s.left { "!" } else { "" })).collect(), shown.waiting)
    }

    #[test]
    fn nothing_moves_under_the_reader() {
        let first = Shown::all(PageQuery::default(), 0, &["a", "b", "c"]);
        // A new row waits, although it pushed the last one to the next page; what changed is shown in its place.
        let next = first.updated(&["n", "a", "b2"]);
        assert_eq!(words(&next), (vec!["a".into(), "b2".into(), "c".into()], 1));
        // What left says so, and what moved up from the next page comes at the end.
        let next = first.updated(&["a", "c", "d"]);
        assert_eq!(words(&next), (vec!["a".into(), "b!".into(), "c".into(), "d".into()], 0));
        // A row that is new at the end waits too: nobody made room for it.
        let next = first.updated(&["a", "b", "c", "d"]);
        assert_eq!(words(&next), (vec!["a".into(), "b".into(), "c".into()], 1));
        // Everything left.
        let next = first.updated(&[]);
        assert_eq!(words(&next), (vec!["a!".into(), "b!".into(), "c!".into()], 0));
    }
}
