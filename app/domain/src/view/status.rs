//! `/status` and `/about/scoring`.

use super::OrgRef;
use crate::{Freshness, Timestamp, catalogue::ScoringPolicy};
use serde::{Deserialize, Serialize};

/// The hub's own health, and each partner's freshness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    pub as_of: Timestamp,
    pub version: String,
    pub started_at: Timestamp,
    /// `(name, ok, what was seen)`
    pub checks: Vec<(String, bool, String)>,
    pub partners: Vec<PartnerRow>,
    /// Those that do not share their posture with the viewer.
    pub hidden: u32,
    pub evidence: Evidence,
}

/// What the audit trail is checked with, and by whom.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The public key that signs, in base64, and its fingerprint; none on a hub without a key.
    pub key: Option<(String, String)>,
    /// The beginning of the newest checkpoint's five minutes: RFC 3339.
    pub checkpoint: Option<String>,
    /// When the viewer's organisation last took a checkpoint.
    pub own: Option<Timestamp>,
    /// When each organisation last did, for those who answer for the trail; `None` for everybody else.
    pub witnesses: Option<Vec<(OrgRef, Option<Timestamp>)>>,
}

/// One partner's freshness.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PartnerRow {
    pub org: OrgRef,
    pub freshness: Freshness,
    pub seen: Option<Timestamp>,
    pub interval: i64,
    /// When it gets worse if nothing comes.
    pub next: Option<Timestamp>,
}

/// The policy in force, with one organisation worked through.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scoring {
    pub as_of: Timestamp,
    pub policy: ScoringPolicy,
    /// `(organisation, weight, score, last, low, high)`: what the collective score is made of.
    pub parts: Vec<ScoringPart>,
    pub score: Option<f64>,
    pub low: f64,
    pub high: f64,
    pub held: bool,
}

/// One organisation's part in the collective score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoringPart {
    pub org: OrgRef,
    pub weight: f64,
    pub score: Option<f64>,
    pub last: Option<f64>,
    pub low: f64,
    pub high: f64,
    /// What it hides, in words; empty where it shows all.
    pub note: String,
}
