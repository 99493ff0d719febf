//! Short ways to the document.

use wasm_bindgen::{JsCast, closure::Closure, convert::FromWasmAbi};
use web_sys::{Document, Element, Event, EventTarget, HtmlElement, Window};

/// The window of the page.
///
/// # Panics
/// Outside a browser, where this crate has nothing to do.
pub fn window() -> Window {
    web_sys::window().expect("a browser")
}

pub fn document() -> Document {
    window().document().expect("a document")
}

/// The first element that a selector finds.
pub fn find(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok().flatten()
}

/// All elements that a selector finds below `root`.
pub fn all(root: &Element, selector: &str) -> Vec<Element> {
    let Ok(list) = root.query_selector_all(selector) else { return vec![] };
    (0..list.length()).filter_map(|i| list.item(i)?.dyn_into().ok()).collect()
}

/// All elements of the page that a selector finds.
pub fn everywhere(selector: &str) -> Vec<Element> {
    document().document_element().map_or_else(Vec::new, |root| all(&root, selector))
}

/// The nearest element at or above the event's target that matches.
pub fn hit(event: &Event, selector: &str) -> Option<Element> {
    event.target()?.dyn_into::<Element>().ok()?.closest(selector).ok().flatten()
}

pub fn show(element: &Element, shown: bool) {
    let _ = if shown { element.remove_attribute("hidden") } else { element.set_attribute("hidden", "") };
}

pub fn set(element: &Element, name: &str, value: &str) {
    if element.get_attribute(name).as_deref() != Some(value) {
        let _ = element.set_attribute(name, value);
    }
}

pub fn say(element: &Element, text: &str) {
    if element.text_content().as_deref() != Some(text) {
        element.set_text_content(Some(text));
    }
}

pub fn focus(element: &Element) -> bool {
    element.dyn_ref::<HtmlElement>().is_some_and(|e| e.focus().is_ok())
}

/// Listens for as long as the page lives.
pub fn listen<E: FromWasmAbi + 'static>(target: &EventTarget, event: &str, heard: impl FnMut(E) + 'static) {
    let closure = Closure::<dyn FnMut(E)>::new(heard);
    let _ = target.add_event_listener_with_callback(event, closure.as_ref().unchecked_ref());
    closure.forget();
}

/// Calls once, later.
pub fn after(millis: i32, call: impl FnOnce() + 'static) {
    let callback = Closure::once_into_js(call);
    let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(callback.unchecked_ref(), millis);
}

/// Milliseconds since 1970.
pub fn now() -> f64 {
    js_sys::Date::now()
}
