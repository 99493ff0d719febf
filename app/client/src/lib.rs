//! The browser's part of Shieldwall.
//!
//! The server renders whole pages; this client keeps the one on the screen live. When the event stream (`public/live.js`) tells of a
//! change under the page's topics, [`refresh`] fetches the page again and [`morph`] changes what differs, in place: focus, scroll,
//! selection and open parts stay. The rest makes small things work that HTML alone does not: [`walk`] through a chart's values,
//! [`queue`] rows that never move under the reader, [`keys`], [`copy`], [`zone`], [`voice`]. Without it every page is readable.
//!
//! What the client makes or changes itself carries `data-client`, and is left alone by the morph.

mod copy;
mod dom;
mod keys;
mod morph;
mod queue;
mod refresh;
mod voice;
mod walk;
mod zone;

use wasm_bindgen::prelude::wasm_bindgen;

/// Starts on the page as the server sent it.
#[wasm_bindgen(start)]
pub fn start() {
    voice::begin();
    refresh::start();
    walk::start();
    keys::start();
    copy::start();
    dress();
}

/// What must be done again whenever the page has new content.
fn dress() {
    zone::dress();
    // Says moments as they stand now.
    walk::dress();
    copy::dress();
    keys::dress();
}
