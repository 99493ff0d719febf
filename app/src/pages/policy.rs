//! `/admin/policy`: the scoring policy's own numbers, its versions, and the policy as JSON; changes gather in a draft.

mod draft;
mod version;

use super::catalogue::notice;
use crate::{api::pages, components::*};
use domain::{
    catalogue::Domain,
    view::{PolicyPage as Data, VersionRow},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

pub use draft::DraftPage;
pub use version::PolicyVersionPage;

/// The policy.
#[component]
pub fn PolicyPage() -> impl IntoView {
    let done = use_query_map().with_untracked(|map| map.get_str("done").unwrap_or_default().to_owned());
    let data = async move { pages().policy().await };
    view! { <AdminPage title="Scoring policy">{loaded(data, move |page| view! { <Policy page done=done.clone()/> })}</AdminPage> }
}

#[component]
fn Policy(page: Signal<Data>, done: String) -> impl IntoView {
    let p = page.get_untracked();
    let (version, may_change) = (p.head.version, p.head.may_change);
    let (numbers, versions, json) = (numbers(&p), versions(&p.versions), json(&p));
    view! {
        <PageHead title="Scoring policy">
            <span>"Version "<a href=format!("/admin/policy/versions/{version}")>{version}</a>" is in force. Its metrics are in the "<a href="/admin/catalogue">"catalogue"</a>"; "<a href="/about/scoring">"how scores are made"</a>"."</span>
        </PageHead>
        <Notice text=notice(&done)/>
        {draft_bar(&p.head)}
        {(!may_change).then(|| view! { <p class="quiet">"Changes are proposed by the hub's steward and adopted by the alliance: "<a href="/decisions">"Decisions"</a>"."</p> })}
        <Card title="Thresholds, caps and functions" id="numbers">{numbers}</Card>
        <Card title="Versions" id="versions">{versions}</Card>
        <Card title="As JSON" id="json">{json}</Card>
    }
    .into_any()
}

fn numbers(p: &Data) -> AnyView {
    let filled = Filled { typed: &p.typed, faults: &p.faults };
    let may_change = p.head.may_change;
    let value = |field: &str| p.typed.get(field).cloned().unwrap_or_default();
    let row = |domain: Domain| {
        let path = |field: &str| format!("domains/{}/{field}", domain.code());
        let cell = |field: &str| {
            if may_change {
                let label = format!("{} of {}", if field == "weight" { "Weight" } else { "Target" }, domain.title());
                filled.cell(&path(field), &label)
            } else {
                value(&path(field)).into_any()
            }
        };
        view! { <tr><th scope="row">{domain.title()}" "<small>{domain.code()}</small></th><td>{cell("weight")}</td><td>{cell("target")}</td></tr> }
    };
    let table = view! {
        <table class="compact narrow-table">
            <caption class="sr">"Weight and target of each function"</caption>
            <thead><tr><th scope="col">"Function of NIST CSF 2.0"</th><th scope="col">"Weight in the score"</th><th scope="col">"Target, points"</th></tr></thead>
            <tbody>{Domain::ALL.map(row).collect_view()}</tbody>
        </table>
    };
    if !may_change {
        return view! {
            <dl class="facts-list">
                <div><dt>"On target from"</dt><dd>{value("on_target")}</dd></div>
                <div><dt>"Watch from"</dt><dd>{value("watch")}</dd></div>
                <div><dt>"Cap while a critical incident is open"</dt><dd>{value("critical_cap")}</dd></div>
            </dl>
            {table}
        }
        .into_any();
    }
    view! {
        {filled.summary()}
        <form class="fields" method="post" action="/admin/policy">
            <div class="field-row">
                {filled.number("on_target", "On target from", "Points from 0 to 100.")}
                {filled.number("watch", "Watch from", "Below it: off target.")}
                {filled.number("critical_cap", "Cap", "The most a score can be while a critical incident is open.")}
            </div>
            {table}
            <button class="primary">"Save in the draft"</button>
        </form>
    }
    .into_any()
}

/// Lines that a version's row shows; its page has all.
const LINES: usize = 4;

fn versions(rows: &[VersionRow]) -> AnyView {
    let row = |v: &VersionRow| {
        let by = match v.decision {
            Some(id) => view! { <a href=format!("/decisions/{id}")>{format!("Decision {id}")}</a> }.into_any(),
            None => view! { <span class="quiet">"the hub began with it"</span> }.into_any(),
        };
        let changed = match &v.lines {
            None => view! { <span class="quiet">"the first"</span> }.into_any(),
            Some(lines) if lines.is_empty() => view! { <span class="quiet">"nothing"</span> }.into_any(),
            Some(lines) => {
                let more = (lines.len() > LINES).then(|| view! { <p class="quiet">{format!("and {} more", lines.len() - LINES)}</p> });
                view! { {difference_list(&lines[..lines.len().min(LINES)])}{more} }.into_any()
            }
        };
        view! {
            <tr>
                <th scope="row"><a href=format!("/admin/policy/versions/{}", v.version)>{format!("Version {}", v.version)}</a></th>
                <td><Time at=v.adopted_at/></td>
                <td>{by}</td>
                <td>{changed}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Versions of the policy">
            <table class="versions">
                <caption class="sr">"Versions of the policy, the newest first"</caption>
                <thead><tr><th scope="col">"Version"</th><th scope="col">"In force since"</th><th scope="col">"By"</th><th scope="col">"What it changed"</th></tr></thead>
                <tbody>{rows.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn json(p: &Data) -> AnyView {
    let drafted = p.head.drafted.is_some();
    let (text, faults) = p.pasted.clone().unwrap_or_default();
    let wrong = !faults.is_empty();
    let fault = |(field, text): (String, String)| {
        let field = (!field.is_empty()).then(|| view! { <code>{field}</code>": " });
        view! { <li>{field}{text}</li> }
    };
    let n = plural(faults.len() as u64, "thing is", "things are");
    view! {
        <p class="quiet">"The whole policy with its catalogue, for those who keep it in files."</p>
        <p class="row-forms">
            <a class="button" href="/admin/policy.json" download="">"Download the policy in force"</a>
            {drafted.then(|| view! { <a class="button" href="/admin/policy.json?version=draft" download="">"Download your draft"</a> })}
        </p>
        {p.head.may_change.then(|| view! {
            <details class="data" open=wrong>
                <summary>"Paste a policy"</summary>
                {wrong.then(|| view! {
                    <div class="fault-summary" role="alert" id="policy-fault"><p><b>{format!("Nothing was saved: {n} wrong.")}</b></p><ul class="plain-list">{faults.into_iter().map(fault).collect_view()}</ul></div>
                })}
                <form class="fields" method="post" action="/admin/policy/json">
                    <label for="policy">"The whole policy; it takes the place of your draft, and its version is given when it is adopted"</label>
                    <textarea id="policy" name="policy" rows="18" spellcheck="false" required class="code-area" aria-invalid=wrong.then_some("true") aria-describedby=wrong.then_some("policy-fault")>{text}</textarea>
                    <button>"Save as the draft"</button>
                </form>
            </details>
        })}
    }
    .into_any()
}
