//! What changed, in commit order: the one source of the live view.

use super::Hub;
use crate::{StoreError, What, db::read};
use domain::{OrgId, Timestamp};

/// Stands among a change's recipients for all that belong to a sharing group together with its organisation: who they are is decided when
/// it is told, not when it is written. No organisation has this number.
pub const PEERS: OrgId = OrgId(0);

/// One change, without its content: whoever may see it fetches it.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub seq: i64,
    pub at: Timestamp,
    pub org: OrgId,
    /// The number of its receipt.
    pub no: i64,
    pub what: What,
    /// Reaches everyone; otherwise the organisation itself and `recipients`, [`PEERS`] among them.
    pub everyone: bool,
    pub recipients: Vec<OrgId>,
    /// The oldest moment it speaks of.
    pub since: Timestamp,
    /// The youngest arrival among the records it speaks of: who is shown only younger ones is not told.
    pub newest: Timestamp,
}

impl Hub<'_> {
    /// Changes after `seq`, oldest first, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes_after(&self, seq: i64, limit: i64) -> Result<Vec<Change>, StoreError> {
        const AFTER: &str = "SELECT seq, at, org_id, no, what, everyone, recipients, since, newest FROM outbox WHERE seq > $1 ORDER BY seq LIMIT $2";
        type Row = (i64, i64, i64, i64, String, bool, String, i64, i64);
        let rows: Vec<Row> = read!(self, c => sqlx::query_as(AFTER).bind(seq).bind(limit).fetch_all(c).await)?;
        rows.into_iter()
            .map(|(seq, at, org, no, what, everyone, recipients, since, newest)| {
                let bad = || StoreError::Internal(format!("outbox row {seq}"));
                let recipients: Vec<i64> = serde_json::from_str(&recipients).map_err(|_| bad())?;
                let what = What::from_name(&what).ok_or_else(bad)?;
                Ok(Change {
                    seq,
                    at: Timestamp(at),
                    org: OrgId(org),
                    no,
                    what,
                    everyone,
                    recipients: recipients.into_iter().map(OrgId).collect(),
                    since: Timestamp(since),
                    newest: Timestamp(newest),
                })
            })
            .collect()
    }

    /// The newest sequence number, and the oldest that is still there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn outbox_bounds(&self) -> Result<(i64, i64), StoreError> {
        const BOUNDS: &str = "SELECT coalesce(max(seq), 0), coalesce(min(seq), 0) FROM outbox";
        Ok(read!(self, c => sqlx::query_as(BOUNDS).fetch_one(c).await)?)
    }
}
