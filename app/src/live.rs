//! The page's side of the one event stream. `public/live.js` keeps the stream (one for all tabs of a browser) and passes what
//! it brings on as window events; here they become version numbers that resources depend on.
//!
//! A version rises at once when little happens, at most once a second when much does, and never under the reader's
//! hands: not while the page is paused or hidden, nor while the pointer or the focus is on something that would
//! vanish or move (`data-hold`) and the reader is active there.

use domain::Timestamp;
use leptos::{leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle}, prelude::*};
use std::time::Duration;
use wasm_bindgen::{JsCast, JsValue};

/// The shortest time between two bumps of one page, milliseconds.
const QUIET: f64 = 1_000.0;
/// How long after the last touch of pointer or key the reader counts as active, milliseconds.
const ACTIVE: f64 = 20_000.0;
/// The shortest time between two polite announcements, milliseconds.
const DIGEST: f64 = 30_000.0;

/// Whether the stream runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LiveState {
    Live,
    Reconnecting,
    Off,
}

/// What all pages share about the stream.
#[derive(Clone, Copy)]
pub struct Live {
    pub state: RwSignal<LiveState>,
    /// The reader holds everything still.
    pub paused: RwSignal<bool>,
    /// Rises to make every page ask again, after a failure.
    retry: RwSignal<u64>,
    /// Failures in a row, for waiting longer each time.
    failures: StoredValue<u32>,
    /// When the reader last touched pointer or keyboard, and whether a pointer button is down.
    touched: StoredValue<(f64, bool)>,
    voice: Voice,
}

/// What is said aloud by screen readers: politely, and at once.
#[derive(Clone, Copy)]
pub struct Voice {
    pub polite: RwSignal<String>,
    pub urgent: RwSignal<String>,
}

/// The present in the browser. Never called on the server, where a page's moment comes with its data.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp((millis() * 1_000.0) as i64)
}

fn millis() -> f64 {
    js_sys::Date::now()
}

/// Starts listening. Called once, at the root.
pub fn provide_live() {
    let live = Live {
        state: RwSignal::new(LiveState::Off),
        paused: RwSignal::new(false),
        retry: RwSignal::new(0),
        failures: StoredValue::new(0),
        touched: StoredValue::new((0.0, false)),
        voice: Voice { polite: RwSignal::new(String::new()), urgent: RwSignal::new(String::new()) },
    };
    provide_context(live);
    Effect::new(move |_| {
        let current = document().document_element().and_then(|root| root.get_attribute("data-live"));
        live.state.set(state_of(current.as_deref().unwrap_or_default()));
        listen("shieldwall:live", move |detail| {
            if word(&detail, "kind") == "state" {
                live.state.set(state_of(&word(&detail, "state")));
            }
        });
        for (event, down) in [("pointerdown", Some(true)), ("pointerup", Some(false)), ("pointercancel", Some(false)), ("pointermove", None), ("keydown", None)] {
            let handle = window_event_listener_untyped(event, move |_| live.touched.update_value(|t| *t = (millis(), down.unwrap_or(t.1))));
            on_cleanup(move || handle.remove());
        }
        // What came before the page could listen waits until the page says so, after its own listeners are in place.
        set_timeout(
            || {
                if let Ok(ready) = web_sys::Event::new("shieldwall:ready") {
                    let _ = window().dispatch_event(&ready);
                }
            },
            Duration::ZERO,
        );
    });
}

fn state_of(word: &str) -> LiveState {
    match word {
        "live" => LiveState::Live,
        "reconnecting" => LiveState::Reconnecting,
        _ => LiveState::Off,
    }
}

fn live() -> Live {
    expect_context()
}

/// The stream's state and the pause.
#[must_use]
pub fn use_live_state() -> Live {
    live()
}

/// What screen readers are told.
#[must_use]
pub fn use_voice() -> Voice {
    live().voice
}

/// A version that rises when something changed under one of the topic prefixes, such as `incidents:` or `posture:halden-grid`. Pages
/// put it into the source of their resource. An empty list never rises by itself.
#[must_use]
pub fn use_live(prefixes: Vec<String>) -> Signal<u64> {
    use_live_for(Signal::stored(prefixes))
}

