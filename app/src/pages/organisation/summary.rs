//! The organisation's score: where it stands, against whom, and what moved it.

use crate::components::*;
use domain::{
    Level, Severity,
    view::{CauseRow, Organisation},
};
use leptos::prelude::*;

/// Score, peers, coverage, and the parts of the change.
#[component]
pub fn SummaryCard(page: Signal<Organisation>) -> impl IntoView {
    let score = move || {
        page.with(|p| {
            let (class, ..) = standing_look(p.standing);
            let note = match (p.score, p.last) {
                (None, Some(last)) => view! { "last known "{points(last)} }.into_any(),
                (None, None) => view! { "nothing was reported yet" }.into_any(),
                _ => view! { <Delta change=p.change/> {p.change.map(|_| " in 30 days")} }.into_any(),
            };
            view! {
                <div class="stat">
                    <p class="stat-label">"Score, 0–100"</p>
                    <p class=format!("stat-value is-{class}")><ScoreAtMost score=p.score at_most=p.at_most/></p>
                    <p class="stat-note">{note}</p>
                    <p><StandingMark standing=p.standing/></p>
                </div>
            }
        })
    };
    let peers = move || {
        page.with(|p| match p.peers {
            Some(peers) => view! {
                <div class="stat">
                    <p class="stat-label">"Peer median"</p>
                    <p class="stat-value">{points(peers.median)}</p>
                    <p class="stat-note">{format!("quartiles {}–{} (n={})", points(peers.lower_quartile), points(peers.upper_quartile), peers.n)}</p>
                </div>
            }
            .into_any(),
            None => view! {
                <div class="stat">
                    <p class="stat-label">"Peer median"</p>
                    <p class="stat-value unknown">"–"</p>
                    <p class="stat-note">"shown from five peers up"</p>
                </div>
            }
            .into_any(),
        })
    };
    let coverage = move || {
        page.with(|p| {
            view! {
                <div class="stat">
                    <p class="stat-label">"Current values"</p>
                    <p class="stat-value">{format!("{:.0}", p.coverage * 100.0)}<small>"%"</small></p>
                    <p class="stat-note">{if p.high - p.low < 0.5 { "all values current".to_owned() } else { format!("the score could be {} to {}", points(p.low), points(p.high)) }}</p>
                </div>
            }
        })
    };
    let remarks = move || {
        page.with(|p| {
            let critical = p.open_by_severity.iter().find(|(severity, _)| *severity == Severity::Critical).map_or(0, |(_, n)| *n);
            let capped = p.uncapped.map(|score| match critical {
                n @ 2.. => format!("{} open critical incidents cap the score; without them, it would be {}.", count(n), points(score)),
                _ => format!("An open critical incident caps the score; without it, it would be {}.", points(score)),
            });
            let held = p.held.then(|| "Values that fell silent hold the score below the mean of the current ones.".to_owned());
            let summary =
                (p.shared != Level::Detail).then(|| format!("{} shares its posture with you as a summary: scores, but no single values.", p.org.name));
            let hidden = (!p.hidden.is_empty()).then(|| {
                let bound = at_most_words(p.score, p.at_most).map_or_else(String::new, |most| {
                    format!(" The score is{most}, and {} counts, as if a critical incident were open.", p.score.map_or_else(String::new, points))
                });
                format!("{}: {}.{bound}", p.org.name, p.hidden)
            });
            [summary, hidden, capped, held].into_iter().flatten().map(|text| view! { <p class="remark">{text}</p> }).collect_view()
        })
    };
    let history = Memo::new(move |_| page.with(|p| p.history.clone()));
    view! {
        <section class="card summary" aria-label="Score">
            <div class="summary-score">
                <div class="summary-numbers">{score}{peers}{coverage}</div>
                <RangePicker/>
                <ChartPanel chart=history/>
            </div>
            <div class="causes">
                <h2>"What moved the score in 30 days"</h2>
                <Causes page/>
                {remarks}
            </div>
        </section>
    }
    .into_any()
}

/// The parts of the change; the small ones together, so that the list still sums to the whole.
#[component]
fn Causes(page: Signal<Organisation>) -> impl IntoView {
    let query = use_page_query();
    let line = move |cause: &CauseRow| {
        let text = if cause.href.is_empty() {
            view! { <span>{cause.text.clone()}</span> }.into_any()
        } else {
            view! { <a href=kept(query, &cause.href)>{cause.text.clone()}</a> }.into_any()
        };
        view! { <li>{text}<PartPoints points=cause.points/></li> }
    };
    move || {
        page.with(|p| {
            if p.shared != Level::Detail {
                return view! { <p class="quiet">"Which values moved it is not shared with you."</p> }.into_any();
            }
            if p.causes.is_empty() {
                return view! { <p class="quiet">"Unchanged, or there is no value from 30 days ago to compare with."</p> }.into_any();
            }
            let sum: f64 = p.causes.iter().map(|c| c.points).sum();
            view! { <ul>{p.causes.iter().map(line).collect_view()}<li class="sum"><span>"Sum"</span><PartPoints points=sum/></li></ul> }.into_any()
        })
    }
}

/// Points with one decimal and sign: parts are small, and rounding them would break the sum.
#[component]
fn PartPoints(points: f64) -> impl IntoView {
    let tenths = domain::points::tenth(points);
    let class = if tenths > 0.0 {
        "delta up"
    } else if tenths < 0.0 {
        "delta down"
    } else {
        "delta same"
    };
    let text = if tenths == 0.0 { "0.0".to_owned() } else { format!("{}{:.1}", if tenths > 0.0 { "+" } else { "−" }, tenths.abs()) };
    view! { <span class=class>{text}</span> }
}
