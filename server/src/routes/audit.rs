//! `/admin/audit.jsonl`: the audit trail as lines of JSON, newest first, narrowed by the page's own query.

use super::{forms::no_file, query::FileQuery};
use crate::{
    App, audit,
    auth::Verified,
    views::{Looking, Trail, from_store},
};
use app::api::Answer;
use axum::{
    body::{Body, Bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use domain::view::AuditLine;
use futures::{StreamExt, stream};
use std::{fmt::Write, time::Instant};
use store::audit::{AuditRow, CHUNK};

const PATH: &str = "/admin/audit.jsonl";
const SAVED_AS: &str = "audit.jsonl";

/// The rows that the viewer's role opens: all, or those of the own organisation. Like the files of lists it is read piece by piece as it is taken, however
/// long the trail is and however few of its rows are looked for, and breaks off where the database fails.
pub async fn lines(State(app): State<App>, Verified(who): Verified, FileQuery(query): FileQuery) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let begun: Answer<_> = async {
        let mut trail = Trail::of(&l, &query).await?;
        // Before the file has a row of its own, which is not in it.
        let rows = trail.read(CHUNK).await?;
        audit::exported(&app, &who, SAVED_AS, trail.ended().then_some(rows.len())).await.map_err(from_store(l.now))?;
        Ok((trail, rows))
    }
    .await;
    let (trail, rows) = match begun {
        Ok(begun) => begun,
        Err(refusal) => return no_file(&app, &who, PATH, refusal).await,
    };
    let first = stream::iter([Ok(lines_of(&l, &rows))]);
    let rest = stream::try_unfold((l, trail), move |(l, mut trail)| async move {
        if trail.ended() {
            return Ok(None);
        }
        let _place = l.app.page_time.file(who.user.id, who.user.org).await.ok_or("too many files are read at once")?;
        let began = Instant::now();
        // Why it failed is in the log.
        let rows = trail.read(CHUNK).await.map_err(|_| "the file broke off")?;
        l.app.page_time.charge(who.user.id, began.elapsed(), l.app.clock.now());
        Ok::<_, &'static str>(Some((lines_of(&l, &rows), (l, trail))))
    });
    let heads = [(header::CONTENT_TYPE, "application/x-ndjson".to_owned()), (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{SAVED_AS}\""))];
    (heads, Body::from_stream(first.chain(rest))).into_response()
}

fn lines_of(l: &Looking, rows: &[(AuditRow, AuditLine)]) -> Bytes {
    let mut text = String::new();
    for (row, _) in rows {
        let slug = |org| l.board.org(org).map(|o| o.info.slug.clone());
        let _ = writeln!(text, "{}", audit::line(row, l.viewer.role.reads_all_audit(), slug));
    }
    text.into()
}
