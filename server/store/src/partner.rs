//! What one API key may do: push, and read its own organisation's receipts.

use crate::{
    ReceiptRecord, Store, StoreError,
    db::{Scope, read},
    push::record::read_left_out,
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

/// An incident as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    pub number: i64,
    /// As pushed last.
    pub raw: String,
    /// Where a snapshot left it out since, so that it is closed: when that was taken.
    pub left_out_at: Option<Timestamp>,
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
        const FIND: &str = "SELECT no, received_at, total, kept, failures, as_of, outdated_by, left_out FROM receipts WHERE id = $1 AND org_id = $2";
        type Row = (i64, i64, i64, i64, String, Option<i64>, Option<i64>, Option<String>);
        let row: Option<Row> = read!(self, c => sqlx::query_as(FIND).bind(id).bind(self.org.0).fetch_optional(c).await)?;
        let Some((no, at, total, kept, failures, as_of, outdated_by, left_out)) = row else { return Ok(None) };
        let failures = serde_json::from_str(&failures).map_err(|e| StoreError::Internal(e.to_string()))?;
        let (received_at, as_of, outdated_by) = (Timestamp(at), as_of.map(Timestamp), outdated_by.map(Timestamp));
        let left_out = read_left_out(left_out)?;
        Ok(Some(ReceiptRecord { no, id, received_at, total: total as u32, kept: kept as u32, failures, as_of, outdated_by, left_out }))
    }

    /// The payload of a push of metrics of this organisation, zstd; `None` once its retention is over.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn metrics_payload(&self, receipt: i64) -> Result<Option<Vec<u8>>, StoreError> {
        const FIND: &str = "SELECT p.body FROM payloads p JOIN receipts c ON c.org_id = p.org_id AND c.no = p.receipt_no WHERE p.receipt_no = $1 AND p.org_id = $2 AND c.what = 'metrics'";
        Ok(read!(self, c => sqlx::query_scalar(FIND).bind(receipt).bind(self.org.0).fetch_optional(c).await)?)
    }

    /// The newest revision of an incident of this organisation; `None` where there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn incident_revision(&self, external_id: &str) -> Result<Option<Revision>, StoreError> {
        const FIND: &str =
            "SELECT revision, raw, CASE WHEN stated_status IS NULL THEN NULL ELSE heard_at END FROM incidents WHERE org_id = $1 AND external_id = $2";
        let row: Option<(i64, String, Option<i64>)> = read!(self, c => sqlx::query_as(FIND).bind(self.org.0).bind(external_id).fetch_optional(c).await)?;
        Ok(row.map(|(number, raw, left_out_at)| Revision { number, raw, left_out_at: left_out_at.map(Timestamp) }))
    }
}
