//! The organisations that a viewer sees, each with what pages show, count and sort by.

use super::Looking;
use crate::live::board::OrgState;
use domain::{
    Freshness, Timestamp,
    scoring::{OrgScore, Score},
    verdict::Standing,
};
use std::sync::Arc;

/// One organisation as a viewer may know it now. Found out once: what the rules leave of its signs of life is not asked for again by each comparison.
pub(super) struct Seen<'l> {
    pub org: &'l Arc<OrgState>,
    pub score: OrgScore,
    /// Up to when the viewer hears of it.
    pub last_data: Option<Timestamp>,
    pub freshness: Freshness,
    pub standing: Standing,
}

impl Looking {
    /// The organisations that show the viewer their posture by name, in the order in which they joined.
    pub(super) fn seen(&self) -> impl Iterator<Item = Seen<'_>> {
        self.board.seen_by(self.viewer).map(|(org, score)| {
            let last_data = self.last_data(org);
            let freshness = Freshness::at(last_data, org.info.interval, self.now);
            let standing = org.standing(&self.board.policy, &score, freshness);
            Seen { org, score, last_data, freshness, standing }
        })
    }
}

impl Seen<'_> {
    /// The score that is shown: none of an organisation whose data is too old to count.
    pub fn counted(&self) -> Option<f64> {
        self.score.total.value.filter(|_| self.freshness.counts())
    }

    /// The same of the score's upper end, where it has one.
    pub fn at_most(&self) -> Option<f64> {
        self.score.at_most.filter(|_| self.freshness.counts())
    }

    /// Its score 30 days ago, as far as the viewer is shown it.
    pub fn month_ago(&self, l: &Looking) -> Option<Score> {
        self.org.day_for(&l.board.policy, l.sight(), l.now.day() - 30)
    }
}
