//! `/orgs/:org/metrics/:metric`: one metric of one organisation over time, down to the single pushed value.

use crate::{api::pages, components::*};
use domain::{
    timestamp::duration,
    view::{MetricPage as Model, PartRow, SampleRow},
};
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// One metric's series with target and floor.
#[component]
pub fn MetricPage() -> impl IntoView {
    let query = use_page_query();
    let params = use_params_map();
    let param = move |key: &'static str| Memo::new(move |_| params.with(|p| p.get_str(key).unwrap_or_default().to_owned()));
    let (slug, metric) = (param("org"), param("metric"));
    let data = async move { pages().metric(slug.get_untracked(), metric.get_untracked(), query.get_untracked()).await };
    view! { <Page title="Metric">{loaded(data, |page| view! { <One page/> })}</Page> }
}

#[component]
fn One(page: Signal<Model>) -> impl IntoView {
    let query = use_page_query();
    let title = Signal::derive(move || page.with(|p| p.metric.title.clone()));
    let facts = move || {
        page.with(|p| {
            view! {
                <OrgLink org=p.org.clone()/>
                <FreshnessMark freshness=p.freshness seen=p.at as_of=p.as_of/>
                <span>{p.metric.domain.title()}" · "<code>{p.metric.key.clone()}</code>" · pushed every "{duration(p.interval)}</span>
                <a href=kept(query, &format!("/metrics/{}", p.metric.key))>"all organisations"</a>
            }
        })
    };
    let series = Memo::new(move |_| page.with(|p| p.series.clone()));
    let path = Signal::derive(move || page.with(|p| format!("/orgs/{}/metrics/{}", p.org.slug, p.metric.key)));
    let crumbs = Signal::derive(move || {
        let own = page.with(|p| (p.org.name.clone(), format!("/orgs/{}", p.org.slug)));
        vec![("Overview".to_owned(), "/".to_owned()), ("Organisations".to_owned(), "/orgs".to_owned()), own]
    });
    view! {
        <Trail title crumbs/>
        <PageHead title>{facts}</PageHead>
        <Live topics=page.with_untracked(|p| format!("posture:{}", p.org.slug))/>
        <Numbers page/>
        <Parts page/>
        <Card title="Over time"><RangePicker/><ChartPanel chart=series/></Card>
        <Card title="Values as pushed">
            {move || page.with(|p| only_first(p.samples_of.0, p.samples_of.1, "series"))}
            <Samples page/>
            <Pager next=Signal::derive(move || page.with(|p| p.next.clone())) path/>
        </Card>
        <PageFoot
            as_of=Signal::derive(move || page.with(|p| p.as_of))
            policy=Signal::derive(move || page.with(|p| Some(p.policy_version)))
            csv=Signal::derive(move || format!("/csv{}", path.get()))
        />
    }
    .into_any()
}

/// The newest value against target, floor and peers.
#[component]
fn Numbers(page: Signal<Model>) -> impl IntoView {
    let body = move || {
        page.with(|p| {
            let m = &p.metric;
            let current = p.freshness.counts();
            let value = p.value.map_or_else(|| "–".to_owned(), |value| m.format(value));
            let note = match (p.at, current) {
                (None, _) if p.value.is_some() => view! { "left out of a snapshot, not counted" }.into_any(),
                (None, _) => view! { "never reported" }.into_any(),
                (Some(at), true) => view! { "observed " <Time at/> }.into_any(),
                (Some(at), false) => view! { "as of " <Time at/> ", not counted" }.into_any(),
            };
            let score = p.score.filter(|_| current);
            let better = if m.lower_is_better() { "lower is better" } else { "higher is better" };
            let peers = p.peers.map(|peers| {
                view! {
                    <div class="stat">
                        <p class="stat-label">"Peer median"</p>
                        <p class="stat-value">{m.format(peers.median)}</p>
                        <p class="stat-note">{format!("quartiles {} to {} (n={})", m.format(peers.lower_quartile), m.format(peers.upper_quartile), peers.n)}</p>
                    </div>
                }
            });
            view! {
                <div class="stat"><p class="stat-label">"Newest value"</p><p class=if current { "stat-value" } else { "stat-value not-current" }>{value}</p><p class="stat-note">{note}</p></div>
                <div class="stat"><p class="stat-label">"Score"</p><p class="stat-value"><ScoreText score/></p><p class="stat-note"><Bullet score target=100.0/></p></div>
                <div class="stat"><p class="stat-label">"Target"</p><p class="stat-value">{m.format(m.target)}</p><p class="stat-note">"earns 100 points"</p></div>
                <div class="stat"><p class="stat-label">"Floor"</p><p class="stat-value">{m.format(m.floor)}</p><p class="stat-note">"earns 0 points · "{better}</p></div>
                {peers}
            }
        })
    };
    view! { <section class="card summary-numbers" aria-label="Newest value">{body}</section> }
}

