//! The keyboard walk through a chart: one tab stop, arrow keys, each value as words. The values are the rows of the data table
//! that stands in the same figure.

use crate::dom::document;
use crate::dom::{all, everywhere, hit, listen, say, set, show};
use web_sys::{Element, KeyboardEvent};

/// Begins to listen.
pub fn start() {
    listen(&document(), "keydown", |event: KeyboardEvent| {
        let Some(walk) = hit(&event, "[data-walk]") else { return };
        let number = |name: &str| walk.get_attribute(name).and_then(|v| v.parse::<i32>().ok()).unwrap_or(0);
        let (last, at) = (number("aria-valuemax"), number("aria-valuenow"));
        let to = match event.key().as_str() {
            "ArrowLeft" | "ArrowDown" => at - 1,
            "ArrowRight" | "ArrowUp" => at + 1,
            "PageDown" => at - 10,
            "PageUp" => at + 10,
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        event.prevent_default();
        go(&walk, to.clamp(0, last));
    });
}

/// Makes the walks of the page work. A reader who stands at the newest value stays at the newest.
pub fn dress() {
    for walk in everywhere("[data-walk]") {
        let last = rows(&walk).len() as i32 - 1;
        show(&walk, last >= 0);
        let number = |name: &str| walk.get_attribute(name).and_then(|v| v.parse::<i32>().ok()).unwrap_or(0);
        let back = number("aria-valuemax") - number("aria-valuenow");
        set(&walk, "aria-valuemax", &last.max(0).to_string());
        go(&walk, (last - back).clamp(0, last.max(0)));
    }
}

fn rows(walk: &Element) -> Vec<Element> {
    walk.closest("figure").ok().flatten().map_or_else(Vec::new, |figure| all(&figure, "tbody tr"))
}

fn go(walk: &Element, to: i32) {
    let Some(row) = rows(walk).into_iter().nth(to.max(0) as usize) else { return };
    let heads: Vec<String> = walk
        .closest("figure")
        .ok()
        .flatten()
        .map_or_else(Vec::new, |figure| all(&figure, "thead th").iter().map(|h| h.text_content().unwrap_or_default()).collect());
    let cells = all(&row, "th, td").into_iter().map(|c| c.text_content().unwrap_or_default());
    let words: Vec<String> =
        cells.enumerate().map(|(i, cell)| if i == 0 { cell } else { format!("{} {cell}", heads.get(i).map_or("", String::as_str)) }).collect();
    let words = words.join(" · ");
    set(walk, "aria-valuenow", &to.to_string());
    set(walk, "aria-valuetext", &words);
    if let Ok(Some(text)) = walk.query_selector(".walk-words") {
        say(&text, &words);
    }
}
