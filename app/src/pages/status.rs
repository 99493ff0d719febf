//! `/status`: the hub's own health, and how fresh each partner is.

use crate::{api::pages, components::*};
use domain::{
    Freshness, Timestamp,
    timestamp::duration,
    view::{Coverage, PartnerRow, Status},
};
use leptos::prelude::*;

/// Health and freshness.
#[component]
pub fn StatusPage() -> impl IntoView {
    let data = async move { pages().status().await };
    let crumbs = vec![("Overview".to_owned(), "/".to_owned())];
    view! { <Page title="Status" crumbs=crumbs>{loaded(data, |page| view! { <Health page/> })}</Page> }
}

#[component]
fn Health(page: Signal<Status>) -> impl IntoView {
    let title = Memo::new(move |_| {
        page.with(|p| {
            let failing: Vec<_> = p.checks.iter().filter(|(_, ok, _)| !ok).map(|(name, ..)| name.as_str()).collect();
            if failing.is_empty() { "The hub works".to_owned() } else { format!("The hub has trouble: {}", failing.join(", ")) }
        })
    });
    let facts = move || {
        page.with(|p| view! { <span>{format!("Shieldwall {}", p.version)}</span><span>{format!("running for {}", duration(p.as_of.since(p.started_at)))}", since " <Time at=p.started_at/></span> })
    };
    let checks = move || {
        page.with(|p| {
            let check = |(name, ok, seen): &(String, bool, String)| {
                let (class, sign, word) = if *ok { ("mark st-good", "✓", "Works") } else { ("mark st-off", "✕", "Fails") };
                view! { <li><span class=class><span class="sign" aria-hidden="true">{sign}</span>{word}</span><b>{name.clone()}</b><span class="quiet">{seen.clone()}</span></li> }
            };
            p.checks.iter().map(check).collect_view()
        })
    };
    view! {
        <Live topics="posture: pushes:"/>
        <PageHead title=title>{facts}</PageHead>
        <Card title="Checks"><ul class="checks">{checks}</ul></Card>
        <Card title="Audit trail" id="evidence"><TrailEvidence page/></Card>
        <Card title="Partners" id="partners"><Tally page/><Partners page/></Card>
        <PageFoot as_of=Signal::derive(move || page.with(|p| p.as_of))/>
    }
}

/// What the audit trail is checked with, and who could show that it was cut.
#[component]
fn TrailEvidence(page: Signal<Status>) -> impl IntoView {
    let taken = |at: Option<Timestamp>| match at {
        Some(at) => view! { <Time at/> }.into_any(),
        None => view! { <span class="quiet">"never"</span> }.into_any(),
    };
    move || {
        page.with(|p| {
            let e = &p.evidence;
            let Some((key, fingerprint)) = e.key.clone() else {
                return view! { <Empty title="This hub has no signing key, so nothing shows whether its audit trail was changed."/> }.into_any();
            };
            let witnesses = e.witnesses.as_ref().map(|all| {
                let rows = all.iter().map(|(org, at)| view! { <tr><th scope="row"><OrgLink org=org.clone()/></th><td>{taken(*at)}</td></tr> }).collect_view();
                view! {
                    <div class="scroll" tabindex="0" role="region" aria-label="Checkpoints taken">
                        <table>
                            <caption class="sr">"Checkpoints taken"</caption>
                            <thead><tr><th scope="col">"Organisation"</th><th scope="col">"Last took a checkpoint"</th></tr></thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                }
            });
            view! {
                <dl class="facts-list">
                    <div class="wide"><dt>"Fingerprint of the signing key"</dt><dd><code class="hash">{fingerprint}</code></dd></div>
                    <div class="wide"><dt>"Public key"</dt><dd><code class="hash">{key}</code></dd></div>
                    <div><dt>"Newest checkpoint"</dt><dd>{e.checkpoint.clone().unwrap_or_else(|| "none yet".to_owned())}</dd></div>
                    <div><dt>"Your organisation last took one"</dt><dd>{taken(e.own)}</dd></div>
                </dl>
                <p class="quiet">"Keep the fingerprint somewhere other than the hub, and have a machine fetch "<code>"GET /api/v1/audit/checkpoint"</code>" regularly: together they reveal a trail that was cut or rebuilt."</p>
                {witnesses}
            }
            .into_any()
        })
    }
}

