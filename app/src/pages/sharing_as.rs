//! `/admin/sharing/as`: the own organisation as another one sees it, now or after a change.

use super::sharing::{level_words, title, words};
use crate::{api::pages, components::*};
use domain::{
    DataClass, Level,
    view::{PostureAs, RecordsAs, SharingAs, SharingChange},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// What somebody else sees.
#[component]
pub fn SharingAsPage() -> impl IntoView {
    let map = use_query_map();
    let text = move |key: &str| map.with_untracked(|map| map.get_str(key).unwrap_or_default().to_owned());
    let (org, asked) = (text("org"), SharingChange { class: text("class"), audience: text("audience"), level: text("level") });
    let data = async move { pages().sharing_as(org, asked).await };
    view! { <AdminPage title="View as">{loaded(data, |page| view! { <Eyes page/> })}</AdminPage> }
}

#[component]
fn Eyes(page: Signal<SharingAs>) -> impl IntoView {
    let p = page.get_untracked();
    let heading = match &p.eyes {
        Some(eyes) => format!("{} as {} sees it", p.own.name, eyes.name),
        None => format!("{} with other eyes", p.own.name),
    };
    let chosen = p.eyes.as_ref().map(|eyes| eyes.slug.clone());
    let choice = move |org: domain::view::OrgRef| {
        let selected = chosen.as_deref() == Some(org.slug.as_str());
        view! { <option value=org.slug selected=selected>{org.name}</option> }
    };
    let notice = match &p.change {
        Some((class, audience, level)) => {
            let what = level_words(*class, *level);
            format!("As it would be with this change, which is not saved: {} for {audience}: {what}.", title(*class))
        }
        None => "By the rules in force now.".to_owned(),
    };
    let body = p.eyes.is_some().then(|| {
        view! {
            <div class="halves even">
                {posture(&p.posture)}
                {p.records.iter().map(records).collect_view()}
            </div>
            <p class="quiet">"Executives of that organisation read no raw payloads; everything else is the same for each of its roles."</p>
        }
    });
    view! {
        <PageHead title=heading><span>{notice}{(!p.confirmed).then_some(" Nothing is shared before your organisation has confirmed its rules.")}</span></PageHead>
        <Card title="Whose eyes" id="eyes">
            <form class="inline-form" method="get" action="/admin/sharing/as">
                <label for="as-org">"See it as"</label>
                <select id="as-org" name="org">{p.others.into_iter().map(choice).collect_view()}</select>
                <input type="hidden" name="class" value=p.asked.class.clone()/>
                <input type="hidden" name="audience" value=p.asked.audience.clone()/>
                <input type="hidden" name="level" value=p.asked.level.clone()/>
                <button class="primary">"Show"</button>
                <a class="button" href="/admin/sharing">"Back to the rules"</a>
            </form>
        </Card>
        {body}
    }
    .into_any()
}

fn level_line(class: DataClass, level: Level, since: Option<domain::Timestamp>) -> AnyView {
    let since = since.map(|since| view! { ", of what came since "<Time at=since/> });
    view! { <p><b>{words(class, level)}</b>{since}"."</p> }.into_any()
}

fn posture(p: &PostureAs) -> AnyView {
    let domain = |(domain, score): &(domain::catalogue::Domain, Option<f64>)| view! { <tr><th scope="row">{domain.title()}</th><td class="n"><ScoreText score=*score/></td></tr> };
    let value = |(title, value): &(String, String)| view! { <tr><th scope="row">{title.clone()}</th><td class="n">{value.clone()}</td></tr> };
    let scores = (p.level >= Level::Summary).then(|| {
        view! {
            <table class="as-table"><caption class="sr">"Scores"</caption><tbody><tr><th scope="row"><b>"Score"</b></th><td class="n"><b><ScoreText score=p.score/></b></td></tr>{p.domains.iter().map(domain).collect_view()}</tbody></table>
        }
    });
    let values = (!p.values.is_empty()).then(|| {
        let n = plural(p.values.len() as u64, "value", "values");
        view! { <details class="data"><summary>{n}</summary><table class="as-table"><caption class="sr">"Values"</caption><tbody>{p.values.iter().map(value).collect_view()}</tbody></table></details> }
    });
    let line = level_line(DataClass::Posture, p.level, p.since);
    view! { <Card title="Posture">{line}{scores}{values}</Card> }.into_any()
}

fn records(r: &RecordsAs) -> AnyView {
    let row = |(href, text, tlp): &(String, String, domain::Tlp)| view! { <li><a href=href.clone()>{text.clone()}</a>" "<TlpBadge tlp=*tlp/></li> };
    let state = match r.class {
        DataClass::Incidents => "open",
        DataClass::Posture | DataClass::Events => "kept",
        DataClass::Indicators => "active",
    };
    let told = match r.level {
        Level::Detail => format!("They see {} of your {state} ones; {} stay with you by their marking.", count(r.seen), count(r.kept)),
        Level::Summary => format!("They are told the number {}; {} more are in none of their numbers.", count(r.seen), count(r.kept)),
        Level::Aggregate => "They see no number of yours, only a total of several organisations.".to_owned(),
        Level::None => "They are told that you share none, and not how many you have.".to_owned(),
    };
    let line = level_line(r.class, r.level, r.since);
    let rows = (!r.rows.is_empty()).then(|| view! { <ul class="plain-list as-rows">{r.rows.iter().map(row).collect_view()}</ul> });
    view! {
        <Card title=title(r.class)>
            {line}
            <p>{told}</p>
            {rows}
        </Card>
    }
    .into_any()
}
