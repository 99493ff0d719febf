//! `/decisions`: what the alliance decides together, with every vote, its reason and what came of it.

mod forms;
mod one;

use super::users::title;
use crate::{api::pages, components::*};
use domain::{
    Role, Timestamp,
    decision::{DecisionKind, Outcome},
    view::{DecisionRow, Decisions, OrgRef, RightRow},
};
use forms::{DelegateForm, ProposeForms, vote_form};
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

pub use one::DecisionPage;

/// The decisions.
#[component]
pub fn DecisionsPage() -> impl IntoView {
    let done = use_query_map().with_untracked(|map| map.get_str("done").unwrap_or_default().to_owned());
    let data = async move { pages().decisions().await };
    let crumbs = vec![("Overview".to_owned(), "/".to_owned())];
    view! { <Page title="Decisions" crumbs=crumbs>{loaded(data, move |page| view! { <All page done=done.clone()/> })}</Page> }
}

/// A kind of decision, in words.
pub(super) fn kind_words(kind: DecisionKind) -> &'static str {
    match kind {
        DecisionKind::AlertLevel => "Change the alert level",
        DecisionKind::ScoringPolicy => "Adopt a scoring policy",
        DecisionKind::SuspendOrganisation => "Suspend an organisation",
        DecisionKind::AdmitOrganisation => "Admit an organisation",
        DecisionKind::SharingDefault => "Change the default of what is shared",
        DecisionKind::AllianceKey => "Replace the key for keyed hashes",
    }
}

#[component]
fn All(page: Signal<Decisions>, done: String) -> impl IntoView {
    let (alert, open, ended, rights) = page.with_untracked(|p| (p.alert, p.open.clone(), p.ended.clone(), p.rights.clone()));
    let (none, history) = (open.is_empty(), !ended.is_empty());
    view! {
        <PageHead title="Decisions">
            <span>"The alert level is "<b>{alert.number()}", "{alert.title().to_lowercase()}</b>". Each organisation has one vote. What is adopted is done by the decision itself, at once."</span>
        </PageHead>
        <Notice text=notice(&done)/>
        {sole_widenings(page)}
        {none.then(|| view! { <section class="card"><Empty title="Nothing is open for votes."/></section> })}
        {open.into_iter().map(decision).collect_view()}
        <ProposeForms page/>
        <Card title="Who decides what" id="rights">{rights_table(&rights)}<DelegateForm page/></Card>
        {history.then(|| view! { <Card title="Decided" id="decided"><ul class="plain-list decided">{ended.into_iter().map(past).collect_view()}</ul></Card> })}
    }
    .into_any()
}

/// What became of a form.
fn notice(done: &str) -> Option<&'static str> {
    match done {
        "proposed" => Some("Proposed. It is open for votes."),
        "voted" => Some("Your organisation's vote is counted."),
        "delegated" => Some("Saved. It counts from the next time votes are counted."),
        "gone" => Some("That decision is not open."),
        "reason" => Some("Nothing was proposed: say why."),
        "most" => Some("Nothing was proposed: your organisation has as many open decisions as it may."),
        "withdrawn" => Some("Taken back. Nobody votes on it any more."),
        "unknown" => Some("Nothing was changed: the form names nothing that there is."),
        _ => None,
    }
}

/// What a steward is told of organisations with one administrator.
fn sole_widenings(page: Signal<Decisions>) -> AnyView {
    let rows = page.with_untracked(|p| p.sole_widenings.clone());
    if rows.is_empty() {
        return ().into_any();
    }
    let row = |(org, from): (OrgRef, Timestamp)| view! { <li><b>{org.name}</b>" may start sharing more of its data from "<Time at=from/>", decided by one administrator."</li> };
    view! {
        <Card title="One administrator, no second person" id="sole-widenings">
            <p>"The only administrator of each of these organisations has proposed to show somebody more, or has lately removed the others. Please check with them that this is intended. With a second administrator, nobody decides alone."</p>
            <ul class="plain-list">{rows.into_iter().map(row).collect_view()}</ul>
        </Card>
    }
    .into_any()
}

fn standing(row: &DecisionRow) -> String {
    let t = row.tally;
    format!("{} for, {} against, of {} organisations", t.yes, t.no, t.members)
}

