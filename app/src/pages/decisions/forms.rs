//! Proposing, voting, delegating.

use super::kind_words;
use crate::components::*;
use domain::{
    DataClass, Level,
    decision::{AlertLevel, DecisionKind},
    view::{DecisionRow, Decisions, OrgRef},
};
use leptos::prelude::*;

/// The form that votes for the reader's organisation.
pub fn vote_form(row: &DecisionRow) -> AnyView {
    let id = format!("reason-{}", row.id);
    view! {
        <form class="inline-form" method="post" action="/decisions/vote">
            <input type="hidden" name="id" value=row.id/>
            <label for=id.clone()>"Reason"</label>
            <input id=id name="reason" maxlength="1000" autocomplete="off"/>
            <button class="primary" name="choice" value="for">"Vote for it"</button>
            <button name="choice" value="against">"Vote against"</button>
        </form>
    }
    .into_any()
}

/// A form for each kind that the reader may propose.
#[component]
pub fn ProposeForms(page: Signal<Decisions>) -> impl IntoView {
    let (rights, orgs, suspended, alert) = page.with_untracked(|p| (p.rights.clone(), p.orgs.clone(), p.suspended.clone(), p.alert));
    let kinds: Vec<DecisionKind> = rights.iter().filter(|r| r.may_propose).map(|r| r.kind).collect();
    if kinds.is_empty() {
        return ().into_any();
    }
    let form = move |kind: DecisionKind| {
        match kind {
        DecisionKind::AlertLevel => proposal(kind, alert_levels(alert)),
        DecisionKind::SuspendOrganisation => proposal(kind, organisations("suspend", orgs.iter().filter(|o| !suspended.contains(o)).cloned().collect())),
        DecisionKind::AdmitOrganisation if suspended.is_empty() => ().into_any(),
        DecisionKind::AdmitOrganisation => proposal(kind, organisations("admit", suspended.clone())),
        DecisionKind::SharingDefault => proposal(kind, defaults()),
        DecisionKind::AllianceKey => proposal(kind, ().into_any()),
        DecisionKind::ScoringPolicy => view! { <p><a href="/admin/policy">"Prepare another scoring policy"</a>" or "<a href="/admin/catalogue">"catalogue"</a>", try it, and propose it"</p> }.into_any(),
    }
    };
    view! { <Card title="Propose" id="propose"><div class="proposals">{kinds.into_iter().map(form).collect_view()}</div></Card> }.into_any()
}

fn proposal(kind: DecisionKind, fields: AnyView) -> AnyView {
    let id = format!("why-{}", kind.name());
    view! {
        <details class="data">
            <summary>{kind_words(kind)}</summary>
            <form class="inline-form" method="post" action="/decisions">
                <input type="hidden" name="kind" value=kind.name()/>
                {fields}
                <label for=id.clone()>"Why"</label>
                <input id=id name="reason" required maxlength="1000" autocomplete="off"/>
                <button class="primary">"Propose"</button>
            </form>
        </details>
    }
    .into_any()
}

fn alert_levels(now: AlertLevel) -> AnyView {
    let choice = |level: AlertLevel| view! { <option value=level.number() selected=level == now>{level.number()}", "{level.title()}</option> };
    view! { <label for="alert-level">"Level"</label><select id="alert-level" name="level">{AlertLevel::ALL.map(choice).collect_view()}</select> }.into_any()
}

fn organisations(id: &'static str, orgs: Vec<OrgRef>) -> AnyView {
    let id = format!("org-{id}");
    let choice = |org: OrgRef| view! { <option value=org.slug>{org.name}</option> };
    view! { <label for=id.clone()>"Organisation"</label><select id=id name="org">{orgs.into_iter().map(choice).collect_view()}</select> }.into_any()
}

fn defaults() -> AnyView {
    let field = |class: DataClass| {
        let id = format!("default-{}", class.name());
        let levels = Level::ALL.map(|level| view! { <option value=level.name()>{level.name()}</option> }).collect_view();
        view! { <label for=id.clone()>{class.name()}</label><select id=id name=class.name()>{levels}</select> }
    };
    DataClass::ALL.map(field).collect_view().into_any()
}

/// Whose vote counts where the reader's organisation does not vote.
#[component]
pub fn DelegateForm(page: Signal<Decisions>) -> impl IntoView {
    let (kinds, orgs) = page.with_untracked(|p| (p.rights.iter().filter(|r| r.may_vote).map(|r| r.kind).collect::<Vec<_>>(), p.orgs.clone()));
    (!kinds.is_empty()).then(|| {
        let choice = |org: OrgRef| view! { <option value=org.slug>{org.name}</option> };
        view! {
            <form class="inline-form" method="post" action="/decisions/delegate">
                <label for="delegate-kind">"Where we do not vote ourselves, on"</label>
                <select id="delegate-kind" name="kind">{kinds.into_iter().map(|kind| view! { <option value=kind.name()>{kind_words(kind)}</option> }).collect_view()}</select>
                <label for="delegate-org">"count the vote of"</label>
                <select id="delegate-org" name="org"><option value="">"nobody"</option>{orgs.into_iter().map(choice).collect_view()}</select>
                <button>"Save"</button>
            </form>
        }
    })
}
