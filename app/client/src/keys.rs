//! Single-key shortcuts of lists: `j` and `k` move, `/` searches. They can be turned off (WCAG 2.1.4), and the choice is remembered.
//! Escape closes an open menu.

use crate::dom::{document, everywhere, find, focus, hit, listen, say, set, show, window};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, KeyboardEvent, Storage};

/// The name under which a browser remembers that shortcuts are off.
const SHORTCUTS: &str = "shortcuts";

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn on() -> bool {
    storage().and_then(|s| s.get_item(SHORTCUTS).ok().flatten()).is_none()
}

/// Begins to listen.
pub fn start() {
    listen(&document(), "keydown", |event: KeyboardEvent| {
        if event.key() == "Escape"
            && let Some(menu) = hit(&event, "details.menu[open]")
        {
            let _ = menu.remove_attribute("open");
            if let Ok(Some(summary)) = menu.query_selector("summary") {
                focus(&summary);
            }
            return;
        }
        let plain = !event.ctrl_key() && !event.meta_key() && !event.alt_key();
        if plain && on() && find("[data-keys]").is_some() && !typing(&event) && act(&event.key()) {
            event.prevent_default();
        }
    });
    listen(&document(), "click", |event: Event| {
        if hit(&event, "[data-keys] button").is_some() {
            if let Some(storage) = storage() {
                // A browser without storage forgets: nothing else to do.
                let _ = if on() { storage.set_item(SHORTCUTS, "off") } else { storage.remove_item(SHORTCUTS) };
            }
            dress();
        }
    });
}

/// Shows the line that explains the keys.
pub fn dress() {
    for line in everywhere("[data-keys]") {
        show(&line, true);
        if let Ok(Some(button)) = line.query_selector("button") {
            say(&button, if on() { "Turn keys off" } else { "Turn keys on" });
            set(&button, "aria-pressed", if on() { "false" } else { "true" });
        }
    }
}

fn typing(event: &Event) -> bool {
    let element = event.target().and_then(|t| t.dyn_into::<Element>().ok());
    element.is_some_and(|e| matches!(e.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT"))
}

/// Does what the key stands for; false where it stands for nothing.
fn act(key: &str) -> bool {
    match key {
        "j" => step(1),
        "k" => step(-1),
        "/" => find("#q").is_some_and(|field| focus(&field)),
        _ => false,
    }
}

fn step(by: i32) -> bool {
    let rows = everywhere("[data-row]");
    let active = document().active_element();
    let at = rows.iter().position(|row| row.is_same_node(active.as_deref()));
    let to = at.map_or(0, |at| (at as i32 + by).clamp(0, rows.len() as i32 - 1));
    rows.get(to as usize).is_some_and(focus)
}
