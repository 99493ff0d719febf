//! Moments in the browser's own zone, where the URL asks for `tz=local`. The server does not know the zone, so it writes UTC;
//! the machine-readable form stays UTC always.

use crate::dom::{everywhere, say, window};
use wasm_bindgen::JsValue;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Rewrites the page's moments if the URL asks for it.
pub fn dress() {
    let search = window().location().search().unwrap_or_default();
    if !search.trim_start_matches('?').split('&').any(|pair| pair == "tz=local") {
        return;
    }
    for time in everywhere("time.at") {
        if let Some(at) = time.get_attribute("datetime") {
            say(&time, &local(&at, time.has_attribute("data-seconds")));
        }
    }
}

/// `1 May 2026 14:00 +02:00`, or to the second.
fn local(at: &str, seconds: bool) -> String {
    let date = js_sys::Date::new(&JsValue::from_str(at));
    // JavaScript counts minutes from local time to UTC: the other way round.
    let offset = -date.get_timezone_offset() as i32;
    let zone = format!("{}{:02}:{:02}", if offset < 0 { '-' } else { '+' }, offset.abs() / 60, offset.abs() % 60);
    let seconds = if seconds { format!(":{:02}", date.get_seconds()) } else { String::new() };
    let month = MONTHS[date.get_month() as usize % 12];
    format!("{} {month} {} {:02}:{:02}{seconds} {zone}", date.get_date(), date.get_full_year(), date.get_hours(), date.get_minutes())
}
