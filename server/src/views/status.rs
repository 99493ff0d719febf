//! `/status`: the hub's own health, and each partner's freshness.

use super::{Looking, from_store, words};
use crate::audit;
use app::api::Answer;
use domain::{DataClass, Freshness, Level, timestamp::duration, view::*};
use std::collections::HashMap;

/// What the hub sees of itself just now.
///
/// # Errors
/// When the database cannot be read.
pub async fn status(l: &Looking) -> Answer<Status> {
    let (newest, _) = l.app.store.hub().outbox_bounds().await.map_err(from_store(l.now))?;
    // In words: how many changes, how many readers and how busy a database would tell everybody what others do.
    let follows = newest - l.board.seq < 1_000;
    let mut checks = vec![
        ("Database".to_owned(), true, "answers".to_owned()),
        ("Live view".to_owned(), follows, if follows { "up to date" } else { "catching up" }.to_owned()),
        ("Running".to_owned(), true, format!("for {}", duration(l.now.since(l.app.started_at)))),
    ];
    if let Some(trouble) = l.app.audit.trouble() {
        checks.push(("Audit trail".to_owned(), false, trouble));
    }
    let mut partners: Vec<PartnerRow> = l
        .board
        .orgs()
        .filter(|o| l.sight().level(o.info.id, DataClass::Posture) >= Level::Summary)
        .map(|o| PartnerRow {
            org: words::org_ref(o),
            freshness: l.freshness(o),
            seen: l.last_data(o),
            interval: o.info.interval,
            next: l.last_data(o).and_then(|at| Freshness::next_change(at, o.info.interval, l.now)),
        })
        .collect();
    partners.sort_by(|a, b| b.freshness.cmp(&a.freshness).then_with(|| a.org.name.cmp(&b.org.name)));
    let evidence = evidence(l).await?;
    Ok(Status {
        evidence,
        as_of: l.now,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: l.app.started_at,
        checks,
        partners,
        hidden: l.board.unnamed_to(l.viewer),
    })
}

/// The public key, and who took a checkpoint: each organisation hears of itself only, because when others' machines call is their own business.
async fn evidence(l: &Looking) -> Answer<Evidence> {
    let taken: HashMap<_, _> = l.app.store.hub().witnesses().await.map_err(from_store(l.now))?.into_iter().collect();
    let each = || l.board.orgs().map(|o| (words::org_ref(o), taken.get(&o.info.id).copied())).collect();
    Ok(Evidence {
        key: l.app.audit.public_key().map(|key| (audit::public_key(&key), audit::fingerprint(&key))),
        checkpoint: l.app.audit.newest().map(|newest| newest.at),
        own: taken.get(&l.viewer.org).copied(),
        witnesses: l.viewer.role.sees_witnesses().then(each),
    })
}
