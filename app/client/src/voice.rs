//! What screen readers are told: a digest at most every 30 s, and at once when more critical incidents are open than before.

use crate::dom::{find, now, say};
use std::cell::{Cell, RefCell};
use web_sys::Element;

/// The shortest time between two polite announcements, milliseconds.
const DIGEST: f64 = 30_000.0;

thread_local! {
    static SPOKEN: Cell<f64> = const { Cell::new(0.0) };
    static SAID: RefCell<Option<String>> = const { RefCell::new(None) };
    static CRITICAL: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Notes what the page says as it is loaded, so that its first change is told, too.
pub fn begin() {
    // `<html>` has an attribute of this name, too: the state of the stream.
    let live = find("#main [data-live]");
    CRITICAL.set(live.and_then(|live| live.get_attribute("data-critical")).and_then(|n| n.parse().ok()));
}

/// Speaks for a page that has just changed.
pub fn speak(main: &Element) {
    let Ok(Some(live)) = main.query_selector("[data-live]") else { return };
    let digest = live.text_content().unwrap_or_default();
    let news = SAID.with(|said| said.borrow().as_deref() != Some(&digest));
    if !digest.is_empty() && news && now() - SPOKEN.get() >= DIGEST {
        SPOKEN.set(now());
        SAID.with(|said| *said.borrow_mut() = Some(digest.clone()));
        if let Some(polite) = find("#voice-polite") {
            say(&polite, &digest);
        }
    }
    let open = live.get_attribute("data-critical").and_then(|n| n.parse().ok());
    if let (Some(before), Some(open)) = (CRITICAL.replace(open), open)
        && open > before
        && let Some(urgent) = find("#voice-urgent")
    {
        say(&urgent, &format!("A critical incident was opened. {open} open now."));
    }
}
