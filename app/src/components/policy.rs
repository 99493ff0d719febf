//! What several pages say of a scoring policy: what somebody prepares, what differs, what it would make of the scores, the catalogue.

use super::{Delta, OrgLink, ScoreText, StandingMark, count, plural};
use domain::{
    catalogue::{Change, Difference, Domain, MetricDefinition},
    view::{DryRun, MetricState, PolicyHead, ScoreChange, ScorePair},
};
use leptos::prelude::*;

/// Says that the reader prepares another policy, on every page where that matters.
#[must_use]
pub fn draft_bar(head: &PolicyHead) -> Option<AnyView> {
    let n = head.drafted?;
    let changes = plural(n.into(), "change", "changes");
    Some(
        view! {
            <p class="draft-bar">
                <span><b>{format!("Your draft: {changes}.")}</b>" This page shows it; nobody else sees it."</span>
                <a class="button" href="/admin/policy/draft">"Try and propose it"</a>
            </p>
        }
        .into_any(),
    )
}

/// Lines of a difference.
#[must_use]
pub fn difference_list(lines: &[Difference]) -> AnyView {
    let line = |d: &Difference| {
        let subject = (!d.subject.is_empty()).then(|| view! { <code>{d.subject.clone()}</code>": " });
        let change = match &d.change {
            Change::Added(what) => view! { <span class="pill pill-open">"new"</span>" "{what.clone()} }.into_any(),
            Change::Retired => view! { <span class="pill pill-open">"retired"</span> }.into_any(),
            Change::Set { field, from, to } => view! { {words(field)}" "<del>{from.clone()}</del>" → "<ins>{to.clone()}</ins> }.into_any(),
        };
        view! { <li>{subject}{change}</li> }
    };
    view! { <ul class="difference">{lines.iter().map(line).collect_view()}</ul> }.into_any()
}

/// A policy's number in words.
fn words(field: &str) -> String {
    match field {
        "critical_cap" => "cap while a critical incident is open".to_owned(),
        "on_target" => "on target from".to_owned(),
        "watch" => "watch from".to_owned(),
        other => other.to_owned(),
    }
}

fn in_points(pair: ScorePair) -> Option<f64> {
    domain::points::change(pair.then, pair.now)
}

fn is_same(pair: ScorePair) -> bool {
    pair.standing_now == pair.standing_then && (in_points(pair) == Some(0.0) || (pair.now.is_none() && pair.then.is_none()))
}

fn cells(pair: ScorePair) -> impl IntoView {
    let stands = if pair.standing_now == pair.standing_then {
        view! { <span class="quiet">"the same"</span> }.into_any()
    } else {
        view! { <StandingMark standing=pair.standing_now/><span aria-hidden="true">" → "</span><span class="sr">" becomes "</span><StandingMark standing=pair.standing_then/> }
            .into_any()
    };
    view! {
        <td class="n"><ScoreText score=pair.now/></td>
        <td class="n"><b><ScoreText score=pair.then/></b></td>
        <td class="n"><Delta change=in_points(pair)/></td>
        <td>{stands}</td>
    }
}

