//! What one API key may do: push, and read its own organisation's receipts.

use crate::{
    ReceiptRecord, Store, StoreError,
    db::{Scope, read},
};
use domain::{OrgId, Timestamp};
use uuid::Uuid;

/// A handle for one organisation's machines, and [`Store::partner`] is the only way to one.
///
/// ```
/// # use {domain::OrgId, store::{Partner, Store}};
/// fn partner(store: &Store, org: OrgId) -> Partner<'_> { store.partner(org) }
/// ```
/// ```compile_fail,E0451
/// # use {domain::OrgId, store::{Partner, Store}};
/// fn partner(store: &Store, org: OrgId) -> Partner<'_> { Partner { store, org } }
/// ```
/// It speaks for no other organisation:
/// ```
/// # use {domain::OrgId, store::Partner};
/// fn of<'s>(partner: Partner<'s>, other: OrgId) -> Partner<'s> { let mut same = partner; same = partner; same }
/// ```
/// ```compile_fail,E0616
/// # use {domain::OrgId, store::Partner};
/// fn of<'s>(partner: Partner<'s>, other: OrgId) -> Partner<'s> { let mut same = partner; same.org = other; same }
/// ```
/// And it reads its own pushes, not what others show to its people:
/// ```
/// # use store::{IncidentFilter, Partner, Reads};
/// async fn read(partner: Partner<'_>, reads: Reads<'_>) { reads.incidents(&IncidentFilter::default()).await.unwrap(); }
/// ```
/// ```compile_fail,E0599
/// # use store::{IncidentFilter, Partner, Reads};
/// async fn read(partner: Partner<'_>, reads: Reads<'_>) { partner.incidents(&IncidentFilter::default()).await.unwrap(); }
/// ```
#[derive(Clone, Copy)]
pub struct Partner<'s> {
    pub(crate) store: &'s Store,
    pub(crate) org: OrgId,
}

impl Partner<'_> {
    pub(crate) fn scope(&self) -> Scope {
        Scope::Partner(self.org)
    }

    /// A receipt of this organisation; `None` for absent and foreign ones alike.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn receipt(&self, id: Uuid) -> Result<Option<ReceiptRecord>, StoreError> {
        const FIND: &str = "SELECT no, received_at, total, kept, failures FROM receipts WHERE id = $1 AND org_id = $2";
        let row: Option<(i64, i64, i64, i64, String)> = read!(self, c => sqlx::query_as(FIND).bind(id).bind(self.org.0).fetch_optional(c).await)?;
        let Some((no, at, total, kept, failures)) = row else { return Ok(None) };
        let failures = serde_json::from_str(&failures).map_err(|e| StoreError::Internal(e.to_string()))?;
        Ok(Some(ReceiptRecord { no, id, received_at: Timestamp(at), total: total as u32, kept: kept as u32, failures }))
    }

    /// The newest revision of an incident of this organisation; `None` where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_revision(&self, external_id: &str) -> Result<Option<(i64, String)>, StoreError> {
        const FIND: &str = "SELECT revision, raw FROM incidents WHERE org_id = $1 AND external_id = $2";
        Ok(read!(self, c => sqlx::query_as(FIND).bind(self.org.0).bind(external_id).fetch_optional(c).await)?)
    }
}
