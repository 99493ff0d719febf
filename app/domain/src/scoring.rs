//! The posture score: from stored inputs to a number anybody can recompute.
//!
//! * Metric: linear from `floor` (0) to `target` (100), clamped.
//! * Domain: mean of its current metric scores by weight. Organisation: mean of its domain scores by weight,
//!   capped while a critical incident is open. Collective: mean of the organisations by weight.
//! * Unknown values (missing, stale or worse) leave the mean, lower coverage and widen the band between
//!   "all unknown at 0" and "all unknown at 100".
//! * Silence never improves anything: while nothing new arrives, no score rises. Dropping a bad value from a mean would
//!   raise it (unseen assets leave Tenable's score the same way), so a score is the lowest of what the current values
//!   say and what they said before the silent ones dropped out, one after the other. Such a score is called *held*.
//! * Hiding never improves anything either. Whoever may not know whether a critical incident is open takes the capped score, the lower end of what
//!   it can be, with [`OrgScore::at_most`] as the upper end. An organisation that shows no posture is a part of the collective of which nothing is
//!   known ([`Score::hidden`]): it widens the band, lowers the coverage, and holds the mean with the last score that was shown. [`floor`] is the mean
//!   with such parts at 0, which is what the collective's standing goes by.

use crate::{
    catalogue::{Domain, MetricDefinition, ScoringPolicy},
    freshness::Freshness,
    timestamp::Timestamp,
};

pub mod explain;
pub mod series;

/// The last value of one metric of one organisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    pub value: f64,
    pub at: Timestamp,
}

/// Everything an organisation's score is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// The last reading of each metric of the policy, in its order.
    pub readings: Vec<Option<Reading>>,
    /// The organisation's expected push interval, in microseconds.
    pub interval: i64,
    /// What is known of critical incidents.
    pub critical: Critical,
}

/// What somebody knows of an organisation's open critical incidents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Critical {
    /// None is open.
    #[default]
    None,
    Open,
    /// One may be open: incidents are not shared, or one that was open is no longer shown.
    Unknown,
}

impl Critical {
    /// What is known for certain.
    #[must_use]
    pub const fn open(open: bool) -> Self {
        if open { Self::Open } else { Self::None }
    }
}

/// A score with what it leaves open. Scores are 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// `None` while nothing current is known.
    pub value: Option<f64>,
    /// The mean of what last was known; a silent part is remembered by it.
    pub last: Option<f64>,
    /// All unknown at 0.
    pub low: f64,
    /// All unknown at 100.
    pub high: f64,
    /// The share of weight that is current, 0 to 1.
    pub coverage: f64,
    /// Whether silent values hold the score below the mean of the current ones.
    pub held: bool,
}

impl Score {
    /// Nothing known, everything open.
    pub const UNKNOWN: Self = Self { value: None, last: None, low: 0.0, high: 100.0, coverage: 0.0, held: false };

    /// Of an organisation that is not shown, or no longer: `last` is the last score that was.
    #[must_use]
    pub const fn hidden(last: Option<f64>) -> Self {
        Self { last, ..Self::UNKNOWN }
    }

    /// No part of the score above `cap`.
    #[must_use]
    pub fn capped(self, cap: f64) -> Self {
        Self { high: self.high.min(cap), ..self.perhaps_capped(cap) }
    }

    /// The lower end of a score that `cap` may apply to or not: only the upper end of its band stays.
    #[must_use]
    pub fn perhaps_capped(self, cap: f64) -> Self {
        Self { value: self.value.map(|v| v.min(cap)), last: self.last.map(|v| v.min(cap)), low: self.low.min(cap), ..self }
    }

    /// This score to somebody who knows so much of critical incidents.
    #[must_use]
    pub fn under(self, critical: Critical, cap: f64) -> Self {
        match critical {
            Critical::None => self,
            Critical::Open => self.capped(cap),
            Critical::Unknown => self.perhaps_capped(cap),
        }
    }
}

