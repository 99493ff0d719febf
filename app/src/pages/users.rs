//! `/admin/users`: the people of the reader's organisation, their roles, and who may sign in no more.

mod roles;
mod waiting;

use super::connect::Command;
use crate::{api::pages, components::*};
use domain::{
    Role,
    view::{AuditorNews, People, PersonRow, PersonState},
};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use roles::Roles;
use waiting::waits;

/// The people.
#[component]
pub fn UsersPage() -> impl IntoView {
    let done = use_query_map().with_untracked(|map| map.get_str("done").unwrap_or_default().to_owned());
    let data = async move { pages().people().await };
    view! { <AdminPage title="People">{loaded(data, move |page| view! { <All page done=done.clone()/> })}</AdminPage> }
}

#[component]
fn All(page: Signal<People>, done: String) -> impl IntoView {
    let notice = match done.as_str() {
        "saved" => Some("Saved. It is in force with the next page; open streams follow within 5 seconds."),
        "proposed" => Some("This account can agree to changes, so it waits for a second administrator of your organisation. Nothing has changed yet."),
        "declined" => Some("Taken back. Nothing has changed."),
        "own" => Some("You proposed this yourself: another administrator of your organisation must agree."),
        "related" => Some(RELATED),
        "over" => Some("This request is no longer pending."),
        "two" => {
            Some("Disabling a coordinator, steward or auditor of the hub takes two administrators. The hub's operator can also do it on the command line.")
        }
        "full" => Some("Too many changes are already waiting for approval (50). Approve or decline some first."),
        "last" => Some("Not done: your organisation would be left without an administrator who can sign in."),
        "gone" => Some("No such person here, or this cannot be done for them."),
        "role" => Some("You cannot assign that role here."),
        "address" => Some("Nobody was added: a name is missing, or this mail address cannot be invited."),
        _ => None,
    };
    let heading = Signal::derive(move || page.with(|p| format!("People of {}", p.org.name)));
    let People { may_change, link, rows, sole_admin, waiting, auditors, .. } = page.get_untracked();
    let waiting: Vec<Waiting> = waiting.iter().map(waits).collect();
    view! {
        <PageHead title=heading>
            <span>"Each person belongs to one organisation. Administrators invite people with a one-time link, sent over a channel you trust; nobody is told a password. Making, promoting, enabling or re-linking an administrator takes two administrators, and for 7 days none of the accounts involved can agree to another's changes."</span>
        </PageHead>
        <Notice text=notice/>
        {link.map(|link| view! {
            <Card title="One-time link" class="disclosure">
                <p><b>"This is the only time you see this link."</b>" Hand it to nobody but the person it is for: anyone who opens it can set the password. It works once, within 7 days; older links of the same person no longer do."</p>
                <Command label="One-time link" text=link/>
            </Card>
        })}
        {sole_admin.then(|| view! {
            <p class="notice" id="sole-admin">"You are the only administrator, so nobody can approve your changes: account changes apply at once; showing more of your data waits 24 hours, and the hub's steward is told. Invite a second administrator."</p>
        })}
        <SecondPerson waiting forms="/admin/users" may_change/>
        {(!auditors.is_empty()).then(|| view! { <Card title="Auditors of the hub" id="auditors"><ul class="plain-list">{auditors.into_iter().map(auditor).collect_view()}</ul></Card> })}
        {may_change.then(|| view! { <Invite/> })}
        <Card title="Who can sign in" id="people">
            <div class="scroll" tabindex="0" role="region" aria-label="People">
                <table class="people">
                    <caption class="sr">"People of your organisation"</caption>
                    <thead><tr><th scope="col">"Name"</th><th scope="col">"Role"</th><th scope="col">"State"</th><th scope="col">"Last signed in"</th><Show when=move || may_change><th scope="col">"Change"</th></Show></tr></thead>
                    <tbody>{rows.into_iter().map(|row| person(row, may_change)).collect_view()}</tbody>
                </table>
            </div>
        </Card>
        {(!may_change).then(|| view! { <p class="quiet">"People are invited and changed by your organisation's administrators (role org_admin)."</p> })}
        <Card title="What the roles may do" id="roles"><Roles/></Card>
    }
    .into_any()
}

