//! `/admin/audit.jsonl`: the audit trail as lines of JSON, newest first, narrowed by the page's own query.

use super::{forms::no_file, query::FileQuery};
use crate::{
    App, audit,
    auth::Verified,
    views::{Looking, Trail, from_store},
};
use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use std::fmt::Write;

const PATH: &str = "/admin/audit.jsonl";
/// Rows of one file; a longer trail is taken in narrower parts, or by `shieldwall audit list`.
const MOST: usize = 50_000;
/// Rows that are read at once.
const CHUNK: usize = 1_000;

/// The rows that the viewer's role opens: all, or those of the own organisation.
pub async fn lines(State(app): State<App>, Verified(who): Verified, FileQuery(query): FileQuery) -> Response {
    let l = Looking::new(app.clone(), who.viewer);
    let mut trail = match Trail::of(&l, &query).await {
        Ok(trail) => trail,
        Err(refusal) => return no_file(&app, &who, PATH, refusal).await,
    };
    let slug = |org| l.board.org(org).map(|o| o.info.slug.clone());
    let (mut text, mut rows) = (String::new(), 0);
    let read = async {
        loop {
            let some = trail.read(CHUNK).await?;
            rows += some.len();
            for (row, _) in &some {
                let _ = writeln!(text, "{}", audit::line(row, who.user.role.reads_all_audit(), slug));
            }
            if trail.ended() || rows >= MOST {
                return audit::exported(&app, &who, "audit.jsonl", rows).await.map_err(from_store(l.now));
            }
        }
    };
    match read.await {
        Ok(()) => {
            ([(header::CONTENT_TYPE, "application/x-ndjson"), (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\"")], text).into_response()
        }
        Err(refusal) => no_file(&app, &who, PATH, refusal).await,
    }
}
