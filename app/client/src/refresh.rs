//! Keeps the page live: at once when little happens, at most once a second when much does, and never under the reader's
//! hands: not while the page is paused or hidden, nor while pointer or focus is on something that would vanish or move
//! (`data-hold`) and the reader is active there.

use crate::{
    dom::{after, document, everywhere, find, hit, listen, now, say, set, show, window},
    morph, queue, voice,
};
use std::cell::{Cell, RefCell};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{CustomEvent, DomParser, Element, Event, Headers, RequestInit, Response, SupportedType};

/// The shortest time between two refreshes, milliseconds.
const QUIET: f64 = 1_000.0;
/// How long after the last touch of pointer or key the reader counts as active, milliseconds.
const ACTIVE: f64 = 20_000.0;
/// How long the stream may be lost before the page says so, milliseconds.
const PATIENCE: i32 = 5_000;

#[derive(Default)]
struct State {
    /// Something changed that the page does not show yet.
    missed: Cell<bool>,
    /// A fetch is under way.
    busy: Cell<bool>,
    timer: Cell<bool>,
    last: Cell<f64>,
    paused: Cell<bool>,
    touched: Cell<f64>,
    down: Cell<bool>,
    failures: Cell<u32>,
    /// The moment of the last good answer, for "not live since".
    good: RefCell<String>,
    /// Since when the stream is lost.
    lost: RefCell<Option<String>>,
    /// It is lost for so long that the page says so.
    long: Cell<bool>,
}

thread_local! {
    static STATE: State = State::default();
}

fn with<T>(f: impl FnOnce(&State) -> T) -> T {
    STATE.with(f)
}

/// Begins to listen.
pub fn start() {
    with(|s| *s.good.borrow_mut() = moment());
    listen(&window(), "shieldwall:live", |event: CustomEvent| {
        let detail = event.detail();
        match word(&detail, "kind").as_str() {
            "state" => stream(&word(&detail, "state")),
            "resync" => want(true),
            "change" if concerns(&detail) => want(false),
            _ => {}
        }
    });
    listen(&document(), "visibilitychange", |_: Event| flush(true));
    listen(&document(), "click", |event: Event| {
        if hit(&event, "[data-pause]").is_some() {
            with(|s| s.paused.set(!s.paused.get()));
            state(&document().document_element().and_then(|r| r.get_attribute("data-live")).unwrap_or_default());
            flush(true);
        } else if hit(&event, "[data-news]").is_some() {
            queue::take_all();
        }
    });
    for (name, down) in [("pointerdown", Some(true)), ("pointerup", Some(false)), ("pointercancel", Some(false)), ("pointermove", None), ("keydown", None)] {
        listen(&document(), name, move |_: Event| {
            with(|s| {
                s.touched.set(now());
                s.down.set(down.unwrap_or(s.down.get()));
            });
        });
    }
    // What came before the page could listen waits until the page says so.
    if let Ok(ready) = Event::new("shieldwall:ready") {
        let _ = window().dispatch_event(&ready);
    }
}

/// Follows the stream's state. A page whose stream is lost for long says so; when it is back, what could not be fetched is asked for
/// at once.
fn stream(live: &str) {
    state(live);
    if live == "live" {
        with(|s| {
            *s.lost.borrow_mut() = None;
            s.long.set(false);
        });
        note();
        if with(|s| s.failures.get()) > 0 {
            want(true);
        }
    } else if live == "reconnecting" && with(|s| s.lost.borrow().is_none()) {
        // Each try in vain tells the same state again: what counts is the first.
        let since = moment();
        with(|s| *s.lost.borrow_mut() = Some(since.clone()));
        after(PATIENCE, move || {
            if with(|s| s.lost.borrow().as_ref() == Some(&since)) {
                with(|s| s.long.set(true));
                note();
            }
        });
    }
}

/// Shows the stream's state beside the pause button.
fn state(live: &str) {
    let Some(bar) = find("#live") else { return };
    let paused = with(|s| s.paused.get());
    let (class, text) = match (paused, live) {
        (true, _) => ("live paused", "Paused"),
        (_, "live") => ("live on", "Live"),
        (_, "reconnecting") => ("live waiting", "Reconnecting"),
        _ => ("live off", "Not live"),
    };
    set(&bar, "class", class);
    if let Some(word) = find("#live .live-word") {
        say(&word, text);
    }
    if let Some(button) = find("[data-pause]") {
        show(&button, !live.is_empty() && live != "off");
        set(&button, "aria-pressed", if paused { "true" } else { "false" });
        set(&button, "title", if paused { "Resume live updates" } else { "Pause live updates" });
    }
}

