//! `/incidents`: the triage queue.

use super::queue::{Queue, is_filtered};
use crate::{api::pages, components::*};
use domain::{
    IncidentStatus, Severity, Timestamp,
    query::PageQuery,
    timestamp::duration,
    view::{IncidentRow, Incidents},
};
use leptos::prelude::*;

/// The queue of incidents. Without a status it shows the open ones.
#[component]
pub fn IncidentsPage() -> impl IntoView {
    let query = use_page_query();
    let data = async move {
        let query = query.get_untracked();
        pages().incidents(query.clone()).await.map(|page| (query, page))
    };
    let crumbs = vec![("Overview".to_owned(), "/".to_owned())];
    view! { <Page title="Incidents" crumbs=crumbs>{loaded(data, |page| view! { <All page/> })}</Page> }
}

#[component]
fn All(page: Signal<(PageQuery, Incidents)>) -> impl IntoView {
    let query = use_page_query();
    let (asked, page) = page.get_untracked();
    let (title, as_of) = (at_least(heading(&asked, page.total), &page.beside), page.as_of);
    // Only the unnarrowed list can tell that a critical incident is new; the reader's own filters must not raise an alarm.
    let whole = !is_filtered(&asked) && asked.cursor.is_empty();
    let critical = whole.then(|| page.rows.iter().filter(|row| row.severity == Severity::Critical && row.status.is_open()).count() as u32);
    view! {
        <Queue
            page
            path="/incidents"
            title
            placeholder="Title, organisation or id"
            caption="Incidents, worst first"
            heads=&["Severity", "Incident", "Class", "Status", "TLP", "Age"]
            class="incidents-table"
            critical
            row=move |row| incident_row(query, row, as_of).into_any()
            nothing=view! { <Nothing/> }.into_any()
        />
    }
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
    let href = with_filters(query, &format!("/incidents/{}", row.id));
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
