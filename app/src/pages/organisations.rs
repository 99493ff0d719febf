//! `/orgs`: every organisation by every domain, as a heat map with the number in each cell.

use crate::{api::pages, components::*};
use domain::{
    catalogue::Domain,
    query::PageQuery,
    view::{OrgRow, Organisations},
};
use leptos::prelude::*;

/// The matrix.
#[component]
pub fn OrganisationsPage() -> impl IntoView {
    let query = use_page_query();
    let data = async move { pages().organisations(query.get_untracked()).await };
    let crumbs = vec![("Overview".to_owned(), "/".to_owned())];
    view! { <Page title="Organisations" crumbs=crumbs>{loaded(data, |page| view! { <Matrix page/> })}</Page> }
}

#[component]
fn Matrix(page: Signal<Organisations>) -> impl IntoView {
    let query = use_page_query();
    let none = Memo::new(move |_| page.with(|p| p.rows.is_empty()));
    let number = move || page.with(|p| plural(p.total.into(), "organisation", "organisations"));
    let unshared = move || {
        page.with(|p| {
            (p.unshared > 0).then(|| {
                format!(
                    " {} not share posture with you: not listed here, and unknown, 0 to 100, in the index.",
                    match p.unshared {
                        1 => "One organisation does".to_owned(),
                        n => format!("{n} organisations do"),
                    }
                )
            })
        })
    };
    let no_longer = move || {
        page.with(|p| match p.no_longer_shared {
            0 => None,
            1 => Some(" One organisation no longer shares its posture with you by name.".to_owned()),
            n => Some(format!(" {n} organisations no longer share their posture with you by name.")),
        })
    };
    let totals_only = move || page.with(|p| p.totals_only.as_ref().map(|text| format!(" {text}")));
    let body = move || {
        if none.get() {
            view! { <Empty title="No organisation matches."><a href=move || query.with(|q| q.with("q", "").href("/orgs"))>"Show all"</a></Empty> }.into_any()
        } else {
            view! { <HeatMap page/> <Legend/> }.into_any()
        }
    };
    view! {
        <Live topics="posture: incidents:"/>
        <PageHead title="Organisations">
            <super::queue::ActiveFilters facets=Signal::stored(vec![]) path="/orgs"/>
            {number}" by the six functions of NIST CSF 2.0. Scores run from 0 to 100; a dash is not known, which is not 0."{no_longer}{unshared}{totals_only}
        </PageHead>
        <section class="card" aria-label="Scores by organisation and domain">
            <Search/>
            {body}
            <Pager next=Signal::derive(move || page.with(|p| p.next.clone())) path="/orgs"/>
        </section>
        <PageFoot as_of=Signal::derive(move || page.with(|p| p.as_of)) policy=Signal::derive(move || page.with(|p| Some(p.policy_version))) csv="/csv/orgs"/>
    }
    .into_any()
}

#[component]
fn Search() -> impl IntoView {
    let query = use_page_query();
    view! {
        <form class="search" method="get" action="/orgs" role="search">
            <KeepQuery except=&["q"]/>
            <label class="sr" for="q">"Search organisations"</label>
            <input id="q" type="search" name="q" placeholder="Name or sector" value=query.with_untracked(|q| q.q.clone())/>
            <button>"Search"</button>
        </form>
    }
    .into_any()
}

