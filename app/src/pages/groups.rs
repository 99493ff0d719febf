//! `/admin/groups`: the sharing groups of the reader's organisation.

use super::sharing::{title, words};
use crate::{api::pages, components::*};
use domain::view::{GroupRow, Groups, OrgRef, WaitingMember};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

/// The groups.
#[component]
pub fn GroupsPage() -> impl IntoView {
    let done = use_query_map().with_untracked(|map| map.get_str("done").unwrap_or_default().to_owned());
    let data = async move { pages().groups().await };
    view! { <AdminPage title="Sharing groups">{loaded(data, move |page| view! { <All page done=done.clone()/> })}</AdminPage> }
}

#[component]
fn All(page: Signal<Groups>, done: String) -> impl IntoView {
    let notice = match done.as_str() {
        "made" => Some("The group is made. Invite its members."),
        "proposed" => Some("Proposed. It takes effect once a second administrator of your organisation agrees, within 7 days."),
        "agreed" => Some("Agreed. An invited organisation sees and shares nothing before it joins; what was joined is in force within 5 seconds."),
        "own" => Some("The person who proposed this cannot approve it; another administrator can."),
        "related" => Some(RELATED),
        "early" => Some(EARLY),
        "gone" => Some("That does not wait any more."),
        "declined" => Some("Taken back. Nothing has changed."),
        "left" => Some("Your organisation is not in the group, and shares nothing through it. No member sees more than before."),
        "exists" => Some("Your organisation has made a group of this name already, or as many groups as there can be (100)."),
        "unnamed" => Some("A group needs a name."),
        "unknown" => Some("There is no such group or invitation."),
        _ => None,
    };
    let may_change = page.with_untracked(|p| p.may_change);
    let (joined, invited, others, org) = page.with_untracked(|p| (p.joined.clone(), p.invited.clone(), p.others.clone(), p.org.slug.clone()));
    let waiting = page.with_untracked(|p| p.waiting.iter().map(waits).collect::<Vec<_>>());
    let empty = joined.is_empty() && invited.is_empty();
    view! {
        <PageHead title="Sharing groups">
            <span>"Members share their TLP:AMBER records with each other, and what their "<a href="/admin/sharing">"sharing rules"</a>" say for the group. Nobody belongs to a group without joining it. Every member can invite others. Inviting and joining show somebody more, so either needs a second administrator; leaving is in force at once."</span>
        </PageHead>
        {notice.map(|text| view! { <p class="notice" role="status">{text}</p> })}
        <SecondPerson waiting forms="/admin/groups" may_change/>
        {invited.into_iter().map(|group| invitation(&group, may_change)).collect_view()}
        {joined.into_iter().map(|group| membership(&group, &others, &org, may_change)).collect_view()}
        {empty.then(|| view! { <section class="card"><Empty title="Your organisation belongs to no sharing group."/></section> })}
        {may_change.then(|| view! {
            <Card title="Make a group" id="make">
                <form class="inline-form" method="post" action="/admin/groups">
                    <label for="name">"Name"</label>
                    <input id="name" name="name" required maxlength="60" autocomplete="off" placeholder="Northern grid operators"/>
                    <label for="earlier">"Who joins later sees"</label>
                    <select id="earlier" name="earlier">
                        <option value="">"what comes in from then on"</option>
                        <option value="yes">"also what was handed in before"</option>
                    </select>
                    <button class="primary">"Make group"</button>
                </form>
            </Card>
        })}
        {(!may_change).then(|| view! { <p class="quiet">"Groups are made, joined and left by your organisation's administrators (role org_admin)."</p> })}
    }
    .into_any()
}

/// An invitation or a consent as the second administrator is asked to agree to it: for whom, and what they see now and then.
fn waits(w: &WaitingMember) -> Waiting {
    let (what, once) = match &w.invited {
        Some(org) => (format!("Invite {} into {}", org.name, w.group), " once it has joined"),
        None => (format!("Join {}", w.group), ""),
    };
    let which = if w.earlier { "also those handed in before" } else { "those handed in from then on" };
    let amber = match w.eyes.as_slice() {
        [] => "nobody else is in the group yet".to_owned(),
        [one] => format!("{} sees your records{once}: {which}", one.name),
        all => format!("{} see your records{once}: {which}", names(all)),
    };
    let mut details = vec![("TLP:AMBER", amber)];
    details.extend(w.shows.iter().map(|more| {
        let earlier = if more.earlier { ", also of what was handed in earlier" } else { "" };
        let (before, after) = (words(more.class, more.before), words(more.class, more.after));
        (title(more.class), format!("now {before}, then {after}{earlier}: {}", names(&more.orgs)))
    }));
    Waiting { id: w.id, what, details, preview: String::new(), by: w.by.clone(), own: w.own, expires_at: w.expires_at }
}

fn names(orgs: &[OrgRef]) -> String {
    orgs.iter().map(|org| org.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn button(group: i64, action: &'static str, word: &'static str, class: &'static str) -> AnyView {
    view! { <form method="post" action=action><input type="hidden" name="group" value=group/><button class=class>{word}</button></form> }.into_any()
}

/// The group's rule on earlier data.
fn earlier_words(earlier: bool) -> &'static str {
    if earlier { "New members also see earlier records." } else { "New members see only records sent after they join." }
}

/// A group that invited the organisation.
fn invitation(group: &GroupRow, may_change: bool) -> AnyView {
    let buttons = may_change.then(|| {
        view! { <span class="waiting-buttons">{button(group.id, "/admin/groups/join", "Join", "primary")}{button(group.id, "/admin/groups/leave", "Decline", "")}</span> }
    });
    let members = names(&group.members);
    let earlier = earlier_words(group.earlier);
    view! {
        <Card title=format!("Invitation to {}", group.name) class="disclosure">
            <p>"Its members would see your TLP:AMBER records, and you theirs: "<b>{members}</b>". "{earlier}</p>
            {buttons}
        </Card>
    }
    .into_any()
}

/// A group that the organisation belongs to.
fn membership(group: &GroupRow, others: &[OrgRef], own: &str, may_change: bool) -> AnyView {
    let inside = |org: &OrgRef| group.members.contains(org) || group.invited.contains(org) || org.slug == own;
    let choices: Vec<OrgRef> = others.iter().filter(|org| !inside(org)).cloned().collect();
    let (members, invited) = (names(&group.members), names(&group.invited));
    let earlier = earlier_words(group.earlier);
    let waiting = (!invited.is_empty()).then(move || view! { <p class="quiet">"Invited: "{invited}</p> });
    let (number, id) = (group.id, format!("invite-{}", group.id));
    let forms = may_change.then(move || {
        let invite = (!choices.is_empty()).then(move || {
            view! {
                <form class="inline-form" method="post" action="/admin/groups/invite">
                    <input type="hidden" name="group" value=number/>
                    <label for=id.clone()>"Invite"</label>
                    <select id=id name="org">{choices.iter().map(|org| view! { <option value=org.slug.clone()>{org.name.clone()}</option> }).collect_view()}</select>
                    <button>"Invite"</button>
                </form>
            }
        });
        view! { <div class="group-forms">{invite}{button(number, "/admin/groups/leave", "Leave the group", "")}</div> }
    });
    view! {
        <Card title=group.name.clone()>
            <p>"Members: "<b>{members}</b></p>
            <p class="quiet">{earlier}</p>
            {waiting}
            {forms}
        </Card>
    }
    .into_any()
}