/// One organisation's score with its domains, in the order of [`Domain::ALL`].
#[derive(Clone, Debug, PartialEq)]
pub struct OrgScore {
    pub total: Score,
    pub domains: [Score; 6],
    /// What the score would be without the cap of an open critical incident, where the cap took effect.
    pub uncapped: Option<f64>,
    /// Where it is not known whether a critical incident is open: the score if none is. `total` then holds the lower end. `None` where the score is
    /// exact or not known.
    pub at_most: Option<f64>,
}

/// Points of one value, 0 to 100: linear from floor to target, in either direction.
#[must_use]
pub fn metric_score(metric: &MetricDefinition, value: f64) -> f64 {
    ((value - metric.floor) / (metric.target - metric.floor) * 100.0).clamp(0.0, 100.0)
}

/// A weighted mean in the making.
#[derive(Clone, Copy, Default)]
struct Mean {
    sum: f64,
    weight: f64,
}

impl Mean {
    fn add(&mut self, score: f64, weight: f64) {
        self.sum += score * weight;
        self.weight += weight;
    }

    fn get(self) -> Option<f64> {
        (self.weight > 0.0).then(|| self.sum / self.weight)
    }
}

/// The score of one organisation under a policy, at `now`.
#[must_use]
pub fn org_score(policy: &ScoringPolicy, inputs: &Inputs, now: Timestamp) -> OrgScore {
    // Members in the order in which they fall silent: one organisation has one interval, so the oldest goes first.
    let mut members: Vec<_> =
        policy.metrics.iter().zip(&inputs.readings).filter_map(|(m, r)| r.map(|r| (r.at, m.domain.index(), m.weight, metric_score(m, r.value)))).collect();
    members.sort_by_key(|m| m.0);
    let silent = members.partition_point(|m| !Freshness::at(Some(m.0), inputs.interval, now).counts());

    let mut all = [(); 6].map(|()| Mean::default());
    for (_, domain, weight, score) in &members {
        all[*domain].add(*score, *weight);
    }
    // The lowest each mean has been while the silent ones dropped out; `kept` ends as the current members alone.
    let mut kept = all;
    let mut lowest: [Option<f64>; 6] = kept.map(Mean::get);
    let mut lowest_total = total_of(policy, &kept);
    for (i, (at, domain, weight, score)) in members.iter().enumerate().take(silent) {
        kept[*domain].add(*score, -*weight);
        if !members[i + 1..].iter().any(|m| m.1 == *domain) {
            kept[*domain] = Mean::default(); // exactly empty, whatever rounding left
        }
        if members.get(i + 1).is_some_and(|next| next.0 == *at) {
            continue; // those of one moment fall silent together
        }
        lowest[*domain] = lower(lowest[*domain], kept[*domain].get());
        for d in 0..6 {
            lowest[d] = lower(lowest[d], kept[d].get());
        }
        lowest_total = lower(lowest_total, total_of(policy, &kept));
    }

    let mut band = (Mean::default(), Mean::default(), Mean::default());
    let domains = Domain::ALL.map(|domain| {
        let d = domain.index();
        let expected: f64 = policy.of_domain(domain).map(|(_, m)| m.weight).sum();
        if expected <= 0.0 {
            return Score::UNKNOWN; // no metric in the catalogue: says nothing, opens no band
        }
        let now_mean = kept[d].get();
        let known = if now_mean.is_some() { (kept[d].weight / expected).min(1.0) } else { 0.0 };
        let low = now_mean.unwrap_or(0.0) * known;
        let high = low + 100.0 * (1.0 - known);
        let weight = policy.domain(domain).weight;
        band.0.add(low, weight);
        band.1.add(high, weight);
        band.2.add(known, weight);
        let value = now_mean.and(lowest[d]);
        Score { value, last: lowest[d], low, high, coverage: known, held: is_held(value, now_mean) }
    });
    let now_total = total_of(policy, &kept);
    let value = now_total.and(lowest_total);
    let total = Score {
        value,
        last: lowest_total,
        low: band.0.get().unwrap_or(0.0),
        high: band.1.get().unwrap_or(100.0),
        coverage: band.2.get().unwrap_or(0.0),
        held: is_held(value, now_total),
    };
    OrgScore { total, domains, uncapped: None, at_most: None }.under(inputs.critical, policy.critical_cap)
}

