//! `/indicators` and `/indicators/:id`.

use super::{OrgRef, Reach};
use crate::{Severity, Timestamp, Tlp};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an organisation says that it saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Observed {
    /// In canonical spelling.
    Value(String),
    /// Only the keyed hash of a value that it does not tell: 64 lower-case hexadecimal digits.
    Hash(String),
}

/// For people.
impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(value) => f.write_str(value),
            Self::Hash(hash) => write!(f, "keyed hash {}…", hash.get(..8).unwrap_or_default()),
        }
    }
}

/// One organisation's report of one value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndicatorRow {
    pub id: String,
    pub org: OrgRef,
    pub kind: String,
    pub observed: Observed,
    pub tlp: Tlp,
    pub severity: Option<Severity>,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub active: bool,
    /// How many organisations reported the same thing, of those whose names this viewer may know.
    pub reporters: u32,
    /// Whether others did, at least [`LEAST`](crate::aggregate::LEAST), whose names he may not know.
    pub unnamed: bool,
    /// Of an own one that is not compared with unnamed organisations yet: from which day on it is.
    pub compared_from: Option<Timestamp>,
}

/// One indicator, with everyone who reported the same value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    pub row: IndicatorRow,
    /// The value as the organisation wrote it, where that is not its one spelling.
    pub sent: Option<String>,
    pub description: String,
    /// 0 to 100, as the organisation says.
    pub confidence: Option<u32>,
    pub valid_until: Option<Timestamp>,
    /// Networks that hold it, where it is an address or a network, and what it holds itself.
    pub networks: Vec<NetworkRow>,
    /// All reports this viewer may see, this one included, earliest first.
    pub reports: Vec<IndicatorReport>,
    pub reach: Reach,
    /// The narrowest marking on the page: of all reports.
    pub highest_tlp: Tlp,
    /// As pushed, a field a line.
    pub raw: String,
    /// What the hub made of it, in a sentence.
    pub made: String,
}

/// A report of a network that holds an indicator, or of what is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkRow {
    pub id: String,
    pub org: OrgRef,
    pub value: String,
    /// Whether it lies within the indicator; else it holds it.
    pub within: bool,
}

/// One organisation's report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IndicatorReport {
    pub id: String,
    pub org: OrgRef,
    /// Whether it tells a keyed hash only.
    pub hashed: bool,
    pub tlp: Tlp,
    pub first_seen: Timestamp,
    pub last_seen: Timestamp,
    pub receipt: String,
}
