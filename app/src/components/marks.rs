//! Marks: TLP, severity, standing, freshness, incident status. Always sign and word, never colour alone; status signs and severity
//! signs are different sets.

use domain::{Freshness, IncidentStatus, Severity, Timestamp, Tlp, timestamp::duration, verdict::Standing};
use leptos::prelude::*;

/// A TLP 2.0 marking, in the colours FIRST prescribes.
#[component]
pub fn TlpBadge(tlp: Tlp) -> impl IntoView {
    let class = match tlp {
        Tlp::Clear => "tlp tlp-clear",
        Tlp::Green => "tlp tlp-green",
        Tlp::Amber | Tlp::AmberStrict => "tlp tlp-amber",
        Tlp::Red => "tlp tlp-red",
    };
    view! { <span class=class>"TLP:" {tlp.name()}</span> }
}

/// A severity: ◆ ▲ ■ ● ○.
#[component]
pub fn SeverityMark(severity: Severity) -> impl IntoView {
    let (class, sign, word) = match severity {
        Severity::Critical => ("mark sev-critical", "◆", "Critical"),
        Severity::High => ("mark sev-high", "▲", "High"),
        Severity::Medium => ("mark sev-medium", "■", "Medium"),
        Severity::Low => ("mark sev-low", "●", "Low"),
        Severity::Info => ("mark sev-info", "○", "Info"),
    };
    view! { <span class=class><span class="sign" aria-hidden="true">{sign}</span>{word}</span> }
}

/// The class, sign and word of a standing.
#[must_use]
pub const fn standing_look(standing: Standing) -> (&'static str, &'static str, &'static str) {
    match standing {
        Standing::Good => ("good", "✓", "On target"),
        Standing::Watch => ("watch", "!", "Watch"),
        Standing::Off => ("off", "✕", "Off target"),
        Standing::Stale => ("stale", "◷", "No current score"),
    }
}

/// How something stands: ✓ ! ✕ ◷.
#[component]
pub fn StandingMark(standing: Standing) -> impl IntoView {
    let (class, sign, word) = standing_look(standing);
    view! { <span class=format!("mark st-{class}")><span class="sign" aria-hidden="true">{sign}</span>{word}</span> }
}

/// How old data is, with its age where it is known.
#[component]
pub fn FreshnessMark(
    freshness: Freshness,
    /// When the data was last seen.
    seen: Option<Timestamp>,
    /// The moment of the page.
    as_of: Timestamp,
) -> impl IntoView {
    let (class, sign) = match freshness {
        Freshness::Fresh => ("mark fr-fresh", "✓"),
        Freshness::Late => ("mark fr-late", "◷"),
        Freshness::Stale | Freshness::Silent | Freshness::Never => ("mark fr-stale", "◷"),
    };
    let age = match (freshness, seen) {
        (Freshness::Never, _) | (_, None) => String::new(),
        (_, Some(seen)) => format!(" {}", duration(as_of.since(seen))),
    };
    view! { <span class=class><span class="sign" aria-hidden="true">{sign}</span>{freshness.label()}{age}</span> }
}

/// Where an incident stands.
#[component]
pub fn StatusMark(status: IncidentStatus) -> impl IntoView {
    view! { <span class=if status.is_open() { "pill pill-open" } else { "pill" }>{status.label()}</span> }
}