/// [`use_live`] for prefixes that follow the URL.
#[must_use]
pub fn use_live_for(prefixes: Signal<Vec<String>>) -> Signal<u64> {
    let live = live();
    let version = RwSignal::new(0_u64);
    let waiting = Waiting { live, version, missed: StoredValue::new(false), last: StoredValue::new(0.0), timer: StoredValue::new(None) };
    Effect::new(move |_| {
        listen("shieldwall:live", move |detail| match word(&detail, "kind").as_str() {
            "resync" => waiting.want(true),
            "change" if prefixes.with_untracked(|prefixes| concerns(&detail, prefixes)) => waiting.want(false),
            _ => {}
        });
        let handle = window_event_listener_untyped("visibilitychange", move |_| waiting.flush(true));
        on_cleanup(move || handle.remove());
    });
    Effect::new(move |_| {
        if !live.paused.get() {
            waiting.flush(true);
        }
    });
    on_cleanup(move || waiting.stop());
    Signal::derive(move || version.get() + live.retry.get())
}

/// One page's updates that are still to come.
#[derive(Clone, Copy)]
struct Waiting {
    live: Live,
    version: RwSignal<u64>,
    missed: StoredValue<bool>,
    /// When the version last rose.
    last: StoredValue<f64>,
    timer: StoredValue<Option<TimeoutHandle>>,
}

impl Waiting {
    fn want(self, at_once: bool) {
        self.missed.set_value(true);
        self.flush(at_once);
    }

    /// Raises the version if something was missed and nothing speaks against it, or comes back later.
    fn flush(self, at_once: bool) {
        // A page that is gone has nothing to raise: its last timer may still fire.
        if self.missed.try_get_value() != Some(true) || self.live.paused.get_untracked() || hidden() {
            return;
        }
        let wait = self.last.get_value() + QUIET - millis();
        if wait > 0.0 && !at_once {
            self.later(wait);
        } else if self.held() {
            self.later(300.0);
        } else {
            self.missed.set_value(false);
            self.last.set_value(millis());
            self.version.update(|version| *version += 1);
        }
    }

    fn held(self) -> bool {
        let (at, down) = self.live.touched.get_value();
        let under_hand = || document().query_selector("[data-hold]:hover, [data-hold]:focus-within").is_ok_and(|found| found.is_some());
        millis() - at < ACTIVE && (down || under_hand())
    }

    fn later(self, millis: f64) {
        self.stop();
        let handle = set_timeout_with_handle(move || self.flush(false), Duration::from_millis(millis as u64)).ok();
        self.timer.set_value(handle);
    }

    fn stop(self) {
        if let Some(Some(handle)) = self.timer.try_update_value(Option::take) {
            handle.clear();
        }
    }
}

/// Asks again after a failure: after 2 s, then twice as long each time, at most a minute.
pub fn retry_after_failure() {
    let live = live();
    let failures = live.failures.get_value();
    live.failures.set_value(failures + 1);
    let wait = Duration::from_secs(2_u64 << failures.min(5)).min(Duration::from_secs(60));
    set_timeout(move || live.retry.update(|retry| *retry += 1), wait);
}

/// Says that an answer was good: the next failure is the first again.
pub fn answered() {
    live().failures.set_value(0);
}

/// Speaks for a page: its digest at most every 30 s, and at once when more critical incidents are open than before.
pub fn announce(digest: Signal<String>, critical: Signal<u32>) {
    let voice = live().voice;
    let last = StoredValue::new(None::<f64>);
    Effect::new(move |before: Option<String>| {
        let text = digest.get();
        let due = last.get_value().is_none_or(|at| millis() - at >= DIGEST);
        // The first text is what the reader just opened; only later ones are news.
        if before.as_ref().is_some_and(|before| *before != text) && due {
            last.set_value(Some(millis()));
            voice.polite.set(text.clone());
            return text;
        }
        before.unwrap_or(text)
    });
    Effect::new(move |before: Option<u32>| {
        let open = critical.get();
        if before.is_some_and(|before| open > before) {
            voice.urgent.set(format!("A critical incident was opened. {open} open now."));
        }
        open
    });
}

fn hidden() -> bool {
    js_sys::Reflect::get(&document(), &"hidden".into()).is_ok_and(|hidden| hidden.is_truthy())
}

/// Listens to a custom window event until the current owner is gone.
fn listen(event: &str, heard: impl Fn(JsValue) + 'static) {
    let handle = window_event_listener_untyped(event, move |event| {
        if let Some(event) = event.dyn_ref::<web_sys::CustomEvent>() {
            heard(event.detail());
        }
    });
    on_cleanup(move || handle.remove());
}

fn word(detail: &JsValue, key: &str) -> String {
    js_sys::Reflect::get(detail, &key.into()).ok().and_then(|value| value.as_string()).unwrap_or_default()
}

fn concerns(detail: &JsValue, prefixes: &[String]) -> bool {
    let Ok(topics) = js_sys::Reflect::get(detail, &"topics".into()) else { return false };
    js_sys::Array::from(&topics).iter().filter_map(|topic| topic.as_string()).any(|topic| prefixes.iter().any(|prefix| topic.starts_with(prefix.as_str())))
}
