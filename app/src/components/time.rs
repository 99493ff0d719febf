//! Moments: UTC unless the reader asked for the browser's zone; the zone always stands beside them.

use domain::Timestamp;
use leptos::prelude::*;

/// A moment. The machine-readable form is UTC always; with `tz=local` the client rewrites the text in the browser's zone.
#[component]
pub fn Time(
    at: Timestamp,
    /// To the second: where several may share a minute.
    #[prop(optional)]
    seconds: bool,
) -> impl IntoView {
    let text = if seconds { at.human_to_the_second() } else { at.human() };
    view! { <time class="at" datetime=at.rfc3339() data-seconds=seconds.then_some("")>{text}</time> }
}
