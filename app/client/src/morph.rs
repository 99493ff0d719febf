//! Changes one piece of the document into another, touching only what differs.
//!
//! Children are matched by `data-key` or `id` where they have one, else by their place and name. Left alone: what is equal, what the
//! client itself made (`data-client`), what the reader did (`open` on details, the content of fields). Drawings
//! (`data-atomic`) are replaced whole.

use wasm_bindgen::JsCast;
use web_sys::{Element, Node};

/// Whether an attribute belongs to the reader, not to the server: what is open, and what a field says. What a hidden field says is the
/// server's: beside a row that became another, it must name that other one.
fn readers(element: &Element, name: &str) -> bool {
    name == "open" || (name == "value" && element.get_attribute("type").as_deref() != Some("hidden"))
}

/// Makes `old` like `new`.
pub fn element(old: &Element, new: &Element) {
    if old.has_attribute("data-client") || old.is_equal_node(Some(new)) {
        return;
    }
    attributes(old, new);
    if old.has_attribute("data-atomic") {
        let fresh = new.inner_html();
        if old.inner_html() != fresh {
            old.set_inner_html(&fresh);
        }
        return;
    }
    children(old, new);
}

fn attributes(old: &Element, new: &Element) {
    for name in names(new) {
        let value = new.get_attribute(&name).unwrap_or_default();
        if !readers(new, &name) {
            super::dom::set(old, &name, &value);
        }
    }
    for name in names(old) {
        if !new.has_attribute(&name) && !readers(old, &name) {
            let _ = old.remove_attribute(&name);
        }
    }
}

fn names(element: &Element) -> Vec<String> {
    element.get_attribute_names().iter().filter_map(|n| n.as_string()).collect()
}

fn key(node: &Node) -> Option<String> {
    let element = node.dyn_ref::<Element>()?;
    element.get_attribute("data-key").or_else(|| Some(element.id()).filter(|id| !id.is_empty()))
}

fn alike(old: &Node, new: &Node) -> bool {
    old.node_type() == new.node_type() && old.node_name() == new.node_name() && key(old) == key(new)
}

fn children(old: &Element, new: &Element) {
    let mut at = old.first_child();
    let mut wanted = new.first_child();
    while let Some(new_child) = wanted {
        wanted = new_child.next_sibling();
        // The old child that becomes this one: at this place, or, if it has a key, anywhere further on.
        let found = match &at {
            Some(here) if alike(here, &new_child) => at.clone(),
            Some(here) if key(&new_child).is_some() => further(here, &new_child),
            _ => None,
        };
        match found {
            Some(node) => {
                if at.as_ref().is_some_and(|here| here.is_same_node(Some(&node))) {
                    at = node.next_sibling();
                } else {
                    let _ = old.insert_before(&node, at.as_ref());
                }
                one(&node, &new_child);
            }
            None => {
                if let Ok(copy) = super::dom::document().import_node_with_deep(&new_child, true) {
                    let _ = old.insert_before(&copy, at.as_ref());
                }
            }
        }
    }
    while let Some(gone) = at {
        at = gone.next_sibling();
        let _ = old.remove_child(&gone);
    }
}

fn further(from: &Node, wanted: &Node) -> Option<Node> {
    let mut next = from.next_sibling();
    while let Some(node) = next {
        if alike(&node, wanted) {
            return Some(node);
        }
        next = node.next_sibling();
    }
    None
}

fn one(old: &Node, new: &Node) {
    match (old.dyn_ref::<Element>(), new.dyn_ref::<Element>()) {
        (Some(old), Some(new)) => element(old, new),
        _ => {
            if old.node_value() != new.node_value() {
                old.set_node_value(new.node_value().as_deref());
            }
        }
    }
}
