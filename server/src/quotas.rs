//! What an organisation, and a person, may take of the hub.

use crate::App;
use domain::{OrgId, view::QuotaRow};
use store::{ByteQuota, StoreError};

/// How much each organisation may take; options of `serve`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quotas {
    /// Pushes of all keys in a minute. Each hub counts for itself: it protects the hub, and a request that is refused must cost no write.
    pub pushes_per_minute: u32,
    /// Bytes of a day and in all, which all hubs of one database count together.
    pub bytes: ByteQuota,
    /// Live keys.
    pub keys: u32,
    /// Seconds that answering one person's pages and files may take in a minute, in all their sessions. Each hub counts for itself.
    pub page_seconds_per_minute: u32,
    /// Forms that one person may send in a minute, and times that they may sign in. Each hub counts for itself.
    pub changes_per_minute: u32,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { pushes_per_minute: 1_200, bytes: ByteQuota { per_day: 1 << 30, total: 20 << 30 }, keys: 20, page_seconds_per_minute: 30, changes_per_minute: 60 }
    }
}

/// What an organisation has used of each of its quotas.
///
/// # Errors
/// When the database fails.
pub async fn used(app: &App, org: OrgId) -> Result<Vec<QuotaRow>, StoreError> {
    let (now, quotas) = (app.clock.now(), app.config.quotas);
    let (day, kept) = app.store.hub().push_usage(org, now).await?;
    let keys = app.store.hub().keys(org).await?.iter().filter(|key| key.is_live(now)).count();
    let row = |name: &str, used: u64, limit: u64, bytes: bool| QuotaRow { name: name.to_owned(), used, limit, bytes };
    Ok(vec![
        row("pushes per minute", app.keys.pushed(org, now).into(), quotas.pushes_per_minute.into(), false),
        row("bytes per day", day, quotas.bytes.per_day, true),
        row("bytes in all", kept, quotas.bytes.total, true),
        row("keys", keys as u64, quotas.keys.into(), false),
    ])
}
