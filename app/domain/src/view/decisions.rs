//! `/decisions`: what the alliance decides together.

use super::{DryRun, OrgRef};
use crate::{
    Role, Timestamp,
    catalogue::Difference,
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
    /// For stewards: organisations whose only administrator has proposed to show more of them, and from when on they may do so alone.
    pub sole_widenings: Vec<(OrgRef, Timestamp)>,
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
    pub kind: DecisionKind,
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
}

/// One decision with everything about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionPage {
    pub as_of: Timestamp,
    pub row: DecisionRow,
    pub right: RightRow,
    /// Of an open decision: organisations that did not vote yet, each with the one whose vote counts for it until it does.
    pub waiting: Vec<(OrgRef, Option<OrgRef>)>,
    /// Of a scoring policy: what it changes; of the policy in force while the decision is open, of the one it was made on else.
    pub lines: Vec<Difference>,
    /// Of an open scoring policy.
    pub dry_run: Option<DryRun>,
    /// Of an open scoring policy: the version it was made on, where that is not in force any more.
    pub overtaken: Option<u32>,
    /// Of an adopted scoring policy: the version that it became.
    pub version: Option<u32>,
    /// Whether this viewer proposed it and may take it back.
    pub may_withdraw: bool,
}
