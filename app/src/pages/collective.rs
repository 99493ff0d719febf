//! `/`: are we all right? The verdict first, then what needs attention, then the parts.

mod cards;
mod verdict;

use crate::{api::pages, components::*};
use cards::{AttentionCard, DomainsCard, IndicatorsCard, OrganisationsCard};
use domain::view::Collective;
use leptos::prelude::*;
use verdict::VerdictCard;

/// The collective posture.
#[component]
pub fn CollectivePage() -> impl IntoView {
    let data = async move { pages().collective().await };
    view! { <Page title="Overview">{loaded(data, |page| view! { <Overview page/> })}</Page> }
}

#[component]
fn Overview(page: Signal<Collective>) -> impl IntoView {
    let critical = Memo::new(move |_| page.with(|p| p.critical.open));
    let digest = Memo::new(move |_| {
        page.with(|p| {
            let index = p.index.score.map_or_else(|| "not known".to_owned(), points);
            let least = if p.critical.is_partial() { "at least " } else { "" };
            format!("Updated: index {index}, {} of {} reporting, {least}{} critical open", p.coverage.reporting(), p.coverage.total(), p.critical.least())
        })
    });
    let incidents = Memo::new(move |_| page.with(|p| p.incidents.clone()));
    let query = use_page_query();
    view! {
        <Live topics="posture: incidents: indicators:" digest=digest.get_untracked() critical=critical.get_untracked()/>
        <Alert page/>
        <VerdictCard page/>
        <AttentionCard page/>
        <div class="halves">
            <DomainsCard page/>
            <OrganisationsCard page/>
            <IndicatorsCard page/>
            <Card title="Incidents" class="incidents" href=Signal::derive(move || kept(query, "/incidents")) more="open incidents">
                <ChartPanel chart=incidents/>
                {move || page.with(|p| p.incident_totals.clone()).map(|text| view! { <p class="quiet">{text}</p> })}
            </Card>
        </div>
        <PageFoot as_of=Signal::derive(move || page.with(|p| p.as_of)) policy=Signal::derive(move || page.with(|p| Some(p.policy_version))) csv="/csv/collective"/>
    }
    .into_any()
}

/// The alliance's alert level, with what it means and asks.
#[component]
fn Alert(page: Signal<Collective>) -> impl IntoView {
    let query = use_page_query();
    let alert = Memo::new(move |_| page.with(|p| p.alert));
    view! {
        <p class=move || format!("alert-level is-{}", alert.get().number())>
            <a href=move || kept(query, "/decisions")><b>{move || format!("Alert level {}, {}", alert.get().number(), alert.get().title().to_lowercase())}</b></a>
            <span>{move || alert.get().meaning()}</span>
            <span class="quiet">{move || alert.get().asks()}</span>
        </p>
    }
    .into_any()
}
