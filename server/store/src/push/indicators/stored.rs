//! An indicator, row by row.

use crate::push::{IndicatorItem, Push, same::Said};
use domain::{OrgId, Severity, indicator::span};
use uuid::Uuid;

/// An indicator as it is in the database, or will be.
#[derive(sqlx::FromRow)]
pub(super) struct Stored {
    pub id: Uuid,
    pub kind: String,
    pub value: String,
    pub tlp: i64,
    pub active: bool,
    pub first_seen: i64,
    pub last_seen: i64,
    pub received_at: i64,
    pub valid_until: Option<i64>,
    pub left_out_at: Option<i64>,
    pub heard_at: i64,
    pub severity: Option<i64>,
    pub confidence: Option<i64>,
    pub hashed: bool,
    pub receipt_no: i64,
    pub raw: String,
}

impl Stored {
    pub(super) fn of(item: &IndicatorItem, push: &Push, receipt: i64, id: Uuid) -> Self {
        Self {
            id,
            kind: item.kind.name().to_owned(),
            value: item.value.clone(),
            tlp: item.tlp.code(),
            active: item.valid_until.is_none_or(|until| until > push.received_at),
            first_seen: item.first_seen.0,
            last_seen: item.last_seen.0,
            received_at: push.received_at.0,
            valid_until: item.valid_until.map(|until| until.0),
            left_out_at: None,
            heard_at: push.moment().0,
            severity: item.severity.map(Severity::code),
            confidence: item.confidence.map(i64::from),
            hashed: item.hashed,
            receipt_no: receipt,
            raw: item.raw.clone(),
        }
    }

    /// Whether an item says of the value what is known of it. A hash has one spelling, and may be meant for another key.
    pub(super) fn says(&self, named: &[OrgId], item: &IndicatorItem) -> bool {
        /// Fields compared through their columns.
        const COLUMNS: [&str; 8] = ["type", "value", "tlp", "severity", "confidence", "first_seen", "last_seen", "valid_until"];
        let known = (self.tlp, self.severity, self.confidence, self.first_seen, self.last_seen, self.valid_until);
        let said = (
            item.tlp.code(),
            item.severity.map(Severity::code),
            item.confidence.map(i64::from),
            item.first_seen.0,
            item.last_seen.0,
            item.valid_until.map(|until| until.0),
        );
        let said = Said { columns: said, named: &item.recipients, raw: &item.raw };
        !self.hashed && !item.hashed && Said { columns: known, named, raw: &self.raw }.is_same(&said, &COLUMNS)
    }

    /// Where an address or a network stands among the addresses; empty for all else, and for a hash, which is of nobody knows what.
    pub(super) fn address(&self) -> String {
        let span = if self.hashed { None } else { span(&self.value) };
        span.map_or_else(String::new, |(first, _)| first)
    }
}
