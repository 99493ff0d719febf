//! `/admin/sharing`: what the own organisation shows whom, and changing it.

mod comparisons;
mod forms;

use crate::{api::pages, components::*};
use comparisons::{ComparedCard, HashesCard};
use domain::{
    ByClass, DataClass, Level,
    view::{SharingChange, SharingRules},
};
use forms::{ChangeCard, ConfirmCard, DisclosureCard, OfferCard, WaitingCard};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The rules of the reader's organisation.
#[component]
pub fn SharingPage() -> impl IntoView {
    let map = use_query_map();
    let text = move |key: &str| map.with_untracked(|map| map.get_str(key).unwrap_or_default().to_owned());
    let asked = SharingChange { class: text("class"), audience: text("audience"), level: text("level") };
    let done = text("done");
    let data = async move { pages().sharing(asked).await };
    view! { <AdminPage title="Sharing">{loaded(data, move |page| view! { <Rules page done=done.clone()/> })}</AdminPage> }
}

/// What a level lets somebody see of a class, in words.
pub(in crate::pages) fn words(class: DataClass, level: Level) -> &'static str {
    match (class, level) {
        (_, Level::None) => "nothing",
        (_, Level::Aggregate) => "unnamed, in totals",
        (DataClass::Posture, Level::Summary) => "scores only",
        (_, Level::Summary) => "numbers only",
        (DataClass::Posture, Level::Detail) => "every value",
        (_, Level::Detail) => "what TLP allows",
    }
}

/// The same of a rule that may be taken away.
pub(super) fn level_words(class: DataClass, level: Option<Level>) -> &'static str {
    level.map_or("what the next wider audience sees", |level| words(class, level))
}

pub(in crate::pages) fn title(class: DataClass) -> &'static str {
    match class {
        DataClass::Posture => "Posture",
        DataClass::Incidents => "Incidents",
        DataClass::Events => "Events",
        DataClass::Indicators => "Indicators",
    }
}

#[component]
fn Rules(page: Signal<SharingRules>, done: String) -> impl IntoView {
    let heading = Signal::derive(move || page.with(|p| format!("What {} shares", p.org.name)));
    let notice = match done.as_str() {
        "saved" => Some("Saved. It is in force on every page and open stream within 5 seconds."),
        "proposed" => Some("This shows somebody more, so it waits for a second administrator of your organisation. Nothing has changed yet."),
        "first" => Some("You have confirmed. Nothing is shared yet: a second administrator of your organisation confirms the same."),
        "changed" => Some("Nothing was confirmed: what everyone would see has changed since you opened this page. Please read it again."),
        "hashes" => Some("Your organisation takes part in comparing keyed hashes: its API keys with the scope indicators are given the alliance's key."),
        "no-hashes" => Some(
            "Your organisation no longer takes part in comparing keyed hashes. What it was given of the key before stays valid until the alliance replaces it.",
        ),
        "declined" => Some("Taken back. Nothing has changed."),
        "own" => Some("You proposed this change yourself: another administrator of your organisation must agree."),
        "related" => Some(RELATED),
        "early" => Some(EARLY),
        "gone" => Some("This request is no longer pending."),
        "unknown" => Some("That is no rule that can be set here."),
        _ => None,
    };
    let may_change = page.with_untracked(|p| p.may_change);
    view! {
        <PageHead title=heading>
            <span>"The rule for the narrowest audience (everyone, a "<a href="/admin/groups">"sharing group"</a>", one organisation) decides; TLP narrows further, record by record. Narrowing is in force at once; showing somebody more needs a second administrator."</span>
        </PageHead>
        {notice.map(|text| view! { <p class="notice" role="status">{text}</p> })}
        <ConfirmCard page/>
        <OfferCard page/>
        <DisclosureCard page/>
        <WaitingCard page/>
        <Card title="Rules" id="rules"><Matrix page/></Card>
        {may_change.then(|| view! { <ChangeCard page/> })}
        {(!may_change).then(|| view! { <p class="quiet">"Rules are changed by your organisation's administrators (role org_admin)."</p> })}
        <Card title="Who sees what" id="outcome" href="/admin/sharing/as" more="view as …"><Outcome page/></Card>
        <ComparedCard page/>
        <HashesCard page/>
    }
    .into_any()
}

fn heads() -> impl IntoView {
    DataClass::ALL.map(|class| view! { <th scope="col">{title(class)}</th> }).collect_view()
}

fn cell(class: DataClass, level: Level) -> AnyView {
    let look = match level {
        Level::Detail => "level is-detail",
        Level::Summary => "level is-summary",
        Level::Aggregate => "level is-aggregate",
        Level::None => "level is-none",
    };
    view! { <span class=look>{words(class, level)}</span> }.into_any()
}

/// The rules that are set, audience by class.
#[component]
fn Matrix(page: Signal<SharingRules>) -> impl IntoView {
    let rows = move || {
        page.with(|p| {
            let row = |row: &domain::view::AudienceRow| {
                let cells = DataClass::ALL.map(|class| match row.levels[class] {
                    Some(level) => view! { <td>{cell(class, level)}</td> }.into_any(),
                    None => view! { <td class="quiet">"as everyone"</td> }.into_any(),
                });
                view! { <tr><th scope="row">{row.audience.clone()}</th>{cells.collect_view()}</tr> }
            };
            p.rules.iter().map(row).collect_view()
        })
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Rules by audience and class">
            <table class="sharing">
                <caption class="sr">"Rules by audience and class of data"</caption>
                <thead><tr><th scope="col">"Audience"</th>{heads()}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// What follows from the rules for each other organisation.
#[component]
fn Outcome(page: Signal<SharingRules>) -> impl IntoView {
    let rows = move || {
        page.with(|p| {
            let row = |(org, levels): &(domain::view::OrgRef, ByClass<Level>)| {
                let cells = DataClass::ALL.map(|class| view! { <td>{cell(class, levels[class])}</td> });
                view! { <tr><th scope="row"><a href=format!("/admin/sharing/as?org={}", org.slug)>{org.name.clone()}</a></th>{cells.collect_view()}</tr> }
            };
            p.outcome.iter().map(row).collect_view()
        })
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="What each organisation sees">
            <table class="sharing">
                <caption class="sr">"What each organisation sees"</caption>
                <thead><tr><th scope="col">"Organisation"</th>{heads()}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}
