//! Moments: UTC unless the reader asked for the browser's zone; the zone always stands beside them.

use domain::Timestamp;
use leptos::prelude::*;

/// A moment. The machine-readable form is UTC always; with `tz=local` the client rewrites the text in the browser's zone.
#[component]
pub fn Time(
    at: Timestamp,
    /// Only the time of day, to the second.
    #[prop(optional)]
    seconds: bool,
) -> impl IntoView {
    let text = if seconds {
        let c = at.civil();
        format!("{:02}:{:02}:{:02}Z", c.hour, c.minute, c.second)
    } else {
        at.human()
    };
    view! { <time class="at" datetime=at.rfc3339() data-seconds=seconds.then_some("")>{text}</time> }
}
