//! What pages show, as CSV: the same rows, narrowed by the same query, cut to the same viewer. RFC 3339 UTC, formulas escaped. Each ends in
//! [`file`], or in [`whole`] where its records are read piece by piece.

mod own;

use self::own::{Own, exact};
use super::{forms::no_file, query::FileQuery};
use crate::{
    App, audit,
    auth::{SignedIn, Verified},
    csv::{csv, lines},
    views::{Looking, Viewing, events_filter, from_store, incidents_filter, indicators_filter},
};
use app::api::{Answer, Pages};
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use domain::{
    DataClass, Timestamp,
    aggregate::LEAST,
    catalogue::Domain,
    view::{EventRow, IncidentRow, IndicatorRow, Observed},
};
use futures::{StreamExt, stream};
use std::{pin::Pin, time::Instant};
use store::{Ids, StoreError, What};
use uuid::Uuid;

fn viewing(app: App, who: SignedIn) -> Viewing {
    Viewing { app, who: Some(who), waiting: None, base_url: String::new(), once: None, unclear: None }
}

/// The file, once the audit trail has who takes it; or why there is none, where the trail has whom a role refused.
pub async fn file((app, who): (App, SignedIn), name: &str, columns: &[&str], rows: Answer<Vec<Vec<String>>>) -> Response {
    let saved_as = format!("{name}.csv");
    let rows = match rows {
        Ok(rows) => audit::exported(&app, &who, &saved_as, rows.len()).await.map(|()| rows).map_err(from_store(app.clock.now())),
        refused => refused,
    };
    match rows {
        Ok(rows) => (heads(&saved_as), csv(columns, rows.into_iter())).into_response(),
        Err(refusal) => no_file(&app, &who, &saved_as, refusal).await,
    }
}

fn heads(saved_as: &str) -> [(header::HeaderName, String); 2] {
    [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{saved_as}\""))]
}

/// Rows that are being read.
type Piece = Pin<Box<dyn Future<Output = Result<Vec<Vec<String>>, StoreError>> + Send>>;

/// A file of a list, whole: which records are in it is known when it begins, and they are read piece by piece as it is taken, so that it needs no more memory
/// than their ids. Where the database fails in between, the connection breaks off, and nobody takes a part for the whole.
async fn whole(
    (app, who): (App, SignedIn),
    name: &str,
    columns: &[&str],
    ids: Answer<Ids>,
    read: impl Fn(App, Vec<Uuid>) -> Piece + Send + 'static,
) -> Response {
    let saved_as = format!("{name}.csv");
    let ids = match ids {
        Ok(ids) => audit::exported(&app, &who, &saved_as, ids.len()).await.map(|()| ids).map_err(from_store(app.clock.now())),
        refused => refused,
    };
    let ids = match ids {
        Ok(ids) => ids,
        Err(refusal) => return no_file(&app, &who, &saved_as, refusal).await,
    };
    let head = stream::iter([Ok(Bytes::from(csv(columns, std::iter::empty())))]);
    let pieces = stream::try_unfold((app, ids, read, 0), move |(app, ids, read, no)| async move {
        let piece = ids.piece(no);
        if piece.is_empty() {
            return Ok(None);
        }
        let Some(_place) = app.page_time.file(who.user.id, who.user.org).await else {
            tracing::warn!(user = who.user.id, "a file broke off: too many are read at once");
            return Err(StoreError::Busy);
        };
        let began = Instant::now();
        let rows = read(app.clone(), piece).await.inspect_err(|error| tracing::error!(%error, "a file broke off"))?;
        app.page_time.charge(who.user.id, began.elapsed(), app.clock.now());
        Ok::<_, StoreError>(Some((Bytes::from(lines(rows.into_iter())), (app, ids, read, no + 1))))
    });
    (heads(&saved_as), Body::from_stream(head.chain(pieces))).into_response()
}

fn score(value: Option<f64>) -> String {
    value.map(|v| format!("{v:.1}")).unwrap_or_default()
}

pub async fn collective(State(app): State<App>, Verified(who): Verified, FileQuery(_): FileQuery) -> Response {
    let taker = (app.clone(), who.clone());
    let page = viewing(app, who).collective().await;
    let rows = page.map(|p| {
        let more = p.critical.is_partial().to_string();
        p.incidents
            .rows
            .into_iter()
            .map(|mut row| {
                row.push(more.clone());
                row
            })
            .collect()
    });
    file(taker, "incidents-opened-and-closed", &["from", "opened", "closed", "more_possible"], rows).await
}

