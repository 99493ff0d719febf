//! `/`: the collective page.

use super::{Chart, OrgRef, Sparkline};
use crate::{
    Freshness, Timestamp, Tlp,
    catalogue::Domain,
    decision::AlertLevel,
    verdict::{Standing, Verdict},
};
use serde::{Deserialize, Serialize};

/// The collective posture, as one viewer may see it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Collective {
    pub as_of: Timestamp,
    pub policy_version: u32,
    pub verdict: Verdict,
    /// How alert the alliance is.
    pub alert: AlertLevel,
    pub index: Index,
    pub coverage: Coverage,
    pub critical: OpenCritical,
    /// Open incidents that this viewer may count, and whether there may be more.
    pub open_incidents: u64,
    pub open_partial: bool,
    /// Worst first; at most eight.
    pub attention: Vec<Attention>,
    /// Organisations that would follow in that list.
    pub attention_more: u32,
    pub domains: Vec<DomainRow>,
    /// Worst first where there are more than `orgs.len()`, at most 24 shown.
    pub orgs: Vec<OrgCard>,
    pub orgs_total: u32,
    pub incidents: Chart,
    /// What organisations bring in that share their incidents only in totals, in a sentence; likewise of indicators.
    pub incident_totals: Option<String>,
    pub indicator_totals: Option<String>,
    pub indicators: Vec<TlpCount>,
    pub indicators_total: u64,
    /// Whether there may be more.
    pub indicators_partial: bool,
    /// Reports of indicators that more than one organisation reported, and how many different ones those are.
    pub indicators_shared: u64,
    pub indicators_shared_things: u64,
    /// The narrowest marking of anything on the page.
    pub highest_tlp: Tlp,
}

/// The collective score with its story.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Index {
    /// `None` while nobody reports.
    pub score: Option<f64>,
    /// The score with every organisation at 0 that does not share its posture with the viewer; the same where all do.
    pub floor: Option<f64>,
    pub low: f64,
    pub high: f64,
    /// Organisations that are silent, or shown no longer, hold the score below the mean of the others.
    pub held: bool,
    /// Points since 30 days ago; `None` without history.
    pub change: Option<f64>,
    /// Index and band over 90 days.
    pub history: Sparkline,
    /// The three weakest reporting organisations.
    pub weakest: Vec<(OrgRef, f64)>,
}

/// How many organisations report, by freshness. `total` is their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    pub fresh: u32,
    pub late: u32,
    pub stale: u32,
    pub silent: u32,
    pub never: u32,
    /// Do not share their posture with the viewer, so that nothing is known of them.
    pub hidden: u32,
}

impl Coverage {
    /// Fresh and late: those that count.
    #[must_use]
    pub const fn reporting(&self) -> u32 {
        self.fresh + self.late
    }

    #[must_use]
    pub const fn total(&self) -> u32 {
        self.fresh + self.late + self.stale + self.silent + self.never + self.hidden
    }

    pub fn count(&mut self, freshness: Freshness) {
        *match freshness {
            Freshness::Fresh => &mut self.fresh,
            Freshness::Late => &mut self.late,
            Freshness::Stale => &mut self.stale,
            Freshness::Silent => &mut self.silent,
            Freshness::Never => &mut self.never,
        } += 1;
    }
}

/// Open critical incidents as one viewer knows them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenCritical {
    /// Those that this viewer may count.
    pub open: u32,
    /// Those that were open when they were last shown to this viewer, and are shown no longer.
    pub withdrawn: u32,
    /// Organisations that do not show this viewer all of their incidents.
    pub not_shared: u32,
    /// Against seven days ago.
    pub change: i32,
}

impl OpenCritical {
    /// As many as are open at least.
    #[must_use]
    pub const fn least(&self) -> u32 {
        self.open + self.withdrawn
    }

    /// Whether there may be more.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.withdrawn + self.not_shared > 0
    }
}

/// One line of the needs-attention list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attention {
    pub org: OrgRef,
    pub standing: Standing,
    /// What is wrong, in a sentence.
    pub text: String,
    /// Points in 30 days.
    pub change: Option<f64>,
    /// Shown in place of the change, such as "was 70".
    pub note: String,
    /// Where its rows are.
    pub href: String,
}

/// One CSF function of the whole alliance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DomainRow {
    pub domain: Domain,
    pub score: Option<f64>,
    /// With every organisation at 0 that does not share its posture with the viewer.
    pub floor: Option<f64>,
    pub target: f64,
    /// Points in 30 days.
    pub change: Option<f64>,
    pub history: Sparkline,
    pub coverage: f64,
}

/// One organisation as a small multiple.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OrgCard {
    pub org: OrgRef,
    /// The lower end of what it can be.
    pub score: Option<f64>,
    /// The upper end, where critical incidents are not shown.
    pub at_most: Option<f64>,
    /// What it does not show, in words; empty where it shows all.
    pub hidden: String,
    /// The last known score, where there is no current one.
    pub last: Option<f64>,
    pub standing: Standing,
    pub freshness: Freshness,
    /// When it last reported.
    pub seen: Option<Timestamp>,
    pub change: Option<f64>,
    pub history: Sparkline,
}

/// Active indicators of one marking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TlpCount {
    pub tlp: Tlp,
    pub count: u64,
}