/// How many partners are how fresh: the sum that the overview's coverage comes from.
#[component]
fn Tally(page: Signal<Status>) -> impl IntoView {
    let words = move || {
        page.with(|p| {
            let mut coverage = Coverage { hidden: p.hidden, ..Coverage::default() };
            p.partners.iter().for_each(|partner| coverage.count(partner.freshness));
            let parts = [
                ("fresh", coverage.fresh),
                ("late", coverage.late),
                ("stale", coverage.stale),
                ("silent", coverage.silent),
                ("never reported", coverage.never),
                ("not shared with you", coverage.hidden),
            ];
            let parts: Vec<_> = parts.into_iter().filter(|(_, n)| *n > 0).map(|(word, n)| format!("{n} {word}")).collect();
            format!("{} of {} reporting: {}.", coverage.reporting(), coverage.total(), parts.join(", "))
        })
    };
    view! { <p class="lead">{words}</p> }
}

#[component]
fn Partners(page: Signal<Status>) -> impl IntoView {
    let query = use_page_query();
    let row = move |partner: &PartnerRow, as_of| {
        let log = domain::query::PageQuery { org: partner.org.slug.clone(), ..query.with(domain::query::PageQuery::kept) }.href("/receipts");
        let seen = match partner.seen {
            Some(at) => view! { <Time at/> }.into_any(),
            None => view! { <span class="quiet">"never"</span> }.into_any(),
        };
        view! {
            <tr data-key=partner.org.slug.clone()>
                <th scope="row"><OrgLink org=partner.org.clone()/></th>
                <td><FreshnessMark freshness=partner.freshness seen=partner.seen as_of/></td>
                <td>{seen}</td>
                <td class="n">{duration(partner.interval)}</td>
                <td>{next(partner)}</td>
                <td><a href=log>"Push log"<span class="sr">" of " {partner.org.name.clone()}</span></a></td>
            </tr>
        }
    };
    let rows = move || {
        page.with(|p| {
            // Whoever is missing stands first.
            let mut partners: Vec<_> = p.partners.iter().collect();
            partners.sort_by_key(|partner| std::cmp::Reverse(partner.freshness));
            partners.into_iter().map(|partner| row(partner, p.as_of)).collect_view()
        })
    };
    let none = Memo::new(move |_| page.with(|p| p.partners.is_empty()));
    view! {
        <Show when=move || !none.get() fallback=|| view! { <Empty title="No organisation has joined yet. The hub's operator adds one with: shieldwall admin org add"/> }>
            <div class="scroll" tabindex="0" role="region" aria-label="Partners' freshness">
                <table>
                    <caption class="sr">"Partners' freshness"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Organisation"</th>
                            <th scope="col">"Freshness"</th>
                            <th scope="col">"Last data"</th>
                            <th scope="col" class="n">"Expected every"</th>
                            <th scope="col">"If nothing comes"</th>
                            <th scope="col">"Pushes"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </Show>
    }
}

/// What becomes of a partner that stays quiet.
fn next(partner: &PartnerRow) -> impl IntoView + use<> {
    let words = match partner.freshness {
        Freshness::Fresh => "late from ",
        Freshness::Late => "stale, and no longer counted as current, from ",
        Freshness::Stale => "silent from ",
        Freshness::Silent => "stays silent; counts only where its last score holds the index down",
        Freshness::Never => "counts once its first values come",
    };
    view! { {words}{partner.next.map(|at| view! { <Time at/> })} }
}
