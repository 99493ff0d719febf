//! Lists for triage (`data-queue`): no row changes its place under the reader. Known rows take on their new content; rows that left say so
//! and stay; new ones wait behind a button.

use crate::dom::{all, everywhere, find, focus, say, show};
use std::cell::RefCell;
use web_sys::Element;

thread_local! {
    /// The list as the server last had it, for when the reader asks for the news.
    static LATEST: RefCell<Option<Element>> = const { RefCell::new(None) };
}

/// One row that is to stand on the screen.
#[derive(Debug, PartialEq, Eq)]
pub struct Held {
    pub key: String,
    /// It no longer belongs to the list.
    pub left: bool,
}

/// What to show, and how many rows wait, when `shown` is on the screen and the server has `fresh`.
///
/// What is missing at the end of `fresh` was pushed to the next page by new rows; what is missing before that has left. For each that
/// left, a row that moved up from the next page is appended.
pub fn plan(shown: &[String], fresh: &[String]) -> (Vec<Held>, usize) {
    let last_kept = shown.iter().rposition(|key| fresh.contains(key));
    let mut next: Vec<Held> =
        shown.iter().enumerate().map(|(i, key)| Held { key: key.clone(), left: !fresh.contains(key) && last_kept.is_none_or(|last| i < last) }).collect();
    let left = next.iter().filter(|h| h.left).count();
    let tail = fresh.iter().rev().take_while(|key| !shown.contains(key)).count().min(left);
    let unknown = fresh.iter().filter(|key| !shown.contains(key)).count();
    next.extend(fresh[fresh.len() - tail..].iter().map(|key| Held { key: key.clone(), left: false }));
    (next, unknown - tail)
}

fn rows(list: &Element) -> Vec<(String, Element)> {
    all(list, "tr[data-key]").into_iter().filter_map(|row| Some((row.get_attribute("data-key")?, row))).collect()
}

/// Rewrites the list in the fresh page, before it is taken on, so that nothing moves.
pub fn hold(main: &Element, fresh: &Element) {
    let (Ok(Some(old)), Ok(Some(new))) = (main.query_selector("[data-queue]"), fresh.query_selector("[data-queue]")) else { return };
    LATEST.with(|l| *l.borrow_mut() = new.clone_node_with_deep(true).ok().and_then(|n| wasm_bindgen::JsCast::dyn_into(n).ok()));
    let (shown, incoming) = (rows(&old), rows(&new));
    if shown.is_empty() {
        return;
    }
    let keys = |list: &[(String, Element)]| list.iter().map(|r| r.0.clone()).collect::<Vec<_>>();
    let (held, waiting) = plan(&keys(&shown), &keys(&incoming));
    for (_, row) in &incoming {
        row.remove();
    }
    for row in held {
        let fresh_row = incoming.iter().find(|r| r.0 == row.key).map(|r| r.1.clone());
        let kept = || shown.iter().find(|r| r.0 == row.key).and_then(|r| r.1.clone_node_with_deep(true).ok());
        let node = fresh_row.map(Into::into).or_else(kept);
        if let Some(node) = node {
            if let (true, Some(element)) = (row.left, wasm_bindgen::JsCast::dyn_ref::<Element>(&node)) {
                crate::dom::set(element, "class", "left");
                crate::dom::set(element, "title", "Has left this list");
            }
            let _ = new.append_child(&node);
        }
    }
    announce(waiting);
}

fn announce(waiting: usize) {
    for button in everywhere("[data-news]") {
        say(&button, &format!("{waiting} new"));
        show(&button, waiting > 0);
    }
}

/// Shows the list as the server last had it, and leads to its first row.
pub fn take_all() {
    let Some(list) = find("[data-queue]") else { return };
    if let Some(latest) = LATEST.with(|l| l.borrow().clone()) {
        crate::morph::element(&list, &latest);
        crate::dress();
    }
    announce(0);
    if let Some(first) = find("[data-row]") {
        focus(&first);
    }
}

#[cfg(test)]
mod tests {
    use super::plan;

    fn words(shown: &[&str], fresh: &[&str]) -> (String, usize) {
        let own = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let (held, waiting) = plan(&own(shown), &own(fresh));
        (held.iter().map(|h| format!("{}{}", h.key, if h.left { "!" } else { "" })).collect(), waiting)
    }

    #[test]
    fn nothing_moves_under_the_reader() {
        // A new row waits, although it pushed the last one to the next page.
        assert_eq!(words(&["a", "b", "c"], &["n", "a", "b"]), ("abc".into(), 1));
        // What left says so, and what moved up from the next page comes at the end.
        assert_eq!(words(&["a", "b", "c"], &["a", "c", "d"]), ("ab!cd".into(), 0));
        // A row that is new at the end waits too: nobody made room for it.
        assert_eq!(words(&["a", "b", "c"], &["a", "b", "c", "d"]), ("abc".into(), 1));
        assert_eq!(words(&["a", "b", "c"], &[]), ("a!b!c!".into(), 0));
    }
}
