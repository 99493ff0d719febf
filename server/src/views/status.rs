//! `/status`: the hub's own health, and each partner's freshness.

use super::{Looking, from_store, words};
use app::api::Answer;
use domain::{DataClass, Freshness, Level, timestamp::duration, view::*};

/// What the hub sees of itself just now.
///
/// # Errors
/// When the database cannot be read.
pub async fn status(l: &Looking) -> Answer<Status> {
    let began = std::time::Instant::now();
    let (newest, _) = l.app.store.hub().outbox_bounds().await.map_err(from_store(l.now))?;
    let took = began.elapsed();
    let behind = newest - l.board.seq;
    let checks = vec![
        ("Database".to_owned(), true, format!("answered in {:.1} ms", took.as_secs_f64() * 1e3)),
        ("Live view".to_owned(), behind < 1_000, if behind <= 0 { "up to date".to_owned() } else { format!("{behind} changes behind") }),
        ("Open streams".to_owned(), true, l.app.live.streams().to_string()),
        ("Running".to_owned(), true, format!("for {}", duration(l.now.since(l.app.started_at)))),
    ];
    let mut partners: Vec<PartnerRow> = l
        .board
        .orgs()
        .filter(|o| l.sight().level(o.info.id, DataClass::Posture) >= Level::Summary)
        .map(|o| PartnerRow {
            org: words::org_ref(o),
            freshness: o.freshness,
            seen: o.info.last_data_at,
            interval: o.info.interval,
            next: o.info.last_data_at.and_then(|at| Freshness::next_change(at, o.info.interval, l.now)),
        })
        .collect();
    partners.sort_by(|a, b| b.freshness.cmp(&a.freshness).then_with(|| a.org.name.cmp(&b.org.name)));
    Ok(Status { as_of: l.now, version: env!("CARGO_PKG_VERSION").to_owned(), started_at: l.app.started_at, checks, partners })
}
