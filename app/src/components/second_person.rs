//! What waits for a second person of the organisation.

use super::{Card, Time};
use domain::Timestamp;
use leptos::prelude::*;

/// Something that one administrator proposed.
pub struct Waiting {
    pub id: i64,
    /// What would be.
    pub what: String,
    /// The name of who proposed it.
    pub by: String,
    /// Whether that was this viewer, who then cannot agree.
    pub own: bool,
    pub expires_at: Timestamp,
}

/// All of it, with the forms `approve` and `decline` under a path.
#[component]
pub fn SecondPerson(waiting: Vec<Waiting>, forms: &'static str, may_change: bool) -> impl IntoView {
    if waiting.is_empty() {
        return ().into_any();
    }
    let button = move |id: i64, action: &str, word: &'static str, class: &'static str| {
        view! { <form method="post" action=format!("{forms}/{action}")><input type="hidden" name="id" value=id/><button class=class>{word}</button></form> }
    };
    let row = move |w: Waiting| {
        let agree = (may_change && !w.own).then(|| button(w.id, "approve", "Agree", "primary"));
        let decline = may_change.then(|| button(w.id, "decline", if w.own { "Take back" } else { "Decline" }, ""));
        view! {
            <li class="waiting-rule">
                <span><b>{w.what}</b><small class="quiet">" proposed by "{w.by}", until "<Time at=w.expires_at/></small></span>
                <span class="waiting-buttons">{agree}{decline}</span>
            </li>
        }
    };
    view! { <Card title="Waiting for a second administrator" id="waiting"><ul class="waiting-rules">{waiting.into_iter().map(row).collect_view()}</ul></Card> }
        .into_any()
}
