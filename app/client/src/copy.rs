//! Copies a command. Where the browser lets no page copy (plain HTTP), the text is selected instead.

use crate::dom::{document, everywhere, hit, listen, say, show, window};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Element, Event};

/// Begins to listen.
pub fn start() {
    listen(&document(), "click", |event: Event| {
        let Some(button) = hit(&event, "[data-copy]") else { return };
        let Some(code) = button.parent_element().and_then(|frame| frame.query_selector("code").ok().flatten()) else { return };
        wasm_bindgen_futures::spawn_local(copy(button, code));
    });
}

/// Shows the buttons, which do nothing without this client.
pub fn dress() {
    everywhere("[data-copy]").iter().for_each(|button| show(button, true));
}

async fn copy(button: Element, code: Element) {
    let text = code.text_content().unwrap_or_default();
    let copied = window().is_secure_context() && JsFuture::from(window().navigator().clipboard().write_text(&text)).await.is_ok();
    if !copied && let Ok(Some(selection)) = window().get_selection() {
        let _ = selection.select_all_children(&code);
    }
    if let Ok(Some(word)) = button.query_selector("span") {
        say(&word, if copied { "Copied" } else { "Selected: press Ctrl+C" });
    }
}
