//! What waits for a second person of the organisation.

use super::{Card, Time};
use domain::Timestamp;
use leptos::prelude::*;

/// Why an agreement did not count where one person may stand behind both.
pub const RELATED: &str = "Nothing has changed. For 7 days after an account was invited, promoted, enabled, reset or given a new link, the people who did that and the account cannot agree to each other's changes. Another administrator can.";
/// The same where an only administrator agrees alone.
pub const EARLY: &str = "Nothing has changed yet. You are your organisation's only administrator, so you can put this in force yourself 24 hours after you proposed it; the hub's steward is told. With a second administrator it takes effect as soon as they agree.";

/// Something that one administrator proposed.
pub struct Waiting {
    pub id: i64,
    /// What would be.
    pub what: String,
    /// What it changes, in pairs of a word and what stands under it: for whom, from what, to what.
    pub details: Vec<(&'static str, String)>,
    /// The same preview as whoever proposed it had; empty where there is none.
    pub preview: String,
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
        let preview = (!w.preview.is_empty()).then(|| view! { " "<a href=w.preview.clone()>"See what this shows, and to whom"</a> });
        let pair = |(word, text): (&'static str, String)| view! { <div><dt>{word}</dt><dd>{text}</dd></div> };
        let details = (!w.details.is_empty()).then(|| view! { <dl class="facts-list">{w.details.into_iter().map(pair).collect_view()}</dl> });
        view! {
            <li class="waiting-rule">
                <div><b>{w.what}</b>{preview}{details}<small class="quiet">"proposed by "{w.by}", until "<Time at=w.expires_at/></small></div>
                <span class="waiting-buttons">{agree}{decline}</span>
            </li>
        }
    };
    view! { <Card title="Waiting for a second administrator" id="waiting"><ul class="waiting-rules">{waiting.into_iter().map(row).collect_view()}</ul></Card> }
        .into_any()
}