/// An open decision.
fn decision(row: DecisionRow) -> AnyView {
    let (tally, heading, href) = (standing(&row), row.title.clone(), format!("/decisions/{}", row.id));
    let more = if row.kind == DecisionKind::ScoringPolicy { "Changes, dry run and votes" } else { "Votes and who may still vote" };
    let form = row.may_vote.then(|| vote_form(&row));
    let votes = (!row.votes.is_empty()).then(|| votes(&row));
    view! {
        <Card title=heading class="disclosure decision" href=href more=more>
            <p>{row.effect.clone()}</p>
            <p>"Why: "{row.reason.clone()}</p>
            <p class="quiet">"Proposed by "{row.by.name.clone()}" "<Time at=row.proposed_at/>", open until "<Time at=row.expires_at/>". "<b>{tally}</b>"."</p>
            {votes}
            {form}
        </Card>
    }
    .into_any()
}

fn votes(row: &DecisionRow) -> AnyView {
    let vote = |(org, choice, reason): &(domain::view::OrgRef, bool, String)| {
        let (look, sign, word) = if *choice { ("mark st-good", "✓", "for") } else { ("mark st-off", "✕", "against") };
        let reason = (!reason.is_empty()).then(|| format!(": {reason}"));
        view! { <li><span class=look><span class="sign" aria-hidden="true">{sign}</span>{word}</span>" "{org.name.clone()}{reason}</li> }
    };
    view! { <ul class="plain-list votes">{row.votes.iter().map(vote).collect_view()}</ul> }.into_any()
}

/// How a decision ended, as sign and word.
fn mark(outcome: Option<Outcome>) -> AnyView {
    let (word, look, sign) = match outcome {
        Some(Outcome::Adopted) => ("Adopted", "mark st-good", "✓"),
        Some(Outcome::Rejected) => ("Rejected", "mark st-off", "✕"),
        Some(Outcome::Withdrawn) => ("Taken back", "mark st-stale", "–"),
        _ => ("Lapsed", "mark st-stale", "◷"),
    };
    view! { <span class=look><span class="sign" aria-hidden="true">{sign}</span>{word}</span> }.into_any()
}

/// A decision that ended.
fn past(row: DecisionRow) -> AnyView {
    let outcome = mark(row.outcome.map(|(o, _)| o));
    let at = row.outcome.map(|(_, at)| view! { " "<Time at/> });
    let (tally, votes, href) = (standing(&row), votes(&row), format!("/decisions/{}", row.id));
    view! {
        <li>
            <details class="data">
                <summary>{outcome}" "{row.title}{at}</summary>
                <p>{row.effect}</p>
                <p>"Why: "{row.reason}" "<span class="quiet">"Proposed by "{row.by.name}". "{tally}". "</span><a href=href>"All about it"</a></p>
                {votes}
            </details>
        </li>
    }
    .into_any()
}

fn rights_table(rights: &[RightRow]) -> AnyView {
    let roles = |roles: &[Role]| roles.iter().map(|r| title(*r)).collect::<Vec<_>>().join(", ");
    let row = |r: &RightRow| {
        view! {
            <tr>
                <th scope="row">{kind_words(r.kind)}</th>
                <td>{roles(&r.proposers)}</td>
                <td>{roles(&r.voters)}</td>
                <td>{r.quorum}" %"</td>
                <td>{plural(r.days as u64, "day", "days")}</td>
                <td>{r.delegate.as_ref().map_or_else(|| "nobody".to_owned(), |o| o.name.clone())}</td>
            </tr>
        }
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Decision rights">
            <table>
                <caption class="sr">"Decision rights"</caption>
                <thead><tr><th scope="col">"Decision"</th><th scope="col">"Proposed by"</th><th scope="col">"Voted by"</th><th scope="col">"Quorum"</th><th scope="col">"Open for"</th><th scope="col">"Your delegate"</th></tr></thead>
                <tbody>{rights.iter().map(row).collect_view()}</tbody>
            </table>
        </div>
        <p class="quiet">"Adopted as soon as more than half of all organisations are for it, rejected as soon as half are against; else at its end by those who voted, if they are as many as the quorum asks."</p>
    }
    .into_any()
}