pub async fn organisations(State(app): State<App>, Verified(who): Verified, FileQuery(mut query): FileQuery) -> Response {
    let taker = (app.clone(), who.clone());
    let viewing = viewing(app, who);
    let mut rows = Vec::new();
    let answer = loop {
        match viewing.organisations(query.clone()).await {
            Err(refusal) => break Err(refusal),
            Ok(page) => {
                rows.extend(page.rows.into_iter().map(|r| {
                    let mut row = vec![r.org.slug, r.org.name, r.sector, score(r.score), score(r.last), format!("{:.3}", r.coverage)];
                    row.extend(r.domains.map(score));
                    row.extend([r.open_incidents.map(|n| n.to_string()).unwrap_or_default(), r.seen.map(|t| t.rfc3339()).unwrap_or_default()]);
                    row.extend([score(r.at_most), r.incidents_partial.to_string(), r.hidden]);
                    row
                }));
                if page.next.is_none() && page.hidden > 0 && query.q.is_empty() {
                    // Nothing else is known of them.
                    let mut row = vec![String::new(); 15];
                    let words = if page.hidden == 1 { "organisation does not share its" } else { "organisations do not share their" };
                    row.extend([true.to_string(), format!("{} {words} posture with you by name", page.hidden)]);
                    rows.push(row);
                }
                match page.next {
                    Some(next) => query.cursor = next,
                    None => break Ok(rows),
                }
            }
        }
    };
    let mut columns = vec!["org", "name", "sector", "score", "last_score", "coverage"];
    columns.extend(Domain::ALL.map(Domain::code));
    columns.extend(["open_incidents", "last_data_at", "score_at_most", "more_incidents_possible", "hidden"]);
    file(taker, "organisations", &columns, answer).await
}

pub async fn organisation(State(app): State<App>, Verified(who): Verified, Path(org): Path<String>, FileQuery(query): FileQuery) -> Response {
    let taker = (app.clone(), who.clone());
    let page = viewing(app, who).organisation(org.clone(), query).await;
    // An address may have a former slug; the trail names the file by the present one.
    let name = format!("{}-score", page.as_ref().map_or(&org, |p| &p.org.slug));
    let columns: Vec<String> = page.as_ref().map(|p| p.history.columns.clone()).unwrap_or_default();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    file(taker, &name, &columns, page.map(|p| p.history.rows)).await
}

pub async fn metric(State(app): State<App>, Verified(who): Verified, Path((org, metric)): Path<(String, String)>, FileQuery(query): FileQuery) -> Response {
    let taker = (app.clone(), who.clone());
    let looking = Looking::new(app, who.viewer);
    let window = query.window(looking.now);
    let Some(org) = looking.board.by_slug(&org) else { return StatusCode::NOT_FOUND.into_response() };
    let (id, name) = (org.info.id, format!("{}-{metric}", org.info.slug));
    if looking.board.metric(&metric).is_none() || !looking.board.sight(who.viewer).sees_detail(id, DataClass::Posture) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let points = looking.app.store.viewer(who.viewer).metric_series(id, &metric, window).await;
    // Pushed back, one's own value is the one that is there.
    let at = |at: Timestamp| if id == looking.viewer.org { exact(at) } else { at.rfc3339() };
    let rows = points.map(|p| p.into_iter().map(|p| vec![at(p.at), p.value.to_string(), metric.clone()]).collect());
    file(taker, &name, &["observed_at", "value", "metric"], rows.map_err(from_store(looking.now))).await
}

/// The words of a row.
fn incident(r: IncidentRow, own: Own<'_>) -> Vec<String> {
    vec![
        r.org.slug,
        r.external_id,
        r.title,
        r.severity.to_string(),
        r.status.to_string(),
        r.tlp.to_string(),
        own.class(r.class),
        own.moment(r.opened_at),
        r.closed_at.map(|at| own.moment(at)).unwrap_or_default(),
        own.moment(r.updated_at),
        own.text("description"),
        own.text("owner"),
        own.recipients(),
        own.attributes(),
    ]
}

