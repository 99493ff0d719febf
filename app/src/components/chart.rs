//! A chart with everything around it: takeaway, keyboard walk, data table, CSV.

use super::Empty;
use domain::view::Chart;
use leptos::prelude::*;

/// A chart panel. It is made once per page; later data changes it in place, so the reader's place in it stays.
#[component]
pub fn ChartPanel(#[prop(into)] chart: Signal<Chart>) -> impl IntoView {
    let hydrated = RwSignal::new(false);
    Effect::new(move |_| hydrated.set(true));
    let drawn = Memo::new(move |_| chart.with(|c| !c.wide.is_empty()));
    view! {
        <Show when=move || drawn.get() fallback=|| view! { <Empty title="Nothing to draw in this range yet."/> }>
            <figure class="chart-panel" data-hold="">
                <figcaption>{move || chart.with(|c| c.takeaway.clone())}</figcaption>
                <div class="chart-box">
                    <div class="chart-narrow" inner_html=move || chart.with(|c| c.narrow.clone())></div>
                    <div class="chart-wide" inner_html=move || chart.with(|c| c.wide.clone())></div>
                </div>
                <Show when=move || hydrated.get()><Walk chart/></Show>
                <div class="chart-foot">
                    <details class="data">
                        <summary>"Data table"</summary>
                        <DataTable chart/>
                    </details>
                    <a href=move || chart.with(|c| c.csv.clone()) rel="external" download="">"CSV"<span class="sr">" of " {move || chart.with(|c| c.title.clone())}</span></a>
                </div>
            </figure>
        </Show>
    }
    .into_any()
}

/// One tab stop that walks through the values with the arrow keys and shows each.
#[component]
fn Walk(chart: Signal<Chart>) -> impl IntoView {
    let last = Memo::new(move |_| chart.with(|c| c.rows.len().saturating_sub(1)));
    // Counted from the newest, so that the reader stays at "now" while new values come.
    let back = RwSignal::new(0_usize);
    let index = Memo::new(move |_| last.get().saturating_sub(back.get()));
    let words = Memo::new(move |_| {
        chart.with(|c| {
            let Some(row) = c.rows.get(index.get()) else { return String::new() };
            row.iter().zip(&c.columns).enumerate().map(|(i, (cell, head))| if i == 0 { cell.clone() } else { format!("{head} {cell}") }).collect::<Vec<_>>().join(" · ")
        })
    });
    let step = move |ev: leptos::ev::KeyboardEvent| {
        let (last, at) = (last.get_untracked(), index.get_untracked());
        let to = match ev.key().as_str() {
            "ArrowLeft" | "ArrowDown" => at.saturating_sub(1),
            "ArrowRight" | "ArrowUp" => (at + 1).min(last),
            "PageDown" => at.saturating_sub(10),
            "PageUp" => (at + 10).min(last),
            "Home" => 0,
            "End" => last,
            _ => return,
        };
        ev.prevent_default();
        back.set(last - to);
    };
    view! {
        <div
            class="walk"
            role="slider"
            tabindex="0"
            aria-label=move || chart.with(|c| format!("Values: {}", c.title))
            aria-valuemin="0"
            aria-valuemax=move || last.get().to_string()
            aria-valuenow=move || index.get().to_string()
            aria-valuetext=words
            on:keydown=step
        >
            <span class="walk-keys" aria-hidden="true">"← →"</span>
            {words}
        </div>
    }
    .into_any()
}

/// The chart's rows as a table.
#[component]
fn DataTable(chart: Signal<Chart>) -> impl IntoView {
    let heads = move || chart.with(|c| c.columns.iter().map(|head| view! { <th scope="col">{head.clone()}</th> }).collect_view());
    let rows = move || {
        chart.with(|c| {
            c.rows
                .iter()
                .map(|row| {
                    let cells = row.iter().skip(1).map(|cell| view! { <td>{cell.clone()}</td> }).collect_view();
                    view! { <tr><th scope="row">{row.first().cloned().unwrap_or_default()}</th>{cells}</tr> }
                })
                .collect_view()
        })
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=move || chart.with(|c| format!("Data of {}", c.title))>
            <table>
                <caption class="sr">{move || chart.with(|c| c.title.clone())}</caption>
                <thead><tr>{heads}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
