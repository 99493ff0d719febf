//! `/admin/catalogue/:metric`, `/admin/catalogue/new-metric`: one metric's definition, to read or to change.

use super::notice;
use crate::{api::pages, components::*};
use domain::{
    catalogue::{Domain, MetricDefinition, UNITS},
    scoring::metric_score,
    view::{MetricForm, MetricState},
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// A metric of the catalogue.
#[component]
pub fn MetricFormPage() -> impl IntoView {
    let key = use_params_map().with_untracked(|map| map.get_str("metric").unwrap_or_default().to_owned());
    page(Some(key))
}

/// A metric that is yet to be.
#[component]
pub fn NewMetricPage() -> impl IntoView {
    page(None)
}

fn page(key: Option<String>) -> impl IntoView {
    let title = key.clone().unwrap_or_else(|| "A new metric".to_owned());
    let done = use_query_map().with_untracked(|map| map.get_str("done").unwrap_or_default().to_owned());
    let data = async move { pages().metric_form(key).await };
    view! { <AdminPage title>{loaded(data, move |page| view! { <Metric page done=done.clone()/> })}</AdminPage> }
}

#[component]
fn Metric(page: Signal<MetricForm>, done: String) -> impl IntoView {
    let form = page.get_untracked();
    let said = MetricDefinition::read(&form.typed).ok();
    let title = form.in_force.as_ref().or(said.as_ref()).filter(|_| form.key.is_some()).map_or_else(|| "A new metric".to_owned(), |m| m.title.clone());
    let fact = match (&form.key, form.state) {
        (None, _) => "Partners push it under its key once the alliance has adopted it.".to_owned(),
        (Some(key), MetricState::Added) => format!("{key} is new in your draft."),
        (Some(key), MetricState::Retired) => {
            format!("{key} is retired in your draft: values that are pushed under it would be refused, and it would leave the scores.")
        }
        (Some(key), MetricState::Changed) => format!("{key} is changed in your draft."),
        (Some(key), MetricState::Same) => format!("Partners push it under {key}."),
    };
    let may_change = form.head.may_change;
    let retired = form.state == MetricState::Retired;
    view! {
        <PageHead title><span>{fact}" "<a href="/admin/catalogue">"All metrics"</a></span></PageHead>
        <Notice text=notice(&done)/>
        {draft_bar(&form.head)}
        <div class="record">
            <div class="record-main">
                {if may_change && !retired { fields(&form) } else { facts(&form) }}
                {(may_change && form.key.is_some()).then(|| ways(&form))}
            </div>
            <div class="record-side">{said.as_ref().map(scored)}</div>
        </div>
    }
    .into_any()
}

fn fields(form: &MetricForm) -> AnyView {
    let filled = Filled { typed: &form.typed, faults: &form.faults };
    let (action, button) = match &form.key {
        Some(key) => (format!("/admin/catalogue/{key}"), "Save in the draft"),
        None => ("/admin/catalogue/new-metric".to_owned(), "Add to the draft"),
    };
    let fixed = form.key.is_some();
    let identity = if fixed {
        let of = |field: &str| form.typed.get(field).cloned().unwrap_or_default();
        view! { <p class="hint">"Key "<code>{of("key")}</code>" and unit "<code>{of("unit")}</code>" stay: values are stored under them. For others, retire this metric and add a new one."</p> }.into_any()
    } else {
        let units = UNITS.map(|unit| (unit.to_owned(), unit.replace('_', " ")));
        view! {
            {filled.text("key", "Key", "What partners push it under: small letters, digits and _. A percentage's ends in _pct.")}
            {filled.choice("unit", "Unit", "", units)}
        }
        .into_any()
    };
    let functions = Domain::ALL.map(|d| (d.code().to_owned(), format!("{} ({})", d.title(), d.code())));
    let inside = view! {
        {filled.summary()}
        <form class="fields wide-fields" method="post" action=action>
            {identity}
            {filled.text("title", "Title", "")}
            {filled.choice("domain", "Function", "", functions)}
            <div class="field-row">
                {filled.number("target", "Target, 100 points", "Below the floor where less is better.")}
                {filled.number("floor", "Floor, 0 points", "")}
                {filled.number("weight", "Weight", "Among the metrics of its function.")}
            </div>
            <button class="primary">{button}</button>
        </form>
    }
    .into_any();
    view! { <Card title="Definition">{inside}</Card> }.into_any()
}

/// The definition for those who only read it.
fn facts(form: &MetricForm) -> AnyView {
    let metric = form.in_force.clone().or_else(|| MetricDefinition::read(&form.typed).ok());
    let table = metric.map(|m| {
        view! {
            <Card title="Definition">
                <dl class="facts-list">
                    <div><dt>"Key"</dt><dd><code>{m.key.clone()}</code></dd></div>
                    <div><dt>"Unit"</dt><dd><code>{m.unit.clone()}</code></dd></div>
                    <div><dt>"Function"</dt><dd>{m.domain.title()}</dd></div>
                    <div><dt>"Better is"</dt><dd>{if m.lower_is_better() { "less" } else { "more" }}</dd></div>
                    <div><dt>"Target"</dt><dd>{m.format(m.target)}", 100 points"</dd></div>
                    <div><dt>"Floor"</dt><dd>{m.format(m.floor)}", 0 points"</dd></div>
                    <div><dt>"Weight"</dt><dd>{weight(m.weight)}</dd></div>
                </dl>
            </Card>
        }
    });
    table.into_any()
}

/// Retiring it, and taking back what the draft does with it.
fn ways(form: &MetricForm) -> AnyView {
    let key = form.key.clone().unwrap_or_default();
    let back = matches!(form.state, MetricState::Changed | MetricState::Retired).then(|| {
        view! { <form method="post" action=format!("/admin/catalogue/{key}/restore")><button>"Take my change back"</button></form> }
    });
    let word = if form.state == MetricState::Added { "Take it out of the draft" } else { "Retire in the draft" };
    let retire = (form.state != MetricState::Retired)
        .then(|| view! { <form method="post" action=format!("/admin/catalogue/{key}/retire")><button>{word}</button></form> });
    view! {
        <Card title="Other ways" class="ways">
            <p class="quiet">"A retired metric leaves the scores, and pushes of it are refused by name; what was stored of it is kept."</p>
            <div class="row-forms">{back}{retire}</div>
        </Card>
    }
    .into_any()
}

/// What values score by this definition.
fn scored(metric: &MetricDefinition) -> AnyView {
    let at = |share: f64| metric.floor + (metric.target - metric.floor) * share;
    let row = |value: f64| {
        let score = metric_score(metric, value);
        view! { <tr><td class="n">{metric.format(value)}</td><td class="bullet-cell"><Bullet score=Some(score) target=100.0/></td><td class="n">{points(score)}</td></tr> }
    };
    let rows = [0.0, 0.25, 0.5, 0.75, 1.0].map(|share| row(at(share))).collect_view();
    view! {
        <Card title="How values score">
            <table class="compact">
                <caption class="sr">"Values and their points"</caption>
                <thead><tr><th scope="col" class="n">"Value"</th><th scope="col"><span class="sr">"Bar"</span></th><th scope="col" class="n">"Points"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </Card>
    }
    .into_any()
}
