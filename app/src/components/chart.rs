//! A chart with everything around it: takeaway, keyboard walk, data table, CSV.

use super::{Empty, Time};
use domain::{DAY, Timestamp, view::Chart};
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

/// When a row is from, as moments are written on the page; the file has them as machines read them.
fn moment(cell: &str, of_a_day: bool) -> AnyView {
    match Timestamp::parse(cell) {
        Ok(at) if of_a_day && is_day(cell) => at.date().into_any(),
        Ok(at) => view! { <Time at seconds=true/> }.into_any(),
        Err(_) => cell.to_owned().into_any(),
    }
}

fn is_day(cell: &str) -> bool {
    Timestamp::parse(cell).is_ok_and(|at| at.0.rem_euclid(DAY) == 0)
}

/// The chart's rows as a table.
#[component]
fn DataTable(chart: Signal<Chart>) -> impl IntoView {
    let heads = move || {
        chart.with(|c| c.columns.iter().map(|head| view! { <th scope="col">{head.strip_suffix(" (UTC)").unwrap_or(head).to_owned()}</th> }).collect_view())
    };
    let rows = move || {
        chart.with(|c| {
            // Days, the last of which may still go on.
            let days = c.rows.split_last().is_some_and(|(last, rows)| if rows.is_empty() { is_day(&last[0]) } else { rows.iter().all(|row| is_day(&row[0])) });
            c.rows
                .iter()
                .map(|row| {
                    let cells = row.iter().skip(1).map(|cell| view! { <td>{cell.clone()}</td> }).collect_view();
                    view! { <tr><th scope="row">{moment(row.first().map_or("", String::as_str), days)}</th>{cells}</tr> }
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
