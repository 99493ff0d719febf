//! `/admin/catalogue`, `/admin/policy`: the scoring policy in force, those before it, and the one that somebody prepares.

use super::OrgRef;
use crate::{
    Timestamp,
    catalogue::{Difference, Faults, MetricDefinition, ScoringPolicy, Typed},
    verdict::Standing,
};
use serde::{Deserialize, Serialize};

/// What stands above each page of the policy: which version is in force, and what the viewer prepares.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyHead {
    /// The version in force.
    pub version: u32,
    /// Whether this viewer prepares and proposes another.
    pub may_change: bool,
    /// How many lines the viewer's draft changes; `None` where he has none.
    pub drafted: Option<u32>,
}

/// The catalogue of metrics; where the viewer prepares another, as it would be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CataloguePage {
    pub head: PolicyHead,
    /// By function, and in a function as they were added.
    pub rows: Vec<CatalogueRow>,
}

/// One metric of the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogueRow {
    pub metric: MetricDefinition,
    pub state: MetricState,
}

/// What the viewer's draft does with a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MetricState {
    Same,
    Changed,
    Added,
    Retired,
}

/// One metric's form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricForm {
    pub head: PolicyHead,
    /// As it is in force; `None` for one that only the draft has, and for one that is yet to be.
    pub in_force: Option<MetricDefinition>,
    pub state: MetricState,
    /// Its key; `None` for one that is yet to be.
    pub key: Option<String>,
    /// What the fields say.
    pub typed: Typed,
    pub faults: Faults,
}

/// The policy's own numbers, and its versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyPage {
    pub head: PolicyHead,
    /// What the fields say: the draft's numbers where there is one.
    pub typed: Typed,
    pub faults: Faults,
    /// JSON that was pasted and is not sound, with what is wrong by field.
    pub pasted: Option<(String, Faults)>,
    /// The newest first.
    pub versions: Vec<VersionRow>,
}

/// A version that is or was in force.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct VersionRow {
    pub version: u32,
    pub adopted_at: Timestamp,
    /// The decision that adopted it; `None` where the hub began with it.
    pub decision: Option<i64>,
    /// What it changed from the one before; `None` for the first.
    pub lines: Option<Vec<Difference>>,
}

/// One version, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub head: PolicyHead,
    pub row: VersionRow,
    pub policy: ScoringPolicy,
}

/// What the viewer prepares, before it is proposed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DraftPage {
    pub head: PolicyHead,
    /// `None` where nothing is prepared.
    pub draft: Option<Drafted>,
    /// Whether the viewer's organisation has a vote, and so may propose.
    pub has_vote: bool,
}

/// A draft with what it would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drafted {
    pub lines: Vec<Difference>,
    pub changed_at: Timestamp,
    /// The version that it was begun on, where that is not in force any more.
    pub overtaken: Option<u32>,
    pub dry_run: DryRun,
}

/// What another policy would make of each score that the viewer sees, from the same values at the same moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DryRun {
    pub as_of: Timestamp,
    /// The collective score of those that show this viewer single values, with what is shared in totals.
    pub index: ScorePair,
    /// Those that change most first.
    pub rows: Vec<ScoreChange>,
    /// Organisations that do not show this viewer their posture.
    pub unshared: u32,
    /// Organisations that show this viewer scores and no single values: what a policy would make of them could tell the values, so it is not tried on them.
    pub scores_only: u32,
    /// Organisations that share only totals; their number stands until the week ends.
    pub totals_only: u32,
}

/// A score as it is, and as it would be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScorePair {
    pub now: Option<f64>,
    pub then: Option<f64>,
    pub standing_now: Standing,
    pub standing_then: Standing,
}

/// One organisation's score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreChange {
    pub org: OrgRef,
    pub score: ScorePair,
}
