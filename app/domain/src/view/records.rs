//! `/events/:id`, `/receipts`, `/receipts/:id`: single records, never changed once written.

use super::OrgRef;
use crate::{DataClass, Severity, Timestamp, Tlp};
use serde::{Deserialize, Serialize};

/// One security event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub id: String,
    pub org: OrgRef,
    pub external_id: String,
    pub title: String,
    pub kind: String,
    pub severity: Severity,
    pub tlp: Tlp,
    pub observed_at: Timestamp,
    pub received_at: Timestamp,
    /// The incident it belongs to: id and title.
    pub incident: Option<(String, String)>,
    pub reach: Reach,
    /// The narrowest marking on the page: of the event and the incident it names.
    pub highest_tlp: Tlp,
    pub receipt: String,
    pub key: String,
    /// As pushed, a field a line.
    pub raw: String,
    /// What the hub made of it, in a sentence.
    pub made: String,
}

/// Who can see a record, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reach {
    /// In a sentence.
    pub words: String,
    /// For the record's own organisation: the others that see it now, each with the reason.
    pub seen_by: Vec<(OrgRef, String)>,
    /// Whether the viewer's organisation owns the record, so that `seen_by` is whole.
    pub own: bool,
}

/// The push log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pushes {
    pub as_of: Timestamp,
    /// `None`: of all organisations.
    pub org: Option<OrgRef>,
    pub rows: Vec<PushRow>,
    pub next: Option<String>,
}

/// One push in the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PushRow {
    pub receipt: String,
    pub org: OrgRef,
    pub received_at: Timestamp,
    /// What was pushed: `metrics`, `incidents`, `events`, `indicators`, `indicator-counts`.
    pub what: String,
    pub total: u32,
    pub kept: u32,
    pub failed: u32,
    /// A snapshot that changed nothing, because a newer one had been applied: nothing of it was kept, and nothing refused.
    pub outdated: bool,
    pub mode: String,
    pub key: String,
}

/// One receipt with what it stands for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub row: PushRow,
    pub class: DataClass,
    pub status: String,
    pub failures: Vec<ReceiptFailure>,
    /// Bytes as received, inflated.
    pub bytes: u64,
    /// SHA-256 of the payload, hexadecimal.
    pub sha256: String,
    /// For the organisation that sent it only.
    pub request: Option<SentRequest>,
    pub payload: Payload,
    /// How the hub understands what it kept, in sentences.
    pub notes: Vec<String>,
    /// The narrowest marking of what was pushed.
    pub highest_tlp: Tlp,
    /// Where what it brought can be seen; empty where nothing was kept.
    pub href: String,
}

/// How a push was sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SentRequest {
    /// Empty: none.
    pub user_agent: String,
    /// Empty: none.
    pub idempotency_key: String,
}

/// The payload, or why it is not shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Payload {
    /// As pushed; JSON a field a line. At most 256 KiB.
    Shown(String),
    /// Older than the retention of raw payloads.
    Expired,
    /// Not shared with this viewer, which is not "empty".
    NotShared,
    /// The viewer's role reads none.
    NotYourRole,
}

/// One refused item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceiptFailure {
    pub index: u32,
    /// JSON Pointer into the payload.
    pub pointer: String,
    pub code: String,
    pub detail: String,
}
