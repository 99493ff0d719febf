//! `/decisions`, `/admin/policy`: what the alliance decides together.

use super::OrgRef;
use crate::{
    Role, Timestamp,
    catalogue::ScoringPolicy,
    decision::{AlertLevel, DecisionKind, Outcome, Tally},
};
use serde::{Deserialize, Serialize};

/// Decisions, open and ended, with the rights behind them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decisions {
    pub as_of: Timestamp,
    pub alert: AlertLevel,
    pub open: Vec<DecisionRow>,
    pub ended: Vec<DecisionRow>,
    pub rights: Vec<RightRow>,
    /// The other organisations, for forms.
    pub orgs: Vec<OrgRef>,
    /// Those that are suspended.
    pub suspended: Vec<OrgRef>,
}

/// Who may propose and vote on one kind, and what this viewer's organisation does about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RightRow {
    pub kind: DecisionKind,
    pub proposers: Vec<Role>,
    pub voters: Vec<Role>,
    /// Per cent.
    pub quorum: u32,
    pub days: i64,
    pub may_propose: bool,
    pub may_vote: bool,
    /// The organisation whose vote counts where the viewer's own does not vote.
    pub delegate: Option<OrgRef>,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionRow {
    pub id: i64,
    pub title: String,
    /// What it does when it is adopted.
    pub effect: String,
    pub reason: String,
    pub by: OrgRef,
    pub proposed_at: Timestamp,
    pub expires_at: Timestamp,
    pub outcome: Option<(Outcome, Timestamp)>,
    pub tally: Tally,
    pub votes: Vec<(OrgRef, bool, String)>,
    pub may_vote: bool,
    /// Of a scoring policy: what it would make of each score that the viewer sees, where that is another whole point.
    pub dry_run: Vec<ScoreChange>,
    /// Of a scoring policy: how many scores stay as they are.
    pub unchanged: u32,
}

/// A score as it is, and as another policy makes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreChange {
    pub org: OrgRef,
    pub now: Option<f64>,
    pub then: Option<f64>,
}

/// The scoring policy in force, to propose another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyPage {
    pub policy: ScoringPolicy,
    /// As JSON, to change.
    pub text: String,
    pub may_propose: bool,
}
