//! `/admin/audit`: who did what, newest first.

use crate::{api::pages, components::*};
use domain::view::{AuditLine, AuditTrail};
use leptos::prelude::*;

/// The trail.
#[component]
pub fn AuditPage() -> impl IntoView {
    let query = use_page_query();
    let data = async move { pages().audit(query.get_untracked()).await };
    view! { <AdminPage title="Audit trail">{loaded(data, |page| view! { <Trail page/> })}</AdminPage> }
}

/// Beginnings of actions' names, and what they are about.
const KINDS: [(&str, &str); 10] = [
    ("", "everything"),
    ("sharing.", "sharing rules"),
    ("group.", "groups"),
    ("user.", "people"),
    ("key.", "API keys"),
    ("session.", "sessions"),
    ("signin.", "failed sign-ins"),
    ("policy.", "scoring policy"),
    ("exported", "exports"),
    ("denied", "refusals"),
];

#[component]
fn Trail(page: Signal<AuditTrail>) -> impl IntoView {
    let query = use_page_query();
    let (whole, orgs, rows, checkpoint) = page.with_untracked(|p| (p.whole, p.orgs.clone(), p.rows.clone(), p.checkpoint.clone()));
    let none = rows.is_empty();
    // Of a long trail a part is looked at for one page.
    let nothing = if page.with_untracked(|p| p.next.is_some()) {
        "None of the rows looked at is like that. Older ones are on the next page."
    } else {
        "The trail has no row like that."
    };
    let (kind, org, words) = query.with_untracked(|q| (q.kind.clone(), q.org.clone(), q.q.clone()));
    let signed = checkpoint.map_or_else(|| "No checkpoint has been signed yet.".to_owned(), |at| format!("Newest signed checkpoint: {at}."));
    let export = move || query.with(|q| q.with("cursor", "").href("/admin/audit.jsonl"));
    let chosen = kind.clone();
    view! {
        <PageHead title=if whole { "Audit trail of the alliance" } else { "Audit trail of your organisation" }>
            <span>"Each row is written together with what it reports, and vouches for the row before. "{signed}" Partners' receipts name the newest one, so they are its witnesses."</span>
        </PageHead>
        <section class="card queue-list" aria-label="Audit trail">
            <form class="inline-form audit-filter" method="get" action="/admin/audit">
                <label for="kind">"About"</label>
                <select id="kind" name="kind">{KINDS.map(|(value, words)| view! { <option value=value selected=value == chosen>{words}</option> }).collect_view()}</select>
                {whole.then(|| view! {
                    <label for="org">"Organisation"</label>
                    <select id="org" name="org">
                        <option value="">"all"</option>
                        {orgs.into_iter().map(|o| { let here = o.slug == org; view! { <option value=o.slug selected=here>{o.name}</option> } }).collect_view()}
                    </select>
                })}
                <label for="q">"Names or words"</label>
                <input id="q" name="q" type="search" value=words maxlength="80" placeholder="a person, a key, an organisation …"/>
                <button>"Show"</button>
            </form>
            {none.then(|| view! { <Empty title=nothing/> })}
            {(!none).then(|| view! {
                <div class="scroll" tabindex="0" role="region" aria-label="Rows of the audit trail">
                    <table class="audit">
                        <caption class="sr">"Rows of the audit trail, newest first"</caption>
                        <thead><tr>{whole.then(|| view! { <th scope="col">"No."</th> })}<th scope="col">"When"</th><th scope="col">"Who"</th><th scope="col">"Did what"</th><th scope="col">"To what"</th>{whole.then(|| view! { <th scope="col">"Concerns"</th> })}<th scope="col">"More"</th></tr></thead>
                        <tbody>{rows.into_iter().map(|row| line(row, whole)).collect_view()}</tbody>
                    </table>
                </div>
            })}
            <Pager next=Signal::derive(move || page.with(|p| p.next.clone())) path="/admin/audit"/>
        </section>
        <p class="page-foot"><span>"As of " {move || view! { <Time at=page.with(|p| p.as_of) seconds=true/> }}</span><a href=export download="">"JSON lines"</a></p>
    }
    .into_any()
}

fn line(row: AuditLine, whole: bool) -> AnyView {
    let concerns = whole.then(|| view! { <td>{row.org.map_or_else(|| "the alliance".to_owned(), |o| o.name)}</td> });
    view! {
        <tr>
            {row.no.map(|no| view! { <td class="num">{no}</td> })}
            <td><Time at=row.at seconds=true/></td>
            <td>{row.actor}</td>
            <td><code>{row.action}</code></td>
            <td class="audit-object">{row.object}</td>
            {concerns}
            <td class="quiet audit-detail">{row.detail}</td>
        </tr>
    }
    .into_any()
}