impl OrgScore {
    /// Of an organisation that is not shown, or no longer: the last score that was, and those of its domains.
    #[must_use]
    pub fn hidden(last: Option<f64>, domains: [Option<f64>; 6]) -> Self {
        Self { total: Score::hidden(last), domains: domains.map(Score::hidden), uncapped: None, at_most: None }
    }

    /// This score to somebody who knows so much of critical incidents.
    #[must_use]
    pub fn under(self, critical: Critical, cap: f64) -> Self {
        let value = self.total.value;
        Self {
            uncapped: value.filter(|v| critical == Critical::Open && *v > cap),
            at_most: value.filter(|_| critical == Critical::Unknown),
            total: self.total.under(critical, cap),
            domains: self.domains,
        }
    }
}

fn total_of(policy: &ScoringPolicy, domains: &[Mean; 6]) -> Option<f64> {
    let mut total = Mean::default();
    for domain in Domain::ALL {
        if let Some(score) = domains[domain.index()].get() {
            total.add(score, policy.domain(domain).weight);
        }
    }
    total.get()
}

fn lower(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, other) => one.or(other),
    }
}

fn is_held(value: Option<f64>, plain: Option<f64>) -> bool {
    matches!((value, plain), (Some(v), Some(p)) if p - v > 1e-9)
}

/// The mean of `(weight, score)` parts that fall silent in no fixed order: organisations of the collective.
///
/// The least mean over the current parts and any subset of the silent ones (taking those in ascending order while each
/// is below the mean reaches it). "All that counted before" is among the subsets, so going silent never raises it.
#[must_use]
pub fn collective<'a>(parts: impl IntoIterator<Item = (f64, &'a Score)>) -> Score {
    let (mut plain, mut low, mut high, mut coverage, mut last) = (Mean::default(), Mean::default(), Mean::default(), Mean::default(), Mean::default());
    let mut silent = Vec::new();
    for (weight, score) in parts {
        low.add(score.low, weight);
        high.add(score.high, weight);
        coverage.add(score.coverage, weight);
        match (score.value, score.last) {
            (Some(value), _) => {
                plain.add(value, weight);
                last.add(value, weight);
            }
            (None, Some(value)) => {
                silent.push((value, weight));
                last.add(value, weight);
            }
            (None, None) => {}
        }
    }
    let mut held = plain;
    silent.sort_by(|a, b| a.0.total_cmp(&b.0));
    for (score, weight) in silent {
        if held.get().is_none_or(|mean| score >= mean) {
            break;
        }
        held.add(score, weight);
    }
    Score {
        value: held.get(),
        last: last.get(),
        low: low.get().unwrap_or(0.0),
        high: high.get().unwrap_or(100.0),
        coverage: coverage.get().unwrap_or(0.0),
        held: is_held(held.get(), plain.get()),
    }
}

/// The collective score with every hidden part at 0: what is sure of it whatever is hidden. Parts are `(weight, score, hidden)`. `None` while nothing
/// current is known.
#[must_use]
pub fn floor<'a>(parts: impl IntoIterator<Item = (f64, &'a Score, bool)>) -> Option<f64> {
    const NOTHING: Score = Score { value: Some(0.0), last: Some(0.0), low: 0.0, high: 0.0, coverage: 0.0, held: false };
    let mut known = false;
    let parts: Vec<(f64, &Score)> = parts
        .into_iter()
        .map(|(weight, score, hidden)| {
            known |= !hidden && score.value.is_some();
            (weight, if hidden { &NOTHING } else { score })
        })
        .collect();
    collective(parts).value.filter(|_| known)
}

#[cfg(test)]
mod hiding_tests;
#[cfg(test)]
mod tests;