/// That not all are shown, where they are not.
fn only_first(shown: u64, all: u64, what: &'static str) -> Option<impl IntoView> {
    (shown < all).then(|| view! { <p class="quiet">{format!("The first {} of {} {what}, by their labels.", count(shown), count(all))}</p> })
}

/// What the value is made of, and its parts beneath it.
#[component]
fn Parts(page: Signal<Model>) -> impl IntoView {
    let any = Memo::new(move |_| page.with(|p| !p.parts.is_empty()));
    let basis = move || {
        page.with(|p| {
            if p.basis.is_empty() {
                "Values with labels are parts: the value above is the one without labels, and no part moves the score.".to_owned()
            } else {
                format!("The value above is the {}.", p.basis.trim_start_matches("the "))
            }
        })
    };
    let rows = move || {
        page.with(|p| {
            let row = |part: &PartRow| {
                let left_out = part.left_out.then(|| view! { <span class="quiet">" left out of a snapshot"</span> });
                view! { <tr><th scope="row">{part.labels.clone()}</th><td class="n">{p.metric.format(part.value)}</td><td><Time at=part.at/>{left_out}</td></tr> }
            };
            p.parts.iter().map(row).collect_view()
        })
    };
    view! {
        <Show when=move || any.get()>
            <Card title="Parts">
                <p>{basis}</p>
                {move || page.with(|p| only_first(p.parts.len() as u64, p.parts_total, "parts"))}
                <div class="scroll" tabindex="0" role="region" aria-label="Parts">
                    <table>
                        <caption class="sr">"The newest value of each part"</caption>
                        <thead><tr><th scope="col">"Labels"</th><th scope="col" class="n">"Value"</th><th scope="col">"Observed"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </Card>
        </Show>
    }
}

/// The raw values, newest first, each with its receipt.
#[component]
fn Samples(page: Signal<Model>) -> impl IntoView {
    let query = use_page_query();
    let row = move |s: &SampleRow, value: String| {
        view! {
            <tr data-key=format!("{} {}", s.observed_at.rfc3339_micros(), s.labels)>
                <th scope="row"><Time at=s.observed_at seconds=true/></th>
                <td class="n">{value}</td>
                <td>{s.labels.clone()}</td>
                <td><Time at=s.received_at seconds=true/></td>
                <td>{s.key.clone()}</td>
                <td>
                    {if s.receipt.is_empty() {
                        view! { <span class="quiet">"loaded as history"</span> }.into_any()
                    } else {
                        view! { <a href=kept(query, &format!("/receipts/{}", s.receipt))>"Receipt"<span class="sr">" of " {s.observed_at.human()}</span></a> }.into_any()
                    }}
                </td>
            </tr>
        }
    };
    move || {
        page.with(|p| {
            if p.samples.is_empty() {
                return view! { <Empty title="No value was pushed in the last 100 days."/> }.into_any();
            }
            let rows = p.samples.iter().map(|s| row(s, p.metric.format(s.value))).collect_view();
            view! {
                <div class="scroll" tabindex="0" role="region" aria-label="Values as pushed">
                    <table>
                        <caption class="sr">"Values as pushed, newest first"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Observed"</th>
                                <th scope="col" class="n">"Value"</th>
                                <th scope="col">"Labels"</th>
                                <th scope="col">"Received"</th>
                                <th scope="col">"Key"</th>
                                <th scope="col">"Source"</th>
                            </tr>
                        </thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            }
            .into_any()
        })
    }
}