#[component]
fn HeatMap(page: Signal<Organisations>) -> impl IntoView {
    let query = use_page_query();
    let rows = move || {
        page.with(|p| {
            let as_of = p.as_of;
            p.rows.iter().map(|row| matrix_row(query, row, as_of)).collect_view()
        })
    };
    view! {
        <div class="scroll" tabindex="0" role="region" aria-label="Scores by organisation and domain, scrollable">
            <table class="matrix">
                <caption class="sr">"Scores by organisation and domain"</caption>
                <thead>
                    <tr>
                        <Head key="name" word="Organisation"/>
                        <Head key="standing" word="Standing"/>
                        <Head key="score" word="Score"/>
                        <Head key="change" word="30 days"/>
                        {Domain::ALL.map(|d| view! { <Head key=d.code() word=d.title()/> }).collect_view()}
                        <Head key="incidents" word="Open incidents"/>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// A column head that sorts: first best or most first, then the other way round.
#[component]
fn Head(key: &'static str, word: &'static str) -> impl IntoView {
    let query = use_page_query();
    // Names read from A; numbers from the highest.
    let first = if key == "name" { key.to_owned() } else { format!("-{key}") };
    let sort = Memo::new(move |_| query.with(|q| q.sort.clone()));
    let href = {
        let first = first.clone();
        move || {
            let next = if sort.get() != first {
                first.clone()
            } else if let Some(up) = first.strip_prefix('-') {
                up.to_owned()
            } else {
                format!("-{first}")
            };
            query.with(|q| q.with("sort", &next).href("/orgs"))
        }
    };
    let direction = move || {
        let sort = sort.get();
        if sort == key {
            Some("ascending")
        } else if sort.strip_prefix('-') == Some(key) {
            Some("descending")
        } else {
            None
        }
    };
    let arrow = move || match direction() {
        Some("ascending") => "↑",
        Some(_) => "↓",
        None => "",
    };
    view! { <th scope="col" aria-sort=direction><a href=href>{word}<span aria-hidden="true" class="arrow">{arrow}</span></a></th> }.into_any()
}

fn matrix_row(query: Memo<PageQuery>, row: &OrgRow, as_of: domain::Timestamp) -> AnyView {
    let path = format!("/orgs/{}", row.org.slug);
    let cells = Domain::ALL.map(|d| {
        let score = row.domains[d.index()];
        let href = format!("{}#{}", kept(query, &path), d.code());
        view! { <td class=heat(score)><a href=href><ScoreText score/></a></td> }
    });
    let incidents = PageQuery { org: row.org.slug.clone(), status: "open".into(), ..query.with(PageQuery::kept) }.href("/incidents");
    let mark = if row.freshness == domain::Freshness::Fresh {
        view! { <StandingMark standing=row.standing/> }.into_any()
    } else {
        view! { <FreshnessMark freshness=row.freshness seen=row.seen as_of/> }.into_any()
    };
    let hidden = (!row.hidden.is_empty()).then(|| view! { <small class="hidden-words"><Icon name="lock"/>{row.hidden.clone()}</small> });
    let last = row.score.is_none().then_some(row.last).flatten().map(|last| view! { <small>" last "{points(last)}</small> });
    view! {
        <tr data-key=row.org.slug.clone()>
            <th scope="row"><OrgLink org=row.org.clone()/><small>{row.sector.clone()}</small>{hidden}</th>
            <td class="standing">{mark}</td>
            <td class="n total" title=format!("{:.0} % of its values are current", row.coverage * 100.0)><a href=kept(query, &path)><ScoreAtMost score=row.score at_most=row.at_most/></a>{last}</td>
            <td class="n"><Delta change=row.change/></td>
            {cells.collect_view()}
            <td class="n">{match row.open_incidents {
                Some(n) => view! { {row.incidents_partial.then(|| view! { <small title=row.hidden.clone()>"at least "</small> })}<a href=incidents>{n}</a> }.into_any(),
                None => view! { <span class="unknown" title="Not shared with you"><span aria-hidden="true">"–"</span><span class="sr">"not shared with you"</span></span> }.into_any(),
            }}</td>
        </tr>
    }
    .into_any()
}

/// The class of a cell: five steps of one hue, and hatched where nothing is known.
fn heat(score: Option<f64>) -> &'static str {
    // By the number as printed: what reads 60 is shaded as 60.
    match score.map(f64::round) {
        None => "heat unknown",
        Some(s) if s < 60.0 => "heat h1",
        Some(s) if s < 70.0 => "heat h2",
        Some(s) if s < 80.0 => "heat h3",
        Some(s) if s < 90.0 => "heat h4",
        Some(_) => "heat h5",
    }
}

#[component]
fn Legend() -> impl IntoView {
    let steps = [("h1", "below 60"), ("h2", "60–69"), ("h3", "70–79"), ("h4", "80–89"), ("h5", "90 and more"), ("unknown", "not known")];
    let step = |(class, words): (&str, &'static str)| view! { <li><span class=format!("heat {class}") aria-hidden="true"></span>{words}</li> };
    view! { <ul class="legend" aria-label="Shades">{steps.map(step).collect_view()}</ul> }.into_any()
}
