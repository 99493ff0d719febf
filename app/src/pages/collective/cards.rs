//! The blocks below the verdict.

use crate::{components::*, pages::indicators::reports_of};
use domain::{
    Freshness,
    query::PageQuery,
    view::{Attention, Collective, DomainRow, OrgCard},
};
use leptos::prelude::*;

/// What needs attention, worst first.
#[component]
pub fn AttentionCard(page: Signal<Collective>) -> impl IntoView {
    let query = use_page_query();
    let line = move |a: &Attention| {
        let (class, sign, word) = standing_look(a.standing);
        let at_end = if a.note.is_empty() { view! { <Delta change=a.change/> }.into_any() } else { view! { <span>{a.note.clone()}</span> }.into_any() };
        view! {
            <li data-key=a.org.slug.clone()>
                <a href=kept_link(query, &a.href)>
                    <span class=format!("sign st-{class}") aria-hidden="true">{sign}</span>
                    <span class="sr">{word}": "</span>
                    <b>{a.org.name.clone()}{own_mark(&a.org.slug)}</b>
                    <span class="text">{a.text.clone()}</span>
                    <span class="end">{at_end}</span>
                    <span class="go" aria-hidden="true">"›"</span>
                </a>
            </li>
        }
    };
    let lines = move || {
        page.with(|p| {
            if p.attention.is_empty() {
                view! { <Empty title="Nothing needs attention: nobody is off target, silent, mostly unknown or in a critical incident."/> }.into_any()
            } else {
                let more = (p.attention_more > 0).then(|| {
                    let href = kept(query, "/orgs");
                    view! { <p class="quiet"><a href=href>{format!("and {} more: all organisations", count(p.attention_more.into()))}</a></p> }
                });
                view! { <ul class="attention">{p.attention.iter().map(line).collect_view()}</ul>{more} }.into_any()
            }
        })
    };
    view! { <Card title="Needs attention">{lines}</Card> }
}

/// Adds range and zone to a link that the server made, which may have a query and a fragment of its own.
fn kept_link(query: Memo<PageQuery>, href: &str) -> String {
    let (path, fragment) = href.split_once('#').map_or((href, ""), |(path, fragment)| (path, fragment));
    let url = query.with(|q| q.kept().href(path));
    if fragment.is_empty() { url } else { format!("{url}#{fragment}") }
}

/// The CSF functions of the whole alliance as bullets.
#[component]
pub fn DomainsCard(page: Signal<Collective>) -> impl IntoView {
    let query = use_page_query();
    let row = move |d: &DomainRow| {
        let href = PageQuery { sort: format!("-{}", d.domain.code()), ..query.with(PageQuery::kept) }.href("/orgs");
        let (class, sign, word) = standing_look(against_target(d.score, d.target));
        let mut cover = format!("{:.0} % of its values are current", d.coverage * 100.0);
        if let Some((floor, _)) = d.floor.zip(d.score).filter(|(floor, score)| floor.round() < score.round()) {
            cover.push_str(&format!("; {} with every organisation at 0 that does not share its posture with you", points(floor)));
        }
        view! {
            <li>
                <a href=href title=cover>
                    <span class=format!("sign st-{class}") aria-hidden="true">{sign}</span>
                    <b>{d.domain.title()}</b>
                    <Bullet score=d.score target=d.target/>
                    <span class="value"><ScoreText score=d.score/><small>"/"{points(d.target)}</small><span class="sr">", "{word}", "</span></span>
                    <Spark markup=d.history.clone()/>
                    <span class="end"><Delta change=d.change/></span>
                </a>
            </li>
        }
    };
    view! {
        <Card title="Domains" class="domains" href=Signal::derive(move || kept(query, "/about/scoring")) more="NIST CSF 2.0">
            <ul class="bullets">{move || page.with(|p| p.domains.iter().map(row).collect_view())}</ul>
        </Card>
    }
}

