//! A metric's value out of its series: the unlabelled one, and labelled ones are parts of it. Where there are only parts, their mean, weighted by the label
//! `assets` if all carry it.

use super::Reading;
use crate::timestamp::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The label that says how many assets a part stands for.
pub const ASSETS: &str = "assets";

/// The last value of one series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Last<'a> {
    /// Canonical `key=value` pairs, sorted, comma-separated; empty for the whole.
    pub labels: &'a str,
    pub value: f64,
    pub at: Timestamp,
}

/// What a metric's value is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Basis {
    /// Its unlabelled series.
    Whole,
    /// The plain mean of so many parts.
    Mean(u32),
    /// The mean of so many parts by the assets that each stands for.
    Weighted(u32),
}

impl Basis {
    /// In words for people; empty where nothing needs saying.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Whole => String::new(),
            Self::Mean(1) | Self::Weighted(1) => "the only part that is reported, for there is no value of the whole".to_owned(),
            Self::Mean(n) => format!("mean of {n} parts, for there is no value of the whole"),
            Self::Weighted(n) => format!("mean of {n} parts by their assets, for there is no value of the whole"),
        }
    }
}

/// A metric's value, as young as the youngest value that counts in it; `None` without a series.
///
/// A part is what its labels but `assets` say: where only the number of assets changed, the newer value takes the older one's place.
#[must_use]
pub fn value_of<'a>(series: impl IntoIterator<Item = Last<'a>>) -> Option<(Reading, Basis)> {
    let mut parts: BTreeMap<String, (Last<'a>, Option<f64>)> = BTreeMap::new();
    for last in series {
        if last.labels.is_empty() {
            return Some((Reading { value: last.value, at: last.at }, Basis::Whole));
        }
        let (assets, others): (Vec<_>, Vec<_>) = last.labels.split(',').partition(|label| label.split_once('=').is_some_and(|(key, _)| key == ASSETS));
        let weight = assets.first().and_then(|label| label.split_once('=')?.1.parse::<f64>().ok()).filter(|n| n.is_finite() && *n > 0.0);
        let name = others.join(",");
        if parts.get(&name).is_none_or(|(there, _)| there.at <= last.at) {
            parts.insert(name, (last, weight));
        }
    }
    let n = parts.len() as u32;
    let at = parts.values().map(|(last, _)| last.at).max()?;
    let weights: Option<Vec<f64>> = parts.values().map(|(_, weight)| *weight).collect();
    let values = parts.values().map(|(last, _)| last.value);
    let (value, basis) = match weights {
        Some(weights) => (values.zip(&weights).map(|(value, weight)| value * weight).sum::<f64>() / weights.iter().sum::<f64>(), Basis::Weighted(n)),
        None => (values.sum::<f64>() / f64::from(n), Basis::Mean(n)),
    };
    Some((Reading { value, at }, basis))
}

/// The last values of all series of an organisation's metrics, as they come in the order of time.
#[derive(Clone, Debug, Default)]
pub struct SoFar(BTreeMap<usize, BTreeMap<String, (f64, Timestamp)>>);

impl SoFar {
    /// Takes a value of a metric, named by its place in the policy.
    pub fn take(&mut self, metric: usize, labels: &str, value: f64, at: Timestamp) {
        self.0.entry(metric).or_default().insert(labels.to_owned(), (value, at));
    }

    /// Forgets a series that its organisation left out.
    pub fn leave_out(&mut self, metric: usize, labels: &str) {
        self.0.entry(metric).or_default().remove(labels);
    }

    /// A metric's value by now.
    #[must_use]
    pub fn reading(&self, metric: usize) -> Option<Reading> {
        let all = self.0.get(&metric)?.iter().map(|(labels, (value, at))| Last { labels, value: *value, at: *at });
        value_of(all).map(|(reading, _)| reading)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(series: &[(&str, f64, i64)]) -> Option<(f64, i64, Basis)> {
        let all = series.iter().map(|(labels, value, at)| Last { labels, value: *value, at: Timestamp(*at) });
        value_of(all).map(|(reading, basis)| (reading.value, reading.at.0, basis))
    }

    #[test]
    fn the_unlabelled_series_is_the_value() {
        assert_eq!(value(&[("", 86.7, 1), ("unit=cold-storage", 40.0, 9)]), Some((86.7, 1, Basis::Whole)));
        assert_eq!(value(&[("unit=cold-storage", 40.0, 9), ("", 86.7, 1)]), Some((86.7, 1, Basis::Whole)));
        assert_eq!(value(&[]), None);
    }

    #[test]
    fn parts_count_by_their_assets_if_all_say_how_many() {
        assert_eq!(value(&[("site=a", 40.0, 1), ("site=b", 80.0, 2)]), Some((60.0, 2, Basis::Mean(2))));
        assert_eq!(value(&[("assets=30,site=a", 40.0, 1), ("assets=10,site=b", 80.0, 2)]), Some((50.0, 2, Basis::Weighted(2))));
        for other in ["site=b", "assets=many,site=b", "assets=0,site=b", "assets=-1,site=b"] {
            assert_eq!(value(&[("assets=30,site=a", 40.0, 1), (other, 80.0, 2)]), Some((60.0, 2, Basis::Mean(2))), "{other}");
        }
        // The same site with more assets than before is no second site.
        let grown = [("assets=30,site=a", 40.0, 1), ("assets=60,site=a", 50.0, 3), ("assets=60,site=b", 80.0, 2)];
        assert_eq!(value(&grown), Some((65.0, 3, Basis::Weighted(2))));
        assert_eq!(value(&[("assets=5", 40.0, 1)]), Some((40.0, 1, Basis::Weighted(1))));
    }

    #[test]
    fn what_came_stays_until_it_comes_again() {
        let mut so_far = SoFar::default();
        assert_eq!(so_far.reading(0), None);
        so_far.take(0, "site=a", 40.0, Timestamp(1));
        assert_eq!(so_far.reading(0).map(|r| r.value), Some(40.0));
        so_far.take(0, "", 90.0, Timestamp(2));
        so_far.take(0, "site=a", 10.0, Timestamp(3));
        assert_eq!(so_far.reading(0), Some(Reading { value: 90.0, at: Timestamp(2) }));
    }
}