/// What became of an auditor.
fn auditor(news: AuditorNews) -> AnyView {
    let what = if news.removed { "An auditor was disabled or given another role" } else { "An auditor was added or enabled" };
    let of = news.org.map_or_else(String::new, |org| format!(" at {}", org.name));
    let who = if news.operator { "by the hub's operator" } else { "by two administrators" };
    view! { <li><Time at=news.at/>" "{what}{of}", "{who}"."</li> }.into_any()
}

#[component]
fn Invite() -> impl IntoView {
    view! {
        <Card title="Invite somebody" id="invite">
            <form class="inline-form" method="post" action="/admin/users">
                <label for="name">"Name"</label>
                <input id="name" name="name" required maxlength="100" autocomplete="off"/>
                <label for="email">"Mail address"</label>
                <input id="email" name="email" type="email" required maxlength="254" autocomplete="off"/>
                <label for="role">"Role"</label>
                <select id="role" name="role">{choices(Role::Analyst)}</select>
                <button class="primary">"Make one-time link"</button>
            </form>
        </Card>
    }
}

fn choices(chosen: Role) -> AnyView {
    Role::OF_AN_ORGANISATION.map(|role| view! { <option value=role.name() selected=role == chosen>{title(role)}</option> }).collect_view().into_any()
}

/// A role's name for people.
pub(super) fn title(role: Role) -> &'static str {
    match role {
        Role::Executive => "Executive",
        Role::Analyst => "Analyst",
        Role::OrgAdmin => "Administrator",
        Role::Coordinator => "Coordinator",
        Role::Steward => "Steward",
        Role::Auditor => "Auditor",
    }
}

fn person(row: PersonRow, may_change: bool) -> AnyView {
    let (look, sign, word) = match row.state {
        PersonState::Active => ("mark st-good", "✓", "Active"),
        PersonState::Invited => ("mark st-watch", "!", "Invited"),
        PersonState::Disabled => ("mark st-off", "✕", "Disabled"),
    };
    let seen = match row.last_signed_in_at {
        Some(at) => view! { <Time at/> }.into_any(),
        None => view! { <span class="quiet">"never"</span> }.into_any(),
    };
    let change = may_change.then(|| view! { <td><div class="row-forms">{changes(&row)}</div></td> });
    view! {
        <tr class:left=row.state == PersonState::Disabled>
            <th scope="row">{row.name}<small class="quiet">{row.email}</small></th>
            <td>{title(row.role)}</td>
            <td><span class=look><span class="sign" aria-hidden="true">{sign}</span>{word}</span></td>
            <td>{seen}</td>
            {change}
        </tr>
    }
    .into_any()
}

/// What an administrator can do with a person. What concerns administrators waits for a second one, where there is one. The hub's own roles are given and taken on its command line.
fn changes(row: &PersonRow) -> AnyView {
    let id = row.id.to_string();
    if row.state == PersonState::Disabled {
        return one_click("/admin/users/enable", "id", id, "Enable", &row.name);
    }
    let of_the_hub = !Role::OF_AN_ORGANISATION.contains(&row.role);
    let role = (!of_the_hub).then(|| {
        let label = format!("Role of {}", row.name);
        view! {
            <form class="row-form" method="post" action="/admin/users/role">
                <input type="hidden" name="id" value=id.clone()/>
                <select name="role" aria-label=label>{choices(row.role)}</select>
                <button class="small">"Set"<span class="sr">" role of "{row.name.clone()}</span></button>
            </form>
        }
    });
    let link = (!of_the_hub).then(|| one_click("/admin/users/link", "id", id.clone(), "New link", &row.name));
    view! { {role}{link}{one_click("/admin/users/disable", "id", id, "Disable", &row.name)} }.into_any()
}
