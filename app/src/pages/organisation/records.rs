//! What lies under the score: open incidents, indicators, pushes.

use crate::components::*;
use domain::{DataClass, Level, query::PageQuery, timestamp::duration, view::Organisation};
use leptos::prelude::*;

/// Where a list shows only this organisation.
fn list(query: Memo<PageQuery>, page: Signal<Organisation>, path: &str, key: &str, value: &str) -> String {
    let mut q = query.with(PageQuery::kept);
    q.org = page.with(|p| p.org.slug.clone());
    q.set(key, value.to_owned());
    q.href(path)
}

/// The open incidents this viewer may see.
#[component]
pub fn IncidentsCard(page: Signal<Organisation>) -> impl IntoView {
    let query = use_page_query();
    let body = move || {
        page.with(|p| {
            let level = p.levels[DataClass::Incidents];
            if level < Level::Summary {
                return view! { <NotShared what="Incidents, and how many of them are open,"/> }.into_any();
            }
            if level == Level::Summary {
                let counts = p.open_by_severity.iter().map(|(severity, n)| {
                    view! { <li><a href=list(query, page, "/incidents", "sev", severity.name())><SeverityMark severity=*severity/>" "<b>{count(*n)}</b></a></li> }
                });
                let none = p.open_by_severity.is_empty().then(|| view! { <Empty title="No open incident."/> });
                return view! { <p class="not-shared"><Icon name="lock"/>"Only numbers are shared with you."</p>{none}<ul class="markings">{counts.collect_view()}</ul> }.into_any();
            }
            if p.incidents.is_empty() {
                return view! { <Empty title="No open incident is shared with you."/> }.into_any();
            }
            let rows = p.incidents.iter().map(|i| {
                let href = kept(query, &format!("/incidents/{}", i.id));
                let age = duration(p.as_of.since(i.opened_at));
                view! {
                    <li data-key=i.id.clone()>
                        <SeverityMark severity=i.severity/>
                        <a href=href>{i.title.clone()}</a>
                        <span class="facts"><StatusMark status=i.status/><span>{i.class.clone()}</span><span>"open for "{age}</span><TlpBadge tlp=i.tlp/></span>
                    </li>
                }
            });
            view! { <ul class="records">{rows.collect_view()}</ul> }.into_any()
        })
    };
    let counted = move |class: DataClass| page.with(|p| p.levels[class] >= Level::Summary);
    let more = move || {
        if counted(DataClass::Incidents) {
            page.with(|p| format!("{}{} open", if p.incidents_partial { "at least " } else { "" }, p.open_incidents))
        } else {
            String::new()
        }
    };
    let href = move || if counted(DataClass::Incidents) { list(query, page, "/incidents", "status", "open") } else { String::new() };
    let events = move || {
        let q = PageQuery { range: "30d".into(), ..query.get().kept() };
        counted(DataClass::Events).then(|| {
            let href = PageQuery { org: page.with(|p| p.org.slug.clone()), ..q }.href("/events");
            view! { <p class="card-end"><a href=href>{page.with(|p| plural(p.events, "event", "events"))}" in 30 days"</a></p> }
        })
    };
    view! { <Card title="Open incidents" href=Signal::derive(href) more=Signal::derive(more)>{body}{events}</Card> }
}

