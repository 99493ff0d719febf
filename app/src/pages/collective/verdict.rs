//! The verdict with the three numbers that it is made of.

use crate::components::*;
use domain::{query::PageQuery, view::Collective};
use leptos::prelude::*;

/// The card an executive reads first.
#[component]
pub fn VerdictCard(page: Signal<Collective>) -> impl IntoView {
    let query = use_page_query();
    let reporting = move || {
        page.with(|p| {
            let parts = [("late", p.coverage.late), ("stale", p.coverage.stale), ("silent", p.coverage.silent), ("never reported", p.coverage.never)];
            let words: Vec<_> = parts.into_iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}")).collect();
            if words.is_empty() { "all fresh".to_owned() } else { words.join(", ") }
        })
    };
    let criticals = move || {
        let q = PageQuery { status: "open".into(), sev: "critical".into(), ..query.with(PageQuery::kept) };
        q.href("/incidents")
    };
    view! {
        <section class="card verdict" aria-labelledby="verdict">
            <div class="verdict-words">
                <h1 id="verdict">
                    <b class=move || page.with(|p| format!("word st-{}", standing_look(p.verdict.standing).0))>{move || page.with(|p| p.verdict.word.clone())}</b>
                    " "
                    {move || page.with(|p| p.verdict.headline.clone())}
                </h1>
                <p>{move || page.with(|p| p.verdict.detail.clone())}</p>
                <Weakest page/>
            </div>
            <div class="verdict-numbers">
                <div class="index">
                    <Stat label="Index, 0–100" href=Signal::derive(move || kept(query, "/about/scoring")) value=move || page.with(|p| view! { <ScoreText score=p.index.score/> })>
                        {move || {
                            page.with(|p| {
                                p.index.change.map(|change| view! { <Delta change=Some(change)/> " in 30 days · " })
                            })
                        }}
                        <Band page/>
                    </Stat>
                    <Svg class="index-history" markup=Signal::derive(move || page.with(|p| p.index.history.clone()))/>
                </div>
                <Stat
                    label="Reporting"
                    href=Signal::derive(move || kept(query, "/status"))
                    value=move || page.with(|p| view! { {p.coverage.reporting()}<small>"/"{p.coverage.total()}</small> })
                >
                    {reporting}
                </Stat>
                <Stat
                    label="Open critical"
                    href=Signal::derive(criticals)
                    class=Signal::derive(move || if page.with(|p| p.critical.open > 0) { "sev-critical" } else { "" })
                    value=move || page.with(|p| p.critical.open.to_string())
                >
                    {move || page.with(|p| view! { <Trend change=p.critical.change/> })}
                </Stat>
            </div>
            <div class="verdict-tlp">{move || page.with(|p| view! { <TlpBadge tlp=p.highest_tlp/> })}</div>
        </section>
    }
    .into_any()
}

/// The band that unknown values leave open, and whether silence holds the index down.
#[component]
fn Band(page: Signal<Collective>) -> impl IntoView {
    move || {
        page.with(|p| {
            let title = "Between all unknown values at 0 and all at 100";
            let held = p
                .index
                .held
                .then(|| view! { <span class="held" title="Silent organisations hold the index below the mean of those that report">" held"</span> });
            view! { <span class="band-words" title=title>{format!("{}–{}", points(p.index.low), points(p.index.high))}</span> {held} }
        })
    }
}

/// The three weakest by name: an average never stands alone.
#[component]
fn Weakest(page: Signal<Collective>) -> impl IntoView {
    move || {
        page.with(|p| {
            (!p.index.weakest.is_empty()).then(|| {
                let names = p.index.weakest.iter().map(|(org, score)| view! { <li><OrgLink org=org.clone()/>" "<b>{points(*score)}</b></li> }).collect_view();
                view! { <div class="weakest"><span>"Weakest reporting:"</span><ul>{names}</ul></div> }
            })
        })
    }
}

/// A change in the number of open criticals: more is worse.
#[component]
fn Trend(change: i32) -> impl IntoView {
    let (class, sign, word) = match change {
        1.. => ("delta down", "▲", "up "),
        0 => ("delta same", "=", "unchanged"),
        _ => ("delta up", "▼", "down "),
    };
    let number = (change != 0).then(|| change.unsigned_abs().to_string());
    view! { <span class=class><span aria-hidden="true">{sign}</span><span class="sr">{word}</span>{number}</span>" in 7 days" }
}
