//! `/healthz`: the process lives. `/readyz`: it can serve, which takes a database that can be read and written.

use crate::App;
use axum::{Router, extract::State, http::StatusCode, routing::get};
use std::{sync::Arc, time::Duration};
use store::StoreError;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

/// How long the database may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long an answer holds: asking writes, and anybody may ask.
const HOLDS: Duration = Duration::from_secs(1);

/// The last answer, and when it was given. Whoever asks meanwhile waits for the same.
type Last = Arc<Mutex<Option<(Instant, bool)>>>;

pub fn router() -> Router<App> {
    let last = Last::default();
    Router::new().route("/healthz", get(async || "ok\n")).route("/readyz", get(async move |State(app): State<App>| ready(&app, &last).await))
}

async fn ready(app: &App, last: &Last) -> (StatusCode, &'static str) {
    if *app.live.stopping().borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    let mut last = last.lock().await;
    let answers = match *last {
        Some((at, answers)) if at.elapsed() < HOLDS => answers,
        _ => {
            let answers = answers(app).await;
            *last = Some((Instant::now(), answers));
            answers
        }
    };
    if answers { (StatusCode::OK, "ready\n") } else { (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n") }
}

async fn answers(app: &App) -> bool {
    let asked = async {
        app.store.hub().ping().await?;
        app.store.hub().set_meta("written_at", app.clock.now().rfc3339_micros()).await
    };
    match timeout(PATIENCE, asked).await.unwrap_or(Err(StoreError::Busy)) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, "not ready");
            false
        }
    }
}
