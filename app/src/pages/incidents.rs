//! `/incidents`: the triage queue.

pub mod queue;

use crate::{api::pages, components::*};
use domain::{
    IncidentStatus, Severity, Timestamp,
    query::PageQuery,
    timestamp::duration,
    view::{IncidentRow, Incidents},
};
use leptos::prelude::*;
use queue::{ActiveFilters, Keys, News, Search, is_filtered};

/// The queue of incidents. Without a status it shows the open ones.
#[component]
pub fn IncidentsPage() -> impl IntoView {
    let query = use_page_query();
    let data = async move {
        let query = query.get_untracked();
        pages().incidents(query.clone()).await.map(|page| (query, page))
    };
    let crumbs = vec![("Overview".to_owned(), "/".to_owned())];
    view! { <Page title="Incidents" crumbs=crumbs>{loaded(data, |page| view! { <List page/> })}</Page> }
}

#[component]
fn List(page: Signal<(PageQuery, Incidents)>) -> impl IntoView {
    let query = use_page_query();
    let title = Memo::new(move |_| page.with(|(query, p)| heading(query, p.total)));
    let facets = Signal::derive(move || page.with(|(_, p)| p.facets.clone()));
    // Only the unnarrowed list can tell that a critical incident is new; the reader's own filters must not raise an alarm.
    let critical = page.with_untracked(|(query, p)| {
        let whole = !is_filtered(query) && query.cursor.is_empty();
        whole.then(|| p.rows.iter().filter(|row| row.severity == Severity::Critical && row.status.is_open()).count() as u32)
    });
    let rows = move || {
        let as_of = page.with(|(_, p)| p.as_of);
        page.with(|(_, p)| p.rows.iter().map(|row| incident_row(query, row, as_of)).collect_view())
    };
    let none = Memo::new(move |_| page.with(|(_, p)| p.rows.is_empty()));
    view! {
        <Live topics="incidents:" digest=format!("Updated: {}", title.get_untracked()) critical/>
        <PageHead title=title tlp=Signal::derive(move || page.with(|(_, p)| p.highest_tlp))>
            <ActiveFilters facets path="/incidents"/>
        </PageHead>
        <div class="queue">
            <div class="card queue-rail"><h2 class="sr">"Filters"</h2><Facets facets path="/incidents"/></div>
            <section class="card queue-list" aria-label="Incidents">
                <News/>
                <Search path="/incidents" label="Search incidents" placeholder="Title, organisation or id"/>
                <Show when=move || !none.get() fallback=move || view! { <Nothing/> }>
                    <table class="queue-table incidents-table">
                        <caption class="sr">"Incidents, worst first"</caption>
                        <thead>
                            <tr>
                                <th scope="col">"Severity"</th>
                                <th scope="col">"Incident"</th>
                                <th scope="col">"Class"</th>
                                <th scope="col">"Status"</th>
                                <th scope="col">"TLP"</th>
                                <th scope="col" class="n">"Age"</th>
                            </tr>
                        </thead>
                        <tbody data-queue="">{rows}</tbody>
                    </table>
                </Show>
                <BesideRows beside=Signal::derive(move || page.with(|(_, p)| p.beside.clone())) what="incidents"/>
                <Pager next=Signal::derive(move || page.with(|(_, p)| p.next.clone())) path="/incidents"/>
                <Keys/>
            </section>
        </div>
        <PageFoot as_of=Signal::derive(move || page.with(|(_, p)| p.as_of)) csv="/csv/incidents"/>
    }
    .into_any()
}

/// The number that other pages link with, in words: `4 open critical incidents`.
fn heading(query: &PageQuery, total: u64) -> String {
    let status = match query.status.as_str() {
        "" | "open" => "open ".to_owned(),
        other => other.parse::<IncidentStatus>().map_or_else(|_| String::new(), |status| format!("{} ", status.label().to_lowercase())),
    };
    let severity = query.sev.parse::<Severity>().map_or_else(|_| String::new(), |severity| format!("{severity} "));
    plural(total, &format!("{status}{severity}incident"), &format!("{status}{severity}incidents"))
}

fn incident_row(query: Memo<PageQuery>, row: &IncidentRow, as_of: Timestamp) -> impl IntoView + use<> {
    let href = kept(query, &format!("/incidents/{}", row.id));
    let (age, words) = match row.closed_at {
        Some(closed) => (duration(closed.since(row.opened_at)), "open for "),
        None => (duration(as_of.since(row.opened_at)), ""),
    };
    view! {
        <tr data-key=row.id.clone()>
            <td class="cell-severity"><SeverityMark severity=row.severity/></td>
            <th scope="row" class="cell-title">
                <a class="row-link" data-row="" href=href>{row.title.clone()}</a>
                <small><OrgLink org=row.org.clone()/>" · "<span class="id">{row.external_id.clone()}</span></small>
            </th>
            <td class="cell-class">{row.class.clone()}</td>
            <td class="cell-status"><StatusMark status=row.status/></td>
            <td class="cell-tlp"><TlpBadge tlp=row.tlp/></td>
            <td class="n cell-age"><time datetime=row.opened_at.rfc3339() title=format!("Opened {}", row.opened_at.human())><span class="sr">{words}</span>{age}</time></td>
        </tr>
    }
}

/// An empty queue: good news, or filters that nothing passes.
#[component]
fn Nothing() -> impl IntoView {
    let query = use_page_query();
    move || {
        let q = query.get();
        let any = q.kept().with("status", "any").href("/incidents");
        if is_filtered(&q) {
            view! { <Empty title="No incident that is shared with you matches."><a href=q.kept().href("/incidents")>"Open incidents"</a>" · "<a href=any>"All incidents"</a></Empty> }
                .into_any()
        } else {
            view! { <Empty title="No open incident is shared with you."><a href=any>"Look at closed ones too"</a></Empty> }.into_any()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heading_says_what_is_counted() {
        let q = |status: &str, sev: &str| PageQuery { status: status.into(), sev: sev.into(), ..PageQuery::default() };
        assert_eq!(heading(&q("", ""), 12), "12 open incidents");
        assert_eq!(heading(&q("open", "critical"), 1), "1 open critical incident");
        assert_eq!(heading(&q("any", ""), 1_200), "1,200 incidents");
        assert_eq!(heading(&q("in_progress", "high"), 0), "0 in progress high incidents");
    }
}
