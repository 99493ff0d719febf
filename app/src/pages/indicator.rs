//! `/indicators/:id`: one indicator, and who else saw the same.

use crate::{api::pages, components::*};
use domain::{
    Timestamp,
    aggregate::LEAST,
    view::{Indicator, IndicatorReport, NetworkRow, Observed},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// One indicator.
#[component]
pub fn IndicatorPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.with(|p| p.get_str("id").unwrap_or_default().to_owned()));
    let data = async move { pages().indicator(id.get_untracked()).await };
    view! { <Page title="Indicator">{loaded(data, |page| view! { <One page/> })}</Page> }
}

#[component]
fn One(page: Signal<Indicator>) -> impl IntoView {
    let title = Signal::derive(move || page.with(|p| p.row.observed.to_string()));
    let crumbs = Signal::stored(vec![("Overview".to_owned(), "/".to_owned()), ("Indicators".to_owned(), "/indicators".to_owned())]);
    let marks = move || {
        page.with(|p| {
            let state = if p.row.active { ("pill pill-open", "Active") } else { ("pill", "No longer active") };
            view! {
                <span>{p.row.kind.clone()}</span>
                <span class=state.0>{state.1}</span>
                {p.row.severity.map(|severity| view! { <SeverityMark severity/> })}
                <OrgLink org=p.row.org.clone()/>
            }
        })
    };
    let reporters = move || page.with(who_reported);
    let description = move || page.with(|p| (!p.description.is_empty()).then(|| view! { <p class="prose">{p.description.clone()}</p> }));
    view! {
        <Trail title crumbs/>
        <Live topics="indicators:"/>
        <div class="long-title"><PageHead title tlp=Signal::derive(move || page.with(|p| p.highest_tlp))>{marks}</PageHead></div>
        <div class="record">
            <div class="record-main">
                <Card title="Who saw it, and when"><p class="lead">{reporters}</p><Reports page/></Card>
                {move || page.with(|p| (!p.networks.is_empty()).then(|| view! { <Networks rows=p.networks.clone()/> }))}
                <Card title="As pushed"><Raw label="Indicator as pushed" text=Signal::derive(move || page.with(|p| p.raw.clone()))/><p class="quiet">{move || page.with(|p| p.made.clone())}</p></Card>
            </div>
            <div class="record-side">
                <Card title="Facts">{description}<FactList page/></Card>
                <Card title="Who can see it"><WhoSees reach=Signal::derive(move || page.with(|p| p.reach.clone()))/></Card>
            </div>
        </div>
    }
}

/// What an address lies in, and what a network contains, as far as others reported it.
#[component]
fn Networks(rows: Vec<NetworkRow>) -> impl IntoView {
    let query = use_page_query();
    let row = move |row: NetworkRow| {
        view! {
            <li>
                {if row.within { "Contains " } else { "Is within " }}
                <a href=kept(query, &format!("/indicators/{}", row.id))>{row.value}</a>
                ", reported by "
                <OrgLink org=row.org/>
            </li>
        }
    };
    view! { <Card title="Networks"><ul class="networks">{rows.into_iter().map(row).collect_view()}</ul></Card> }
}

/// The number that the list shows, in words.
fn who_reported(p: &Indicator) -> String {
    let named = plural(p.row.reporters.into(), "organisation that you may see reported this value", "organisations that you may see reported this value");
    match (p.row.unnamed, p.row.compared_from) {
        (true, _) => format!("{named}, and {LEAST} or more organisations that are not named."),
        (false, None) => format!("{named}."),
        (false, Some(day)) => format!(
            "{named}. It is compared with organisations that are not named from {} on: your organisation's comparisons until then are used up.",
            day.date()
        ),
    }
}

