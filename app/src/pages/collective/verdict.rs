//! The verdict with the three numbers that it is made of.

use crate::{api::pages, components::*};
use domain::{
    Role,
    query::PageQuery,
    view::{Collective, OpenCritical},
};
use leptos::prelude::*;

/// The card an executive reads first.
#[component]
pub fn VerdictCard(page: Signal<Collective>) -> impl IntoView {
    let query = use_page_query();
    let reporting = move || {
        page.with(|p| {
            let parts = [
                ("late", p.coverage.late),
                ("stale", p.coverage.stale),
                ("silent", p.coverage.silent),
                ("never reported", p.coverage.never),
                ("not shared", p.coverage.hidden),
            ];
            let words: Vec<_> = parts.into_iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}")).collect();
            match (words.is_empty(), p.index.score) {
                (true, Some(_)) => "all fresh".to_owned(),
                // Who reports something else than metrics is heard of, and not scored.
                (true, None) => "no current metric values".to_owned(),
                (false, _) => words.join(", "),
            }
        })
    };
    let criticals = move || {
        let q = PageQuery { status: "open".into(), sev: "critical".into(), ..query.with(PageQuery::kept) };
        q.href("/incidents")
    };
    let open = move || query.with(|q| q.kept().with("status", "open").href("/incidents"));
    view! {
        <section class="card verdict" aria-labelledby="verdict">
            <div class="verdict-words">
                <h1 id="verdict">
                    <b class=move || page.with(|p| format!("word st-{}", standing_look(p.verdict.standing).0))>{move || page.with(|p| p.verdict.word.clone())}</b>
                    " "
                    {move || page.with(|p| p.verdict.headline.clone())}
                </h1>
                <p>{move || page.with(|p| p.verdict.detail.clone())}</p>
                {first_step(page)}
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
                    label="Open incidents"
                    href=Signal::derive(open)
                    value=move || page.with(|p| view! { {p.open_partial.then(|| view! { <small>"at least "</small> })}{count(p.open_incidents)} })
                >
                    "of all severities"
                </Stat>
                <Stat
                    label="Open critical"
                    href=Signal::derive(criticals)
                    class=Signal::derive(move || if page.with(|p| p.critical.least() > 0) { "sev-critical" } else { "" })
                    value=move || page.with(|p| view! { {p.critical.is_partial().then(|| view! { <small>"at least "</small> })}{p.critical.least()} })
                >
                    {move || page.with(|p| view! { <Trend change=p.critical.change/>{critical_hidden(&p.critical)} })}
                </Stat>
            </div>
            <div class="verdict-tlp">{move || page.with(|p| view! { <TlpBadge tlp=p.highest_tlp/> })}</div>
        </section>
    }
    .into_any()
}

/// The way to a hub's first data, for those who can make the key that it takes.
fn first_step(page: Signal<Collective>) -> Option<impl IntoView> {
    let query = use_page_query();
    let nothing = page.with_untracked(|p| p.coverage.total() > 0 && p.coverage.never == p.coverage.total());
    let makes_keys = || pages().shell().is_ok_and(|shell| shell.viewer.is_some_and(|person| person.role == Role::OrgAdmin));
    (nothing && makes_keys()).then(|| view! { <p><a href=kept(query, "/connect")>"Connect your organisation: make a key and push the first data ›"</a></p> })
}

/// Why there may be more open critical incidents.
fn critical_hidden(critical: &OpenCritical) -> String {
    let mut parts = Vec::new();
    if critical.withdrawn > 0 {
        parts.push(format!(" · {} no longer shown to you", critical.withdrawn));
    }
    if critical.not_shared > 0 {
        parts.push(format!(" · {} not share all of theirs", plural(critical.not_shared.into(), "organisation does", "organisations do")));
    }
    parts.concat()
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
                .then(|| view! { <span class="held" title="Organisations that are silent, or no longer shared, hold the index below the mean of those that report">" held"</span> });
            // What the standing goes by, where some hide their posture.
            let floor = p.index.floor.zip(p.index.score).filter(|(floor, score)| floor.round() < score.round());
            let floor = floor.map(|(floor, _)| view! { <span title="With every organisation at 0 that does not share its posture with you">{format!(" at least {}", points(floor))}</span> });
            view! { <span class="band-words" title=title>{format!("{}–{}", points(p.index.low), points(p.index.high))}</span> {held} {floor} }
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
                view! { <div class="weakest"><span>"Lowest scores:"</span><ul>{names}</ul></div> }
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
