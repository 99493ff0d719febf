//! A chart with everything around it: takeaway, keyboard walk, data table, CSV.

use super::Empty;
use domain::view::Chart;
use leptos::prelude::*;

/// A chart panel.
#[component]
pub fn ChartPanel(#[prop(into)] chart: Signal<Chart>) -> impl IntoView {
    let drawn = Memo::new(move |_| chart.with(|c| !c.wide.is_empty()));
    view! {
        <Show when=move || drawn.get() fallback=|| view! { <Empty title="Nothing to draw in this range yet."/> }>
            <figure class="chart-panel">
                <figcaption>{move || chart.with(|c| c.takeaway.clone())}</figcaption>
                <div class="chart-box" data-hold="">
                    <div class="chart-narrow" data-atomic="" inner_html=move || chart.with(|c| c.narrow.clone())></div>
                    <div class="chart-wide" data-atomic="" inner_html=move || chart.with(|c| c.wide.clone())></div>
                </div>
                <Walk chart/>
                <div class="chart-foot">
                    <details class="data">
                        <summary>"Data table"</summary>
                        <DataTable chart/>
                    </details>
                    <a href=move || chart.with(|c| c.csv.clone()) download="">"CSV"<span class="sr">" of " {move || chart.with(|c| c.title.clone())}</span></a>
                </div>
            </figure>
        </Show>
    }
    .into_any()
}

/// One tab stop that walks through the values with the arrow keys and shows each. The client makes it work, from the rows
/// of the data table beside it; without WASM the table alone serves.
#[component]
fn Walk(chart: Signal<Chart>) -> impl IntoView {
    view! {
        <div class="walk" hidden="" data-walk="" data-client="" data-hold="" role="slider" tabindex="0" aria-label=move || chart.with(|c| format!("Values: {}", c.title)) aria-valuemin="0" aria-valuemax="0" aria-valuenow="0">
            <span class="walk-keys" aria-hidden="true">"← →"</span>
            <span class="walk-words"></span>
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