fn topics() -> Vec<String> {
    everywhere("[data-topics]")
        .iter()
        .filter_map(|e| e.get_attribute("data-topics"))
        .flat_map(|t| t.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

fn concerns(detail: &JsValue) -> bool {
    let Ok(changed) = js_sys::Reflect::get(detail, &"topics".into()) else { return false };
    let prefixes = topics();
    js_sys::Array::from(&changed).iter().filter_map(|t| t.as_string()).any(|topic| prefixes.iter().any(|p| !p.is_empty() && topic.starts_with(p.as_str())))
}

fn word(detail: &JsValue, key: &str) -> String {
    js_sys::Reflect::get(detail, &key.into()).ok().and_then(|v| v.as_string()).unwrap_or_default()
}

fn want(at_once: bool) {
    with(|s| s.missed.set(true));
    flush(at_once);
}

/// Refreshes if something was missed and nothing speaks against it, or comes back later.
fn flush(at_once: bool) {
    let (due, wait) = with(|s| (s.missed.get() && !s.busy.get() && !s.paused.get() && !document().hidden(), s.last.get() + QUIET - now()));
    if !due || topics().is_empty() {
        return;
    }
    if wait > 0.0 && !at_once {
        later(wait as i32 + 1);
    } else if held() {
        later(300);
    } else {
        with(|s| {
            s.missed.set(false);
            s.busy.set(true);
            s.last.set(now());
        });
        wasm_bindgen_futures::spawn_local(async {
            let fetched = fetch().await;
            with(|s| s.busy.set(false));
            match fetched {
                Ok(page) => take(&page),
                Err(_) => failed(),
            }
            flush(false);
        });
    }
}

fn later(millis: i32) {
    if with(|s| s.timer.replace(true)) {
        return;
    }
    after(millis, || {
        with(|s| s.timer.set(false));
        flush(false);
    });
}

fn held() -> bool {
    let (idle, down) = with(|s| (now() - s.touched.get(), s.down.get()));
    idle < ACTIVE && (down || find("[data-hold]:hover, [data-hold]:focus-within, input:focus").is_some())
}

/// The page as it is now, from the same address.
async fn fetch() -> Result<Element, JsValue> {
    let url = window().location().href()?;
    let options = RequestInit::new();
    let headers = Headers::new()?;
    headers.set("x-refresh", "1")?;
    options.set_headers(&headers);
    let response: Response = JsFuture::from(window().fetch_with_str_and_init(&url, &options)).await?.dyn_into()?;
    if response.redirected() {
        // The session has ended: the browser goes where the server leads.
        window().location().reload()?;
        return Err(JsValue::NULL);
    }
    if response.status() >= 500 {
        return Err(JsValue::NULL);
    }
    let text = JsFuture::from(response.text()?).await?.as_string().unwrap_or_default();
    let page = DomParser::new()?.parse_from_string(&text, SupportedType::TextHtml)?;
    page.query_selector("#main")?.ok_or(JsValue::NULL)
}

fn take(page: &Element) {
    let Some(main) = find("#main") else { return };
    with(|s| {
        s.failures.set(0);
        *s.good.borrow_mut() = moment();
    });
    note();
    queue::hold(&main, page);
    morph::element(&main, page);
    crate::dress();
    voice::speak(&main);
}

/// Keeps the last good answer and asks again: after 2 s, then twice as long each time, at most a minute.
fn failed() {
    let failures = with(|s| s.failures.replace(s.failures.get() + 1));
    note();
    after((2_000_i32 << failures.min(5)).min(60_000), || want(true));
}

/// Says since when the page is not live, or nothing.
fn note() {
    let since = with(|s| if s.failures.get() > 0 { Some(s.good.borrow().clone()) } else { s.lost.borrow().clone().filter(|_| s.long.get()) });
    if let Some(note) = find("#not-live") {
        say(&note, &since.as_ref().map_or_else(String::new, |s| format!("Not live since {s}, retrying. What you see is the last good answer.")));
        show(&note, since.is_some());
    }
}

fn moment() -> String {
    let date = js_sys::Date::new_0();
    format!("{:02}:{:02}:{:02}Z", date.get_utc_hours(), date.get_utc_minutes(), date.get_utc_seconds())
}