#[component]
fn FactList(page: Signal<Indicator>) -> impl IntoView {
    move || {
        page.with(|p| {
            let confidence = p.confidence.map_or_else(|| "not said".to_owned(), |c| format!("{c} of 100"));
            let hash = match &p.row.observed {
                Observed::Hash(hash) => Some(hash.clone()),
                Observed::Value(_) => None,
            };
            view! {
                <dl class="facts-list">
                    <div><dt>"Type"</dt><dd>{p.row.kind.clone()}</dd></div>
                    {hash.map(|hash| view! { <div><dt>"Keyed hash"</dt><dd><code class="hash">{hash}</code><small>"Its organisation does not tell the value."</small></dd></div> })}
                    {p.sent.clone().map(|sent| view! { <div><dt>"As sent"</dt><dd><code>{sent}</code></dd></div> })}
                    <div><dt>"Confidence"</dt><dd>{confidence}</dd></div>
                    <div><dt>"First seen"</dt><dd><Time at=p.row.first_seen/></dd></div>
                    <div><dt>"Last seen"</dt><dd><Time at=p.row.last_seen/></dd></div>
                    {p.valid_until.map(|at| view! { <div><dt>"Valid until"</dt><dd><Time at/></dd></div> })}
                </dl>
            }
        })
    }
}

/// All reports on one scale of time, earliest first.
#[component]
fn Reports(page: Signal<Indicator>) -> impl IntoView {
    let query = use_page_query();
    let row = move |report: &IndicatorReport, here: bool, span: (Timestamp, Timestamp)| {
        let href = kept(query, &format!("/indicators/{}", report.id));
        // Only the own organisation's pushes are shared as a whole.
        let receipt = if report.receipt.is_empty() {
            view! { <span class="quiet">"not shared"</span> }.into_any()
        } else {
            view! { <a href=kept(query, &format!("/receipts/{}", report.receipt))>"Receipt"<span class="sr">" of " {report.org.name.clone()}</span></a> }
                .into_any()
        };
        view! {
            <tr class:here=here>
                <th scope="row"><OrgLink org=report.org.clone()/>{if here { view! { <small>"this report"</small> }.into_any() } else { view! { <small><a href=href>"its report"</a></small> }.into_any() }}{report.hashed.then(|| view! { <small>"keyed hash"</small> })}</th>
                <td><TlpBadge tlp=report.tlp/></td>
                <td class="cell-span"><Span from=report.first_seen to=report.last_seen whole=span/></td>
                <td><Time at=report.first_seen/></td>
                <td><Time at=report.last_seen/></td>
                <td>{receipt}</td>
            </tr>
        }
    };
    let rows = move || {
        page.with(|p| {
            let from = p.reports.iter().map(|r| r.first_seen).min().unwrap_or_default();
            let to = p.reports.iter().map(|r| r.last_seen).max().unwrap_or_default();
            p.reports.iter().map(|report| row(report, report.id == p.row.id, (from, to))).collect_view()
        })
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Reports of this value">
            <table class="reports">
                <caption class="sr">"Reports of this value, earliest first"</caption>
                <thead>
                    <tr>
                        <th scope="col">"Organisation"</th>
                        <th scope="col">"TLP"</th>
                        <th scope="col">"Seen"</th>
                        <th scope="col">"First"</th>
                        <th scope="col">"Last"</th>
                        <th scope="col">"Source"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
}

/// When something was seen, as a bar on the scale of all reports. Its moments stand beside it.
#[component]
fn Span(from: Timestamp, to: Timestamp, whole: (Timestamp, Timestamp)) -> impl IntoView {
    let length = whole.1.since(whole.0).max(1) as f64;
    // Never thinner than can be seen, and never beyond the end.
    let width = (to.since(from) as f64 / length * 100.0).clamp(3.0, 100.0);
    let x = (from.since(whole.0) as f64 / length * 100.0).clamp(0.0, 100.0 - width);
    view! {
        <svg class="share" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
            <rect class="track" width="100" height="8"></rect>
            <rect class="value" x=format!("{x:.1}") width=format!("{width:.1}") height="8"></rect>
        </svg>
    }
}
