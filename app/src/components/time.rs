//! Moments: UTC unless the reader asked for the browser's zone; the zone always stands beside them.

use super::use_page_query;
use domain::{Timestamp, timestamp::MONTHS};
use leptos::prelude::*;

/// Whether moments are shown in the browser's zone. False while the server's HTML is taken over, for the server does not
/// know the zone and what it wrote must match.
#[derive(Clone, Copy)]
pub struct LocalTime(Signal<bool>);

/// Makes [`LocalTime`] known to all moments below.
pub fn provide_local_time() {
    let query = use_page_query();
    let hydrated = RwSignal::new(false);
    Effect::new(move |_| hydrated.set(true));
    let local = Memo::new(move |_| hydrated.get() && query.with(|q| q.tz == "local"));
    provide_context(LocalTime(local.into()));
}

/// A moment. The machine-readable form is UTC always.
#[component]
pub fn Time(
    at: Timestamp,
    /// Only the time of day, to the second.
    #[prop(optional)]
    seconds: bool,
) -> impl IntoView {
    let local = use_context::<LocalTime>();
    let text = move || {
        if local.is_some_and(|local| local.0.get()) {
            in_browser_zone(at, seconds)
        } else if seconds {
            let c = at.civil();
            format!("{:02}:{:02}:{:02}Z", c.hour, c.minute, c.second)
        } else {
            at.human()
        }
    };
    view! { <time datetime=at.rfc3339()>{text}</time> }
}

/// The same words in the browser's zone, with its offset: `1 May 2026 14:00 +02:00`.
fn in_browser_zone(at: Timestamp, seconds: bool) -> String {
    let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.0 as f64 / 1_000.0));
    // JavaScript counts minutes from local time to UTC: the other way round.
    let offset = -date.get_timezone_offset() as i32;
    let zone = format!("{}{:02}:{:02}", if offset < 0 { '-' } else { '+' }, offset.abs() / 60, offset.abs() % 60);
    if seconds {
        return format!("{:02}:{:02}:{:02} {zone}", date.get_hours(), date.get_minutes(), date.get_seconds());
    }
    let month = MONTHS[date.get_month() as usize % 12];
    format!("{} {month} {} {:02}:{:02} {zone}", date.get_date(), date.get_full_year(), date.get_hours(), date.get_minutes())
}