/// The organisations as small multiples on one scale.
#[component]
pub fn OrganisationsCard(page: Signal<Collective>) -> impl IntoView {
    let query = use_page_query();
    let more = move || page.with(|p| if p.orgs_total as usize > p.orgs.len() { format!("all {}, by score", p.orgs_total) } else { "all, by score".to_owned() });
    let body = move || {
        page.with(|p| {
            if p.orgs.is_empty() {
                view! { <Empty title="No organisation has joined yet."><a href=kept(query, "/connect")>"Connect the first one"</a></Empty> }.into_any()
            } else {
                let as_of = p.as_of;
                view! { <ul class="multiples">{p.orgs.iter().map(|card| multiple(query, card, as_of)).collect_view()}</ul> }.into_any()
            }
        })
    };
    let href = move || PageQuery { sort: "-score".into(), ..query.with(PageQuery::kept) }.href("/orgs");
    view! { <Card title="Organisations" class="orgs" href=Signal::derive(href) more=Signal::derive(more)>{body}</Card> }
}

fn multiple(query: Memo<PageQuery>, card: &OrgCard, as_of: domain::Timestamp) -> impl IntoView + use<> {
    let (class, ..) = standing_look(card.standing);
    // Late data still counts, but being late is the news.
    let mark = if card.freshness == Freshness::Fresh {
        view! { <StandingMark standing=card.standing/> }.into_any()
    } else {
        view! { <FreshnessMark freshness=card.freshness seen=card.seen as_of/> }.into_any()
    };
    let end = match (card.score, card.last) {
        (None, Some(last)) => view! { <span class="last">"last "{points(last)}</span> }.into_any(),
        // The upper end is more telling there than a change of the lower.
        _ => match at_most_words(card.score, card.at_most) {
            Some(words) => view! { <small class="at-most">{words}</small> }.into_any(),
            None => view! { <Delta change=card.change/> }.into_any(),
        },
    };
    let hidden = (!card.hidden.is_empty())
        .then(|| view! { <span class="hidden-words" title=card.hidden.clone()><Icon name="lock"/><span class="sr">{card.hidden.clone()}</span></span> });
    view! {
        <li data-key=card.org.slug.clone()>
            <a class=format!("multiple is-{class}") href=kept(query, &format!("/orgs/{}", card.org.slug))>
                <b title=card.org.name.clone()><span>{card.org.name.clone()}</span>{own_mark(&card.org.slug)}</b>
                {mark}
                <ScoreText score=card.score/>
                <Spark markup=card.history.clone()/>
                <span class="end">{hidden}{end}</span>
            </a>
        </li>
    }
}

/// Active indicators by marking.
#[component]
pub fn IndicatorsCard(page: Signal<Collective>) -> impl IntoView {
    let query = use_page_query();
    let to = move |key: &'static str, value: &'static str| query.with(|q| q.kept().with(key, value).href("/indicators"));
    let rows = move || {
        page.with(|p| {
            let most = p.indicators.iter().map(|c| c.count).max().unwrap_or(0).max(1) as f64;
            p.indicators
                .iter()
                .map(|c| {
                    view! {
                        <li>
                            <a href=to("tlp", c.tlp.name())>
                                <TlpBadge tlp=c.tlp/>
                                <ShareBar share=c.count as f64 / most/>
                                <b>{count(c.count)}</b>
                            </a>
                        </li>
                    }
                })
                .collect_view()
        })
    };
    let body = move || {
        let totals = page.with(|p| p.indicator_totals.clone()).map(|text| view! { <p class="quiet">{text}</p> });
        if page.with(|p| p.indicators_total == 0) {
            view! { <Empty title="No active indicator is shared with you yet."/>{totals} }.into_any()
        } else {
            view! {
                <ul class="bars">{rows}</ul>
                <p class="card-end">
                    <a href=to("seen", "2")>
                        {move || page.with(|p| reports_of(p.indicators_shared, p.indicators_shared_things, "indicator", "indicators"))}
                        " seen by more than one organisation"
                    </a>
                </p>
                {totals}
            }
            .into_any()
        }
    };
    let more = move || page.with(|p| format!("{}{} active", if p.indicators_partial { "at least " } else { "" }, count(p.indicators_total)));
    view! { <Card title="Indicators shared" class="indicators" href=Signal::derive(move || kept(query, "/indicators")) more=Signal::derive(more)>{body}</Card> }
}
