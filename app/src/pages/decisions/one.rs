//! `/decisions/:id`: one decision: what it does, how it stands, who still has a vote, and the way to vote or to take it back.

use super::{forms::vote_form, kind_words, mark, notice, standing, votes};
use crate::{api::pages, components::*, pages::users::title as role_title};
use domain::{
    Role,
    decision::DecisionKind,
    view::{DecisionPage as Data, OrgRef},
};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

/// The decision.
#[component]
pub fn DecisionPage() -> impl IntoView {
    let id = use_params_map().with_untracked(|map| map.get_str("id").unwrap_or_default().to_owned());
    let done = use_query_map().with_untracked(|map| map.get_str("done").unwrap_or_default().to_owned());
    let title = format!("Decision {id}");
    let crumbs = vec![("Overview".to_owned(), "/".to_owned()), ("Decisions".to_owned(), "/decisions".to_owned())];
    let data = async move { pages().decision(id).await };
    view! { <Page title crumbs=crumbs>{loaded(data, move |page| view! { <Decision page done=done.clone()/> })}</Page> }
}

#[component]
fn Decision(page: Signal<Data>, done: String) -> impl IntoView {
    let Data { as_of, row, right, waiting, lines, dry_run: dried, overtaken, version, may_withdraw } = page.get_untracked();
    let open = row.outcome.is_none() && row.expires_at > as_of;
    let policy = row.kind == DecisionKind::ScoringPolicy;
    let state = match row.outcome {
        Some((outcome, at)) => view! { {mark(Some(outcome))}" "<Time at/> }.into_any(),
        None if open => {
            view! { <span class="mark st-watch"><span class="sign" aria-hidden="true">"!"</span>"Open"</span>" until "<Time at=row.expires_at/> }.into_any()
        }
        None => view! { <span class="quiet">"Its time is over; votes are being counted."</span> }.into_any(),
    };
    let became = version.map(|v| view! { <p>"It is "<a href=format!("/admin/policy/versions/{v}")>{format!("version {v} of the scoring policy")}</a>"."</p> });
    let effect = (!policy).then(|| view! { <p>{row.effect.clone()}</p> });
    let form = row.may_vote.then(|| vote_form(&row));
    let withdraw = may_withdraw.then(|| {
        view! { <form method="post" action="/decisions/withdraw"><input type="hidden" name="id" value=row.id/><button>"Take it back"</button></form> }
    });
    let cast = (!row.votes.is_empty()).then(|| votes(&row));
    let changes = policy.then(|| {
        let note = overtaken.map(|old| {
            view! { <p class="notice">{format!("Made on version {old}; another was adopted since. If this is adopted, what that one changed and this one does not have is changed back, as listed here.")}</p> }
        });
        view! { <Card title="What it changes" id="changes">{note}{difference_list(&lines)}</Card> }
    });
    let missing = open.then(|| missing(row.tally, right.quorum));
    let roles = |roles: &[Role]| roles.iter().map(|r| role_title(*r).to_lowercase()).collect::<Vec<_>>().join(", ");
    let (by, proposed_at, reason, stands) = (row.by.clone(), row.proposed_at, row.reason.clone(), standing(&row));
    let (proposers, voters) = (roles(&right.proposers), roles(&right.voters));
    view! {
        <PageHead title=row.title.clone()><span>{kind_words(right.kind)}", proposed by "<OrgLink org=by/>" "<Time at=proposed_at/></span></PageHead>
        <Notice text=notice(&done)/>
        <div class="record">
            <div class="record-main">
                <Card title="Decision" class="disclosure decision">
                    {effect}
                    <p class="prose">"Why: "{reason}</p>
                    {became}
                    <p>{state}" "<b>{stands}</b></p>
                    {form}
                    {withdraw}
                </Card>
                {changes}
                {dried.map(|run| view! { <Card title="Dry run" id="dry-run">{dry_run(run)}</Card> })}
            </div>
            <div class="record-side">
                <Card title="Votes" id="votes">{cast}{missing}{(!waiting.is_empty()).then(|| still(&waiting))}</Card>
                <Card title="By which right">
                    <dl class="facts-list">
                        <div><dt>"Proposed by"</dt><dd>{proposers}</dd></div>
                        <div><dt>"Voted by"</dt><dd>{voters}</dd></div>
                        <div><dt>"Quorum"</dt><dd>{right.quorum}" % of the organisations"</dd></div>
                        <div><dt>"Open for"</dt><dd>{plural(right.days as u64, "day", "days")}</dd></div>
                    </dl>
                    <p class="quiet card-end"><a href="/decisions#rights">"All rights and your delegate"</a></p>
                </Card>
            </div>
        </div>
    }
    .into_any()
}

/// What it still takes.
fn missing(tally: domain::decision::Tally, quorum: u32) -> AnyView {
    let more = plural(tally.to_adopt().into(), "more organisation", "more organisations");
    let quorum = match tally.to_quorum(quorum) {
        0 => "The quorum is there: at its end those who voted decide.".to_owned(),
        n => format!("At its end {} must have voted, or it lapses.", plural(n.into(), "more organisation", "more organisations")),
    };
    view! { <p class="quiet missing">{format!("Adopted at once with {more} for it. {quorum}")}</p> }.into_any()
}

/// Who has not voted.
fn still(waiting: &[(OrgRef, Option<OrgRef>)]) -> AnyView {
    let one = |(org, speaker): &(OrgRef, Option<OrgRef>)| {
        let by = speaker.as_ref().map(|s| format!(", for whom {} speaks until then", s.name));
        view! { <li>{org.name.clone()}{by}</li> }
    };
    view! { <h3 class="sub">"May still vote"</h3><ul class="plain-list">{waiting.iter().map(one).collect_view()}</ul> }.into_any()
}
