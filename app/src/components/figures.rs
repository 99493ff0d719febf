//! Numbers: scores, changes, bullets, bars.

use domain::verdict::Standing;
use leptos::prelude::*;

/// A score as shown: rounded, or a dash that says "unknown" to those who do not see it.
#[component]
pub fn ScoreText(score: Option<f64>) -> impl IntoView {
    match score {
        Some(score) => view! { <span class="score">{points(score)}</span> }.into_any(),
        None => view! { <span class="score unknown"><span aria-hidden="true">"–"</span><span class="sr">"not known"</span></span> }.into_any(),
    }
}

/// The lower end of a score, with the upper end where it is not known which of them it is: `60` and `at most 72`.
#[component]
pub fn ScoreAtMost(score: Option<f64>, at_most: Option<f64>) -> impl IntoView {
    view! { <ScoreText score/>{at_most_words(score, at_most).map(|words| view! { <small class="at-most">{words}</small> })} }
}

/// " at most 72", where that is more than the score.
#[must_use]
pub fn at_most_words(score: Option<f64>, at_most: Option<f64>) -> Option<String> {
    let most = at_most.filter(|most| score.is_some_and(|score| most.round() > score.round()))?;
    Some(format!(" at most {}", points(most)))
}

/// Whole points.
#[must_use]
pub fn points(score: f64) -> String {
    // Adding 0 turns "-0" into "0".
    format!("{:.0}", score.round() + 0.0)
}

/// A change in points, to a tenth: ▲3.2, ▼13.0, =; nothing where it is not known. Up is good.
#[component]
pub fn Delta(change: Option<f64>) -> impl IntoView {
    change.map(|change| {
        let rounded = domain::points::tenth(change);
        let (class, sign, word) = if rounded > 0.0 {
            ("delta up", "▲", "up ")
        } else if rounded < 0.0 {
            ("delta down", "▼", "down ")
        } else {
            ("delta same", "=", "unchanged")
        };
        let number = if rounded == 0.0 { String::new() } else { format!("{:.1}", rounded.abs()) };
        view! { <span class=class><span aria-hidden="true">{sign}</span><span class="sr">{word}</span>{number}</span> }
    })
}

/// A count with thousands apart.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 organisation`, `2 organisations`.
#[must_use]
pub fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// One big number with its label above and a remark below.
#[component]
pub fn Stat(
    #[prop(into)] label: String,
    /// Where its rows are.
    #[prop(into)]
    href: Signal<String>,
    /// The number itself.
    #[prop(into)]
    value: ViewFn,
    /// A class for the number's colour.
    #[prop(optional, into)]
    class: Signal<&'static str>,
    /// What stands under the number.
    children: Children,
) -> impl IntoView {
    view! {
        <div class="stat">
            <p class="stat-label">{label}</p>
            <p><a class=move || format!("stat-value {}", class.get()) href=href>{move || value.run()}</a></p>
            <p class="stat-note">{children()}</p>
        </div>
    }
    .into_any()
}

/// Now against the target: a bar from zero with a mark. Its numbers stand beside it, so it is not read out.
#[component]
pub fn Bullet(score: Option<f64>, target: f64, #[prop(optional)] stale: bool) -> impl IntoView {
    let value = score.unwrap_or(0.0).clamp(0.0, 100.0);
    let class = match against_target(score, target) {
        _ if stale => "value stale",
        Standing::Off => "value off",
        _ => "value",
    };
    view! {
        <svg class="bullet" viewBox="0 0 100 12" preserveAspectRatio="none" aria-hidden="true" focusable="false">
            <rect class="track" width="100" height="12"></rect>
            <rect class="zone" width=target.to_string() height="12"></rect>
            <rect class=class y="4" width=value.to_string() height="4"></rect>
            <path class="mark" d=format!("M{target} 0v12") vector-effect="non-scaling-stroke"></path>
        </svg>
    }
}

/// A bar of a share, 0 to 1, from zero. Its number stands beside it.
#[component]
pub fn ShareBar(share: f64) -> impl IntoView {
    let width = (share.clamp(0.0, 1.0) * 100.0).to_string();
    view! {
        <svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
            <rect class="track" width="100" height="8"></rect>
            <rect class="value" width=width height="8"></rect>
        </svg>
    }
}

/// The standing of a score against a target of its own: off when more than a tenth of the target is missing.
#[must_use]
pub fn against_target(score: Option<f64>, target: f64) -> Standing {
    match score.map(f64::round) {
        None => Standing::Stale,
        Some(score) if score >= target.round() => Standing::Good,
        Some(score) if score >= target * 0.9 => Standing::Watch,
        Some(_) => Standing::Off,
    }
}
