//! The page's state in its URL.

use domain::query::{PageQuery, percent_encoded};
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_query_map};

/// The query of the current URL; unknown keys are dropped, so that links never carry them on.
#[must_use]
pub fn use_page_query() -> Memo<PageQuery> {
    let map = use_query_map();
    Memo::new(move |_| {
        map.with(|map| {
            let mut query = PageQuery::default();
            for key in PageQuery::KEYS {
                if let Some(value) = map.get_str(key) {
                    query.set(key, value.to_owned());
                }
            }
            query
        })
    })
}

/// The current path, without the query.
#[must_use]
pub fn use_path() -> Memo<String> {
    use_location().pathname
}

/// The page's own address, with all that it asks.
#[must_use]
pub fn use_address() -> Memo<String> {
    address(|asked| asked)
}

/// The same with another value of one key; an empty one takes the key away.
#[must_use]
pub fn use_address_with(key: &'static str, value: &'static str) -> Memo<String> {
    address(move |mut asked| {
        asked.retain(|(name, _)| name != key);
        asked.extend((!value.is_empty()).then(|| (key.to_owned(), value.to_owned())));
        asked
    })
}

/// The same without some keys, or without all where none is named. Nor does it go on where a page of a list ended: the list is another one then.
#[must_use]
pub fn use_address_without(keys: Vec<String>) -> Memo<String> {
    address(move |mut asked| {
        asked.retain(|(name, _)| !keys.is_empty() && name != "cursor" && !keys.contains(name));
        asked
    })
}

fn address(change: impl Fn(Vec<(String, String)>) -> Vec<(String, String)> + Send + Sync + 'static) -> Memo<String> {
    let (map, path) = (use_query_map(), use_path());
    Memo::new(move |_| {
        let asked = map.get().into_iter().map(|(name, value)| (name.into_owned(), value)).collect();
        change(asked).into_iter().fold(path.get(), |url, (name, value)| {
            let mark = if url.contains('?') { '&' } else { '?' };
            format!("{url}{mark}{}={}", percent_encoded(&name), percent_encoded(&value))
        })
    })
}

/// A link to another page that takes `range` and `tz` along.
#[must_use]
pub fn kept(query: Memo<PageQuery>, path: &str) -> String {
    query.with(|q| q.kept().href(path))
}

/// A link from a list to one of its records, or back: it takes the list's filters and its page along.
#[must_use]
pub fn with_filters(query: Memo<PageQuery>, path: &str) -> String {
    query.with(|q| q.href(path))
}

/// The other keys of the query as hidden fields, so that a GET form changes only its own.
#[component]
pub fn KeepQuery(
    /// The keys that the form's own fields set.
    except: &'static [&'static str],
) -> impl IntoView {
    let query = use_page_query();
    move || {
        let query = query.get();
        PageQuery::KEYS
            .into_iter()
            .filter(|key| *key != "cursor" && !except.contains(key) && !query.get(key).is_empty())
            .map(|key| view! { <input type="hidden" name=key value=query.get(key).to_owned()/> })
            .collect_view()
    }
}
