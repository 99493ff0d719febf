//! `/orgs/:org`: one organisation, from its score down to what it pushed.

mod domains;
mod records;
mod summary;

use crate::{api::pages, components::*};
use domain::{timestamp::duration, view::Organisation};
use domains::DomainsCard;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;
use records::{IncidentsCard, IndicatorsCard, PushesCard};
use summary::SummaryCard;

/// One organisation's posture.
#[component]
pub fn OrganisationPage() -> impl IntoView {
    let query = use_page_query();
    let params = use_params_map();
    let slug = Memo::new(move |_| params.with(|p| p.get_str("org").unwrap_or_default().to_owned()));
    let data = async move { pages().organisation(slug.get_untracked(), query.get_untracked()).await };
    view! { <Page title="Organisation">{loaded(data, |page| view! { <One page/> })}</Page> }
}

#[component]
fn One(page: Signal<Organisation>) -> impl IntoView {
    let digest = Memo::new(move |_| page.with(|p| format!("Updated: {} at {}", p.org.name, p.score.map_or_else(|| "no current score".to_owned(), points))));
    let critical = move || page.with(|p| p.incidents.iter().filter(|i| i.status.is_open() && i.severity == domain::Severity::Critical).count() as u32);
    let topics = page.with_untracked(|p| ["posture", "incidents", "indicators", "pushes"].map(|class| format!("{class}:{}", p.org.slug)).join(" "));
    let facts = move || {
        page.with(|p| {
            let mut facts = vec![p.sector.clone(), p.country.clone()];
            facts.extend(p.assets.map(|n| plural(n, "asset", "assets")));
            facts.push(format!("pushes every {}", duration(p.interval)));
            facts.retain(|fact| !fact.is_empty());
            view! {
                {own_mark(&p.org.slug)}
                <FreshnessMark freshness=p.freshness seen=p.seen as_of=p.as_of/>
                {p.seen.map(|seen| view! { <span>"last data " <Time at=seen/></span> })}
                <span>{facts.join(" · ")}</span>
            }
        })
    };
    let title = Signal::derive(move || page.with(|p| p.org.name.clone()));
    let csv = move || page.with(|p| format!("/csv/orgs/{}", p.org.slug));
    let crumbs = Signal::stored(vec![("Overview".to_owned(), "/".to_owned()), ("Organisations".to_owned(), "/orgs".to_owned())]);
    view! {
        <Trail title crumbs/>
        <PageHead title tlp=Signal::derive(move || page.with(|p| p.highest_tlp))>{facts}</PageHead>
        <Live topics digest=digest.get_untracked() critical=critical()/>
        <SummaryCard page/>
        <DomainsCard page/>
        <div class="halves even">
            <IncidentsCard page/>
            <IndicatorsCard page/>
        </div>
        <PushesCard page/>
        <PageFoot as_of=Signal::derive(move || page.with(|p| p.as_of)) policy=Signal::derive(move || page.with(|p| Some(p.policy_version))) csv=Signal::derive(csv)/>
    }
    .into_any()
}