fn table(caption: &'static str, index: Option<ScorePair>, rows: Vec<ScoreChange>) -> AnyView {
    let row = |c: ScoreChange| view! { <tr><th scope="row"><OrgLink org=c.org/></th>{cells(c.score)}</tr> };
    let index = index.map(|pair| view! { <tr class="whole"><th scope="row">"Index"</th>{cells(pair)}</tr> });
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label=caption>
            <table class="dry-run">
                <caption class="sr">{caption}</caption>
                <thead><tr><th scope="col">"Score of"</th><th scope="col" class="n">"Now"</th><th scope="col" class="n">"Then"</th><th scope="col" class="n">"Change"</th><th scope="col">"Stands"</th></tr></thead>
                <tbody>{index}{rows.into_iter().map(row).collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// What a policy would make of the scores that the reader sees.
#[must_use]
pub fn dry_run(run: DryRun) -> AnyView {
    let (same, moved): (Vec<_>, Vec<_>) = run.rows.into_iter().partition(|c| is_same(c.score));
    let nobody = moved.is_empty().then(|| view! { <p>"No organisation's score changes by a whole point."</p> });
    let stays = plural(same.len() as u64, "score stays as it is", "scores stay as they are");
    let rest = (!same.is_empty()).then(|| {
        view! { <details class="data"><summary>{stays}", to a tenth of a point"</summary>{table("Scores that stay as they are", None, same)}</details> }
    });
    let unshared = (run.unshared > 0).then(|| {
        let n = plural(run.unshared.into(), "organisation does", "organisations do");
        view! { <li>{n}" not show you their posture: their scores are not in this dry run, nor in your index."</li> }
    });
    let scores_only = (run.scores_only > 0).then(|| {
        let n = plural(run.scores_only.into(), "organisation shows", "organisations show");
        view! { <li>{n}" you scores and no single values. A policy is not tried on those, because it could tell the values: they are in no number here."</li> }
    });
    let totals = (run.totals_only > 0).then(|| {
        let n = plural(run.totals_only.into(), "organisation shares", "organisations share");
        view! { <li>{n}" only totals: what is counted of them stands until the week ends."</li> }
    });
    view! {
        {table("Dry run: what it would make of the scores", Some(run.index), moved)}
        {nobody}
        {rest}
        <ul class="notes">{unshared}{scores_only}{totals}<li>"Made from the values as they are now, by the rules by which scores are made. Others see those scores that are shared with them."</li></ul>
    }
    .into_any()
}

/// A weight as short as it can be written.
#[must_use]
pub fn weight(w: f64) -> String {
    ((w * 1_000.0).round() / 1_000.0).to_string()
}

/// Rows of a catalogue by function; `change` adds the ways to change each.
#[must_use]
pub fn catalogue_table(rows: Vec<(MetricDefinition, MetricState)>, change: bool) -> AnyView {
    let row = |(m, state): &(MetricDefinition, MetricState)| {
        let href = format!("/admin/catalogue/{}", m.key);
        let mark = match state {
            MetricState::Same => None,
            MetricState::Changed => Some("changed"),
            MetricState::Added => Some("new"),
            MetricState::Retired => Some("retired"),
        };
        let mark = mark.map(|word| view! { " "<span class="pill pill-open">{word}</span> });
        let words = if *state == MetricState::Retired { "Look" } else { "Change" };
        let title = m.title.clone();
        let way = change.then(|| view! { <td><a href=href>{words}<span class="sr">" "{title}</span></a></td> });
        view! {
            <tr id=m.key.clone() class:left=*state == MetricState::Retired>
                <th scope="row">{m.title.clone()}{mark}<small><code>{m.key.clone()}</code></small></th>
                <td class="on-wide"><code>{m.unit.clone()}</code></td>
                <td class="on-wide">{if m.lower_is_better() { "less" } else { "more" }}</td>
                <td class="n">{m.format(m.target)}</td>
                <td class="n">{m.format(m.floor)}</td>
                <td class="n">{weight(m.weight)}</td>
                {way}
            </tr>
        }
    };
    let group = |d: Domain| {
        let of: Vec<_> = rows.iter().filter(|(m, _)| m.domain == d).collect();
        let n = count(of.iter().filter(|(_, s)| *s != MetricState::Retired).count() as u64);
        let span = if change { "7" } else { "6" };
        view! { <tbody><tr class="group"><th scope="rowgroup" colspan=span>{d.title()}" "<small class="inline">{d.code()}", "{n}</small></th></tr>{of.into_iter().map(row).collect_view()}</tbody> }
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Metrics">
            <table class="catalogue">
                <caption class="sr">"Metrics, by function"</caption>
                <thead><tr>
                    <th scope="col">"Metric"</th><th scope="col" class="on-wide">"Unit"</th><th scope="col" class="on-wide">"Better is"</th>
                    <th scope="col" class="n">"Target"</th><th scope="col" class="n">"Floor"</th><th scope="col" class="n">"Weight"</th>
                    {change.then(|| view! { <th scope="col"><span class="sr">"Change"</span></th> })}
                </tr></thead>
                {Domain::ALL.map(group).collect_view()}
            </table>
        </div>
    }
    .into_any()
}