/// Active indicators by type and by marking, and pushed counts.
#[component]
pub fn IndicatorsCard(page: Signal<Organisation>) -> impl IntoView {
    let query = use_page_query();
    let body = move || {
        page.with(|p| {
            if p.levels[DataClass::Indicators] < Level::Summary {
                return view! { <NotShared what="Indicators, and how many of them are active,"/> }.into_any();
            }
            if p.indicators.is_empty() && p.counts.is_none() {
                return view! { <Empty title="No active indicator is shared with you."/> }.into_any();
            }
            let most = p.indicators.iter().map(|t| t.count).max().unwrap_or(1).max(1) as f64;
            let types = p.indicators.iter().map(|t| {
                let href = list(query, page, "/indicators", "kind", &t.kind);
                view! { <li><a href=href><span>{t.kind.clone()}</span><ShareBar share=t.count as f64 / most/><b>{count(t.count)}</b></a></li> }
            });
            let markings = p.indicators_by_tlp.iter().filter(|t| t.count > 0).map(|t| {
                let href = list(query, page, "/indicators", "tlp", t.tlp.name());
                view! { <li><a href=href><TlpBadge tlp=t.tlp/>" "{count(t.count)}</a></li> }
            });
            let types = types.collect_view();
            let markings = markings.collect_view();
            view! { <ul class="bars">{types}</ul><ul class="markings">{markings}</ul><Counts page/> }.into_any()
        })
    };
    let counted = move || page.with(|p| p.levels[DataClass::Indicators] >= Level::Summary);
    let total = move || if counted() { page.with(|p| format!("{} active", count(p.indicators.iter().map(|t| t.count).sum()))) } else { String::new() };
    let href = move || if counted() { list(query, page, "/indicators", "", "") } else { String::new() };
    view! { <Card title="Indicators" href=Signal::derive(href) more=Signal::derive(total)>{body}</Card> }
}

/// Counts that the organisation shares in place of values.
#[component]
fn Counts(page: Signal<Organisation>) -> impl IntoView {
    move || {
        page.with(|p| {
            p.counts.as_ref().map(|window| {
                let rows = window.rows.iter().map(|(kind, tlp, severity, n)| {
                    view! { <tr><th scope="row">{kind.clone()}</th><td><TlpBadge tlp=*tlp/></td><td>{severity.clone()}</td><td class="n">{count(*n)}</td></tr> }
                });
                view! {
                    <details class="data">
                        <summary>"Counts without values, " <Time at=window.from/> " to " <Time at=window.to/></summary>
                        <table>
                            <caption class="sr">"Indicator counts"</caption>
                            <thead><tr><th scope="col">"Type"</th><th scope="col">"TLP"</th><th scope="col">"Severity"</th><th scope="col" class="n">"Count"</th></tr></thead>
                            <tbody>{rows.collect_view()}</tbody>
                        </table>
                    </details>
                }
            })
        })
    }
}

/// The newest pushes with what became of them.
#[component]
pub fn PushesCard(page: Signal<Organisation>) -> impl IntoView {
    let query = use_page_query();
    let body = move || {
        page.with(|p| {
            if p.pushes.is_empty() {
                return view! { <Empty title="No push that is shared with you has come yet."><a href=kept(query, "/connect")>"How to push"</a></Empty> }.into_any();
            }
            let rows = p.pushes.iter().map(|push| {
                let href = kept(query, &format!("/receipts/{}", push.receipt));
                let outcome = match (push.kept, push.failed) {
                    (kept, 0) => format!("kept {kept}"),
                    (0, failed) => format!("refused {failed}"),
                    (kept, failed) => format!("kept {kept}, refused {failed}"),
                };
                let class = if push.failed > 0 { "st-off" } else { "" };
                view! {
                    <tr data-key=push.receipt.clone()>
                        <th scope="row"><a href=href><Time at=push.received_at seconds=true/></a></th>
                        <td>{push.what.clone()}</td>
                        <td class=class>{outcome}</td>
                        <td>{push.mode.clone()}</td>
                        <td>{push.key.clone()}</td>
                    </tr>
                }
            });
            let rows = rows.collect_view();
            view! {
                <div class="scroll" tabindex="0" role="region" aria-label="Push log">
                    <table>
                        <caption class="sr">"Push log"</caption>
                        <thead><tr><th scope="col">"Received"</th><th scope="col">"What"</th><th scope="col">"Outcome"</th><th scope="col">"Mode"</th><th scope="col">"Key"</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            }
            .into_any()
        })
    };
    view! { <Card title="Push log" href=Signal::derive(move || list(query, page, "/receipts", "", "")) more="all pushes">{body}</Card> }
}