pub async fn incidents(State(app): State<App>, Verified(who): Verified, FileQuery(query): FileQuery) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let ids = match incidents_filter(&l, &query) {
        Ok(filter) => l.reads().incident_ids(&filter).await.map_err(from_store(l.now)),
        Err(refusal) => Err(refusal),
    };
    let columns = [
        "org",
        "external_id",
        "title",
        "severity",
        "status",
        "tlp",
        "class",
        "opened_at",
        "closed_at",
        "updated_at",
        "description",
        "owner",
        "recipients",
        "attributes",
    ];
    let viewer = who.viewer;
    let read = move |app: App, ids: Vec<Uuid>| -> Piece {
        Box::pin(async move {
            let reads = app.store.viewer(viewer);
            // First the rows: newer words beside an older moment overwrite nothing.
            let (rows, said) = (reads.incidents_by(&ids).await?, reads.said(What::Incidents, &ids).await?);
            Ok(rows.into_iter().map(|row| (Own::of(&said, &row.id), row)).map(|(own, row)| incident(row, own)).collect())
        })
    };
    whole((app, who), "incidents", &columns, ids, read).await
}

fn event(r: EventRow, own: Own<'_>) -> Vec<String> {
    let (severity, tlp, observed_at) = (r.severity.to_string(), r.tlp.to_string(), own.moment(r.observed_at));
    vec![r.org.slug, r.external_id, r.title, r.kind, severity, tlp, observed_at, own.text("incident"), own.recipients(), own.attributes()]
}

pub async fn events(State(app): State<App>, Verified(who): Verified, FileQuery(query): FileQuery) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let ids = match events_filter(&l, &query) {
        Ok(filter) => l.reads().event_ids(&filter).await.map_err(from_store(l.now)),
        Err(refusal) => Err(refusal),
    };
    let columns = ["org", "external_id", "title", "kind", "severity", "tlp", "observed_at", "incident", "recipients", "attributes"];
    let viewer = who.viewer;
    let read = move |app: App, ids: Vec<Uuid>| -> Piece {
        Box::pin(async move {
            let reads = app.store.viewer(viewer);
            let (rows, said) = (reads.events_by(&ids).await?, reads.said(What::Events, &ids).await?);
            Ok(rows.into_iter().map(|row| (Own::of(&said, &row.id), row)).map(|(own, row)| event(row, own)).collect())
        })
    };
    whole((app, who), "events", &columns, ids, read).await
}

fn indicator(r: IndicatorRow, own: Own<'_>) -> Vec<String> {
    let (value, hmac, hmac_key) = match r.observed {
        Observed::Value(value) => (value, String::new(), String::new()),
        Observed::Hash(hash) => (String::new(), hash, own.hmac_key()),
    };
    let unnamed = match (r.unnamed, r.compared_from) {
        (true, _) => format!("{LEAST} or more"),
        (false, Some(day)) => format!("compared from {}", day.date()),
        (false, None) => String::new(),
    };
    vec![
        r.org.slug,
        r.kind,
        value,
        r.tlp.to_string(),
        own.moment(r.first_seen),
        own.moment(r.last_seen),
        r.reporters.to_string(),
        unnamed,
        hmac,
        r.severity.map(|severity| severity.to_string()).unwrap_or_default(),
        own.text("confidence"),
        own.until(),
        own.text("description"),
        own.recipients(),
        hmac_key,
    ]
}

pub async fn indicators(State(app): State<App>, Verified(who): Verified, FileQuery(query): FileQuery) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let filter = indicators_filter(&l, &query);
    let (week, day) = filter.as_ref().map_or((l.now, l.now), |filter| (filter.week, filter.day));
    let ids = match filter {
        Ok(filter) => l.reads().indicator_ids(&filter).await.map_err(from_store(l.now)),
        Err(refusal) => Err(refusal),
    };
    let columns = [
        "org",
        "type",
        "value",
        "tlp",
        "first_seen",
        "last_seen",
        "reporters",
        "unnamed",
        "hmac",
        "severity",
        "confidence",
        "valid_until",
        "description",
        "recipients",
        "hmac_key",
    ];
    let viewer = who.viewer;
    let read = move |app: App, ids: Vec<Uuid>| -> Piece {
        Box::pin(async move {
            let reads = app.store.viewer(viewer);
            let (rows, said) = (reads.indicators_by(&ids, week, day).await?, reads.said(What::Indicators, &ids).await?);
            Ok(rows.into_iter().map(|row| (Own::of(&said, &row.id), row)).map(|(own, row)| indicator(row, own)).collect())
        })
    };
    whole((app, who), "indicators", &columns, ids, read).await
}
